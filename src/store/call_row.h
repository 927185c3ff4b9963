/*
 * store/call_row.h - one call as the stores list it, and the sums over calls. Plain values; strings are the caller's.
 */
#pragma once

#include "call/store.h"
#include "store/frame_read.h"

struct call_row {
    uint64_t open_seq;
    uint64_t close_seq; /* first CLOSE; 0: none yet */
    uint64_t last_seq;  /* last CLOSE when there were several; else 0 */
    struct str call_id, run_id, agent, tenant, key, vendor, mode, operation, class, verdict, code;
    struct str model;   /* empty: not a call to a model */
    struct str outcome; /* empty: open */
    wall_t started_at, ended_at;
    struct cost_row held, settled;
    /* Known where the row was made from frames; a list's columns do not have them. */
    struct str layer, owner, user, customer, rule, path, error;
    int64_t status;
};

/* Settled at what it was expected to cost, or without a price. */
bool call_row_is_unpriced(const struct call_row *row);
/* It went to its vendor, or may have: neither refused nor known to have done nothing. */
bool call_row_may_have_happened(const struct call_row *row);

void call_row_open(struct call_row *row, const struct frame *f, const struct call_open *o);
/* The last CLOSE counts for outcome and settled; when the call ended, and what its agent got, the first one says. */
void call_row_close(struct call_row *row, const struct frame *f, const struct call_close *c);

/* The row of a call from its texts; empty ones are not there. Strings live in the arena and the texts. */
struct call_texts;
int call_row_of(struct arena *a, const struct call_texts *t, struct call_row *ret);
/* Whether a question asks for values that a list's columns do not have. */
bool query_needs_frames(const struct query *q);
/* Whether it is one that is asked for, by its values; not by place or time. Events: by name and tenant. */
bool call_row_fits(const struct query *q, const struct call_row *row);
bool event_row_fits(const struct query *q, const struct event_row *row);

/* A sum over calls, for runs and spend. Held is what open and unknown calls hold. */
struct rollup {
    int64_t calls, denied, unknown;
    money_t settled, held;
    enum how how; /* of the weakest part of settled; HOW_PARSED for none */
};
#define ROLLUP_NONE ((struct rollup){.how = HOW_PARSED})

struct rollup rollup_of(const struct call_row *row);
/* -ERR_OVERFLOW. */
int rollup_add(struct rollup *sum, const struct rollup *r);
/* sum + after - before: what changes when one call changes. `how` only ever gets weaker. */
int rollup_change(struct rollup *sum, const struct rollup *before, const struct rollup *after);
