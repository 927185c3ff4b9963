/*
 * codec/form.c - one pass decodes, one sort finds names with two meanings.
 *
 * The order of sorting makes every clash stand between neighbours: parts are compared one by one, a name stands
 * directly before the names that it begins, and an empty part (`a[]`) before its siblings.
 */
#include "codec/form.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/hex.h"
#include "codec/utf8.h"

struct reader {
    struct arena *arena;
    struct str text;
    size_t at; /* where the field being read starts */
    char *out; /* where decoded bytes go next; has room for the rest of the text */
    const struct form *form;
    struct input_fault fault;
};

struct placed {
    const struct form_field *field;
    size_t i;
};

static int refuse(struct reader *rd, int r, const char *text)
{
    rd->fault = (struct input_fault){text, rd->at};
    return r;
}

/* Decodes once. False: a broken %XX, or a control byte that is not encoded. */
static bool decode(struct reader *rd, struct str in, struct str *ret_out)
{
    char *start = rd->out, *out = start;
    for (size_t i = 0; i < in.n; i++) {
        unsigned char c = (unsigned char)in.p[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < in.n ? hex_digit(in.p[i + 1]) : -1, low = i + 2 < in.n ? hex_digit(in.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (unsigned char)(high << 4 | low);
            i += 2;
        } else if (c < 0x20 || c == 0x7f) {
            return false;
        }
        *out++ = (char)c;
    }
    rd->out = out;
    *ret_out = (struct str){start, (size_t)(out - start)};
    return true;
}

/* A part of a name must look the same to readers that trim, and to people. */
static bool is_good_key(struct str key)
{
    for (size_t i = 0; i < key.n; i++) {
        unsigned char c = (unsigned char)key.p[i];
        if (c < 0x20 || c == 0x7f || c == '[' || c == ']')
            return false;
    }
    return key.n > 0 && key.p[0] != ' ' && key.p[key.n - 1] != ' ';
}

/* base[key][key]... into `keys` (NULL: only counted). 0 for a name outside the grammar. */
static size_t split_name(struct str name, struct str *keys)
{
    size_t n = 0, end = 0;
    while (end < name.n && name.p[end] != '[')
        end++;
    struct str key = str_sub(name, 0, end), rest = str_sub(name, end, name.n);
    if (!is_good_key(key))
        return 0;
    for (;;) {
        if (keys)
            keys[n] = key;
        n++;
        if (rest.n == 0)
            return n;
        if (rest.p[0] != '[' || !str_cut(str_sub(rest, 1, rest.n), ']', &key, &rest))
            return 0;
        if (key.n == 0 ? rest.n > 0 : !is_good_key(key))
            return 0;
    }
}

/* Fills keys and n_keys from the name. */
static int set_keys(struct reader *rd, struct form_field *f)
{
    size_t n = split_name(f->name, NULL);
    if (n == 0 && str_ends(f->name, STR("]")) && str_find(f->name, STR("[]["), &(size_t){0}))
        return refuse(rd, -ERR_AMBIGUOUS, "`[]` stands inside a name; readers differ on what it means there");
    if (n == 0)
        return refuse(rd, -ERR_INVALID, "the name of a field is empty, or its brackets or bytes are not allowed");
    if (n - 1 > rd->form->depth_max)
        return refuse(rd, -ERR_TOO_LARGE, "the name of a field has too many brackets");
    struct str *keys = arena_try_alloc(rd->arena, n * sizeof *keys);
    if (!keys)
        return refuse(rd, -ERR_TOO_LARGE, "the form needs too much memory");
    split_name(f->name, keys);
    f->keys = keys;
    f->n_keys = n;
    return 0;
}

static int read_field(struct reader *rd, struct str raw, struct form_field *ret_field)
{
    struct str name, value;
    struct form_field f = {0};
    if (raw.n == 0)
        return refuse(rd, -ERR_INVALID, "an empty field (`&` at an end, or twice)");
    if (!str_cut(raw, '=', &name, &value))
        return refuse(rd, -ERR_INVALID, "a field without `=`");
    if (!decode(rd, name, &f.name) || !decode(rd, value, &f.value))
        return refuse(rd, -ERR_INVALID, "a broken percent-encoding, or a control byte");
    if (!utf8_is_valid(f.name) || !utf8_is_valid(f.value))
        return refuse(rd, -ERR_INVALID, "a field is not UTF-8");
    if (str_has(f.name, 0) || str_has(f.value, 0))
        return refuse(rd, -ERR_INVALID, "a field contains NUL");
    int r = set_keys(rd, &f);
    if (r < 0)
        return r;
    *ret_field = f;
    return 0;
}

/* Digits without leading zeros, so that `1` and `01` meet. */
static struct str plain_key(struct str key)
{
    size_t n_zeros = 0;
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] < '0' || key.p[i] > '9')
            return key;
        if (key.p[i] == '0' && n_zeros == i && i + 1 < key.n)
            n_zeros++;
    }
    return str_sub(key, n_zeros, key.n);
}

