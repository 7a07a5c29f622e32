/* test_golden.c: every golden model gives the values of the library that made
 * it, and gives a row the same bytes whatever comes with it.
 *
 * The bytes of a row alone are the measure: the same row in a batch of 1 to
 * 300 rows, in any place of it, in a body that comes in pieces, and on four
 * threads at once must have them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/golden.h"

#include <ctype.h>
#include <pthread.h>

enum { BATCH_MAX = 300, N_THREADS = 4 };

static const char *const accepts[] = {"text/csv", "application/jsonlines"};
enum { N_ACCEPTS = 2 };

/* Lines of text one after the other; line i is bytes[start[i] .. start[i + 1]).
 * They are the lines of a case over and over, so that any stretch of up to
 * BATCH_MAX of them is there in one piece. */
struct cycle {
    char *bytes;
    size_t *start;
};

static void cycle_free(struct cycle *cycle)
{
    free(cycle->bytes);
    free(cycle->start);
}

static size_t line_length(const char *text)
{
    return strcspn(text, "\n") + 1;
}

static struct cycle cycle_new(const char *text, size_t n_lines)
{
    size_t n = n_lines + BATCH_MAX, at = 0;
    struct cycle cycle = {.bytes = malloc(strlen(text) * (n / n_lines + 1) + 1),
                          .start = calloc(n + 1, sizeof *cycle.start)};
    const char *line = text;
    for (size_t i = 0; i < n; i++) {
        size_t len = line_length(line);
        cycle.start[i] = at;
        memcpy(cycle.bytes + at, line, len);
        at += len;
        line += len;
        if (*line == '\0')
            line = text;
    }
    cycle.start[n] = at;
    return cycle;
}

/* --- scoring */

static struct clary_error err;

static bool score(struct clary_invoke *invoke, const struct golden *golden,
                  const char *accept, const char *body, size_t len,
                  struct clary_reply *reply)
{
    struct clary_request request = {"text/csv", accept};
    if (clary_invoke(invoke, golden->model, &request, body, len, reply, &err) ==
        CLARY_OK)
        return true;
    test_fail(TEST_AT);
    printf("%s: %s\n", golden->name, err.message);
    return false;
}

static bool is_served(const struct golden *golden)
{
    return golden->model != NULL && golden->refused == NULL;
}

/* What a case's rows look like alone, in order, as one text; free it. */
static char *scored_alone(struct clary_invoke *invoke,
                          const struct golden *golden, const char *accept)
{
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    if (stream == NULL)
        abort();
    for (const char *row = golden->input; *row != '\0';
         row += line_length(row)) {
        struct clary_reply reply;
        if (!score(invoke, golden, accept, row, line_length(row), &reply))
            continue;
        CHECK_INT(reply.n_rows, 1);
        fwrite(reply.body, 1, reply.len, stream);
    }
    fclose(stream);
    CHECK_INT(golden_lines(text), golden->n_rows);
    return text;
}

/* A case's rows, and what each gives alone. */
struct rows {
    struct cycle in, out[N_ACCEPTS];
};

static bool rows_new(struct clary_invoke *invoke, const struct golden *golden,
                     struct rows *rows)
{
    bool sound = true;
    rows->in = cycle_new(golden->input, golden->n_rows);
    for (size_t a = 0; a < N_ACCEPTS; a++) {
        char *alone = scored_alone(invoke, golden, accepts[a]);
        size_t n = golden_lines(alone);
        sound = sound && n == golden->n_rows;
        rows->out[a] = cycle_new(n == 0 ? "\n" : alone, n == 0 ? 1 : n);
        free(alone);
    }
    return sound;
}

static void rows_free(struct rows *rows)
{
    cycle_free(&rows->in);
    for (size_t a = 0; a < N_ACCEPTS; a++)
        cycle_free(&rows->out[a]);
}

