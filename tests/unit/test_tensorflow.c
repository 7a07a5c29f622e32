/* test_tensorflow.c: the parts of the SavedModel reader, one by one. Whole
 * graphs are in test_tensorflow_graph.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/layout.h"
#include "format/tensorflow/ops.h"
#include "format/tensorflow/signature.h"
#include "tests/unit/graph_text.h"

#define N(list) (sizeof(list) / sizeof *(list))

static struct clary_error err;
static struct clary_arena arena;

/* --- references */

static const char references[] = "a Add x y\n"
                                 "a/b Switch\n"
                                 "m Merge\n"
                                 "bn FusedBatchNormV3\n"
                                 "function f x arg_1\n"
                                 "n IdentityN\n"
                                 "s Switch\n"
                                 "m Merge\n"
                                 "bn FusedBatchNormV3\n"
                                 "end\n";

static void check_ref(const struct clary_body *body, const char *text, int kind,
                      size_t index, size_t output)
{
    struct clary_ref ref;
    if (!CHECK_STATUS(clary_ref_parse(body, text, &ref, &err), CLARY_OK)) {
        printf("%s\n", err.message);
        return;
    }
    if (!CHECK_INT(ref.kind, kind) || !CHECK_INT(ref.index, index) ||
        !CHECK_INT(ref.output, output))
        printf("\"%s\"\n", text);
}

TEST(references_to_nodes)
{
    static const char *const wrong[] = {
        "",      "b",     "a/",      ":0",   "^",    "^b",
        "a:",    "a:x",   "a:-1",    "a:1x", "a: 1", "a:65536",
        "a:b:c", "a:b:",  "a:b:0:0", "a::",  "x",    "a:99999999999999999999",
        "A",     "a/b/c", "a:+1"};
    const struct clary_body *f;
    struct clary_graph graph;
    struct graph_text g;
    graph_parse(&g, references);
    clary_arena_init(&arena, 1 << 20);
    CHECK_STATUS(clary_graph_new(&arena, g.metagraph->graph, &graph, &err),
                 CLARY_OK);
    check_ref(&graph.main, "a", CLARY_REF_NODE, 0, 0);
    check_ref(&graph.main, "a:0", CLARY_REF_NODE, 0, 0);
    check_ref(&graph.main, "a:17", CLARY_REF_NODE, 0, 17);
    check_ref(&graph.main, "a:65535", CLARY_REF_NODE, 0, 65535);
    check_ref(&graph.main, "a/b:1", CLARY_REF_NODE, 1, 1);
    check_ref(&graph.main, "^m", CLARY_REF_CONTROL, 2, 0);
    for (size_t i = 0; i < N(wrong); i++) {
        struct clary_ref ref;
        if (!CHECK_STATUS(clary_ref_parse(&graph.main, wrong[i], &ref, &err),
                          CLARY_BAD_MODEL))
            printf("\"%s\"\n", wrong[i]);
    }

    f = clary_graph_function(&graph, "f");
    CHECK(clary_graph_function(&graph, "g") == NULL);
    CHECK(clary_graph_function(&graph, "") == NULL);
    if (CHECK(f != NULL)) {
        check_ref(f, "x", CLARY_REF_ARGUMENT, 0, 0);
        check_ref(f, "arg_1", CLARY_REF_ARGUMENT, 1, 0);
        check_ref(f, "n:output:0", CLARY_REF_NODE, 0, 0);
        check_ref(f, "n:output:3", CLARY_REF_NODE, 0, 3);
        check_ref(f, "s:output_false:0", CLARY_REF_NODE, 1, 0);
        check_ref(f, "s:output_true:0", CLARY_REF_NODE, 1, 1);
        check_ref(f, "m:output:0", CLARY_REF_NODE, 2, 0);
        check_ref(f, "m:value_index:0", CLARY_REF_NODE, 2, 1);
        check_ref(f, "bn:y:0", CLARY_REF_NODE, 3, 0);
        check_ref(f, "bn:batch_mean:0", CLARY_REF_NODE, 3, 1);
        CHECK_STATUS(clary_ref_parse(f, "a", &(struct clary_ref){0}, &err),
                     CLARY_BAD_MODEL);
        CHECK_STR(err.message, "\"a\" names no node of the graph");
    }
    clary_arena_deinit(&arena);
    clary_arena_deinit(&g.arena);
}

