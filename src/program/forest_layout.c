/* forest_layout.c: trees as nodes to walk and nodes to blend.
 *
 * Nodes to walk are one array; those of a tree are laid out breadth-first with
 * siblings side by side, from the second place of a cache line on, so that the
 * first three levels are one line and each pair of siblings lies in one:
 *
 *     0  | 1     | 2     3      | 4  5  6  7 |  8 ...
 *        | root  | its children | theirs     |
 *
 * Nodes to blend: clary_blend_node (kernel.h).
 *
 * Tests: tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

/* Cost of a node for a unit of rows when blended to that of a step of one row
 * when walked: 1.2 while a forest fits in the second-level cache, half of it
 * for the largest ones, whose walks wait for memory (bench/bench_forest.c). */
#define BLEND_NODE_COST 0.8

/* A tree of leaves at nearly one depth is walked to that depth without asking
 * whether a leaf was reached. */
#define MAX_SLACK 5

/* What a node can name. */
#define MAX_COLUMNS 65536

enum { LINE = 8 /* nodes of a cache line */ };

/* One node or leaf of a tree, breadth-first. */
struct visit {
    int32_t child; /* of the forest: node or ~leaf */
    uint32_t depth;
    uint32_t place;    /* in the layout */
    uint32_t children; /* place of the left one; of a leaf its own */
};

struct layout_plan {
    struct clary_arena *arena, *scratch;
    const struct clary_forest *forest;
    struct forest_layout *layout;
    struct forest_place *places; /* (n_nodes) */
    struct visit *visits;        /* of one tree */
    size_t n_visits;
    size_t next_place; /* behind the tree that was visited last */
    struct walk_node *nodes;
    void *values;
    uint32_t *leaves;
    struct forest_column_plan walk, blend;
    bool *can_blend; /* (n_trees) */
    uint32_t *sets;
    size_t n_set_words; /* so far */
};

/* --- one tree, breadth-first ---------------------------------------------- */

static void visit_tree(struct layout_plan *plan, const struct forest_tree *tree)
{
    const int32_t root = plan->forest->roots[tree->index];
    struct visit *visits = plan->visits;
    size_t next = (size_t)tree->root + 1;
    size_t count = 0;

    visits[count++] = (struct visit){root, 0, tree->root, tree->root};
    for (size_t v = 0; v < count; v++) {
        const struct clary_forest_node *node;
        uint32_t left;

        if (visits[v].child < 0)
            continue;
        node = &plan->forest->nodes[visits[v].child];
        next += node->split == CLARY_SPLIT_CATEGORY; /* the set */
        visits[v].children = left = (uint32_t)next;
        visits[count++] =
            (struct visit){node->left, visits[v].depth + 1, left, left};
        visits[count++] = (struct visit){node->right, visits[v].depth + 1,
                                         left + 1, left + 1};
        next += 2;
    }
    plan->n_visits = count;
    plan->next_place = next;
}

/* Depths of the tree that was visited, whether it can be blended, and what it
 * costs in both ways: nodes of a unit of rows, steps of one row (eight rows go
 * side by side, so more than the mean of the leaves' depths). */
static void measure_tree(struct layout_plan *plan, size_t t, double *n_blended,
                         double *n_walked)
{
    const struct clary_forest *forest = plan->forest;
    struct forest_tree *tree = &plan->layout->trees[t];
    size_t n_leaves = 0, sum = 0;
    bool has_category = false;

    tree->sure = UINT16_MAX;
    for (size_t v = 0; v < plan->n_visits; v++) {
        const struct visit *visit = &plan->visits[v];

        if (visit->child >= 0) {
            has_category = has_category || forest->nodes[visit->child].split ==
                                               CLARY_SPLIT_CATEGORY;
            continue;
        }
        n_leaves++;
        sum += visit->depth;
        tree->depth = (uint16_t)visit->depth; /* breadth-first: the last */
        if (visit->depth < tree->sure)
            tree->sure = (uint16_t)visit->depth;
    }
    if (tree->depth - tree->sure <= MAX_SLACK)
        tree->sure = tree->depth;
    plan->can_blend[t] =
        n_leaves <= CLARY_BLEND_LEAVES && !has_category && !forest->linear;
    if (plan->can_blend[t]) {
        *n_blended += (double)(n_leaves - 1);
        *n_walked += ((double)sum / (double)n_leaves + (double)tree->depth) / 2;
    }
}

