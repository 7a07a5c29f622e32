/* signature.c: MetaGraph and signature of a SavedModel.
 *
 * Source: tensorflow/python/saved_model/{tag_constants,signature_constants}.py
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends `name` to a list for a message. */
static void append_name(char *list, size_t list_bytes, const char *name)
{
    size_t len = strlen(list);

    (void)snprintf(list + len, list_bytes - len, "%s\"%s\"", len ? ", " : "",
                   name);
}

static bool has_tag(const Clary__Tf__MetaGraph *metagraph, const char *tag)
{
    size_t i;

    for (i = 0; metagraph->meta_info && i < metagraph->meta_info->n_tags; i++)
        if (strcmp(metagraph->meta_info->tags[i], tag) == 0)
            return true;
    return false;
}

enum clary_status clary_metagraph_choose(const Clary__Tf__SavedModel *model,
                                         const Clary__Tf__MetaGraph **out,
                                         struct clary_error *err)
{
    char tags[200] = "";
    size_t i, j;

    *out = NULL;
    for (i = 0; i < model->n_meta_graphs; i++) {
        const Clary__Tf__MetaGraph *m = model->meta_graphs[i];

        if (has_tag(m, "serve") && (!*out || m->meta_info->n_tags == 1))
            *out = m;
        for (j = 0; m->meta_info && j < m->meta_info->n_tags; j++)
            append_name(tags, sizeof tags, m->meta_info->tags[j]);
    }
    if (!*out)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "saved_model.pb has no graph tagged \"serve\"; its "
                          "tags are: %s",
                          *tags ? tags : "none");
    if (!(*out)->graph)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "the graph tagged \"serve\" in saved_model.pb is "
                          "empty");
    return CLARY_OK;
}

enum clary_status clary_signature_choose(const Clary__Tf__MetaGraph *metagraph,
                                         const Clary__Tf__SignatureEntry **out,
                                         struct clary_error *err)
{
    const Clary__Tf__SignatureEntry *only = NULL;
    char names[200] = "";
    size_t n = 0, i;

    for (i = 0; i < metagraph->n_signatures; i++) {
        const Clary__Tf__SignatureEntry *entry = metagraph->signatures[i];

        if (!entry->value || strncmp(entry->key, "__saved_model", 13) == 0)
            continue;
        if (strcmp(entry->key, "serving_default") == 0) {
            *out = entry;
            return CLARY_OK;
        }
        append_name(names, sizeof names, entry->key);
        only = entry;
        n++;
    }
    if (n != 1)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "saved_model.pb has no signature "
                          "\"serving_default\"; its signatures are: %s",
                          *names ? names : "none");
    *out = only;
    return CLARY_OK;
}

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

static int compare_names(const char *a, const char *b)
{
    while (*a && *b) {
        size_t na = digits(a), nb = digits(b);

        if (na && nb) {
            size_t za = strspn(a, "0"), zb = strspn(b, "0");
            int order;

            za = za < na ? za : na - 1; /* leading zeros do not count */
            zb = zb < nb ? zb : nb - 1;
            if (na - za != nb - zb)
                return na - za < nb - zb ? -1 : 1;
            order = strncmp(a + za, b + zb, na - za);
            if (order)
                return order;
            a += na;
            b += nb;
        } else {
            if (*a != *b)
                return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
            a++;
            b++;
        }
    }
    return *a ? 1 : *b ? -1 : 0;
}

static int compare_entries(const void *a, const void *b)
{
    const Clary__Tf__TensorInfoEntry *const *x = a, *const *y = b;
    int order = compare_names((*x)->key, (*y)->key);

    return order ? order : strcmp((*x)->key, (*y)->key);
}

void clary_signature_sort(Clary__Tf__TensorInfoEntry **entries, size_t n)
{
    if (n)
        qsort(entries, n, sizeof(Clary__Tf__TensorInfoEntry *),
              compare_entries);
}
