/* bench_json.c: bodies to rows, the same rows in every format.
 *
 * Rows are generated, the same ones each time: 8 columns like those of the
 * California housing data. All formats run in turn in each round, so that a
 * noisy machine hits all of them. Beside each of JSON is what cJSON takes to
 * parse the whole body, to fetch its numbers and to free it. A round before
 * the timed ones compares the numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/housing_rows.h"
#include "bench/timing.h"
#include "data/codec.h"
#include "kernel/kernel.h"

#include <cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUNDS = 15,
    ROWS = 20000,
    PIECE = 8192, /* what libmicrohttpd hands over at a time */
    BLOCK = 64,
    ROW_BYTES = 320 /* most that a row takes in any format */
};

static const char *const names[COLUMNS] = {
    "MedInc",     "HouseAge", "AveRooms", "AveBedrms",
    "Population", "AveOccup", "Latitude", "Longitude"};
static const struct clary_field x = {
    "x", CLARY_DTYPE_F32, {1, {COLUMNS}}, COLUMNS, NULL};
static struct clary_field columns[COLUMNS];

struct format {
    const char *name;
    const struct clary_codec *codec;
    /* what stands before and behind the body, a row and between cells */
    const char *before, *row, *comma, *row_end, *between, *after;
    bool named; /* a cell is `"MedInc": 8.3`, or 0:8.3 in libsvm */
};

#define KSERVE                                                                 \
    "{\"inputs\": [{\"name\": \"x\", \"shape\": [20000, 8], \"datatype\": "    \
    "\"FP32\", \"data\": ["

static const struct format all[] = {
    {"csv", &clary_codec_csv, "", "", ",", "", "\n", "\n", false},
    {"json rows", &clary_codec_json, "{\"instances\": [", "[", ", ", "]", ", ",
     "]}", false},
    {"json rows, no blanks", &clary_codec_json, "{\"instances\":[", "[", ",",
     "]", ",", "]}", false},
    {"json inputs", &clary_codec_json, "{\"inputs\": [", "[", ", ", "]", ", ",
     "]}", false},
    {"json named", &clary_codec_json, "{\"instances\": [", "{", ", ", "}", ", ",
     "]}", true},
    {"jsonlines", &clary_codec_jsonlines, "", "[", ",", "]", "\n", "\n", false},
    {"kserve flat", &clary_codec_kserve, KSERVE, "", ", ", "", ", ", "]}]}",
     false},
    {"kserve nested", &clary_codec_kserve, KSERVE, "[", ", ", "]", ", ", "]}]}",
     false},
    {"libsvm", &clary_codec_libsvm, "", "1 ", " ", "", "\n", "\n", true},
    {"npy f4", &clary_codec_npy, NULL, NULL, NULL, NULL, NULL, NULL, false},
};
enum { N_FORMATS = sizeof all / sizeof all[0] };

/* A format's body, and how long it took. */
struct run {
    const struct format *format;
    char *bytes;
    size_t len;
    double ns[ROUNDS];
    double cjson_ns[ROUNDS]; /* of JSON in one document */
    uint64_t digest;         /* of the numbers, row by row */
};
static struct run runs[N_FORMATS];

static void put(struct run *run, const char *text)
{
    size_t len = strlen(text);
    memcpy(run->bytes + run->len, text, len);
    run->len += len;
}

static void put_text(struct run *run, const double row[COLUMNS], bool is_first)
{
    const struct format *format = run->format;
    bool is_libsvm = format->codec == &clary_codec_libsvm;
    char cell[64] = "";
    put(run, is_first ? format->before : format->between);
    put(run, format->row);
    for (int c = 0; c < COLUMNS; c++) {
        put(run, c > 0 ? format->comma : "");
        if (is_libsvm)
            snprintf(cell, sizeof cell, "%d:", c);
        else if (format->named)
            snprintf(cell, sizeof cell, "\"%s\": ", names[c]);
        put(run, cell);
        snprintf(cell, sizeof cell, "%.*f", decimals[c], row[c]);
        put(run, cell);
        cell[0] = '\0';
    }
    put(run, format->row_end);
}

static void put_npy(struct run *run, const double row[COLUMNS], bool is_first)
{
    if (is_first) {
        memset(run->bytes, ' ', 128);
        memcpy(run->bytes, "\x93NUMPY\x01\x00\x76\x00", 10);
        run->len = 10;
        char header[100];
        snprintf(header, sizeof header,
                 "{'descr': '<f4', 'fortran_order': False, "
                 "'shape': (%d, %d), }",
                 ROWS, COLUMNS);
        put(run, header);
        run->len = 128;
    }
    for (int c = 0; c < COLUMNS; c++) {
        char cell[64]; /* the number that the text of the others has */
        snprintf(cell, sizeof cell, "%.*f", decimals[c], row[c]);
        float value = (float)strtod(cell, NULL);
        memcpy(run->bytes + run->len, &value, sizeof value);
        run->len += sizeof value;
    }
}

static void make_bodies(void)
{
    for (int c = 0; c < COLUMNS; c++)
        columns[c] =
            (struct clary_field){names[c], CLARY_DTYPE_F32, {1, {1}}, 1, NULL};
    for (int i = 0; i < N_FORMATS; i++) {
        runs[i].format = &all[i];
        runs[i].bytes = malloc((size_t)ROWS * ROW_BYTES);
        if (runs[i].bytes == NULL)
            abort();
    }
    for (int r = 0; r < ROWS; r++) {
        double row[COLUMNS];
        make_row(row);
        for (int i = 0; i < N_FORMATS; i++)
            (all[i].before == NULL ? put_npy : put_text)(&runs[i], row, r == 0);
    }
    for (int i = 0; i < N_FORMATS; i++)
        if (all[i].after != NULL)
            put(&runs[i], all[i].after);
}

