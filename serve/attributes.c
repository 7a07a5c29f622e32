/* attributes.c: "tfs-model-name=NAME,tfs-model-version=N,tfs-method=predict"
 * and "clary-explain=shap", in any order and beside others.
 *
 * Of the methods only predict exists here: classify and regress answer in
 * another shape, which a client must not get by surprise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "attributes.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A piece of the header. */
struct span {
    const char *text; /* NULL: not given */
    size_t len;
};

static struct span trim(struct span span)
{
    while (span.len > 0 && strchr(" \t", span.text[0]) != NULL)
        span.text++, span.len--;
    while (span.len > 0 && strchr(" \t", span.text[span.len - 1]) != NULL)
        span.len--;
    return span;
}

/* Takes the next attribute off the header; false when none is left. */
static bool next(const char **header, struct span *item)
{
    if (**header == '\0')
        return false;
    size_t len = strcspn(*header, ",");
    *item = trim((struct span){*header, len});
    *header += len;
    *header += **header == ',';
    return true;
}

/* The value of attribute `key`; the last one counts. */
static struct span attribute(const char *header, const char *key)
{
    struct span value = {NULL, 0}, item;
    size_t key_len = strlen(key);

    while (next(&header, &item))
        if (item.len > key_len && memcmp(item.text, key, key_len) == 0 &&
            item.text[key_len] == '=')
            value = trim(
                (struct span){item.text + key_len + 1, item.len - key_len - 1});
    return value;
}

static bool equals(struct span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

/* Not empty, and nothing but `set`. */
static bool consists_of(struct span span, const char *set)
{
    for (size_t i = 0; i < span.len; i++)
        if (strchr(set, span.text[i]) == NULL)
            return false;
    return span.len > 0;
}

static enum clary_status check_method(struct span method,
                                      struct clary_error *err)
{
    if (method.text == NULL || equals(method, "predict"))
        return CLARY_OK;
    if (equals(method, "classify") || equals(method, "regress"))
        return clary_fail(err, CLARY_BAD_INPUT,
                          "tfs-method %.*s is not served, expected predict",
                          (int)method.len, method.text);
    return clary_fail(err, CLARY_BAD_INPUT, "invalid tfs-method");
}

enum clary_status attributes_check(const char *header, const char *model_name,
                                   int64_t model_version,
                                   struct clary_error *err)
{
    static const char digits[] = "0123456789";
    static const char name_set[] = "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_.-";

    struct span name = attribute(header, "tfs-model-name");
    struct span version = attribute(header, "tfs-model-version");
    if (name.text != NULL && !consists_of(name, name_set))
        return clary_fail(err, CLARY_BAD_INPUT, "invalid tfs-model-name");
    if (version.text != NULL &&
        (!consists_of(version, digits) || version.len > 18))
        return clary_fail(err, CLARY_BAD_INPUT, "invalid tfs-model-version");
    CLARY_TRY(check_method(attribute(header, "tfs-method"), err));

    bool is_name = name.text == NULL || equals(name, model_name);
    if (name.text == NULL)
        name = (struct span){model_name, strlen(model_name)};
    if (version.text == NULL)
        return is_name ? CLARY_OK
                       : clary_fail(err, CLARY_NOT_FOUND,
                                    "Servable not found for request: "
                                    "Latest(%.*s)",
                                    (int)name.len, name.text);
    int64_t wanted = strtoll(version.text, NULL, 10); /* ends at , or NUL */
    if (is_name && wanted == model_version)
        return CLARY_OK;
    return clary_fail(err, CLARY_NOT_FOUND,
                      "Servable not found for request: Specific(%.*s, "
                      "%" PRId64 ")",
                      (int)name.len, name.text, wanted);
}

enum clary_status attributes_explain(const char *header,
                                     enum clary_explain *explain,
                                     struct clary_error *err)
{
    static const char ours[] = "clary-", key[] = "clary-explain=";
    struct span item;

    *explain = CLARY_EXPLAIN_NONE;
    while (next(&header, &item)) {
        char value[16];
        if (item.len < strlen(ours) ||
            memcmp(item.text, ours, strlen(ours)) != 0)
            continue;
        if (item.len < strlen(key) || memcmp(item.text, key, strlen(key)) != 0)
            return clary_fail(err, CLARY_BAD_INPUT,
                              "custom attribute \"%.*s\" is not known, "
                              "expected clary-explain=shap",
                              (int)item.len, item.text);
        item = trim(
            (struct span){item.text + strlen(key), item.len - strlen(key)});
        snprintf(value, sizeof value, "%.*s", (int)item.len, item.text);
        *explain = clary_explain_parse(value);
        if (*explain == CLARY_EXPLAIN_COUNT)
            return clary_fail(err, CLARY_BAD_INPUT,
                              "clary-explain is \"%.*s\", expected shap",
                              (int)item.len, item.text);
    }
    return CLARY_OK;
}
