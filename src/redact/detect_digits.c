/*
 * redact/detect_digits.c - numbers that are written in groups of digits.
 *
 * A number may begin with any group, so that in groups without end a number could begin with each, of the same digits:
 * those are read once for all that begin among them.
 */
#include "redact/detect_impl.h"

#include <string.h>

/* Digits as far as they are read. */
#define RUN_MAX 128
struct run {
    char digit[RUN_MAX];
    size_t end[RUN_MAX];
    bool is_group_end[RUN_MAX];
    unsigned char sum[2][RUN_MAX + 1];
    size_t n;
    size_t next; /* the place of the next digit, where it goes on */
    bool goes_on, is_open;
};

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool is_of(const char *set, char c)
{
    while (*set && *set != c)
        set++;
    return *set;
}

/* Bytes of the no-break space or dash at place i, where a byte is that is no ASCII; 0: it is none of them. */
static size_t wide_separator(const struct window *w, size_t i, bool *is_open)
{
    const char *p = w->text.p + i;
    size_t n = w->text.n - i;
    if (*p != '\xc2' && *p != '\xe2')
        return 0;
    if (n == 1 || (n == 2 && memcmp(p, "\xe2\x80", 2) == 0)) {
        *is_open |= !w->is_end;
        return 0;
    }
    if (*p == '\xc2')
        return p[1] == '\xa0' ? 2 : 0;
    return p[1] == '\x80' && is_of("\x90\x91\x92\x93\xaf", p[2]) ? 3 : 0;
}

/* Bytes of the separator at place i; 0: there is none. *is_open: the window ends within what could be one. */
static size_t separator(const struct window *w, size_t i, const char *more, bool *is_open)
{
    char c = i < w->text.n ? w->text.p[i] : 0;
    if (c == ' ' || c == '-')
        return 1;
    if (is_alnum(c))
        return 0;
    return is_high(c) ? wide_separator(w, i, is_open) : is_of(more, c);
}

/* The place of the next digit behind separators, or i. */
static size_t skip_separators(const struct number_kind *k, const struct window *w, size_t i, bool *is_open)
{
    size_t at = i;
    for (int n = 0; n < k->separators_max; n++)
        at += separator(w, at, k->separators, is_open);
    if (at >= w->text.n) {
        *is_open |= !w->is_end;
        return i;
    }
    return is_digit(w->text.p[at]) ? at : i;
}

/* A digit as Luhn's check counts every second one. */
static unsigned char luhn_of(char digit)
{
    static const unsigned char doubled[] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    return doubled[digit - '0'];
}

static void run_add(struct run *d, char digit, size_t end, bool is_group_end)
{
    size_t i = d->n++;
    d->digit[i] = digit;
    d->end[i] = end;
    d->is_group_end[i] = is_group_end;
    d->sum[i % 2][i + 1] = (unsigned char)((d->sum[i % 2][i] + luhn_of(digit)) % 10);
    d->sum[!(i % 2)][i + 1] = (unsigned char)((d->sum[!(i % 2)][i] + digit - '0') % 10);
}

static void run_begin(struct run *d, size_t at)
{
    d->n = 0;
    d->next = at;
    d->goes_on = true;
    d->is_open = false;
    d->sum[0][0] = d->sum[1][0] = 0;
}

/* On to n of them, as far as there are more. */
static void run_read(struct run *d, const struct number_kind *k, const struct window *w, size_t n)
{
    struct str text = w->text;
    while (d->goes_on && d->n < n && d->n < RUN_MAX) {
        size_t end = d->next + 1;
        bool is_within = end < text.n && is_digit(text.p[end]);
        size_t next = is_within ? end : skip_separators(k, w, end, &d->is_open);
        run_add(d, text.p[d->next], end, !is_within);
        d->goes_on = next > end || is_within;
        d->next = next;
    }
}

/* The digits from number i on. */
static struct digits digits_from(const struct run *d, size_t i)
{
    size_t n = d->n - i;
    return (struct digits){.digit = d->digit + i,
                           .end = d->end + i,
                           .is_group_end = d->is_group_end + i,
                           .sum = {d->sum[i % 2] + i, d->sum[!(i % 2)] + i},
                           .n = n < DIGITS_MAX ? n : DIGITS_MAX,
                           .is_open = n < DIGITS_MAX && d->is_open};
}

/* --- detecting ---------------------------------------------------------------------------------------------------- */

/* Where the prefix of what stands at `place` begins, and not before `from`. */
static size_t begin_of_prefix(const struct number_kind *k, const struct window *w, size_t from, size_t place)
{
    size_t i = place;
    while (i > from && place - i < k->prefix_max && is_of(k->prefix, w->text.p[i - 1]))
        i--;
    return i;
}

/* What begins with these digits, the first of which is at `place`, or in their prefix from `begin` on. */
static enum detected detect_at(const struct number_kind *k, const struct window *w, size_t begin, size_t place,
                               const struct digits *d, struct span *ret)
{
    for (size_t i = begin; i <= place; i++) {
        size_t n = 0;
        enum fit f = window_is_start(w, i) ? k->fit(w, i, d, &n) : FIT_NO;
        if (f == FIT_NO)
            continue;
        *ret = (struct span){i, n};
        return f == FIT_YES ? DETECTED_SPAN : DETECTED_MAYBE;
    }
    return DETECTED_NOTHING;
}

/* What begins with one of the groups from place `digit` on; *from: how far it was looked. */
static enum detected detect_in_run(const struct number_kind *k, const struct window *w, size_t *from, size_t digit,
                                   struct span *ret)
{
    struct run d;
    enum detected is = DETECTED_NOTHING;
    run_begin(&d, digit);
    for (size_t i = 0; is == DETECTED_NOTHING; i++) {
        run_read(&d, k, w, i + DIGITS_MAX);
        if (d.n == i || (d.goes_on && d.n < i + DIGITS_MAX))
            break; /* all of them; or another run begins with this group */
        struct digits group = digits_from(&d, i);
        size_t place = d.end[i] - 1;
        is = detect_at(k, w, begin_of_prefix(k, w, *from, place), place, &group, ret);
        while (i + 1 < d.n && !d.is_group_end[i])
            i++;
        *from = d.end[i];
        if (!d.is_group_end[i])
            break; /* longer than any number */
    }
    return is;
}

/* A prefix at the end of the window, of which the digits are still to come. */
static enum detected detect_prefix(const struct number_kind *k, const struct window *w, size_t from, struct span *ret)
{
    size_t end = w->text.n, i = begin_of_prefix(k, w, from, end);
    while (i < end && !window_is_start(w, i))
        i++;
    *ret = (struct span){i, 0};
    return i < end ? DETECTED_MAYBE : DETECTED_NOTHING;
}

enum detected detect_number(const struct number_kind *k, const struct window *w, size_t from, struct span *ret)
{
    enum detected is = DETECTED_NOTHING;
    size_t digit;
    while ((digit = skip_to_digit(w->text, from)) < w->text.n) {
        size_t begin = begin_of_prefix(k, w, from, digit);
        while (begin <= digit && !window_is_start(w, begin))
            begin++;
        if (begin <= digit)
            is = detect_in_run(k, w, &from, digit, ret);
        if (is != DETECTED_NOTHING)
            return is;
        from = skip_digits(w->text, begin <= digit ? from : digit); /* nothing begins within a number */
    }
    return w->is_end ? DETECTED_NOTHING : detect_prefix(k, w, from, ret);
}
