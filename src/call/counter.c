/*
 * call/counter.c - cuts from both ends: what lies between is the window.
 */
#include "call/counter.h"

#include "base/err.h"

#include <string.h>

static bool cut_last(struct str s, struct str *ret_before, struct str *ret_after)
{
    for (size_t i = s.n; i-- > 0;) {
        if (s.p[i] != '/')
            continue;
        *ret_before = str_sub(s, 0, i);
        *ret_after = str_sub(s, i + 1, s.n);
        return true;
    }
    return false;
}

int counter_name_parse(struct str counter, struct counter_name *ret)
{
    struct counter_name c = {.is_test = str_starts(counter, STR("test:"))};
    struct str rest;
    c.name = c.is_test ? str_sub(counter, 5, counter.n) : counter;
    if (!str_cut(c.name, '/', &c.document, &rest))
        return -ERR_INVALID;
    if (str_eq(c.document, STR("key"))) {
        c.document = STR_NONE;
        if (!str_cut(rest, '/', &c.meter, &c.window))
            return -ERR_INVALID;
    } else if (!str_cut(rest, '/', &c.id, &rest) || !str_cut(rest, '/', &c.meter, &rest) ||
               !cut_last(rest, &c.window, &c.by)) {
        return -ERR_INVALID;
    }
    *ret = c;
    return 0;
}

bool bucket_value_is(struct str written, struct str value)
{
    static const char digits[] = "0123456789ABCDEF";
    bool is_dash = str_eq(value, STR("-")); /* which stands for nothing */
    size_t n = 0;
    if (value.n == 0)
        return str_eq(written, STR("-"));
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        bool is_plain = c >= 0x20 && c != 0x7f && !memchr(",=%/", c, 4) && !is_dash;
        char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
        struct str want = is_plain ? str_sub(value, i, 1) : (struct str){escape, 3};
        if (!str_eq(str_sub(written, n, want.n), want))
            return false;
        n += want.n;
    }
    return n == written.n;
}
