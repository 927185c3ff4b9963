/*
 * codec/yaml_text.c - the places where YAML readers differ from each other and from JSON.
 */
#include "codec/yaml_impl.h"

#include <string.h>

#include "base/err.h"
#include "codec/hex.h"
#include "codec/json_read.h"
#include "codec/number_impl.h"
#include "codec/utf8.h"

/* Why a well-formed character cannot stand in a document, or NULL. */
static const char *bad_char(struct str c)
{
    const unsigned char *p = (const unsigned char *)c.p;
    if (c.n == 1 && ((p[0] < 0x20 && p[0] != '\t' && p[0] != '\n' && p[0] != '\r') || p[0] == 0x7f))
        return "a control character; in quotes it can be written as \\xNN";
    if (c.n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
        return "a control character; in quotes it can be written as \\xNN";
    if (c.n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
        return "a line or paragraph separator; in quotes it can be written as \\u2028 or \\u2029";
    if (c.n == 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
        return "a byte order mark; save the file as UTF-8 without it";
    if (c.n == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe)
        return "no character (U+FFFE, U+FFFF)";
    return NULL;
}

int yaml_check_bytes(struct str file, struct str text, struct diag_list *diags)
{
    int line = 1, col = 1;
    while (text.n > 0) {
        size_t n = utf8_next(text);
        const char *why = n == 0 ? "no UTF-8" : bad_char(str_sub(text, 0, n));
        if (why) {
            diag_add(diags, file, line, col, "yaml_bytes", "here is %s", why);
            return err_trace(-ERR_INVALID);
        }
        bool is_line_end = text.p[0] == '\n' || (text.p[0] == '\r' && (text.n < 2 || text.p[1] != '\n'));
        line += is_line_end;
        col = is_line_end ? 1 : col + 1;
        text = str_sub(text, n, text.n);
    }
    return 0;
}

/* The code unit of a \uXXXX at s.p, or -1. */
static int32_t code_unit(struct str s)
{
    if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit(s.p[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool may_have_surrogates(struct str text)
{
    size_t at;
    return str_find(text, STR("\\ud"), &at) || str_find(text, STR("\\uD"), &at);
}

static bool is_json(struct str text, const struct yaml_limits *limits)
{
    struct arena a;
    struct json root;
    arena_init(&a, limits->bytes_max * 32);
    bool is = json_parse(&a, text, limits->depth_max, &root) == 0;
    arena_deinit(&a);
    return is;
}

int yaml_join_surrogates(struct str *text, const struct yaml_limits *limits, struct buf *out)
{
    /* Only in a JSON document is every backslash known to be an escape. */
    if (!may_have_surrogates(*text) || !is_json(*text, limits))
        return 0;
    size_t i = 0, n;
    for (; i < text->n; i += n) {
        struct str rest = str_sub(*text, i, text->n);
        int32_t high = code_unit(rest);
        n = rest.p[0] == '\\' ? 2 : 1; /* an escape of any kind is passed as one, so that "\\\\u" is none */
        if (high >= 0xd800 && high <= 0xdbff) {
            int32_t low = code_unit(str_sub(rest, 6, rest.n)); /* JSON: a low one must follow */
            uint32_t code = 0x10000u + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
            buf_printf(out, "\\U%08x", code);
            n = 12;
        } else {
            buf_add(out, str_sub(rest, 0, n));
        }
    }
    *text = buf_str(out);
    return buf_ok(out);
}

static bool is_one_of(struct str text, const char *const *words)
{
    for (; *words; words++)
        if (str_eq_nocase(text, str_c(*words)))
            return true;
    return false;
}

/* How many bytes from the start are in `set`. */
static size_t span(struct str s, const char *set)
{
    size_t n = 0;
    while (n < s.n && s.p[n] && strchr(set, s.p[n]))
        n++;
    return n;
}

/* [0-9_]+(:[0-9_]+)+(\.[0-9_]*)?: a number in base 60 to YAML 1.1. */
static bool is_base_60(struct str s)
{
    size_t n = span(s, "0123456789_");
    if (n == 0 || n == s.n || s.p[n] != ':')
        return false;
    while (n < s.n && s.p[n] == ':') {
        size_t k = span(str_sub(s, n + 1, s.n), "0123456789_");
        if (k == 0)
            return false;
        n += 1 + k;
    }
    if (n < s.n && s.p[n] == '.')
        n += 1 + span(str_sub(s, n + 1, s.n), "0123456789_");
    return n == s.n;
}

/* Anything that some reader of YAML 1.1 or 1.2 takes for a number, JSON's own numbers included. */
static bool looks_like_number(struct str s)
{
    static const char *const specials[] = {".inf", ".nan", NULL};
    if (s.n > 1 && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_sub(s, 1, s.n);
    if (s.n == 0 || !(s.p[0] == '.' || (s.p[0] >= '0' && s.p[0] <= '9')))
        return false;
    if (is_one_of(s, specials) || is_base_60(s))
        return true;
    if (s.n > 2 && s.p[0] == '0' && strchr("xXoObB", s.p[1]) && s.p[1])
        return span(str_sub(s, 2, s.n), "0123456789abcdefABCDEF_") == s.n - 2;

    /* digits, at most one point, and an exponent */
    size_t n_whole = span(s, "0123456789_"), n = n_whole, n_fraction = 0;
    if (n < s.n && s.p[n] == '.') {
        n_fraction = span(str_sub(s, n + 1, s.n), "0123456789_");
        n += 1 + n_fraction;
    }
    if (n_whole + n_fraction > 0 && n < s.n && (s.p[n] == 'e' || s.p[n] == 'E')) {
        n++;
        if (n < s.n && (s.p[n] == '+' || s.p[n] == '-'))
            n++;
        size_t n_exponent = span(str_sub(s, n, s.n), "0123456789");
        if (n_exponent == 0)
            return false;
        n += n_exponent;
    }
    return n == s.n && n_whole + n_fraction > 0;
}

bool yaml_plain_type(struct str text, enum yaml_type *ret_type, int64_t *ret_i, const char **ret_trap)
{
    static const char *const booleans[] = {"true", "false", "yes", "no", "on", "off", "y", "n", NULL};
    static const char *const nulls[] = {"null", "~", NULL};
    *ret_i = 0;
    if (text.n == 0 || str_eq(text, STR("null"))) {
        *ret_type = YAML_NULL;
    } else if (str_eq(text, STR("true")) || str_eq(text, STR("false"))) {
        *ret_type = YAML_BOOL;
        *ret_i = text.p[0] == 't';
    } else if (number_i64(text, ret_i)) {
        *ret_type = YAML_INT;
    } else if (number_kind(text) == NUMBER_DECIMAL) {
        *ret_type = YAML_NUMBER;
    } else if (is_one_of(text, booleans)) {
        *ret_trap = "is a boolean to some readers and a text to others (write true or false for a boolean)";
        return false;
    } else if (is_one_of(text, nulls)) {
        *ret_trap = "is null to some readers and a text to others (write null for null)";
        return false;
    } else if (looks_like_number(text)) {
        *ret_trap = "is a number to some readers, and not the same one to all";
        return false;
    } else {
        *ret_type = YAML_STR;
    }
    return true;
}