static float block[BLOCK * COLUMNS];

static bool digesting; /* outside the timed rounds */

static uint64_t digest_number(uint64_t digest, float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return (digest ^ bits) * UINT64_C(0x100000001B3);
}

static enum clary_status take_rows(void *context, struct clary_rows *rows,
                                   struct clary_error *err)
{
    uint64_t *digest = context;
    (void)err;
    for (size_t r = 0; digesting && r < rows->n_rows; r++)
        for (size_t f = 0; f < rows->n_fields; f++) {
            size_t width = rows->fields[f].width;
            const float *row = (const float *)rows->data[f] + r * width;
            for (size_t i = 0; i < width; i++)
                *digest = digest_number(*digest, row[i]);
        }
    rows->n_rows = 0;
    return CLARY_OK;
}

static void read_body(struct run *run)
{
    const struct format *format = run->format;
    void *data[COLUMNS];
    bool by_name = format->named && format->codec == &clary_codec_json;
    for (size_t c = 0; c < COLUMNS; c++)
        data[c] = block + c * BLOCK; /* only [0] with one input */
    struct clary_error err;
    struct clary_arena arena;
    clary_arena_init(&arena, 1 << 20);
    struct clary_rows rows = {.fields = by_name ? columns : &x,
                              .n_fields = by_name ? COLUMNS : 1,
                              .data = data,
                              .capacity = BLOCK,
                              .full = take_rows,
                              .context = &run->digest};
    struct clary_reader reader = {.rows = &rows,
                                  .arena = &arena,
                                  .header = CLARY_CSV_HEADER_ABSENT,
                                  .cell_kernel = clary_kernels()->cells};
    const struct clary_codec *codec = format->codec;
    enum clary_status status = codec->read_begin(&reader, &err);
    for (size_t at = 0; status == CLARY_OK && at < run->len; at += PIECE) {
        size_t left = run->len - at;
        status = codec->read_feed(&reader, run->bytes + at,
                                  left < PIECE ? left : PIECE, &err);
    }
    if (status == CLARY_OK)
        status = codec->read_end(&reader, &err);
    if (status != CLARY_OK || reader.n_rows != ROWS) {
        fprintf(stderr, "bench_json: %s: %s\n", format->name, err.message);
        exit(1);
    }
    clary_arena_deinit(&arena);
}

static bool is_for_cjson(const struct run *run)
{
    return run->format->codec == &clary_codec_json;
}

/* Rows come as arrays, or as objects whose members are in order. */
static void read_with_cjson(struct run *run)
{
    cJSON *document = cJSON_ParseWithLength(run->bytes, run->len);
    const cJSON *list = document != NULL ? document->child : NULL;
    size_t n = 0;
    for (const cJSON *row = list ? list->child : NULL; row; row = row->next)
        for (const cJSON *it = row->child; it; it = it->next) {
            block[n++ % (BLOCK * COLUMNS)] = (float)it->valuedouble;
            if (digesting)
                run->digest =
                    digest_number(run->digest, (float)it->valuedouble);
        }
    cJSON_Delete(document);
    if (n != (size_t)ROWS * COLUMNS)
        exit(1);
}

/* glibc joins what was freed when it is asked for a large piece the next time,
 * which takes as long as all of a format that is read without a tree. */
static void settle(void)
{
    void *volatile large = malloc(1 << 16);
    free(large);
}

/* Whether all formats have the numbers of the first. */
static bool compare_numbers(void)
{
    digesting = true;
    read_body(&runs[0]);
    for (int i = 1; i < N_FORMATS; i++) {
        read_body(&runs[i]);
        bool same = runs[i].digest == runs[0].digest;
        runs[i].digest = 0;
        if (is_for_cjson(&runs[i])) {
            read_with_cjson(&runs[i]);
            same = same && runs[i].digest == runs[0].digest;
        }
        if (!same) {
            printf("%s: THE NUMBERS DIFFER\n", all[i].name);
            return false;
        }
    }
    digesting = false;
    return true;
}

int main(void)
{
    struct clary_error err;
    if (clary_kernels_init(&err) != CLARY_OK) {
        fprintf(stderr, "bench_json: %s\n", err.message);
        return 1;
    }
    make_bodies();
    if (!compare_numbers())
        return 1;
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < N_FORMATS; i++) {
            double start = now_ns();
            read_body(&runs[i]);
            runs[i].ns[round] = now_ns() - start;
            start = now_ns();
            if (is_for_cjson(&runs[i]))
                read_with_cjson(&runs[i]);
            runs[i].cjson_ns[round] = now_ns() - start;
            settle();
        }
    printf("%d rows of %d columns to float32, in pieces of %d bytes; medians "
           "of %d rounds\n",
           ROWS, COLUMNS, PIECE, ROUNDS);
    printf("%-22s %9s %9s %9s %9s %7s\n", "", "bytes/row", "ns/value", "MB/s",
           "cJSON ns", "ratio");
    for (int i = 0; i < N_FORMATS; i++) {
        struct run *run = &runs[i];
        double ns = median(run->ns, ROUNDS) / (ROWS * COLUMNS);
        double cjson = median(run->cjson_ns, ROUNDS) / (ROWS * COLUMNS);
        double bytes = (double)run->len / ROWS;
        printf("%-22s %9.1f %9.2f %9.0f", all[i].name, bytes, ns,
               1e3 * bytes / COLUMNS / ns);
        if (is_for_cjson(run))
            printf(" %9.1f %6.1fx", cjson, cjson / ns);
        printf("\n");
    }
    return 0;
}
