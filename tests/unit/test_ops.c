/* test_ops.c: the table of op kinds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/ops.h"
#include "tests/test.h"

static const struct clary_op_kind *const *const families[] = {
    clary_ops_unary, clary_ops_binary, clary_ops_select,  clary_ops_cast,
    clary_ops_dense, clary_ops_reduce, clary_ops_softmax, clary_ops_shape,
    clary_ops_view,  clary_ops_index,  clary_ops_bins,
};

/* So no two kinds share a name: the second would not be found. */
TEST(each_kind_is_found_by_its_name)
{
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++)
        for (size_t i = 0; families[f][i]; i++) {
            const struct clary_op_kind *kind = families[f][i];

            if (!CHECK(clary_op_kind_named(kind->name) == kind))
                printf("the name is \"%s\"\n", kind->name);
            CHECK(kind->n_inputs > 0);
            CHECK(kind->shape != NULL);
            CHECK(kind->run != NULL);
        }
    CHECK(clary_op_kind_named("no such op") == NULL);
    CHECK(clary_op_kind_named("") == NULL);
}

TEST(a_message_names_node_and_kind)
{
    const struct clary_op op = {.kind = clary_op_kind_named("sum"),
                                .name = "model/dense/Sum"};
    struct clary_error err;

    CHECK_STATUS(clary_op_fail(&op, CLARY_UNSUPPORTED, &err, "%d axes", 9),
                 CLARY_UNSUPPORTED);
    CHECK_STR(err.message, "op \"model/dense/Sum\" (sum): 9 axes");
}

TEST(an_output_must_fit_into_memory)
{
    const struct clary_op op = {.kind = clary_op_kind_named("sum"),
                                .name = "node"};
    const int64_t big = INT64_C(1) << 31;
    struct clary_shape shape = {.rank = 2, .dim = {big, big, 77}};
    struct clary_value out;
    struct clary_error err;

    CHECK_STATUS(clary_op_output(&op, &out, CLARY_DTYPE_I8, true, &shape, &err),
                 CLARY_OK);
    CHECK_INT(out.shape.dim[2], 0);
    CHECK(out.per_row && out.data == NULL);
    CHECK_STATUS(
        clary_op_output(&op, &out, CLARY_DTYPE_F32, true, &shape, &err),
        CLARY_TOO_LARGE);
    CHECK_STR(err.message,
              "op \"node\" (sum): an output of shape (2147483648, 2147483648) "
              "has more elements than memory can hold");
    shape = (struct clary_shape){.rank = 3, .dim = {big, 0, big}};
    CHECK_STATUS(
        clary_op_output(&op, &out, CLARY_DTYPE_F64, false, &shape, &err),
        CLARY_TOO_LARGE);
}

/* (2, 3) transposed and repeated twice: steps 1, 0 and 3 over 6 elements. */
TEST(a_walk)
{
    const ptrdiff_t expected[] = {0, 3, 0, 3, 1, 4, 1, 4, 2, 5, 2, 5};
    struct clary_walk walk = {.rank = 0};
    size_t n = 0;

    clary_walk_axis(&walk, 1, 99);
    clary_walk_axis(&walk, 3, 1);
    clary_walk_axis(&walk, 2, 0);
    clary_walk_axis(&walk, 2, 3);
    clary_walk_axis(&walk, 1, 7);
    CHECK_INT(walk.rank, 3);
    do {
        for (size_t i = 0; i < walk.size[2]; i++)
            CHECK_INT(walk.offset + (ptrdiff_t)i * walk.step[2],
                      expected[n++ % 12]);
    } while (clary_walk_next(&walk));
    CHECK_INT(n, 12);
    CHECK_INT(walk.offset, 0); /* back at the start */
}

TEST(a_walk_merges_axes)
{
    struct clary_walk walk = {.rank = 0};

    clary_walk_axis(&walk, 2, 12);
    clary_walk_axis(&walk, 3, 4);
    clary_walk_axis(&walk, 4, 1);
    CHECK_INT(walk.rank, 1);
    CHECK_INT(walk.size[0], 24);
    CHECK_INT(walk.step[0], 1);
    clary_walk_axis(&walk, 5, 0);
    clary_walk_axis(&walk, 6, 0);
    CHECK_INT(walk.rank, 2);
    CHECK_INT(walk.size[1], 30);
    CHECK(!clary_walk_next(&(struct clary_walk){.rank = 0}));
}
