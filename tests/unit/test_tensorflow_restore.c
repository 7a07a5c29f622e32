/* test_tensorflow_restore.c: how the variables of a graph get their values.
 *
 * The graphs are written as text; their checkpoint is that of a golden model.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/graph_text.h"

/* x is (rows, 2), y what the graph makes of it. */
#define X2                                                                     \
    "in x x:0 f32 -1 2\n"                                                      \
    "x Placeholder\n"
#define OUT "out y y:0\n"

/* The golden model y = slope x + offset, for its variables: 0.5 and 3. */
static const struct clary_artifact *variables(void)
{
    static struct clary_artifact *opened;
    struct clary_error err;
    if (opened == NULL &&
        clary_artifact_open("tests/golden/savedmodel/half-plus-three/"
                            "model.tar.gz",
                            NULL, &opened, &err) != CLARY_OK) {
        printf("%s\n", err.message);
        exit(1);
    }
    return opened;
}

#define SLOPE  "slope/.ATTRIBUTES/VARIABLE_VALUE"
#define OFFSET "offset/.ATTRIBUTES/VARIABLE_VALUE"

#define WITH_VARIABLES(graph, text)                                            \
    CHECK_STR(graph_run_with(graph, variables(), "1,2\n"), text)

static bool refused_with_variables(const char *graph, const char *text)
{
    const char *answer = graph_run_with(graph, variables(), "1,2\n");
    if (strstr(answer, text) != NULL && strchr(answer, ':') != NULL)
        return true;
    printf("%s\n", answer);
    return false;
}

#define REFUSED_WITH_VARIABLES(graph, text)                                    \
    CHECK(refused_with_variables(graph, text))

/* As a session of TensorFlow 1 saves it: y = v x + w. */
#define TF1_GRAPH                                                              \
    X2 OUT "v VariableV2\n"                                                    \
           "w VariableV2 shared_name=s:other\n"                                \
           "r Identity v\n"                                                    \
           "m Mul x r\n"                                                       \
           "y AddV2 m w\n"
#define TF1_RESTORE                                                            \
    "restore save/restore_all\n"                                               \
    "save/restore_all NoOp ^save/restore_shard\n"                              \
    "save/restore_shard NoOp ^save/a ^save/b\n"                                \
    "save/a Assign v save/R\n"                                                 \
    "save/b Assign w save/i\n"                                                 \
    "save/i Identity save/R:1\n"                                               \
    "save/R RestoreV2 save/f save/n save/s\n"                                  \
    "save/f Const value=str[]:model\n"

TEST(variables_of_tensorflow_1)
{
    WITH_VARIABLES(TF1_GRAPH TF1_RESTORE "save/n Const value=str[2]:" SLOPE
                                         "," OFFSET "\n"
                                         "save/s Const value=str[2]:,\n",
                   "3.5,4.0\n");
    WITH_VARIABLES(TF1_GRAPH TF1_RESTORE "save/n Const value=str[2]:" OFFSET
                                         "," SLOPE "\n"
                                         "save/s Const value=str[2]:\n",
                   "3.5,6.5\n");
    /* the last of a short list stands for the rest */
    WITH_VARIABLES(TF1_GRAPH TF1_RESTORE "save/n Const value=str[2]:" SLOPE "\n"
                                         "save/s Const value=str[2]:\n",
                   "1.0,1.5\n");
}

/* As TensorFlow 2 saves it: handles go into a function, which assigns them. */
#define TF2_GRAPH                                                              \
    X2 OUT "v VarHandleOp shared_name=s:slope\n"                               \
           "w VarHandleOp\n"                                                   \
           "y StatefulPartitionedCall x v w f=fn:serve\n"                      \
           "function serve a b c\n"                                            \
           "s ReadVariableOp b\n"                                              \
           "o ReadVariableOp c\n"                                              \
           "m Mul a s:value:0\n"                                               \
           "r AddV2 m:z:0 o:value:0\n"                                         \
           "return y r:z:0\n"                                                  \
           "end\n"                                                             \
           "restore call\n"                                                    \
           "file Const value=str[]:model\n"
