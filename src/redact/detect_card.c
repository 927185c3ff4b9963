/*
 * redact/detect_card.c - numbers of payment cards: a network's prefix and length, and Luhn's check (ISO/IEC 7812).
 *
 * The longest number wins that ends where its digits do: "4111 1111 1111 1111 12/29" has the date left.
 */
#include "redact/detect_impl.h"

#define CARD_DIGITS_MIN 12
#define CARD_DIGITS_MAX 19

/* The last digit counts as it is. */
static bool is_luhn(const struct digits *d, size_t n)
{
    const unsigned char *sum = d->sum[n % 2];
    return sum[n] == sum[0];
}

static int digits_of(int n) { return n < 10 ? 1 : n < 100 ? 2 : n < 1000 ? 3 : 4; }

static bool is_of_a_network(const char *digit, size_t n)
{
    static const struct network {
        int from, to;
        size_t least, most;
    } networks[] = {
#define CARD(from, to, least, most) {from, to, least, most},
#include "redact/card.tbl.h"
#undef CARD
    };
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        const struct network *w = &networks[i];
        int prefix = 0;
        for (int k = 0; k < digits_of(w->from); k++)
            prefix = 10 * prefix + (digit[k] - '0');
        if (prefix >= w->from && prefix <= w->to && n >= w->least && n <= w->most)
            return true;
    }
    return false;
}

static enum fit fit_card(const struct window *w, size_t at, const struct digits *d, size_t *ret_n)
{
    if (d->digit[0] < '2')
        return FIT_NO;
    if (d->is_open)
        return FIT_MORE;
    for (size_t n = d->n < CARD_DIGITS_MAX ? d->n : CARD_DIGITS_MAX; n >= CARD_DIGITS_MIN; n--) {
        if (!d->is_group_end[n - 1] || !is_luhn(d, n) || !is_of_a_network(d->digit, n))
            continue;
        *ret_n = d->end[n - 1] - at;
        return FIT_YES;
    }
    return FIT_NO;
}

enum detected detect_card(const struct window *w, size_t from, struct span *ret)
{
    static const struct number_kind card = {.prefix = "", .separators = "", .separators_max = 1, .fit = fit_card};
    return detect_number(&card, w, from, ret);
}
