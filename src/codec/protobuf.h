/*
 * codec/protobuf.h - the wire format of protocol buffers: fields into a buf, and fields out of bytes.
 *
 * It knows numbers and wire types, no messages: who writes a message has its table of field numbers. What is written is
 * canonical: the shortest varints, fields in the order of the calls.
 *
 *   size_t span = pb_begin(&buf, 2);
 *   pb_bytes(&buf, 1, trace_id);
 *   pb_end(&buf, span);
 *
 * A full buf is noted there and found by buf_ok at the end.
 */
#pragma once

#include "base/buf.h"

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

/* A negative int64 takes ten bytes: two's complement, no zigzag. */
void pb_varint(struct buf *b, unsigned field, uint64_t n);
void pb_fixed64(struct buf *b, unsigned field, uint64_t n);
void pb_fixed32(struct buf *b, unsigned field, uint32_t n);
void pb_double(struct buf *b, unsigned field, double n);
void pb_bytes(struct buf *b, unsigned field, struct str s);

/* A message in a message. What pb_begin returned goes to pb_end, innermost first. */
size_t pb_begin(struct buf *b, unsigned field);
void pb_end(struct buf *b, size_t begun);

struct pb_field {
    unsigned number;
    enum pb_wire wire;
    uint64_t n;       /* VARINT, FIXED64, FIXED32 */
    struct str bytes; /* BYTES */
};
/*
 * Takes the next field off the front of *rest. 0: *ret is set; PB_R_END: there is none; -ERR_INVALID: cut off, a number
 * out of range, a wire type that is none of ours (groups), a varint over 64 bits.
 */
int pb_next(struct str *rest, struct pb_field *ret);
#define PB_R_END 1