TEST(names_that_are_there_twice)
{
    struct clary_graph graph;
    struct graph_text g;
    clary_arena_init(&arena, 1 << 20);
    graph_parse(&g, "a NoOp\nb NoOp\na NoOp\n");
    CHECK_STATUS(clary_graph_new(&arena, g.metagraph->graph, &graph, &err),
                 CLARY_BAD_MODEL);
    CHECK_STR(err.message, "two nodes of the graph are called \"a\"");
    clary_arena_deinit(&g.arena);
    clary_arena_deinit(&arena);
}

/* --- signatures */

TEST(order_of_tensors)
{
    static const char *const sorted[] = {
        "",       "0",        "01",       "1",         "2",
        "10",     "A",        "a",        "a01",       "a1",
        "a2",     "a2b",      "a10",      "a_1",       "args_0",
        "args_1", "args_1_0", "args_1_9", "args_1_10", "args_2",
        "in_9",   "in_10",    "kt_8",     "kt_09",     "x18446744073709551617"};
    static const size_t steps[] = {1, 2, 3, 4, 7, 11, 24};
    Clary__Tf__TensorInfoEntry entries[N(sorted)];
    Clary__Tf__TensorInfoEntry *list[N(sorted)];
    for (size_t s = 0; s < N(steps); s++) { /* none has a divisor of 25 */
        for (size_t i = 0; i < N(sorted); i++) {
            clary__tf__tensor_info_entry__init(&entries[i]);
            entries[i].key = graph_mutable(sorted[i * steps[s] % N(sorted)]);
            list[i] = &entries[i];
        }
        clary_signature_sort(list, N(sorted));
        for (size_t i = 0; i < N(sorted); i++)
            CHECK_STR(list[i]->key, sorted[i]);
    }
    clary_signature_sort(NULL, 0);
}

static void add_signature(struct graph_text *g, const char *name)
{
    Clary__Tf__SignatureEntry *entry =
        graph_message(g, &clary__tf__signature_entry__descriptor);
    entry->key = graph_string(g, name);
    entry->value = g->signature;
    GRAPH_PUSH(g, g->metagraph->signatures, g->metagraph->n_signatures, entry);
}

TEST(choice_of_the_signature)
{
    const Clary__Tf__SignatureEntry *chosen;
    struct graph_text g;
    graph_init(&g);
    add_signature(&g, "other");
    CHECK_STATUS(clary_signature_choose(g.metagraph, &chosen, &err), CLARY_OK);
    CHECK_STR(chosen->key, "serving_default");

    g.metagraph->n_signatures = 0;
    add_signature(&g, "__saved_model_init_op");
    CHECK_STATUS(clary_signature_choose(g.metagraph, &chosen, &err),
                 CLARY_BAD_MODEL);
    CHECK_STR(err.message, "saved_model.pb has no signature "
                           "\"serving_default\"; its signatures are: none");
    add_signature(&g, "predict");
    CHECK_STATUS(clary_signature_choose(g.metagraph, &chosen, &err), CLARY_OK);
    CHECK_STR(chosen->key, "predict");
    add_signature(&g, "classify");
    CHECK_STATUS(clary_signature_choose(g.metagraph, &chosen, &err),
                 CLARY_BAD_MODEL);
    CHECK_STR(err.message,
              "saved_model.pb has no signature \"serving_default\"; its "
              "signatures are: \"predict\", \"classify\"");
    for (size_t i = 0; i < 1000; i++) /* more than a message holds */
        add_signature(&g, "a signature with a long name");
    CHECK_STATUS(clary_signature_choose(g.metagraph, &chosen, &err),
                 CLARY_BAD_MODEL);
    clary_arena_deinit(&g.arena);
}

