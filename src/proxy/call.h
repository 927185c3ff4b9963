/*
 * proxy/call.h - one call on its way (DESIGN 3): its state, and the functions of its stages, one file each.
 *
 *     NEW -> READING -> DECIDING -> SYNCING -> FORWARDING -> ANSWERING -> REPLYING -> DONE
 *                        |    ^
 *                        v    |          any state -> REPLYING (refused) -> DONE
 *       LOOKING_UP, ASKING, WAITING      agent gone: see call.tbl.h
 *
 * Truths, checked by call_check():
 *   (1) `held` is set from the hold until core_close: in SYNCING, FORWARDING, ANSWERING, and nowhere else.
 *   (2) `up` is set in LOOKING_UP, FORWARDING, ANSWERING only.
 *   (3) `client` is NULL once the agent is gone or has its whole answer.
 *   (4) every call with a known key is written exactly once: by call_refuse / call_give_up, or by hold and settle.
 */
#pragma once

#include "base/err.h"
#include "call/rate.h"
#include "identity/run.h"
#include "net/timer.h"
#include "proxy/core_approvals.h"
#include "proxy/core_keys.h"
#include "proxy/agent_fields.h"
#include "proxy/worker.h"

enum call_state {
#define STATE(name, text, edges, leave_read, leave_other, leave_stream) CALL_##name,
#include "proxy/call.tbl.h"
#undef STATE
};

#define CALL_MAGIC 0x666c79ca
#define ATTEMPTS_MAX 16
#define OBJECTS_MAX 64
#define CALL_ADDITIONS_MAX 4

struct call_llm;
struct redaction;

/* Where the decided request goes at the vendor. */
struct send_to {
    struct str path, query, content_type;
    struct str path_template; /* without ids, for the record of attempts */
};

/* What is left to send of a request's body (send.c). */
struct send_state {
    const struct str *parts;
    size_t n_parts, at;
    bool is_finished;
};

struct call {
    uint32_t magic;
    enum call_state state;
    struct worker *w;
    struct list node;
    struct arena arena; /* everything below that is a str, unless said otherwise */
    mono_t began_at;
    wall_t started_at;
    char id[UUID_TEXT_BYTES];

    /* the agent's side */
    struct http_exchange *client;
    const struct http_head *head; /* valid while client is */
    const struct agent_fields *fields;    /* what is in it; its values are valid as long */
    struct str method;
    struct buf body;
    bool is_body_read;

    /* admit */
    struct admission adm;
    struct str presented; /* the agent's key: for finding it where it must not stand, never for a record */
    struct str dress;     /* what it wore: may say which vendor is meant */
    struct run run;
    const struct vendor *vendor;
    enum mode vendor_mode; /* of the vendor, when the call was let in */
    struct str path, query; /* the vendor's own */
    const struct operation *op; /* of the vendor's connector, for method and path; NULL: none that it knows */
    bool has_query, is_dry_run, has_key;
    struct str token_customer; /* of the identity token; empty: none */
    struct str idempotency_key;
    bool has_idempotency_key;
    struct cause cause;
    enum code told_code; /* HTTP refused the rest of the request: the agent was told so already */
    struct http_refusal told;

    /* classify, decide */
    struct saas_call saas;
    struct call_llm *llm; /* a call to a model: proxy/llm.h; NULL: a SaaS call */
    struct send_to to;
    bool is_classified, may_look_up;
    struct str object_scope; /* "<vendor>/<mode>": whose object ids */
    struct facts facts;
    struct verdict verdict;
    struct idempotency idem;
    bool is_idem_known, is_decided;
    struct duplicate duplicate;        /* that it is held with */
    struct duplicate vendor_duplicate; /* as the connector says; a rule may say something else in its place */

    /* approve */
    int64_t wait_ms; /* how long it may wait for a person, from now on */
    struct approval_wait approval_wait;
    struct timer wait_timer; /* armed in WAITING */
    struct str approval_id;  /* that it waits for */
    wall_t approval_expires_at, wait_until;
    mono_t waits_since;

