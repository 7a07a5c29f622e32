/* text.c: lines, keys and numbers of a LightGBM model.
 *
 * Untrusted: a view is never read past its end, and each step takes at least
 * one byte.
 *
 * Tests: tests/unit/test_lightgbm.c, tests/unit/test_lightgbm_text.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "format/lightgbm/lightgbm.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static size_t length(const struct clary_text *text)
{
    return (size_t)(text->end - text->at);
}

bool clary_text_line(struct clary_text *text, struct clary_text *line)
{
    const char *end;

    if (text->at == text->end)
        return false;
    end = memchr(text->at, '\n', length(text));
    line->at = text->at;
    line->end = end ? end : text->end;
    text->at = end ? end + 1 : text->end;
    if (line->end > line->at && line->end[-1] == '\r')
        line->end--;
    return true;
}

bool clary_text_word(struct clary_text *text, struct clary_text *word)
{
    const char *p = text->at;

    while (p < text->end && *p == ' ')
        p++;
    word->at = p;
    while (p < text->end && *p != ' ')
        p++;
    word->end = text->at = p;
    return word->at < word->end;
}

bool clary_text_begins(const struct clary_text *text, const char *what)
{
    const size_t len = strlen(what);

    return length(text) >= len && memcmp(text->at, what, len) == 0;
}

bool clary_text_is(const struct clary_text *text, const char *what)
{
    return length(text) == strlen(what) && clary_text_begins(text, what);
}

bool clary_text_key(const struct clary_text *line, const char *const *keys,
                    size_t n_keys, struct clary_text *values)
{
    const char *equals = memchr(line->at, '=', length(line));
    const struct clary_text key = {line->at, equals ? equals : line->end};

    for (size_t k = 0; k < n_keys; k++) {
        if (!clary_text_is(&key, keys[k]))
            continue;
        values[k].at = equals ? equals + 1 : line->end;
        values[k].end = line->end;
        return true;
    }
    return false;
}

bool clary_text_integer(const struct clary_text *text, int64_t *value)
{
    return clary_parse_int64(text->at, length(text), value) == CLARY_NUMBER_OK;
}

/* "inf", "-nan" and so on; what overflows. */
static bool special(const struct clary_text *text, enum clary_number found,
                    double *value)
{
    const bool is_signed =
        text->at < text->end && (*text->at == '-' || *text->at == '+');
    const double sign = is_signed && *text->at == '-' ? -1 : 1;
    const struct clary_text word = {text->at + is_signed, text->end};
    static const struct {
        const char *word;
        double value;
    } words[] = {{"inf", (double)INFINITY},
                 {"infinity", (double)INFINITY},
                 {"nan", (double)NAN}};

    if (found == CLARY_NUMBER_RANGE) {
        *value = sign * (double)INFINITY;
        return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (length(&word) == strlen(words[i].word) &&
            strncasecmp(word.at, words[i].word, length(&word)) == 0) {
            *value = sign * words[i].value;
            return true;
        }
    }
    return false;
}

bool clary_text_double(const struct clary_text *text, double *value)
{
    const enum clary_number found =
        clary_parse_double(text->at, length(text), value);

    return found == CLARY_NUMBER_OK || special(text, found, value);
}

/* --- numbers of one line --- */

static enum clary_status fail(const struct clary_numbers *numbers,
                              struct clary_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum clary_status fail(const struct clary_numbers *numbers,
                              struct clary_error *err, const char *format, ...)
{
    char text[160], where[40] = "";
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (numbers->tree != SIZE_MAX)
        (void)snprintf(where, sizeof where, "tree %zu, ", numbers->tree);
    return clary_lightgbm_fail(numbers->model, CLARY_BAD_MODEL, err, "%s%s: %s",
                               where, numbers->key, text);
}

/* The word that the next number is. */
static enum clary_status next(struct clary_numbers *numbers,
                              struct clary_text *word, struct clary_error *err)
{
    struct clary_text more;

    if (!numbers->text.at)
        return fail(numbers, err, "is missing");
    if (!clary_text_word(&numbers->text, word))
        return fail(numbers, err, "%zu numbers were expected, there are %zu",
                    numbers->n, numbers->i);
    numbers->i++;
    if (numbers->i == numbers->n && clary_text_word(&numbers->text, &more))
        return fail(numbers, err, "%zu numbers were expected, there are more",
                    numbers->n);
    return CLARY_OK;
}

static int cut(const struct clary_text *word)
{
    return length(word) < 40 ? (int)length(word) : 40;
}

enum clary_status clary_numbers_integer(struct clary_numbers *numbers,
                                        int64_t least, int64_t most,
                                        int64_t *value, struct clary_error *err)
{
    struct clary_text word;

    CLARY_TRY(next(numbers, &word, err));
    if (!clary_text_integer(&word, value) || *value < least || *value > most)
        return fail(numbers, err,
                    "number %zu is \"%.*s\"; an integer from %lld to %lld was "
                    "expected",
                    numbers->i - 1, cut(&word), word.at, (long long)least,
                    (long long)most);
    return CLARY_OK;
}

enum clary_status clary_numbers_double(struct clary_numbers *numbers,
                                       double *value, struct clary_error *err)
{
    struct clary_text word;

    CLARY_TRY(next(numbers, &word, err));
    if (!clary_text_double(&word, value))
        return fail(numbers, err, "number %zu is \"%.*s\", which is none",
                    numbers->i - 1, cut(&word), word.at);
    return CLARY_OK;
}

enum clary_status clary_lightgbm_fail(const struct clary_lightgbm *model,
                                      enum clary_status status,
                                      struct clary_error *err,
                                      const char *format, ...)
{
    char text[CLARY_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return clary_fail(err, status, "\"%s\": %s", model->name, text);
}
