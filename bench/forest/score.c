/* score.c: times clary's own path from rows to scores, for peers.py.
 *
 *     score MODEL ROWS COLUMNS
 *
 * ROWS is a file of float32, row-major. The rows are scored as the server
 * scores them: copied into the execution's block, as the model's input type,
 * block by block. Each line of standard input, "BATCH N SECONDS", is answered
 * by the nanoseconds of CPU time a row: batches of the first N rows, going
 * round until the seconds have passed. Standard output begins with the score
 * of each row, a line each, up to an empty line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/timing.h"
#include "invoke/model.h"

#include <clary/clary.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scorer {
    struct clary_execution *execution;
    size_t block, row_bytes;
    bool is_f64; /* input */
    bool gives_f64;
    char *x;
    size_t rows;
};

static void *get(size_t bytes)
{
    void *memory = malloc(bytes > 0 ? bytes : 1);

    if (!memory) {
        fprintf(stderr, "score: no memory\n");
        exit(1);
    }
    return memory;
}

static void fail(const struct clary_error *err)
{
    fprintf(stderr, "score: %s\n", err->message);
    exit(1);
}

/* Reads the rows, as the type of the model's input. */
static void read_rows(struct scorer *s, const char *path, size_t columns)
{
    FILE *file = fopen(path, "rb");
    float *values;
    size_t n;

    if (!file || fseek(file, 0, SEEK_END) != 0) {
        fprintf(stderr, "score: cannot read %s\n", path);
        exit(1);
    }
    n = (size_t)ftell(file) / sizeof *values;
    values = get(n * sizeof *values);
    rewind(file);
    n = fread(values, sizeof *values, n, file);
    (void)fclose(file);
    s->rows = n / columns;
    s->row_bytes = columns * (s->is_f64 ? sizeof(double) : sizeof(float));
    s->x = get(s->rows * s->row_bytes);
    if (s->is_f64)
        for (size_t i = 0; i < s->rows * columns; i++)
            ((double *)(void *)s->x)[i] = (double)values[i];
    else
        memcpy(s->x, values, s->rows * s->row_bytes);
    free(values);
}

/* y: NULL, or room for the scores, as doubles. */
static void score(const struct scorer *s, size_t first, size_t n, double *y)
{
    struct clary_error err;

    for (size_t end = first + n; first < end; first += s->block) {
        const size_t rows = end - first < s->block ? end - first : s->block;
        const void *out = clary_execution_output(s->execution, 0);

        memcpy(clary_execution_input(s->execution, 0),
               s->x + first * s->row_bytes, rows * s->row_bytes);
        if (clary_execution_run(s->execution, rows, &err) != CLARY_OK)
            fail(&err);
        for (size_t r = 0; y && r < rows; r++)
            *y++ = s->gives_f64 ? ((const double *)out)[r]
                                : (double)((const float *)out)[r];
    }
}

static double time_batches(const struct scorer *s, size_t batch, size_t rows,
                           double seconds)
{
    const double start = now_ns();
    size_t n_scored = 0;
    double ns;

    do {
        for (size_t r = 0; r + batch <= rows; r += batch) {
            score(s, r, batch, NULL);
            n_scored += batch;
        }
        ns = now_ns() - start;
    } while (ns < seconds * 1e9);
    return ns / (double)n_scored;
}

static void make(struct scorer *s, struct clary_arena *arena, const char *path)
{
    struct clary_model *model;
    struct clary_error err;
    const struct clary_program *program;
    const struct clary_signature *signature;

    if (clary_init(1, &err) != CLARY_OK ||
        clary_model_load(path, NULL, &model, &err) != CLARY_OK)
        fail(&err);
    program = clary_model_program(model);
    signature = clary_model_signature(model);
    s->is_f64 = signature->inputs[0].dtype == CLARY_DTYPE_F64;
    s->gives_f64 = signature->outputs[0].dtype == CLARY_DTYPE_F64;
    s->block = clary_program_block_rows(program);
    clary_arena_init(arena, (size_t)1 << 30);
    s->execution = clary_execution_new(arena, program);
}

int main(int argc, char **argv)
{
    struct clary_arena arena;
    struct scorer s = {0};
    size_t batch, rows;
    double seconds, *y;
    char line[128];

    if (argc != 4) {
        fprintf(stderr, "usage: score MODEL ROWS COLUMNS\n");
        return 2;
    }
    make(&s, &arena, argv[1]);
    if (!s.execution)
        return 1;
    read_rows(&s, argv[2], strtoul(argv[3], NULL, 10));
    y = get(s.rows * sizeof *y);
    score(&s, 0, s.rows, y);
    for (size_t r = 0; r < s.rows; r++)
        printf("%.17g\n", y[r]);
    printf("\n");
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "%zu %zu %lf", &batch, &rows, &seconds) != 3 ||
            batch < 1 || rows > s.rows || rows < batch)
            return 2;
        printf("%.1f\n", time_batches(&s, batch, rows, seconds));
        (void)fflush(stdout);
    }
    return 0;
}
