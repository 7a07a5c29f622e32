/* csv.c: text/csv in the table of codecs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/csv.h"

static const char *const media_types[] = {"text/csv", NULL};

const struct clary_codec clary_codec_csv = {
    .name = "csv",
    .media_types = media_types,
    .read_begin = clary_csv_read_begin,
    .read_again = clary_csv_read_again,
    .read_feed = clary_csv_read_feed,
    .read_end = clary_csv_read_end,
    .write_begin = clary_csv_write_begin,
    .write_rows = clary_csv_write_rows,
    .write_end = clary_csv_write_end,
};
