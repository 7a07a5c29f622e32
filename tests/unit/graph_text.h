/* graph_text.h: SavedModels written as text, for tests.
 *
 *     in KEY REF DTYPE DIM...        an input of the signature
 *     out KEY REF [DTYPE]            an output of it
 *     restore NODE                   the saver's restore op
 *     function NAME ARGUMENT...      nodes up to `end` are its own
 *     return NAME REF
 *     end
 *     NAME OP INPUT... KEY=VALUE...  a node
 *
 * A VALUE is i:1, b:1, f:0.5, t:f32 (a type), s:text, fn:NAME, li:1,2 and
 * lf:0.5,1 (lists), or a tensor: f32[2,2]:1,2,3,4, i64[]:5, str[2]:a,b. A list
 * of a tensor that is too short ends in its last value, as TensorFlow has it.
 * '#' begins a line that does not count.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_GRAPH_TEXT_H
#define CLARY_TESTS_GRAPH_TEXT_H

#include "format/tensorflow/graph.h"
#include "invoke/model.h"
#include "tests/test.h"

#include <clary/clary.h>

#include <stdlib.h>

struct graph_text {
    struct clary_arena arena;
    Clary__Tf__SavedModel *saved;
    Clary__Tf__MetaGraph *metagraph;
    Clary__Tf__Signature *signature;
    Clary__Tf__Function *function; /* that nodes go to; NULL: the main graph */
};

/* Puts `item` behind the `n` elements of a list. */
#define GRAPH_PUSH(g, list, n, item)                                           \
    do {                                                                       \
        (list) = graph_grow(g, list, n, sizeof *(list));                       \
        (list)[(n)++] = (item);                                                \
    } while (0)

static void *graph_room(struct graph_text *g, size_t bytes)
{
    void *room = clary_arena_calloc(&g->arena, 1, bytes);
    if (room == NULL)
        abort();
    return room;
}

static void *graph_copy(struct graph_text *g, const void *bytes, size_t len)
{
    return memcpy(graph_room(g, len), bytes, len);
}

static void *graph_message(struct graph_text *g,
                           const ProtobufCMessageDescriptor *descriptor)
{
    void *message = graph_room(g, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    return message;
}

static char *graph_string(struct graph_text *g, const char *text)
{
    return graph_copy(g, text, strlen(text) + 1);
}

/* For protobuf-c, whose messages have no const; nothing writes to it. */
__attribute__((unused)) static char *graph_mutable(const char *text)
{
    char *copy;
    memcpy(&copy, &text, sizeof copy);
    return copy;
}

/* The list with room for one more; it grows at powers of two. */
static void *graph_grow(struct graph_text *g, void *list, size_t n, size_t size)
{
    void *larger;
    if ((n & (n - 1)) != 0)
        return list;
    larger = graph_room(g, (n == 0 ? 1 : 2 * n) * size);
    if (n > 0)
        memcpy(larger, list, n * size);
    return larger;
}

/* --- values */

static const struct {
    const char *name;
    int32_t type;
} graph_types[] = {{"f32", 1},   {"f64", 2},   {"i32", 3},   {"u8", 4},
                   {"i16", 5},   {"i8", 6},    {"str", 7},   {"i64", 9},
                   {"bool", 10}, {"bf16", 14}, {"half", 19}, {"resource", 20}};

static int32_t graph_type(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof graph_types / sizeof *graph_types; i++)
        if (strlen(graph_types[i].name) == len &&
            memcmp(graph_types[i].name, name, len) == 0)
            return graph_types[i].type;
    printf("no type %.*s\n", (int)len, name);
    abort();
}

static Clary__Tf__Shape *graph_shape(struct graph_text *g)
{
    return graph_message(g, &clary__tf__shape__descriptor);
}

static void graph_add_dim(struct graph_text *g, Clary__Tf__Shape *shape,
                          int64_t size)
{
    Clary__Tf__Dimension *dim =
        graph_message(g, &clary__tf__dimension__descriptor);
    dim->size = size;
    GRAPH_PUSH(g, shape->dim, shape->n_dim, dim);
}