    /* hold */
    struct held held;
    bool is_held;
    struct sync_wait sync;
    struct ask ask;
    struct redaction *redaction; /* what is taken out of it: proxy/redaction.h; NULL: nothing */
    struct str *send_body; /* pieces */
    size_t n_send_body;
    struct str send_key;
    struct str additions[CALL_ADDITIONS_MAX];
    size_t n_additions;
    struct http_field *send_fields; /* the agent's fields that go on, with room for ours; NULL: not copied yet */
    size_t n_send_fields;
    struct str lookup_key;
    void (*lookup_done)(struct call *c, uint16_t status, struct str body);
    struct saas_affected *affecting; /* on whose accounts (affected.c); NULL: not asked yet */
    struct scope_answer *answers;          /* QUESTIONS_MAX; NULL: none yet (question.c) */
    size_t i_question;               /* of the verdict's */
    int n_decided, n_tries; /* forward attempts */
    struct cost settled;    /* after call_settle */

    /* forward, answer */
    struct credential *credential; /* a reference, from before the first send; NULL: none yet, or none is wanted */
    struct http_exchange *up;
    struct timer total_timer;
    size_t n_attempts;
    struct http_head answer_head; /* copied */
    struct buf answer;
    struct conceal_stream conceal;
    struct buf kept; /* the answer as it passes, where it is kept (keep.h); as much as is kept of it */
    int64_t kept_bytes;
    bool is_kept;
    bool is_streaming, is_head_sent, is_sent; /* is_sent: a byte of the governed request may have left */
    bool is_client_full; /* the agent has not taken stream_window_bytes yet: nothing more is taken from the vendor */
    size_t credit_owed;
    struct send_state sending;
    struct record_phases phases;
    uint8_t salt[SALT_BYTES];
    struct record_attempt attempts[ATTEMPTS_MAX]; /* last: a new call does not clear them */
};

/* --- state (call.c) --- */
struct call *call_new(struct worker *w, struct http_exchange *x, const struct http_head *head);
void call_go(struct call *c, enum call_state to);
void call_check(const struct call *c);
void call_done(struct call *c); /* frees; the client and up exchanges must be released */
void call_abandon(struct call *c);     /* at the end of the process: memory only, the record stays open */
int64_t call_us(const struct call *c); /* microseconds since it began */
/*
 * Asks the store, from DECIDING: `what` has the query, or the work. `done` comes in ASKING with the call, also when the
 * agent has left; the answer is in c->ask.
 */
void call_ask_store(struct call *c, const struct ask *what, size_t json_bytes_max, void (*done)(void *ctx));
/* Behind a wait in ASKING: on in DECIDING. False: the agent has left, and the call is over. */
bool call_go_on(struct call *c);
const char *call_state_text(enum call_state s);
bool call_is_harmless(const struct call *c); /* class read: nothing can have happened at the vendor */

/* --- stages, in order: each runs as far as it can --- */
void stage_admit(struct call *c);
void stage_read(struct call *c);
void stage_classify(struct call *c);
void call_facts_again(struct call *c); /* after a look-up, or a wait */
void stage_decide(struct call *c);
void call_decide_anew(struct call *c); /* with the document in force now */
/*
 * The limits as they stand now: those without room ask, or refuse, in the verdict. False: the call could be made to fit
 * (call_make_smaller), and was decided again.
 */
bool call_look(struct call *c);
#define DECIDE_AGAIN_MAX 8
void stage_look_up(struct call *c, bool wants_amount, bool wants_customer);
void stage_affected(struct call *c); /* on whose accounts does it act? */
void stage_question(struct call *c); /* what scopes ask about them */
void stage_hold(struct call *c);
/* What would be sent, without what rules take out of it. False: it was refused, or (it grew) decided again. */
bool call_compose(struct call *c);
void stage_forward(struct call *c);
void stage_answer(struct call *c, const struct http_head *head);