#define TF2_RESTORE                                                            \
    "call StatefulPartitionedCall file v w f=fn:outer\n"                       \
    "function outer f b c\n"                                                   \
    "inside PartitionedCall f b c f=fn:inner\n"                                \
    "return r f\n"                                                             \
    "end\n"                                                                    \
    "function inner f b c\n"                                                   \
    "n Const value=str[2]:" SLOPE "," OFFSET "\n"                              \
    "s Const value=str[2]:\n"                                                  \
    "R RestoreV2 f n:output:0 s:output:0\n"                                    \
    "i Identity R:tensors:0\n"                                                 \
    "a AssignVariableOp b i:output:0\n"                                        \
    "d AssignVariableOp c R:tensors:1\n"                                       \
    "return r f\n"                                                             \
    "end\n"

TEST(variables_of_tensorflow_2)
{
    WITH_VARIABLES(TF2_GRAPH TF2_RESTORE, "3.5,4.0\n");
    /* Keras 3: what is restored is not what is read, but was made from it */
    WITH_VARIABLES(TF2_GRAPH TF2_RESTORE "v2 VarHandleOp\n"
                                         "first ReadVariableOp v2\n"
                                         "init AssignVariableOp v first\n"
                                         "again ReadVariableOp v2\n"
                                         "out z z:0\n"
                                         "z Sub x again\n",
                   "3.5,4.0,0.5,1.5\n");
}

TEST(variables_that_are_not_there)
{
    REFUSED_WITH_VARIABLES(TF1_GRAPH,
                           "bad model: node \"w\" (VariableV2): variable "
                           "\"other\" is not restored from the artifact's "
                           "variables");
    REFUSED_WITH_VARIABLES(TF1_GRAPH TF1_RESTORE
                           "save/n Const value=str[2]:" SLOPE ",nothing\n"
                           "save/s Const value=str[2]:\n",
                           "nothing");
    REFUSED_WITH_VARIABLES(TF1_GRAPH TF1_RESTORE "save/n Const value=f32[]:1\n"
                                                 "save/s Const value=str[2]:\n",
                           "bad model: the restore op's \"save/n\" is no list "
                           "of strings");
    REFUSED_WITH_VARIABLES(TF1_GRAPH "restore nothing\n",
                           "bad model: \"nothing\" names no node");
    REFUSED_WITH_VARIABLES(X2 OUT "v ReadVariableOp x\ny AddV2 x v\n",
                           "(ReadVariableOp): its input is no variable");
    REFUSED_WITH_VARIABLES(X2 OUT "v VarHandleOp\ny AddV2 x v\n",
                           "(AddV2): input 1 is no tensor");
    /* no file of variables at all */
    CHECK(strstr(graph_run(TF2_GRAPH TF2_RESTORE, "1,2\n"),
                 "is not restored from the artifact's variables") != NULL);
}

TEST(variables_in_partitions)
{
    REFUSED_WITH_VARIABLES(TF1_GRAPH TF1_RESTORE
                           "save/n Const value=str[2]:" SLOPE "," OFFSET "\n"
                           "save/s Const value=str[2]:,4_0:0\n",
                           "unsupported: node \"w\" (VariableV2): variable "
                           "\"other\" is partitioned (slice \"4_0:0\")");
    /* one that nobody reads does no harm */
    WITH_VARIABLES(X2 OUT "v VariableV2\n"
                          "w VariableV2\n"
                          "y Mul x v\n" TF1_RESTORE
                          "save/n Const value=str[2]:" SLOPE "," OFFSET "\n"
                          "save/s Const value=str[2]:,4_0:0\n",
                   "0.5,1.0\n");
}

TEST(restore_graphs_without_end)
{
    REFUSED_WITH_VARIABLES(TF2_GRAPH
                           "call StatefulPartitionedCall file f=fn:f\n"
                           "function f a\n"
                           "c PartitionedCall a f=fn:f\n"
                           "return r a\nend\n",
                           "functions of the restore graph call each other "
                           "without end");
    REFUSED_WITH_VARIABLES(TF2_GRAPH "call AssignVariableOp i i\n"
                                     "i Identity j\nj Identity i\n",
                           "leads nowhere after 1000 steps");
    REFUSED_WITH_VARIABLES(TF2_GRAPH
                           "call StatefulPartitionedCall file f=fn:no\n",
                           "calls a function that is not there");
}
