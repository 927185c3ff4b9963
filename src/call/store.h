/*
 * call/store.h - where records live once the journal has them. No SQL, no threads, no loop in here.
 *
 *   (1) apply() takes frames in seq order without gaps, and keeps them, what follows from them, and the position in one
 *       transaction: each frame arrives exactly once. Frames at or below the position are skipped.
 *   (2) apply() is called by one thread. Queries may be called from others: each with its own struct store_reader.
 *   (3) memory and SQLite (later PostgreSQL) pass one conformance test (tests/unit/store/conformance.c).
 */
#pragma once

#include "base/buf.h"
#include "base/money.h"
#include "call/erasure.h"
#include "call/frame.h"
#include "call/kept_body.h"
#include "call/limit.h"

struct store;
struct store_reader;

/* What the admin API asks; the answer is JSON: an array of objects, as CONTRACT 12 shows them. */
enum query_kind {
    QUERY_CALLS, /* newest first; filters below; outcome "open": without one */
    QUERY_CALL,  /* one by call_id (and tenant), with frames' seqs, events around it */
    QUERY_RUNS,  /* newest first: run_id, agent, tenant, calls, denied, unknown, settled usd, first, last */
    QUERY_RUN,   /* calls of one run, oldest first */
    QUERY_RUN_SUM, /* what the calls that QUERY_RUN gives add up to: one object (store/run_sum.h) */
    QUERY_SPEND, /* settled and held usd by day x vendor x model x class x agent x key, or some of these (spend_by);
                    newest day first; since and until count whole UTC days */
    QUERY_COUNTERS,    /* limits: counter, bucket, window_start, settled, held */
    QUERY_EVENTS,      /* newest first; id: of that name only; tenant: that are about it alone */
    QUERY_POLICIES,    /* every version, newest first: name, version, digest, applied_at, by, is_active; with id (name)
                          also    the document */
    QUERY_OBJECT,      /* one vendor object: vendor, mode, id -> customer, created by agent, key, run, call */
    /*
     * Settled calls whose price is awaited, newest first (filters, since): call_id, seq, ended_at, poll (what to GET),
     * settled, limits. A call that got its price is not among them.
     */
    QUERY_POLLS,
    /*
     * Calls that went to a vendor, or may have, and make equal ones duplicates for a while, newest first (filters,
     * since): call_id, started_at, duplicate (digest, window_ms, key).
     */
    QUERY_DUPLICATES,
    QUERY_IDEMPOTENCY, /* one idempotency key: scope + key -> call_id, open_seq, body digest, outcome, held */
    /*
     * Frames behind seq `after`, in order: seq, kind ("open", "close", "event"), version, at (integer, ns), node,
     * epoch, chain (hex), body and personal as JSON strings that hold their texts exactly as written: the chain is
     * recomputed from them.
     */
    QUERY_AUDIT,
    /*
     * What `id` belongs to: kind, id, call_id, run_id, agent, tenant, at, how (store/find.tbl.h). The names that it is
     * itself first (call, run, key by its beginning, agent, tenant, vendor object), then calls that name it, newest
     * first, each once. With `tenant` only what is that tenant's.
     */
    QUERY_FIND,
    /*
     * What is new for those who follow along, oldest first. Calls that a frame behind seq `after` ended: the record,
     * with ended_seq, and cause_span_id where another call caused it. The last element is {"seen_seq": n}: no frame up
     * to there has more to give.
     */
    QUERY_ENDED,
    /* Runs whose last call has a seq behind `after` and started before `until`: as QUERY_RUNS, with `ended`. */
    QUERY_QUIET_RUNS,
    /*
     * Every action on the account of the customer `id`, oldest first (store/customer.h): what it was and how it is
     * known. The last element has the counts: customer, proven, inferred, unattributed, objects, first_at, last_at.
     */
    QUERY_CUSTOMER,
    QUERY_MARKS, /* name, seq: see mark() */
    /*
     * What people watch: frames behind seq `after_seq`, in order, as {seq, kind: "call", counters, row}, with
     * {counter, bucket, max} of each that the call changes, or {seq, kind: "event", row}: a call as it was after that
     * frame. Filters as for calls; with any but tenant only calls. The last element is {seq, kind: "end"}: up to where
     * frames were looked at, which may be short of the last one.
     */
    QUERY_FEED,
    /*
     * The kept bodies of the call `id`, the request first: side, at, bytes, content_type, encoding, truncated, not_kept
     * (a text of call/body_lack.tbl.h), text, or base64 where it is no UTF-8.
     */
    QUERY_BODIES,
    /*
     * Kept bodies that have `text` in them, in any case of ASCII letters, newest first: call_id, side, at, run_id,
     * agent, tenant, and quote, what stands around it. The last element says what was looked at: bodies, bytes, since,
     * and next, where the next question goes on (before_seq) when search_bytes was not enough.
     */
    QUERY_BODY_TEXT,
    QUERY_COUNT
};

enum spend_by {
    SPEND_BY_DAY,
#define SPEND_BY(name, member) SPEND_BY_##name,
#include "call/spend_by.tbl.h"
#undef SPEND_BY
    SPEND_BY_COUNT
};
#define SPEND_BY_BIT(name) (1u << SPEND_BY_##name)

