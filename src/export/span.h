/*
 * export/span.h - spans as values, between what made them (trace.h) and how they travel (otlp.h).
 *
 * Texts and arrays are the caller's, mostly an arena's. Attributes are named once each.
 */
#pragma once

#include "base/arena.h"
#include "base/time.h"

#define SPAN_TRACE_ID_BYTES 16
#define SPAN_ID_BYTES 8
#define SPAN_ATTRS_MAX 64

/* Values are those of the protocol. */
enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2, SPAN_CLIENT = 3 };
enum span_status { SPAN_UNSET = 0, SPAN_OK = 1, SPAN_ERROR = 2 };

struct attr {
    struct str name;
    enum attr_type { ATTR_STR, ATTR_INT, ATTR_DOUBLE, ATTR_BOOL, ATTR_STRS } type;
    struct str s;
    int64_t n; /* INT, BOOL */
    double d;
    const struct str *items; /* STRS */
    size_t n_items;
};

struct attrs {
    struct attr items[SPAN_ATTRS_MAX];
    size_t n;
};

/* Nothing is added for an empty text. A span with more than SPAN_ATTRS_MAX attributes is our own mistake. */
void attr_str(struct attrs *a, struct str name, struct str value);
void attr_int(struct attrs *a, struct str name, int64_t value);
void attr_double(struct attrs *a, struct str name, double value);
void attr_bool(struct attrs *a, struct str name, bool value);
void attr_strs(struct attrs *a, struct str name, const struct str *items, size_t n); /* nothing for none */
const struct attr *attr_find(const struct attrs *a, struct str name);                /* NULL: there is none */

/* Another span that this one has to do with, without being its child. */
struct span_link {
    uint8_t trace_id[SPAN_TRACE_ID_BYTES];
    uint8_t span_id[SPAN_ID_BYTES];
    struct str how; /* attribute `flyball.link`: why */
};

struct span {
    uint8_t trace_id[SPAN_TRACE_ID_BYTES];
    uint8_t span_id[SPAN_ID_BYTES];
    uint8_t parent_id[SPAN_ID_BYTES];
    bool has_parent;
    struct str name;
    enum span_kind kind;
    wall_t start, end;
    struct attrs attrs;
    struct span_link link;
    bool has_link;
    enum span_status status;
    struct str message; /* of SPAN_ERROR */
};

struct spans {
    struct span **items; /* in the arena */
    size_t n, cap;
    struct arena *arena;
};
void spans_init(struct spans *s, struct arena *a);
struct span *spans_add(struct spans *s); /* zeroed; stays where it is */
