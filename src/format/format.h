/* format.h: one kind of artifact behind one struct.
 *
 * A format loads, nothing more: it finds its files in the artifact and builds
 * a program. formats.c holds THE table; adding a format is one file and one
 * line there. Formats are recognised by content, never by suffix.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_FORMAT_H
#define CLARY_FORMAT_FORMAT_H

#include "base/artifact.h"
#include "data/scores.h"
#include "program/program.h"

#include <clary/arena.h>
#include <clary/model.h>
#include <clary/status.h>

enum { CLARY_FACTS_MAX = 16 };

/* What a loader fills in. */
struct clary_loading {
    const struct clary_artifact *artifact;
    struct clary_arena *arena;     /* lives as long as the model */
    struct clary_arena *temporary; /* gone after the load */
    struct clary_program *program; /* the loader makes it, in `arena` */
    enum clary_trees trees;        /* the caller's, as clary_load_options */
    bool alone;
    const char *name; /* of the model; the loader may set it */
    int64_t version;
    const char *framework;    /* "TensorFlow 2.18.1" */
    const char *signature;    /* name of the signature */
    enum clary_answer answer; /* what the first output is */
    size_t n_classes;         /* of SOFTMAX and SOFTPROB */
    size_t n_nodes;           /* nodes read */
    const char *notes;        /* remarks, one a line */

    /* clary_loading_tell adds one */
    struct clary_fact facts[CLARY_FACTS_MAX];
    size_t n_facts;
};

/* Adds a fact: its name, which is kept, and its value by printf. */
enum clary_status clary_loading_tell(struct clary_loading *loading,
                                     struct clary_error *err, const char *name,
                                     const char *format, ...)
    __attribute__((format(printf, 4, 5))) CLARY_MUST_USE;

struct clary_format {
    const char *name;    /* "TensorFlow SavedModel" */
    const char *style;   /* "tfserving": the wire style of its container */
    bool missing_is_nan; /* its models define missing values: NaN is one, and
                          * so an empty cell of CSV */
    /* Whether the artifact holds this format; cheap. */
    bool (*probe)(const struct clary_artifact *artifact);
    /* A file that is a model of this format and of no other: in an artifact
     * with two such formats none can be chosen. NULL: it holds none; the whole
     * member may be NULL. */
    const struct clary_file *(*model)(const struct clary_artifact *artifact);
    /* Builds and outputs; does not finish the program. Errors:
     * CLARY_BAD_MODEL, CLARY_UNSUPPORTED, CLARY_NO_MEMORY. */
    enum clary_status (*load)(struct clary_loading *loading,
                              struct clary_error *err);
};

/* The format of the artifact, or CLARY_BAD_MODEL with what was found in it and
 * what would work. */
enum clary_status clary_format_detect(const struct clary_artifact *artifact,
                                      const struct clary_format **format,
                                      struct clary_error *err) CLARY_MUST_USE;

extern const struct clary_format clary_format_savedmodel;
extern const struct clary_format clary_format_xgboost;
extern const struct clary_format clary_format_lightgbm;

#endif
