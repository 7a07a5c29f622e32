/* test_tensorflow_graph.c: small SavedModels, written as text, and what clary
 * answers for them or why it refuses them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/graph_text.h"

/* x is (rows, 2), y what the graph makes of it. */
#define X2                                                                     \
    "in x x:0 f32 -1 2\n"                                                      \
    "x Placeholder\n"
#define OUT "out y y:0\n"

#define ANSWERS(graph, body, text) CHECK_STR(graph_run(graph, body), text)

/* The graph is refused and the reason holds `text`. */
static bool refused(const char *graph, const char *text)
{
    const char *answer = graph_run(graph, "1,2\n");
    if (strstr(answer, text) != NULL && strchr(answer, ':') != NULL)
        return true;
    printf("%s\n", answer);
    return false;
}

#define REFUSED(graph, text) CHECK(refused(graph, text))

/* --- edges and functions */

TEST(a_chain_of_nodes)
{
    ANSWERS(X2 OUT "c Const value=f32[2]:10,20\n"
                   "s AddV2 x c\n"
                   "y Neg s:0\n",
            "1,2\n0.5,-20\n", "-11.0,-22.0\n-10.5,-0.0\n");
    /* control inputs do not count, wherever they lead */
    ANSWERS(X2 OUT "a Assert x\n"
                   "w While\n"
                   "y Neg x ^a ^w\n",
            "1,2\n", "-1.0,-2.0\n");
}

TEST(functions)
{
    ANSWERS(X2 "out y call:0\n"
               "out z call:1\n"
               "c Const value=f32[]:3\n"
               "call StatefulPartitionedCall x c f=fn:outer\n"
               "function outer a b\n"
               "twice PartitionedCall a f=fn:double\n"
               "sum AddV2 twice:output:0 b\n"
               "return r Identity:output:0\n"
               "Identity Identity sum:z:0\n"
               "return same a\n"
               "end\n"
               "function double v\n"
               "return out m:z:0\n"
               "m AddV2 v v\n"
               "end\n",
            "1,2\n", "5.0,7.0,1.0,2.0\n");
    /* the same function at two calls */
    ANSWERS(X2 OUT "a PartitionedCall x f=fn:half\n"
                   "y PartitionedCall a f=fn:half\n"
                   "function half v\n"
                   "c Const value=f32[]:2\n"
                   "d RealDiv v c:output:0\n"
                   "return r d:z:0\n"
                   "end\n",
            "8,2\n", "2.0,0.5\n");
}

TEST(functions_that_are_wrong)
{
    REFUSED(X2 OUT "y PartitionedCall x f=fn:f\n",
            "bad model: node \"y\" (PartitionedCall) calls a function that is "
            "not there");
    REFUSED(X2 OUT "y PartitionedCall x\n", "calls a function that is not");
    REFUSED(X2 OUT "y PartitionedCall f=fn:f\n"
                   "function f a\nreturn r a\nend\n",
            "bad model: a call gives 0 arguments, its function has more");
    REFUSED(X2 OUT "y PartitionedCall x f=fn:f\n"
                   "function f a\nend\n",
            "bad model: output 0 of node \"y\" (PartitionedCall) is used, it "
            "has 0");
    REFUSED(X2 OUT "y PartitionedCall x f=fn:f\n"
                   "function f a\nreturn r nothing:y:0\nend\n",
            "bad model: \"nothing:y:0\" names no node of the graph");
    /* calls itself */
    REFUSED(X2 OUT "y PartitionedCall x f=fn:f\n"
                   "function f a\nc PartitionedCall a f=fn:f\n"
                   "return r c:output:0\nend\n",
            "unsupported: functions call each other more than 64 deep");
}

