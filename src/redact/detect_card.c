/*
 * redact/detect_card.c - numbers of payment cards: a network's prefix and length, and Luhn's check (ISO/IEC 7812).
 *
 * The longest number wins that ends where its digits do: "4111 1111 1111 1111 12/29" has the date left.
 */
#include "redact/detect_impl.h"

#define CARD_DIGITS_MIN 12
#define CARD_DIGITS_MAX 19

static bool is_luhn(const char *digit, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int d = digit[n - 1 - i] - '0';
        if (i % 2)
            d = d < 5 ? 2 * d : 2 * d - 9;
        sum += d;
    }
    return sum % 10 == 0;
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

static enum fit fit_card(const struct window *w, size_t at, size_t *ret_n)
{
    struct digits d;
    digits_read(w, at, "", 1, &d);
    if (d.is_open && d.n <= CARD_DIGITS_MAX)
        return FIT_MORE;
    for (size_t n = d.n < CARD_DIGITS_MAX ? d.n : CARD_DIGITS_MAX; n >= CARD_DIGITS_MIN; n--) {
        if (!d.is_group_end[n - 1] || !is_of_a_network(d.digit, n) || !is_luhn(d.digit, n))
            continue;
        *ret_n = d.end[n - 1] - at;
        return FIT_YES;
    }
    return FIT_NO;
}

static bool may_begin(char c) { return c >= '2' && c <= '9'; }

enum detected detect_card(const struct window *w, size_t from, struct span *ret)
{
    return detect_numbers(w, from, 0, may_begin, fit_card, ret);
}
