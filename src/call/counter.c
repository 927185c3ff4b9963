/*
 * call/counter.c - cuts from both ends: what lies between is the window.
 */
#include "call/counter.h"

#include "base/err.h"

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

static const bool IS_SEPARATOR[256] = {
    [0 ... 0x1f] = true, [0x7f] = true, [','] = true, ['='] = true, ['%'] = true, ['/'] = true};

/* "-" stands for nothing, so that one which is meant is escaped. */
static inline size_t put_char(char out[3], unsigned char c, bool is_dash)
{
    static const char digits[] = "0123456789ABCDEF";
    out[0] = (char)c;
    if (!IS_SEPARATOR[c] && !is_dash)
        return 1;
    out[0] = '%';
    out[1] = digits[c >> 4];
    out[2] = digits[c & 15];
    return 3;
}

char *bucket_value_put(char *p, struct str value)
{
    bool is_dash = str_eq(value, STR("-"));
    if (value.n == 0)
        *p++ = '-';
    for (size_t i = 0; i < value.n; i++)
        p += put_char(p, (unsigned char)value.p[i], is_dash);
    return p;
}

bool bucket_value_is(struct str written, struct str value)
{
    bool is_dash = str_eq(value, STR("-"));
    char one[3];
    if (value.n == 0)
        return str_eq(written, STR("-"));
    for (size_t i = 0; i < value.n; i++) {
        size_t n = put_char(one, (unsigned char)value.p[i], is_dash);
        if (!str_starts(written, (struct str){one, n}))
            return false;
        written = str_sub(written, n, SIZE_MAX);
    }
    return written.n == 0;
}
