/*
 * redact/detect_common.c - where a thing may begin, and digits that are written in groups.
 */
#include "redact/detect_impl.h"

#include <string.h>

char window_before(const struct window *w, size_t i, size_t back)
{
    if (back <= i)
        return w->text.p[i - back];
    size_t n = back - i;
    return n <= w->before.n ? w->before.p[w->before.n - n] : 0;
}

bool window_is_start(const struct window *w, size_t i)
{
    char c = window_before(w, i, 1);
    if (!is_alnum(c) && c != '_')
        return true;
    return window_before(w, i, 2) == '\\' && strchr("bfnrt", c);
}

#define BLOCK_BYTES 32

/* One of BLOCK_BYTES is a digit. It looks at all of them, which a compiler does at once. */
static bool has_digit(const char *p)
{
    unsigned char any = 0;
    for (size_t k = 0; k < BLOCK_BYTES; k++)
        any |= (unsigned char)(p[k] - '0') < 10;
    return any;
}

static size_t skip_to_digit(struct str s, size_t i)
{
    while (i + BLOCK_BYTES <= s.n && !has_digit(s.p + i))
        i += BLOCK_BYTES;
    while (i < s.n && !is_digit(s.p[i]))
        i++;
    return i;
}

static size_t skip_digits(struct str s, size_t i)
{
    while (i < s.n && is_digit(s.p[i]))
        i++;
    return i;
}

/* What begins at a place in [from, to). */
static enum detected detect_between(const struct window *w, size_t from, size_t to, bool (*may_begin)(char c),
                                    fit_fn fit, struct span *ret)
{
    for (size_t i = from; i < to; i++) {
        size_t n = 0;
        if (!may_begin(w->text.p[i]) || !window_is_start(w, i))
            continue;
        enum fit f = fit(w, i, &n);
        if (f == FIT_NO)
            continue;
        *ret = (struct span){i, n};
        return f == FIT_YES ? DETECTED_SPAN : DETECTED_MAYBE;
    }
    return DETECTED_NOTHING;
}

enum detected detect_numbers(const struct window *w, size_t from, size_t reach, bool (*may_begin)(char c), fit_fn fit,
                             struct span *ret)
{
    enum detected is = DETECTED_NOTHING;
    for (size_t i = from; is == DETECTED_NOTHING && i < w->text.n;) {
        size_t digit = skip_to_digit(w->text, i);
        if (digit == w->text.n && w->is_end)
            break;
        size_t first = digit - i > reach ? digit - reach : i;
        is = detect_between(w, first, digit < w->text.n ? digit + 1 : digit, may_begin, fit, ret);
        i = skip_digits(w->text, digit); /* nothing begins within a number */
    }
    return is;
}

/* Bytes of the separator at place i; 0: there is none. *is_open: the window ends within what could be one. */
static size_t separator(const struct window *w, size_t i, const char *more, bool *is_open)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x92", "\xe2\x80\x93",
                                       "\xe2\x80\xaf"};
    struct str rest = str_sub(w->text, i, SIZE_MAX);
    if (rest.n == 0 || is_alnum(rest.p[0]))
        return 0;
    if (rest.p[0] == ' ' || rest.p[0] == '-' || (rest.p[0] && strchr(more, rest.p[0])))
        return 1;
    for (size_t k = 0; is_high(rest.p[0]) && k < sizeof wide / sizeof wide[0]; k++) {
        struct str s = str_c(wide[k]);
        if (str_starts(rest, s))
            return s.n;
        *is_open |= rest.n < s.n && str_starts(s, rest) && !w->is_end;
    }
    return 0;
}

/* The place of the next digit behind separators, or i. */
static size_t skip_separators(const struct window *w, size_t i, const char *more, int separators_max, bool *is_open)
{
    size_t at = i;
    if (i < w->text.n && is_digit(w->text.p[i]))
        return i;
    for (int k = 0; k < separators_max; k++)
        at += separator(w, at, more, is_open);
    if (at >= w->text.n) {
        *is_open |= !w->is_end;
        return i;
    }
    return is_digit(w->text.p[at]) ? at : i;
}

void digits_read(const struct window *w, size_t at, const char *more, int separators_max, struct digits *ret)
{
    struct digits *d = ret;
    d->n = 0;
    d->is_open = false;
    while (at < w->text.n && is_digit(w->text.p[at]) && d->n < DIGITS_MAX) {
        d->digit[d->n] = w->text.p[at++];
        d->end[d->n] = at;
        size_t next = skip_separators(w, at, more, separators_max, &d->is_open);
        d->is_group_end[d->n++] = next != at || at >= w->text.n || !is_digit(w->text.p[at]);
        at = next;
    }
}