/* --- what the trees need -------------------------------------------------- */

/* Marks the columns that the nodes of the visited tree read, and counts the
 * words of its sets: a code's rank is at most CATEGORY_FIRST above it. */
static void need_columns(struct layout_plan *plan, bool can_blend)
{
    for (size_t v = 0; v < plan->n_visits; v++) {
        const int32_t child = plan->visits[v].child;
        const struct clary_forest_node *node;

        if (child < 0)
            continue;
        node = &plan->forest->nodes[child];
        *clary_forest_column(&plan->walk, &plan->places[child],
                             node->default_left) = 0;
        if (can_blend)
            *clary_forest_column(&plan->blend, &plan->places[child],
                                 node->default_left) = 0;
        if (node->split == CLARY_SPLIT_CATEGORY)
            plan->n_set_words += plan->forest->sets[node->category].n_words + 1;
    }
}

static enum clary_status make_columns(struct layout_plan *plan,
                                      struct clary_error *err)
{
    struct forest_ranks *ranks = &plan->layout->ranks;
    size_t s = 0;

    CLARY_TRY(clary_forest_columns_number(plan->arena, ranks, &plan->walk,
                                          &ranks->walk, err));
    CLARY_TRY(clary_forest_columns_number(plan->arena, ranks, &plan->blend,
                                          &ranks->blend, err));
    if (ranks->walk.n > MAX_COLUMNS)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the trees compare in %zu ways (features, sides to "
                          "which missing goes); at most %d are known here",
                          ranks->walk.n, MAX_COLUMNS);
    if (ranks->blend.n > MAX_COLUMNS) {
        memset(plan->can_blend, 0,
               plan->forest->n_trees * sizeof *plan->can_blend);
        ranks->blend.n = 0;
    }
    while (s < ranks->n_sources && !ranks->sources[s].is_category)
        s++;
    plan->layout->first_category = ranks->walk.first[s];
    return CLARY_OK;
}

/* --- values --------------------------------------------------------------- */

static void set_value(const struct clary_forest *forest, size_t t, size_t leaf,
                      void *values, size_t place)
{
    double value = forest->leaves[leaf];

    if (forest->dtype == CLARY_DTYPE_F32) {
        float narrow = (float)value;

        if (forest->weights)
            narrow *= (float)forest->weights[t];
        ((float *)values)[place] = narrow;
        return;
    }
    if (forest->weights)
        value *= forest->weights[t];
    ((double *)values)[place] = value;
}

/* --- nodes to walk -------------------------------------------------------- */

/* The set of a node, bit by rank. Its words go to the end of all sets. */
static struct walk_node make_set(struct layout_plan *plan, int32_t n)
{
    const struct clary_forest_node *node = &plan->forest->nodes[n];
    const struct clary_category_set *set = &plan->forest->sets[node->category];
    const struct forest_source *source =
        &plan->layout->ranks.sources[plan->places[n].source];
    uint32_t *words = plan->sets + plan->n_set_words;
    size_t n_words = 1;

    words[0] = 1U << CATEGORY_LEFT;
    for (size_t i = 0; i < source->n_thresholds; i++) {
        const size_t code = (size_t)source->thresholds[i];
        const size_t bit = i + CATEGORY_FIRST;

        if (code / 32 >= set->n_words)
            break;
        if (!(set->words[code / 32] >> code % 32 & 1))
            continue;
        words[bit / 32] |= 1U << bit % 32;
        n_words = bit / 32 + 1;
    }
    plan->n_set_words += n_words;
    return (struct walk_node){(uint16_t)n_words, 0,
                              (uint32_t)(plan->n_set_words - n_words)};
}