static void graph_add_element(struct graph_text *g, Clary__Tf__Tensor *tensor,
                              const char *text)
{
    ProtobufCBinaryData string;
    switch (tensor->dtype) {
    case 1:
        GRAPH_PUSH(g, tensor->float_val, tensor->n_float_val,
                   strtof(text, NULL));
        break;
    case 2:
        GRAPH_PUSH(g, tensor->double_val, tensor->n_double_val,
                   strtod(text, NULL));
        break;
    case 7:
        string.len = strlen(text);
        string.data = (uint8_t *)graph_string(g, text);
        GRAPH_PUSH(g, tensor->string_val, tensor->n_string_val, string);
        break;
    case 9:
        GRAPH_PUSH(g, tensor->int64_val, tensor->n_int64_val,
                   strtoll(text, NULL, 10));
        break;
    case 10:
        GRAPH_PUSH(g, tensor->bool_val, tensor->n_bool_val, *text == '1');
        break;
    default:
        GRAPH_PUSH(g, tensor->int_val, tensor->n_int_val,
                   (int32_t)strtol(text, NULL, 10));
    }
}

/* "f32[2,2]:1,2,3,4" */
static Clary__Tf__Tensor *graph_tensor(struct graph_text *g, char *text)
{
    Clary__Tf__Tensor *tensor =
        graph_message(g, &clary__tf__tensor__descriptor);
    char *open = strchr(text, '['), *close = strchr(text, ']'), *next;
    tensor->dtype = graph_type(text, (size_t)(open - text));
    tensor->shape = graph_shape(g);
    *close = '\0';
    for (char *dim = strtok_r(open + 1, ",", &next); dim != NULL;
         dim = strtok_r(NULL, ",", &next))
        graph_add_dim(g, tensor->shape, strtoll(dim, NULL, 10));
    /* an empty string is an element too */
    for (char *at = close[1] == ':' ? close + 2 : NULL; at != NULL;) {
        next = strchr(at, ',');
        if (next != NULL)
            *next++ = '\0';
        graph_add_element(g, tensor, at);
        at = next;
    }
    return tensor;
}

static Clary__Tf__ListAttribute *graph_list(struct graph_text *g, char *text,
                                            bool floats)
{
    Clary__Tf__ListAttribute *list =
        graph_message(g, &clary__tf__list_attribute__descriptor);
    char *next;
    for (char *at = strtok_r(text, ",", &next); at != NULL;
         at = strtok_r(NULL, ",", &next)) {
        if (floats)
            GRAPH_PUSH(g, list->f, list->n_f, strtof(at, NULL));
        else
            GRAPH_PUSH(g, list->i, list->n_i, strtoll(at, NULL, 10));
    }
    return list;
}

/* "KEY=VALUE" */
static Clary__Tf__AttributeEntry *graph_attribute(struct graph_text *g,
                                                  char *text)
{
    Clary__Tf__AttributeEntry *entry =
        graph_message(g, &clary__tf__attribute_entry__descriptor);
    Clary__Tf__Attribute *value =
        graph_message(g, &clary__tf__attribute__descriptor);
    char *form = strchr(text, '='), *rest;
    *form++ = '\0';
    rest = strchr(form, ':') == NULL ? form : strchr(form, ':') + 1;
    entry->key = text;
    entry->value = value;
    if (strchr(form, '[') != NULL) {
        value->tensor = graph_tensor(g, form);
    } else if (strncmp(form, "i:", 2) == 0) {
        value->i = strtoll(rest, NULL, 10);
    } else if (strncmp(form, "b:", 2) == 0) {
        value->b = *rest == '1';
    } else if (strncmp(form, "f:", 2) == 0) {
        value->f = strtof(rest, NULL);
    } else if (strncmp(form, "t:", 2) == 0) {
        value->type = graph_type(rest, strlen(rest));
    } else if (strncmp(form, "s:", 2) == 0) {
        value->s.len = strlen(rest);
        value->s.data = (uint8_t *)rest;
    } else if (strncmp(form, "fn:", 3) == 0) {
        value->func = graph_message(g, &clary__tf__function_name__descriptor);
        value->func->name = rest;
    } else {
        value->list = graph_list(g, rest, form[1] == 'f');
    }
    return entry;
}

/* --- lines */

