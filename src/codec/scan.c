/*
 * codec/scan.c - the scanner: a position, a stack of open containers, and the keys of those that were entered.
 *
 * No recursion: depth costs a few bytes of the stack of levels, whatever the text says.
 */
#include "codec/scan.h"

#include "base/check.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/names_impl.h"
#include "codec/number_impl.h"
#include "codec/scan_impl.h"
#include "codec/utf8.h"

#include <string.h>

#define KEYS_FIRST 64

static bool fail(struct scan *s, int error, const char *text, size_t at)
{
    if (!s->error) {
        s->error = error;
        s->fault = (struct input_fault){text, at};
    }
    return false;
}

static bool malformed(struct scan *s, const char *text) { return fail(s, -ERR_INVALID, text, s->at); }

/* '\0' at the end: no byte that JSON allows outside a string. */
static char here(const struct scan *s) { return s->at < s->text.n ? s->text.p[s->at] : '\0'; }

static void skip_space(struct scan *s)
{
    while (s->at < s->text.n) {
        char c = s->text.p[s->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
        s->at++;
    }
}

/* ---- strings ---- */

size_t scan_plain_by_byte(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i] != '"' && p[i] != '\\' && (unsigned char)p[i] >= ' ' && (unsigned char)p[i] < 0x80)
        i++;
    return i;
}

/* "\uXXXX" at the front of `s`; -1: it is none. */
static int32_t unit(struct str s)
{
    int32_t code = 0;
    if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit(s.p[i]);
        if (digit < 0)
            return -1;
        code = code << 4 | digit;
    }
    return code;
}

static bool is_high(int32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
static bool is_low(int32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

/* The escape at the front of `s`: its bytes, and the character that it means. 0: malformed. */
static size_t escape(struct str s, uint32_t *ret_code)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (s.n < 2)
        return 0;
    const char *name = s.p[1] ? strchr(names, s.p[1]) : NULL;
    if (name) {
        *ret_code = (unsigned char)values[name - names];
        return 2;
    }
    int32_t first = unit(s);
    if (first < 0 || is_low(first))
        return 0;
    if (!is_high(first)) {
        *ret_code = (uint32_t)first;
        return 6;
    }
    int32_t second = unit(str_sub(s, 6, s.n));
    if (!is_low(second))
        return 0;
    *ret_code = 0x10000 + ((uint32_t)(first - 0xd800) << 10) + (uint32_t)(second - 0xdc00);
    return 12;
}

/* Characters above ASCII, as many as stand in a row. */
static bool skip_wide(struct scan *s)
{
    while (s->at < s->text.n && (unsigned char)s->text.p[s->at] >= 0x80) {
        size_t n = utf8_next((struct str){s->text.p + s->at, s->text.n - s->at});
        if (!n)
            return malformed(s, "the text is not UTF-8");
        s->at += n;
    }
    return true;
}

static bool skip_escape(struct scan *s)
{
    uint32_t code;
    size_t n = escape((struct str){s->text.p + s->at, s->text.n - s->at}, &code);
    if (!n)
        return malformed(s, "an escape in a string is malformed, or half of a surrogate pair");
    s->at += n;
    return true;
}

static bool skip_string(struct scan *s, bool *ret_has_escapes)
{
    *ret_has_escapes = false;
    s->at++;
    for (;;) {
        s->at += scan_plain(s->text.p + s->at, s->text.n - s->at);
        if (s->at == s->text.n)
            return malformed(s, "a string has no end");
        unsigned char c = (unsigned char)s->text.p[s->at];
        if (c == '"') {
            s->at++;
            return true;
        }
        if (c < ' ')
            return malformed(s, "a string has a control byte");
        *ret_has_escapes = *ret_has_escapes || c == '\\';
        if (!(c == '\\' ? skip_escape(s) : skip_wide(s)))
            return false;
    }
}

/* ---- other scalars ---- */

static size_t digits(const struct scan *s, size_t from)
{
    size_t i = from;
    while (i < s->text.n && s->text.p[i] >= '0' && s->text.p[i] <= '9')
        i++;
    return i - from;
}

static bool skip_number(struct scan *s)
{
    size_t i = s->at + (here(s) == '-'), n = digits(s, i);
    if (!n || (n > 1 && s->text.p[i] == '0'))
        return malformed(s, "a number is malformed");
    i += n;
    if (i < s->text.n && s->text.p[i] == '.') {
        n = digits(s, i + 1);
        i += 1 + n;
    }
    if (n && i < s->text.n && (s->text.p[i] | 0x20) == 'e') {
        i++;
        i += i < s->text.n && (s->text.p[i] == '+' || s->text.p[i] == '-');
        n = digits(s, i);
        i += n;
    }
    if (!n)
        return malformed(s, "a number is malformed");
    s->at = i;
    return true;
}

static bool skip_word(struct scan *s, struct str word)
{
    if (!str_starts((struct str){s->text.p + s->at, s->text.n - s->at}, word))
        return malformed(s, "no value begins like this");
    s->at += word.n;
    return true;
}

/* What begins here, or JSON_NONE. */
static enum json_type type_here(const struct scan *s)
{
    char c = here(s);
    switch (c) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STR;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return c == '-' || (c >= '0' && c <= '9') ? JSON_NUMBER : JSON_NONE;
    }
}

