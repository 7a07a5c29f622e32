/* test_no_malloc.c: who calls malloc, and what happens when it fails.
 *
 * malloc and its family are defined here, in front of the C library's, and
 * count the calls of this thread. A sanitizer brings its own; then there is
 * nothing to be seen and the test says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/golden.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_OWN_MALLOC
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HAS_OWN_MALLOC
#endif

#ifdef HAS_OWN_MALLOC

TEST(skipped)
{
    printf("skipped: AddressSanitizer has a malloc of its own; the release "
           "build counts calls\n");
}

#else

/* glibc's functions behind the names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* Of this thread. Volatile, as compilers know that malloc changes no variable
 * of the program. */
static _Thread_local volatile size_t n_calls;   /* of the family, free too */
static _Thread_local volatile long n_blocks;    /* not freed */
static _Thread_local volatile size_t fail_call; /* allocations until one fails;
                                                 * 0: none does */

/* Whether this allocation is the one to fail. */
static bool fails(void)
{
    n_calls = n_calls + 1;
    if (fail_call == 0)
        return false;
    fail_call = fail_call - 1;
    if (fail_call == 0)
        errno = ENOMEM;
    return fail_call == 0;
}

static void *allocated(void *block)
{
    n_blocks = n_blocks + (block != NULL);
    return block;
}

