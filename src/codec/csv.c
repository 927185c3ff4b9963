/*
 * codec/csv.c - see csv.h.
 */
#include "codec/csv.h"

#include <string.h>

/* '=', '+', '-' and '@' of double width. */
static bool is_wide_operator(struct str s)
{
    static const struct str wide[] = {STR_INIT("\xef\xbc\x9d"), STR_INIT("\xef\xbc\x8b"), STR_INIT("\xef\xbc\x8d"),
                                      STR_INIT("\xef\xbc\xa0")};
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (str_starts(s, wide[i]))
            return true;
    }
    return false;
}

/* Blanks before it are no protection: some programs take them off. */
static bool may_be_formula(struct str s)
{
    size_t i = 0;
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r' || s.p[i] == '\n'))
        i++;
    if (i && s.p[0] != ' ')
        return true; /* a tab or a line end in front is enough */
    s = str_sub(s, i, s.n);
    return s.n && (memchr("=+-@", s.p[0], 4) || is_wide_operator(s));
}

int csv_text(struct buf *out, struct str text)
{
    (void)buf_add_byte(out, '"'); /* a full buf is found at the end */
    if (may_be_formula(text))
        (void)buf_add_byte(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            (void)buf_add_byte(out, '"');
        (void)buf_add_byte(out, text.p[i]);
    }
    (void)buf_add_byte(out, '"');
    return buf_ok(out);
}

int csv_number(struct buf *out, struct str number) { return buf_add(out, number); }
int csv_next(struct buf *out) { return buf_add_byte(out, ','); }
int csv_end(struct buf *out) { return buf_add_c(out, "\r\n"); }