TEST(nodes_that_are_missing_or_wrong)
{
    REFUSED(X2 OUT "y Neg z\n", "bad model: \"z\" names no node of the graph");
    REFUSED(X2 "out y z:0\n", "bad model: \"z:0\" names no node");
    REFUSED(X2 OUT "y Neg x:1\n",
            "bad model: output 1 of node \"x\" (Placeholder) is used, it has "
            "1");
    REFUSED(X2 "out y y:3\ny Neg x\n",
            "bad model: output 3 of node \"y\" (Neg) is used, it has 1");
    REFUSED(X2 OUT "y Neg\n",
            "bad model: node \"y\" (Neg): it has 0 inputs, expected 1");
    REFUSED(X2 OUT "y AddV2 x\n", "it has 1 inputs, expected 2");
    REFUSED(X2 OUT "y Neg x x x\n", "it has 3 inputs, expected 1");
    REFUSED(X2 OUT "y Neg x x x x\n", "bad model: node \"y\" (Neg): it has 4");
    REFUSED(X2 OUT "p Placeholder\ny AddV2 x p\n",
            "bad model: node \"p\" (Placeholder): the outputs need this "
            "placeholder, but it is no input of the signature");
    REFUSED(X2 OUT "c Const\ny AddV2 x c\n",
            "bad model: node \"c\" (Const): it has no value");
    ANSWERS(X2 OUT "c Const value=f32[]:5\n"
                   "p PlaceholderWithDefault c\n"
                   "y AddV2 x p\n",
            "1,2\n", "6.0,7.0\n");
}

TEST(ops_that_are_unknown)
{
    REFUSED(X2 OUT "y Qr x\n",
            "unsupported: operation Qr (node \"y\") is not supported; export "
            "a model of dense, embedding");
    REFUSED(X2 OUT "s AsString x\ny Identity s\n",
            "operation AsString (node \"s\") is not supported; export a "
            "signature whose outputs are numbers");
    REFUSED(X2 OUT "y Conv2D x x\n", "(node \"y\") is not supported; clary "
                                     "serves models of tables");
    REFUSED(X2 OUT "y While x cond=fn:f body=fn:f\n",
            "operation While (node \"y\") is not supported; unroll the loop");
    /* one that nobody asks for does no harm */
    ANSWERS(X2 OUT "q Qr x\ny Neg x\n", "1,2\n", "-1.0,-2.0\n");
}

/* --- control flow */

TEST(branches_on_constants)
{
    static const char *const merge = X2 "out y m:0\n"
                                        "p Const value=bool[]:%d\n"
                                        "s Switch x p\n"
                                        "on Neg s:1\n"
                                        "off Exp s\n"
                                        "m Merge off on\n";
    static const char *const calls =
        X2 OUT "p Const value=bool[]:%d\n"
               "y If p x then_branch=fn:f else_branch=fn:g\n"
               "function f a\nreturn r n:y:0\nn Neg a\nend\n"
               "function g a\nreturn r a\nend\n";
    char graph[1000];
    snprintf(graph, sizeof graph, merge, 1);
    ANSWERS(graph, "1,2\n", "-1.0,-2.0\n");
    snprintf(graph, sizeof graph, merge, 0);
    ANSWERS(graph, "0,0\n", "1.0,1.0\n");
    snprintf(graph, sizeof graph, calls, 1);
    ANSWERS(graph, "1,2\n", "-1.0,-2.0\n");
    snprintf(graph, sizeof graph, calls, 0);
    ANSWERS(graph, "1,2\n", "1.0,2.0\n");
    /* which branch it was, as a number */
    ANSWERS(X2 OUT "p Const value=bool[]:1\n"
                   "s Switch x p\n"
                   "m Merge s s:1\n"
                   "i Cast m:1 DstT=t:f32\n"
                   "y AddV2 x i\n",
            "1,2\n", "2.0,3.0\n");
}

TEST(branches_on_the_input)
{
    REFUSED(X2 OUT "c Const value=i32[2]:0,1\n"
                   "s Sum x c\n"
                   "z Const value=f32[]:0\n"
                   "p Greater s z\n"
                   "w Switch x p\n"
                   "y Merge w w:1\n",
            "node \"w\" (Switch): input 1 is reduced over the rows");
    REFUSED(X2 OUT "p IsNan x\n"
                   "y If p x then_branch=fn:f else_branch=fn:f\n"
                   "function f a\nreturn r a\nend\n",
            "unsupported: node \"y\" (If) branches on the input; use tf.where "
            "instead");
    REFUSED(X2 OUT "p IsNan x\nw Switch x p\ny Merge w w:1\n",
            "(Switch): input 1 depends on the request, expected a constant");
    REFUSED(X2 OUT "p Const value=f32[]:1\nw Switch x p\ny Merge w w:1\n",
            "bad model: node \"w\" (Switch): its predicate is no boolean "
            "scalar");
    REFUSED(X2 OUT "p Const value=bool[2]:1\nw Switch x p\ny Merge w w:1\n",
            "its predicate is no boolean scalar");
    /* the branch that is not taken, without a Merge */
    REFUSED(X2 OUT "p Const value=bool[]:1\nw Switch x p\ny Neg w:0\n",
            "output \"y\"");
}

