/*
 * codec/json_canon.c - JCS. Shortest digits of a double come from yyjson's writer; ECMAScript's layout is put on here.
 */
#include "codec/json_canon.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/err.h"
#include "codec/json_write.h"
#include "codec/number_impl.h"

#define NUMBER_BYTES_MAX 500            /* longer ones are refused */
#define EXACT_MAX 9007199254740992LL    /* 2^53: integers up to here are doubles, each one */
#define DIGITS_MAX 17

struct member {
    struct str key;
    struct json value;
};

/*
 * UTF-8 order is UTF-16 order but for one place: U+E000..U+FFFF (lead bytes EE, EF) stand above the surrogates, with
 * which UTF-16 writes what UTF-8 leads with F0..F4. No other byte of UTF-8 is EE or EF.
 */
static unsigned utf16_rank(char c)
{
    unsigned char b = (unsigned char)c;
    return b == 0xee || b == 0xef ? b + 0x10u : b;
}

int json_canon_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < n; i++) {
        if (a.p[i] != b.p[i])
            return utf16_rank(a.p[i]) < utf16_rank(b.p[i]) ? -1 : 1;
    }
    return (a.n > b.n) - (a.n < b.n);
}

/* A positive finite double: `digits` (no zeros at the ends) and `point`, value = 0.digits x 10^point. */
struct decimal {
    char digits[DIGITS_MAX + 1];
    int n;
    int point;
};

/* Reads the text of yyjson's writer ("1.5", "1e23", "123.0", "5e-324"), whose digits are the shortest ones. */
static void decimal_from_text(struct decimal *d, struct str s)
{
    *d = (struct decimal){0};
    bool is_past_point = false;
    size_t i = 0;
    int n_zeros = 0; /* not written yet: they may be the last ones */
    for (; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
        if (s.p[i] == '.') {
            is_past_point = true;
            continue;
        }
        if (s.p[i] == '0') {
            if (d->n == 0 && is_past_point)
                d->point--;
            if (d->n > 0)
                n_zeros++;
        } else {
            while (n_zeros > 0 && d->n < DIGITS_MAX) {
                d->digits[d->n++] = '0';
                n_zeros--;
            }
            if (d->n < DIGITS_MAX)
                d->digits[d->n++] = s.p[i];
        }
        if (!is_past_point && (d->n > 0 || n_zeros > 0))
            d->point++;
    }
    if (i < s.n)
        d->point += atoi(s.p + i + 1);
}

/* ECMA-262, Number::toString, radix 10. */
static void decimal_write(const struct decimal *d, struct buf *out)
{
    struct str digits = {d->digits, (size_t)d->n};
    int n = d->point, k = d->n;
    if (k <= n && n <= 21) {
        buf_add(out, digits);
        for (int i = k; i < n; i++)
            buf_add_byte(out, '0');
    } else if (0 < n && n <= 21) {
        buf_add(out, str_sub(digits, 0, (size_t)n));
        buf_add_byte(out, '.');
        buf_add(out, str_sub(digits, (size_t)n, digits.n));
    } else if (-6 < n && n <= 0) {
        buf_add(out, STR("0."));
        for (int i = n; i < 0; i++)
            buf_add_byte(out, '0');
        buf_add(out, digits);
    } else {
        buf_add(out, str_sub(digits, 0, 1));
        if (k > 1) {
            buf_add_byte(out, '.');
            buf_add(out, str_sub(digits, 1, digits.n));
        }
        buf_printf(out, "e%c%d", n > 0 ? '+' : '-', abs(n - 1));
    }
}

static int write_double(double x, struct buf *out)
{
    char memory[1024];
    yyjson_alc alc;
    yyjson_val val = {0};
    size_t n;
    unsafe_yyjson_set_real(&val, x < 0 ? -x : x);
    if (!yyjson_alc_pool_init(&alc, memory, sizeof memory))
        return -ERR_NOMEM;
    const char *text = yyjson_val_write_opts(&val, 0, &alc, &n, NULL);
    if (!text)
        return -ERR_NOMEM;
    struct decimal d;
    decimal_from_text(&d, (struct str){text, n});
    if (x < 0)
        buf_add_byte(out, '-');
    decimal_write(&d, out);
    return buf_ok(out);
}

