/* op_forest.c: the margins of decision trees.
 *
 *   forest   (1, n_features) a row -> (1, n_groups) a row, F32 or F64; what it
 *            computes and in which order is stated in forest.h
 *
 * Added by clary_forest_add only, with struct forest_params. Tests:
 * tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"
#include "program/ops.h"
#include "program/program_impl.h"

#include <stdio.h>

/* Checks the forest and lays it out. */
static enum clary_status make_params(struct clary_arena *arena,
                                     const char *name,
                                     const struct clary_forest *forest,
                                     struct forest_params *params,
                                     struct clary_error *err)
{
    struct clary_arena scratch;
    enum clary_status status;

    clary_arena_init(&scratch, arena->limit_bytes);
    status = clary_forest_check(&scratch, name, forest, &params->facts, err);
    clary_arena_reset(&scratch);
    if (status == CLARY_OK)
        status = clary_forest_layout_new(arena, &scratch, forest,
                                         &params->facts, &params->layout, err);
    clary_arena_deinit(&scratch);
    params->forest = *forest;
    return status;
}

static enum clary_status forest_shape(const struct clary_op *op,
                                      const struct clary_value *const *in,
                                      struct clary_value *out,
                                      struct clary_error *err)
{
    const struct forest_params *params = op->params;
    const struct clary_forest *forest = &params->forest;
    struct clary_shape shape = in[0]->shape;
    char text[128];

    CLARY_TRY(clary_op_check_dtype(
        op, in[0], 0, CLARY_DTYPE_BIT((unsigned)forest->dtype), err));
    if (!in[0]->per_row || shape.rank != 2 || shape.dim[0] != 1 ||
        (uint64_t)shape.dim[1] != forest->n_features)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "trees over %zu features read a tensor of shape "
                             "%s",
                             forest->n_features,
                             clary_shape_print(&shape, text, sizeof text));
    shape.dim[1] = (int64_t)forest->n_groups;
    return clary_op_output(op, out, forest->dtype, true, &shape, err);
}

/* --- a block of rows ------------------------------------------------------ */

/* One block, and the op's working memory. */
struct block {
    const struct forest_params *params;
    const char *x; /* rows of row_bytes each */
    size_t row_bytes;
    char *sums; /* rows of sum_bytes each */
    size_t sum_bytes;
    size_t rows;
    uint16_t *walk; /* ranks */
    int8_t *blend;
    uint8_t *slots, *labels;
};

static size_t at_most_lanes(size_t n)
{
    return n < WALK_LANES ? n : WALK_LANES;
}

/* A few rows: eight trees at a time, row by row. */
static void walk_trees(const struct block *block)
{
    const struct forest_layout *layout = &block->params->layout;

    for (size_t t = 0; t < layout->n_trees; t += WALK_LANES) {
        const size_t n = at_most_lanes(layout->n_trees - t);

        for (size_t r = 0; r < block->rows; r++) {
            uint32_t at[WALK_LANES];

            clary_forest_walk_trees(layout, t / WALK_LANES,
                                    block->walk + r * layout->ranks.walk.n, at);
            clary_forest_sums_add_trees(block->params, t, n, at,
                                        block->x + r * block->row_bytes,
                                        block->sums + r * block->sum_bytes);
        }
    }
}

/* Many rows: eight rows at a time down tree t. */
static void walk_rows(const struct block *block, size_t t)
{
    const struct forest_layout *layout = &block->params->layout;

    for (size_t r = 0; r < block->rows; r += WALK_LANES) {
        const size_t n = at_most_lanes(block->rows - r);
        uint32_t at[WALK_LANES];

        clary_forest_walk_rows(layout, t,
                               block->walk + r * layout->ranks.walk.n, n, at);
        clary_forest_sums_add_rows(block->params, t, n, at,
                                   block->x + r * block->row_bytes,
                                   block->sums + r * block->sum_bytes);
    }
}

/* Blends up to four trees of one group from tree t on; returns how many. */
static size_t blend_trees(const struct block *block, size_t t)
{
    const struct forest_layout *layout = &block->params->layout;
    const size_t group = layout->trees[t].group;
    struct forest_labels labels = {.labels = block->labels};

    while (labels.n < FOREST_TOGETHER && t + labels.n < layout->n_trees) {
        const struct forest_tree *tree = &layout->trees[t + labels.n];

        if (!tree->blend.nodes || tree->group != group)
            break;
        clary_kernels()->blend(&tree->blend, block->blend, block->rows,
                               block->slots,
                               block->labels + labels.n * CLARY_BLEND_ROWS);
        labels.values[labels.n++] = tree->blend_values;
    }
    clary_forest_sums_add_labels(&block->params->forest, &labels, group,
                                 block->rows, block->sums);
    return labels.n;
}

static void run_block(const struct block *block)
{
    const struct forest_layout *layout = &block->params->layout;
    const bool is_blended = block->rows >= layout->blend_rows &&
                            clary_kernels() != clary_kernels_runnable()[0];

    if (!is_blended || layout->is_walked)
        clary_forest_rank_walk(&layout->ranks, block->x, block->rows,
                               block->walk);
    if (is_blended)
        clary_forest_rank_blend(&layout->ranks, block->x, block->rows,
                                block->blend);
    clary_forest_sums_begin(&block->params->forest, block->rows, block->sums);
    if (!is_blended && block->rows < WALK_LANES)
        walk_trees(block);
    else
        for (size_t t = 0; t < layout->n_trees;)
            if (is_blended && layout->trees[t].blend.nodes)
                t += blend_trees(block, t);
            else
                walk_rows(block, t++);
    clary_forest_sums_finish(&block->params->forest, block->rows, block->sums);
}

