/*
 * call/frame.c - the fixed layout of a frame's header, as the chain covers it and the journal writes it.
 */
#include "call/frame.h"

static uint8_t *put_le(uint8_t *p, uint64_t n, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *p++ = (uint8_t)(n >> (8 * i));
    return p;
}

size_t frame_header_bytes(const struct frame *f, uint8_t out[FRAME_HEADER_BYTES])
{
    uint8_t *p = out;
    p = put_le(p, (uint64_t)f->kind, 1);
    p = put_le(p, f->version, 1);
    p = put_le(p, f->node, 4);
    p = put_le(p, f->epoch, 4);
    p = put_le(p, f->seq, 8);
    p = put_le(p, (uint64_t)f->at, 8);
    return (size_t)(p - out);
}