static void make_walk_node(struct layout_plan *plan, const struct visit *visit)
{
    struct walk_node *const nodes = plan->nodes;
    const struct clary_forest_node *node;
    const struct forest_place *place;
    uint32_t column;

    if (visit->child < 0) {
        nodes[visit->place] =
            (struct walk_node){WALK_RANK_MAX, 0, visit->place};
        return;
    }
    node = &plan->forest->nodes[visit->child];
    place = &plan->places[visit->child];
    column = *clary_forest_column(&plan->walk, place, node->default_left);
    nodes[visit->place] =
        (struct walk_node){(uint16_t)(place->rank % plan->walk.span),
                           (uint16_t)column, visit->children};
    if (node->split == CLARY_SPLIT_CATEGORY)
        nodes[visit->children - 1] = make_set(plan, visit->child);
}

static void make_walk(struct layout_plan *plan, const struct forest_tree *tree)
{
    for (size_t v = 0; v < plan->n_visits; v++) {
        const struct visit *visit = &plan->visits[v];

        make_walk_node(plan, visit);
        if (visit->child >= 0)
            continue;
        set_value(plan->forest, tree->index, (uint32_t)~visit->child,
                  plan->values, visit->place);
        if (plan->leaves)
            plan->leaves[visit->place] = (uint32_t)~visit->child;
    }
}

/* Room for the nodes of all trees, which were visited. */
static enum clary_status make_room(struct layout_plan *plan,
                                   struct clary_error *err)
{
    const size_t n = (plan->next_place + LINE - 1) / LINE * LINE;
    struct forest_layout *layout = plan->layout;

    plan->nodes = clary_arena_calloc(plan->arena, n, sizeof *plan->nodes);
    plan->values = clary_arena_calloc(plan->arena, n,
                                      clary_dtype_bytes(plan->forest->dtype));
    if (plan->forest->linear)
        plan->leaves = clary_arena_calloc(plan->arena, n, sizeof *plan->leaves);
    if (!plan->nodes || !plan->values ||
        (plan->forest->linear && !plan->leaves))
        return clary_no_memory(err);
    layout->nodes = plan->nodes;
    layout->values = plan->values;
    layout->leaves = plan->leaves;
    return CLARY_OK;
}

static enum clary_status make_eights(struct layout_plan *plan,
                                     struct clary_error *err)
{
    const struct forest_layout *layout = plan->layout;
    const size_t n = (layout->n_trees + WALK_LANES - 1) / WALK_LANES;
    struct forest_eight *eights =
        clary_arena_calloc(plan->arena, n, sizeof *eights);

    if (!eights)
        return clary_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const size_t first = i * WALK_LANES;

        eights[i].sure = UINT16_MAX;
        for (size_t l = 0; l < WALK_LANES; l++) {
            const struct forest_tree *tree =
                &layout->trees[first + l < layout->n_trees ? first + l : first];

            eights[i].roots[l] = tree->root;
            if (tree->sure < eights[i].sure)
                eights[i].sure = tree->sure;
            if (tree->depth > eights[i].depth)
                eights[i].depth = tree->depth;
        }
    }
    plan->layout->eights = eights;
    return CLARY_OK;
}

/* --- nodes to blend ------------------------------------------------------- */

struct blend_plan {
    struct layout_plan *plan;
    size_t index; /* the loader's tree */
    void *values;
    size_t n_leaves; /* labelled so far */
    struct clary_blend_node pairs[CLARY_BLEND_LEAVES / 2];
    struct clary_blend_node others[CLARY_BLEND_LEAVES];
    size_t n_pairs, n_others;
};

