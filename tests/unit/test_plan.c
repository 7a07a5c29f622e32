/* test_plan.c: where values lie while a program runs, and what it needs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/program_build.h"

enum { MAZE_OPS = 300, MAZE_WIDTH = 5, MAZE_INPUTS = 2 };

static uint32_t next_random(void)
{
    static uint32_t state = 12345;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* One op of the maze, elementwise on earlier values. */
struct step {
    unsigned kind;
    size_t a, b; /* among the inputs and the steps before */
};

static const char *const maze_kinds[] = {"add", "sub",  "maximum", "minimum",
                                         "neg", "relu", "abs",     "reshape"};

static float maze_step(const struct step *step, const float *values)
{
    float a = values[step->a], b = values[step->b];
    switch (step->kind) {
    case 0:
        return a + b;
    case 1:
        return a - b;
    case 2:
        return a > b ? a : b;
    case 3:
        return a < b ? a : b;
    case 4:
        return -a;
    case 5:
        return a > 0 ? a : 0;
    case 6:
        return fabsf(a);
    default:
        return a;
    }
}

/* Values that live long and short beside each other, all kinds of reuse. */
static void make_maze(struct step *steps, uint32_t *values)
{
    static const struct clary_reshape_params same = {
        true, {.rank = 2, .dim = {1, MAZE_WIDTH}}};
    for (size_t i = 0; i < MAZE_OPS; i++) {
        size_t n = MAZE_INPUTS + i;
        size_t recent = n < 6 ? n : 6;
        steps[i].kind = next_random() % 8;
        steps[i].a = n - 1 - next_random() % recent;
        /* now and then an old one */
        steps[i].b = next_random() % 4 == 0 ? next_random() % n
                                            : n - 1 - next_random() % recent;
        if (steps[i].kind < 4)
            values[n] = ADD2(maze_kinds[steps[i].kind], values[steps[i].a],
                             values[steps[i].b]);
        else
            values[n] =
                ADD1(maze_kinds[steps[i].kind],
                     steps[i].kind == 7 ? &same : NULL, values[steps[i].a]);
    }
}

static void check_maze(struct clary_execution *e, const struct step *steps,
                       const size_t *outputs, size_t n_outputs, size_t n_rows)
{
    size_t n_wrong = 0;
    for (size_t f = 0; f < MAZE_INPUTS; f++) {
        float *to = clary_execution_input(e, f);
        for (size_t i = 0; i < n_rows * MAZE_WIDTH; i++)
            to[i] = (float)(next_random() % 2000) / 8 - 100;
    }
    CHECK_STATUS(clary_execution_run(e, n_rows, &err), CLARY_OK);
    for (size_t i = 0; i < n_rows * MAZE_WIDTH; i++) {
        float values[MAZE_INPUTS + MAZE_OPS];
        for (size_t f = 0; f < MAZE_INPUTS; f++)
            values[f] = ((const float *)clary_execution_input(e, f))[i];
        for (size_t s = 0; s < MAZE_OPS; s++)
            values[MAZE_INPUTS + s] = maze_step(&steps[s], values);
        for (size_t o = 0; o < n_outputs; o++) {
            float got = ((const float *)clary_execution_output(e, o))[i];
            float want = values[outputs[o]];
            n_wrong += !(got == want || (isnan(got) && isnan(want)));
        }
    }
    CHECK_INT(n_wrong, 0);
}

TEST(places_are_used_again_but_never_too_early)
{
    static const size_t sizes[] = {1, 2, 96, 191, 192, 7, 192, 1};
    for (int round = 0; round < 20; round++) {
        struct step steps[MAZE_OPS];
        uint32_t values[MAZE_INPUTS + MAZE_OPS];
        size_t outputs[4];
        struct clary_arena scratch;
        begin();
        values[0] = input("a", SHAPE(MAZE_WIDTH));
        values[1] = input("b", SHAPE(MAZE_WIDTH));
        make_maze(steps, values);
        for (size_t o = 0; o < 4; o++) {
            outputs[o] = o == 0 ? MAZE_INPUTS + MAZE_OPS - 1
                                : next_random() % (MAZE_INPUTS + MAZE_OPS);
            output("y", values[outputs[o]]);
        }
        finish();
        /* far fewer places than values */
        CHECK(clary_program_scratch_bytes_per_row(program) <
              100 * MAZE_WIDTH * sizeof(float));
        clary_arena_init(&scratch, (size_t)1 << 24);
        struct clary_execution *e = clary_execution_new(&scratch, program);
        for (size_t i = 0; CHECK(e != NULL) && i < N(sizes); i++)
            check_maze(e, steps, outputs, 4,
                       sizes[i] < clary_program_block_rows(program)
                           ? sizes[i]
                           : clary_program_block_rows(program));
        clary_arena_deinit(&scratch);
        end();
    }
}

/* Builds a program with a bit of everything; the first status that is not
 * CLARY_OK. */
static enum clary_status build_some(void)
{
    struct clary_tensor w = {.dtype = CLARY_DTYPE_F32, .shape = SHAPE(2, 3)};
    struct clary_shape two = SHAPE(2);
    uint32_t x, c, y, shape;
    memcpy(&w.data, &(const void *){weights}, sizeof w.data);
    program = clary_program_new(&arena, &err);
    if (program == NULL)
        return CLARY_NO_MEMORY;
    CLARY_TRY(
        clary_program_input(program, "x", CLARY_DTYPE_F32, &two, &x, &err));
    CLARY_TRY(clary_program_constant(program, &w, &c, &err));
    CLARY_TRY(try_add("neg", NULL, &c, 1, &c));
    CLARY_TRY(
        clary_program_shape_of(program, x, CLARY_DTYPE_I32, &shape, &err));
    CLARY_TRY(try_add("neg", NULL, &shape, 1, &shape));
    for (int i = 0; i < 20; i++) { /* lists grow */
        CLARY_TRY(try_add("matmul", NULL, (const uint32_t[]){x, c}, 2, &y));
        CLARY_TRY(try_add("sigmoid", NULL, &y, 1, &y));
        CLARY_TRY(clary_program_output(program, "y", y, &err));
    }
    return clary_program_finish(program, &err);
}

TEST(every_memory_limit_is_kept)
{
    enum clary_status status = CLARY_NO_MEMORY;
    size_t limit;
    for (limit = 64; status == CLARY_NO_MEMORY && limit < 1 << 20;
         limit += 64) {
        clary_arena_init(&arena, limit);
        status = build_some();
        clary_arena_deinit(&arena);
    }
    CHECK_STATUS(status, CLARY_OK);
    CHECK(limit > 5000);

    begin();
    status = build_some();
    for (limit = 64; limit < 1 << 20; limit += 64) {
        struct clary_arena scratch;
        clary_arena_init(&scratch, limit);
        bool fits = clary_execution_new(&scratch, program) != NULL;
        clary_arena_deinit(&scratch);
        if (fits)
            break;
    }
    CHECK(limit > 5000 && limit < 1 << 20);
    end();
}