struct query {
    enum query_kind kind;
    struct str run, agent, tenant, key, vendor, model, operation, verdict, outcome, id; /* empty: any */
    struct str layer, class, owner, user, customer, code; /* of calls; empty: any */
    struct str text;       /* of calls: a piece of an id, name, operation, path, rule or error; empty: any */
    int64_t status;        /* of calls: what the agent got; 0: any */
    money_t min_usd;       /* of calls: cost at least so much, or hold so much while it is not known; 0: any */
    struct str scope;      /* QUERY_IDEMPOTENCY, QUERY_OBJECT: "<vendor>/<mode>/<key id or tenant>" */
    unsigned spend_by;     /* QUERY_SPEND: SPEND_BY_BIT()s; 0: all of them */
    uint64_t before_seq;   /* calls older than this open seq; 0: from the newest */
    uint64_t after_seq;    /* QUERY_AUDIT; and calls newer than this (follow) */
    wall_t since, until;   /* 0: open */
    int64_t rows_max;
    int64_t search_bytes;  /* QUERY_BODY_TEXT: unpacked bytes that it may look at */
    /*
     * QUERY_CALLS; may be NULL. Some filters are answered from the records alone, and a store need not look through all
     * of history at once: where it stopped short, this gets the seq of the last call looked at, and calls before it are
     * for the next question. 0: nothing was left out.
     */
    uint64_t *ret_stopped_at;
};

/* State at start. Strings are valid during the callback; a negative return stops and is passed up. */
struct counter_row {
    struct str counter, bucket, window;
    wall_t window_start;
    int64_t settled, held;
};
struct open_row { /* a call whose holds are not over: no close yet, or closed as unknown */
    uint64_t open_seq;
    struct str body, personal; /* of the OPEN frame */
    bool is_closed;            /* has a CLOSE: unknown, or its hold is shared by a call that is still open */
    const int64_t *left;       /* still held, one a limit of the body, same order */
    size_t n_left;
};
struct state_row { /* keys, policies and secrets as their last EVENT left them */
    struct str kind; /* "key", "policy", "secret", "kill", "run" */
    struct str body, personal; /* of that EVENT */
    bool is_over;      /* key revoked, secret removed */
    wall_t over_at;
};
/* That a run is of the tree which another run began, as its first call with a parent said. */
struct run_link_row {
    struct str tenant, run_id, root_run_id;
};
struct store_loader {
    int (*on_counter)(void *ctx, const struct counter_row *r);
    int (*on_open)(void *ctx, const struct open_row *r);
    int (*on_state)(void *ctx, const struct state_row *r);
    void *ctx;
};

struct store_ops {
    int (*apply)(struct store *s, const struct frame *frames, size_t n);
    uint64_t (*position)(struct store *s, uint8_t ret_chain[CHAIN_BYTES],
                         uint32_t *ret_epoch); /* last seq applied; 0: none */
    /*
     * The last seq that survives a power loss: at most the position. Only up to here may the journal be recycled. Any
     * thread; rises now and then during apply(), which saves a sync for each batch.
     */
    uint64_t (*durable)(struct store *s);
    /* Makes what was applied durable now, as far as readers let it; in the thread that applies, with its errors. */
    int (*make_durable)(struct store *s);
    /*
     * Remembers how far somebody has got, under a name of theirs; in the thread that applies. Survives what the store's
     * frames survive, in the order of the calls.
     */
    int (*mark)(struct store *s, struct str name, uint64_t seq);
    /*
     * Bodies of calls, in the thread that applies: puts these, and removes what `bound` says, *ret_removed of them.
     * They are no part of the chain, and what of them is lost with the machine is lost.
     */
    int (*keep)(struct store *s, const struct kept_body *bodies, size_t n, const struct bodies_bound *bound,
                int64_t *ret_removed);
    /*
     * Erasing, in the thread that applies. erase() writes down what it is asked for, then takes the values out of all
     * that can be asked, in one step; erase_scrub() takes them out of what lies behind (-ERR_BUSY: a reader is in the
     * way, ask again); erase_end() forgets the question. erase_pending(): 0, or where a process that died had got to.
     */
    int (*erase)(struct store *s, const struct erasure *e, struct erased *ret);
    int (*erase_pending)(struct store *s, struct arena *a, struct erasure *ret, struct erased *ret_done);
    int (*erase_scrub)(struct store *s);
    int (*erase_end)(struct store *s);
    /* Counters of windows and slots that are past at `now` are left out, but for those that hold something. */
    int (*load)(struct store *s, wall_t now, const struct store_loader *to);
    /* The newest n_max links of runs, oldest first; a negative return of on_link stops and is passed up. */
    int (*links)(struct store *s, size_t n_max, int (*on_link)(void *ctx, const struct run_link_row *l), void *ctx);
    int (*reader_new)(struct store *s, struct store_reader **ret);
    int (*ask)(struct store_reader *r, const struct query *q, struct buf *ret_json);
    /*
     * Frames as they were written, in order: those behind seq `after`, from where they may be of `since` on (0: from
     * the first), about n_frames of them. on_frame: texts are its own while it runs; other than 0 ends the walk, and is
     * passed up. 0; STORE_R_END: there are no more.
     */
    int (*walk)(struct store_reader *r, uint64_t after, wall_t since, size_t n_frames,
                int (*on_frame)(void *ctx, const struct frame *f), void *ctx);
    void (*reader_free)(struct store_reader *r);
    /* Rebuilds all counters from the frames and compares: rows that differ, as JSON. 0: equal; STORE_R_DIFFERS. */
    int (*rebuild)(struct store *s, struct buf *ret_json);
    void (*close)(struct store *s);
};
#define STORE_R_DIFFERS 1
#define STORE_R_END 3
#define STORE_R_TO_ERASE 1
#define STORE_R_ERASED 2 /* but not scrubbed */

struct store {
    const struct store_ops *ops;
};
