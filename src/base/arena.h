/*
 * base/arena.h - memory that lives as long as one call, freed in one go.
 *
 *   (1) bytes of outside sizes never pass the cap; sizes of our own may use ARENA_RESERVE_BYTES more, so that no input
 *       can fill an arena up to the point where a small struct aborts the process.
 *   (2) pointers are 16-byte aligned and stay valid until reset or deinit.
 *   (3) cleanups run in reverse order, once, at reset or deinit.
 */
#pragma once

#include "base/str.h"

#include <stdarg.h>

#define ARENA_RESERVE_BYTES 65536

struct arena_chunk;
struct arena_cleanup;

struct arena {
    struct arena_chunk *chunk;
    struct arena_cleanup *cleanups;
    size_t used_bytes; /* handed out since the last reset */
    size_t max_bytes;
};

void arena_init(struct arena *a, size_t max_bytes); /* allocates nothing yet */
void arena_deinit(struct arena *a);
void arena_wipe(struct arena *a);  /* zeroes what was handed out; before deinit or reset, where it held secrets */
void arena_reset(struct arena *a); /* keeps one chunk for the next use */

/* For sizes the programmer chose: aborts if the machine is out of memory or cap and reserve are passed. Zeroed. */
void *arena_alloc(struct arena *a, size_t n);
/* For sizes that came from outside: NULL at the cap. Not zeroed. */
void *arena_try_alloc(struct arena *a, size_t n) __attribute__((warn_unused_result));

/* A copy with a NUL behind it (not counted in n). try_: -ERR_TOO_LARGE at the cap. */
struct str arena_str(struct arena *a, struct str s);
int arena_try_str(struct arena *a, struct str s, struct str *ret_copy) __attribute__((warn_unused_result));
/* The parts joined, with a NUL behind them (not counted). */
struct str arena_join(struct arena *a, const struct str *parts, size_t n);
/* printf into the arena, for texts of our own making. */
/* An integer in decimal. */
struct str arena_i64(struct arena *a, int64_t n);
struct str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap);

/* Runs fn(p) at reset or deinit. */
void arena_cleanup(struct arena *a, void (*fn)(void *p), void *p);
