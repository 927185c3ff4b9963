/*
 * codec/utf8.c - the table of well-formed byte sequences (Unicode 15, table 3-7), as code.
 */
#include "codec/utf8.h"

#include "base/check.h"

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t utf8_next(struct str s)
{
    if (s.n == 0)
        return 0;
    const unsigned char *p = (const unsigned char *)s.p;
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2)
        return 0;
    if (c < 0xe0)
        return s.n >= 2 && is_tail(p[1]) ? 2 : 0;
    if (c < 0xf0) {
        if (s.n < 3 || !is_tail(p[1]) || !is_tail(p[2]))
            return 0;
        bool is_overlong = c == 0xe0 && p[1] < 0xa0;
        bool is_surrogate = c == 0xed && p[1] > 0x9f;
        return is_overlong || is_surrogate ? 0 : 3;
    }
    if (c > 0xf4 || s.n < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3]))
        return 0;
    bool is_overlong = c == 0xf0 && p[1] < 0x90;
    bool is_too_high = c == 0xf4 && p[1] > 0x8f;
    return is_overlong || is_too_high ? 0 : 4;
}

uint32_t utf8_code(struct str s, size_t n)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    check(n >= 1 && n <= 4 && n <= s.n);
    uint32_t code = (unsigned char)s.p[0] & first_bits[n];
    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((unsigned char)s.p[i] & 0x3f);
    return code;
}

bool utf8_is_valid(struct str s)
{
    while (s.n > 0) {
        size_t n = utf8_next(s);
        if (n == 0)
            return false;
        s.p += n;
        s.n -= n;
    }
    return true;
}

struct str utf8_cut(struct str s, size_t n_max)
{
    if (s.n <= n_max)
        return s;
    size_t n = n_max;
    while (n > 0 && n_max - n < 3 && is_tail((unsigned char)s.p[n]))
        n--;
    return str_sub(s, 0, n);
}

size_t utf8_write(uint32_t code, char out[4])
{
    check(code <= 0x10ffff && (code < 0xd800 || code > 0xdfff));
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}
