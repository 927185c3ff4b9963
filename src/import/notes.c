/*
 * import/notes.c - what became of each value: marks while the files are read, notes at the end.
 *
 * A mark holds for the value and everything in it, but for what has a mark of its own. At the end the trees are walked:
 * a value without a mark on its way was thought of by nobody, and is refused.
 */
#include "import/import_impl.h"

#include <stdarg.h>

#include "base/check.h"

struct mark {
    enum import_bucket bucket;
    struct str text;
};

static struct str key_of(const struct yaml *const *at) { return (struct str){(const char *)at, sizeof *at}; }

bool note_is_put(const struct import *x, const struct yaml *at) { return map_get(&x->marks, key_of(&at)) != NULL; }

static void put(struct import *x, const struct yaml *at, enum import_bucket bucket, struct str text)
{
    struct mark *m = arena_alloc(x->a, sizeof *m);
    *m = (struct mark){bucket, text};
    check(map_put(&x->marks, key_of(&at), m, NULL) == 0); /* room for every node that the reader accepts */
}

void note(struct import *x, const struct yaml *at, enum import_bucket bucket, const char *fmt, ...)
{
    va_list ap;
    if (!at || note_is_put(x, at))
        return;
    va_start(ap, fmt);
    struct str text = arena_vprintf(x->a, fmt, ap);
    va_end(ap);
    put(x, at, bucket, text);
}

/* A row's name may end with a star, and is a beginning then. */
static bool row_fits(const struct field_row *row, struct str name)
{
    struct str wanted = str_c(row->name);
    if (str_ends(wanted, STR("*")))
        return str_starts(name, str_sub(wanted, 0, wanted.n - 1));
    return str_eq(wanted, name);
}

void note_exact(struct import *x, const struct yaml *at)
{
    if (at && !note_is_put(x, at))
        put(x, at, BUCKET_EXACT, STR(""));
}

static const struct field_row *find_row(const struct field_row *rows, size_t n_rows, struct str name)
{
    for (size_t i = 0; i < n_rows; i++)
        if (row_fits(&rows[i], name))
            return &rows[i];
    return NULL;
}

void note_rest(struct import *x, const struct yaml *map, const struct field_row *rows, size_t n_rows)
{
    if (!yaml_is(map, YAML_MAP))
        return;
    yaml_each(child, map) {
        const struct field_row *row = find_row(rows, n_rows, child->key);
        if (is_unset(child))
            note(x, child, BUCKET_EXACT, "not set");
        else if (row)
            note(x, child, row->bucket, "%s", row->text);
        else
            note(x, child, BUCKET_REFUSED, "this is not known here");
    }
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

struct gathering {
    struct import *x;
    struct str file;
    struct import_note *items;
    size_t n, cap;
    size_t n_of[BUCKET_COUNT];
};

static bool has_marks_inside(const struct import *x, const struct yaml *at)
{
    yaml_each(child, at)
        if (note_is_put(x, child) || has_marks_inside(x, child))
            return true;
    return false;
}

/* The path, and with several files the file before it: no two keys are the same. */
static struct str key_of_carried(const struct gathering *g, struct str path)
{
    struct str key = path.n ? path : STR("all");
    return g->x->n_files == 1 ? key : arena_join(g->x->a, (const struct str[]){g->file, STR(":"), key}, 3);
}

static void add(struct gathering *g, const struct yaml *at, struct str path, const struct mark *m)
{
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 64;
        struct import_note *items = arena_alloc(g->x->a, cap * sizeof *items);
        for (size_t i = 0; i < g->n; i++)
            items[i] = g->items[i];
        g->items = items;
        g->cap = cap;
    }
    bool has_key = at->key_line > 0;
    g->items[g->n++] = (struct import_note){.bucket = m->bucket,
                                            .file = g->file,
                                            .line = has_key ? at->key_line : at->line,
                                            .col = has_key ? at->key_col : at->col,
                                            .path = path,
                                            .text = m->text};
    g->n_of[m->bucket]++;
    if (m->bucket == BUCKET_CARRIED)
        carry(g->x, key_of_carried(g, path), at);
}

static void walk(struct gathering *g, const struct yaml *at, struct str path, const struct mark *over)
{
    static const struct mark unknown = {BUCKET_REFUSED, STR_INIT("this is not known here")};
    struct arena *a = g->x->a;
    const struct mark *own = map_get(&g->x->marks, key_of(&at));
    const struct mark *m = own ? own : over;
    size_t i = 0;
    if (!has_marks_inside(g->x, at)) {
        add(g, at, path, m ? m : &unknown);
        return;
    }
    yaml_each(child, at) {
        struct str step = at->type == YAML_SEQ ? arena_printf(a, STR_FMT "[%zu]", STR_ARG(path), i)
                          : path.n ? arena_printf(a, STR_FMT "." STR_FMT, STR_ARG(path), STR_ARG(child->key))
                                   : child->key;
        walk(g, child, step, m);
        i++;
    }
}

void notes_gather(struct import *x, struct imported *ret)
{
    struct gathering g = {.x = x};
    for (size_t i = 0; i < x->n_files; i++) {
        g.file = x->files[i].name;
        walk(&g, x->files[i].root, STR(""), NULL);
    }
    ret->notes = g.items;
    ret->n_notes = g.n;
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        ret->n_of[i] = g.n_of[i];
}
