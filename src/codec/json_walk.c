/*
 * codec/json_walk.c - one pass over the bytes; strings, which are most of them, are passed by memchr.
 */
#include "codec/json_walk.h"

#include "base/err.h"
#include "codec/json_read.h"
#include "codec/number_impl.h"

#include <string.h>

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

/* From behind the opening quote to behind the closing one; NULL: there is none. */
static const char *skip_string(const char *p, const char *end)
{
    for (const char *from = p; p < end; p++) {
        p = memchr(p, '"', (size_t)(end - p));
        if (!p)
            return NULL;
        const char *slash = p;
        while (slash > from && slash[-1] == '\\')
            slash--;
        if ((p - slash) % 2 == 0)
            return p + 1;
    }
    return NULL;
}

/* From behind an opening bracket to behind the one that closes it. */
static const char *skip_nested(const char *p, const char *end)
{
    size_t depth = 1;
    while (p && p < end) {
        char c = *p++;
        if (c == '"')
            p = skip_string(p, end);
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return p;
    }
    return NULL;
}

static const char *skip_plain(const char *p, const char *end)
{
    while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ' ' && *p != '\n')
        p++;
    return p;
}

static const char *skip_value(const char *p, const char *end)
{
    if (p == end)
        return NULL;
    if (*p == '"')
        return skip_string(p + 1, end);
    return *p == '{' || *p == '[' ? skip_nested(p + 1, end) : skip_plain(p, end);
}

bool json_walk(struct json_walk *w, struct str value)
{
    const char *p = skip_space(value.p, value.p + value.n), *end = value.p + value.n;
    if (p == end || (*p != '{' && *p != '['))
        return false;
    *w = (struct json_walk){.p = p + 1, .end = end, .close = *p == '{' ? '}' : ']', .is_first = true};
    return true;
}

/* To the next key or value: 1; 0: the end. */
static int step(struct json_walk *w)
{
    w->p = skip_space(w->p, w->end);
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
    const char *p = skip_value(w->p, w->end);
    if (!p || p == w->p)
        return -ERR_INVALID;
    *ret_key = key;
    *ret_value = (struct str){w->p, (size_t)(p - w->p)};
    w->p = p;
    return 1;
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
