/*
 * codec/json_walk.c - one pass over the bytes; strings, which are most of them, are passed a word at a time.
 */
#include "codec/json_walk.h"

#include "base/err.h"
#include "codec/json_read.h"
#include "codec/number_impl.h"

#include <endian.h>
#include <string.h>

#define EACH(byte) (0x0101010101010101ULL * (byte))

static inline const char *skip_space(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

/* The next quote; NULL: there is none. Most texts are short: a call of memchr would cost more than it saves. */
static inline const char *find_quote(const char *p, const char *end)
{
    for (; end - p >= 8; p += 8) {
        uint64_t x;
        memcpy(&x, p, sizeof x);
        x = le64toh(x) ^ EACH('"');
        x = (x - EACH(1)) & ~x & EACH(0x80); /* the lowest bit that is set is that of the first quote */
        if (x)
            return p + __builtin_ctzll(x) / 8;
    }
    while (p < end && *p != '"')
        p++;
    return p < end ? p : NULL;
}

/* From behind the opening quote to behind the closing one; NULL: there is none. */
static inline const char *skip_string(const char *p, const char *end)
{
    for (const char *from = p; (p = find_quote(p, end)); p++) {
        const char *slash = p;
        while (slash > from && slash[-1] == '\\')
            slash--;
        if ((p - slash) % 2 == 0)
            return p + 1;
    }
    return NULL;
}

enum { OTHER, QUOTE, OPENS, CLOSES, ENDS };

/* What a byte outside of strings does; ENDS: behind a plain value. */
static const unsigned char DOES[256] = {
    ['"'] = QUOTE,  ['{'] = OPENS, ['['] = OPENS, ['}'] = CLOSES,
    [']'] = CLOSES, [','] = ENDS,  [' '] = ENDS,  ['\n'] = ENDS,
};

static unsigned char does(const char *p)
{
    return DOES[(unsigned char)*p];
}

/* From behind an opening bracket to behind the one that closes it. */
static const char *skip_nested(const char *p, const char *end)
{
    size_t depth = 1;
    while (p && p < end) {
        switch (does(p++)) {
        case QUOTE:
            p = skip_string(p, end);
            break;
        case OPENS:
            depth++;
            break;
        case CLOSES:
            if (--depth == 0)
                return p;
            break;
        default:
            break;
        }
    }
    return NULL;
}

static const char *skip_plain(const char *p, const char *end)
{
    while (p < end && does(p) < CLOSES)
        p++;
    return p;
}

static bool opens(const char *p)
{
    return *p == '{' || *p == '[';
}

bool json_walk(struct json_walk *w, struct str value)
{
    const char *p = skip_space(value.p, value.p + value.n), *end = value.p + value.n;
    if (p == end || !opens(p))
        return false;
    *w = (struct json_walk){.p = p + 1, .end = end, .close = *p == '{' ? '}' : ']', .is_first = true};
    return true;
}

bool json_raw_whole(struct str value, struct str *ret)
{
    const char *end = value.n && opens(value.p) ? skip_nested(value.p + 1, value.p + value.n) : NULL;
    if (!end)
        return false;
    *ret = (struct str){value.p, (size_t)(end - value.p)};
    return true;
}

/* To the next key or value: 1; 0: the end. */
static int step(struct json_walk *w)
{
    if (w->inner) {
        w->p = skip_nested(w->inner + 1, w->end);
        w->inner = NULL;
    }
    w->p = w->p ? skip_space(w->p, w->end) : w->end;
    if (w->p < w->end && *w->p == w->close)
        return 0;
    if (!w->is_first) {
        if (w->p == w->end || *w->p != ',')
            return -ERR_INVALID;
        w->p = skip_space(w->p + 1, w->end);
    }
    w->is_first = false;
    return w->p < w->end ? 1 : -ERR_INVALID;
}

/* A name and its colon. */
static bool take_key(struct json_walk *w, struct str *ret)
{
    const char *from = w->p + 1, *p = *w->p == '"' ? skip_string(from, w->end) : NULL;
    if (!p)
        return false;
    *ret = (struct str){from, (size_t)(p - 1 - from)};
    p = skip_space(p, w->end);
    if (p == w->end || *p != ':')
        return false;
    w->p = skip_space(p + 1, w->end);
    return true;
}

int json_walk_next(struct json_walk *w, struct str *ret_key, struct str *ret_value)
{
    struct str key = STR_NONE;
    int r = step(w);
    if (r != 1)
        return r;
    if (w->close == '}' && !take_key(w, &key))
        return -ERR_INVALID;
    if (w->p < w->end && opens(w->p)) {
        w->inner = w->p;
        *ret_key = key;
        *ret_value = (struct str){w->p, (size_t)(w->end - w->p)};
        return 1;
    }
    bool is_text = w->p < w->end && *w->p == '"';
    const char *p = is_text ? skip_string(w->p + 1, w->end) : skip_plain(w->p, w->end);
    if (!p || p == w->p)
        return -ERR_INVALID;
    *ret_key = key;
    *ret_value = (struct str){w->p, (size_t)(p - w->p)};
    w->p = p;
    return 1;
}

void json_walk_after(struct json_walk *w, const struct json_walk *inner)
{
    w->p = inner->p + 1;
    w->inner = NULL;
}

bool json_raw_str(struct arena *a, struct str value, struct str *ret)
{
    struct json v;
    if (value.n < 2 || value.p[0] != '"')
        return false;
    if (!memchr(value.p, '\\', value.n)) {
        *ret = (struct str){value.p + 1, value.n - 2};
        return true;
    }
    return json_parse_own(a, value, &v) == 0 && json_str(v, ret);
}

bool json_raw_i64(struct str value, int64_t *ret)
{
    return number_i64(value, ret);
}

bool json_raw_bool(struct str value, bool *ret)
{
    bool is_true = str_eq(value, STR("true"));
    if (!is_true && !str_eq(value, STR("false")))
        return false;
    *ret = is_true;
    return true;
}
