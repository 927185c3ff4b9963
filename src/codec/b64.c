/*
 * codec/b64.c - both alphabets over one pair of loops.
 */
#include "codec/b64.h"

#include "base/err.h"

static const char STANDARD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct str encode(struct str in, char *out, const char *alphabet, bool is_padded)
{
    const unsigned char *p = (const unsigned char *)in.p;
    size_t n = 0, i = 0;
    for (; in.n - i >= 3; i += 3) {
        uint32_t x = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        out[n++] = alphabet[x >> 18];
        out[n++] = alphabet[x >> 12 & 63];
        out[n++] = alphabet[x >> 6 & 63];
        out[n++] = alphabet[x & 63];
    }
    size_t n_left = in.n - i;
    if (n_left > 0) {
        uint32_t x = (uint32_t)p[i] << 16 | (n_left == 2 ? (uint32_t)p[i + 1] << 8 : 0);
        out[n++] = alphabet[x >> 18];
        out[n++] = alphabet[x >> 12 & 63];
        if (n_left == 2)
            out[n++] = alphabet[x >> 6 & 63];
        for (; is_padded && n_left < 3; n_left++)
            out[n++] = '=';
    }
    return (struct str){out, n};
}

struct str b64_encode(struct str in, char *out)
{
    return encode(in, out, STANDARD, true);
}

struct str b64url_encode(struct str in, char *out)
{
    return encode(in, out, URL, false);
}

/* Value of a digit, or -1; `c62` and `c63` are the alphabet's last two. */
static int value_of(char c, char c62, char c63)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == c62 ? 62 : c == c63 ? 63 : -1;
}

/* `in` without padding. */
static int decode(struct str in, void *out, size_t out_max, const char *alphabet, size_t *ret_n)
{
    if (in.n % 4 == 1)
        return err_trace(-ERR_INVALID);
    size_t n = in.n / 4 * 3 + (in.n % 4 ? in.n % 4 - 1 : 0);
    if (n > out_max)
        return err_trace(-ERR_TOO_LARGE);
    unsigned char *to = out;
    uint32_t x = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < in.n; i++) {
        int v = value_of(in.p[i], alphabet[62], alphabet[63]);
        if (v < 0)
            return err_trace(-ERR_INVALID);
        x = x << 6 | (uint32_t)v;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            *to++ = (unsigned char)(x >> n_bits);
            x &= (1u << n_bits) - 1;
        }
    }
    if (x != 0) /* bits behind the last byte */
        return err_trace(-ERR_INVALID);
    *ret_n = n;
    return 0;
}

int b64_decode(struct str in, void *out, size_t out_max, size_t *ret_n)
{
    if (in.n % 4)
        return err_trace(-ERR_INVALID);
    for (int i = 0; i < 2 && in.n > 0 && in.p[in.n - 1] == '='; i++)
        in.n--;
    return decode(in, out, out_max, STANDARD, ret_n);
}

int b64url_decode(struct str in, void *out, size_t out_max, size_t *ret_n)
{
    return decode(in, out, out_max, URL, ret_n);
}
