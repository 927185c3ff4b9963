/*
 * proxy/creators.h - who made a vendor object, by the record of calls: asked of the store, so that a restart forgets
 * nothing, on a reader's thread.
 */
#pragma once

#include "proxy/call.h"

/* Who asks; all of it lives until the answer is there. */
struct creators_question {
    struct str object_scope, id, name;         /* "key", "agent" or "run" */
    struct str tenant, agent;                  /* of the call that wants to know */
};
/* For struct ask.work: `ctx` is a creators_question; out is a JSON text: the value, empty when it is not on record. */
int creators_ask(void *ctx, struct store *s, struct store_reader *r, struct buf *out);
