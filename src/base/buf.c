/*
 * base/buf.c - doubling up to the maximum, never past it.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

#define BUF_BYTES_MIN 256

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max_bytes = max_bytes};
}

void buf_deinit(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.max_bytes = b->max_bytes};
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->is_failed = false;
}

static int failed(struct buf *b, int r)
{
    b->is_failed = true;
    return r;
}

int buf_grow(struct buf *b, size_t n)
{
    if (b->n > b->max_bytes || n > b->max_bytes - b->n)
        return failed(b, -ERR_TOO_LARGE);

    size_t cap = b->cap ? b->cap : BUF_BYTES_MIN;
    while (cap - b->n < n)
        cap = cap > b->max_bytes / 2 ? b->max_bytes : cap * 2;
    if (cap > b->max_bytes)
        cap = b->max_bytes;
    char *p = realloc(b->p, cap);
    if (!p)
        return failed(b, -ERR_NOMEM);
    b->p = p;
    b->cap = cap;
    return 0;
}

int buf_add(struct buf *b, struct str s)
{
    if (s.n == 0)
        return 0;
    int r = buf_reserve(b, s.n);
    if (r < 0)
        return r;
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    return 0;
}

int buf_add_c(struct buf *b, const char *c)
{
    return buf_add(b, str_c(c));
}

int buf_add_byte(struct buf *b, char c)
{
    int r = buf_reserve(b, 1);
    if (r == 0)
        b->p[b->n++] = c;
    return r;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    char small[512];
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    int r = n < 0 ? failed(b, -ERR_INVALID) : 0;
    if (r == 0 && (size_t)n < sizeof small) {
        r = buf_add(b, (struct str){small, (size_t)n});
    } else if (r == 0) {
        /* vsnprintf ends in a NUL that the maximum does not pay for. */
        char *large = malloc((size_t)n + 1);
        r = large ? 0 : failed(b, -ERR_NOMEM);
        if (large) {
            vsnprintf(large, (size_t)n + 1, fmt, again);
            r = buf_add(b, (struct str){large, (size_t)n});
        }
        free(large);
    }
    va_end(again);
    return r;
}

void buf_drop(struct buf *b, size_t n)
{
    check(n <= b->n);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

int buf_ok(const struct buf *b)
{
    return b->is_failed ? -ERR_TOO_LARGE : 0;
}
