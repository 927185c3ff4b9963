/*
 * http/h1_fields.c - the header fields that belong to the connection or to framing, and what field text may hold.
 */
#include "http/h1_impl.h"

#include <string.h>

static const struct {
    struct str name;
    enum h1_field kind;
} special[] = {
    {STR_INIT("connection"), H1_FIELD_CONNECTION},
    {STR_INIT("content-length"), H1_FIELD_CONTENT_LENGTH},
    {STR_INIT("expect"), H1_FIELD_EXPECT},
    {STR_INIT("host"), H1_FIELD_HOST},
    {STR_INIT("http2-settings"), H1_FIELD_HOP},
    {STR_INIT("keep-alive"), H1_FIELD_HOP},
    {STR_INIT("proxy-authenticate"), H1_FIELD_HOP},
    {STR_INIT("proxy-authorization"), H1_FIELD_HOP},
    {STR_INIT("proxy-connection"), H1_FIELD_HOP},
    {STR_INIT("te"), H1_FIELD_HOP},
    {STR_INIT("trailer"), H1_FIELD_TRAILER},
    {STR_INIT("transfer-encoding"), H1_FIELD_TRANSFER_ENCODING},
    {STR_INIT("upgrade"), H1_FIELD_UPGRADE},
};

/* First letters of the table above, so that most names cost one look. */
static bool may_be_special(struct str name)
{
    switch (name.n ? name.p[0] | 0x20 : 0) {
    case 'c': case 'e': case 'h': case 'k': case 'p': case 't': case 'u':
        return true;
    default:
        return false;
    }
}

enum h1_field h1_field_kind(struct str name)
{
    if (may_be_special(name))
        for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
            if (special[i].name.n == name.n && str_eq_nocase(special[i].name, name))
                return special[i].kind;
    return H1_FIELD_OTHER;
}

#define VALUE 1   /* RFC 9110 5.5: VCHAR, obs-text, SP, HTAB */
#define NAME 2    /* RFC 9110 5.6.2 tchar */
#define TARGET 4  /* VCHAR, but `#` and `\`, which some read as the end of a path or as a slash */
#define VISIBLE (VALUE | TARGET)
#define TOKEN (VALUE | TARGET | NAME)

static const uint8_t classes[256] = {
    ['\t'] = VALUE,          [' '] = VALUE,           ['!'] = TOKEN,         ['"'] = VISIBLE,
    ['#'] = VALUE | NAME,    ['$' ... '\''] = TOKEN,   ['(' ... ')'] = VISIBLE, ['*' ... '+'] = TOKEN,
    [','] = VISIBLE,         ['-' ... '.'] = TOKEN,    ['/'] = VISIBLE,       ['0' ... '9'] = TOKEN,
    [':' ... '@'] = VISIBLE, ['A' ... 'Z'] = TOKEN,    ['['] = VISIBLE,       ['\\'] = VALUE,
    [']'] = VISIBLE,         ['^' ... 'z'] = TOKEN,    ['{'] = VISIBLE,       ['|'] = TOKEN,
    ['}'] = VISIBLE,         ['~'] = TOKEN,            [0x80 ... 0xff] = VALUE,
};

static bool all_in(struct str s, uint8_t class)
{
    uint8_t all = class;

#pragma GCC unroll 4
    for (size_t i = 0; i < s.n; i++)
        all &= classes[(unsigned char)s.p[i]];
    return all == class;
}

#define EACH(byte) (0x0101010101010101ULL * (byte))

/* Whether one of eight bytes may be a control; never false when one is. */
static inline bool may_have_control(uint64_t x)
{
    uint64_t delete = x ^ EACH(0x7f);
    return (((x - EACH(0x20)) & ~x) | ((delete - EACH(1)) & ~delete)) & EACH(0x80);
}

bool h1_name_is_clean(struct str name) { return name.n > 0 && all_in(name, NAME); }
bool h1_target_is_clean(struct str target) { return all_in(target, TARGET); }

static inline uint64_t eight_at(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof(x));
    return x;
}

/* Never false when there is a control. The last eight bytes are looked at whole, some of them once more. */
static bool may_have_controls(struct str s)
{
    if (s.n < 8)
        return true;
    for (size_t i = 0; i < s.n - 8; i += 8)
        if (may_have_control(eight_at(s.p + i)))
            return true;
    return may_have_control(eight_at(s.p + s.n - 8));
}

/* All but controls, a tab being none: byte by byte only where eight at a time do not say enough. */
bool h1_value_is_clean(struct str value) { return !may_have_controls(value) || all_in(value, VALUE); }

/* RFC 9110 8.6: 1*DIGIT; ours: at most 19 of them, and the value fits in 63 bits. Leading zeros are digits too. */
static bool parse_length(struct str s, int64_t *ret)
{
    int64_t n = 0;

    if (s.n == 0 || s.n > 19)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, s.p[i] - '0', &n))
            return false;
    }
    *ret = n;
    return true;
}

void h1_framing_note(struct h1_framing_facts *f, enum h1_field kind, struct str value)
{
    if (kind == H1_FIELD_CONTENT_LENGTH) {
        f->n_content_length++;
        if (!parse_length(value, &f->content_length))
            f->is_length_bad = true;
    } else if (kind == H1_FIELD_TRANSFER_ENCODING) {
        f->n_transfer_encoding++;
        f->is_chunked = str_eq_nocase(value, STR("chunked"));
    }
}

bool h1_list_next(struct str *rest, struct str *ret_member)
{
    struct str member, after;

    if (!rest->p)
        return false;
    if (str_cut(*rest, ',', &member, &after)) {
        *rest = after;
    } else {
        member = *rest;
        *rest = STR_NONE;
    }
    *ret_member = str_trim(member);
    return true;
}
