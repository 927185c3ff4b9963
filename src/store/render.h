/*
 * store/render.h - rows and frames as the JSON that the admin API shows: one renderer for all stores.
 *
 * Texts of frames are parsed into `a`, which the caller resets between rows. Negative: -ERR_CORRUPT (a text that is not
 * what was written), -ERR_TOO_LARGE (arena); the buf behind the writer is checked by the caller.
 */
#pragma once

#include "call/store.h"
#include "codec/json_write.h"
#include "store/call_row.h"
#include "store/tally.h"

/* The frames of one call. Empty texts: not there, or erased. */
struct call_texts {
    uint64_t open_seq, close_seq, last_seq; /* as in struct call_row */
    uint8_t chain[CHAIN_BYTES];             /* of the OPEN frame */
    struct str open, open_personal;
    struct str close, close_personal; /* first CLOSE */
    struct str last, last_personal;   /* last CLOSE, when there were several */
};
/* The record (CONTRACT 10). With `is_full` also facts, params, idempotency, moves and the frames' seqs; the object
 * stays open for more members of the caller's: end it with jw_object_end. */
int render_call(struct arena *a, struct json_writer *w, const struct call_texts *t, bool is_full);

/*
 * The record of a call that is over, for those who follow along. body_of gives the OPEN body of another call, empty:
 * there is none; it stays valid while this one works.
 */
int render_ended(struct arena *a, struct json_writer *w, const struct call_texts *t,
                 struct str (*body_of)(void *ctx, struct str call_id), void *ctx);
void render_seen(struct json_writer *w, uint64_t seq);
void render_mark(struct json_writer *w, struct str name, uint64_t seq);
/* A row of QUERY_POLLS; 1 and nothing written: no frame of the call says what to ask. */
int render_poll(struct arena *a, struct json_writer *w, const struct call_texts *t);
/* A row of QUERY_DUPLICATES; 1 and nothing written: the call makes no other one a duplicate. */
int render_duplicate(struct arena *a, struct json_writer *w, const struct call_texts *t);

/* All members of body but "event", "by", "at" and "personal", and of personal but "salt", stand beside them. */
int render_event(struct arena *a, struct json_writer *w, uint64_t seq, wall_t at, struct str body, struct str personal);
/* A version of a policy document, from its EVENT. The document itself only `with_document`. */
int render_policy(struct arena *a, struct json_writer *w, uint64_t seq, wall_t at, struct str body, bool is_active,
                  bool with_document);

struct run_row {
    struct str run_id, agent, tenant;
    struct rollup sum;
    wall_t first_at, last_at; /* started_at of its first and last call */
    uint64_t first_seq, last_seq;
};
void render_run(struct json_writer *w, const struct run_row *r);
/* `ended_at` of its last call; 0: that one is still open. */
void render_quiet_run(struct json_writer *w, const struct run_row *r, wall_t ended_at);

struct spend_row { /* what rows are not told apart by is 0 and empty */
    wall_t day;
    struct str vendor, model, class, agent, key;
    struct rollup sum;
};
/* True when rows of that query are told apart by it. */
bool spend_is_by(const struct query *q, enum spend_by by);
void render_spend(struct json_writer *w, const struct spend_row *r);

void render_counter(struct json_writer *w, const struct tally_row *r);

struct object_full {
    struct str scope; /* "<vendor>/<mode>" */
    struct object_row object;
    struct str agent, key, run_id, call_id; /* of the call that created it, else of the first that saw it */
    uint64_t open_seq;
};
void render_object(struct json_writer *w, const struct object_full *o);

struct idempotency_row {
    struct str scope, key, body;
    wall_t at;
    const struct call_row *call;
};
void render_idempotency(struct json_writer *w, const struct idempotency_row *r);

/* For audit: everything the chain covers, byte for byte, texts as JSON strings. */
void render_frame(struct json_writer *w, const struct frame *f, bool has_personal);

/* Members "calls", "denied", "unknown", "settled" and "held" of an open object. */
void render_rollup(struct json_writer *w, const struct rollup *r);
/* A decimal string for usd, else an integer. */
void render_units(struct json_writer *w, struct str key, struct str meter, int64_t n);
/* {"usd":...,"how":...} or null. */
void render_cost(struct json_writer *w, struct str key, struct cost_row c);
void render_wall(struct json_writer *w, struct str key, wall_t t); /* 0: null */
struct str frame_kind_text(enum frame_kind k);                     /* "open", "close", "event" */

/* rows_max of a query; QUERY_ROWS_DEFAULT where it says nothing. */
#define QUERY_ROWS_DEFAULT 100
int64_t query_rows(const struct query *q);

/* What an object's and an idempotency key's scope starts with: the first two parts of "<vendor>/<mode>/...". */
struct str object_scope(struct str scope);
