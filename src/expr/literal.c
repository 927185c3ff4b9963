/*
 * expr/literal.c - what numbers, strings and bytes mean as they are written.
 */
#include "expr/expr_impl.h"

#include <stdlib.h>
#include <string.h>

#include "codec/utf8.h"

#define NUMBER_CHARS_MAX 400

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 0x20) - 'a' + 10;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Digits in base 10, or 16 behind 0x. False: more than 64 bits. */
static bool read_whole(struct str s, uint64_t *ret)
{
    bool is_hexadecimal = str_starts(s, STR("0x"));
    uint64_t base = is_hexadecimal ? 16 : 10, n = 0;
    for (size_t i = is_hexadecimal ? 2 : 0; i < s.n; i++)
        if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, (uint64_t)hex_value(s.p[i]), &n))
            return false;
    *ret = n;
    return true;
}

static bool read_int(struct compile *c, const struct token *t, bool is_negative, struct value *ret)
{
    uint64_t n, most = (uint64_t)INT64_MAX + is_negative;
    if (!read_whole(t->text, &n) || n > most)
        return compile_fault(c, "expr_literal", t->at, t->end, "an int is at most %lld and at least %lld",
                             (long long)INT64_MAX, (long long)INT64_MIN);
    *ret = value_int(is_negative ? (int64_t)(0 - n) : (int64_t)n);
    return true;
}

static bool read_uint(struct compile *c, const struct token *t, struct value *ret)
{
    uint64_t n;
    if (!read_whole(str_sub(t->text, 0, t->text.n - 1), &n))
        return compile_fault(c, "expr_literal", t->at, t->end, "a uint is at most %llu",
                             (unsigned long long)UINT64_MAX);
    *ret = (struct value){.kind = TYPE_UINT, .u = n};
    return true;
}

static bool read_double(struct compile *c, const struct token *t, bool is_negative, struct value *ret)
{
    char text[NUMBER_CHARS_MAX + 1];
    if (t->text.n > NUMBER_CHARS_MAX)
        return compile_fault(c, "expr_literal", t->at, t->end, "a number has at most %d characters", NUMBER_CHARS_MAX);
    memcpy(text, t->text.p, t->text.n);
    text[t->text.n] = 0;
    double d = strtod(text, NULL); /* past the largest it is infinite, and the smallest is zero: as the standard says */
    *ret = (struct value){.kind = TYPE_DOUBLE, .d = is_negative ? -d : d};
    return true;
}

/* --- strings --- */

struct unescape {
    struct compile *c;
    const struct token *t;
    struct str rest; /* what is left to read */
    char *to;
    size_t n;
    bool is_bytes;
};

static bool bad_escape(struct unescape *u, const char *why)
{
    size_t at = (size_t)(u->rest.p - u->c->text.p);
    return compile_fault(u->c, "expr_literal", at, at + 1 + (u->rest.n > 1), "%s", why);
}

static bool put_code(struct unescape *u, uint32_t code)
{
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return bad_escape(u, "this escape names no character of Unicode");
    u->n += utf8_write(code, u->to + u->n);
    return true;
}

/* \x41, \u0041, \U00000041, \101: `n` digits of base 8 or 16 from `skip` bytes behind the backslash. */
static bool put_digits(struct unescape *u, size_t skip, size_t n, unsigned base)
{
    uint32_t code = 0;
    for (size_t i = 0; i < n; i++) {
        char d = skip + i < u->rest.n ? u->rest.p[skip + i] : 0;
        if (base == 16 ? !is_hex(d) : d < '0' || d > (i == 0 ? '3' : '7'))
            return bad_escape(u, "an escape is \\n, \\\\, \\\", \\x41, \\101, \\u0041 or \\U00000041");
        code = code * base + (uint32_t)hex_value(d);
    }
    bool is_byte = u->is_bytes && n <= 3;
    if (is_byte)
        u->to[u->n++] = (char)code;
    else if (u->is_bytes)
        return bad_escape(u, "bytes have no \\u: write \\x41");
    else if (!put_code(u, code))
        return false;
    u->rest = str_sub(u->rest, skip + n, SIZE_MAX);
    return true;
}

static bool put_escape(struct unescape *u)
{
    static const char names[] = "abfnrtv\\?\"'`", meanings[] = "\a\b\f\n\r\t\v\\?\"'`";
    char c = u->rest.n > 1 ? u->rest.p[1] : 0;
    const char *named = c ? strchr(names, c) : NULL;
    if (named) {
        u->to[u->n++] = meanings[named - names];
        u->rest = str_sub(u->rest, 2, SIZE_MAX);
        return true;
    }
    switch (c) {
    case 'x':
    case 'X':
        return put_digits(u, 2, 2, 16);
    case 'u':
        return put_digits(u, 2, 4, 16);
    case 'U':
        return put_digits(u, 2, 8, 16);
    default:
        return put_digits(u, 1, 3, 8);
    }
}

static bool unescape(struct unescape *u, bool is_raw)
{
    while (u->rest.n > 0) {
        if (u->rest.p[0] == '\\' && !is_raw) {
            if (!put_escape(u))
                return false;
            continue;
        }
        u->to[u->n++] = u->rest.p[0];
        u->rest = str_sub(u->rest, 1, SIZE_MAX);
    }
    return true;
}

static bool has_prefix(struct str s, char lower)
{
    return s.n > 0 && (s.p[0] | 0x20) == lower;
}

static bool read_string(struct compile *c, const struct token *t, struct value *ret)
{
    struct str s = t->text;
    bool is_bytes = has_prefix(s, 'b');
    s = str_sub(s, is_bytes, SIZE_MAX);
    bool is_raw = has_prefix(s, 'r');
    s = str_sub(s, is_raw, SIZE_MAX);
    bool is_triple = s.n >= 6 && s.p[1] == s.p[0] && s.p[2] == s.p[0];
    size_t quotes = is_triple ? 3 : 1;
    struct unescape u = {.c = c, .t = t, .rest = str_sub(s, quotes, s.n - 2 * quotes), .is_bytes = is_bytes};
    u.to = arena_try_alloc(c->a, u.rest.n + 1); /* no escape is longer than what it stands for */
    if (!u.to)
        return compile_too_large(c);
    if (!unescape(&u, is_raw))
        return false;
    *ret = (struct value){.kind = is_bytes ? TYPE_BYTES : TYPE_STRING, .s = {u.to, u.n}};
    if (!is_bytes && !utf8_is_valid(ret->s))
        return compile_fault(c, "expr_literal", t->at, t->end, "a string is valid UTF-8; write bytes as b'...'");
    return true;
}

bool literal_value(struct compile *c, const struct token *t, bool is_negative, struct value *ret)
{
    switch (t->kind) {
    case TOKEN_INT:
        return read_int(c, t, is_negative, ret);
    case TOKEN_UINT:
        return read_uint(c, t, ret);
    case TOKEN_DOUBLE:
        return read_double(c, t, is_negative, ret);
    default:
        return read_string(c, t, ret);
    }
}
