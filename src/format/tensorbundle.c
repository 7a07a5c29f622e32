/* tensorbundle.c: TensorFlow's checkpoint of a model's variables.
 *
 * variables.index is a LevelDB table (leveldb.c). Key "" has a
 * clary.bundle.Header, every other key a clary.bundle.Entry, which says where
 * in variables.data-SSSSS-of-NNNNN a tensor's plain little-endian bytes are.
 *
 * Keys are read when the bundle is opened; their entries are decoded when
 * asked for, since a checkpoint may hold optimizer slots that nobody reads, of
 * types we do not know.
 * Source: tensorflow/core/util/tensor_bundle/tensor_bundle.h.
 * Tests: tests/unit/test_tensorbundle.c, tests/fuzz/fuzz_tensorbundle.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorbundle.h"

#include "format/crc32c.h"
#include "format/leveldb.h"
#include "format/proto.h"
#include "format/proto/bundle.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_NAME "variables/variables.index"

struct span {
    const unsigned char *bytes;
    size_t len;
};

struct entry {
    const char *key;
    struct span value; /* in the artifact, or unpacked in the arena */
};

struct clary_bundle {
    const struct clary_artifact *artifact;
    const char *directory;
    size_t n_shards;
    struct entry *entries; /* sorted by key */
    size_t n_entries;
};

/* A bundle that is being opened. */
struct opening {
    struct clary_arena *arena;
    struct clary_bundle *bundle;
    size_t capacity;    /* of bundle->entries */
    struct span header; /* the value of key "" */
};

static enum clary_status no_memory(struct clary_error *err, const char *what)
{
    return clary_fail(err, CLARY_NO_MEMORY, INDEX_NAME ": no memory for %s",
                      what);
}

static enum clary_status make_room(struct opening *opening,
                                   struct clary_error *err)
{
    struct clary_bundle *bundle = opening->bundle;
    if (bundle->n_entries < opening->capacity)
        return CLARY_OK;
    size_t capacity = opening->capacity > 0 ? 2 * opening->capacity : 64;
    struct entry *entries =
        clary_arena_calloc(opening->arena, capacity, sizeof *entries);
    if (entries == NULL)
        return no_memory(err, "the list of variables");
    if (bundle->n_entries > 0)
        memcpy(entries, bundle->entries, bundle->n_entries * sizeof *entries);
    bundle->entries = entries;
    opening->capacity = capacity;
    return CLARY_OK;
}

static enum clary_status add_entry(void *context,
                                   const struct clary_leveldb_entry *entry,
                                   struct clary_error *err)
{
    struct opening *opening = context;
    struct clary_bundle *bundle = opening->bundle;
    struct span value = {entry->value, entry->value_len};
    if (entry->key_len == 0) {
        opening->header = value;
        return CLARY_OK;
    }
    if (memchr(entry->key, '\0', entry->key_len) != NULL)
        return clary_fail(err, CLARY_BAD_MODEL,
                          INDEX_NAME ": key %zu has a NUL byte",
                          bundle->n_entries + 1);
    CLARY_TRY(make_room(opening, err));
    const char *key = clary_arena_strndup(
        opening->arena, (const char *)entry->key, entry->key_len);
    if (key == NULL)
        return no_memory(err, "a key");
    bundle->entries[bundle->n_entries++] = (struct entry){key, value};
    return CLARY_OK;
}

static enum clary_status read_header(const struct opening *opening,
                                     struct clary_error *err)
{
    ProtobufCMessage *message;
    if (opening->header.bytes == NULL)
        return clary_fail(err, CLARY_BAD_MODEL,
                          INDEX_NAME " has no header (key \"\")");
    CLARY_TRY(clary_proto_unpack(&clary__bundle__header__descriptor,
                                 opening->arena, opening->header.bytes,
                                 opening->header.len, INDEX_NAME ", header",
                                 &message, err));
    const Clary__Bundle__Header *header =
        (const Clary__Bundle__Header *)message;
    if (header->endianness != 0)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          INDEX_NAME " is of a big-endian machine");
    if (header->num_shards < 1)
        return clary_fail(err, CLARY_BAD_MODEL,
                          INDEX_NAME " says %d data files",
                          (int)header->num_shards);
    opening->bundle->n_shards = (size_t)header->num_shards;
    return CLARY_OK;
}