static bool skip_scalar(struct scan *s, enum json_type type, bool *ret_has_escapes)
{
    switch (type) {
    case JSON_STR:
        return skip_string(s, ret_has_escapes);
    case JSON_NUMBER:
        return skip_number(s);
    case JSON_NULL:
        return skip_word(s, STR("null"));
    case JSON_BOOL:
        return skip_word(s, here(s) == 't' ? STR("true") : STR("false"));
    default:
        return malformed(s, s->at < s->text.n ? "no value begins like this" : "the text ends before its value does");
    }
}

/* ---- containers ---- */

static bool open_level(struct scan *s, bool is_object)
{
    if (s->depth >= s->depth_max)
        return fail(s, -ERR_TOO_LARGE, "the document is nested too deep", s->at);
    s->levels[s->depth++] = (struct scan_level){is_object, false, s->n_keys};
    s->at++;
    return true;
}

/* The colon, and what stands around the key before it. */
static bool skip_key(struct scan *s, struct scan_value *ret_key)
{
    skip_space(s);
    if (here(s) != '"')
        return malformed(s, "a key must be a string");
    size_t from = s->at;
    if (!skip_string(s, &ret_key->has_escapes))
        return false;
    ret_key->type = JSON_STR;
    ret_key->raw = (struct str){s->text.p + from, s->at - from};
    skip_space(s);
    if (here(s) != ':')
        return malformed(s, "a colon is missing behind a key");
    s->at++;
    return true;
}

/* To the next value of the innermost container. False: it ended, and is closed; or failed. */
static bool step(struct scan *s, struct scan_value *ret_key)
{
    struct scan_level *l = &s->levels[s->depth - 1];
    skip_space(s);
    char c = here(s);
    if (c == (l->is_object ? '}' : ']')) {
        s->at++;
        s->depth--;
        return false;
    }
    if (l->is_started) {
        if (c != ',')
            return malformed(s, l->is_object ? "a comma or } is missing" : "a comma or ] is missing");
        s->at++;
    }
    l->is_started = true;
    return l->is_object ? skip_key(s, ret_key) : true;
}

/* One value, whatever it holds. */
static bool skip_value(struct scan *s, bool *ret_has_escapes)
{
    int64_t base = s->depth;
    struct scan_value key;
    bool ignored;
    skip_space(s);
    enum json_type type = type_here(s);
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return skip_scalar(s, type, ret_has_escapes);
    if (!open_level(s, type == JSON_OBJECT))
        return false;
    while (s->depth > base) {
        if (!step(s, &key)) {
            if (s->error)
                return false;
            continue;
        }
        skip_space(s);
        type = type_here(s);
        bool is_container = type == JSON_OBJECT || type == JSON_ARRAY;
        if (is_container ? !open_level(s, type == JSON_OBJECT) : !skip_scalar(s, type, &ignored))
            return false;
    }
    return true;
}

/* ---- keys of entered objects ---- */

static bool grow_keys(struct scan *s)
{
    size_t cap = s->keys_cap ? s->keys_cap * 2 : KEYS_FIRST;
    struct name_ref *keys = arena_try_alloc(s->arena, cap * sizeof(*keys));
    if (!keys)
        return fail(s, -ERR_TOO_LARGE, "an object has too many keys", s->at);
    if (s->n_keys)
        memcpy(keys, s->keys, s->n_keys * sizeof(*keys));
    s->keys = keys;
    s->keys_cap = cap;
    return true;
}