static char *graph_word(char **next)
{
    char *word = strtok_r(NULL, " ", next);
    if (word == NULL) {
        printf("a line of the graph is too short\n");
        abort();
    }
    return word;
}

static void graph_add_node(struct graph_text *g, char *name, char **next)
{
    Clary__Tf__Graph *graph = g->metagraph->graph;
    Clary__Tf__Node *node = graph_message(g, &clary__tf__node__descriptor);
    char *word;
    node->name = name;
    node->op = graph_word(next);
    while ((word = strtok_r(NULL, " ", next)) != NULL) {
        if (strchr(word, '=') != NULL)
            GRAPH_PUSH(g, node->attribute, node->n_attribute,
                       graph_attribute(g, word));
        else
            GRAPH_PUSH(g, node->input, node->n_input, word);
    }
    if (g->function != NULL)
        GRAPH_PUSH(g, g->function->node, g->function->n_node, node);
    else
        GRAPH_PUSH(g, graph->node, graph->n_node, node);
}

static void graph_begin_function(struct graph_text *g, char **next)
{
    Clary__Tf__FunctionLibrary *library = g->metagraph->graph->library;
    Clary__Tf__FunctionSignature *signature =
        graph_message(g, &clary__tf__function_signature__descriptor);
    char *word;
    g->function = graph_message(g, &clary__tf__function__descriptor);
    g->function->signature = signature;
    signature->name = graph_word(next);
    while ((word = strtok_r(NULL, " ", next)) != NULL) {
        Clary__Tf__Argument *argument =
            graph_message(g, &clary__tf__argument__descriptor);
        argument->name = word;
        GRAPH_PUSH(g, signature->input_arg, signature->n_input_arg, argument);
    }
    GRAPH_PUSH(g, library->function, library->n_function, g->function);
}

static void graph_add_return(struct graph_text *g, char **next)
{
    Clary__Tf__FunctionSignature *signature = g->function->signature;
    Clary__Tf__StringEntry *entry =
        graph_message(g, &clary__tf__string_entry__descriptor);
    Clary__Tf__Argument *argument =
        graph_message(g, &clary__tf__argument__descriptor);
    argument->name = entry->key = graph_word(next);
    entry->value = graph_word(next);
    GRAPH_PUSH(g, signature->output_arg, signature->n_output_arg, argument);
    GRAPH_PUSH(g, g->function->ret, g->function->n_ret, entry);
}

static void graph_add_info(struct graph_text *g, bool is_input, char **next)
{
    Clary__Tf__TensorInfoEntry *entry =
        graph_message(g, &clary__tf__tensor_info_entry__descriptor);
    Clary__Tf__TensorInfo *info =
        graph_message(g, &clary__tf__tensor_info__descriptor);
    char *word;
    entry->key = graph_word(next);
    entry->value = info;
    info->name = graph_word(next);
    if (strcmp(info->name, "-") == 0)
        info->name = graph_string(g, "");
    word = strtok_r(NULL, " ", next);
    info->dtype = word == NULL ? 1 : graph_type(word, strlen(word));
    info->shape = graph_shape(g);
    while ((word = strtok_r(NULL, " ", next)) != NULL)
        graph_add_dim(g, info->shape, strtoll(word, NULL, 10));
    if (is_input)
        GRAPH_PUSH(g, g->signature->inputs, g->signature->n_inputs, entry);
    else
        GRAPH_PUSH(g, g->signature->outputs, g->signature->n_outputs, entry);
}

static void graph_add_line(struct graph_text *g, char *line)
{
    char *next, *word = strtok_r(line, " ", &next);
    if (word == NULL || *word == '#')
        return;
    if (strcmp(word, "in") == 0 || strcmp(word, "out") == 0)
        graph_add_info(g, *word == 'i', &next);
    else if (strcmp(word, "restore") == 0)
        g->metagraph->saver->restore_op_name = graph_word(&next);
    else if (strcmp(word, "function") == 0)
        graph_begin_function(g, &next);
    else if (strcmp(word, "return") == 0)
        graph_add_return(g, &next);
    else if (strcmp(word, "end") == 0)
        g->function = NULL;
    else
        graph_add_node(g, word, &next);
}

