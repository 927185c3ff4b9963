/*
 * import/import_impl.h - what the files of this folder share: the files read, the notes on their values, the document
 * that grows. For this folder only.
 */
#pragma once

#include "base/map.h"
#include "call/window.h"
#include "codec/yaml.h"
#include "import/import.h"

struct names {
    struct str *items;
    size_t n, cap;
};

struct source_file {
    struct str name;
    const struct yaml *root;
};

struct import {
    struct arena *a;
    struct diag_list *diags;
    struct source_file *files;
    size_t n_files;
    struct map marks; /* of nodes, by address */
    struct map ids;   /* of rules and limits that there are */
    struct buf rules, limits, carried;
    struct names steps;
    struct str name, tz;
    enum import_source source;
    const struct zones *zones;
};

/* --- names.c --- */

/* Adds what is not there yet. */
void names_add(struct arena *a, struct names *l, struct str s);
bool names_have(const struct names *l, struct str s);
/* It can stand in a `match`: printable, not too long, a star at the end or for a whole segment. */
bool name_fits(struct str s);
/* Lower case, what is no letter or digit as '-': an id of the document. "x" for an empty one. */
struct str names_slug(struct arena *a, struct str s);

/* --- notes.c --- */

/* Says what became of a value and all in it, but for what is marked itself. NULL, and what is marked already, stay. */
void note(struct import *x, const struct yaml *at, enum import_bucket bucket, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void note_exact(struct import *x, const struct yaml *at); /* it means the same, and there is no more to say */
bool note_is_put(const struct import *x, const struct yaml *at);
/* A row of a table of values that need no code: what becomes of them, and why. */
struct field_row {
    const char *name;
    enum import_bucket bucket;
    const char *text;
};
/* Marks the members of a map that nobody has marked: as the table says; what is empty is exact; else refused. */
void note_rest(struct import *x, const struct yaml *map, const struct field_row *rows, size_t n_rows);
/* Every note there is, and x->carried. */
void notes_gather(struct import *x, struct imported *ret);

/* --- import.c --- */

/* Says that nothing at the top of a file is known: what was made of it would be a guess. */
void import_refuse(struct import *x, const struct source_file *f);

/* --- carry.c --- */

/* `key: value` of a carried node, as a line of the document; secrets are left out. `key`: where it stood. */
void carry(struct import *x, struct str key, const struct yaml *at);

/* --- amount.c --- */

/* A sum in dollars or a count: false after a note that refuses it. *ret_text is fit for `max`. */
bool read_usd(struct import *x, const struct yaml *at, struct str *ret_text);
bool read_count(struct import *x, const struct yaml *at, struct str *ret_text);
bool read_truth(const struct yaml *at); /* true, True, yes, on */
bool is_unset(const struct yaml *at);   /* not there, null, "", [] or {} */

/* --- draft.c --- */

struct scope {
    struct names agent, tenant, customer, vendor, operation, model;
    const char *by; /* "[customer]"; NULL: one bucket */
    struct str when;
};
struct draft_limit {
    const char *meter;
    struct str max, soft; /* soft empty: none */
    const char *window;   /* "{calendar: day}" */
    const char *on_exceed; /* NULL: deny */
};
/* `id` is a wish: it is made one, and made unique. reason may be empty. */
void draft_rule(struct import *x, struct str id, const char *effect, const struct scope *s, struct str reason,
                const struct yaml *from);
void draft_limit(struct import *x, struct str id, const struct draft_limit *l, const struct scope *s,
                 const struct yaml *from);
void draft_step(struct import *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct str draft_text(struct import *x);

/* --- models.c --- */

/* What both lists hold of models: for each pair the narrower, where one holds the other. */
struct names models_both(struct arena *a, const struct names *p, const struct names *q);

/* --- one a product --- */

void litellm_read(struct import *x);
void portkey_read(struct import *x);
