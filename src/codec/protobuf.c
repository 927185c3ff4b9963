/*
 * codec/protobuf.c - varints, little-endian words, and lengths in front of what they measure.
 *
 * https://protobuf.dev/programming-guides/encoding/
 */
#include "codec/protobuf.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"

#define VARINT_BYTES_MAX 10
#define FIELD_MAX ((1u << 29) - 1)

/* --- writing ------------------------------------------------------------------------------------------------------ */

static size_t varint_bytes(uint64_t n, char out[VARINT_BYTES_MAX])
{
    size_t i = 0;
    for (; n >= 0x80; n >>= 7)
        out[i++] = (char)(n | 0x80);
    out[i++] = (char)n;
    return i;
}

static void put_varint(struct buf *b, uint64_t n)
{
    char bytes[VARINT_BYTES_MAX];
    (void)buf_add(b, (struct str){bytes, varint_bytes(n, bytes)}); /* noted in the buf, here and below */
}

static void put_tag(struct buf *b, unsigned field, enum pb_wire wire)
{
    check(field >= 1 && field <= FIELD_MAX);
    put_varint(b, (uint64_t)field << 3 | wire);
}

static void put_little_endian(struct buf *b, uint64_t n, size_t n_bytes)
{
    char bytes[8];
    for (size_t i = 0; i < n_bytes; i++)
        bytes[i] = (char)(n >> (8 * i));
    (void)buf_add(b, (struct str){bytes, n_bytes});
}

void pb_varint(struct buf *b, unsigned field, uint64_t n)
{
    put_tag(b, field, PB_VARINT);
    put_varint(b, n);
}

void pb_fixed64(struct buf *b, unsigned field, uint64_t n)
{
    put_tag(b, field, PB_FIXED64);
    put_little_endian(b, n, 8);
}

void pb_fixed32(struct buf *b, unsigned field, uint32_t n)
{
    put_tag(b, field, PB_FIXED32);
    put_little_endian(b, n, 4);
}

void pb_double(struct buf *b, unsigned field, double n)
{
    uint64_t bits;
    memcpy(&bits, &n, sizeof bits);
    pb_fixed64(b, field, bits);
}

void pb_bytes(struct buf *b, unsigned field, struct str s)
{
    put_tag(b, field, PB_BYTES);
    put_varint(b, s.n);
    (void)buf_add(b, s);
}

size_t pb_begin(struct buf *b, unsigned field)
{
    put_tag(b, field, PB_BYTES);
    return b->n;
}

/* The length is known now: what stands behind it makes room. Messages nest a few levels deep, bytes as often. */
void pb_end(struct buf *b, size_t begun)
{
    char bytes[VARINT_BYTES_MAX];
    if (buf_ok(b) < 0)
        return;
    check(begun <= b->n);
    size_t n = b->n - begun, n_bytes = varint_bytes(n, bytes);
    if (buf_add(b, (struct str){bytes, n_bytes}) < 0)
        return;
    memmove(b->p + begun + n_bytes, b->p + begun, n);
    memcpy(b->p + begun, bytes, n_bytes);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int take_varint(struct str *rest, uint64_t *ret)
{
    uint64_t n = 0;
    for (size_t i = 0; i < VARINT_BYTES_MAX && i < rest->n; i++) {
        uint64_t seven = (unsigned char)rest->p[i] & 0x7f;
        if (i == VARINT_BYTES_MAX - 1 && seven > 1)
            break;
        n |= seven << (7 * i);
        if ((unsigned char)rest->p[i] < 0x80) {
            *rest = str_sub(*rest, i + 1, rest->n);
            *ret = n;
            return 0;
        }
    }
    return -ERR_INVALID;
}

static int take_bytes(struct str *rest, uint64_t n, struct str *ret)
{
    if (n > rest->n)
        return -ERR_INVALID;
    *ret = str_sub(*rest, 0, (size_t)n);
    *rest = str_sub(*rest, (size_t)n, rest->n);
    return 0;
}

static int take_little_endian(struct str *rest, size_t n_bytes, uint64_t *ret)
{
    struct str bytes;
    int r = take_bytes(rest, n_bytes, &bytes);
    if (r < 0)
        return r;
    *ret = 0;
    for (size_t i = 0; i < n_bytes; i++)
        *ret |= (uint64_t)(unsigned char)bytes.p[i] << (8 * i);
    return 0;
}

static int take_value(struct str *rest, struct pb_field *f)
{
    uint64_t n;
    int r;
    switch (f->wire) {
    case PB_VARINT:
        return take_varint(rest, &f->n);
    case PB_FIXED64:
        return take_little_endian(rest, 8, &f->n);
    case PB_FIXED32:
        return take_little_endian(rest, 4, &f->n);
    case PB_BYTES:
        r = take_varint(rest, &n);
        return r < 0 ? r : take_bytes(rest, n, &f->bytes);
    }
    return -ERR_INVALID;
}

int pb_next(struct str *rest, struct pb_field *ret)
{
    struct pb_field f = {.n = 0};
    uint64_t tag;
    if (rest->n == 0)
        return PB_R_END;
    int r = take_varint(rest, &tag);
    if (r < 0)
        return r;
    if (tag >> 3 < 1 || tag >> 3 > FIELD_MAX)
        return -ERR_INVALID;
    f.number = (unsigned)(tag >> 3);
    f.wire = (enum pb_wire)(tag & 7);
    r = take_value(rest, &f);
    if (r == 0)
        *ret = f;
    return r;
}
