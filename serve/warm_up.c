/* warm_up.c: one row of zeros through the whole path.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "warm_up.h"

#include "base/log.h"

#include <stdlib.h>

/* "0,0,...,0\n", one zero a column. */
static char *zero_row(size_t n_columns, size_t *len)
{
    char *row;

    if (!clary_size_mul(n_columns, 2, len) || (row = malloc(*len + 1)) == NULL)
        return NULL;
    for (size_t i = 0; i < *len; i += 2) {
        row[i] = '0';
        row[i + 1] = ',';
    }
    row[*len > 0 ? *len - 1 : 0] = '\n';
    return row;
}

enum clary_status warm_up(const struct clary_model *model,
                          const struct clary_invoke_options *options,
                          struct clary_error *err)
{
    struct clary_invoke_options without_header = *options;
    const struct clary_request request = {"text/csv", NULL};
    struct clary_reply reply;
    size_t len;

    without_header.csv_header = CLARY_CSV_HEADER_ABSENT;
    struct clary_invoke *invoke = clary_invoke_new(&without_header);
    char *row = zero_row(clary_model_signature(model)->n_columns, &len);
    enum clary_status status;
    if (invoke == NULL || row == NULL)
        status = clary_fail(err, CLARY_NO_MEMORY, "no memory for a first row");
    else
        status = clary_invoke(invoke, model, &request, row, len, &reply, err);
    clary_invoke_free(invoke);
    free(row);
    if (status != CLARY_BAD_INPUT)
        return status;
    clary_log(
        CLARY_LOG_INFO, "first row refused",
        (struct clary_log_field[]){{"message", err->message}, {NULL, NULL}});
    return CLARY_OK;
}
