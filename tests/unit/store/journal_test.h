/*
 * tests/unit/store/journal_test.h - a journal on a file system in memory, with frames whose content follows from their
 * seq.
 */
#pragma once

#include "base/err.h"
#include "crypto/hash.h"
#include "io/io_memory.h"
#include "store/journal/journal.h"
#include "unit.h"

#define JOURNAL_DIR STR("journal")

static inline struct limits small_limits(void)
{
    struct limits l;
    limits_default(&l);
    l.journal_segment_bytes = 65536;
    l.journal_bytes_max = 1 << 20;
    l.frame_bytes_max = 32768;
    return l;
}

static inline struct io *memory_with_dir(void)
{
    struct io *io = io_memory_new(64 << 20);
    assert_int_equal(io_mkdir(io, JOURNAL_DIR), 0);
    assert_int_equal(io_sync_dir(io, STR(".")), 0);
    return io;
}

/* The body of the n-th frame: a text of some length between 20 and 20 + spread. */
static inline struct str body_of(uint64_t n, size_t spread, char *out)
{
    size_t bytes = 20 + (n * 7919) % (spread + 1);
    memset(out, 'a' + (int)(n % 26), bytes);
    int head = snprintf(out, bytes, "{\"n\":%llu,", (unsigned long long)n);
    out[head] = '"';
    out[bytes - 2] = '"';
    out[bytes - 1] = '}';
    return (struct str){out, bytes};
}

#define SPREAD 900

static inline int append_n(struct journal *j, size_t n)
{
    char text[20 + SPREAD + 1];
    for (size_t i = 0; i < n; i++) {
        uint64_t seq = journal_last_seq(j) + 1;
        struct frame f = {.kind = FRAME_EVENT, .at = (wall_t)seq * 1000, .body = body_of(seq, SPREAD, text)};
        if (seq % 3 == 0)
            f.personal = STR("{\"salt\":\"00\"}");
        int r = journal_append(j, &f);
        if (r < 0)
            return r;
        assert_int_equal(f.seq, seq);
    }
    return 0;
}

static inline void assert_frame(const struct frame *f, uint64_t seq)
{
    char text[20 + SPREAD + 1];
    struct str want = body_of(seq, SPREAD, text);
    assert_int_equal(f->seq, seq);
    assert_int_equal(f->kind, FRAME_EVENT);
    assert_int_equal(f->at, (wall_t)seq * 1000);
    assert_int_equal(f->body.n, want.n);
    assert_memory_equal(f->body.p, want.p, want.n);
    assert_int_equal(f->personal.n, seq % 3 == 0 ? 13 : 0);
}

/* Reads all frames behind `after` up to the last; returns how many. */
static inline uint64_t read_all(struct journal *j, uint64_t after)
{
    struct journal_reader *r;
    struct frame f;
    uint64_t n = 0;
    int x;
    assert_int_equal(journal_reader_new(j, after, &r), 0);
    while ((x = journal_reader_next(r, &f)) == 0)
        assert_frame(&f, after + ++n);
    assert_int_equal(x, JOURNAL_R_END);
    journal_reader_free(r);
    assert_int_equal(after + n, journal_last_seq(j));
    return n;
}

/* The same, many at a time: frames of one turn are looked at when all of them were given. */
static inline uint64_t take_all(struct journal *j, size_t n_max, size_t bytes_max)
{
    struct journal_reader *r;
    struct frame f[64];
    uint64_t n_all = 0;
    int x;
    assert_true(n_max <= 64);
    assert_int_equal(journal_reader_new(j, 0, &r), 0);
    do {
        size_t n = 0, bytes = 0;
        x = journal_reader_take(r, n_max, bytes_max, f, &n);
        assert_true(x == JOURNAL_R_END || (x == 0 && n > 0));
        for (size_t i = 0; i < n; i++) {
            assert_true(bytes < bytes_max);
            assert_frame(&f[i], ++n_all);
            bytes += f[i].body.n + f[i].personal.n;
        }
    } while (x == 0);
    journal_reader_free(r);
    return n_all;
}

static inline int open_after(struct io *io, const struct limits *l, uint64_t after, const uint8_t *chain,
                             struct journal **ret)
{
    static const uint8_t zero[CHAIN_BYTES];
    return journal_open(io, JOURNAL_DIR, l, 1, after, chain ? chain : zero, 0, ret);
}

static inline struct journal *open_journal(struct io *io, const struct limits *l)
{
    struct journal *j = NULL;
    assert_int_equal(open_after(io, l, 0, NULL, &j), 0);
    return j;
}

static inline uint64_t synced(struct journal *j)
{
    uint64_t seq = 0;
    assert_int_equal(journal_sync(j, &seq), 0);
    return seq;
}