static Clary__Tf__MetaGraph *add_metagraph(struct graph_text *g,
                                           const char *tag, const char *more)
{
    Clary__Tf__MetaGraph *m =
        graph_message(g, &clary__tf__meta_graph__descriptor);
    m->meta_info = graph_message(g, &clary__tf__meta_info__descriptor);
    m->graph = graph_message(g, &clary__tf__graph__descriptor);
    GRAPH_PUSH(g, m->meta_info->tags, m->meta_info->n_tags,
               graph_string(g, tag));
    if (more != NULL)
        GRAPH_PUSH(g, m->meta_info->tags, m->meta_info->n_tags,
                   graph_string(g, more));
    GRAPH_PUSH(g, g->saved->meta_graphs, g->saved->n_meta_graphs, m);
    return m;
}

TEST(choice_of_the_metagraph)
{
    const Clary__Tf__MetaGraph *chosen, *gpu, *plain;
    struct graph_text g;
    graph_init(&g);
    g.saved->n_meta_graphs = 0;
    CHECK_STATUS(clary_metagraph_choose(g.saved, &chosen, &err),
                 CLARY_BAD_MODEL);
    CHECK_STR(err.message, "saved_model.pb has no graph tagged \"serve\"; its "
                           "tags are: none");
    add_metagraph(&g, "train", NULL)->graph = NULL;
    CHECK_STATUS(clary_metagraph_choose(g.saved, &chosen, &err),
                 CLARY_BAD_MODEL);
    CHECK_STR(err.message, "saved_model.pb has no graph tagged \"serve\"; its "
                           "tags are: \"train\"");
    gpu = add_metagraph(&g, "serve", "gpu");
    CHECK_STATUS(clary_metagraph_choose(g.saved, &chosen, &err), CLARY_OK);
    CHECK(chosen == gpu);
    plain = add_metagraph(&g, "serve", NULL);
    CHECK_STATUS(clary_metagraph_choose(g.saved, &chosen, &err), CLARY_OK);
    CHECK(chosen == plain);
    add_metagraph(&g, "serve", NULL)->graph = NULL;
    CHECK_STATUS(clary_metagraph_choose(g.saved, &chosen, &err),
                 CLARY_BAD_MODEL);
    CHECK(strstr(err.message, "is empty") != NULL);
    clary_arena_deinit(&g.arena);
}

/* --- layouts */

/* Where the model is in an artifact of these paths, as "directory name
 * version"; "none". */
static const char *layout(const char *const *paths, size_t n)
{
    static char text[200];
    struct clary_file files[8] = {{NULL, NULL, 0}};
    struct clary_artifact artifact = {
        .root = "x", .files = files, .n_files = n};
    struct clary_layout found;
    bool is_there;
    for (size_t i = 0; i < n; i++)
        files[i].path = paths[i];
    clary_arena_init(&arena, 1 << 20);
    is_there = clary_layout_find(&artifact, &arena, &found);
    CHECK(is_there == clary_layout_find(&artifact, NULL, &found));
    snprintf(text, sizeof text, "none");
    if (is_there)
        snprintf(text, sizeof text, "%s|%s|%lld", found.directory, found.name,
                 (long long)found.version);
    clary_arena_deinit(&arena);
    return text;
}

#define LAYOUT(...)                                                            \
    layout((const char *const[]){__VA_ARGS__},                                 \
           N(((const char *const[]){__VA_ARGS__})))

