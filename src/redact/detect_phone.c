/*
 * redact/detect_phone.c - telephone numbers, as people write them: with a country's code (+49 30 1234567, 0049...), or
 * grouped as a country's own are. Bare digits are order numbers, and dates, amounts and versions are grouped otherwise.
 */
#include "redact/detect_impl.h"

#define PHONE_DIGITS_MIN 8  /* with a country's code; E.164 has 15 at most */
#define PHONE_DIGITS_MAX 15
#define PHONE_BARE_MIN 13   /* of 00 and digits without a separator: zeros in front fill order numbers up */
#define GROUPS_MAX 8
#define PREFIX_MAX 2 /* "+", "(", "+(" */

/* The first n digits as lengths of groups; 0: n is within a group, or there are too many. */
static size_t groups_of(const struct digits *d, size_t n, size_t length[GROUPS_MAX])
{
    size_t n_groups = 0, began = 0;
    if (!d->is_group_end[n - 1])
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!d->is_group_end[i])
            continue;
        if (n_groups == GROUPS_MAX)
            return 0;
        length[n_groups++] = i + 1 - began;
        began = i + 1;
    }
    return n_groups;
}

static bool is_from_2(char c) { return c >= '2' && c <= '9'; }

/* North America: area and exchange begin with 2 to 9. */
static bool is_nanp(const char *digit) { return is_from_2(digit[0]) && is_from_2(digit[3]); }

static bool is_international(const struct digits *d, size_t n)
{
    if (n < PHONE_DIGITS_MIN || n > PHONE_DIGITS_MAX || d->digit[0] == '0')
        return false;
    return d->digit[0] != '1' || (n == 11 && is_nanp(d->digit + 1));
}

static bool is_double_zero(const struct digits *d, size_t n, size_t n_groups)
{
    bool is_code = d->digit[0] == '0' && d->digit[1] == '0' && d->digit[2] != '0';
    return is_code && n >= PHONE_DIGITS_MIN + 2 && n <= PHONE_DIGITS_MAX + 2 && (n_groups > 1 || n >= PHONE_BARE_MIN);
}

static bool is_american(const struct digits *d, const size_t *length, size_t n_groups)
{
    size_t skip = n_groups == 4 && length[0] == 1 && d->digit[0] == '1';
    return n_groups == 3 + skip && length[skip] == 3 && length[skip + 1] == 3 && length[skip + 2] == 4 &&
           is_nanp(d->digit + skip);
}

/* A trunk zero, an area, and a subscriber in groups: 030 1234567, 0171-1234567, 020 7946 0958. */
static bool is_trunk(const struct digits *d, size_t n, const size_t *length, size_t n_groups)
{
    if (d->digit[0] != '0' || d->digit[1] == '0' || n < 9 || n > 12 || n_groups < 2)
        return false;
    if (length[0] < 3 || length[0] > 6 || length[1] < 3)
        return false;
    for (size_t i = 2; i < n_groups; i++)
        if (length[i] < 2)
            return false;
    return true;
}

/* 01 23 45 67 89. */
static bool is_pairs(const struct digits *d, size_t n, const size_t *length, size_t n_groups)
{
    if (d->digit[0] != '0' || d->digit[1] == '0' || n != 10 || n_groups != 5)
        return false;
    for (size_t i = 0; i < n_groups; i++)
        if (length[i] != 2)
            return false;
    return true;
}

static bool is_phone(const struct digits *d, size_t n, bool has_plus)
{
    size_t length[GROUPS_MAX], n_groups = groups_of(d, n, length);
    if (n_groups == 0)
        return false;
    if (has_plus)
        return is_international(d, n);
    return is_double_zero(d, n, n_groups) || is_american(d, length, n_groups) || is_trunk(d, n, length, n_groups) ||
           is_pairs(d, n, length, n_groups);
}

/* Nothing goes on behind it: no letter, and no further group by a hyphen, which ids have. */
static bool is_over(const struct window *w, const struct digits *d, size_t n)
{
    size_t end = d->end[n - 1];
    if (end == w->text.n)
        return true;
    char c = w->text.p[end];
    return !is_alnum(c) && c != '_' && !(c == '-' && n < d->n);
}

static enum fit fit_phone(const struct window *w, size_t at, size_t *ret_n)
{
    struct digits d;
    bool has_plus = w->text.p[at] == '+';
    size_t first = at;
    while (first < w->text.n && first < at + PREFIX_MAX && (w->text.p[first] == '+' || w->text.p[first] == '('))
        first++;
    if (first == w->text.n)
        return w->is_end ? FIT_NO : FIT_MORE;
    digits_read(w, first, ".()/", 2, &d);
    if (d.is_open && d.n < DIGITS_MAX)
        return FIT_MORE;
    for (size_t n = d.n; n >= PHONE_DIGITS_MIN; n--) {
        if (!is_phone(&d, n, has_plus) || !is_over(w, &d, n))
            continue;
        *ret_n = d.end[n - 1] - at;
        return FIT_YES;
    }
    return FIT_NO;
}

static bool may_begin(char c) { return c == '+' || c == '(' || is_digit(c); }

enum detected detect_phone(const struct window *w, size_t from, struct span *ret)
{
    return detect_numbers(w, from, PREFIX_MAX, may_begin, fit_phone, ret);
}