/* True when all digits before an exponent are 0. */
static bool is_zero_text(struct str s)
{
    for (size_t i = 0; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++)
        if (s.p[i] >= '1' && s.p[i] <= '9')
            return false;
    return true;
}

/* The double nearest to a JSON number. False: none is near enough to be told from 0 or from infinity. */
static bool read_double(struct str text, double *ret_x)
{
    char copy[NUMBER_BYTES_MAX + 1], memory[4096];
    if (text.n > NUMBER_BYTES_MAX)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    yyjson_alc alc;
    yyjson_val val = {0};
    if (!yyjson_alc_pool_init(&alc, memory, sizeof memory) || !yyjson_read_number(copy, &val, 0, &alc, NULL))
        return false;
    *ret_x = yyjson_get_num(&val);
    return *ret_x != 0;
}

int json_canon_number(struct str text, struct buf *out)
{
    enum number_kind kind = number_kind(text);
    int64_t n;
    double x;
    if (kind == NUMBER_NOT)
        return err_trace(-ERR_INVALID);
    if (is_zero_text(text))
        return buf_add(out, STR("0"));
    if (kind == NUMBER_INTEGER && number_i64(text, &n) && n <= EXACT_MAX && n >= -EXACT_MAX)
        return buf_add(out, text);
    if (!read_double(text, &x))
        return err_trace(-ERR_OVERFLOW);

    size_t start = out->n;
    int r = write_double(x, out);
    if (r < 0)
        return err_trace(r);
    if (kind == NUMBER_INTEGER && !str_eq(text, str_sub(buf_str(out), start, out->n))) {
        out->n = start;
        return err_trace(-ERR_OVERFLOW);
    }
    return 0;
}

static int by_key(const void *pa, const void *pb)
{
    const struct member *a = pa, *b = pb;
    return json_canon_cmp(a->key, b->key);
}

static int canon_object(struct arena *a, struct json v, struct buf *out)
{
    size_t n = json_len(v), i = 0;
    struct member *members = arena_try_alloc(a, n * sizeof *members);
    if (!members)
        return err_trace(-ERR_TOO_LARGE);
    for (struct json_iter it = json_each(v); json_next(&it, &members[i].key, &members[i].value);)
        i++;
    qsort(members, n, sizeof *members, by_key);

    buf_add_byte(out, '{');
    for (i = 0; i < n; i++) {
        if (i > 0)
            buf_add_byte(out, ',');
        json_quote(out, members[i].key);
        buf_add_byte(out, ':');
        int r = json_canon(a, members[i].value, out);
        if (r < 0)
            return r;
    }
    return buf_add_byte(out, '}');
}

static int canon_array(struct arena *a, struct json v, struct buf *out)
{
    struct json child;
    char lead = '[';
    if (json_len(v) == 0)
        return buf_add(out, STR("[]"));
    for (struct json_iter it = json_each(v); json_next(&it, NULL, &child); lead = ',') {
        buf_add_byte(out, lead);
        int r = json_canon(a, child, out);
        if (r < 0)
            return r;
    }
    return buf_add_byte(out, ']');
}

/* Recursion is bounded: a document deeper than its depth_max was never parsed. */
int json_canon(struct arena *a, struct json v, struct buf *out)
{
    struct str s;
    bool b;
    switch (json_type(v)) {
    case JSON_NULL:
        return buf_add(out, STR("null"));
    case JSON_BOOL:
        return buf_add(out, json_bool(v, &b) && b ? STR("true") : STR("false"));
    case JSON_NUMBER:
        return json_number_text(v, &s) ? json_canon_number(s, out) : -ERR_INVALID;
    case JSON_STR:
        return json_str(v, &s) ? json_quote(out, s) : -ERR_INVALID;
    case JSON_ARRAY:
        return canon_array(a, v, out);
    case JSON_OBJECT:
        return canon_object(a, v, out);
    case JSON_NONE:
        break;
    }
    return err_trace(-ERR_INVALID);
}
