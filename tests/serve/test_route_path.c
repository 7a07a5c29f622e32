/* test_route_path.c: which paths belong to which route.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/route_path.h"
#include "tests/test.h"

#include <string.h>

#define INFER "/v2/models/{model}/infer"
#define MODEL "/v2/models/{model}"

TEST(patterns)
{
    static const struct {
        const char *pattern, *path, *name, *version;
    } cases[] = {
        {INFER, "/v2/models/m/infer", "m", NULL},
        {INFER, "/v2/models/m/versions/12/infer", "m", "12"},
        {INFER, "/v2/models/versions/infer", "versions", NULL},
        {INFER, "/v2/models/a%2Fb/infer", "a%2Fb", NULL},
        {MODEL, "/v2/models/m", "m", NULL},
        {MODEL, "/v2/models/m/versions/1", "m", "1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route_model model;
        if (!CHECK(route_path_matches(cases[i].pattern, cases[i].path, &model)))
            continue;
        CHECK(model.name_len == strlen(cases[i].name) &&
              memcmp(model.name, cases[i].name, model.name_len) == 0);
        CHECK((model.version == NULL) == (cases[i].version == NULL));
        if (cases[i].version != NULL)
            CHECK(model.version_len == strlen(cases[i].version) &&
                  memcmp(model.version, cases[i].version, model.version_len) ==
                      0);
    }
}

TEST(other_paths)
{
    static const char *const paths[][2] = {
        {"/ping", "/pin"},
        {"/ping", "/ping/"},
        {"/v2", "/v2/models/m"},
        {INFER, "/v2/models//infer"},
        {INFER, "/v2/models/m/infer/"},
        {INFER, "/v2/models/m/inferX"},
        {INFER, "/v2/models/infer"},
        {INFER, "/v2/models/m/versions/infer"},
        {INFER, "/v2/models/m/versions//infer"},
        {INFER, "/v2/models/m/versions/1/2/infer"},
        {INFER, "/v2/models/"},
        {INFER, "/v2/models"},
        {INFER, "/v2"},
        {INFER, ""},
        {MODEL, "/v2/models/m/"},
        {MODEL, "/v2/models/m/versions"},
        {MODEL, "/v2/models/m/versions/"},
        {MODEL, "/v2/models/m/ready"},
    };
    struct route_model model;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (!CHECK(!route_path_matches(paths[i][0], paths[i][1], &model)))
            printf("%s is no %s\n", paths[i][1], paths[i][0]);
    CHECK(route_path_matches("/ping", "/ping", &model));
}

static bool is(const char *piece, const char *text)
{
    return route_path_is(piece, strlen(piece), text);
}

TEST(escapes)
{
    CHECK(is("model", "model"));
    CHECK(is("mo%64el", "model"));
    CHECK(is("%6D%6f%64%65%6C", "model"));
    CHECK(is("a%2Fb%20c", "a/b c"));
    CHECK(is("100%", "100%"));
    CHECK(is("%4", "%4"));
    CHECK(is("%zz", "%zz"));
    CHECK(is("", ""));
    CHECK(!is("mode", "model"));
    CHECK(!is("models", "model"));
    CHECK(!is("MODEL", "model"));
    CHECK(!is("model%00", "model"));
    CHECK(!route_path_is("mo%64el", 5, "model"));
}