static bool add_key(struct scan *s, const struct scan_value *key, struct str *ret_key)
{
    if (scan_str(key, s->arena, ret_key) < 0)
        return fail(s, -ERR_TOO_LARGE, "a key is too long", s->at);
    if (s->n_keys == s->keys_cap && !grow_keys(s))
        return false;
    s->keys[s->n_keys++] = (struct name_ref){*ret_key, (size_t)(key->raw.p - s->text.p)};
    return true;
}

/* The innermost object is closed: none of its keys stood twice, and they are forgotten. */
static bool drop_keys(struct scan *s, size_t n_before)
{
    size_t at, n = s->n_keys - n_before;
    if (n && names_find_twin(s->keys + n_before, n, &at)) /* without any there may be no array either */
        return fail(s, -ERR_AMBIGUOUS, "a key stands twice in one object", at);
    s->n_keys = n_before;
    return true;
}

/* ---- for the reader ---- */

void scan_init(struct scan *s, struct str text, int64_t depth_max, struct arena *a)
{
    check(depth_max >= 0 && depth_max <= SCAN_DEPTH_MAX);
    s->text = text;
    s->at = 0;
    s->arena = a;
    s->depth = 0;
    s->depth_max = depth_max;
    s->error = 0;
    s->keys = NULL;
    s->n_keys = s->keys_cap = 0;
}

int scan_end(struct scan *s, struct input_fault *ret_fault)
{
    if (!s->error) {
        check(s->depth == 0);
        skip_space(s);
        if (s->at < s->text.n)
            malformed(s, "bytes stand behind the document");
    }
    if (s->error && ret_fault)
        *ret_fault = s->fault;
    return err_trace(s->error);
}

size_t scan_at(const struct scan *s) { return s->at; }

enum json_type scan_peek(struct scan *s)
{
    if (s->error)
        return JSON_NONE;
    skip_space(s);
    return type_here(s);
}

bool scan_value(struct scan *s, struct scan_value *ret)
{
    struct scan_value v = {.type = scan_peek(s)};
    size_t from = s->at;
    if (s->error || !skip_value(s, &v.has_escapes))
        return false;
    v.raw = (struct str){s->text.p + from, s->at - from};
    *ret = v;
    return true;
}

bool scan_enter(struct scan *s, enum json_type type)
{
    if (s->error)
        return false;
    check((type == JSON_OBJECT || type == JSON_ARRAY) && scan_peek(s) == type);
    return open_level(s, type == JSON_OBJECT);
}

bool scan_member(struct scan *s, struct str *ret_key)
{
    struct scan_value key;
    if (s->error)
        return false;
    check(s->depth > 0 && s->levels[s->depth - 1].is_object);
    size_t n_before = s->levels[s->depth - 1].n_keys;
    if (step(s, &key))
        return add_key(s, &key, ret_key);
    if (!s->error)
        drop_keys(s, n_before);
    return false;
}

bool scan_item(struct scan *s)
{
    struct scan_value key;
    if (s->error)
        return false;
    check(s->depth > 0 && !s->levels[s->depth - 1].is_object);
    return step(s, &key);
}

/* Of a string that was checked: no escape is malformed, and none means more bytes than it has. */
static size_t unescape(struct str in, char *out)
{
    size_t n = 0;
    while (in.n) {
        size_t n_taken = 1;
        uint32_t code;
        if (in.p[0] == '\\') {
            n_taken = escape(in, &code);
            n += utf8_write(code, out + n);
        } else {
            out[n++] = in.p[0];
        }
        in = (struct str){in.p + n_taken, in.n - n_taken};
    }
    return n;
}

int scan_str(const struct scan_value *v, struct arena *a, struct str *ret)
{
    check(v->type == JSON_STR);
    struct str in = {v->raw.p + 1, v->raw.n - 2};
    if (!v->has_escapes) {
        *ret = in;
        return 0;
    }
    char *out = arena_try_alloc(a, in.n);
    if (!out)
        return err_trace(-ERR_TOO_LARGE);
    *ret = (struct str){out, unescape(in, out)};
    return 0;
}

bool scan_i64(const struct scan_value *v, int64_t *ret)
{
    return v->type == JSON_NUMBER && number_i64(v->raw, ret);
}

bool scan_bool(const struct scan_value *v, bool *ret)
{
    if (v->type != JSON_BOOL)
        return false;
    *ret = v->raw.p[0] == 't';
    return true;
}
