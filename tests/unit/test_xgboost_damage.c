/* test_xgboost_damage.c: golden models cut off and with flipped bits: an error
 * with a message or a model that runs, never a crash (make sanitize).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"
#include "tests/unit/golden.h"
#include "tests/unit/xgboost_rows.h"

#define FOLDER "tests/golden/xgboost"

enum { CUTS = 40, FLIPS = 120 };

static uint32_t state = 7;

/* Below n. */
static size_t chance(size_t n)
{
    state = state * 1664525 + 1013904223;
    return (size_t)((uint64_t)state * n >> 32);
}

/* Loads a copy of exactly its size; what loads predicts a row. */
static enum clary_status try_bytes(const unsigned char *bytes, size_t len)
{
    unsigned char *copy = malloc(len + !len);
    struct loaded loaded;

    memcpy(copy, bytes, len);
    why.message[0] = '\0';
    load_bytes(&loaded, copy, len, CLARY_TREES_AUTO);
    if (loaded.status == CLARY_OK) {
        float *x = calloc((size_t)loaded.learner->n_features, sizeof *x);

        if (x)
            (void)run_rows(&loaded, x, 1, NULL, NULL);
        free(x);
    } else {
        CHECK(strlen(why.message) > 10);
    }
    unload(&loaded);
    free(copy);
    return loaded.status;
}

static void damage(const struct clary_file *file)
{
    unsigned char *bytes = malloc(file->len);

    memcpy(bytes, file->bytes, file->len);
    /* all but the binary format end with what closes them */
    for (size_t i = 0; i < CUTS; i++)
        if (try_bytes(bytes, chance(file->len)) == CLARY_OK)
            CHECK(clary_learner_probe_binary(bytes, file->len));
    for (size_t i = 0; i < FLIPS; i++) {
        size_t at = chance(file->len);
        unsigned char bit = (unsigned char)(1u << chance(8));

        bytes[at] ^= bit;
        (void)try_bytes(bytes, file->len);
        bytes[at] ^= bit;
    }
    CHECK_STATUS(try_bytes(bytes, file->len), CLARY_OK);
    free(bytes);
}

TEST(damaged_copies_of_every_golden_model)
{
    glob_t found;
    struct clary_error ignored;

    if (!CHECK_STATUS(clary_init(1, &ignored), CLARY_OK) ||
        !CHECK_INT(glob(FOLDER "/*/model.tar.gz", 0, NULL, &found), 0))
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct clary_artifact *artifact;

        if (!CHECK_STATUS(clary_artifact_open(found.gl_pathv[i], NULL,
                                              &artifact, &ignored),
                          CLARY_OK))
            continue;
        for (size_t f = 0; f < artifact->n_files; f++)
            if (artifact->files[f].path[0] != '.')
                damage(&artifact->files[f]);
        clary_artifact_close(artifact);
    }
    globfree(&found);
}