/* Adds the nodes below `child`; returns the slot of its result. A node takes
 * the slot of a child, which nobody else reads. At most 256 leaves, so at most
 * 255 calls deep. */
static uint8_t add_blend(struct blend_plan *blend, int32_t child)
{
    const struct layout_plan *plan = blend->plan;
    const size_t first = blend->n_leaves;
    const struct clary_forest_node *node;
    const struct forest_place *place;
    struct clary_blend_node out;

    if (child < 0) {
        set_value(plan->forest, blend->index, (uint32_t)~child, blend->values,
                  blend->n_leaves++);
        return 0;
    }
    node = &plan->forest->nodes[child];
    place = &plan->places[child];
    out.column =
        (uint16_t)*clary_forest_column(&plan->blend, place, node->default_left);
    /* x > rank goes right: so rank + 1 > x, less 128, goes left. */
    out.threshold = (int8_t)((int)(place->rank % plan->blend.span) - 127);
    out.right = add_blend(blend, node->right);
    out.add = (int8_t)(uint8_t)(first - blend->n_leaves);
    out.left = add_blend(blend, node->left);
    if (node->left < 0 && node->right < 0) {
        out.out = (uint8_t)(blend->n_pairs + 1);
        blend->pairs[blend->n_pairs++] = out;
    } else {
        out.out = out.left ? out.left : out.right;
        blend->others[blend->n_others++] = out;
    }
    return out.out;
}

static enum clary_status make_blend(struct layout_plan *plan, size_t t,
                                    struct clary_error *err)
{
    const enum clary_dtype dtype = plan->forest->dtype;
    struct forest_tree *tree = &plan->layout->trees[t];
    struct blend_plan blend = {.plan = plan, .index = tree->index};
    const size_t n_leaves = (plan->n_visits + 1) / 2;
    struct clary_blend_node *nodes =
        clary_arena_calloc(plan->arena, n_leaves, sizeof *nodes);

    blend.values =
        clary_arena_calloc(plan->arena, n_leaves, clary_dtype_bytes(dtype));
    if (!nodes || !blend.values)
        return clary_no_memory(err);
    tree->blend.root = add_blend(&blend, plan->forest->roots[tree->index]);
    memcpy(nodes, blend.pairs, blend.n_pairs * sizeof *nodes);
    memcpy(nodes + blend.n_pairs, blend.others, blend.n_others * sizeof *nodes);
    tree->blend.nodes = nodes;
    tree->blend.n_pairs = (uint8_t)blend.n_pairs;
    tree->blend.n_others = (uint8_t)blend.n_others;
    tree->blend_values = blend.values;
    return CLARY_OK;
}

/* --- all together --------------------------------------------------------- */

/* Puts the trees in the order in which they are added up. */
static enum clary_status order_trees(struct layout_plan *plan,
                                     struct clary_error *err)
{
    const struct clary_forest *forest = plan->forest;
    size_t *next =
        clary_arena_calloc(plan->scratch, forest->n_groups + 1, sizeof *next);

    if (!next)
        return clary_no_memory(err);
    for (size_t t = 0; t < forest->n_trees; t++)
        next[forest->groups[t] + 1]++;
    for (size_t g = 0; g < forest->n_groups; g++)
        next[g + 1] += next[g];
    for (size_t t = 0; t < forest->n_trees; t++) {
        struct forest_tree *tree =
            &plan->layout->trees[next[forest->groups[t]]++];

        tree->index = (uint32_t)t;
        tree->group = forest->groups[t];
    }
    return CLARY_OK;
}

/* Sources, thresholds and the nodes' places among them. */
static enum clary_status rank_nodes(struct layout_plan *plan,
                                    struct clary_error *err)
{
    const struct clary_forest *forest = plan->forest;
    bool *is_reached =
        clary_arena_calloc(plan->scratch, forest->n_nodes, sizeof *is_reached);

