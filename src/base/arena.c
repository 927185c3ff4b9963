/*
 * base/arena.c - chunks that fill from the front.
 *
 * The first chunk is small, each next one twice as large up to CHUNK_BYTES_MAX. What is large gets a chunk of its own
 * behind the current one, which goes on filling.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

#define ALIGN_BYTES 16
#define CHUNK_BYTES_MIN 4096
#define CHUNK_BYTES_MAX 65536

struct arena_chunk {
    struct arena_chunk *next;
    size_t cap, used;
    _Alignas(ALIGN_BYTES) char bytes[];
};

struct arena_cleanup {
    struct arena_cleanup *next;
    void (*fn)(void *p);
    void *p;
};

void arena_init(struct arena *a, size_t max_bytes)
{
    check(max_bytes <= SIZE_MAX - ARENA_RESERVE_BYTES);
    *a = (struct arena){.max_bytes = max_bytes};
}

static void run_cleanups(struct arena *a)
{
    while (a->cleanups) {
        struct arena_cleanup *c = a->cleanups;
        a->cleanups = c->next;
        c->fn(c->p);
    }
}

void arena_deinit(struct arena *a)
{
    run_cleanups(a);
    while (a->chunk) {
        struct arena_chunk *c = a->chunk;
        a->chunk = c->next;
        free(c);
    }
    a->used_bytes = 0;
}

void arena_wipe(struct arena *a)
{
    for (struct arena_chunk *c = a->chunk; c; c = c->next)
        explicit_bzero(c->bytes, c->used);
}

/* Keeps the largest chunk of ordinary size: the next call is probably like the last one. */
void arena_reset(struct arena *a)
{
    run_cleanups(a);
    struct arena_chunk *keep = NULL, *next;
    for (struct arena_chunk *c = a->chunk; c; c = next) {
        next = c->next;
        bool is_better = c->cap <= CHUNK_BYTES_MAX && (!keep || c->cap > keep->cap);
        free(is_better ? keep : c);
        if (is_better)
            keep = c;
    }
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
    }
    a->chunk = keep;
    a->used_bytes = 0;
}

static struct arena_chunk *chunk_new(size_t cap)
{
    struct arena_chunk *c = malloc(sizeof *c + cap);
    if (!c)
        return NULL;
    c->next = NULL;
    c->cap = cap;
    c->used = 0;
    return c;
}

/* The current chunk has no room. Rare, so out of the way of take(). */
static __attribute__((noinline)) struct arena_chunk *chunk_more(struct arena *a, size_t n)
{
    struct arena_chunk *head = a->chunk;
    if (n > CHUNK_BYTES_MAX / 4) {
        struct arena_chunk *own = chunk_new(n);
        if (!own || !head)
            return own ? (a->chunk = own) : NULL;
        own->next = head->next;
        head->next = own;
        return own;
    }
    size_t cap = head && head->cap >= CHUNK_BYTES_MIN ? head->cap * 2 : CHUNK_BYTES_MIN;
    while (cap < n)
        cap *= 2;
    struct arena_chunk *c = chunk_new(cap > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : cap);
    if (!c)
        return NULL;
    c->next = head;
    return a->chunk = c;
}

/* NULL: `max_bytes` would be passed, or the machine is out of memory. */
static void *take(struct arena *a, size_t n, size_t max_bytes)
{
    if (a->used_bytes > max_bytes || n > max_bytes - a->used_bytes)
        return NULL;
    size_t rounded = n ? (n + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1) : ALIGN_BYTES;
    struct arena_chunk *c = a->chunk;
    if (!c || rounded > c->cap - c->used)
        c = chunk_more(a, rounded);
    if (!c)
        return NULL;
    void *p = c->bytes + c->used;
    c->used += rounded;
    a->used_bytes += rounded;
    return p;
}

/* Not cleared: for what is written at once. */
static void *take_or_die(struct arena *a, size_t n)
{
    void *p = take(a, n, a->max_bytes + ARENA_RESERVE_BYTES);
    check(p != NULL);
    return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
    return memset(take_or_die(a, n), 0, n);
}

void *arena_try_alloc(struct arena *a, size_t n)
{
    return take(a, n, a->max_bytes);
}

static struct str copy_to(char *p, struct str s)
{
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return (struct str){p, s.n};
}

struct str arena_str(struct arena *a, struct str s)
{
    return copy_to(take_or_die(a, s.n + 1), s);
}

int arena_try_str(struct arena *a, struct str s, struct str *ret_copy)
{
    char *p = s.n < SIZE_MAX ? arena_try_alloc(a, s.n + 1) : NULL;
    if (!p)
        return -ERR_TOO_LARGE;
    *ret_copy = copy_to(p, s);
    return 0;
}

struct str arena_join(struct arena *a, const struct str *parts, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += parts[i].n;
    char *p = take_or_die(a, bytes + 1), *at = p;
    for (size_t i = 0; i < n; i++)
        (void)str_put(&at, parts[i]);
    *at = 0;
    return (struct str){p, bytes};
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    check(n >= 0);
    char *p = take_or_die(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    return (struct str){p, (size_t)n};
}

struct str arena_i64(struct arena *a, int64_t n)
{
    char text[U64_DIGITS_MAX + 1] = "-";
    bool is_negative = n < 0;
    size_t digits = u64_digits(is_negative ? 0 - (uint64_t)n : (uint64_t)n, text + is_negative);
    return arena_str(a, (struct str){text, digits + is_negative});
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}

void arena_cleanup(struct arena *a, void (*fn)(void *p), void *p)
{
    struct arena_cleanup *c = arena_alloc(a, sizeof *c);
    *c = (struct arena_cleanup){a->cleanups, fn, p};
    a->cleanups = c;
}