void *malloc(size_t size)
{
    return fails() ? NULL : allocated(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : allocated(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    if (fails())
        return NULL;
    void *moved = __libc_realloc(block, size);
    n_blocks = n_blocks + (block == NULL) - (moved == NULL);
    return moved;
}

static void *allocate_aligned(size_t alignment, size_t size)
{
    return fails() ? NULL : allocated(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return allocate_aligned(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *aligned = allocate_aligned(alignment, size);
    if (aligned == NULL)
        return ENOMEM;
    *block = aligned;
    return 0;
}

void free(void *block)
{
    n_calls = n_calls + 1;
    n_blocks = n_blocks - (block != NULL);
    __libc_free(block);
}

static struct clary_error err;
static struct clary_reply reply;

/* Calls of malloc and so on while `body` is scored; SIZE_MAX if it is not. */
static size_t calls_of(struct clary_invoke *invoke, const struct golden *golden,
                       const char *accept, const char *body, size_t len)
{
    struct clary_request request = {"text/csv", accept};
    size_t before = n_calls;
    if (!CHECK_STATUS(clary_invoke(invoke, golden->model, &request, body, len,
                                   &reply, &err),
                      CLARY_OK))
        return SIZE_MAX;
    return n_calls - before;
}

/* The rows of a case again and again, `n` in all; free it. */
static char *many_rows(const struct golden *golden, size_t n, size_t *len)
{
    char *text = malloc(n * strlen(golden->input) + 1);
    const char *row = golden->input;
    *len = 0;
    for (size_t i = 0; i < n; i++) {
        size_t row_len = strcspn(row, "\n") + 1;
        memcpy(text + *len, row, row_len);
        *len += row_len;
        row += row_len;
        row = *row == '\0' ? golden->input : row;
    }
    return text;
}

TEST(the_counter_counts)
{
    size_t before = n_calls;
    long blocks = n_blocks;
    void *volatile small = malloc(10);
    void *volatile block = realloc(small, 100000);
    CHECK_INT(n_calls - before, 2);
    CHECK_INT(n_blocks - blocks, 1);
    free(block);
    CHECK_INT(n_calls - before, 3);
    CHECK_INT(n_blocks, blocks);
}

/* How often a reply makes the 128 KiB double that are kept of the one before;
 * what is beyond is given back by one call. */
static size_t growths(size_t len)
{
    size_t n = 0;
    for (size_t capacity = 128 << 10; capacity < len; capacity *= 2)
        n++;
    return n;
}

TEST(a_warm_request_calls_nothing)
{
    static const char *const accepts[] = {NULL, "text/csv",
                                          "application/jsonlines"};
    size_t n;
    const struct golden *cases = golden_cases(&n);
    for (const struct golden *c = cases; c < cases + n; c++) {
        struct clary_invoke *invoke = clary_invoke_new(NULL);
        size_t len, one = strcspn(c->input, "\n") + 1;
        char *body = many_rows(c, 1000, &len);
        for (size_t a = 0; c->model != NULL && a < 3; a++) {
            size_t cold = calls_of(invoke, c, accepts[a], body, len);
            size_t warm = calls_of(invoke, c, accepts[a], body, len);
            size_t alone = calls_of(invoke, c, accepts[a], c->input, one);
            size_t again = calls_of(invoke, c, accepts[a], body, len);
            size_t grown = growths(reply.len);
            CHECK(a > 0 || cold > 0);
            if (!CHECK_INT(warm, grown + (grown > 0)) ||
                !CHECK_INT(alone, grown > 0) || !CHECK_INT(again, grown))
                printf("in %s\n", c->name);
            for (size_t i = 0; i < 2; i++) {
                CHECK(clary_invoke_end(invoke) > 0);
                if (!CHECK_INT(calls_of(invoke, c, accepts[a], c->input, one),
                               0))
                    printf("after the end in %s\n", c->name);
            }
        }
        free(body);
        clary_invoke_free(invoke);
    }
}

/* A request with so many rows of zeros as npy. Column by column: its values
 * have to be kept until the last of them. */
static enum clary_status score_columns(struct clary_invoke *invoke,
                                       const struct golden *golden,
                                       size_t n_rows)
{
    const struct clary_request request = {.content_type = "application/x-npy"};
    size_t width = clary_model_signature(golden->model)->n_columns;
    size_t header = 128, n_bytes = n_rows * width * sizeof(float);
    char *body = calloc(1, header + n_bytes);
    if (body == NULL)
        return CLARY_NO_MEMORY;
    memcpy(body, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(body + 10, ' ', header - 11);
    int len = snprintf(body + 10, header - 10,
                       "{'descr': '<f4', 'fortran_order': True, "
                       "'shape': (%zu, %zu), }",
                       n_rows, width);
    body[10 + len] = ' ';
    body[header - 1] = '\n';
    enum clary_status status = clary_invoke(
        invoke, golden->model, &request, body, header + n_bytes, &reply, &err);
    free(body);
    return status;
}

TEST(a_large_body_is_given_back)
{
    enum { MIB = 1 << 20 };
    size_t n;
    const struct golden *c = golden_cases(&n);
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    while (strstr(c->name, "california-housing") == NULL)
        c++;
    CHECK_STATUS(score_columns(invoke, c, 2), CLARY_OK);
    size_t usual = clary_invoke_bytes(invoke);
    for (size_t i = 0; i < 3; i++) {
        CHECK_STATUS(score_columns(invoke, c, 40000), CLARY_OK);
        CHECK(clary_invoke_bytes(invoke) > usual + MIB);
        CHECK(clary_invoke_end(invoke) < usual + MIB / 2);
    }
    CHECK_STATUS(score_columns(invoke, c, 2), CLARY_OK);
    CHECK(clary_invoke_bytes(invoke) < usual + MIB / 2);
    clary_invoke_free(invoke);
}

TEST(a_warm_explanation_calls_nothing)
{
    const struct clary_request request = {.content_type = "text/csv",
                                          .explain = CLARY_EXPLAIN_SHAP};
    static const char body[] = "1,2,3,4,5\n,,0.5,,\n";
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_model *model;
    CHECK_STATUS(
        clary_model_load("tests/golden/xgboost/multi-softprob/model.tar.gz",
                         NULL, &model, &err),
        CLARY_OK);
    for (size_t i = 0; i < 3; i++) {
        size_t before = n_calls;
        CHECK_STATUS(clary_invoke(invoke, model, &request, body, strlen(body),
                                  &reply, &err),
                     CLARY_OK);
        CHECK_INT(n_calls > before, i == 0);
    }
    clary_model_free(model);
    clary_invoke_free(invoke);
}

TEST(a_refused_request_calls_nothing)
{
    const struct golden *golden = golden_case("half-plus-three");
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_request request = {"text/csv", NULL};
    CHECK(calls_of(invoke, golden, NULL, golden->input, strlen(golden->input)) >
          0);
    size_t before = n_calls;
    CHECK_STATUS(clary_invoke(invoke, golden->model, &request, "1,2,x\n", 6,
                              &reply, &err),
                 CLARY_BAD_INPUT);
    request.content_type = "text/plain";
    CHECK_STATUS(clary_invoke(invoke, golden->model, &request, "1,2,3\n", 6,
                              &reply, &err),
                 CLARY_BAD_MEDIA_TYPE);
    CHECK_INT(n_calls - before, 0);
    clary_invoke_free(invoke);
}

/* --- when there is no memory */

/* A request with a new clary_invoke, the allocation number `nth` failing. */
static enum clary_status score_failing(const struct golden *golden, size_t nth)
{
    struct clary_request request = {"text/csv", NULL};
    enum clary_status status = CLARY_NO_MEMORY;
    fail_call = nth;
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    if (invoke != NULL)
        status = clary_invoke(invoke, golden->model, &request, golden->input,
                              strlen(golden->input), &reply, &err);
    fail_call = 0;
    clary_invoke_free(invoke);
    return status;
}

TEST(every_allocation_of_a_request_may_fail)
{
    const struct golden *golden = golden_case("california-housing");
    enum clary_status status = CLARY_NO_MEMORY;
    for (size_t nth = 1; status == CLARY_NO_MEMORY && CHECK(nth < 1000);
         nth++) {
        long before = n_blocks;
        status = score_failing(golden, nth);
        CHECK_INT(n_blocks, before);
    }
    CHECK_STATUS(status, CLARY_OK);
}

/* Whether all went well with allocation number `nth` failing, or no memory was
 * reported; *failed tells whether there was such an allocation. */
static bool load_failing(const char *path, size_t nth, bool *failed)
{
    struct clary_model *model = NULL;
    long before = n_blocks;
    fail_call = nth;
    enum clary_status status = clary_model_load(path, NULL, &model, &err);
    *failed = fail_call == 0;
    fail_call = 0;
    if (status == CLARY_OK)
        clary_model_free(model);
    bool says_so = status == CLARY_NO_MEMORY ||
                   (status == CLARY_IO &&
                    strstr(err.message, "Cannot allocate memory") != NULL);
    bool sound = CHECK_INT(n_blocks, before) &&
                 CHECK(status == CLARY_OK || (*failed && says_so));
    if (!sound)
        printf("allocation %zu of %s: %s\n", nth, path,
               status == CLARY_OK ? "it loads" : err.message);
    return sound;
}

/* From a directory: libarchive itself ends the program, or crashes, when its
 * own small allocations fail. */
TEST(every_allocation_of_a_load_may_fail)
{
    static const char *const names[] = {"two-versions", "twelve-inputs"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char folder[] = "/tmp/clary-test-XXXXXX", command[1200];
        bool failed = true;
        if (!CHECK(mkdtemp(folder) != NULL))
            return;
        snprintf(command, sizeof command, "tar -xzf %s/model.tar.gz -C %s",
                 golden_case(names[i])->folder, folder);
        CHECK_INT(system(command), 0);
        for (size_t nth = 1; failed && CHECK(nth < 10000); nth++)
            if (!load_failing(folder, nth, &failed))
                break;
        snprintf(command, sizeof command, "rm -r %s", folder);
        CHECK_INT(system(command), 0);
    }
}

#endif