TEST(loops)
{
    REFUSED(X2 OUT "y AddV2 x n\nn Neg y\n",
            "is part of a loop; loops are not supported");
    REFUSED(X2 OUT "y Neg y\n",
            "unsupported: node \"y\" (Neg) is part of a loop");
    /* as tf.while_loop makes them in TensorFlow 1 */
    REFUSED(X2 "out y exit:0\n"
               "e Enter x\n"
               "m Merge e next\n"
               "c Const value=bool[]:1\n"
               "l LoopCond c\n"
               "s Switch m l\n"
               "next NextIteration s:1\n"
               "exit Exit s\n",
            "not supported");
}

/* --- open dimensions */

TEST(open_dimensions_are_learned)
{
    /* from a matrix, through elementwise ops */
    ANSWERS("in x x:0 f32 -1 -1\nx Placeholder\n" OUT "r Relu x\n"
            "w Const value=f32[3,1]:1,10,100\n"
            "y MatMul r w\n",
            "1,2,3\n-1,0,1\n", "321.0\n100.0\n");
    /* from a vector beside it */
    ANSWERS("in x x:0 f32 -1 -1\nx Placeholder\n" OUT
            "c Const value=f32[2]:10,20\n"
            "y AddV2 x c\n",
            "1,2\n", "11.0,22.0\n");
    /* two of them */
    ANSWERS("in a a:0 f32 -1 -1\na Placeholder\n"
            "in b b:0 f32 -1 -1\nb Placeholder\n" OUT
            "v Const value=f32[2,1]:1,1\n"
            "w Const value=f32[3,1]:1,1,1\n"
            "p MatMul a v\n"
            "q MatMul b w\n"
            "y Sub p q\n",
            "1,2,3,4,5\n", "-9.0\n");
    /* nobody tells: one column */
    ANSWERS("in x x:0 f32 -1 -1\nx Placeholder\n" OUT "y Neg x\n", "7\n",
            "-7.0\n");
    /* no rank: numbers */
    ANSWERS("in x x:0 f32\nx Placeholder\n" OUT "y Neg x\n", "7\n", "-7.0\n");
}

TEST(open_dimensions_that_contradict)
{
    REFUSED("in x x:0 f32 -1 -1\nx Placeholder\n" OUT
            "v Const value=f32[2,1]:1,1\n"
            "w Const value=f32[3,1]:1,1,1\n"
            "p MatMul x v\n"
            "q MatMul x w\n"
            "y Sub p q\n",
            "(matmul): the product of a tensor of shape (1, ");
    REFUSED("in x x:0 f32 -1 1000003\nx Placeholder\n" OUT "y Neg x\n",
            "unsupported: input \"x\" has a dimension of 1000003, the most is "
            "1000002");
}

/* --- what depends on the number of rows */

TEST(shapes_of_the_request)
{
    /* reshape to (rows, -1), as Flatten does it */
    ANSWERS("in x x:0 f32 -1 2 2\nx Placeholder\n" OUT "s Shape x\n"
            "b Const value=i32[1]:0\n"
            "e Const value=i32[1]:1\n"
            "n StridedSlice s b e e shrink_axis_mask=i:1\n"
            "m Const value=i32[]:-1\n"
            "p Pack n m\n"
            "f Reshape x p\n"
            "w Const value=f32[4,1]:1,10,100,1000\n"
            "y MatMul f w\n",
            "1,2,3,4\n5,6,7,8\n", "4321.0\n8765.0\n");
    /* a constant for each row */
    ANSWERS(X2 OUT "s Shape x\n"
                   "c Const value=f32[]:3\n"
                   "f Fill s c\n"
                   "y AddV2 x f\n",
            "1,2\n4,5\n", "4.0,5.0\n7.0,8.0\n");
    ANSWERS(X2 OUT "s Shape x\n"
                   "b Const value=i32[1]:0\n"
                   "e Const value=i32[1]:1\n"
                   "n StridedSlice s b e e shrink_axis_mask=i:1\n"
                   "o Const value=i32[]:1\n"
                   "p Pack n o\n"
                   "c Const value=f32[1,2]:10,20\n"
                   "t Tile c p\n"
                   "y ConcatV2 x t o\n",
            "1,2\n3,4\n", "1.0,2.0,10.0,20.0\n3.0,4.0,10.0,20.0\n");
    ANSWERS(X2 OUT "z ZerosLike x\no OnesLike x\n"
                   "n Sub z o\ny AddV2 n x\n",
            "1,2\n", "0.0,1.0\n");
}

