/* error_body.c: one small JSON object, without a JSON library: it is written
 * in the event threads and must not allocate.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error_body.h"

#include <stdio.h>
#include <string.h>

/* The JSON text of the character at `p`, which takes `*taken` bytes there, in
 * `unit`. Returns its length. */
static size_t encode_character(const unsigned char *p, size_t *taken,
                               char unit[8])
{
    *taken = 1;
    if (*p == '"' || *p == '\\') {
        unit[0] = '\\';
        unit[1] = (char)*p;
        return 2;
    }
    if (*p < 0x20)
        return (size_t)snprintf(unit, 8, "\\u%04x", *p);
    while (*taken < 4 && (p[*taken] & 0xC0) == 0x80)
        (*taken)++;
    memcpy(unit, p, *taken);
    return *taken;
}

size_t error_body_print(char text[ERROR_BODY_BYTES], const char *message)
{
    static const char head[] = "{\"error\": \"", cut[] = "...", tail[] = "\"}";
    const unsigned char *p = (const unsigned char *)message;
    size_t room = ERROR_BODY_BYTES - strlen(cut) - strlen(tail);
    size_t len = strlen(head);
    char unit[8];

    memcpy(text, head, len);
    while (*p != '\0') {
        size_t taken;
        size_t n = encode_character(p, &taken, unit);
        if (len + n > room) {
            memcpy(text + len, cut, strlen(cut));
            len += strlen(cut);
            break;
        }
        memcpy(text + len, unit, n);
        len += n;
        p += taken;
    }
    memcpy(text + len, tail, strlen(tail));
    return len + strlen(tail);
}