/* Whether a reply is the lines first .. first + n - 1. */
static bool is_stretch(const struct clary_reply *reply,
                       const struct cycle *cycle, size_t first, size_t n)
{
    size_t start = cycle->start[first];
    size_t len = cycle->start[first + n] - start;
    return reply->len == len && reply->n_rows == n &&
           memcmp(reply->body, cycle->bytes + start, len) == 0;
}

/* Where batch number n of a case begins: another row each time. */
static size_t first_row(const struct golden *golden, size_t n)
{
    return n * 7 % golden->n_rows;
}

/* --- the tests */

TEST(every_case_is_served_or_refused_with_its_reason)
{
    size_t n;
    const struct golden *cases = golden_cases(&n);
    CHECK(n >= 30);
    for (const struct golden *c = cases; c < cases + n; c++) {
        CHECK(c->n_rows > 0);
        if (c->refused == NULL && c->status == CLARY_OK)
            continue;
        if (c->refused == NULL) {
            test_fail(TEST_AT);
            printf("%s is refused: %s\n", c->name, c->err.message);
            continue;
        }
        CHECK_STATUS(c->status, CLARY_UNSUPPORTED);
        if (strstr(c->err.message, c->refused) == NULL) {
            test_fail(TEST_AT);
            printf("%s: \"%s\" does not hold \"%s\"\n", c->name, c->err.message,
                   c->refused);
        }
    }
}

/* The number at `*text`, and `*text` behind it. */
static double read_value(const char **text)
{
    char *end;
    double value = strtod(*text, &end);
    if (strncmp(*text, "true", 4) == 0 || strncmp(*text, "false", 5) == 0) {
        value = **text == 't';
        end = strpbrk(*text, ",\n");
    }
    CHECK(end != *text);
    *text = end;
    return value;
}

/* How far `got` is from `want`, as a share of what is allowed. */
static double distance(double got, double want)
{
    if (isnan(want) || isinf(want))
        return (isnan(want) && isnan(got)) || got == want ? 0 : INFINITY;
    return fabs(got - want) / (1e-6 + 1e-6 * fabs(want));
}

/* The largest distance between two CSV texts of the same numbers. */
static double compare_values(const char *name, const char *got,
                             const char *want)
{
    double largest = 0;
    for (size_t at = 0; *got != '\0' && *want != '\0'; at++) {
        double a = read_value(&got), b = read_value(&want);
        double share = distance(a, b);
        if (!(share <= 1)) {
            test_fail(TEST_AT);
            printf("%s: value %zu is %.9g, expected %.9g\n", name, at, a, b);
        }
        largest = share > largest ? share : largest;
        if (!CHECK_INT(*got, *want) || *got++ == '\0')
            break;
        want++;
    }
    CHECK_STR(got, want); /* both at their end */
    return largest;
}

TEST(values_are_the_library_s)
{
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    const char *farthest = "none";
    double largest = 0;
    size_t n;
    const struct golden *cases = golden_cases(&n);
    for (const struct golden *c = cases; c < cases + n; c++) {
        struct clary_reply reply;
        if (!is_served(c) ||
            !score(invoke, c, "text/csv", c->input, strlen(c->input), &reply))
            continue;
        CHECK_INT(reply.n_rows, c->n_rows);
        char *got = strndup(reply.body, reply.len);
        double share = compare_values(c->name, got, c->expected);
        if (getenv("CLARY_GOLDEN_TABLE") != NULL)
            printf("%-32s %.3f of the allowance\n", c->name, share);
        if (share > largest) {
            largest = share;
            farthest = c->name;
        }
        free(got);
    }
    printf("largest difference: %.2f of 1e-6 + 1e-6 of the value, in %s\n",
           largest, farthest);
    clary_invoke_free(invoke);
}