TEST(numbers_of_rows_are_no_numbers)
{
    /* a prediction that depends on how many rows there are */
    REFUSED(X2 OUT "s Shape x out_type=t:i64\n"
                   "f Cast s DstT=t:f32\n"
                   "y AddV2 x f\n",
            "the result for a row would depend on how many rows come with it");
    REFUSED(X2 OUT "s Size x\nf Cast s DstT=t:f32\ny Mul x f\n",
            "would depend on how many rows come with it");
    ANSWERS(X2 OUT "s Rank x\nf Cast s DstT=t:f32\ny Mul x f\n", "1,2\n",
            "2.0,4.0\n");
    /* rows that leave the first dimension */
    REFUSED(X2 OUT "s Const value=i32[2]:2,-1\ny Reshape x s\n", "unsupported");
    REFUSED(X2 OUT "s Const value=i32[1]:-1\ny Reshape x s\n", "unsupported");
    REFUSED(X2 OUT "p Const value=i32[2]:1,0\ny Transpose x p\n",
            "unsupported");
    REFUSED(X2 OUT "y MatMul x x transpose_a=b:1\n", "unsupported");
    REFUSED(X2 OUT "a Const value=i32[]:0\ny ConcatV2 x x a\n", "unsupported");
    REFUSED(X2 OUT "b Const value=i32[2]:1,0\n"
                   "e Const value=i32[2]:0,0\n"
                   "s Const value=i32[2]:1,1\n"
                   "y StridedSlice x b e s end_mask=i:3\n",
            "it takes a part of the rows");
    REFUSED(X2 OUT "b Const value=i32[2]:0,0\n"
                   "s Const value=i32[2]:1,-1\n"
                   "y Slice x b s\n",
            "it takes a part of the rows");
    REFUSED(X2 OUT "c Const value=f32[2]:1,2\n"
                   "i Const value=i32[1]:0\n"
                   "g GatherV2 x i a\n"
                   "a Const value=i32[]:0\n"
                   "y AddV2 g c\n",
            "unsupported");
}

TEST(reductions_over_the_rows)
{
    REFUSED(X2 OUT "a Const value=i32[]:0\n"
                   "m Mean x a\n"
                   "y Sub x m\n",
            "is reduced over the rows of the request by node \"m\", and a "
            "row's prediction must not depend on other rows");
    REFUSED(X2 OUT "a Const value=i32[2]:0,1\ny Sum x a\n",
            "unsupported: output \"y\" is reduced over the rows of the "
            "request by node \"y\"");
    REFUSED(X2 OUT "a Const value=i32[]:-2\nm Max x a\ny Sub x m\n",
            "is reduced over the rows");
    ANSWERS(X2 OUT "a Const value=i32[]:-1\nm Max x a keep_dims=b:1\n"
                   "y Sub x m\n",
            "1,2\n5,3\n", "-1.0,0.0\n0.0,-2.0\n");
}

/* Keras sizes a bincount by the largest number in the batch, and then clips
 * it: that is a constant. */
#define BOUNDED                                                                \
    "in x x:0 i64 -1 2\nx Placeholder\n"                                       \
    "out y y:0 i64\n"                                                          \
    "a Const value=i32[2]:0,1\n"                                               \
    "o Const value=i64[]:1\n"                                                  \
    "t Const value=i64[]:3\n"                                                  \
    "m Max x a\n"                                                              \
    "p AddV2 m o\n"

TEST(bounded_reductions_over_the_rows)
{
    ANSWERS(BOUNDED "low Maximum t p\n"
                    "n Minimum t low\n"
                    "w Const value=f32[0]\n"
                    "b DenseBincount x n w binary_output=b:1 T=t:f32\n"
                    "y Cast b DstT=t:i64\n",
            "0,2\n1,1\n0,7\n", "1,0,1\n0,1,0\n1,0,0\n");
    ANSWERS(BOUNDED "low Minimum p t\n"
                    "n Maximum low t\n"
                    "y AddV2 x n\n",
            "0,2\n", "3,5\n");
    REFUSED(BOUNDED "n Minimum t p\ny AddV2 x n\n",
            "is reduced over the rows of the request by node \"m\"");
    REFUSED(BOUNDED "low Maximum o p\nn Minimum t low\ny AddV2 x n\n",
            "is reduced over the rows");
    REFUSED(BOUNDED "low Maximum t p\nk AddV2 low o\nn Minimum t k\n"
                    "y AddV2 x n\n",
            "is reduced over the rows");
    /* not one number but one a column: no scalar may stand for it */
    REFUSED("in x x:0 i64 -1 2\nx Placeholder\nout y y:0 i64\n"
            "a Const value=i32[]:0\nt Const value=i64[]:3\n"
            "m Max x a\nlow Maximum t m\nn Minimum t low\n"
            "e Const value=i32[]:0\ns Sum n e\ny AddV2 x s\n",
            "is reduced over the rows");
}

