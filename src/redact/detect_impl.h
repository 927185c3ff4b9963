/*
 * redact/detect_impl.h - what a detector is given, and says. For redact/ only.
 */
#pragma once

#include "redact/redact.h"

/* A part of a text: what stands before it (up to two bytes) is known, what stands behind it is not, unless is_end. */
struct window {
    struct str text;
    struct str before;
    bool is_end;
};

/* Bytes [at, at + n) of the window. */
struct span {
    size_t at, n;
};

enum detected {
    DETECTED_NOTHING, /* in all that there is */
    DETECTED_SPAN,    /* the first one; nothing before it */
    DETECTED_MAYBE,   /* nothing before span.at; from there on it takes more bytes to tell */
};

enum detected detect_email(const struct window *w, size_t from, struct span *ret);
enum detected detect_phone(const struct window *w, size_t from, struct span *ret);
enum detected detect_card(const struct window *w, size_t from, struct span *ret);
enum detected detect_iban(const struct window *w, size_t from, struct span *ret);
enum detected detect_pattern(const struct regex *r, const struct window *w, size_t from, struct span *ret);

/* --- detect_common.c --- */

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static inline bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
static inline bool is_high(char c) { return (unsigned char)c >= 0x80; }

/* The byte that stands `back` bytes before place i; 0: nothing, or not known. */
char window_before(const struct window *w, size_t i, size_t back);
/* No name or number goes on at place i: something may begin there. A letter behind a backslash is an escape. */
bool window_is_start(const struct window *w, size_t i);

/* What a detector that begins at one place says of it. */
enum fit { FIT_NO, FIT_YES, FIT_MORE };

/* The next digit at or behind place i, or the end; and behind the digits that stand together from i on. */
size_t skip_to_digit(struct str s, size_t i);
size_t skip_digits(struct str s, size_t i);

/* --- detect_digits.c --- */

/* Digits with separators between them, in groups: the first DIGITS_MAX, or as many as there are. */
#define DIGITS_MAX 20
struct digits {
    const char *digit;
    const size_t *end;         /* place behind the digit */
    const bool *is_group_end;  /* a separator, or nothing of the number, follows */
    const unsigned char *sum[2]; /* digits before it, mod 10, those with an even index (an odd one) counted by Luhn */
    size_t n;
    bool is_open; /* the window ended within it */
};

/* How numbers of a kind are written, and what is one. */
struct number_kind {
    const char *prefix; /* what may stand in front of the first digit */
    size_t prefix_max;  /* how much of it */
    /* Separators are space, hyphen, no-break space and the dashes of typography, and the bytes of `separators`. */
    const char *separators;
    int separators_max; /* that stand together */
    /* Of what begins at place `at`, with its prefix: *ret_n bytes of it are one. */
    enum fit (*fit)(const struct window *w, size_t at, const struct digits *d, size_t *ret_n);
};
enum detected detect_number(const struct number_kind *k, const struct window *w, size_t from, struct span *ret);
