/*
 * codec/json_read.c - yyjson behind our rules: every number stays text, equal keys and depth are checked in a second
 * walk.
 *
 * yyjson is not recursive, so a deep document costs no stack before the walk refuses it; its memory is the arena's.
 */
#include "codec/json_read.h"

#include <string.h>
#include <yyjson.h>

#include "base/err.h"
#include "codec/names_impl.h"
#include "codec/number_impl.h"

#define PAIRWISE_MAX 8 /* keys that are compared each with each, without sorting */

/* yyjson's allocator on an arena: nothing is given back, growth copies. Sizes are kept by yyjson itself. */

static void *alc_malloc(void *ctx, size_t n)
{
    return arena_try_alloc(ctx, n);
}

static void *alc_realloc(void *ctx, void *p, size_t n_old, size_t n)
{
    void *to = arena_try_alloc(ctx, n);
    if (to && p)
        memcpy(to, p, n_old < n ? n_old : n);
    return to;
}

static void alc_free(void *ctx, void *p)
{
}

struct walk {
    struct arena *arena;
    int64_t depth_max;
    struct name_ref *refs; /* scratch of the widest object so far */
    size_t n_refs;
    const char *why;
};

static struct str key_str(yyjson_val *key)
{
    return (struct str){unsafe_yyjson_get_str(key), unsafe_yyjson_get_len(key)};
}

static int refuse(struct walk *w, int r, const char *why)
{
    w->why = why;
    return r;
}

static bool has_twin_pairwise(struct json v)
{
    struct str keys[PAIRWISE_MAX];
    size_t n = 0;
    struct json child;
    for (struct json_iter it = json_each(v); json_next(&it, &keys[n], &child); n++)
        for (size_t i = 0; i < n; i++)
            if (str_eq(keys[i], keys[n]))
                return true;
    return false;
}

static int check_keys(struct walk *w, struct json v)
{
    size_t n = json_len(v), i = 0;
    if (n <= PAIRWISE_MAX)
        return has_twin_pairwise(v) ? refuse(w, -ERR_AMBIGUOUS, "a key stands twice in one object") : 0;

    if (n > w->n_refs) {
        w->refs = arena_try_alloc(w->arena, n * sizeof *w->refs);
        w->n_refs = w->refs ? n : 0;
        if (!w->refs)
            return refuse(w, -ERR_TOO_LARGE, "the document needs too much memory");
    }
    struct str key;
    struct json child;
    for (struct json_iter it = json_each(v); json_next(&it, &key, &child); i++)
        w->refs[i] = (struct name_ref){key, i};
    size_t i_twin;
    if (names_find_twin(w->refs, n, &i_twin))
        return refuse(w, -ERR_AMBIGUOUS, "a key stands twice in one object");
    return 0;
}

/* Recursion is bounded by depth_max. A scalar at the top has depth 0. */
static int walk(struct walk *w, struct json v, int64_t depth)
{
    enum json_type t = json_type(v);
    if (t != JSON_ARRAY && t != JSON_OBJECT)
        return 0;
    if (depth >= w->depth_max)
        return refuse(w, -ERR_TOO_LARGE, "the document is nested too deep");
    if (t == JSON_OBJECT) {
        int r = check_keys(w, v);
        if (r < 0)
            return r;
    }
    struct json child;
    for (struct json_iter it = json_each(v); json_next(&it, NULL, &child);) {
        int r = walk(w, child, depth + 1);
        if (r < 0)
            return r;
    }
    return 0;
}

static int failed(struct input_fault *ret_fault, int r, const char *text, size_t at)
{
    if (ret_fault)
        *ret_fault = (struct input_fault){text, at};
    return err_trace(r);
}

