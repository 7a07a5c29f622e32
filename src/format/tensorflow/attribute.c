/* attribute.c: attributes of nodes, data types and constant tensors.
 *
 * Source: tensorflow/core/framework/{attr_value,types,tensor}.proto.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/graph.h"

#include <string.h>

const Clary__Tf__Attribute *clary_attribute(const Clary__Tf__Node *node,
                                            const char *name)
{
    size_t i;

    for (i = 0; i < node->n_attribute; i++)
        if (strcmp(node->attribute[i]->key, name) == 0)
            return node->attribute[i]->value;
    return NULL;
}

int64_t clary_attribute_int(const Clary__Tf__Node *node, const char *name,
                            int64_t otherwise)
{
    const Clary__Tf__Attribute *a = clary_attribute(node, name);

    return a ? a->i : otherwise;
}

bool clary_attribute_bool(const Clary__Tf__Node *node, const char *name,
                          bool otherwise)
{
    const Clary__Tf__Attribute *a = clary_attribute(node, name);

    return a ? a->b != 0 : otherwise;
}

float clary_attribute_float(const Clary__Tf__Node *node, const char *name,
                            float otherwise)
{
    const Clary__Tf__Attribute *a = clary_attribute(node, name);

    return a ? a->f : otherwise;
}

bool clary_attribute_is(const Clary__Tf__Node *node, const char *name,
                        const char *text, const char *otherwise)
{
    const Clary__Tf__Attribute *a = clary_attribute(node, name);

    if (!a)
        return strcmp(otherwise, text) == 0;
    return a->s.len == strlen(text) && memcmp(a->s.data, text, a->s.len) == 0;
}

/* DataType by number. */
static const struct {
    const char *name;
    enum clary_dtype dtype;
} datatypes[] = {
    {"DT_INVALID", CLARY_DTYPE_COUNT},    {"DT_FLOAT", CLARY_DTYPE_F32},
    {"DT_DOUBLE", CLARY_DTYPE_F64},       {"DT_INT32", CLARY_DTYPE_I32},
    {"DT_UINT8", CLARY_DTYPE_U8},         {"DT_INT16", CLARY_DTYPE_COUNT},
    {"DT_INT8", CLARY_DTYPE_I8},          {"DT_STRING", CLARY_DTYPE_STRING},
    {"DT_COMPLEX64", CLARY_DTYPE_COUNT},  {"DT_INT64", CLARY_DTYPE_I64},
    {"DT_BOOL", CLARY_DTYPE_BOOL},        {"DT_QINT8", CLARY_DTYPE_COUNT},
    {"DT_QUINT8", CLARY_DTYPE_COUNT},     {"DT_QINT32", CLARY_DTYPE_COUNT},
    {"DT_BFLOAT16", CLARY_DTYPE_COUNT},   {"DT_QINT16", CLARY_DTYPE_COUNT},
    {"DT_QUINT16", CLARY_DTYPE_COUNT},    {"DT_UINT16", CLARY_DTYPE_COUNT},
    {"DT_COMPLEX128", CLARY_DTYPE_COUNT}, {"DT_HALF", CLARY_DTYPE_COUNT},
    {"DT_RESOURCE", CLARY_DTYPE_COUNT},   {"DT_VARIANT", CLARY_DTYPE_COUNT},
    {"DT_UINT32", CLARY_DTYPE_COUNT},     {"DT_UINT64", CLARY_DTYPE_COUNT},
};

/* Reference types (DT_FLOAT_REF ...) are the base types plus 100. */
static size_t base_type(int32_t type)
{
    size_t base = type > 100 ? (size_t)type - 100 : (size_t)type;

    return type >= 0 && base < sizeof datatypes / sizeof *datatypes ? base : 0;
}

enum clary_dtype clary_datatype(int32_t type)
{
    return datatypes[base_type(type)].dtype;
}

const char *clary_datatype_name(int32_t type)
{
    return datatypes[base_type(type)].name;
}

enum clary_status clary_attribute_dtype(const Clary__Tf__Node *node,
                                        const char *name,
                                        enum clary_dtype otherwise,
                                        enum clary_dtype *dtype,
                                        struct clary_error *err)
{
    const Clary__Tf__Attribute *a = clary_attribute(node, name);

    *dtype = a ? clary_datatype(a->type) : otherwise;
    if (*dtype == CLARY_DTYPE_COUNT || *dtype == CLARY_DTYPE_STRING)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "node \"%s\" (%s): type %s is not supported",
                          node->name, node->op,
                          a ? clary_datatype_name(a->type) : "DT_INVALID");
    return CLARY_OK;
}

static enum clary_status decode_shape(const Clary__Tf__Node *node,
                                      const Clary__Tf__Shape *proto,
                                      struct clary_shape *shape,
                                      struct clary_error *err)
{
    size_t i;