/* What is known of the agent's events in states where nobody else listens (call.c). */
extern const struct http_events call_client_events;
void call_client_gone(struct call *c);
/* The agent's side of a streamed answer: bytes for it, and as much from the vendor as it has taken. */
void call_write(struct call *c, struct str bytes);
void call_give_credit(struct call *c);
/* Ends the stream of a call that may not go on (key revoked, run or everything stopped); leaves all others alone. */
void call_sweep(struct call *c);
/* The process stops: a call to a model that is still with the vendor ends with what passed. Leaves all others alone. */
void call_cut_off(struct call *c);
#define CALL_STOPPING STR("Flyball is being stopped; nothing was sent")

/* What the agent asks of the vendor, as it was read: before something is taken out, or a limit makes it smaller. */
struct call_action {
    struct str path, query, body;
};
struct call_action call_action(const struct call *c);

/* The agent's key stands in `s`: outside of the fields for keys it would be recorded, or sent to a vendor. */
bool call_shows_key(const struct call *c, struct str s);
#define CALL_SHOWS_KEY \
    STR("The request shows its Flyball key outside of the fields for keys, where it would be recorded and sent on")

/* --- ends --- */
/* Refuses: record, answer in the vendor's form. `status` 0: the code's own. `sentence` without the call id. */
void call_refuse(struct call *c, enum code code, uint16_t status, struct str sentence);
void call_refusef(struct call *c, enum code code, uint16_t status, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* What the server answers by itself, in the form of our refusals; `c` NULL: there is no call. on_reset follows. */
void call_answer_of_http(struct worker *w, struct call *c, const struct http_refusal *r, struct arena *a,
                         struct http_refusal_answer *ret);
/* Sends a whole answer and lets the agent's exchange go; then the call is done. */
void call_send(struct call *c, uint16_t status, const struct http_field *fields, size_t n, struct str body);
/* Writes the record of a call that ends without being held and without an answer. */
void call_give_up(struct call *c, const char *error);
/* The answer to a refusal or a failed upstream, when the record is written already. */
void call_reply_refusal(struct call *c, enum code code, uint16_t status, struct str sentence, bool may_retry,
                        int64_t retry_after_s);

/* Closes hold and record; call.held is gone after it. `code` NONE: the vendor's answer passes. */
struct settlement {
    enum outcome outcome;
    struct cost settled;
    enum code code;
    uint16_t status;
    const char *error;
    const char *stream_end;
    struct saas_result *result;      /* NULL: none */
    const struct llm_result *model;  /* of a call to a model; NULL: none */
};
void call_settle(struct call *c, const struct settlement *s);
/* Its price comes later, and is asked for (proxy/poll.h): true before and after the call is settled. */
bool call_awaits_price(const struct call *c, const struct saas_result *r);

/* For /metrics, once, when the call is over: microseconds of all its requests to the vendor. */
int64_t call_count_attempts(const struct call *c);
/* Bytes from and to the vendor, all attempts together; added to what is there. */
void call_count_bytes(const struct call *c, uint64_t *in, uint64_t *out);
/* Begins the OPEN record from what is known (record.c). Buffers belong to the caller. */
void call_record_begin(struct call *c, struct record_writer *rw, struct buf *body, struct buf *personal);

/* Response fields of ours for the agent; n is added to. */
#define OUR_FIELDS_MAX (10 + RATE_FIELDS_MAX)
void call_our_fields(struct call *c, struct http_field *fields, size_t *n);

/* The request's body is not needed any more: an answer can be long, and bodies are megabytes. */
void call_drop_body(struct call *c);
/* The name of the limit that bounds this call's body, for sentences; c->body has its value. */
const char *call_body_limit(const struct call *c);

/* Routing (route.c): vendor and path from the target. A refusal was sent when it returns false. */
bool call_route(struct call *c);
