/* proto.c: protobuf-c's allocator over an arena.
 *
 * protobuf_c_message_unpack says NULL both for bad bytes and for no memory;
 * the allocator remembers which it was. What protobuf-c frees while it
 * decodes (tables of the fields it met) stays in the arena: use one that goes
 * with the load.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/proto.h"

#include <stdbool.h>

struct unpacking {
    struct clary_arena *arena;
    bool out_of_memory;
};

static void *allocate(void *data, size_t size)
{
    struct unpacking *unpacking = data;
    void *bytes = clary_arena_alloc(unpacking->arena, size);
    if (bytes == NULL)
        unpacking->out_of_memory = true;
    return bytes;
}

static void keep(void *data, void *bytes)
{
    (void)data;
    (void)bytes;
}

enum clary_status clary_proto_unpack(
    const ProtobufCMessageDescriptor *descriptor, struct clary_arena *arena,
    const void *bytes, size_t len, const char *what, ProtobufCMessage **message,
    struct clary_error *err)
{
    struct unpacking unpacking = {arena, false};
    ProtobufCAllocator allocator = {allocate, keep, &unpacking};
    ProtobufCMessage *decoded =
        protobuf_c_message_unpack(descriptor, &allocator, len, bytes);
    if (unpacking.out_of_memory)
        return clary_fail(err, CLARY_NO_MEMORY, "%s: no memory to decode it",
                          what);
    if (decoded == NULL)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "%s: not a protobuf message of the type %s", what,
                          descriptor->name);
    *message = decoded;
    return CLARY_OK;
}
