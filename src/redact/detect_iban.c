/*
 * redact/detect_iban.c - international bank account numbers: a country's length, and mod 97 (ISO 13616), written
 * together or in groups.
 */
#include "redact/detect_impl.h"

#define IBAN_CHARS_MAX 34
#define BEFORE_DIGITS_MAX 6 /* two letters, each with a no-break space behind it */

static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c; }

static size_t length_of(char a, char b)
{
    static const struct {
        char country[3];
        size_t n;
    } lengths[] = {
#define IBAN(country, n) {country, n},
#include "redact/iban.tbl.h"
#undef IBAN
    };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        if (lengths[i].country[0] == a && lengths[i].country[1] == b)
            return lengths[i].n;
    return 0;
}

/* The first four characters count last; a letter counts as two digits. */
static bool is_mod_97(const char *text, size_t n)
{
    int rest = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[(i + 4) % n];
        rest = is_digit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
    }
    return rest == 1;
}

/* Bytes of what may stand between two groups; 0: nothing does. */
static size_t gap(const struct window *w, size_t i)
{
    if (i >= w->text.n || is_alnum(w->text.p[i]))
        return 0;
    if (w->text.p[i] == ' ' || w->text.p[i] == '-')
        return 1;
    return str_starts(str_sub(w->text, i, 2), STR("\xc2\xa0")) ? 2 : 0;
}

static bool fits_so_far(char c, size_t i) { return i < 2 ? is_letter(c) : i < 4 ? is_digit(c) : is_alnum(c); }

static enum fit fit_iban(const struct window *w, size_t at, size_t *ret_n)
{
    char text[IBAN_CHARS_MAX];
    size_t n = 0, wanted = IBAN_CHARS_MAX, i = at;
    while (n < wanted) {
        i += n ? gap(w, i) : 0;
        if (i >= w->text.n || (i + 1 == w->text.n && w->text.p[i] == '\xc2'))
            return w->is_end || (n > 1 && !length_of(text[0], text[1])) ? FIT_NO : FIT_MORE;
        if (!fits_so_far(w->text.p[i], n))
            return FIT_NO;
        text[n++] = upper(w->text.p[i++]);
        if (n == 4 && !(wanted = length_of(text[0], text[1])))
            return FIT_NO;
    }
    if (i == w->text.n && !w->is_end)
        return FIT_MORE;
    if ((i < w->text.n && is_alnum(w->text.p[i])) || !is_mod_97(text, n))
        return FIT_NO;
    *ret_n = i - at;
    return FIT_YES;
}

enum detected detect_iban(const struct window *w, size_t from, struct span *ret)
{
    return detect_numbers(w, from, BEFORE_DIGITS_MAX, is_letter, fit_iban, ret);
}
