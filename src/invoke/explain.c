/* explain.c: contributions beside the outputs of an invocation.
 *
 * Each row is explained by itself, so the rows of a block may go to several
 * threads: in parts, each with working memory of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "invoke/explain.h"

#include <string.h>

/* A block takes about so long on one thread. */
#define BLOCK_NS 2e6

static enum clary_status refuse(const struct clary_model *model,
                                struct clary_error *err)
{
    const struct clary_field *unused;
    struct clary_error why;

    if (clary_model_contributions(model, &unused, &why) == CLARY_OK)
        return CLARY_OK;
    return clary_fail(err, CLARY_BAD_INPUT,
                      "this model cannot be explained: %s", why.message);
}

static size_t block_rows(const struct clary_explaining *explaining,
                         size_t capacity)
{
    double rows = BLOCK_NS / clary_explainer_row_ns(explaining->explainer) *
                  (double)explaining->n_parts;

    if (rows < (double)explaining->n_parts)
        rows = (double)explaining->n_parts;
    return rows < (double)capacity ? (size_t)rows : capacity;
}

static enum clary_status allocate(struct clary_explaining *explaining,
                                  size_t capacity, size_t n_outputs,
                                  struct clary_arena *arena,
                                  struct clary_error *err)
{
    const struct clary_field *field =
        clary_explainer_field(explaining->explainer);
    const size_t line = CLARY_ARENA_ALIGN;
    size_t bytes = clary_explainer_scratch_bytes(explaining->explainer);

    explaining->scratch_bytes = (bytes + line - 1) / line * line;
    explaining->fields =
        clary_arena_calloc(arena, n_outputs + 1, sizeof *explaining->fields);
    explaining->data =
        clary_arena_calloc(arena, n_outputs + 1, sizeof *explaining->data);
    explaining->scratch = clary_arena_calloc(arena, explaining->n_parts,
                                             explaining->scratch_bytes);
    if (!clary_size_mul(field->width, clary_dtype_bytes(field->dtype),
                        &bytes) ||
        !explaining->fields || !explaining->data || !explaining->scratch)
        return clary_no_memory(err);
    explaining->contributions = clary_arena_calloc(arena, capacity, bytes);
    return explaining->contributions ? CLARY_OK : clary_no_memory(err);
}

enum clary_status clary_explaining_begin(
    struct clary_explaining *explaining, const struct clary_model *model,
    const struct clary_team *team, struct clary_arena *arena,
    struct clary_rows *in, struct clary_rows *result, struct clary_error *err)
{
    const size_t n = result->n_fields;

    CLARY_TRY(refuse(model, err));
    *explaining = (struct clary_explaining){
        .explainer = clary_model_explainer(model),
        .team = team,
        .n_parts = team && team->n_threads > 1 ? team->n_threads : 1};
    in->capacity = block_rows(explaining, in->capacity);
    CLARY_TRY(allocate(explaining, in->capacity, n, arena, err));
    memcpy(explaining->fields, result->fields, n * sizeof *result->fields);
    memcpy(explaining->data, result->data, n * sizeof *result->data);
    explaining->data[n] = explaining->contributions;
    explaining->fields[n] = *clary_explainer_field(explaining->explainer);
    result->fields = explaining->fields;
    result->n_fields = n + 1;
    result->data = explaining->data;
    return CLARY_OK;
}

static void explain_part(void *argument, size_t part)
{
    const struct clary_explaining *explaining = argument;
    const struct clary_rows *in = explaining->in;
    const size_t input = clary_explainer_input(explaining->explainer);
    const struct clary_field *from = &in->fields[input];
    const struct clary_field *to = clary_explainer_field(explaining->explainer);
    const size_t first = in->n_rows * part / explaining->n_parts;
    const size_t end = in->n_rows * (part + 1) / explaining->n_parts;
    const char *x = in->data[input];
    char *contributions = explaining->contributions;

    clary_explain(
        explaining->explainer,
        x + first * from->width * clary_dtype_bytes(from->dtype), end - first,
        explaining->scratch + part * explaining->scratch_bytes,
        contributions + first * to->width * clary_dtype_bytes(to->dtype));
}

void clary_explaining_run(struct clary_explaining *explaining,
                          const struct clary_rows *in)
{
    const struct clary_team *team = explaining->team;

    explaining->in = in;
    if (explaining->n_parts > 1 && in->n_rows > 1)
        team->run(team->context, explaining->n_parts, explain_part, explaining);
    else
        for (size_t part = 0; part < explaining->n_parts; part++)
            explain_part(explaining, part);
}
