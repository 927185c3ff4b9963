/*
 * base/str.h - bytes with a length; never assumed to end in NUL, never owned.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})
#define STR_INIT(lit) {(lit), sizeof(lit) - 1} /* for static tables */
#define STR_NONE ((struct str){NULL, 0})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p

/* ASCII. */
static inline char char_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

/* These are short, and stand in every loop over text: most texts differ in length, and many are literals. */
static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Clamped to s. */
static inline struct str str_sub(struct str s, size_t from, size_t n)
{
    if (from > s.n)
        from = s.n;
    if (n > s.n - from)
        n = s.n - from;
    return (struct str){s.p ? s.p + from : NULL, n};
}

/* A copy at *at, which moves behind it. */
static inline struct str str_put(char **at, struct str s)
{
    struct str made = {*at, s.n};
    if (s.n)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return made;
}

struct str str_c(const char *c);              /* of a C string; NULL gives STR_NONE */
bool str_eq_nocase(struct str a, struct str b); /* ASCII */
int str_cmp(struct str a, struct str b);      /* byte order, as memcmp; shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_has(struct str s, char c);
bool str_has_nocase(struct str s, struct str needle); /* ASCII */
bool str_find(struct str s, struct str needle, size_t *ret_at); /* first place */
struct str str_trim(struct str s);            /* without spaces and tabs at both ends */

/* Cuts s at the first `c`: *ret_before is what stands before it, *ret_after what stands behind. False (both untouched)
 * without c. */
bool str_cut(struct str s, char c, struct str *ret_before, struct str *ret_after);

/* Digits only: 1*DIGIT without leading zeros but "0", at most INT64_MAX. -ERR_INVALID, -ERR_OVERFLOW. */
int str_to_i64(struct str s, int64_t *ret_n);

/* Decimal digits of n into `out`, without a NUL; returns how many. */
#define U64_DIGITS_MAX 20
size_t u64_digits(uint64_t n, char out[U64_DIGITS_MAX]);

/* True when every byte is in [A-Za-z0-9] or in `more`, and 1 <= n <= max. */
bool str_is_token(struct str s, const char *more, size_t max);

/* Levenshtein distance capped at `max` + 1; unequal strings over 64 bytes are that far apart. For "did you mean". */
size_t str_distance(struct str a, struct str b, size_t max);