static int read(struct arena *a, struct str text, struct json *ret_root, struct input_fault *ret_fault)
{
    if (text.n == 0)
        return failed(ret_fault, -ERR_INVALID, "the document is empty", 0);

    /* Without YYJSON_READ_INSITU the text is copied and not written to, whatever the parameter's type says. */
    const yyjson_alc alc = {alc_malloc, alc_realloc, alc_free, a};
    yyjson_read_err err = {0};
    yyjson_doc *doc = yyjson_read_opts((char *)text.p, text.n, YYJSON_READ_NUMBER_AS_RAW, &alc, &err);
    if (!doc && err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return failed(ret_fault, -ERR_TOO_LARGE, "the document needs too much memory", err.pos);
    if (!doc)
        return failed(ret_fault, -ERR_INVALID, err.msg, err.pos);
    ret_root->v = yyjson_doc_get_root(doc);
    return 0;
}

int json_parse_fault(struct arena *a, struct str text, int64_t depth_max, struct json *ret_root,
                     struct input_fault *ret_fault)
{
    struct json root;
    struct walk w = {.arena = a, .depth_max = depth_max};
    int r = read(a, text, &root, ret_fault);
    if (r < 0)
        return r;
    r = walk(&w, root, 0);
    if (r < 0)
        return failed(ret_fault, r, w.why, 0);
    *ret_root = root;
    return 0;
}

int json_parse_own(struct arena *a, struct str text, struct json *ret_root)
{
    return read(a, text, ret_root, NULL);
}

int json_parse(struct arena *a, struct str text, int64_t depth_max, struct json *ret_root)
{
    return json_parse_fault(a, text, depth_max, ret_root, NULL);
}

enum json_type json_type(struct json v)
{
    switch (yyjson_get_type(v.v)) {
    case YYJSON_TYPE_NULL:
        return JSON_NULL;
    case YYJSON_TYPE_BOOL:
        return JSON_BOOL;
    case YYJSON_TYPE_RAW:
    case YYJSON_TYPE_NUM:
        return JSON_NUMBER;
    case YYJSON_TYPE_STR:
        return JSON_STR;
    case YYJSON_TYPE_ARR:
        return JSON_ARRAY;
    case YYJSON_TYPE_OBJ:
        return JSON_OBJECT;
    default:
        return JSON_NONE;
    }
}

const char *json_type_name(enum json_type t)
{
    static const char *const names[] = {
        [JSON_NONE] = "nothing",   [JSON_NULL] = "null",       [JSON_BOOL] = "a boolean",   [JSON_NUMBER] = "a number",
        [JSON_STR] = "a string", [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
    };
    return names[t];
}

struct json json_get(struct json object, struct str key)
{
    if (!yyjson_is_obj(object.v) || !key.p)
        return JSON_ABSENT;
    return (struct json){yyjson_obj_getn(object.v, key.p, key.n)};
}

struct json json_at(struct json array, size_t i)
{
    return (struct json){yyjson_arr_get(array.v, i)};
}

size_t json_len(struct json v)
{
    return yyjson_is_ctn(v.v) ? unsafe_yyjson_get_len(v.v) : 0;
}

/* The next name of a path: up to '.', '[' or the end. */
static struct str path_name(struct str path)
{
    size_t n = 0;
    while (n < path.n && path.p[n] != '.' && path.p[n] != '[')
        n++;
    return str_sub(path, 0, n);
}

struct json json_path(struct json v, struct str path)
{
    bool is_first = true;
    while (path.n > 0 && v.v) {
        if (path.p[0] == '[') {
            struct str index, rest;
            int64_t i;
            if (!str_cut(str_sub(path, 1, path.n), ']', &index, &rest) || str_to_i64(index, &i) < 0)
                return JSON_ABSENT;
            v = json_at(v, (size_t)i);
            path = rest;
        } else {
            if (!is_first && path.p[0] != '.')
                return JSON_ABSENT;
            path = is_first ? path : str_sub(path, 1, path.n);
            struct str name = path_name(path);
            v = name.n ? json_get(v, name) : JSON_ABSENT;
            path = str_sub(path, name.n, path.n);
        }
        is_first = false;
    }
    return v;
}

bool json_str(struct json v, struct str *ret_s)
{
    if (!yyjson_is_str(v.v))
        return false;
    *ret_s = key_str(v.v);
    return true;
}

bool json_bool(struct json v, bool *ret_b)
{
    if (!yyjson_is_bool(v.v))
        return false;
    *ret_b = unsafe_yyjson_get_bool(v.v);
    return true;
}

bool json_number_text(struct json v, struct str *ret_text)
{
    if (!yyjson_is_raw(v.v))
        return false;
    *ret_text = (struct str){unsafe_yyjson_get_raw(v.v), unsafe_yyjson_get_len(v.v)};
    return true;
}

bool json_i64(struct json v, int64_t *ret_n)
{
    struct str text;
    if (!json_number_text(v, &text))
        return false;
    return number_i64(text, ret_n);
}

struct json_iter json_each(struct json v)
{
    size_t n = json_len(v);
    if (n == 0)
        return (struct json_iter){0};
    yyjson_val *first = unsafe_yyjson_get_first(v.v);
    if (yyjson_is_obj(v.v))
        return (struct json_iter){first, first + 1, n};
    return (struct json_iter){NULL, first, n};
}

bool json_next(struct json_iter *it, struct str *ret_key, struct json *ret_value)
{
    if (it->n_left == 0)
        return false;
    if (ret_key)
        *ret_key = it->key ? key_str(it->key) : STR_NONE;
    ret_value->v = it->value;
    if (--it->n_left > 0) {
        yyjson_val *next = unsafe_yyjson_get_next(it->value);
        it->key = it->key ? next : NULL;
        it->value = it->key ? next + 1 : next;
    }
    return true;
}

struct str json_text_of(struct json v)
{
    struct str s = STR_NONE;
    (void)json_str(v, &s); /* stays empty */
    return s;
}

int64_t json_i64_of(struct json v)
{
    int64_t n = 0;
    (void)json_i64(v, &n); /* stays 0 */
    return n;
}
