/* loops.c: what times other libraries' trees, from C, for peers.py.
 *
 * Each function calls one library's predict function, whose address Python
 * hands over, for one batch of rows after the other, going round, until
 * `seconds` have passed and all batches were seen once; it returns the
 * nanoseconds of CPU time a row. So no peer pays for Python. Rows are
 * row-major; the library is told to use one thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/timing.h"

#include <stddef.h>
#include <stdint.h>

struct batches {
    const char *x; /* of row_bytes each */
    size_t rows, columns, row_bytes;
    size_t batch; /* divides rows */
    void *y;      /* room for the predictions of a batch */
};

typedef int scorer(const struct batches *b, const char *x, size_t first,
                   void *state);

/* -1: a call failed. */
static double time_calls(const struct batches *b, double seconds, scorer *score,
                         void *state)
{
    const double start = now_ns();
    size_t n_calls = 0;
    double ns;

    do {
        for (size_t r = 0; r < b->rows; r += b->batch, n_calls++)
            if (score(b, b->x + r * b->row_bytes, r, state) != 0)
                return -1;
        ns = now_ns() - start;
    } while (ns < seconds * 1e9);
    return ns / (double)(n_calls * b->batch);
}

/* --- XGBoost: XGBoosterPredictFromDense ----------------------------------- */

typedef int xgboost_predict(void *booster, const char *values,
                            const char *config, void *proxy,
                            const uint64_t **shape, uint64_t *dim,
                            const float **result);

struct xgboost {
    xgboost_predict *predict;
    void *booster;
    const char *const *arrays; /* of each batch, as its JSON */
    const char *config;
};

static int call_xgboost(const struct batches *b, const char *x, size_t first,
                        void *state)
{
    const struct xgboost *s = state;
    const uint64_t *shape;
    const float *result;
    uint64_t dim;

    (void)x;
    return s->predict(s->booster, s->arrays[first / b->batch], s->config, NULL,
                      &shape, &dim, &result);
}

double loop_xgboost(const struct batches *b, double seconds,
                    struct xgboost *state);

double loop_xgboost(const struct batches *b, double seconds,
                    struct xgboost *state)
{
    return time_calls(b, seconds, call_xgboost, state);
}

/* --- LightGBM: LGBM_BoosterPredictForMat, one row: ...SingleRowFast ------- */

typedef int lightgbm_matrix(void *booster, const void *x, int type,
                            int32_t rows, int32_t columns, int is_row_major,
                            int kind, int start, int n, const char *parameters,
                            int64_t *n_out, double *y);
typedef int lightgbm_row(void *fast, const void *x, int64_t *n_out, double *y);

struct lightgbm {
    lightgbm_matrix *matrix;
    lightgbm_row *row;
    void *booster, *fast;
    const char *parameters;
};

static int call_lightgbm(const struct batches *b, const char *x, size_t first,
                         void *state)
{
    const struct lightgbm *s = state;
    int64_t n_out;

    (void)first;
    if (b->batch == 1)
        return s->row(s->fast, x, &n_out, b->y);
    return s->matrix(s->booster, x, 1, (int32_t)b->batch, (int32_t)b->columns,
                     1, 0, 0, -1, s->parameters, &n_out, b->y);
}

double loop_lightgbm(const struct batches *b, double seconds,
                     struct lightgbm *state);

double loop_lightgbm(const struct batches *b, double seconds,
                     struct lightgbm *state)
{
    return time_calls(b, seconds, call_lightgbm, state);
}

/* --- treelite: TreeliteGTILPredict ---------------------------------------- */

typedef int treelite_predict(void *model, const void *x, const char *type,
                             uint64_t rows, void *y, void *config);

struct treelite {
    treelite_predict *predict;
    void *model, *config;
    const char *type; /* "float32", "float64" */
};

static int call_treelite(const struct batches *b, const char *x, size_t first,
                         void *state)
{
    const struct treelite *s = state;

    (void)first;
    return s->predict(s->model, x, s->type, b->batch, b->y, s->config);
}

double loop_treelite(const struct batches *b, double seconds,
                     struct treelite *state);

double loop_treelite(const struct batches *b, double seconds,
                     struct treelite *state)
{
    return time_calls(b, seconds, call_treelite, state);
}

/* --- tl2cgen: the function `predict` of what it generated, a row a call --- */

union entry_f32 {
    int missing;
    float value;
};
union entry_f64 {
    int missing;
    double value;
};

typedef void tl2cgen_f32(union entry_f32 *row, int is_margin, float *y);
typedef void tl2cgen_f64(union entry_f64 *row, int is_margin, double *y);

enum { MOST_COLUMNS = 64 };

static int call_tl2cgen_f32(const struct batches *b, const char *x,
                            size_t first, void *state)
{
    tl2cgen_f32 *const *predict = state;
    const float *values = (const float *)(const void *)x;
    union entry_f32 row[MOST_COLUMNS];

    (void)first;
    for (size_t r = 0; r < b->batch; r++, values += b->columns) {
        for (size_t c = 0; c < b->columns; c++)
            row[c].value = values[c];
        (*predict)(row, 1, (float *)b->y + r);
    }
    return 0;
}

static int call_tl2cgen_f64(const struct batches *b, const char *x,
                            size_t first, void *state)
{
    tl2cgen_f64 *const *predict = state;
    const double *values = (const double *)(const void *)x;
    union entry_f64 row[MOST_COLUMNS];

    (void)first;
    for (size_t r = 0; r < b->batch; r++, values += b->columns) {
        for (size_t c = 0; c < b->columns; c++)
            row[c].value = values[c];
        (*predict)(row, 1, (double *)b->y + r);
    }
    return 0;
}

double loop_tl2cgen_f32(const struct batches *b, double seconds, void *state);
double loop_tl2cgen_f64(const struct batches *b, double seconds, void *state);

double loop_tl2cgen_f32(const struct batches *b, double seconds, void *state)
{
    return time_calls(b, seconds, call_tl2cgen_f32, state);
}

double loop_tl2cgen_f64(const struct batches *b, double seconds, void *state)
{
    return time_calls(b, seconds, call_tl2cgen_f64, state);
}

/* --- lleaves: its compiled function --------------------------------------- */

typedef void lleaves_predict(const double *x, double *y, int32_t start,
                             int32_t end);

static int call_lleaves(const struct batches *b, const char *x, size_t first,
                        void *state)
{
    lleaves_predict *const *predict = state;

    (void)first;
    (*predict)((const double *)(const void *)x, b->y, 0, (int32_t)b->batch);
    return 0;
}

double loop_lleaves(const struct batches *b, double seconds, void *state);

double loop_lleaves(const struct batches *b, double seconds, void *state)
{
    return time_calls(b, seconds, call_lleaves, state);
}
