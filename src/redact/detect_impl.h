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
typedef enum fit (*fit_fn)(const struct window *w, size_t at, size_t *ret_n);
/* Looks at every place where something may begin that has its first digit at most `reach` bytes behind it. */
enum detected detect_numbers(const struct window *w, size_t from, size_t reach, bool (*may_begin)(char c), fit_fn fit,
                             struct span *ret);

/* Digits with separators between them, in groups. */
#define DIGITS_MAX 20
struct digits {
    char digit[DIGITS_MAX];
    size_t end[DIGITS_MAX];     /* place behind the digit */
    bool is_group_end[DIGITS_MAX]; /* a separator, or nothing of the number, follows */
    size_t n;
    bool is_open; /* the window ended within it */
};
/* Separators are space, hyphen, no-break space and the dashes of typography, and the bytes of `more`; at most
 * `separators_max` stand together. */
void digits_read(const struct window *w, size_t at, const char *more, int separators_max, struct digits *ret);