/* The first part in which two names differ, and how; *ret_cmp is 0 when one begins the other. */
static size_t first_difference(const struct form_field *a, const struct form_field *b, int *ret_cmp)
{
    size_t i = 0;
    *ret_cmp = 0;
    for (; i < a->n_keys && i < b->n_keys; i++) {
        *ret_cmp = str_cmp(plain_key(a->keys[i]), plain_key(b->keys[i]));
        if (*ret_cmp)
            break;
    }
    return i;
}

static int by_name(const void *pa, const void *pb)
{
    const struct placed *a = pa, *b = pb;
    int cmp;
    first_difference(a->field, b->field, &cmp);
    if (cmp)
        return cmp;
    if (a->field->n_keys != b->field->n_keys)
        return a->field->n_keys < b->field->n_keys ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

/* Rule (4): why two fields cannot stand in one form, or NULL. */
static const char *clash(const struct form_field *a, const struct form_field *b)
{
    int cmp;
    size_t i = first_difference(a, b, &cmp);
    for (size_t k = 0; k < i; k++)
        if (!str_eq(a->keys[k], b->keys[k]))
            return "two names differ only in leading zeros";
    if (cmp)
        return a->keys[i].n == 0 || b->keys[i].n == 0 ? "a list has both `[]` and named places" : NULL;
    if (a->n_keys != b->n_keys)
        return "a name is both a value and a container";
    return a->keys[i - 1].n == 0 ? NULL : "a field stands twice";
}

static bool is_list(const struct form *f, const struct form_field *a, const struct form_field *b)
{
    for (size_t i = 0; i < f->n_lists; i++) {
        if (str_eq(a->name, f->lists[i]))
            return str_eq(b->name, f->lists[i]);
    }
    return false;
}

static int check_clashes(struct reader *rd, const struct form *f)
{
    struct placed *sorted = arena_try_alloc(rd->arena, f->n * sizeof *sorted);
    if (!sorted)
        return refuse(rd, -ERR_TOO_LARGE, "the form needs too much memory");
    for (size_t i = 0; i < f->n; i++)
        sorted[i] = (struct placed){&f->fields[i], i};
    qsort(sorted, f->n, sizeof *sorted, by_name);
    for (size_t i = 1; i < f->n; i++) {
        const char *why = clash(sorted[i - 1].field, sorted[i].field);
        if (why && !is_list(f, sorted[i - 1].field, sorted[i].field)) {
            rd->at = 0;
            return refuse(rd, -ERR_AMBIGUOUS, why);
        }
    }
    return 0;
}

static size_t count_fields(struct str text)
{
    size_t n = text.n > 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '&';
    return n;
}

static int parse(struct reader *rd, struct form *f)
{
    size_t n = count_fields(rd->text);
    if (n > f->fields_max)
        return refuse(rd, -ERR_TOO_LARGE, "the form has too many fields");
    f->fields = arena_try_alloc(rd->arena, (n + 1) * sizeof *f->fields);
    rd->out = arena_try_alloc(rd->arena, rd->text.n + 1);
    if (!f->fields || !rd->out)
        return refuse(rd, -ERR_TOO_LARGE, "the form needs too much memory");
    f->n_cap = n + 1;

    struct str rest = rd->text, raw;
    for (; f->n < n; f->n++) {
        rd->at = (size_t)(rest.p - rd->text.p);
        if (!str_cut(rest, '&', &raw, &rest))
            raw = rest;
        int r = read_field(rd, raw, &f->fields[f->n]);
        if (r < 0)
            return r;
    }
    return check_clashes(rd, f);
}

int form_parse(struct arena *a, struct str text, int64_t fields_max, int64_t depth_max, struct form *ret_form,
               struct input_fault *ret_fault)
{
    return form_parse_lists(a, text, fields_max, depth_max, NULL, 0, ret_form, ret_fault);
}

int form_parse_lists(struct arena *a, struct str text, int64_t fields_max, int64_t depth_max, const struct str *lists,
                     size_t n_lists, struct form *ret_form, struct input_fault *ret_fault)
{
    struct form f = {
        .fields_max = (size_t)fields_max, .depth_max = (size_t)depth_max, .lists = lists, .n_lists = n_lists};
    struct reader rd = {.arena = a, .text = text, .form = &f};
    int r = parse(&rd, &f);
    if (r < 0) {
        if (ret_fault)
            *ret_fault = rd.fault;
        return err_trace(r);
    }
    *ret_form = f;
    return 0;
}

const struct form_field *form_get(const struct form *f, struct str name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->fields[i].name, name))
            return &f->fields[i];
    return NULL;
}

