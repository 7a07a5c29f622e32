/* test_optimise.c: what is fused into dense layers and what is dropped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/program_build.h"

/* x (rows, 2) times the weights. */
static uint32_t product_of(uint32_t x)
{
    return ADD2("matmul", x, constant(CLARY_DTYPE_F32, SHAPE(2, 3), weights));
}

TEST(dense_layers_are_fused)
{
    uint32_t y;
    begin();
    y = product_of(input("x", SHAPE(2)));
    y = ADD2("add", y, FLOATS(SHAPE(3), -30, 0, 0.5F));
    output("y", ADD1("relu", NULL, y));
    finish();
    CHECK_STR(listing(), "dense 2 -> 3, relu");
    RUN(rows, 2, 0, 42, 63.5F, 0, 8, 12.5F);
    end();

    begin(); /* the bias in front, with an axis more */
    y = product_of(input("x", SHAPE(2)));
    y = ADD2("add", FLOATS(SHAPE(1, 3), -30, 0, 0.5F), y);
    output("y", y);
    finish();
    CHECK_STR(listing(), "dense 2 -> 3");
    RUN(rows, 2, -9, 42, 63.5F, -26, 8, 12.5F);
    end();

    begin(); /* no bias */
    output("y", ADD1("relu", NULL, product_of(input("x", SHAPE(2)))));
    finish();
    CHECK_STR(listing(), "dense 2 -> 3, relu");
    RUN(rows, 2, 21, 42, 63, 4, 8, 12);
    end();
}

TEST(dense_layers_with_other_activations)
{
    uint32_t y;
    begin();
    y = ADD2("add", product_of(input("x", SHAPE(2))),
             FLOATS(SHAPE(3), 0, 0, 0));
    output("y", ADD1("sigmoid", NULL, y));
    finish();
    CHECK_STR(listing(), "dense 2 -> 3, sigmoid");
    CHECK_STR(program->ops[0].kind->name, "dense");
    end();

    begin(); /* one after another: the first goes into the dense */
    y = ADD1("relu", NULL, product_of(input("x", SHAPE(2))));
    output("y", ADD1("neg", NULL, y));
    finish();
    CHECK_STR(listing(), "dense 2 -> 3, relu; neg -> (3) float32");
    RUN(rows, 2, -21, -42, -63, -4, -8, -12);
    end();
}

/* What is read twice, or is an output, must be there. */
TEST(dense_layers_that_are_not_fused)
{
    uint32_t y, z;
    begin();
    y = product_of(input("x", SHAPE(2)));
    output("y", ADD2("add", y, ADD1("relu", NULL, y)));
    finish();
    CHECK_STR(listing(), "dense 2 -> 3; relu -> (3) float32; "
                         "add -> (3) float32");
    RUN(rows, 2, 42, 84, 126, 8, 16, 24);
    end();

    begin();
    y = product_of(input("x", SHAPE(2)));
    z = ADD2("add", y, FLOATS(SHAPE(3), 1, 1, 1));
    output("z", z);
    output("y", y);
    finish();
    CHECK_STR(listing(), "dense 2 -> 3; add -> (3) float32");
    RUN(rows, 2, 22, 43, 64, 5, 9, 13);
    end();

    begin(); /* added to itself */
    y = product_of(input("x", SHAPE(2)));
    output("y", ADD2("add", y, y));
    finish();
    CHECK_STR(listing(), "dense 2 -> 3; add -> (3) float32");
    end();

    begin(); /* no bias: a scalar */
    y = product_of(input("x", SHAPE(2)));
    output("y", ADD2("add", y, FLOATS(SCALAR, 1)));
    finish();
    CHECK_STR(listing(), "dense 2 -> 3; add -> (3) float32");
    end();
}

TEST(ops_that_nobody_needs_are_dropped)
{
    uint32_t x, unused;
    begin();
    x = input("x", SHAPE(2));
    unused = ADD1("exp", NULL, ADD1("neg", NULL, x));
    (void)ADD2("mul", unused, unused);
    output("y", ADD1("abs", NULL, x));
    finish();
    CHECK_STR(listing(), "abs -> (2) float32");
    RUN(rows, 2, 1, 2, 1, 0.5F);
    end();
}