/* Where the parts of the working memory begin; the slots are its first. */
struct parts {
    size_t labels, blend, walk, bytes;
};

/* Cannot overflow: there are at most 65536 columns of each kind. */
static struct parts parts_of(const struct forest_layout *layout)
{
    const size_t line = CLARY_ARENA_ALIGN;
    struct parts parts;

    parts.labels = (CLARY_BLEND_BYTES + line - 1) / line * line;
    parts.blend = parts.labels + FOREST_TOGETHER * CLARY_BLEND_ROWS;
    parts.walk = parts.blend + layout->ranks.blend.n * CLARY_BLEND_ROWS;
    parts.bytes =
        parts.walk + layout->ranks.walk.n * CLARY_BLEND_ROWS * sizeof(uint16_t);
    return parts;
}

static enum clary_status forest_run(const struct clary_op *op,
                                    const struct clary_tensor *const *in,
                                    struct clary_tensor *const *out,
                                    void *scratch, struct clary_error *err)
{
    const struct forest_params *params = op->params;
    const struct clary_forest *forest = &params->forest;
    const size_t element = clary_dtype_bytes(forest->dtype);
    const size_t rows = (size_t)in[0]->shape.dim[0];
    const struct parts parts = parts_of(&params->layout);
    struct block block = {.params = params,
                          .row_bytes = forest->n_features * element,
                          .sum_bytes = forest->n_groups * element,
                          .slots = scratch,
                          .labels = (uint8_t *)scratch + parts.labels,
                          .blend = (int8_t *)scratch + parts.blend};

    (void)err;
    block.walk = (uint16_t *)((uint8_t *)scratch + parts.walk);
    for (size_t r = 0; r < rows; r += CLARY_BLEND_ROWS) {
        const size_t left = rows - r;

        block.x = (const char *)in[0]->data + r * block.row_bytes;
        block.sums = (char *)out[0]->data + r * block.sum_bytes;
        block.rows = left < CLARY_BLEND_ROWS ? left : CLARY_BLEND_ROWS;
        run_block(&block);
    }
    return CLARY_OK;
}

static void forest_describe(const struct clary_op *op, char *text,
                            size_t text_bytes)
{
    const struct forest_params *params = op->params;

    (void)snprintf(text, text_bytes, "%zu trees, depth %zu, %zu leaves -> %zu",
                   params->forest.n_trees, params->facts.depth,
                   params->facts.n_leaves, params->forest.n_groups);
}

static const struct clary_op_kind kind = {.name = "forest",
                                          .n_inputs = 1,
                                          .shape = forest_shape,
                                          .run = forest_run,
                                          .describe = forest_describe};

const struct clary_op_kind *const clary_ops_forest[] = {&kind, NULL};

/* Counts the columns that a forest's splits ask for, each once over all
 * forests; in `rules` a bit for each rule for what is missing there. */
static void count_columns(const struct forest_ranks *ranks, uint8_t *rules,
                          struct clary_trees_info *info)
{
    size_t *const counts[] = {[CLARY_MISSING_NAN] = &info->n_missing_nan,
                              [CLARY_MISSING_ZERO] = &info->n_missing_zero,
                              [CLARY_MISSING_NONE] = &info->n_missing_none};

    for (size_t s = 0; s < ranks->n_sources; s++) {
        const struct forest_source *source = &ranks->sources[s];
        uint8_t *known = &rules[source->feature];
        const uint8_t rule = (uint8_t)(1U << source->missing);

        info->n_columns_used += *known == 0;
        *counts[source->missing] += (*known & rule) == 0;
        *known |= rule;
    }
}

enum clary_status clary_program_trees(const struct clary_program *program,
                                      struct clary_arena *temporary,
                                      struct clary_trees_info *info,
                                      struct clary_error *err)
{
    const struct forest_params *params;
    uint8_t *rules;

    *info = (struct clary_trees_info){0};
    for (size_t i = 0; i < program->n_ops; i++) {
        if (program->ops[i].kind != &kind)
            continue;
        params = program->ops[i].params;
        if (params->forest.n_features > info->n_columns)
            info->n_columns = params->forest.n_features;
    }
    rules = clary_arena_calloc(temporary, info->n_columns, sizeof *rules);
    if (!rules)
        return clary_no_memory(err);
    for (size_t i = 0; i < program->n_ops; i++) {
        if (program->ops[i].kind != &kind)
            continue;
        params = program->ops[i].params;
        info->n_trees += params->forest.n_trees;
        info->n_leaves += params->facts.n_leaves;
        info->n_splits += params->facts.n_nodes;
        if (params->facts.depth > info->depth)
            info->depth = params->facts.depth;
        count_columns(&params->layout.ranks, rules, info);
    }
    return CLARY_OK;
}

enum clary_status clary_forest_add(struct clary_program *program,
                                   const char *name,
                                   const struct clary_forest *forest,
                                   uint32_t input, uint32_t *out,
                                   struct clary_error *err)
{
    struct forest_params *params =
        clary_arena_calloc(program->arena, 1, sizeof *params);
    struct clary_op *op;

    if (!params)
        return clary_no_memory(err);
    CLARY_TRY(make_params(program->arena, name, forest, params, err));
    CLARY_TRY(clary_program_add(program, "forest", name, params, &input, 1, out,
                                1, err));
    op = &program->ops[program->n_ops - 1];
    op->scratch_bytes = parts_of(&params->layout).bytes;
    op->n_parameters =
        params->facts.n_nodes + params->facts.n_leaves + forest->n_groups;
    return CLARY_OK;
}
