/*
 * proxy/redaction.h - what a call's policy takes out of it: of the request, before it is sent; of the answer, before
 * the agent gets it; of the record, before it is written.
 *
 *   (1) what cannot be looked into is not passed on: a request is refused, an answer is kept from the agent.
 *   (2) names, paths and the idempotency key mean something as they are: where something would have to be taken out of
 *       a path or a key, the request is refused.
 *   (3) the answer is understood and settled as the vendor gave it.
 */
#pragma once

#include "policy/policy.h"
#include "proxy/call.h"

struct redact_events;
struct gunzip;

/* Made with the first request that something is taken out of; in the call's arena, but for what its buffers hold. */
struct redaction {
    struct redact_set request, response;
    struct buf body;          /* the request's, as it is sent */
    int64_t grown;            /* bytes that the model gets beyond those that were counted */
    struct gunzip *gunzip;    /* of an answer that came packed; NULL: it did not */
    struct buf unpacked, out; /* a piece of the answer */
    struct redact_events *events; /* of a stream; NULL: it is none */
    bool is_closed;           /* the answer cannot be looked into: nothing of it goes on */
};
void redaction_free(struct redaction *r); /* NULL is fine */

/*
 * Behind compose, before hold: takes out of what is sent. 0: done (or nothing is asked for). REDACTION_R_AGAIN: what
 * the model gets grew beyond what was counted; decide again. REDACTION_R_REFUSED: the call was refused.
 */
int redaction_of_request(struct call *c);
#define REDACTION_R_AGAIN 1
#define REDACTION_R_REFUSED 2
/* One text, in the call's arena where something is taken out of it; empty where it became too large by that. */
struct str redaction_of_text(struct call *c, const struct redact_set *s, struct str text);
/* Of the fields of the agent's that go on. */
void redaction_of_fields(struct call *c);

/* Something is to be taken out of the answer: it is not streamed but as events, and 1xx heads do not pass. */
bool redaction_takes_answer(const struct call *c);
/* At the answer's head: its fields lose what they must, and how it is packed is seen. */
void redaction_of_head(struct call *c);
/* Known at the head already: it cannot be looked into. */
bool redaction_is_closed(const struct call *c);
/* A piece of the answer, unpacked where it is packed. False: it cannot be. */
bool redaction_unpack(struct call *c, struct str bytes, struct str *ret);
/* The whole answer in c->answer, unpacked. What is damaged cannot be looked into. */
void redaction_unpack_answer(struct call *c);
/* The whole answer, understood and settled. False: it cannot be looked into, and the agent was told so; c is gone. */
bool redaction_of_answer(struct call *c);
/* A stream of events begins; then its pieces and its end: *ret may go on. False: nothing more may. */
void redaction_begin_events(struct call *c);
bool redaction_of_events(struct call *c, struct str bytes, bool is_end, struct str *ret);
#define REDACTION_CUT \
    STR("An event of the answer cannot be looked into, and the policy asks to take out what is personal; what was " \
        "used is counted")

/* What is personal in a record and no identity: copies with it taken out. Where nothing is asked for, as they are. */
struct redacted_record {
    const struct facts *facts; /* the call's own, or a copy in its arena */
    const struct verdict *verdict;
    struct str path, saas_path, idempotency_key;
};
void redaction_of_record(struct call *c, struct redacted_record *ret);
uint32_t redactors_of_record(const struct call *c); /* bits: the policy's, that act on it */