enum clary_status clary_bundle_open(const struct clary_artifact *artifact,
                                    const char *directory,
                                    struct clary_arena *arena,
                                    struct clary_bundle **out,
                                    struct clary_error *err)
{
    const struct clary_file *file =
        clary_artifact_find_in(artifact, directory, INDEX_NAME);
    if (file == NULL) {
        *out = NULL;
        return CLARY_OK;
    }
    struct clary_bundle *bundle = clary_arena_calloc(arena, 1, sizeof *bundle);
    if (bundle == NULL)
        return no_memory(err, "the index");
    bundle->artifact = artifact;
    bundle->directory =
        clary_arena_strndup(arena, directory, strlen(directory));
    if (bundle->directory == NULL)
        return no_memory(err, "the index");
    struct opening opening = {.arena = arena, .bundle = bundle};
    CLARY_TRY(clary_leveldb_read(file->bytes, file->len, INDEX_NAME, arena,
                                 add_entry, &opening, err));
    CLARY_TRY(read_header(&opening, err));
    *out = bundle;
    return CLARY_OK;
}

size_t clary_bundle_n_keys(const struct clary_bundle *bundle)
{
    return bundle->n_entries;
}

const char *clary_bundle_key(const struct clary_bundle *bundle, size_t index)
{
    return bundle->entries[index].key;
}

/* --- one tensor */

/* tensorflow/core/framework/types.proto, DataType. */
static const struct {
    const char *name;
    bool is_ours;
    enum clary_dtype dtype;
} data_types[] = {
    [1] = {"float32", true, CLARY_DTYPE_F32},
    [2] = {"float64", true, CLARY_DTYPE_F64},
    [3] = {"int32", true, CLARY_DTYPE_I32},
    [4] = {"uint8", true, CLARY_DTYPE_U8},
    [5] = {.name = "int16"},
    [6] = {"int8", true, CLARY_DTYPE_I8},
    [7] = {.name = "string"},
    [8] = {.name = "complex64"},
    [9] = {"int64", true, CLARY_DTYPE_I64},
    [10] = {"bool", true, CLARY_DTYPE_BOOL},
    [11] = {.name = "qint8"},
    [12] = {.name = "quint8"},
    [13] = {.name = "qint32"},
    [14] = {.name = "bfloat16"},
    [15] = {.name = "qint16"},
    [16] = {.name = "quint16"},
    [17] = {.name = "uint16"},
    [18] = {.name = "complex128"},
    [19] = {.name = "float16"},
    [20] = {.name = "resource"},
    [21] = {.name = "variant"},
    [22] = {.name = "uint32"},
    [23] = {.name = "uint64"},
};

static int compare_key(const void *key, const void *entry)
{
    return strcmp(key, ((const struct entry *)entry)->key);
}

static enum clary_status get_dtype(const char *key, int32_t type,
                                   enum clary_dtype *dtype,
                                   struct clary_error *err)
{
    const size_t n = sizeof data_types / sizeof *data_types;
    const char *name = NULL;
    if (type > 0 && (size_t)type < n)
        name = data_types[type].name;
    if (name == NULL)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "variable \"%s\" has the unknown dtype %d", key,
                          (int)type);
    if (!data_types[type].is_ours)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "variable \"%s\" is of dtype %s, which is not "
                          "supported",
                          key, name);
    *dtype = data_types[type].dtype;
    return CLARY_OK;
}

static enum clary_status get_shape(const char *key,
                                   const Clary__Bundle__Shape *from,
                                   struct clary_shape *shape,
                                   struct clary_error *err)
{
    *shape = (struct clary_shape){0};
    if (from == NULL) /* proto3 leaves out an empty message: a scalar */
        return CLARY_OK;
    if (from->unknown_rank)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "variable \"%s\" has no known shape", key);
    if (from->n_dim > CLARY_MAX_RANK)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "variable \"%s\" has %zu dimensions; up to %d are "
                          "supported",
                          key, from->n_dim, CLARY_MAX_RANK);
    shape->rank = from->n_dim;
    for (size_t i = 0; i < from->n_dim; i++)
        shape->dim[i] = from->dim[i]->size;
    return CLARY_OK;
}

/* Where an entry says that its bytes are. */
struct place {
    int32_t shard;
    int64_t offset;
    int64_t size;
    uint32_t crc32c; /* masked */
};

/* Decodes the entry; what protobuf-c allocates is gone on return. */
static enum clary_status decode_entry(const struct entry *entry,
                                      struct clary_arena *arena,
                                      struct clary_tensor *tensor,
                                      struct place *place,
                                      struct clary_error *err)
{
    char what[CLARY_LEVELDB_KEY_BYTES + 64];
    ProtobufCMessage *message;
    snprintf(what, sizeof what, INDEX_NAME ", entry \"%s\"", entry->key);
    CLARY_TRY(clary_proto_unpack(&clary__bundle__entry__descriptor, arena,
                                 entry->value.bytes, entry->value.len, what,
                                 &message, err));
    const Clary__Bundle__Entry *from = (const Clary__Bundle__Entry *)message;
    if (from->n_slices > 0)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "variable \"%s\" is partitioned (%zu slices), which "
                          "is not supported",
                          entry->key, from->n_slices);
    CLARY_TRY(get_dtype(entry->key, from->dtype, &tensor->dtype, err));
    CLARY_TRY(get_shape(entry->key, from->shape, &tensor->shape, err));
    *place =
        (struct place){from->shard_id, from->offset, from->size, from->crc32c};
    return CLARY_OK;
}

