/* number_print.h: what the files of printing numbers share.
 *
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_NUMBER_PRINT_H
#define CLARY_DATA_NUMBER_PRINT_H

#include "data/number.h"

/* "00" .. "99", one after the other. */
extern const char clary_digit_pairs[];

/* clary_print_float, slower, for the floats that it does not take itself. */
size_t clary_print_any_float(char *text, float value,
                             enum clary_number_form form);

#endif
