/*
 * codec/diag.c - diagnostics with bounded memory.
 */
#include "codec/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "codec/utf8.h"

#define DIAG_ITEMS_FIRST 8
#define NEAREST_BYTES_MAX 64 /* longer words are nobody's typing mistake */
#define FEW_NAMES_MAX 8
#define FEW_NAMES_BYTES_MAX 160

void diag_list_init(struct diag_list *l, struct arena *a, size_t n_max)
{
    *l = (struct diag_list){.arena = a, .n_max = n_max};
}

/* One more slot, or NULL when the list or its arena is full. The old array stays behind in the arena. */
static struct diag *slot(struct diag_list *l)
{
    if (l->n >= l->n_max)
        return NULL;
    if (l->n == l->n_cap) {
        size_t cap = l->n_cap ? l->n_cap * 2 : DIAG_ITEMS_FIRST;
        struct diag *items = arena_try_alloc(l->arena, cap * sizeof *items);
        if (!items)
            return NULL;
        if (l->n)
            memcpy(items, l->items, l->n * sizeof *items);
        l->items = items;
        l->n_cap = cap;
    }
    return &l->items[l->n];
}

/* One printable line: a terminal must not obey what a document says. `out` has 3 * in.n bytes. */
static struct str printable(struct str in, char *out)
{
    size_t n = 0;
    while (in.n > 0) {
        size_t k = utf8_next(in);
        unsigned char c = (unsigned char)in.p[0];
        bool is_control = c < 0x20 || c == 0x7f || (k == 2 && c == 0xc2 && (unsigned char)in.p[1] < 0xa0);
        struct str piece = is_control || k == 0 ? STR(UTF8_REPLACEMENT) : str_sub(in, 0, k);
        memcpy(out + n, piece.p, piece.n);
        n += piece.n;
        in = str_sub(in, k ? k : 1, in.n);
    }
    return (struct str){out, n};
}

__attribute__((format(printf, 3, 0))) static void add(struct diag_list *l, struct diag d, const char *fmt, va_list ap)
{
    if (!d.is_warning)
        l->n_errors++;
    char raw[DIAG_MESSAGE_BYTES_MAX + 1], clean[3 * DIAG_MESSAGE_BYTES_MAX];
    int n = vsnprintf(raw, sizeof raw, fmt, ap);
    check(n >= 0);
    struct str message = printable(utf8_cut(str_c(raw), DIAG_MESSAGE_BYTES_MAX - 4), clean);
    struct diag *to = slot(l);
    if (!to || arena_try_str(l->arena, message, &d.message) < 0) {
        l->n_dropped++;
        return;
    }
    *to = d;
    l->n++;
}

void diag_vadd(struct diag_list *l, struct str file, int line, int col, const char *code, const char *fmt, va_list ap)
{
    add(l, (struct diag){.file = file, .line = line, .col = col, .code = code}, fmt, ap);
}

void diag_add(struct diag_list *l, struct str file, int line, int col, const char *code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_vadd(l, file, line, col, code, fmt, ap);
    va_end(ap);
}

void diag_warn(struct diag_list *l, struct str file, int line, int col, const char *code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add(l, (struct diag){.file = file, .line = line, .col = col, .code = code, .is_warning = true}, fmt, ap);
    va_end(ap);
}

void diag_sort(struct diag_list *l, size_t n)
{
    for (size_t i = n + 1; i < l->n; i++) {
        struct diag d = l->items[i];
        size_t k = i;
        for (; k > n && l->items[k - 1].line > d.line; k--)
            l->items[k] = l->items[k - 1];
        l->items[k] = d;
    }
}

struct str diag_nearest(struct str got, const struct str *names, size_t n_names)
{
    if (got.n == 0 || got.n > NEAREST_BYTES_MAX)
        return STR_NONE;
    size_t least = got.n <= 3 ? 1 : got.n <= 6 ? 2 : 3;
    struct str nearest = STR_NONE;
    for (size_t i = 0; i < n_names; i++) {
        size_t d = str_eq_nocase(got, names[i]) ? 0 : str_distance(got, names[i], least);
        if (d < least || (d == least && !nearest.p)) {
            least = d;
            nearest = names[i];
        }
    }
    return nearest;
}

/* "; there is `a`, `b`", as far as the names are few; else nothing. */
static struct str few_names(const struct str *names, size_t n_names, char out[FEW_NAMES_BYTES_MAX])
{
    size_t n = 0;
    if (n_names == 0 || n_names > FEW_NAMES_MAX)
        return STR("");
    for (size_t i = 0; i < n_names; i++) {
        int k = snprintf(out + n, FEW_NAMES_BYTES_MAX - n, "%s`" STR_FMT "`", i ? ", " : "; there is ",
                         STR_ARG(names[i]));
        n += k > 0 ? (size_t)k : 0;
        if (n >= FEW_NAMES_BYTES_MAX)
            return STR("");
    }
    return (struct str){out, n};
}

void diag_add_unknown(struct diag_list *l, struct str file, int line, int col, const char *code, const char *what,
                      struct str got, const struct str *names, size_t n_names)
{
    /* A list that is full needs no guess: guessing for each of very many keys would take long. */
    struct str near = l->n < l->n_max ? diag_nearest(got, names, n_names) : STR_NONE;
    char few[FEW_NAMES_BYTES_MAX];
    got = utf8_cut(got, DIAG_MESSAGE_BYTES_MAX / 2);
    if (near.p)
        diag_add(l, file, line, col, code, "%s `" STR_FMT "` is not known; did you mean `" STR_FMT "`?", what,
                 STR_ARG(got), STR_ARG(near));
    else
        diag_add(l, file, line, col, code, "%s `" STR_FMT "` is not known" STR_FMT, what, STR_ARG(got),
                 STR_ARG(few_names(names, n_names, few)));
}

int diag_text(const struct diag *d, struct buf *out)
{
    buf_add(out, d->file);
    if (d->line > 0)
        buf_printf(out, ":%d:%d", d->line, d->col);
    buf_printf(out, ": %s%s: ", d->is_warning ? "warning: " : "", d->code);
    buf_add(out, d->message);
    return buf_ok(out);
}

int diag_list_text(const struct diag_list *l, struct buf *out)
{
    for (size_t i = 0; i < l->n; i++) {
        diag_text(&l->items[i], out);
        buf_add_byte(out, '\n');
    }
    if (l->n_dropped > 0)
        buf_printf(out, "and %zu more\n", l->n_dropped);
    return buf_ok(out);
}
