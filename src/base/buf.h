/*
 * base/buf.h - a growing run of bytes that knows its maximum from birth.
 *
 * An append that would pass max_bytes fails with -ERR_TOO_LARGE and changes nothing. After a first failure `is_failed`
 * stays set, so a writer of many pieces may check once at the end (buf_ok).
 */
#pragma once

#include "base/check.h"
#include "base/str.h"

struct buf {
    char *p;
    size_t n;
    size_t cap;
    size_t max_bytes;
    bool is_failed;
};

void buf_init(struct buf *b, size_t max_bytes); /* allocates nothing yet */
void buf_deinit(struct buf *b);
void buf_reset(struct buf *b); /* empty, keeps the memory, clears is_failed */
int buf_grow(struct buf *b, size_t n); /* buf_reserve(), where there is no room yet */
/* Room for n more; then write at p + n and raise n. */
static inline int buf_reserve(struct buf *b, size_t n)
{
    check_slow(b->n <= b->cap);
    return n <= b->cap - b->n ? 0 : buf_grow(b, n);
}
int buf_add(struct buf *b, struct str s);
int buf_add_c(struct buf *b, const char *c);
int buf_add_byte(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_drop(struct buf *b, size_t n);   /* takes n bytes off the front */
/* Valid until the next change. */
static inline struct str buf_str(const struct buf *b) { return (struct str){b->p, b->n}; }
int buf_ok(const struct buf *b);          /* 0, or -ERR_TOO_LARGE when any append failed */
