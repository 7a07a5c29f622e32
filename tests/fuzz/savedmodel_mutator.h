/* savedmodel_mutator.h: changes a SavedModel where it matters.
 *
 * Flipping bytes of a protobuf mostly breaks it. So most mutations decode the
 * message, change one thing of its graph (an op, an edge, an attribute, a
 * number of a constant, a dimension of the signature) and encode it again.
 * libFuzzer calls this; the replay of a corpus does not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_SAVEDMODEL_MUTATOR_H
#define CLARY_TESTS_SAVEDMODEL_MUTATOR_H

#include "format/proto.h"
#include "format/tensorflow/graph.h"

#include <stdio.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
    __attribute__((weak)); /* libFuzzer's */

struct mutator {
    struct clary_arena arena; /* of the decoded message and what is added */
    uint64_t random;
};

/* 0 .. n - 1; 0 for n 0. */
static size_t pick(struct mutator *m, size_t n)
{
    m->random = m->random * 6364136223846793005U + 1442695040888963407U;
    return n == 0 ? 0 : (size_t)(m->random >> 33) % n;
}

static const char *const mutator_ops[] = {"Abs",
                                          "Add",
                                          "AddV2",
                                          "AddN",
                                          "ArgMax",
                                          "BatchMatMulV2",
                                          "BiasAdd",
                                          "BroadcastTo",
                                          "Bucketize",
                                          "Cast",
                                          "ClipByValue",
                                          "Concat",
                                          "ConcatV2",
                                          "Const",
                                          "DenseBincount",
                                          "DivNoNan",
                                          "Elu",
                                          "Equal",
                                          "ExpandDims",
                                          "Exp",
                                          "Fill",
                                          "FloorDiv",
                                          "FloorMod",
                                          "FusedBatchNormV3",
                                          "Gather",
                                          "GatherV2",
                                          "Identity",
                                          "IdentityN",
                                          "If",
                                          "IsNan",
                                          "LeakyRelu",
                                          "LogSoftmax",
                                          "LogicalNot",
                                          "MatMul",
                                          "Max",
                                          "Maximum",
                                          "Mean",
                                          "Merge",
                                          "Min",
                                          "Mul",
                                          "Neg",
                                          "NoOp",
                                          "OneHot",
                                          "OnesLike",
                                          "Pack",
                                          "PartitionedCall",
                                          "Placeholder",
                                          "PlaceholderWithDefault",
                                          "Pow",
                                          "Prod",
                                          "Range",
                                          "Rank",
                                          "ReadVariableOp",
                                          "RealDiv",
                                          "Relu",
                                          "Reshape",
                                          "ResourceGather",
                                          "Round",
                                          "Select",
                                          "SelectV2",
                                          "Selu",
                                          "Shape",
                                          "Sigmoid",
                                          "Sign",
                                          "Size",
                                          "Slice",
                                          "Softmax",
                                          "Softplus",
                                          "Split",
                                          "SplitV",
                                          "Sqrt",
                                          "Square",
                                          "SquaredDifference",
                                          "Squeeze",
                                          "StatefulPartitionedCall",
                                          "StridedSlice",
                                          "Sub",
                                          "Sum",
                                          "Switch",
                                          "Tanh",
                                          "Tile",
                                          "Transpose",
                                          "Unpack",
                                          "VarHandleOp",
                                          "VariableV2",
                                          "ZerosLike"};

static const char *const mutator_attributes[] = {"T",
                                                 "DstT",
                                                 "out_type",
                                                 "output_type",
                                                 "value",
                                                 "f",
                                                 "then_branch",
                                                 "else_branch",
                                                 "shared_name",
                                                 "alpha",
                                                 "epsilon",
                                                 "transpose_a",
                                                 "transpose_b",
                                                 "adj_x",
                                                 "adj_y",
                                                 "keep_dims",
                                                 "is_training",
                                                 "data_format",
                                                 "squeeze_dims",
                                                 "axis",
                                                 "num",
                                                 "num_split",
                                                 "begin_mask",
                                                 "end_mask",
                                                 "ellipsis_mask",
                                                 "new_axis_mask",
                                                 "shrink_axis_mask",
                                                 "batch_dims",
                                                 "boundaries",
                                                 "binary_output"};

