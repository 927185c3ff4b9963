/*
 * tests/cases/cel/textproto.c - a reader by recursive descent.
 */
#include "textproto.h"

#include <stdlib.h>
#include <string.h>

#include "codec/utf8.h"

#define DEPTH_MAX 64

struct reader {
    struct arena *a;
    struct str text;
    size_t at;
    int depth;
};

static char peek(const struct reader *r)
{
    return r->at < r->text.n ? r->text.p[r->at] : 0;
}

static void skip(struct reader *r)
{
    while (r->at < r->text.n && (strchr(" \t\r\n,;", peek(r)) || peek(r) == '#')) {
        if (peek(r) == '#')
            while (r->at < r->text.n && peek(r) != '\n')
                r->at++;
        else
            r->at++;
    }
}

static bool take(struct reader *r, char c)
{
    skip(r);
    if (peek(r) != c)
        return false;
    r->at++;
    return true;
}

static unsigned digits(struct reader *r, size_t n_max, int base)
{
    char text[9] = "";
    for (size_t n = 0; n < n_max && peek(r) && strchr(base == 8 ? "01234567" : "0123456789abcdefABCDEF", peek(r)); n++)
        text[n] = r->text.p[r->at++];
    return (unsigned)strtoul(text, NULL, base);
}

static void read_escape(struct reader *r, char *to, size_t *n)
{
    static const char names[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
    char c = peek(r);
    const char *named = c ? strchr(names, c) : NULL;
    if (c >= '0' && c <= '7') {
        to[(*n)++] = (char)digits(r, 3, 8);
        return;
    }
    r->at++;
    if (named)
        to[(*n)++] = meanings[named - names];
    else if (c == 'x' || c == 'X')
        to[(*n)++] = (char)digits(r, 2, 16);
    else if (c == 'u' || c == 'U')
        *n += utf8_write(digits(r, c == 'u' ? 4 : 8, 16), to + *n);
    else
        to[(*n)++] = c;
}

/* Strings one behind the other are one. */
static bool read_string(struct reader *r, struct field *f)
{
    size_t n = 0;
    char *to = arena_alloc(r->a, 65536);
    while (skip(r), peek(r) == '"' || peek(r) == '\'') {
        char quote = r->text.p[r->at++];
        while (r->at < r->text.n && peek(r) != quote && n < 65000) {
            if (peek(r) == '\\') {
                r->at++;
                read_escape(r, to, &n);
            } else {
                to[n++] = r->text.p[r->at++];
            }
        }
        if (!take(r, quote))
            return false;
    }
    f->is_string = true;
    f->text = (struct str){to, n};
    return true;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_.+-", c));
}

static struct str read_word(struct reader *r)
{
    size_t start = r->at;
    while (is_word(peek(r)))
        r->at++;
    return str_sub(r->text, start, r->at - start);
}

static bool read_fields(struct reader *r, char close, const struct field **ret_first);

static bool read_value(struct reader *r, struct field *f)
{
    (void)take(r, ':');
    if (take(r, '{')) {
        f->is_message = true;
        return read_fields(r, '}', &f->first);
    }
    if (peek(r) == '"' || peek(r) == '\'')
        return read_string(r, f);
    f->text = read_word(r);
    return f->text.n > 0;
}

static bool read_name(struct reader *r, struct field *f)
{
    size_t start = r->at;
    if (peek(r) != '[') {
        f->name = read_word(r);
        return f->name.n > 0;
    }
    while (r->at < r->text.n && peek(r) != ']')
        r->at++;
    r->at++;
    f->name = str_sub(r->text, start, r->at - start);
    return true;
}

static bool read_fields(struct reader *r, char close, const struct field **ret_first)
{
    const struct field **to = ret_first;
    if (++r->depth > DEPTH_MAX)
        return false;
    for (skip(r); close ? peek(r) != close : r->at < r->text.n; skip(r)) {
        struct field *f = arena_alloc(r->a, sizeof *f);
        if (!read_name(r, f) || !read_value(r, f))
            return false;
        *to = f;
        to = &f->next;
    }
    r->depth--;
    return !close || take(r, close);
}

const struct field *textproto_read(struct arena *a, struct str text, int *ret_line)
{
    struct reader r = {.a = a, .text = text};
    struct field *root = arena_alloc(a, sizeof *root);
    root->is_message = true;
    if (read_fields(&r, 0, &root->first))
        return root;
    *ret_line = 1;
    for (size_t i = 0; i < r.at && i < text.n; i++)
        *ret_line += text.p[i] == '\n';
    return NULL;
}

static const struct field *find(const struct field *f, struct str name)
{
    while (f && !str_eq(f->name, name))
        f = f->next;
    return f;
}

const struct field *field_get(const struct field *m, const char *name)
{
    return m ? find(m->first, str_c(name)) : NULL;
}

struct str field_text(const struct field *m, const char *name)
{
    const struct field *f = field_get(m, name);
    return f ? f->text : STR_NONE;
}

const struct field *field_again(const struct field *f)
{
    return find(f->next, f->name);
}

bool field_has_inside(const struct field *m, const char *name)
{
    for (const struct field *f = m->first; f; f = f->next)
        if (str_eq(f->name, str_c(name)) || field_has_inside(f, name))
            return true;
    return false;
}
