/*
 * proxy/core_notices.h - what rules noted (`notify`), on its way to the webhooks that want to know.
 *
 *   (1) the event policy.notice is on the journal before the call is made, whoever is told of it.
 *   (2) what waits to be told is in memory only, notices_max of it: what is beyond, or not told when the process ends,
 *       is in the events and is not told later.
 */
#pragma once

#include "base/post.h"
#include "base/str.h"
#include "proxy/core.h"

/* Those of these names are kept from now on, and `p` is posted for each. `names` outlives the core; box NULL: not any
 * more. One listener. */
void core_on_notice(struct core *c, const struct str *names, size_t n, struct post_box *box, struct post p);

/* One that waits; texts in the arena. `payload`: a JSON object of what the event says. */
struct waiting_notice {
    struct str id, text, reason, payload;
};
bool core_notice_next(struct core *c, struct str name, struct arena *a, struct waiting_notice *ret);
/* Somebody was told of it, or it was given up: it waits no more. */
void core_notice_done(struct core *c, struct str id);