static int64_t pick_integer(struct mutator *m)
{
    static const int64_t special[] = {
        0,         1,         -1,        2,         -2,       3,       4,
        5,         7,         8,         9,         16,       61,      96,
        127,       128,       255,       1000,      65536,    1000003, 1 << 28,
        INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1LL << 33};
    /* mostly small ones: the others are refused at once */
    size_t n = sizeof special / sizeof *special;
    return special[pick(m, pick(m, 4) == 0 ? n : 8)];
}

/* --- one change each; nothing happens where there is nothing to change */

static Clary__Tf__Node *pick_node(struct mutator *m,
                                  const Clary__Tf__MetaGraph *metagraph,
                                  Clary__Tf__Node ***nodes, size_t *n,
                                  const Clary__Tf__Function **function)
{
    const Clary__Tf__Graph *graph = metagraph->graph;
    size_t n_functions = graph->library ? graph->library->n_function : 0;
    size_t which = pick(m, n_functions + 1);
    *function = which < n_functions ? graph->library->function[which] : NULL;
    *nodes = *function ? (*function)->node : graph->node;
    *n = *function ? (*function)->n_node : graph->n_node;
    return *n == 0 ? NULL : (*nodes)[pick(m, *n)];
}

static void change_input(struct mutator *m, Clary__Tf__Node *node,
                         Clary__Tf__Node **nodes, size_t n,
                         const Clary__Tf__Function *function)
{
    size_t n_inputs = node->n_input + (pick(m, 4) == 0), i;
    char **inputs = clary_arena_calloc(&m->arena, n_inputs + 1, sizeof *inputs);
    const char *name = nodes[pick(m, n)]->name;
    const Clary__Tf__FunctionSignature *s =
        function ? function->signature : NULL;
    char *text;
    if (pick(m, 8) == 0 && node->n_input > 0) {
        node->n_input--;
        return;
    }
    if (s && s->n_input_arg > 0 && pick(m, 4) == 0)
        text = s->input_arg[pick(m, s->n_input_arg)]->name;
    else if (pick(m, 3) > 0)
        text = clary_arena_printf(&m->arena, "%s%s", name,
                                  function ? ":out:0" : "");
    else
        text = clary_arena_printf(&m->arena, "%s%s:%zu", name,
                                  function ? ":out" : "", pick(m, 4));
    if (inputs == NULL || text == NULL || n_inputs == 0)
        return;
    for (i = 0; i < node->n_input; i++)
        inputs[i] = node->input[i];
    inputs[node->n_input < n_inputs ? node->n_input : pick(m, n_inputs)] = text;
    node->input = inputs;
    node->n_input = n_inputs;
}

static void change_shape(struct mutator *m, Clary__Tf__Shape *shape)
{
    if (shape == NULL || shape->n_dim == 0)
        return;
    if (pick(m, 4) == 0)
        shape->n_dim--;
    else
        shape->dim[pick(m, shape->n_dim)]->size = pick_integer(m);
}

static void change_tensor(struct mutator *m, Clary__Tf__Tensor *tensor)
{
    size_t len = tensor->tensor_content.len;
    switch (pick(m, 4)) {
    case 0:
        tensor->dtype = (int32_t)pick(m, 24);
        break;
    case 1:
        change_shape(m, tensor->shape);
        break;
    default:
        if (len >= 4) {
            int32_t value = (int32_t)pick_integer(m);
            memcpy(tensor->tensor_content.data + pick(m, len / 4) * 4, &value,
                   4);
        } else if (tensor->n_int_val > 0) {
            tensor->int_val[pick(m, tensor->n_int_val)] =
                (int32_t)pick_integer(m);
        } else if (tensor->n_int64_val > 0) {
            tensor->int64_val[pick(m, tensor->n_int64_val)] = pick_integer(m);
        } else if (tensor->n_float_val > 0) {
            tensor->float_val[pick(m, tensor->n_float_val)] =
                (float)pick_integer(m);
        }
    }
}