/* The tensor's bytes in its data file, with nothing but their place checked. */
static enum clary_status find_bytes(const struct clary_bundle *bundle,
                                    const char *key, const struct place *place,
                                    struct span *bytes, struct clary_error *err)
{
    char name[64];
    if (place->shard < 0 || (size_t)place->shard >= bundle->n_shards)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "variable \"%s\" is in data file %d of %zu", key,
                          (int)place->shard, bundle->n_shards);
    snprintf(name, sizeof name, "variables/variables.data-%05d-of-%05zu",
             (int)place->shard, bundle->n_shards);
    const struct clary_file *file =
        clary_artifact_find_in(bundle->artifact, bundle->directory, name);
    if (file == NULL)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "%s, with variable \"%s\", is missing", name, key);
    if (place->offset < 0 || place->size < 0 ||
        (uint64_t)place->offset > file->len ||
        (uint64_t)place->size > file->len - (size_t)place->offset)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "%s has %zu bytes, but variable \"%s\" has %lld "
                          "bytes at byte %lld",
                          name, file->len, key, (long long)place->size,
                          (long long)place->offset);
    bytes->bytes = NULL;
    bytes->len = (size_t)place->size;
    if (bytes->len > 0)
        bytes->bytes = file->bytes + place->offset;
    return CLARY_OK;
}

/* Whether `bytes` are what the shape and the checksum say. */
static enum clary_status check_bytes(const struct clary_tensor *tensor,
                                     const char *key, struct span bytes,
                                     uint32_t masked_crc,
                                     struct clary_error *err)
{
    char shape[128];
    size_t wanted;
    if (!clary_shape_elements(&tensor->shape, &wanted) ||
        !clary_size_mul(wanted, clary_dtype_bytes(tensor->dtype), &wanted) ||
        wanted != bytes.len)
        return clary_fail(
            err, CLARY_BAD_MODEL,
            "variable \"%s\" has %zu bytes, but its shape is %s of %s", key,
            bytes.len, clary_shape_print(&tensor->shape, shape, sizeof shape),
            clary_dtype_name(tensor->dtype));
    uint32_t crc = clary_crc32c(0, bytes.bytes, bytes.len);
    if (clary_crc32c_unmask(masked_crc) != crc)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "variable \"%s\" has the wrong checksum: the data "
                          "file is damaged",
                          key);
    for (size_t i = 0; tensor->dtype == CLARY_DTYPE_BOOL && i < bytes.len; i++)
        if (bytes.bytes[i] > 1)
            return clary_fail(err, CLARY_BAD_MODEL,
                              "variable \"%s\" is of dtype bool, but element "
                              "%zu is %u",
                              key, i, bytes.bytes[i]);
    return CLARY_OK;
}

enum clary_status clary_bundle_read(const struct clary_bundle *bundle,
                                    const char *key, struct clary_arena *arena,
                                    struct clary_tensor *tensor,
                                    struct clary_error *err)
{
    struct clary_tensor found = {0};
    struct place place = {0};
    struct span bytes = {0};
    const struct entry *entry = NULL;
    if (bundle->n_entries > 0)
        entry = bsearch(key, bundle->entries, bundle->n_entries, sizeof *entry,
                        compare_key);
    if (entry == NULL)
        return clary_fail(err, CLARY_BAD_MODEL,
                          INDEX_NAME " has no variable \"%s\"", key);
    struct clary_arena_mark mark = clary_arena_mark(arena);
    enum clary_status status = decode_entry(entry, arena, &found, &place, err);
    clary_arena_rewind(arena, mark);
    CLARY_TRY(status);
    CLARY_TRY(find_bytes(bundle, key, &place, &bytes, err));
    CLARY_TRY(check_bytes(&found, key, bytes, place.crc32c, err));
    found.data = clary_arena_alloc(arena, bytes.len);
    if (found.data == NULL)
        return clary_fail(err, CLARY_NO_MEMORY,
                          "no memory for variable \"%s\" (%zu bytes)", key,
                          bytes.len);
    if (bytes.len > 0)
        memcpy(found.data, bytes.bytes, bytes.len);
    *tensor = found;
    return CLARY_OK;
}
