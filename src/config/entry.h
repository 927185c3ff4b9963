/*
 * config/entry.h - one named entry of a section that is a map from names: a vendor, an issuer, a target of exports.
 * What they have in common is read here; each kind reads its own keys.
 */
#pragma once

#include "config/config_impl.h"

struct entry {
    struct loader *l;
    const struct yaml *y;
    const char *section; /* "vendors" */
    struct str name;     /* the config's */
};

/* What the keys of a kind are, and how a person calls one of it. */
struct entry_kind {
    const char *section, *want; /* "vendors", "a map from names to vendors" */
    const char *whose;          /* "a vendor's" */
    const struct config_key_info *keys;
    size_t n_keys;
    int n_max;
};

/* The section of that kind; NULL: it is not there, has no entry, or is no good, and a diag said so. */
const struct yaml *entries_of(struct loader *l, const struct yaml *root, const struct entry_kind *kind);
/* False: it is no map. Its name, unknown keys, and those that are missing are told; its values are not looked at. */
bool entry_begin(struct entry *e, struct loader *l, const struct yaml *y, const struct entry_kind *kind);

/* "vendors.NAME" and the text; a dot between them unless the fault is the entry's as a whole. */
void entry_fault(struct entry *e, const struct yaml *y, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The value of `key` in `map`, which is e->y or stands in it, when it is there and of that type; else NULL. */
const struct yaml *entry_get(struct entry *e, const struct yaml *map, struct str key, enum yaml_type type,
                             const char *want);
/* *ret stays as it is without the key. */
void entry_bool(struct entry *e, struct str key, bool *ret);
/* A text of 1 to `max` bytes without NUL; *ret stays as it is without the key, or where it is none. */
void entry_text(struct entry *e, const struct yaml *map, struct str key, size_t max, struct str *ret);
/* "env:NAME" or "file:PATH": where a value is, never the value. */
bool entry_is_reference(struct str s);
