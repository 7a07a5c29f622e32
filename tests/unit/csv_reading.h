/* csv_reading.h: reads one body of text/csv in every way it can be cut
 * (reading.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_UNIT_CSV_READING_H
#define CLARY_TESTS_UNIT_CSV_READING_H

#include "tests/unit/reading.h"

static const struct clary_field single[] = {
    {"x", CLARY_DTYPE_F32, {1, {1}}, 1}};
static const struct clary_field houses[] = {
    {"MedInc", CLARY_DTYPE_F32, {1, {1}}, 1},
    {"HouseAge", CLARY_DTYPE_F64, {0, {0}}, 1},
    {"Rooms", CLARY_DTYPE_I64, {1, {1}}, 1}};

#define READING_CSV(model, mode)                                               \
    READING(csv, model);                                                       \
    reading.header = CLARY_CSV_HEADER_##mode

#endif
