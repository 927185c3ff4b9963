/*
 * store/journal/disk.c - writes and reads the bytes of store/journal/disk.h. Reading trusts nothing.
 */
#include "store/journal/disk.h"

#include "base/check.h"
#include "codec/crc32c.h"

#include <string.h>

#define PADDING 0xa5
#define AT_HEADER 8
#define AT_SEQ (AT_HEADER + 10)
#define AT_SYNCED (AT_HEADER + FRAME_HEADER_BYTES)
#define AT_CHAIN (AT_SYNCED + 8)
#define AT_BODY_BYTES (AT_CHAIN + CHAIN_BYTES)

static const char MAGIC[8] = {'F', 'B', 'J', 'R', 'N', 'L', '0', '1'};

static uint8_t *put_le(uint8_t *p, uint64_t n, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *p++ = (uint8_t)(n >> (8 * i));
    return p;
}

static uint64_t get_le(const uint8_t *p, size_t bytes)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n |= (uint64_t)p[i] << (8 * i);
    return n;
}

/* With at least one byte of padding. */
static size_t padded(size_t n)
{
    return (n + DISK_ALIGN_BYTES) & ~(size_t)(DISK_ALIGN_BYTES - 1);
}

void segment_header_write(uint64_t number, uint32_t node, uint8_t out[SEGMENT_HEADER_BYTES])
{
    memset(out, 0, SEGMENT_HEADER_BYTES);
    memcpy(out, MAGIC, sizeof MAGIC);
    uint8_t *p = put_le(out + sizeof MAGIC, number, 8);
    p = put_le(p, node, 4);
    put_le(p, crc32c(0, out, (size_t)(p - out)), 4);
}

bool segment_header_is_of(const uint8_t in[SEGMENT_HEADER_BYTES], uint64_t number)
{
    const size_t n = sizeof MAGIC + 12;
    return memcmp(in, MAGIC, sizeof MAGIC) == 0 && get_le(in + sizeof MAGIC, 8) == number &&
           get_le(in + n, 4) == crc32c(0, in, n);
}

size_t disk_frame_bytes(const struct frame *f)
{
    const size_t most = UINT32_MAX / 4;
    if (f->body.n > most || f->personal.n > most)
        return SIZE_MAX;
    return padded(DISK_FRAME_HEAD_BYTES + f->body.n + f->personal.n);
}

static bool has_padding(const uint8_t *p, size_t n)
{
    for (size_t i = n; i < padded(n); i++)
        if (p[i] != PADDING)
            return false;
    return true;
}

static uint32_t frame_crc(const uint8_t *p, size_t n, uint64_t number)
{
    uint8_t start[8];
    put_le(start, number, 8);
    uint32_t crc = crc32c(0, start, sizeof start);
    crc = crc32c(crc, p, 4); /* the length */
    return crc32c(crc, p + AT_HEADER, n - AT_HEADER);
}

void disk_frame_write(const struct frame *f, uint64_t number, uint64_t synced, uint8_t *out)
{
    size_t n = DISK_FRAME_HEAD_BYTES + f->body.n + f->personal.n;
    check(f->body.n > 0 && n <= UINT32_MAX);
    put_le(out, n - AT_HEADER, 4);
    frame_header_bytes(f, out + AT_HEADER);
    put_le(out + AT_SYNCED, synced, 8);
    memcpy(out + AT_CHAIN, f->chain, CHAIN_BYTES);
    put_le(out + AT_BODY_BYTES, f->body.n, 4);
    memcpy(out + DISK_FRAME_HEAD_BYTES, f->body.p, f->body.n);
    if (f->personal.n)
        memcpy(out + DISK_FRAME_HEAD_BYTES + f->body.n, f->personal.p, f->personal.n);
    memset(out + n, PADDING, padded(n) - n);
    put_le(out + 4, frame_crc(out, n, number), 4);
}

size_t disk_frame_peek(const uint8_t *p, size_t n, size_t bytes_max)
{
    if (n < AT_HEADER)
        return 0;
    size_t whole = AT_HEADER + (size_t)get_le(p, 4);
    if (whole <= DISK_FRAME_HEAD_BYTES || padded(whole) > bytes_max)
        return 0;
    return padded(whole);
}

bool disk_frame_is_likely(const uint8_t *p, size_t n, size_t bytes_max, uint64_t least, uint64_t most)
{
    size_t bytes = disk_frame_peek(p, n, bytes_max);
    if (bytes == 0 || n < AT_SYNCED)
        return false;
    uint64_t seq = get_le(p + AT_SEQ, 8);
    return p[AT_HEADER] >= FRAME_OPEN && p[AT_HEADER] <= FRAME_EVENT && seq >= least && seq <= most;
}

bool disk_frame_read(const uint8_t *p, size_t n, uint64_t number, size_t bytes_max, struct disk_frame *ret)
{
    size_t bytes = disk_frame_peek(p, n, bytes_max);
    if (bytes == 0 || bytes > n)
        return false;
    size_t whole = AT_HEADER + (size_t)get_le(p, 4);
    if (!has_padding(p, whole) || get_le(p + 4, 4) != frame_crc(p, whole, number))
        return false;

    size_t texts = whole - DISK_FRAME_HEAD_BYTES, body = (size_t)get_le(p + AT_BODY_BYTES, 4);
    const char *text = (const char *)p + DISK_FRAME_HEAD_BYTES;
    uint8_t kind = p[AT_HEADER];
    if (kind < FRAME_OPEN || kind > FRAME_EVENT || p[AT_HEADER + 1] != FRAME_VERSION || body == 0 || body > texts)
        return false;
    struct disk_frame d = {
        .frame =
            {
                .kind = kind,
                .version = p[AT_HEADER + 1],
                .node = (uint32_t)get_le(p + AT_HEADER + 2, 4),
                .epoch = (uint32_t)get_le(p + AT_HEADER + 6, 4),
                .seq = get_le(p + AT_SEQ, 8),
                .at = (wall_t)get_le(p + AT_SEQ + 8, 8),
                .body = {text, body},
                .personal = {texts > body ? text + body : NULL, texts - body},
            },
        .synced = get_le(p + AT_SYNCED, 8),
        .bytes = bytes,
    };
    memcpy(d.frame.chain, p + AT_CHAIN, CHAIN_BYTES);
    *ret = d;
    return true;
}
