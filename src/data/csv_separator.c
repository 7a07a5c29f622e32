/* csv_separator.c: which byte stands between the cells.
 *
 * The first line that is not blank tells, by the first of these that is in it:
 *
 *     , TAB ; blank : |
 *
 * which is what Python's csv.Sniffer finds in a line of numbers. Only the
 * first SNIFF_BYTES of the body are looked at; until that many or a line's end
 * have come they are kept, so that the answer does not depend on where the
 * body is cut.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/csv.h"

#include <string.h>

/* What may stand before the first cell: the mark, blanks, line ends. */
static size_t skip_blank(const char *text, size_t len)
{
    size_t at = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

    while (at < len && strchr(" \t\r\n", text[at]) != NULL)
        at++;
    return at;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char separator_of(const char *line, size_t len)
{
    static const char preferred[] = ",\t; :|";

    while (len > 0 && is_space(line[len - 1]))
        len--;
    for (const char *p = preferred; *p != '\0'; p++)
        if (memchr(line, *p, len) != NULL)
            return *p;
    return ',';
}

bool clary_csv_sniff(struct clary_csv *csv, const char *bytes, size_t len,
                     bool is_end)
{
    size_t most = len < CLARY_CSV_SNIFF_BYTES ? len : CLARY_CSV_SNIFF_BYTES;
    size_t at = skip_blank(bytes, most);
    const char *end = memchr(bytes + at, '\n', most - at);

    if (end == NULL && most < CLARY_CSV_SNIFF_BYTES && !is_end)
        return false;
    if (end == NULL)
        end = bytes + most;
    csv->separator = separator_of(bytes + at, (size_t)(end - (bytes + at)));
    csv->sniffs = false;
    return true;
}
