/*
 * redact/detect_iban.c - international bank account numbers: a country's length, and mod 97 (ISO 13616), written
 * together or in groups.
 */
#include "redact/detect_impl.h"

#define HEAD_CHARS 4 /* country and check digits */
#define BEFORE_DIGITS_MAX 6 /* two letters, each with a no-break space behind it */
#define LETTER 10 /* what an A counts */

/* What a character counts; negative: it is neither letter nor digit. */
static int value_of(char c)
{
    unsigned digit = (unsigned char)c - (unsigned)'0', letter = ((unsigned char)c | 0x20) - (unsigned)'a';
    return digit < 10 ? (int)digit : letter < 26 ? (int)letter + LETTER : -1;
}

/* Of the country with these two letters, by what they count; 0: there is none. */
static size_t length_of(int a, int b)
{
    static const unsigned char lengths[26 * 26] = {
#define IBAN(a, b, n) [((a) - 'A') * 26 + (b) - 'A'] = (n),
#include "redact/iban.tbl.h"
#undef IBAN
    };
    return lengths[(a - LETTER) * 26 + b - LETTER];
}

/* A number, or what is left of it mod 97, with more digits at its end. */
static uint64_t append(uint64_t number, int value)
{
    number = number * (value < LETTER ? 10 : 100) + (unsigned)value;
    return number < UINT64_MAX / 128 ? number : number % 97;
}

/* Bytes of what may stand between two groups; 0: nothing does. */
static size_t gap(const struct window *w, size_t i)
{
    const char *p = w->text.p + i;
    size_t n = w->text.n - i;
    if (n > 0 && (p[0] == ' ' || p[0] == '-'))
        return 1;
    return n > 1 && p[0] == '\xc2' && p[1] == '\xa0' ? 2 : 0;
}

/* What the next character counts, a gap before it left out; false: the window ends in front of it. */
static bool next_value(const struct window *w, size_t *i, int *ret_value)
{
    struct str text = w->text;
    if (*i < text.n && (*ret_value = value_of(text.p[*i])) >= 0) {
        (*i)++;
        return true;
    }
    size_t at = *i + gap(w, *i);
    if (at >= text.n || (at + 1 == text.n && text.p[at] == '\xc2'))
        return false;
    *ret_value = value_of(text.p[at]);
    *i = at + 1;
    return true;
}

static bool fits_so_far(int value, size_t i)
{
    return i < 2 ? value >= LETTER : i < HEAD_CHARS ? value < LETTER : true;
}

/* The first four characters count last; a letter counts as two digits. */
static bool is_mod_97(uint64_t number, const int head[HEAD_CHARS])
{
    for (size_t i = 0; i < HEAD_CHARS; i++)
        number = append(number, head[i]);
    return number % 97 == 1;
}

static enum fit fit_iban(const struct window *w, size_t at, size_t *ret_n)
{
    int head[HEAD_CHARS] = {0}, value;
    uint64_t number = 0;
    size_t wanted = HEAD_CHARS, i = at;
    for (size_t n = 0; n < wanted; n++) {
        if (!next_value(w, &i, &value))
            return w->is_end || (n > 1 && !length_of(head[0], head[1])) ? FIT_NO : FIT_MORE;
        if (value < 0 || !fits_so_far(value, n))
            return FIT_NO;
        if (n < HEAD_CHARS)
            head[n] = value;
        else
            number = append(number, value);
        if (n == HEAD_CHARS - 1 && !(wanted = length_of(head[0], head[1])))
            return FIT_NO;
    }
    if (i == w->text.n && !w->is_end)
        return FIT_MORE;
    if ((i < w->text.n && is_alnum(w->text.p[i])) || !is_mod_97(number, head))
        return FIT_NO;
    *ret_n = i - at;
    return FIT_YES;
}

/* What begins at a place in [from, to). */
static enum detected detect_between(const struct window *w, size_t from, size_t to, struct span *ret)
{
    for (size_t i = from; i < to; i++) {
        size_t n = 0;
        if (!is_letter(w->text.p[i]) || !window_is_start(w, i))
            continue;
        enum fit f = fit_iban(w, i, &n);
        if (f == FIT_NO)
            continue;
        *ret = (struct span){i, n};
        return f == FIT_YES ? DETECTED_SPAN : DETECTED_MAYBE;
    }
    return DETECTED_NOTHING;
}

enum detected detect_iban(const struct window *w, size_t from, struct span *ret)
{
    enum detected is = DETECTED_NOTHING;
    for (size_t i = from; is == DETECTED_NOTHING && i < w->text.n;) {
        size_t digit = skip_to_digit(w->text, i);
        if (digit == w->text.n && w->is_end)
            break;
        size_t first = digit - i > BEFORE_DIGITS_MAX ? digit - BEFORE_DIGITS_MAX : i;
        is = detect_between(w, first, digit, ret);
        i = skip_digits(w->text, digit); /* nothing begins within a number */
    }
    return is;
}
