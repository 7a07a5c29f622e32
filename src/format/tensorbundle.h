/* tensorbundle.h: TensorFlow's checkpoint files, variables.index and
 * variables.data-?????-of-????? (the bytes are drawn in tensorbundle.c and
 * leveldb.c).
 *
 * Bytes are untrusted: every offset, length and crc32c is checked.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_TENSORBUNDLE_H
#define CLARY_FORMAT_TENSORBUNDLE_H

#include "base/artifact.h"

#include <clary/arena.h>
#include <clary/status.h>
#include <clary/tensor.h>

struct clary_bundle;

/* Opens DIRECTORY/variables/variables.index in the artifact; `*out` is NULL
 * (and the status OK) when there is no such file: a model without variables.
 *
 *   memory  the index lives in `arena`
 *   errors  CLARY_BAD_MODEL (damaged: what, at which offset),
 *           CLARY_UNSUPPORTED (big endian, unknown compression),
 * CLARY_NO_MEMORY
 */
enum clary_status clary_bundle_open(const struct clary_artifact *artifact,
                                    const char *directory,
                                    struct clary_arena *arena,
                                    struct clary_bundle **out,
                                    struct clary_error *err) CLARY_MUST_USE;

/* The tensor `key`: its data is copied into `arena`, aligned to 64 bytes, and
 * its crc32c checked (of numeric types). DT_HALF and DT_BFLOAT16 are not
 * tensors of ours: CLARY_UNSUPPORTED names them, as it does strings and
 * partitioned variables (slices).
 *
 *   errors  CLARY_BAD_MODEL (no such key: named; size and shape disagree; out
 *           of the shard; bad crc), CLARY_UNSUPPORTED, CLARY_NO_MEMORY
 */
enum clary_status clary_bundle_read(const struct clary_bundle *bundle,
                                    const char *key, struct clary_arena *arena,
                                    struct clary_tensor *tensor,
                                    struct clary_error *err) CLARY_MUST_USE;

/* Keys in order, without the header's; for messages and tests. */
size_t clary_bundle_n_keys(const struct clary_bundle *bundle);
const char *clary_bundle_key(const struct clary_bundle *bundle, size_t index);

#endif
