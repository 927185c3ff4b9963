/*
 * tests/fuzz/fuzz_journal.c - a journal of any bytes: opened or refused, never a crash; what was opened goes on from
 * where it was, and is found again.
 *
 * Byte 0 says what follows:
 *   bit 0 clear: changes to a whole journal of 40 frames, four bytes each: segment, offset (two bytes, little-endian),
 *                bits to flip;
 *   bit 0 set:   the bytes of the first segment behind its header (bit 1: of header and all). Bit 2: frames get the
 *                checksums that fit them, so that what is behind the checksum is reached too.
 */
#include <string.h>

#include "base/err.h"
#include "codec/crc32c.h"
#include "fuzz.h"
#include "io/io_memory.h"
#include "store/journal/disk.h"
#include "store/journal/journal.h"

#define DIR STR("j")
#define SEGMENT STR("j/00000001.seg")
#define SEGMENT_BYTES 65536

static const uint8_t NO_CHAIN[CHAIN_BYTES];

static struct limits small_limits(void)
{
    struct limits l;
    limits_default(&l);
    l.journal_segment_bytes = SEGMENT_BYTES;
    l.journal_bytes_max = 1 << 20;
    l.frame_bytes_max = 32768;
    return l;
}

static int open_it(struct io *io, struct journal **ret)
{
    struct limits l = small_limits();
    return journal_open(io, DIR, &l, 1, 0, NO_CHAIN, 0, ret);
}

static void append_some(struct journal *j, int n)
{
    char body[4000];
    memset(body, 'x', sizeof body);
    for (int i = 0; i < n; i++) {
        struct frame f = {.kind = FRAME_EVENT, .at = i, .body = {body, 10 + (size_t)i * 90}, .personal = STR("{}")};
        fuzz_check(journal_append(j, &f) == 0);
    }
}

/* A whole journal, most of it known to be durable. */
static void write_whole(struct io *io)
{
    struct journal *j;
    uint64_t seq;
    fuzz_check(open_it(io, &j) == 0);
    for (int i = 0; i < 4; i++) {
        append_some(j, 10);
        fuzz_check(journal_sync(j, &seq) == 0);
    }
    journal_close(j);
}

static void damage(struct io *io, const uint8_t *data, size_t n)
{
    static const char *const NAMES[] = {"j/00000001.seg", "j/00000002.seg"};
    for (; n >= 4; data += 4, n -= 4)
        (void)io_memory_damage(io, str_c(NAMES[data[0] % 2]), (uint64_t)data[1] | (uint64_t)data[2] << 8, data[3]);
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void fix_checksums(uint8_t *segment, size_t n)
{
    static const uint8_t number[8] = {1};
    for (size_t at = SEGMENT_HEADER_BYTES; at + 8 < n;) {
        size_t whole = 8 + (size_t)get_u32(segment + at);
        if (whole > n - at)
            return;
        uint32_t crc = crc32c(crc32c(0, number, sizeof number), segment + at, 4);
        crc = crc32c(crc, segment + at + 8, whole - 8);
        for (int i = 0; i < 4; i++)
            segment[at + 4 + (size_t)i] = (uint8_t)(crc >> (8 * i));
        size_t next = (whole + 8) & ~(size_t)7;
        for (size_t i = whole; i < next && at + i < n; i++)
            segment[at + i] = 0xa5;
        at += next;
    }
}

static void write_raw(struct io *io, uint8_t how, const uint8_t *data, size_t n)
{
    static uint8_t segment[SEGMENT_BYTES];
    struct io_file *f;
    size_t from = how & 2 ? 0 : SEGMENT_HEADER_BYTES;
    memset(segment, 0, sizeof segment);
    segment_header_write(1, 1, segment);
    if (n > sizeof segment - from)
        n = sizeof segment - from;
    if (n)
        memcpy(segment + from, data, n);
    if (how & 4)
        fix_checksums(segment, sizeof segment);
    fuzz_check(io_open(io, SEGMENT, IO_READ | IO_WRITE | IO_CREATE, &f) == 0);
    fuzz_check(io_write_at(f, (struct str){(char *)segment, sizeof segment}, 0) == 0);
    io_close(f);
}

/* Frames behind `after`, in order, to the last. */
static void read_all(struct journal *j, uint64_t after)
{
    struct journal_reader *r;
    struct frame f;
    int x = journal_reader_new(j, after, &r);
    fuzz_check(x == 0);
    while ((x = journal_reader_next(r, &f)) == 0)
        fuzz_check(f.seq == ++after && f.body.n > 0);
    fuzz_check(x == JOURNAL_R_END && after == journal_last_seq(j));
    journal_reader_free(r);
}

static void use(struct io *io)
{
    struct journal *j;
    uint64_t seq;
    int r = open_it(io, &j);
    fuzz_check(r == 0 || r == -ERR_CORRUPT);
    if (r < 0)
        return;
    uint64_t last = journal_last_seq(j);
    if (last > UINT64_MAX - 100) {
        journal_close(j);
        return;
    }
    read_all(j, 0);
    append_some(j, 3);
    fuzz_check(journal_sync(j, &seq) == 0 && seq == last + 3);
    journal_close(j);
    fuzz_check(open_it(io, &j) == 0);
    fuzz_check(journal_last_seq(j) == last + 3);
    read_all(j, 0);
    journal_close(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct io *io = io_memory_new(16 << 20);
    struct buf text;
    fuzz_check(io_mkdir(io, DIR) == 0);
    if (data[0] & 1) {
        write_raw(io, data[0], data + 1, n - 1);
    } else {
        write_whole(io);
        damage(io, data + 1, n - 1);
    }
    buf_init(&text, 4096);
    (void)journal_check(io, DIR, 0, &text); /* says what it finds */
    fuzz_check(text.n > 0 && buf_ok(&text) == 0);
    buf_deinit(&text);
    use(io);
    io_memory_free(io);
    return 0;
}
