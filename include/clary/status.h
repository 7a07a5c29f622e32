/* status.h: how a clary function says that it failed.
 *
 * A function that can fail returns `enum clary_status`, writes its results
 * only on CLARY_OK and takes a caller-owned `struct clary_error *err` last.
 * The message is one sentence for the client, built where the facts are:
 * what was found, what was expected, and where (row, column, field,
 * operator). It never holds a path or an address of the server when the
 * status is a client's (see clary_status_is_client).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_STATUS_H
#define CLARY_STATUS_H

#include <stdbool.h>
#include <stddef.h>

enum clary_status {
    CLARY_OK = 0,
    /* the client's */
    CLARY_BAD_INPUT,      /* a body that the codec or the model refuses */
    CLARY_UNREADABLE,     /* one that the codec refuses, where the style tells
                           * it from one that the model refuses */
    CLARY_BAD_MEDIA_TYPE, /* a Content-Type that no codec reads */
    CLARY_NOT_ACCEPTABLE, /* an Accept that no codec writes (strict styles) */
    CLARY_TOO_LARGE,      /* over a stated limit on bytes, rows or reply */
    CLARY_NOT_FOUND,      /* no such model, version or route */
    /* the model's */
    CLARY_BAD_MODEL,   /* damaged or contradictory artifact */
    CLARY_UNSUPPORTED, /* sound artifact, but an op or form unknown here */
    /* the machine's, ours */
    CLARY_NO_MEMORY,
    CLARY_IO,
    CLARY_INTERNAL,
    CLARY_STATUS_COUNT
};

#define CLARY_MESSAGE_BYTES 512

struct clary_error {
    enum clary_status status;
    size_t row;     /* 1-based row of the request; 0: not about one row */
    size_t column;  /* 1-based column; 0: not about one column */
    size_t feature; /* 1-based column of the model that a refused cell was
                     * for, wherever it stood; 0: not about one cell */
    char message[CLARY_MESSAGE_BYTES]; /* NUL-terminated, valid UTF-8 */
};

#define CLARY_MUST_USE __attribute__((warn_unused_result))

/* Fills `err` and returns `status`, so that a failing function ends with
 * `return clary_fail(err, CLARY_BAD_INPUT, "...", ...);`. A message that is
 * too long is cut at a UTF-8 boundary and ends in "...". Control characters
 * that come in through %s are written as '?'. `row` and `column` are 0. */
enum clary_status clary_fail(struct clary_error *err, enum clary_status status,
                             const char *format, ...)
    __attribute__((format(printf, 3, 4), nonnull(1, 3)));

/* The same for an error in one cell; the message is prefixed with
 * "row R, column C: " ("row R: " when `column` is 0). Both 1-based. */
enum clary_status clary_fail_at(struct clary_error *err,
                                enum clary_status status, size_t row,
                                size_t column, const char *format, ...)
    __attribute__((format(printf, 5, 6), nonnull(1, 5)));

/* clary_fail with CLARY_NO_MEMORY and the one sentence for it: the machine's
 * memory or the limit of an arena is used up. */
enum clary_status clary_no_memory(struct clary_error *err)
    __attribute__((nonnull));

/* "CLARY_BAD_INPUT" as "bad input", for logs and reports. Never NULL. */
const char *clary_status_name(enum clary_status status);

/* Whether the client can mend it (CLARY_BAD_INPUT .. CLARY_NOT_FOUND). */
bool clary_status_is_client(enum clary_status status);

/* Returns from the calling function unless `call` is CLARY_OK. */
#define CLARY_TRY(call)                                                        \
    do {                                                                       \
        enum clary_status clary_try_status = (call);                           \
        if (clary_try_status != CLARY_OK)                                      \
            return clary_try_status;                                           \
    } while (0)

#endif
