/*
 * store/frame_read.h - what a frame says, as rows: the one place where stores read the layouts of call/frame.h.
 *
 * Arrays live in the arena; texts there, or where the frame has its own: both must last as long as the row. Members
 * that are absent, null or of another type are zero: bodies gain members over time, and an old store must still take
 * them. What a row cannot do without is -ERR_CORRUPT.
 */
#pragma once

#include "base/arena.h"
#include "base/money.h"
#include "call/frame.h"
#include "call/names.h"
#include "codec/json_read.h"

/* One limit's part of a hold. */
struct hold_row {
    size_t i; /* place in the OPEN body's limits */
    struct str counter, bucket, meter, window;
    wall_t window_start;
    int64_t n, max;
    struct str begin; /* the limit as written, up to max and its comma; empty: nothing stands behind max */
};

struct cost_row {
    bool is_known;
    money_t nano;
    enum how how;
};

struct call_open {
    struct str call_id, run_id, agent, key, vendor, mode, operation, class, verdict, code, shares;
    struct str tenant; /* personal, like user, customer, idempotency_key and params */
    struct str model;  /* that the vendor is asked for; empty: not a call to a model */
    struct str trace_id, parent_run_id;
    struct str root_run_id; /* empty: its own */
    struct str tool_call_id; /* that the call carries out */
    struct str user, customer, idempotency_key, owner; /* owner: personal too */
    struct str layer, rule, error;
    struct str path; /* personal */
    int64_t status; /* of a call that is over at once: what its agent got; 0: nothing, or it goes on */
    const struct str *params; /* those that are texts, without their names */
    size_t n_params;
    const struct str *affected; /* accounts that a scope was told of: personal too */
    size_t n_affected;
    wall_t started_at;
    wall_t ended_at;    /* 0: the call goes on */
    struct str outcome; /* of a call that is over at once; "none" when the body does not say */
    struct cost_row held;
    struct str idempotency_scope, idempotency_digest, idempotency_body; /* empty: no idempotency key */
    const struct hold_row *holds; /* what was taken: none when the call is over */
    size_t n_holds;
    size_t n_limits; /* of the body */
};

/* It is of a tree that another run began. */
static inline bool call_open_is_linked(const struct call_open *o)
{
    return o->root_run_id.n && !str_eq(o->root_run_id, o->run_id);
}

struct move_row {
    uint64_t of;
    size_t i;
    int64_t released, settled;
};

struct object_row {
    struct str id, type, customer, parent;
    bool is_created; /* by this call; else only seen in its answer */
};

struct call_close {
    uint64_t open_seq;
    struct str outcome, code;
    wall_t ended_at;
    struct cost_row settled;
    const struct move_row *moves;
    size_t n_moves;
    const struct object_row *objects; /* personal */
    size_t n_objects;
    struct str customer; /* personal: learned late */
    int64_t status;      /* what the agent got; 0: nothing */
    struct str vendor_request_id, error;
    const struct str *tool_calls; /* ids of what the model asked for */
    size_t n_tool_calls;
};

/* What an event does to the state that the next start needs. */
enum event_does {
    EVENT_NOTHING, /* unknown events too: kept and shown */
    EVENT_SETS,    /* the event is now the state of (kind, id) */
    EVENT_ENDS,    /* (kind, id) is over; the event that set it stays its state */
};
struct event_row {
    struct str event, by;
    struct str tenant; /* that it is about; empty: none, or not one only */
    wall_t at; /* the frame's */
    enum event_does does;
    struct str kind, id;
    bool is_policy; /* policy.apply: name is `id` */
    int64_t version;
    struct str digest;
};

/* -ERR_CORRUPT: not what the layout says; -ERR_TOO_LARGE: no room in the arena. */
int frame_read_open(struct arena *a, const struct frame *f, struct call_open *ret);
/*
 * The same, sooner where the call holds what `like` is, the holds of a call read before it. Texts of *ret may be those
 * of `like`, which must last as long.
 */
int frame_read_open_like(struct arena *a, const struct frame *f, const struct hold_row *like, size_t n_like,
                         struct call_open *ret);
int frame_read_close(struct arena *a, const struct frame *f, struct call_close *ret);
int frame_read_event(struct arena *a, const struct frame *f, struct event_row *ret);

/* {"usd":"0.004750000","how":"parsed"} or anything else: not known. */
struct cost_row cost_read(struct json v);
/* One text of a frame; empty text is JSON_ABSENT. */
int frame_parse(struct arena *a, struct str text, struct json *ret);
int frame_parse_both(struct arena *a, struct str body, struct str personal, struct json *ret_body,
                     struct json *ret_personal);
