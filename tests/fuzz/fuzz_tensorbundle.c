/* fuzz_tensorbundle.c: any bytes as variables.index.
 *
 * The first byte says what the others are: 0 the file itself; 1 the contents
 * of a data block and 2 of a Snappy block, in a table that is made around
 * them, since no fuzzer finds a checksum.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorbundle.h"
#include "tests/leveldb_writer.h"

#include <stdbool.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the type: the block goes into the file as it is. */
static void make_table(struct writer *w, const uint8_t *data, size_t size,
                       unsigned char type)
{
    struct writer_bytes contents = {NULL, 0};
    struct writer_bytes handle = {NULL, 0};
    writer_put(&contents, data, size);
    writer_put_block(w, &contents, type, &handle);
    writer_put_entry(&w->index, 0, "~", 1, handle.bytes, handle.len);
    writer_end_table(w);
    writer_clear(&contents);
    writer_clear(&handle);
}

static void read_all(const struct clary_artifact *artifact)
{
    struct clary_arena arena;
    struct clary_bundle *bundle;
    struct clary_tensor tensor;
    struct clary_error err;
    size_t n;
    clary_arena_init(&arena, (size_t)4 << 20);
    if (clary_bundle_open(artifact, "", &arena, &bundle, &err) != CLARY_OK)
        goto done;
    for (size_t i = 0; i < clary_bundle_n_keys(bundle); i++) {
        const char *key = clary_bundle_key(bundle, i);
        if (clary_bundle_read(bundle, key, &arena, &tensor, &err) == CLARY_OK &&
            !clary_shape_elements(&tensor.shape, &n))
            abort();
    }
done:
    clary_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char shard[64] = {0, 0, 128, 63};
    struct writer w = {0};
    if (size == 0)
        return 0;
    if (data[0] == 0)
        writer_put(&w.file, data + 1, size - 1);
    else
        make_table(&w, data + 1, size - 1, data[0] == 1 ? 0 : 1);
    struct clary_file files[] = {
        {"variables/variables.data-00000-of-00001", shard, sizeof shard},
        {"variables/variables.index", w.file.bytes, w.file.len},
    };
    struct clary_artifact artifact = {
        .root = "model", .files = files, .n_files = 2};
    read_all(&artifact);
    writer_free(&w);
    return 0;
}
