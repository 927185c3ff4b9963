/*
 * sandbox/said.c - reads a person's text by pieces between spaces; a piece is a name, a number, or neither.
 */
#include "sandbox/said.h"

#include <string.h>

#define STEM_BYTES_MIN 4 /* two words are one when they share so many letters and one begins the other */
#define NUMBER_DIGITS_MAX 12

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_word(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }
static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool said_next_word(struct str *rest, struct str *ret)
{
    size_t at = 0, end;
    while (at < rest->n && !is_word(rest->p[at]))
        at++;
    for (end = at; end < rest->n && is_word(rest->p[end]); end++)
        if (end > at && is_upper(rest->p[end]) && is_lower(rest->p[end - 1]))
            break;
    *ret = str_sub(*rest, at, end - at);
    *rest = str_sub(*rest, end, rest->n);
    return ret->n > 0;
}

static bool is_same_word(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    if (a.n != b.n && n < STEM_BYTES_MIN)
        return false;
    return str_eq_nocase(str_sub(a, 0, n), str_sub(b, 0, n));
}

bool said_has_word(struct str text, struct str word)
{
    struct str w;
    while (said_next_word(&text, &w))
        if (is_same_word(w, word))
            return true;
    return false;
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

/* The next run of bytes without a space, without the marks around it. */
static bool next_piece(struct str *rest, struct str *ret)
{
    static const char marks[] = "\"'`()[]{}<>,;:!?*";
    struct str p;
    size_t at = 0, end;
    while (at < rest->n && is_space(rest->p[at]))
        at++;
    for (end = at; end < rest->n && !is_space(rest->p[end]); end++)
        ;
    p = str_sub(*rest, at, end - at);
    *rest = str_sub(*rest, end, rest->n);
    *ret = p;
    while (p.n && memchr(marks, p.p[0], sizeof(marks) - 1))
        p = str_sub(p, 1, p.n);
    while (p.n && (p.p[p.n - 1] == '.' || memchr(marks, p.p[p.n - 1], sizeof(marks) - 1)))
        p.n--;
    if (p.n)
        *ret = p;
    return ret->n > 0;
}

/* An id of a vendor has a prefix of letters, an underscore, and more: ch_demo. */
static bool is_id(struct str p)
{
    struct str before, after;
    if (!str_cut(p, '_', &before, &after) || !after.n || !str_is_token(p, "_-", 128) || !before.n || before.n > 8)
        return false;
    for (size_t i = 0; i < before.n; i++)
        if (!is_lower(before.p[i]) && !is_upper(before.p[i]))
            return false;
    return true;
}

static bool is_phone(struct str p)
{
    if (p.n < 8 || p.p[0] != '+')
        return false;
    for (size_t i = 1; i < p.n; i++)
        if (!is_digit(p.p[i]))
            return false;
    return true;
}

static bool is_email(struct str p)
{
    struct str before, after;
    return str_cut(p, '@', &before, &after) && before.n && str_has(after, '.');
}

/* "5", "1,250.50", "$5": in hundredths. */
static bool read_number(struct str p, struct said_number *ret)
{
    int64_t n = 0;
    int digits = 0, decimals = -1;
    ret->unit = SAID_PLAIN;
    if (str_starts(p, STR("$"))) {
        ret->unit = SAID_DOLLARS;
        p = str_sub(p, 1, p.n);
    }
    for (size_t i = 0; i < p.n; i++) {
        if (p.p[i] == ',' && decimals < 0 && digits)
            continue;
        if (p.p[i] == '.' && decimals < 0 && digits) {
            decimals = 0;
            continue;
        }
        if (!is_digit(p.p[i]) || ++digits > NUMBER_DIGITS_MAX || (decimals >= 0 && ++decimals > 2))
            return false;
        n = n * 10 + (p.p[i] - '0');
    }
    for (; decimals < 2; decimals++, n *= 10)
        if (decimals < 0)
            decimals = 0;
    ret->hundredths = n;
    return digits > 0;
}

static void set_unit(struct str word, struct said_number *n)
{
    static const struct str dollars[] = {STR_INIT("dollar"), STR_INIT("dollars"), STR_INIT("usd"), STR_INIT("bucks")};
    for (size_t i = 0; i < sizeof(dollars) / sizeof(dollars[0]); i++)
        if (str_eq_nocase(word, dollars[i]))
            n->unit = SAID_DOLLARS;
    if (str_eq_nocase(word, STR("cent")) || str_eq_nocase(word, STR("cents")))
        n->unit = SAID_CENTS;
}

void said_read(struct str text, struct said *ret)
{
    struct str rest = text, p;
    struct said_number n = {.hundredths = 0};
    bool was_number = false;
    *ret = (struct said){.text = text};
    while (next_piece(&rest, &p)) {
        if (was_number)
            set_unit(p, &ret->numbers[ret->n_numbers - 1]);
        was_number = false;
        if (is_id(p) || is_phone(p) || is_email(p)) {
            if (ret->n_names < SAID_MAX)
                ret->names[ret->n_names++].text = p;
        } else if (ret->n_numbers < SAID_MAX && read_number(p, &n)) {
            ret->numbers[ret->n_numbers++] = n;
            was_number = true;
        }
    }
}
