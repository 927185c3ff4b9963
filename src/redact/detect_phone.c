/*
 * redact/detect_phone.c - telephone numbers, as people write them: with a country's code (+49 30 1234567, 0049...), or
 * grouped as a country's own are. Bare digits are order numbers, and dates, amounts and versions are grouped otherwise.
 */
#include "redact/detect_impl.h"

#define PHONE_DIGITS_MIN 8  /* with a country's code; E.164 has 15 at most */
#define PHONE_DIGITS_MAX 15
#define DOUBLE_ZERO_DIGITS_MAX (PHONE_DIGITS_MAX + 2)
#define PHONE_BARE_MIN 13   /* of 00 and digits without a separator: zeros in front fill order numbers up */
#define GROUPS_MAX 8

/* Groups, of which each prefix may be a number. */
struct groups {
    size_t length[GROUPS_MAX]; /* digits of each */
    size_t digits[GROUPS_MAX]; /* up to its end */
    size_t n;
};

/* As many as there are, a number has and that have no more digits than one has. */
static void groups_read(const struct digits *d, struct groups *ret)
{
    size_t n = 0, began = 0;
    for (size_t i = 0; i < d->n && i < DOUBLE_ZERO_DIGITS_MAX && n < GROUPS_MAX; i++) {
        if (!d->is_group_end[i])
            continue;
        ret->length[n] = i + 1 - began;
        ret->digits[n++] = began = i + 1;
    }
    ret->n = n;
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
    return is_code && n >= PHONE_DIGITS_MIN + 2 && n <= DOUBLE_ZERO_DIGITS_MAX && (n_groups > 1 || n >= PHONE_BARE_MIN);
}

/* Three, three and four digits, and a 1 in front or none: how many, or 0. */
static size_t american_digits(const struct digits *d)
{
    size_t skip = d->digit[0] == '1' && d->is_group_end[0], n = skip + 10;
    if (d->n < n || !is_nanp(d->digit + skip))
        return 0;
    for (size_t i = skip; i < n; i++)
        if (d->is_group_end[i] != (i == skip + 2 || i == skip + 5 || i == skip + 9))
            return 0;
    return n;
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

/* The first n_groups, behind a plus or with a zero in front, are a number. */
static bool is_phone(const struct digits *d, const struct groups *g, size_t n_groups, bool has_plus)
{
    size_t n = g->digits[n_groups - 1];
    if (has_plus)
        return is_international(d, n);
    return is_double_zero(d, n, n_groups) || is_trunk(d, n, g->length, n_groups) ||
           is_pairs(d, n, g->length, n_groups);
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

/* The longest number that these digits begin with; 0: none. */
static size_t phone_digits(const struct window *w, const struct digits *d, bool has_plus)
{
    struct groups g;
    if (!has_plus && d->digit[0] != '0') {
        size_t n = american_digits(d);
        return n && is_over(w, d, n) ? n : 0;
    }
    groups_read(d, &g);
    for (size_t k = g.n; k > 0 && g.digits[k - 1] >= PHONE_DIGITS_MIN; k--)
        if (is_phone(d, &g, k, has_plus) && is_over(w, d, g.digits[k - 1]))
            return g.digits[k - 1];
    return 0;
}

static enum fit fit_phone(const struct window *w, size_t at, const struct digits *d, size_t *ret_n)
{
    if (d->is_open)
        return FIT_MORE;
    size_t n = d->n < PHONE_DIGITS_MIN ? 0 : phone_digits(w, d, w->text.p[at] == '+');
    if (n == 0)
        return FIT_NO;
    *ret_n = d->end[n - 1] - at;
    return FIT_YES;
}

enum detected detect_phone(const struct window *w, size_t from, struct span *ret)
{
    static const struct number_kind phone = {
        .prefix = "+(", .prefix_max = 2, .separators = ".()/", .separators_max = 2, .fit = fit_phone};
    return detect_number(&phone, w, from, ret);
}