TEST(layouts)
{
    CHECK_STR(LAYOUT("1/saved_model.pb"), "1|model|1");
    CHECK_STR(LAYOUT("saved_model.pb"), "|model|1");
    CHECK_STR(LAYOUT("export/Servo/1/saved_model.pb",
                     "export/Servo/1/variables/variables.index"),
              "export/Servo/1|Servo|1");
    /* numerically, not bytewise */
    CHECK_STR(LAYOUT("10/saved_model.pb", "9/saved_model.pb"), "10|model|10");
    CHECK_STR(LAYOUT("m/0009/saved_model.pb", "m/08/saved_model.pb"),
              "m/0009|m|9");
    CHECK_STR(LAYOUT("1594230000/saved_model.pb"),
              "1594230000|model|1594230000");
    CHECK_STR(LAYOUT("0/saved_model.pb"), "0|model|0");
    CHECK_STR(LAYOUT("9223372036854775799/saved_model.pb"),
              "9223372036854775799|model|9223372036854775799");
    /* a directory that is no version, or one that no number holds */
    CHECK_STR(LAYOUT("wine/saved_model.pb"), "wine|wine|1");
    CHECK_STR(LAYOUT("a/wine/saved_model.pb"), "a/wine|wine|1");
    CHECK_STR(LAYOUT("1x/saved_model.pb"), "1x|1x|1");
    CHECK_STR(LAYOUT("99999999999999999999/saved_model.pb"),
              "99999999999999999999|99999999999999999999|1");
    CHECK_STR(LAYOUT("-1/saved_model.pb"), "-1|-1|1");
    /* a version directory counts more than none */
    CHECK_STR(LAYOUT("1/saved_model.pb", "saved_model.pb"), "1|model|1");
    CHECK_STR(LAYOUT("code/inference.py", "m/2/saved_model.pb"), "m/2|m|2");
    CHECK_STR(LAYOUT("1/saved_model.pb.bak", "x_saved_model.pb"), "none");
    CHECK_STR(LAYOUT("1/saved_model.pb/x"), "none");
    CHECK_STR(layout(NULL, 0), "none");
}

/* --- tensors and attributes */

static enum clary_status decode(struct graph_text *g, const char *text,
                                struct clary_tensor *tensor)
{
    Clary__Tf__Node node;
    clary__tf__node__init(&node);
    node.name = graph_string(g, "c");
    node.op = graph_string(g, "Const");
    return clary_tensor_decode(
        &arena, &node, graph_tensor(g, graph_string(g, text)), tensor, &err);
}

static void check_tensor(struct graph_text *g, const char *text, size_t n,
                         const void *elements, size_t bytes)
{
    struct clary_tensor tensor;
    size_t n_got = 0;
    if (CHECK_STATUS(decode(g, text, &tensor), CLARY_OK) &&
        CHECK(clary_shape_elements(&tensor.shape, &n_got)) &&
        CHECK_INT(n_got, n) &&
        CHECK_INT(n * clary_dtype_bytes(tensor.dtype), bytes) &&
        CHECK(memcmp(tensor.data, elements, bytes) == 0))
        return;
    printf("%s\n", text);
}

#define TENSOR(g, text, type, ...)                                             \
    check_tensor(g, text, N(((const type[]){__VA_ARGS__})),                    \
                 (const type[]){__VA_ARGS__},                                  \
                 sizeof(const type[]){__VA_ARGS__})

static void begin_tensors(struct graph_text *g)
{
    graph_init(g);
    clary_arena_init(&arena, 1 << 20);
}

static void end_tensors(struct graph_text *g)
{
    clary_arena_deinit(&g->arena);
    clary_arena_deinit(&arena);
}

TEST(constants_as_lists)
{
    struct graph_text g;
    begin_tensors(&g);
    TENSOR(&g, "f32[2,2]:1,-2,0.5,4", float, 1, -2, 0.5F, 4);
    TENSOR(&g, "f32[]:7", float, 7);
    TENSOR(&g, "f32[1,1,1]:7", float, 7);
    /* the last of a short list stands for the rest, none for zeros */
    TENSOR(&g, "f32[5]:1,2", float, 1, 2, 2, 2, 2);
    TENSOR(&g, "f64[3]:2.5", double, 2.5, 2.5, 2.5);
    TENSOR(&g, "i32[2,2]:7,8,9", int32_t, 7, 8, 9, 9);
    TENSOR(&g, "f32[3]", float, 0, 0, 0);
    TENSOR(&g, "i64[2]:-9223372036854775808", int64_t, INT64_MIN, INT64_MIN);
    TENSOR(&g, "bool[3]:1,0", bool, true, false, false);
    TENSOR(&g, "u8[2]:255,1", uint8_t, 255, 1);
    TENSOR(&g, "i8[2]:-128,127", int8_t, -128, 127);
    end_tensors(&g);
}

