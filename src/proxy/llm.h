/*
 * proxy/llm.h - what a call to a model has beside what every call has; made at admit, in the call's arena.
 *
 *   classify_llm.c   the body is read: which model, how much at most
 *   answer_llm.c     the answer passes, and the meter reads it
 *   settle_llm.c     what it used, on every way out
 */
#pragma once

#include "llm/bound.h"
#include "llm/meter.h"
#include "proxy/call.h"

/* What all workers share for calls to models. Immutable but for the floors, which are lock-free. */
struct llm_shared {
    const struct catalog *catalog;
    struct llm_floors *floors;
    bool is_strict; /* every byte of input counts as a token */
};

struct call_llm {
    enum llm_shape shape;
    struct str operation;
    enum op_class class;
    struct llm_call request;
    const struct model *model; /* NULL: the catalog does not know it */
    struct token_bound bound;
    struct llm_meter *meter; /* from the answer's head on; NULL: there was none */
    int64_t redaction_bytes; /* of text that was counted because replacements are longer than what they stand for */
    bool is_stream;          /* the answer is a stream of events */
    bool is_clamped;         /* its output maximum was lowered to fit a limit */
    bool is_told;            /* the core knows which tool calls it asked for */
    enum code stopped;       /* why an answer that turns out to be a stream ends at its head; CODE_NONE: it may begin */
};

enum rate_dialect call_rate_dialect(const struct call *c);
/* True when the target is a call to a model: call.llm is set. At the end of admit. */
bool call_is_to_model(struct call *c);
/* A stream was asked for, or came all the same: it ends when its agent leaves, and at `revoke --now`. */
bool call_is_stream(const struct call *c);
void stage_classify_llm(struct call *c);
void stage_answer_llm(struct call *c);
/* After the bytes of the request changed (request.text_bytes). */
void call_facts_of_model_again(struct call *c);
/*
 * Makes a call to a model ask less of a limit without room, as the limit says: a lower output maximum, or a cheaper
 * model. True: decide again. False: it cannot, or was decided DECIDE_AGAIN_MAX times.
 */
bool call_make_smaller(struct call *c, const struct limit_need *need);

/* How the vendor's part ended, for call_settle_llm. `error` NULL: the answer came whole. */
struct llm_end {
    const char *error, *stream_end;
    enum code code;  /* CODE_NONE: what the vendor said passes */
    uint16_t status; /* what the agent got; 0: nothing */
};
void call_settle_llm(struct call *c, const struct llm_end *e);
/* Tells the core which tool calls the answer asks for, once: before the agent has its end, because it acts on them. */
void call_tell_tool_calls(struct call *c);
/*
 * A call that is with the vendor and may not go on: the vendor is cancelled, what passed is settled, and the agent gets
 * the reason, in the dialect of its stream where that has begun (e->status is then the answer's). Frees the call.
 */
void call_end_now(struct call *c, const struct llm_end *e, struct str sentence);
