/*
 * codec/json_walk.c - one pass over the bytes: 64 at a time are looked at for marks (quotes, brackets, backslashes),
 * and the walk goes from mark to mark.
 */
#include "codec/json_walk.h"

#include "base/err.h"
#include "codec/json_read.h"
#include "codec/json_walk_impl.h"
#include "codec/number_impl.h"

#include <string.h>

static bool is_mark(char c) { return c == '"' || c == '\\' || c == '{' || c == '[' || c == '}' || c == ']'; }

uint64_t json_marks_by_byte(const char *p, size_t n)
{
    uint64_t marks = 0;
    for (size_t i = 0; i < n; i++)
        marks |= (uint64_t)is_mark(p[i]) << i;
    return marks;
}

static inline bool is_space(char c)
{
    return (unsigned char)c <= ' ' && (c == ' ' || c == '\n' || c == '\t' || c == '\r');
}

static inline const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

/* Of the last bytes, fewer than JSON_MARKS: by a whole look that ends with the text, where the text is as long. */
static uint64_t marks_of_rest(const struct json_walk *w, size_t left)
{
    if ((size_t)(w->end - w->from) < JSON_MARKS)
        return json_marks_by_byte(w->end - left, left);
    return json_marks(w->end - JSON_MARKS) >> (JSON_MARKS - left);
}

/* The first mark at or behind p; the end: there is none. */
static inline const char *next_mark(struct json_walk *w, const char *p)
{
    while (p < w->end) {
        size_t at = (size_t)(p - w->block), left = (size_t)(w->end - p);
        if (at >= JSON_MARKS) { /* in front of the block too */
            w->block = p;
            w->marks = left >= JSON_MARKS ? json_marks(p) : marks_of_rest(w, left);
            at = 0;
        }
        uint64_t marks = w->marks >> at;
        if (marks)
            return p + __builtin_ctzll(marks);
        p = w->block + JSON_MARKS;
    }
    return w->end;
}

/* From behind the opening quote to behind the closing one; NULL: there is none. */
static inline const char *skip_string(struct json_walk *w, const char *p)
{
    w->has_escape = false;
    for (; (p = next_mark(w, p)) < w->end; p++) {
        if (*p == '"')
            return p + 1;
        if (*p == '\\') {
            w->has_escape = true;
            p++;
        }
    }
    return NULL;
}

static inline bool opens(const char *p)
{
    return *p == '{' || *p == '[';
}

/* From behind an opening bracket to behind the one that closes it. */
static const char *skip_nested(struct json_walk *w, const char *p)
{
    bool is_in_text = false;
    int64_t depth = 1;
    for (; (p = next_mark(w, p)) < w->end; p++) {
        if (*p == '"')
            is_in_text = !is_in_text;
        else if (*p == '\\')
            p++;
        else if (!is_in_text && (depth += opens(p) ? 1 : -1) == 0)
            return p + 1;
    }
    return NULL;
}

/* Of numbers and words. */
static const bool IS_PLAIN[256] = {
    ['0' ... '9'] = true, ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['+'] = true, ['-'] = true, ['.'] = true,
};

static inline const char *skip_plain(const struct json_walk *w, const char *p)
{
    while (p < w->end && IS_PLAIN[(unsigned char)*p])
        p++;
    return p;
}

bool json_walk(struct json_walk *w, struct str value)
{
    const char *p = skip_space(value.p, value.p + value.n), *end = value.p + value.n;
    if (p == end || !opens(p))
        return false;
    *w = (struct json_walk){
        .p = p + 1, .from = p, .end = end, .close = *p == '{' ? '}' : ']', .is_first = true, .block = end};
    return true;
}

bool json_walk_in(struct json_walk *inner, const struct json_walk *w)
{
    const char *p = w->inner;
    if (!p)
        return false;
    *inner = *w;
    inner->p = p + 1;
    inner->inner = NULL;
    inner->close = *p == '{' ? '}' : ']';
    inner->is_first = true;
    return true;
}

bool json_raw_whole(struct str value, struct str *ret)
{
    struct json_walk w;
    const char *end = value.n && opens(value.p) && json_walk(&w, value) ? skip_nested(&w, w.p) : NULL;
    if (!end)
        return false;
    *ret = (struct str){value.p, (size_t)(end - value.p)};
    return true;
}

