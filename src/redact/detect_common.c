/*
 * redact/detect_common.c - where a thing may begin, and where digits are.
 */
#include "redact/detect_impl.h"

#include <string.h>

char window_before(const struct window *w, size_t i, size_t back)
{
    if (back <= i)
        return w->text.p[i - back];
    size_t n = back - i;
    return n <= w->before.n ? w->before.p[w->before.n - n] : 0;
}

bool window_is_start(const struct window *w, size_t i)
{
    char c = window_before(w, i, 1);
    if (!is_alnum(c) && c != '_')
        return true;
    return window_before(w, i, 2) == '\\' && strchr("bfnrt", c);
}

#define BLOCK_BYTES 32

/* One of BLOCK_BYTES is a digit. It looks at all of them, which a compiler does at once. */
static bool has_digit(const char *p)
{
    unsigned char any = 0;
    for (size_t k = 0; k < BLOCK_BYTES; k++)
        any |= (unsigned char)(p[k] - '0') < 10;
    return any;
}

size_t skip_to_digit(struct str s, size_t i)
{
    while (i + BLOCK_BYTES <= s.n && !has_digit(s.p + i))
        i += BLOCK_BYTES;
    while (i < s.n && !is_digit(s.p[i]))
        i++;
    return i;
}

size_t skip_digits(struct str s, size_t i)
{
    while (i < s.n && is_digit(s.p[i]))
        i++;
    return i;
}
