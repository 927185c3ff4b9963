/*
 * redact/detect_email.c - addresses of mail, found by what stands before and behind an @ (or %40, as in URLs).
 *
 * Of a run that is longer than a local part may be, the last LOCAL_MAX bytes count. A domain has a dot, and its last
 * label letters: `node@18.2.0` and `user@10.0.0.1` are no addresses.
 */
#include "redact/detect_impl.h"

#include <string.h>

#define LOCAL_MAX 64
#define DOMAIN_MAX 253
#define AT_ESCAPED STR("%40")

static bool is_local(char c) { return is_alnum(c) || (c && strchr("._%+-'", c)); }

/* Bytes of the sign at place i; 0: there is none. */
static size_t at_sign(const struct window *w, size_t i)
{
    struct str rest = str_sub(w->text, i, SIZE_MAX);
    return rest.n && rest.p[0] == '@' ? 1 : str_starts(rest, AT_ESCAPED) ? AT_ESCAPED.n : 0;
}

static bool is_top_label(struct str s)
{
    if (s.n > 4 && str_eq_nocase(str_sub(s, 0, 4), STR("xn--")))
        return true;
    for (size_t i = 0; i < s.n; i++)
        if (!is_letter(s.p[i]) && !is_high(s.p[i]))
            return false;
    return s.n >= 2;
}

/* The longest domain at place `at`. */
static enum fit fit_domain(const struct window *w, size_t at, size_t *ret_n)
{
    size_t n = 0, i = at, began = at;
    for (; i - at < DOMAIN_MAX; i++) {
        if (i == w->text.n && !w->is_end)
            return FIT_MORE;
        char c = i < w->text.n ? w->text.p[i] : 0;
        if (is_alnum(c) || is_high(c) || c == '-')
            continue;
        size_t end = i;
        while (end > began && w->text.p[end - 1] == '-')
            end--;
        if (began > at && is_top_label(str_sub(w->text, began, end - began)))
            n = end - at;
        if (c != '.' || i == began)
            break;
        began = i + 1;
    }
    *ret_n = n;
    return n ? FIT_YES : FIT_NO;
}

/* Behind a %40 that stands on both sides of place i. */
static size_t behind_at_sign(const struct window *w, size_t i)
{
    for (size_t k = 1; k < AT_ESCAPED.n; k++) {
        bool is_begun = true;
        for (size_t b = 1; b <= k; b++)
            is_begun &= window_before(w, i, b) == AT_ESCAPED.p[k - b];
        if (is_begun && str_starts(str_sub(w->text, i, SIZE_MAX), str_sub(AT_ESCAPED, k, SIZE_MAX)))
            return i + AT_ESCAPED.n - k;
    }
    return i;
}

#define BLOCK_BYTES 32

/* One of BLOCK_BYTES may begin a sign. It looks at all of them, which a compiler does at once. */
static bool has_sign(const char *p)
{
    unsigned char any = 0;
    for (size_t k = 0; k < BLOCK_BYTES; k++)
        any |= (unsigned char)((p[k] == '@') | (p[k] == '%'));
    return any;
}

static size_t skip_to_sign(const struct window *w, size_t i)
{
    const char *p = w->text.p;
    for (;; i++) {
        while (i + BLOCK_BYTES <= w->text.n && !has_sign(p + i))
            i += BLOCK_BYTES;
        while (i < w->text.n && p[i] != '@' && p[i] != '%')
            i++;
        if (i >= w->text.n || at_sign(w, i))
            return i;
    }
}

/* Where the run of characters of a local part begins that ends at `end`: at most n_max bytes back, and not before
 * `from`. */
static size_t begin_of_run(const struct window *w, size_t from, size_t end, size_t n_max)
{
    size_t i = end;
    while (i > from && end - i < n_max && is_local(w->text.p[i - 1]))
        i--;
    return i;
}

/* Where a local part that ends at `end` begins: quotes and dots before it are prose. */
static size_t begin_of_local(const struct window *w, size_t from, size_t end)
{
    size_t i = begin_of_run(w, from, end, LOCAL_MAX);
    while (i < end && strchr("'.-%", w->text.p[i]))
        i++;
    return i;
}

enum detected detect_email(const struct window *w, size_t from, struct span *ret)
{
    size_t i = behind_at_sign(w, from), end, n;
    while ((end = skip_to_sign(w, i)) < w->text.n) {
        size_t sign = at_sign(w, end), begin = begin_of_local(w, i, end);
        enum fit f = begin < end ? fit_domain(w, end + sign, &n) : FIT_NO;
        if (f != FIT_NO) {
            *ret = (struct span){begin, f == FIT_YES ? end + sign + n - begin : 0};
            return f == FIT_YES ? DETECTED_SPAN : DETECTED_MAYBE;
        }
        i = end + sign;
    }
    if (w->is_end || i >= end)
        return DETECTED_NOTHING;
    *ret = (struct span){begin_of_run(w, i, end, LOCAL_MAX + AT_ESCAPED.n), 0};
    return ret->at < end ? DETECTED_MAYBE : DETECTED_NOTHING;
}