TEST(constants_that_are_wrong)
{
    struct clary_tensor tensor;
    struct graph_text g;
    begin_tensors(&g);
    CHECK_STATUS(decode(&g, "f32[2]:1,2,3", &tensor), CLARY_BAD_MODEL);
    CHECK_STR(err.message,
              "node \"c\": a constant of 3 values, its shape has 2");
    CHECK_STATUS(decode(&g, "f32[0]:1", &tensor), CLARY_BAD_MODEL);
    CHECK_STATUS(decode(&g, "f32[-1]:1", &tensor), CLARY_BAD_MODEL);
    CHECK_STATUS(decode(&g, "f32[2,-9223372036854775808]", &tensor),
                 CLARY_BAD_MODEL);
    CHECK_STATUS(decode(&g, "f32[1,1,1,1,1,1,1,1,1]:1", &tensor),
                 CLARY_UNSUPPORTED);
    CHECK_STATUS(decode(&g, "str[1]:a", &tensor), CLARY_UNSUPPORTED);
    CHECK_STR(err.message, "node \"c\" (Const): constants of type DT_STRING "
                           "are not supported");
    CHECK_STATUS(decode(&g, "half[1]:1", &tensor), CLARY_UNSUPPORTED);
    CHECK_STATUS(decode(&g, "bf16[1]:1", &tensor), CLARY_UNSUPPORTED);
    /* sizes that overflow, and one that is only too large */
    CHECK_STATUS(decode(&g, "f32[4294967296,4294967296]", &tensor),
                 CLARY_NO_MEMORY);
    CHECK_STATUS(decode(&g, "f64[2305843009213693952]", &tensor),
                 CLARY_NO_MEMORY);
    CHECK_STATUS(decode(&g, "f32[1000000]", &tensor), CLARY_NO_MEMORY);
    end_tensors(&g);
}

/* As raw bytes. */
static enum clary_status decode_content(struct graph_text *g, const char *shape,
                                        const void *bytes, size_t len,
                                        struct clary_tensor *tensor)
{
    Clary__Tf__Node node;
    Clary__Tf__Tensor *proto = graph_tensor(g, graph_string(g, shape));
    clary__tf__node__init(&node);
    proto->tensor_content.data = graph_copy(g, bytes, len);
    proto->tensor_content.len = len;
    node.name = node.op = graph_string(g, "c");
    return clary_tensor_decode(&arena, &node, proto, tensor, &err);
}

TEST(constants_as_bytes)
{
    static const float floats[] = {1, 2, 3};
    static const unsigned char bools[] = {0, 1, 2, 255};
    struct clary_tensor tensor;
    struct graph_text g;
    begin_tensors(&g);
    CHECK_STATUS(decode_content(&g, "f32[3]", floats, 12, &tensor), CLARY_OK);
    CHECK(memcmp(tensor.data, floats, 12) == 0);
    CHECK_STATUS(decode_content(&g, "bool[2,2]", bools, 4, &tensor), CLARY_OK);
    CHECK(memcmp(tensor.data, "\0\1\1\1", 4) == 0);
    /* bytes count more than a list beside them */
    CHECK_STATUS(decode_content(&g, "f32[3]:9", floats, 12, &tensor), CLARY_OK);
    CHECK(memcmp(tensor.data, floats, 12) == 0);
    CHECK_STATUS(decode_content(&g, "f32[3]", floats, 11, &tensor),
                 CLARY_BAD_MODEL);
    CHECK_STR(err.message,
              "node \"c\": a constant of 11 bytes, its shape needs 12");
    CHECK_STATUS(decode_content(&g, "f32[2]", floats, 12, &tensor),
                 CLARY_BAD_MODEL);
    CHECK_STATUS(decode_content(&g, "f64[3]", floats, 12, &tensor),
                 CLARY_BAD_MODEL);
    CHECK_STATUS(decode_content(&g, "f32[0]", floats, 12, &tensor),
                 CLARY_BAD_MODEL);
    end_tensors(&g);
}

