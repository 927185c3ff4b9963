/*
 * trace/record.h - the record of one call (CONTRACT 10) as the two texts of a journal frame (call/frame.h has the
 * layout).
 *
 * What the chain covers goes to `body`; what may be erased goes to `personal`, with its digest in body. Bodies of calls
 * are written in two steps, because what limits and holds say is known only under the ledger mutex: record_open_begin()
 * before it, record_open_end() inside, and so on. Texts go to buffers of the caller's; check buf_ok at the end.
 */
#pragma once

#include "base/buf.h"
#include "base/rand.h"
#include "call/cause.h"
#include "call/facts.h"
#include "call/verdict.h"
#include "codec/json_write.h"

#define SALT_BYTES 16

struct record_writer {
    struct json_writer w;
    struct buf *body, *personal;
    enum effect effect; /* the verdict that was written, */
    struct str rule;    /* by which rule, */
    struct str policy;  /* and of which document */
};

/* What is known of a call when it is held or refused. */
struct record_open {
    struct str call_id;
    wall_t started_at;
    const struct facts *facts;
    const struct verdict *verdict; /* effect, code, rule, reason, policy; needs for the buckets */
    struct str trace_id, span_id;
    struct str path;            /* as the agent sent it, without our prefix: personal */
    struct str idempotency_key; /* personal */
    struct str idempotency_scope, idempotency_digest, body_digest; /* hex; empty: none */
    struct str duplicate; /* digest that makes another request the same within duplicate_ms, hex: personal; or empty */
    struct str duplicate_key; /* digest of the idempotency key with which it would be a retry and none, hex; or empty */
    int64_t duplicate_ms;
    struct str direction;
    struct str model_sent;  /* where it is not facts->model: a route chose it; empty */
    struct str catalog;     /* version of the prices that facts->cost comes from; empty: from no catalog */
    struct cause cause;
    const struct str *additions;
    size_t n_additions;
    bool is_dry_run;
    bool could_ask_cost, could_ask_customer; /* a look-up could have brought it, and this document did not ask */
    const uint8_t *salt; /* SALT_BYTES */
};
void record_open_begin(struct record_writer *rw, const struct record_open *o, struct buf *body, struct buf *personal);

/* One try at an upstream, look-ups included. Times in microseconds from the call's start. */
struct record_attempt {
    bool is_lookup;
    struct str method, path; /* template, without ids */
    struct str target;       /* host:port */
    int64_t started_us, connect_us, first_byte_us, total_us; /* -1: never */
    uint16_t status;         /* 0: no answer */
    uint64_t bytes_out, bytes_in;
    const char *error;       /* NULL: a complete answer */
    bool is_reused;
};

/* How a call ended that is over in its OPEN frame: refused, or given up before anything was sent. */
struct record_end {
    wall_t at;
    uint16_t status;     /* what the agent got; 0: nothing (it was gone) */
    const char *error;   /* "client_gone", ...; NULL */
    uint64_t bytes_in, bytes_out; /* from and to the vendor, by look-ups */
    const struct record_attempt *attempts; /* look-ups */
    size_t n_attempts;
};
/* What was held, known only under the ledger mutex. */
struct record_hold {
    const struct limit_need *needs;
    size_t n_needs;
    struct cost held;    /* usd; how HOW_UNKNOWN: null */
    struct str shares;   /* call_id whose hold this call shares; empty: none */
    const struct verdict *would; /* that enforcement would give; NULL: nothing is in shadow */
    struct str would_of;
};
/* `end` NULL: the call goes on. */
void record_open_end(struct record_writer *rw, const struct record_hold *h, const struct record_end *end);

struct record_phases { /* microseconds; -1: did not happen */
    int64_t admit, decide, hold, sync, queue, connect, first_byte, first_token, total;
};
#define RECORD_PHASES_NONE ((struct record_phases){-1, -1, -1, -1, -1, -1, -1, -1, -1})

struct record_move {
    uint64_t of;
    size_t i;
    int64_t released, settled;
};

struct record_object {
    struct str id, type, customer, parent;
    bool is_created;
};

/* What a model was sent, used and asked for. Names are recorded up to LLM_NAME_BYTES_MAX. */
struct record_model {
    struct str sent;     /* empty: not a call to a model, and the rest means nothing */
    struct str returned; /* as the answer says; empty: it did not */
    struct str finish;   /* the vendor's own word; empty: it did not say */
    struct str tier;     /* served; empty: unknown */
    struct str catalog;  /* version of the prices that `settled` comes from; empty: from no catalog */
    struct usage usage;
    const struct tool_call *tool_calls; /* arguments are never recorded, their hashes are personal */
    size_t n_tool_calls;
};

struct record_close {
    struct str call_id; /* for the caller: the frame has the open_seq */
    uint64_t open_seq;
    wall_t ended_at;
    enum outcome outcome;
    struct cost settled; /* how HOW_UNKNOWN: null */
    struct amount amount; /* that it was settled with, where that is another one than was held; else not known */
    enum code code;      /* CODE_NONE: the vendor's answer went through */
    uint16_t status;
    const char *error;   /* NULL: none */
    struct str vendor_error;
    struct str vendor_request_id;
    /* "complete", "client_gone", "cut" (by the vendor, or as the daemon stopped), "stopped" (by an operator); NULL */
    const char *stream_end;
    bool is_overrun, is_replay;
    uint64_t bytes_in, bytes_out;
    struct record_phases phases;
    struct record_model model;
    const struct record_attempt *attempts;
    size_t n_attempts;
    struct str resolved_by; /* call_id that brought the outcome of an unknown call */
    const struct record_move *moves;
    size_t n_moves;
    const struct record_object *objects; /* a model's response id too, of type "response" */
    size_t n_objects;
    struct str customer; /* learned late */
    struct str poll;     /* path of the GET that will know the price; empty: nothing is asked for */
    const uint8_t *salt;
};
void record_close(const struct record_close *c, struct buf *body, struct buf *personal);
/* The same in two steps, as OPEN: outcome, settled, is_overrun and moves are read by the second one only. */
void record_close_begin(struct record_writer *rw, const struct record_close *c, struct buf *body, struct buf *personal);
void record_close_end(struct record_writer *rw, const struct record_close *c);

/* An EVENT: name and members for body; personal members get their digest. Values are JSON texts. */
struct record_member {
    struct str name;
    struct str json;
    bool is_personal;
};
void record_event(struct str event, struct str by, wall_t at, const struct record_member *members, size_t n,
                  const uint8_t *salt, struct buf *body, struct buf *personal);

/* "key":{"usd":"0.004750000","how":"parsed"}; nothing when it is not known. */
void record_put_cost(struct json_writer *w, struct str key, struct cost c);
