/*
 * codec/hex.c - hexadecimal digits.
 */
#include "codec/hex.h"

#include "base/err.h"

#define DIGEST_START_MIN 8
#define DIGEST_DIGITS 64

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* By arithmetic, so that the compiler does many at once. */
static inline char digit_of(unsigned n)
{
    return (char)(n + (n > 9 ? 'a' - 10 : '0'));
}

struct str hex_encode(const void *p, size_t n, char *out)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digit_of(b[i] >> 4);
        out[2 * i + 1] = digit_of(b[i] & 15);
    }
    return (struct str){out, 2 * n};
}

int hex_decode(struct str in, void *out, size_t n)
{
    unsigned char *to = out;
    if (in.n % 2 || in.n / 2 != n)
        return err_trace(-ERR_INVALID);
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(in.p[2 * i]), low = hex_digit(in.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return err_trace(-ERR_INVALID);
        to[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

bool hex_is_digest_start(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (hex_digit(s.p[i]) < 0 || (s.p[i] >= 'A' && s.p[i] <= 'F'))
            return false;
    return s.n >= DIGEST_START_MIN && s.n <= DIGEST_DIGITS;
}
