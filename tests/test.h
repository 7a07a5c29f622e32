/* test.h: the whole test harness. One test program includes it once:
 *
 *     #include "tests/test.h"
 *
 *     TEST(sum_of_two)
 *     {
 *         CHECK_INT(1 + 1, 2);
 *     }
 *
 * Tests run in the order in which they stand, from the root of the
 * repository. A check that fails prints file:line, the expression and both
 * values, and the test goes on; each check is also an expression that is true
 * when it held, so that `if (!CHECK(p != NULL)) return;` guards what follows.
 * The program ends with one line, "test_csv: 12 passed, 0 failed" (tests, not
 * checks), and exits with 1 when a test failed. An argument runs only the
 * tests whose name contains it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_TEST_H
#define CLARY_TESTS_TEST_H

#include <clary/status.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
};

static struct test *test_first;
static struct test **test_end = &test_first;
static int test_failed_checks; /* of the test that runs */

#define TEST(name)                                                             \
    static void test_run_##name(void);                                         \
    static struct test test_of_##name = {#name, test_run_##name, NULL};        \
    __attribute__((constructor)) static void test_add_##name(void)             \
    {                                                                          \
        *test_end = &test_of_##name;                                           \
        test_end = &test_of_##name.next;                                       \
    }                                                                          \
    static void test_run_##name(void)

#define TEST_AT     __FILE__, __LINE__
#define CHECK(cond) test_true(TEST_AT, #cond, (cond))
#define CHECK_INT(a, b)                                                        \
    test_int(TEST_AT, #a, (long long)(a), #b, (long long)(b))
#define CHECK_STR(a, b) test_str(TEST_AT, #a, (a), #b, (b))
#define CHECK_NEAR(a, b, tol)                                                  \
    test_near(TEST_AT, #a, (double)(a), #b, (double)(b), (double)(tol))
/* `call` returns an enum clary_status. */
#define CHECK_STATUS(call, status) test_status(TEST_AT, #call, (call), (status))

/* Counts a failure and begins its line. */
__attribute__((unused)) static void test_fail(const char *file, int line)
{
    test_failed_checks++;
    printf("%s:%d: ", file, line);
}

__attribute__((unused)) static bool test_true(const char *file, int line,
                                              const char *expression, bool held)
{
    if (held)
        return true;
    test_fail(file, line);
    printf("%s is false\n", expression);
    return false;
}

__attribute__((unused)) static bool test_int(const char *file, int line,
                                             const char *a_text, long long a,
                                             const char *b_text, long long b)
{
    if (a == b)
        return true;
    test_fail(file, line);
    printf("%s is %lld, %s is %lld\n", a_text, a, b_text, b);
    return false;
}

__attribute__((unused)) static bool test_str(const char *file, int line,
                                             const char *a_text, const char *a,
                                             const char *b_text, const char *b)
{
    if (a == b || (a != NULL && b != NULL && strcmp(a, b) == 0))
        return true;
    test_fail(file, line);
    printf("%s is \"%s\", %s is \"%s\"\n", a_text, a == NULL ? "(null)" : a,
           b_text, b == NULL ? "(null)" : b);
    return false;
}

/* A NaN is near nothing; an infinity is near itself. */
__attribute__((unused)) static bool test_near(const char *file, int line,
                                              const char *a_text, double a,
                                              const char *b_text, double b,
                                              double tolerance)
{
    if ((isinf(a) && isinf(b) && signbit(a) == signbit(b)) ||
        fabs(a - b) <= tolerance)
        return true;
    test_fail(file, line);
    printf("%s is %.17g, %s is %.17g: further apart than %g\n", a_text, a,
           b_text, b, tolerance);
    return false;
}

__attribute__((unused)) static bool test_status(const char *file, int line,
                                                const char *call,
                                                enum clary_status status,
                                                enum clary_status expected)
{
    if (status == expected)
        return true;
    test_fail(file, line);
    printf("%s: %s, expected %s\n", call, clary_status_name(status),
           clary_status_name(expected));
    return false;
}

int main(int argc, char **argv)
{
    int n_passed = 0, n_failed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct test *test = test_first; test != NULL; test = test->next) {
        if (argc > 1 && strstr(test->name, argv[1]) == NULL)
            continue;
        test_failed_checks = 0;
        test->run();
        if (test_failed_checks == 0) {
            n_passed++;
            continue;
        }
        n_failed++;
        printf("FAILED %s\n", test->name);
    }
    printf("%s: %d passed, %d failed\n", program_invocation_short_name,
           n_passed, n_failed);
    return n_failed == 0 ? 0 : 1;
}

#endif