    memset(shape, 0, sizeof *shape);
    if (!proto)
        return CLARY_OK;
    if (proto->n_dim > CLARY_MAX_RANK)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "node \"%s\": a constant of rank %zu, the most is %d",
                          node->name, proto->n_dim, CLARY_MAX_RANK);
    shape->rank = proto->n_dim;
    for (i = 0; i < proto->n_dim; i++) {
        shape->dim[i] = proto->dim[i]->size;
        if (shape->dim[i] < 0)
            return clary_fail(err, CLARY_BAD_MODEL,
                              "node \"%s\": a constant with an unknown "
                              "dimension",
                              node->name);
    }
    return CLARY_OK;
}

/* The typed list that `dtype` uses, converted element by element: i of it. */
static void store(enum clary_dtype dtype, void *data, size_t i,
                  const Clary__Tf__Tensor *proto, size_t from)
{
    switch (dtype) {
    case CLARY_DTYPE_F32:
        ((float *)data)[i] = proto->float_val[from];
        break;
    case CLARY_DTYPE_F64:
        ((double *)data)[i] = proto->double_val[from];
        break;
    case CLARY_DTYPE_I64:
        ((int64_t *)data)[i] = proto->int64_val[from];
        break;
    case CLARY_DTYPE_BOOL:
        ((unsigned char *)data)[i] = proto->bool_val[from] != 0;
        break;
    case CLARY_DTYPE_I32:
        ((int32_t *)data)[i] = proto->int_val[from];
        break;
    default: /* I8, U8 */
        ((unsigned char *)data)[i] = (unsigned char)proto->int_val[from];
        break;
    }
}

static size_t list_length(enum clary_dtype dtype,
                          const Clary__Tf__Tensor *proto)
{
    switch (dtype) {
    case CLARY_DTYPE_F32:
        return proto->n_float_val;
    case CLARY_DTYPE_F64:
        return proto->n_double_val;
    case CLARY_DTYPE_I64:
        return proto->n_int64_val;
    case CLARY_DTYPE_BOOL:
        return proto->n_bool_val;
    default:
        return proto->n_int_val;
    }
}

/* Raw little-endian bytes; else a typed list whose last value stands for all
 * that are missing (an empty list: zeros). */
static enum clary_status decode_elements(const Clary__Tf__Node *node,
                                         const Clary__Tf__Tensor *proto,
                                         size_t elements,
                                         struct clary_tensor *tensor,
                                         struct clary_error *err)
{
    size_t bytes = elements * clary_dtype_bytes(tensor->dtype), i;
    size_t n = list_length(tensor->dtype, proto);

    if (proto->tensor_content.len) {
        if (proto->tensor_content.len != bytes)
            return clary_fail(err, CLARY_BAD_MODEL,
                              "node \"%s\": a constant of %zu bytes, its "
                              "shape needs %zu",
                              node->name, proto->tensor_content.len, bytes);
        memcpy(tensor->data, proto->tensor_content.data, bytes);
        if (tensor->dtype == CLARY_DTYPE_BOOL)
            for (i = 0; i < elements; i++)
                ((unsigned char *)tensor->data)[i] =
                    ((unsigned char *)tensor->data)[i] != 0;
        return CLARY_OK;
    }
    if (n > elements)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "node \"%s\": a constant of %zu values, its shape "
                          "has %zu",
                          node->name, n, elements);
    if (n == 0)
        memset(tensor->data, 0, bytes);
    for (i = 0; n && i < elements; i++)
        store(tensor->dtype, tensor->data, i, proto, i < n ? i : n - 1);
    return CLARY_OK;
}

enum clary_status clary_tensor_decode(struct clary_arena *arena,
                                      const Clary__Tf__Node *node,
                                      const Clary__Tf__Tensor *proto,
                                      struct clary_tensor *tensor,
                                      struct clary_error *err)
{
    size_t elements, bytes;

    tensor->dtype = clary_datatype(proto->dtype);
    if (tensor->dtype == CLARY_DTYPE_COUNT ||
        tensor->dtype == CLARY_DTYPE_STRING)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "node \"%s\" (%s): constants of type %s are not "
                          "supported",
                          node->name, node->op,
                          clary_datatype_name(proto->dtype));
    CLARY_TRY(decode_shape(node, proto->shape, &tensor->shape, err));
    if (!clary_shape_elements(&tensor->shape, &elements) ||
        !clary_size_mul(elements, clary_dtype_bytes(tensor->dtype), &bytes))
        return clary_no_memory(err);
    tensor->data = clary_arena_alloc(arena, bytes);
    if (!tensor->data)
        return clary_no_memory(err);
    return decode_elements(node, proto, elements, tensor, err);
}