const struct form_field *form_next(const struct form *f, const struct form_field *field)
{
    for (const struct form_field *next = field + 1; next < f->fields + f->n; next++)
        if (str_eq(next->name, field->name))
            return next;
    return NULL;
}

static int grow(struct arena *a, struct form *f)
{
    if (f->n < f->n_cap)
        return 0;
    struct form_field *fields = arena_try_alloc(a, 2 * (f->n + 1) * sizeof *fields);
    if (!fields)
        return err_trace(-ERR_TOO_LARGE);
    if (f->n)
        memcpy(fields, f->fields, f->n * sizeof *fields);
    f->fields = fields;
    f->n_cap = 2 * (f->n + 1);
    return 0;
}

int form_add(struct arena *a, struct form *f, struct str name, struct str value)
{
    struct reader rd = {.arena = a, .form = f};
    struct form_field field = {0};
    if (f->n >= f->fields_max)
        return err_trace(-ERR_TOO_LARGE);
    if (!utf8_is_valid(name) || !utf8_is_valid(value) || str_has(value, 0))
        return err_trace(-ERR_INVALID);
    int r = arena_try_str(a, name, &field.name);
    if (r == 0)
        r = arena_try_str(a, value, &field.value);
    if (r == 0)
        r = set_keys(&rd, &field);
    if (r < 0)
        return err_trace(r);
    for (size_t i = 0; i < f->n; i++)
        if (clash(&f->fields[i], &field))
            return err_trace(-ERR_AMBIGUOUS);
    r = grow(a, f);
    if (r < 0)
        return r;
    f->fields[f->n++] = field;
    return 0;
}

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~' || c == '[' || c == ']';
}

int form_quote(struct buf *out, struct str s)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    for (size_t i = 0, from = 0; from < s.n; from = ++i) {
        while (i < s.n && is_plain((unsigned char)s.p[i]))
            i++;
        buf_add(out, str_sub(s, from, i - from));
        if (i == s.n)
            break;
        unsigned char c = (unsigned char)s.p[i];
        char text[3] = {'%', DIGITS[c >> 4], DIGITS[c & 15]};
        if (c == ' ')
            buf_add_byte(out, '+');
        else
            buf_add(out, (struct str){text, sizeof text});
    }
    return buf_ok(out);
}

int form_write(const struct form *f, struct buf *out)
{
    for (size_t i = 0; i < f->n; i++) {
        if (i > 0)
            buf_add_byte(out, '&');
        form_quote(out, f->fields[i].name);
        buf_add_byte(out, '=');
        form_quote(out, f->fields[i].value);
    }
    return buf_ok(out);
}