/* Behind the container that was given last, when it was not walked along. */
static inline void pass_inner(struct json_walk *w)
{
    if (!w->inner)
        return;
    w->p = skip_nested(w, w->inner + 1);
    w->inner = NULL;
}

/* To the next key or value: 1; 0: the end. */
static int step(struct json_walk *w)
{
    pass_inner(w);
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
    const char *from = w->p + 1, *p = *w->p == '"' ? skip_string(w, from) : NULL;
    if (!p)
        return false;
    *ret = (struct str){from, (size_t)(p - 1 - from)};
    p = skip_space(p, w->end);
    if (p == w->end || *p != ':')
        return false;
    w->p = skip_space(p + 1, w->end);
    return true;
}

/* The value at w->p, and behind it. */
static inline int take_value(struct json_walk *w, struct str *ret)
{
    const char *from = w->p, *p;
    if (from < w->end && opens(from)) {
        w->inner = from;
        *ret = (struct str){from, (size_t)(w->end - from)};
        return 1;
    }
    bool is_text = from < w->end && *from == '"';
    p = is_text ? skip_string(w, from + 1) : skip_plain(w, from);
    if (!p || p == from)
        return -ERR_INVALID;
    *ret = (struct str){from, (size_t)(p - from)};
    w->p = p;
    return 1;
}

int json_walk_next(struct json_walk *w, struct str *ret_key, struct str *ret_value)
{
    struct str key = STR_NONE;
    int r = step(w);
    if (r != 1)
        return r;
    if (w->close == '}' && !take_key(w, &key))
        return -ERR_INVALID;
    *ret_key = key;
    return take_value(w, ret_value);
}

int json_walk_i64(struct json_walk *w, int64_t *ret)
{
    int r = step(w);
    if (r != 1)
        return r;
    size_t n = number_i64_ahead(w->p, w->end, ret);
    w->p += n;
    return n && !(w->p < w->end && IS_PLAIN[(unsigned char)*w->p]) ? 1 : -ERR_INVALID;
}

struct str json_walk_peek(struct json_walk *w)
{
    pass_inner(w);
    const char *p = w->p;
    if (p && !w->is_first && p < w->end && *p == ',')
        p++;
    else if (!p || !w->is_first)
        return STR_NONE;
    return p < w->end && *p == '"' ? (struct str){p + 1, (size_t)(w->end - p - 1)} : STR_NONE;
}

int json_walk_take(struct json_walk *w, const char *value, struct str *ret_value)
{
    w->p = skip_space(value, w->end);
    w->is_first = false;
    return take_value(w, ret_value);
}

void json_walk_after(struct json_walk *w, const struct json_walk *inner)
{
    w->p = inner->p + 1;
    w->inner = NULL;
    w->block = inner->block;
    w->marks = inner->marks;
}

void json_walk_behind(struct json_walk *w, const char *behind)
{
    w->p = behind;
    w->inner = NULL;
}

static bool text_of(struct arena *a, struct str value, bool has_escape, struct str *ret)
{
    struct json v;
    if (value.n < 2 || value.p[0] != '"')
        return false;
    if (has_escape)
        return json_parse_own(a, value, &v) == 0 && json_str(v, ret);
    *ret = (struct str){value.p + 1, value.n - 2};
    return true;
}

bool json_walk_str(struct arena *a, const struct json_walk *w, struct str value, struct str *ret)
{
    return text_of(a, value, w->has_escape, ret);
}

bool json_raw_str(struct arena *a, struct str value, struct str *ret)
{
    return text_of(a, value, value.n && memchr(value.p, '\\', value.n), ret);
}

bool json_raw_i64(struct str value, int64_t *ret)
{
    return number_i64(value, ret);
}

size_t json_raw_i64_ahead(const char *from, const char *end, int64_t *ret)
{
    return number_i64_ahead(from, end, ret);
}

bool json_raw_bool(struct str value, bool *ret)
{
    bool is_true = str_eq(value, STR("true"));
    if (!is_true && !str_eq(value, STR("false")))
        return false;
    *ret = is_true;
    return true;
}