/* --- models */

/* An empty model: tagged "serve", with a signature of no tensors. */
static void graph_init(struct graph_text *g)
{
    Clary__Tf__MetaGraph *m;
    Clary__Tf__SignatureEntry *entry;
    memset(g, 0, sizeof *g);
    clary_arena_init(&g->arena, (size_t)1 << 30);
    g->saved = graph_message(g, &clary__tf__saved_model__descriptor);
    g->metagraph = m = graph_message(g, &clary__tf__meta_graph__descriptor);
    g->signature = graph_message(g, &clary__tf__signature__descriptor);
    entry = graph_message(g, &clary__tf__signature_entry__descriptor);
    GRAPH_PUSH(g, g->saved->meta_graphs, g->saved->n_meta_graphs, m);
    m->meta_info = graph_message(g, &clary__tf__meta_info__descriptor);
    m->meta_info->tensorflow_version = graph_string(g, "2.18.1");
    GRAPH_PUSH(g, m->meta_info->tags, m->meta_info->n_tags,
               graph_string(g, "serve"));
    m->saver = graph_message(g, &clary__tf__saver__descriptor);
    m->graph = graph_message(g, &clary__tf__graph__descriptor);
    m->graph->library =
        graph_message(g, &clary__tf__function_library__descriptor);
    entry->key = graph_string(g, "serving_default");
    entry->value = g->signature;
    GRAPH_PUSH(g, m->signatures, m->n_signatures, entry);
}

static void graph_parse(struct graph_text *g, const char *text)
{
    char *next, *copy;
    graph_init(g);
    copy = graph_string(g, text);
    for (char *line = strtok_r(copy, "\n", &next); line != NULL;
         line = strtok_r(NULL, "\n", &next))
        graph_add_line(g, line);
}

/* --- running */

enum { GRAPH_TEXT_BYTES = 4096, GRAPH_MAX_FILES = 8 };

/* What the model that `g` holds answers to `body`, as CSV; or, when it is not
 * loaded or the body is refused, "status: message". `others` are the files
 * beside saved_model.pb (NULL: none). The text is the next call's. */
__attribute__((unused)) static const char *graph_answer(
    const struct graph_text *g, const struct clary_artifact *others,
    const char *body)
{
    static char text[GRAPH_TEXT_BYTES];
    static const struct clary_request request = {"text/csv", "text/csv"};
    size_t len = protobuf_c_message_get_packed_size(&g->saved->base);
    uint8_t *packed = malloc(len);
    struct clary_file files[GRAPH_MAX_FILES] = {
        {"1/saved_model.pb", packed, len}};
    struct clary_artifact artifact = {
        .root = "model", .files = files, .n_files = 1};
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_model *model = NULL;
    struct clary_reply reply = {.len = 0};
    struct clary_error err;
    enum clary_status status = clary_init(1, &err);
    protobuf_c_message_pack(&g->saved->base, packed);
    for (size_t i = 0; others != NULL && i < others->n_files; i++)
        if (strstr(others->files[i].path, "variables/") != NULL)
            files[artifact.n_files++] = others->files[i];
    if (status == CLARY_OK)
        status = clary_model_load_artifact(&artifact, NULL, &model, &err);
    if (status == CLARY_OK)
        status = clary_invoke(invoke, model, &request, body, strlen(body),
                              &reply, &err);
    if (status == CLARY_OK)
        snprintf(text, sizeof text, "%.*s", (int)reply.len, reply.body);
    else
        snprintf(text, sizeof text, "%s: %s", clary_status_name(status),
                 err.message);
    clary_invoke_free(invoke);
    clary_model_free(model);
    free(packed);
    return text;
}

/* The same for a graph that is given as text. */
__attribute__((unused)) static const char *graph_run_with(
    const char *lines, const struct clary_artifact *others, const char *body)
{
    struct graph_text g;
    const char *answer;
    graph_parse(&g, lines);
    answer = graph_answer(&g, others, body);
    clary_arena_deinit(&g.arena);
    return answer;
}

__attribute__((unused)) static const char *graph_run(const char *lines,
                                                     const char *body)
{
    return graph_run_with(lines, NULL, body);
}

#endif