static void change_attribute(struct mutator *m, Clary__Tf__Node *node)
{
    Clary__Tf__AttributeEntry *entry;
    if (node->n_attribute == 0)
        return;
    entry = node->attribute[pick(m, node->n_attribute)];
    if (pick(m, 4) == 0) {
        size_t n = sizeof mutator_attributes / sizeof *mutator_attributes;
        entry->key =
            clary_arena_printf(&m->arena, "%s", mutator_attributes[pick(m, n)]);
        return;
    }
    if (entry->value == NULL)
        return;
    if (entry->value->tensor != NULL && pick(m, 4) > 0) {
        change_tensor(m, entry->value->tensor);
        return;
    }
    switch (pick(m, 4)) {
    case 0:
        entry->value->type = (int32_t)pick(m, 24);
        break;
    case 1:
        entry->value->b = !entry->value->b;
        break;
    default:
        entry->value->i = pick_integer(m);
    }
}

static void change_signature(struct mutator *m,
                             const Clary__Tf__MetaGraph *metagraph)
{
    Clary__Tf__Signature *signature;
    Clary__Tf__TensorInfo *info;
    if (metagraph->n_signatures == 0)
        return;
    signature = metagraph->signatures[pick(m, metagraph->n_signatures)]->value;
    if (signature == NULL || signature->n_inputs == 0)
        return;
    info = signature->inputs[pick(m, signature->n_inputs)]->value;
    if (info == NULL)
        return;
    if (pick(m, 3) == 0)
        info->dtype = (int32_t)pick(m, 12);
    else
        change_shape(m, info->shape);
}

static void change_model(struct mutator *m, const Clary__Tf__SavedModel *model)
{
    const Clary__Tf__MetaGraph *metagraph;
    const Clary__Tf__Function *function;
    Clary__Tf__Node **nodes, *node;
    size_t n;
    if (model->n_meta_graphs == 0)
        return;
    metagraph = model->meta_graphs[pick(m, model->n_meta_graphs)];
    if (metagraph->graph == NULL)
        return;
    node = pick_node(m, metagraph, &nodes, &n, &function);
    if (node == NULL)
        return;
    switch (pick(m, 8)) {
    case 0:
        change_signature(m, metagraph);
        break;
    case 1:
    case 2:
        node->op = clary_arena_printf(
            &m->arena, "%s",
            mutator_ops[pick(m, sizeof mutator_ops / sizeof *mutator_ops)]);
        break;
    case 3:
    case 4:
        change_input(m, node, nodes, n, function);
        break;
    default:
        change_attribute(m, node);
    }
}

/* Changes the message in data[0 .. size - 1] in place; the new size, or 0 when
 * it cannot be decoded or does not fit. */
static size_t mutate_model(uint8_t *data, size_t size, size_t max_size,
                           unsigned seed)
{
    struct mutator m = {.random = seed};
    struct clary_error err;
    ProtobufCMessage *message;
    size_t len = 0, changes = 1;
    clary_arena_init(&m.arena, (size_t)64 << 20);
    if (clary_proto_unpack(&clary__tf__saved_model__descriptor, &m.arena, data,
                           size, "", &message, &err) == CLARY_OK) {
        for (changes += pick(&m, 3); changes > 0; changes--)
            change_model(&m,
                         (const Clary__Tf__SavedModel *)(const void *)message);
        len = protobuf_c_message_get_packed_size(message);
        if (len <= max_size)
            protobuf_c_message_pack(message, data);
        else
            len = 0;
    }
    clary_arena_deinit(&m.arena);
    return len;
}

#endif
