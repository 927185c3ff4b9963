/*
 * redact/leaves.c - brackets, names and values of a JSON text, told apart.
 */
#include "redact/leaves.h"

#include <string.h>

#include "base/err.h"
#include "codec/hex.h"
#include "codec/utf8.h"

void leaves_init(struct leaves *l, struct str text)
{
    *l = (struct leaves){.text = text};
}

struct str leaves_name(const struct leaves *l)
{
    return l->depth ? l->levels[l->depth - 1].name : STR_NONE;
}

/* Behind the closing quote of the string at l->at; 0: it has none. */
static size_t end_of_string(const struct leaves *l)
{
    for (size_t i = l->at + 1; i < l->text.n; i++) {
        if (l->text.p[i] == '\\')
            i++;
        else if (l->text.p[i] == '"')
            return i + 1;
    }
    return 0;
}

static size_t end_of_run(const struct leaves *l, const char *of)
{
    size_t i = l->at;
    while (i < l->text.n && l->text.p[i] && strchr(of, l->text.p[i]))
        i++;
    return i;
}

static bool is_word(struct str s)
{
    return str_eq(s, STR("true")) || str_eq(s, STR("false")) || str_eq(s, STR("null"));
}

static int open_level(struct leaves *l, bool is_object)
{
    if (l->depth == LEAVES_DEPTH_MAX)
        return err_trace(-ERR_INVALID);
    l->levels[l->depth++] = (struct leaves_level){.at = l->at++, .is_object = is_object};
    return 0;
}

static int close_level(struct leaves *l, bool is_object)
{
    if (l->depth == 0 || l->levels[l->depth - 1].is_object != is_object)
        return err_trace(-ERR_INVALID);
    l->depth--;
    l->at++;
    return 0;
}

/* A string: the name of a member, when a colon follows. */
static int string(struct leaves *l, struct leaf *ret)
{
    size_t from = l->at, end = end_of_string(l);
    if (!end)
        return err_trace(-ERR_INVALID);
    l->at = end;
    size_t colon = end_of_run(l, " \t\r\n");
    if (colon < l->text.n && l->text.p[colon] == ':') {
        if (!l->depth || !l->levels[l->depth - 1].is_object)
            return err_trace(-ERR_INVALID);
        l->levels[l->depth - 1].name = str_sub(l->text, from + 1, end - from - 2);
        l->at = colon + 1;
        return 0;
    }
    *ret = (struct leaf){LEAF_STR, from, end - from};
    return 1;
}

static int scalar(struct leaves *l, struct leaf *ret)
{
    size_t from = l->at, end = end_of_run(l, "+-.0123456789eE");
    if (end > from) {
        *ret = (struct leaf){LEAF_NUMBER, from, end - from};
    } else {
        end = end_of_run(l, "abcdefghijklmnopqrstuvwxyz");
        if (!is_word(str_sub(l->text, from, end - from)))
            return err_trace(-ERR_INVALID);
        *ret = (struct leaf){LEAF_WORD, from, end - from};
    }
    l->at = end;
    return 1;
}

int leaves_next_or(struct leaves *l, struct str name, struct leaf *ret)
{
    int r = 0;
    while (r == 0 && l->at < l->text.n) {
        char c = l->text.p[l->at];
        if (strchr(" \t\r\n,", c) && c) {
            l->at++;
        } else if (c == '{' || c == '[') {
            r = open_level(l, c == '{');
        } else if (c == '}' || c == ']') {
            r = close_level(l, c == '}');
        } else if (c == '"') {
            r = string(l, ret);
            if (r == 0 && name.n && str_eq(leaves_name(l), name))
                return 2;
        } else {
            r = scalar(l, ret);
        }
    }
    return r == 0 && l->depth ? err_trace(-ERR_INVALID) : r;
}

int leaves_next(struct leaves *l, struct leaf *ret)
{
    return leaves_next_or(l, STR_NONE, ret);
}

int leaves_skip(struct leaves *l, size_t *ret_at, size_t *ret_n)
{
    struct leaf leaf;
    size_t depth = l->depth, from = end_of_run(l, " \t\r\n");
    l->at = from;
    bool is_container = from < l->text.n && (l->text.p[from] == '{' || l->text.p[from] == '[');
    if (is_container) {
        int r = open_level(l, l->text.p[from] == '{');
        while (r == 0 && l->depth > depth) {
            char c = l->at < l->text.n ? l->text.p[l->at] : 0;
            if (c == '"') {
                size_t end = end_of_string(l);
                r = end ? 0 : -ERR_INVALID;
                l->at = end ? end : l->at;
            } else if (c == '{' || c == '[') {
                r = open_level(l, c == '{');
            } else if (c == '}' || c == ']') {
                r = close_level(l, c == '}');
            } else if (c) {
                l->at++;
            } else {
                r = -ERR_INVALID;
            }
        }
        if (r < 0)
            return err_trace(r);
    } else {
        int r = leaves_next(l, &leaf);
        if (r != 1 || l->depth != depth)
            return err_trace(-ERR_INVALID);
    }
    *ret_at = from;
    *ret_n = l->at - from;
    return 0;
}

/* --- escapes ------------------------------------------------------------------------------------------------------ */

static bool read_unit(struct str s, uint32_t *ret)
{
    uint8_t bytes[2];
    if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u' || hex_decode(str_sub(s, 2, 4), bytes, 2) < 0)
        return false;
    *ret = (uint32_t)bytes[0] << 8 | bytes[1];
    return true;
}

/* One \uXXXX, or two that make a character; *ret_n bytes of the text. A half of two is U+FFFD. */
static uint32_t read_code(struct str s, size_t *ret_n)
{
    uint32_t high, low;
    *ret_n = 2;
    if (!read_unit(s, &high))
        return 0xfffd;
    *ret_n = 6;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || !read_unit(str_sub(s, 6, SIZE_MAX), &low) || low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *ret_n = 12;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static size_t add_escape(struct str s, struct buf *out)
{
    static const char from[] = "bfnrt\"\\/", to[] = "\b\f\n\r\t\"\\/";
    const char *short_form = s.n > 1 && s.p[1] ? strchr(from, s.p[1]) : NULL;
    char utf8[4];
    size_t n;
    if (short_form) {
        (void)buf_add_byte(out, to[short_form - from]); /* buf_ok() below */
        return 2;
    }
    uint32_t code = read_code(s, &n);
    (void)buf_add(out, (struct str){utf8, utf8_write(code, utf8)});
    return n;
}

int leaf_text(struct str quoted, struct buf *out)
{
    struct str s = str_sub(quoted, 1, quoted.n - 2);
    while (s.n) {
        const char *slash = memchr(s.p, '\\', s.n);
        size_t plain = slash ? (size_t)(slash - s.p) : s.n;
        (void)buf_add(out, str_sub(s, 0, plain));
        s = str_sub(s, plain, SIZE_MAX);
        if (s.n)
            s = str_sub(s, add_escape(s, out), SIZE_MAX);
    }
    return err_trace(buf_ok(out));
}
