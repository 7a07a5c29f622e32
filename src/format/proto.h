/* proto.h: protobuf messages decoded into an arena.
 *
 * The bytes are untrusted. protobuf-c has no limit of its own on memory or on
 * depth: the arena's limit bounds the first, and our .proto files, in which no
 * message contains itself, bound the second.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_PROTO_H
#define CLARY_FORMAT_PROTO_H

#include <clary/arena.h>
#include <clary/status.h>

#include <protobuf-c/protobuf-c.h>

/* Decodes `len` bytes as `descriptor` says.
 *
 *   what     names the message in errors: "variables.index, entry \"dense\""
 *   message  a struct of the descriptor's type; strings may point to nothing
 *            but their own copies, so `bytes` may go
 *   memory   everything lives in `arena`
 *   errors   CLARY_BAD_MODEL (not such a message), CLARY_NO_MEMORY
 */
enum clary_status clary_proto_unpack(
    const ProtobufCMessageDescriptor *descriptor, struct clary_arena *arena,
    const void *bytes, size_t len, const char *what, ProtobufCMessage **message,
    struct clary_error *err) CLARY_MUST_USE;

#endif
