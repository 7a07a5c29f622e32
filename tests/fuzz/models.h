/* models.h: what the readers' fuzz targets choose from (reading.h), but for
 * fuzz_csv: a model, whether values may be missing, whether the reader is
 * pythonic.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_FUZZ_MODELS_H
#define CLARY_TESTS_FUZZ_MODELS_H

#include "tests/fuzz/reading.h"

static const struct clary_field one[] = {
    {"x", CLARY_DTYPE_F32, {1, {1}}, 1, NULL}};
static const struct clary_field three[] = {
    {"x", CLARY_DTYPE_F32, {1, {3}}, 3, NULL}};
static const struct clary_field matrix[] = {
    {"m", CLARY_DTYPE_F32, {2, {2, 2}}, 4, NULL}};
static const struct clary_field scalar[] = {
    {"x", CLARY_DTYPE_F64, {0, {0}}, 1, NULL}};
static const struct clary_field two[] = {
    {"a", CLARY_DTYPE_F32, {1, {2}}, 2, NULL},
    {"b", CLARY_DTYPE_F64, {0, {0}}, 1, NULL}};
static const char *const abc[] = {"a", "b", "c"};
static const struct clary_field columns[] = {
    {"x", CLARY_DTYPE_F32, {1, {3}}, 3, abc}};
static const struct clary_field mixed[] = {
    {"none", CLARY_DTYPE_F32, {2, {0, 2}}, 0, NULL},
    {"a", CLARY_DTYPE_I8, {1, {2}}, 2, NULL},
    {"b", CLARY_DTYPE_BOOL, {1, {1}}, 1, NULL},
    {"c", CLARY_DTYPE_I64, {1, {1}}, 1, NULL}};

static const struct {
    const struct clary_field *fields;
    size_t n_fields;
} models[] = {{one, 1}, {three, 1}, {matrix, 1}, {scalar, 1},
              {two, 2}, {mixed, 4}, {columns, 1}};

static struct choice choose(uint8_t byte)
{
    const size_t n_models = sizeof models / sizeof models[0];
    return (struct choice){.fields = models[byte % n_models].fields,
                           .n_fields = models[byte % n_models].n_fields,
                           .missing_is_nan = byte / n_models % 2,
                           .pythonic = byte / n_models / 2 % 2};
}

#endif