/* --- signatures */

TEST(signatures)
{
    /* columns in natural order of the names, outputs too */
    ANSWERS("in t_10 b:0 f32 -1 1\nin t_9 a:0 f32 -1 1\n"
            "a Placeholder\nb Placeholder\n"
            "out o_10 p:0\nout o_9 q:0\n"
            "p Neg b\nq Identity a\n",
            "1,2\n", "1.0,-2.0\n");
    /* inputs that nothing reads are columns all the same */
    ANSWERS(X2 "in z z:0 f32 -1 1\nz Placeholder\n" OUT "y Neg x\n", "1,2,9\n",
            "-1.0,-2.0\n");
    /* one tensor as two outputs, and an input as an output */
    ANSWERS(X2 "out a n:0\nout b n:0\nout c x:0\nn Neg x\n", "1,2\n",
            "-1.0,-2.0,-1.0,-2.0,1.0,2.0\n");
}

TEST(signatures_that_are_refused)
{
    REFUSED(OUT "y Const value=f32[1]:1\n",
            "bad model: signature \"serving_default\" has 0 inputs and 1 "
            "outputs");
    REFUSED(X2, "has 1 inputs and 0 outputs");
    REFUSED("in x x:0 str -1\nx Placeholder\n" OUT "y Identity x\n",
            "unsupported: input \"x\" is of type DT_STRING, only numbers are "
            "supported");
    REFUSED("in x x:0 half -1 2\nx Placeholder\n" OUT "y Identity x\n",
            "input \"x\" is of type DT_HALF");
    REFUSED("in x - f32 -1 2\n" OUT "y Const value=f32[1]:1\n",
            "input \"x\" is no plain tensor (sparse or ragged)");
    REFUSED(X2 "out y y:0 str\ny Identity x\n",
            "output \"y\" is no tensor of numbers");
    REFUSED(X2 "out y -\n", "output \"y\" is no tensor of numbers");
    REFUSED(X2 OUT "y Const value=f32[1]:1\n",
            "unsupported: output \"y\" does not depend on the input");
    REFUSED(X2 OUT "y Shape x\n", "output \"y\" does not depend on the input");
    REFUSED("in x x:0 f32 -1 1 1 1 1 1 1 1 1\nx Placeholder\n" OUT "y Neg x\n",
            "input \"x\" has rank 9, the most is 8");
    REFUSED(X2 "in z x:0 f32 -1 2\n" OUT "y Neg x\n",
            "two inputs of the signature come from node \"x\"");
    REFUSED("in x nothing:0 f32 -1 2\n" OUT "y Neg x\nx NoOp\n",
            "bad model: \"nothing:0\" names no node of the graph");
}

/* --- limits */

/* 2^24 calls of the smallest function, in 24 lines. */
TEST(calls_that_double)
{
    char graph[4000] = X2 OUT "y PartitionedCall x f=fn:f0\n";
    for (int i = 0; i < 24; i++)
        snprintf(graph + strlen(graph), 200,
                 "function f%d v\na PartitionedCall v f=fn:f%d\n"
                 "b PartitionedCall a:o:0 f=fn:f%d\nreturn r b:o:0\nend\n",
                 i, i + 1, i + 1);
    strcat(graph, "function f24 v\nreturn r v\nend\n");
    REFUSED(graph, "unsupported: the graph has more than 2000000 nodes");
}

/* A chain of 100,000 nodes does not recurse. */
TEST(long_chains)
{
    enum { LENGTH = 100000 };
    char *graph = malloc(LENGTH * 30), *at = graph;
    at += sprintf(at, X2 "out y n%d:0\nn0 Identity x\n", LENGTH);
    for (int i = 1; i <= LENGTH; i++)
        at += sprintf(at, "n%d Identity n%d\n", i, i - 1);
    ANSWERS(graph, "1,2\n", "1.0,2.0\n");
    free(graph);
}