TEST(a_row_has_the_same_bytes_in_every_batch)
{
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    size_t n_cases;
    const struct golden *cases = golden_cases(&n_cases);
    for (const struct golden *c = cases; c < cases + n_cases; c++) {
        struct rows rows;
        if (!is_served(c))
            continue;
        bool sound = rows_new(invoke, c, &rows);
        for (size_t n = 1; sound && n <= BATCH_MAX; n++) {
            size_t first = first_row(c, n), start = rows.in.start[first];
            for (size_t a = 0; sound && a < N_ACCEPTS; a++) {
                struct clary_reply reply;
                sound = score(invoke, c, accepts[a], rows.in.bytes + start,
                              rows.in.start[first + n] - start, &reply) &&
                        is_stretch(&reply, &rows.out[a], first, n);
            }
            if (!sound) {
                test_fail(TEST_AT);
                printf("%s: rows of a batch of %zu are not what they are "
                       "alone\n",
                       c->name, n);
            }
        }
        rows_free(&rows);
    }
    clary_invoke_free(invoke);
}

/* --- bodies in pieces */

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

/* Scores bytes[0 .. len - 1] in pieces of 0 to `most` bytes, or of 1. */
static bool score_pieces(struct clary_invoke *invoke,
                         const struct golden *golden, const char *bytes,
                         size_t len, size_t most, unsigned *random,
                         struct clary_reply *reply)
{
    struct clary_request request = {"text/csv", "text/csv"};
    size_t at = 0;
    if (!CHECK_STATUS(clary_invoke_begin(invoke, golden->model, &request, &err),
                      CLARY_OK))
        return false;
    while (at < len) {
        size_t piece = most == 1 ? 1 : next_random(random) % (most + 1);
        piece = piece < len - at ? piece : len - at;
        /* a block of its own: a read past the piece is seen */
        char *copy = malloc(piece);
        if (piece > 0)
            memcpy(copy, bytes + at, piece);
        enum clary_status status = clary_invoke_feed(invoke, copy, piece, &err);
        free(copy);
        if (!CHECK_STATUS(status, CLARY_OK))
            return false;
        at += piece;
    }
    return CHECK_STATUS(clary_invoke_finish(invoke, reply, &err), CLARY_OK);
}

TEST(pieces_of_a_body_do_not_matter)
{
    static const size_t most[] = {2, 7, 64, 1000, 20000};
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    unsigned random = 1;
    size_t n_cases;
    const struct golden *cases = golden_cases(&n_cases);
    for (const struct golden *c = cases; c < cases + n_cases; c++) {
        struct clary_reply reply;
        struct rows rows;
        if (!is_served(c))
            continue;
        bool sound = rows_new(invoke, c, &rows);
        sound = sound &&
                score_pieces(invoke, c, rows.in.bytes, rows.in.start[c->n_rows],
                             1, &random, &reply) &&
                CHECK(is_stretch(&reply, &rows.out[0], 0, c->n_rows));
        for (size_t m = 0; sound && m < sizeof most / sizeof *most; m++)
            sound =
                score_pieces(invoke, c, rows.in.bytes, rows.in.start[BATCH_MAX],
                             most[m], &random, &reply) &&
                CHECK(is_stretch(&reply, &rows.out[0], 0, BATCH_MAX));
        if (!sound)
            printf("in %s\n", c->name);
        rows_free(&rows);
    }
    clary_invoke_free(invoke);
}

/* --- threads */

struct worker {
    const struct golden *golden;
    const struct rows *rows;
    size_t number, n_wrong;
};

static void *work(void *context)
{
    static const size_t sizes[] = {1, 300, 2, 97, 191, 192, 193, 5, 96};
    struct worker *worker = context;
    const struct golden *golden = worker->golden;
    const struct cycle *in = &worker->rows->in;
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_request request = {"text/csv", "text/csv"};
    enum { N_SIZES = sizeof sizes / sizeof *sizes };
    for (size_t i = 0; i < 2 * N_SIZES; i++) {
        size_t n = sizes[(i + worker->number) % N_SIZES];
        size_t first = first_row(golden, i + worker->number);
        size_t start = in->start[first];
        struct clary_error own;
        struct clary_reply reply;
        if (clary_invoke(invoke, golden->model, &request, in->bytes + start,
                         in->start[first + n] - start, &reply,
                         &own) != CLARY_OK ||
            !is_stretch(&reply, &worker->rows->out[0], first, n))
            worker->n_wrong++;
    }
    clary_invoke_free(invoke);
    return NULL;
}