    if (!is_reached)
        return clary_no_memory(err);
    for (size_t t = 0; t < forest->n_trees; t++) {
        struct forest_tree *tree = &plan->layout->trees[t];

        /* the second place of a line */
        tree->root =
            (uint32_t)((plan->next_place + LINE - 1) / LINE * LINE + 1);
        visit_tree(plan, tree);
        if (plan->next_place > UINT32_MAX - LINE)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "%zu trees have over 2^32 nodes",
                              forest->n_trees);
        for (size_t v = 0; v < plan->n_visits; v++)
            if (plan->visits[v].child >= 0)
                is_reached[plan->visits[v].child] = true;
    }
    CLARY_TRY(make_room(plan, err));
    return clary_forest_ranks_new(plan->arena, plan->scratch, forest,
                                  is_reached, &plan->layout->ranks,
                                  plan->places, err);
}

/* Measures the trees, decides from how many rows on blending pays, and makes
 * the columns. */
static enum clary_status prepare(struct layout_plan *plan,
                                 struct clary_error *err)
{
    const struct clary_forest *forest = plan->forest;
    struct forest_layout *layout = plan->layout;
    double n_blended = 0, n_walked = 0;

    CLARY_TRY(rank_nodes(plan, err));
    CLARY_TRY(clary_forest_columns_plan(plan->scratch, &layout->ranks,
                                        WALK_RANK_MAX, &plan->walk, err));
    CLARY_TRY(clary_forest_columns_plan(plan->scratch, &layout->ranks,
                                        BLEND_RANK_MAX, &plan->blend, err));
    for (size_t t = 0; t < forest->n_trees; t++) {
        visit_tree(plan, &plan->layout->trees[t]);
        measure_tree(plan, t, &n_blended, &n_walked);
        need_columns(plan, plan->can_blend[t]);
    }
    CLARY_TRY(make_columns(plan, err));
    if (layout->ranks.blend.n > 0)
        layout->blend_rows =
            (size_t)(BLEND_NODE_COST * n_blended / n_walked) + 1;
    plan->sets =
        clary_arena_calloc(plan->arena, plan->n_set_words, sizeof *plan->sets);
    if (!plan->sets)
        return clary_no_memory(err);
    layout->sets = plan->n_set_words ? plan->sets : NULL;
    plan->n_set_words = 0;
    return CLARY_OK;
}

enum clary_status clary_forest_layout_new(struct clary_arena *arena,
                                          struct clary_arena *scratch,
                                          const struct clary_forest *forest,
                                          const struct forest_facts *facts,
                                          struct forest_layout *layout,
                                          struct clary_error *err)
{
    struct layout_plan plan = {
        .arena = arena, .scratch = scratch, .forest = forest, .layout = layout};

    *layout = (struct forest_layout){.n_trees = forest->n_trees,
                                     .blend_rows = SIZE_MAX};
    layout->trees =
        clary_arena_calloc(arena, forest->n_trees, sizeof *layout->trees);
    plan.places =
        clary_arena_calloc(scratch, forest->n_nodes, sizeof *plan.places);
    plan.visits =
        clary_arena_calloc(scratch, facts->largest, sizeof *plan.visits);
    plan.can_blend =
        clary_arena_calloc(scratch, forest->n_trees, sizeof *plan.can_blend);
    if (!layout->trees || !plan.places || !plan.visits || !plan.can_blend)
        return clary_no_memory(err);
    CLARY_TRY(order_trees(&plan, err));
    CLARY_TRY(prepare(&plan, err));
    for (size_t t = 0; t < forest->n_trees; t++) {
        visit_tree(&plan, &layout->trees[t]);
        make_walk(&plan, &layout->trees[t]);
        if (plan.can_blend[t])
            CLARY_TRY(make_blend(&plan, t, err));
        else
            layout->is_walked = true;
    }
    return make_eights(&plan, err);
}