TEST(attributes_and_their_defaults)
{
    const Clary__Tf__Node *node;
    enum clary_dtype dtype;
    struct graph_text g;
    graph_parse(&g, "n Op i=i:-3 b=b:1 f=f:0.25 s=s:NCHW e=s: t=t:f64 "
                    "h=t:half st=t:str none=i:0\n");
    node = g.metagraph->graph->node[0];
    CHECK_INT(clary_attribute_int(node, "i", 7), -3);
    CHECK_INT(clary_attribute_int(node, "x", 7), 7);
    CHECK_INT(clary_attribute_int(node, "none", 7), 0);
    CHECK(clary_attribute_bool(node, "b", false));
    CHECK(clary_attribute_bool(node, "x", true));
    CHECK(!clary_attribute_bool(node, "none", true));
    CHECK_NEAR(clary_attribute_float(node, "f", 1.0F), 0.25, 0);
    CHECK_NEAR(clary_attribute_float(node, "x", 1.5F), 1.5, 0);
    CHECK(clary_attribute_is(node, "s", "NCHW", "NHWC"));
    CHECK(!clary_attribute_is(node, "s", "NCH", "NHWC"));
    CHECK(!clary_attribute_is(node, "s", "NCHWx", "NHWC"));
    CHECK(clary_attribute_is(node, "x", "NHWC", "NHWC"));
    CHECK(!clary_attribute_is(node, "e", "NHWC", "NHWC"));
    CHECK_STATUS(
        clary_attribute_dtype(node, "t", CLARY_DTYPE_F32, &dtype, &err),
        CLARY_OK);
    CHECK_INT(dtype, CLARY_DTYPE_F64);
    CHECK_STATUS(
        clary_attribute_dtype(node, "x", CLARY_DTYPE_I32, &dtype, &err),
        CLARY_OK);
    CHECK_INT(dtype, CLARY_DTYPE_I32);
    CHECK_STATUS(
        clary_attribute_dtype(node, "h", CLARY_DTYPE_I32, &dtype, &err),
        CLARY_UNSUPPORTED);
    CHECK_STR(err.message, "node \"n\" (Op): type DT_HALF is not supported");
    CHECK_STATUS(
        clary_attribute_dtype(node, "st", CLARY_DTYPE_I32, &dtype, &err),
        CLARY_UNSUPPORTED);
    CHECK_STATUS(
        clary_attribute_dtype(node, "x", CLARY_DTYPE_COUNT, &dtype, &err),
        CLARY_UNSUPPORTED);
    clary_arena_deinit(&g.arena);
}

TEST(data_types)
{
    CHECK_INT(clary_datatype(1), CLARY_DTYPE_F32);
    CHECK_INT(clary_datatype(101), CLARY_DTYPE_F32); /* DT_FLOAT_REF */
    CHECK_INT(clary_datatype(9), CLARY_DTYPE_I64);
    CHECK_INT(clary_datatype(10), CLARY_DTYPE_BOOL);
    CHECK_INT(clary_datatype(7), CLARY_DTYPE_STRING);
    for (int32_t type = -200; type < 300; type++)
        CHECK(clary_datatype_name(type) != NULL &&
              clary_datatype(type) <= CLARY_DTYPE_COUNT);
    CHECK_INT(clary_datatype(INT32_MIN), CLARY_DTYPE_COUNT);
    CHECK_INT(clary_datatype(INT32_MAX), CLARY_DTYPE_COUNT);
    CHECK_STR(clary_datatype_name(0), "DT_INVALID");
    CHECK_STR(clary_datatype_name(20), "DT_RESOURCE");
    CHECK_STR(clary_datatype_name(100), "DT_INVALID");
}

/* --- the table of ops */

TEST(ops_and_hints)
{
    CHECK(clary_tf_op_find("MatMul") != NULL);
    CHECK(clary_tf_op_find("matmul") == NULL);
    CHECK(clary_tf_op_find("") == NULL);
    CHECK(strstr(clary_tf_op_hint("ParseExampleV2"),
                 "build_raw_serving_input_receiver_fn") != NULL);
    CHECK(strstr(clary_tf_op_hint("LookupTableFindV2"), "categories") != NULL);
    CHECK(strstr(clary_tf_op_hint("While"), "loop") != NULL);
    CHECK(strstr(clary_tf_op_hint("Conv2D"), "images") != NULL);
    CHECK(strstr(clary_tf_op_hint("NoSuchOp"), "README") != NULL);
}