TEST(threads_do_not_matter)
{
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    size_t n_cases;
    const struct golden *cases = golden_cases(&n_cases);
    for (const struct golden *c = cases; c < cases + n_cases; c++) {
        struct worker workers[N_THREADS];
        pthread_t threads[N_THREADS];
        struct rows rows;
        if (!is_served(c) || !rows_new(invoke, c, &rows))
            continue;
        for (size_t t = 0; t < N_THREADS; t++) {
            workers[t] = (struct worker){c, &rows, t, 0};
            CHECK_INT(pthread_create(&threads[t], NULL, work, &workers[t]), 0);
        }
        for (size_t t = 0; t < N_THREADS; t++) {
            pthread_join(threads[t], NULL);
            if (!CHECK_INT(workers[t].n_wrong, 0))
                printf("in %s\n", c->name);
        }
        rows_free(&rows);
    }
    clary_invoke_free(invoke);
}

/* --- JSON */

static bool begins_number(const char *p)
{
    return isdigit((unsigned char)*p) || *p == '-' || *p == 'N' || *p == 'I';
}

/* Two JSON texts that may differ in the values of numbers only. */
static void compare_json(const struct golden *golden, const char *got,
                         const char *want)
{
    const char *start = got;
    bool in_string = false;
    while (*got != '\0' && *want != '\0') {
        if (!in_string && begins_number(got) && begins_number(want)) {
            char *end_got, *end_want;
            double a = strtod(got, &end_got), b = strtod(want, &end_want);
            if (!CHECK(end_got != got) || !CHECK(distance(a, b) <= 1))
                break;
            got = end_got;
            want = end_want;
            continue;
        }
        if (*got != *want)
            break;
        in_string = in_string != (*got == '"');
        got++;
        want++;
    }
    if (*got == '\0' && *want == '\0')
        return;
    test_fail(TEST_AT);
    printf("%s: after %td bytes: \"%.40s\", expected \"%.40s\"\n", golden->name,
           got - start, got, want);
}

/* Models of so few operations that the very bytes are expected. */
static bool is_exact(const struct golden *golden)
{
    static const char *const exact[] = {"half-plus-three", "identity8",
                                        "rank1-output", "two-versions"};
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (strcmp(golden->name, exact[i]) == 0)
            return true;
    return false;
}

static void check_json(struct clary_invoke *invoke, const struct golden *golden,
                       const char *accept, const char *file)
{
    char *want = golden_read(golden->folder, file, NULL);
    struct clary_reply reply;
    if (!CHECK(want != NULL) || !score(invoke, golden, accept, golden->input,
                                       strlen(golden->input), &reply)) {
        free(want);
        return;
    }
    char *got = strndup(reply.body, reply.len);
    CHECK_STR(reply.content_type, "application/json");
    if (is_exact(golden))
        CHECK_STR(got, want);
    else
        compare_json(golden, got, want);
    if (getenv("CLARY_GOLDEN_TABLE") != NULL && strcmp(got, want) == 0)
        printf("%s: %s has the very bytes\n", golden->name, file);
    free(got);
    free(want);
}

TEST(json_is_laid_out_as_tensorflow_serving_does)
{
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    size_t n;
    const struct golden *cases = golden_cases(&n);
    for (const struct golden *c = cases; c < cases + n; c++) {
        if (!is_served(c))
            continue;
        check_json(invoke, c, NULL, "expected.json");
        check_json(invoke, c, "application/json", "expected_accept_json.json");
    }
    clary_invoke_free(invoke);
}
