/*
 * proxy/core_approvals.h - questions to persons: asked by calls, answered by people, used once.
 *
 *   (1) on the journal before it is in force, and in the store: a question, and a yes, outlive the process.
 *   (2) bound to the digest of the exact action: one byte more is another question.
 *   (3) a yes is used by one call, in the critical section that takes its limits; by nobody twice.
 *   (4) answered by people with names, each once, and never by who asks: the key's owner, the agent's, the user for
 *       whom it acts, or one through whom it does.
 *   (5) nothing is held while a question stands.
 *
 * A no stands as long as the question would have: the same is not asked again meanwhile. That nobody answered is told
 * to every call that waited, or to the next one; the one after asks anew.
 */
#pragma once

#include "call/facts.h"
#include "call/verdict.h"
#include "proxy/core_call.h"

struct person;

#define APPROVAL_ID_BYTES 25 /* "apr_<20 hex>", NUL-terminated */
#define APPROVAL_DIGEST_BYTES 32
#define APPROVAL_NOTE_BYTES_MAX 500
#define APPROVAL_LINK_CHARS 39 /* base62: 232 bits */
#define APPROVAL_REQUESTERS_MAX 12

/* In the order of the table. */
enum approval_state {
#define APPROVAL_STATE(name, text, is_live) APPROVAL_##name,
#include "proxy/approval_state.tbl.h"
#undef APPROVAL_STATE
    APPROVAL_STATE_COUNT
};
struct str approval_state_text(enum approval_state s);
int approval_state_parse(struct str s, enum approval_state *ret); /* -ERR_INVALID */

/* --- calls ------------------------------------------------------------------------------------------------------ */

/* A call that waits for an answer. Posted once, unless it leaves before. */
struct approval_wait {
    struct list node;
    struct key_entry *key;
    bool is_listed;
    struct post_box *box;
    struct post done;
};

struct approval_request {
    const struct key_entry *key;
    const struct facts *facts;
    const struct verdict *verdict; /* approval, rule, reason, policy */
    const struct idempotency *idempotency;
    struct str call_id, path;
    struct str claimed_user; /* as the agent says it, where facts->claims may have less: no word of it is kept */
    struct str waited_for; /* the question for which the call has waited; empty: none */
    const uint8_t *digest; /* APPROVAL_DIGEST_BYTES */
    struct approval_wait *wait; /* box and done set; NULL: the call does not wait */
    wall_t now;
};
struct approval_answer {
    struct str id;               /* in the arena, like the rest */
    struct approval_grant grant; /* of APPROVAL_R_GRANTED */
    struct str by, note;         /* of APPROVAL_R_DENIED */
    wall_t expires_at;
    bool is_waiting; /* of APPROVAL_R_PENDING: `wait` is listed */
};
/*
 * Looks for an answer to this action, and asks where there is none. Negative: the journal's.
 * GRANTED: hold with grant.id. PENDING: nobody has answered yet. DENIED. TIMEOUT: nobody did, this once. KEY_FULL:
 * approvals_per_key_max; FULL: approvals_max.
 */
int core_approval_ask(struct core *c, const struct approval_request *q, struct arena *a, struct approval_answer *ret);
enum {
    APPROVAL_R_GRANTED = 1,
    APPROVAL_R_PENDING,
    APPROVAL_R_DENIED,
    APPROVAL_R_TIMEOUT,
    APPROVAL_R_KEY_FULL,
    APPROVAL_R_FULL,
};
/* True: nothing will be posted. False: it is posted already, and on its way. */
bool core_approval_leave(struct core *c, struct approval_wait *w);
/* The call that used it ended, and nothing of it was sent: the yes is good again. */
void core_approval_back(struct core *c, struct str id, struct str call_id);

/* --- people ----------------------------------------------------------------------------------------------------- */

struct approval_decision {
    struct str id;
    bool is_yes;
    struct str note; /* at most APPROVAL_NOTE_BYTES_MAX */
    const struct person *by;
    struct str link; /* in the place of `id`: the token of a link, which is used up by it */
};
/*
 * 0: on the journal as *ret_seq, and calls that wait go on. -ERR_NOT_FOUND: that tenant has none of that id; journal
 * errors.
 */
int core_approval_decide(struct core *c, const struct approval_decision *d, uint64_t *ret_seq);
enum {
    APPROVAL_R_OVER = 1, /* it is not pending */
    APPROVAL_R_SELF,     /* who asks does not answer */
    APPROVAL_R_TWICE,    /* this person has said yes */
    APPROVAL_R_SERVICE,  /* a service is no person */
};

/* A question that somebody is to be told of; texts in the arena. */
struct approval_question {
    struct str id, action, who; /* JSON objects; who may be empty */
    char link[APPROVAL_LINK_CHARS + 1]; /* of core_approval_untold(): a token for one answer; empty: none was wanted */
    int64_t quorum;
    wall_t expires_at;
};
/* Posted whenever a call asks; box NULL: not any more. One listener. */
void core_on_approval(struct core *c, struct post_box *box, struct post p);
/*
 * The oldest pending one of that approval of which nobody was told; false: none. `with_link`: with a new token, which
 * is kept as a hash, durably once core_approval_told() was called.
 */
bool core_approval_untold(struct core *c, struct str name, bool with_link, struct arena *a,
                          struct approval_question *ret);
/* The pending one that a link's token is for; false: it was used, or never was. */
bool core_approval_by_link(struct core *c, struct str token, struct arena *a, struct approval_question *ret);
bool core_approval_is_pending(struct core *c, struct str id);
/* Somebody was told of it, or (was_told false) telling was given up: on record, and it is untold no more. */
void core_approval_told(struct core *c, struct str id, bool was_told);

/* [{...}], newest first; `id` empty: all of `tenant` (empty: of every tenant); only pending ones, or all in memory. */
struct approval_filter {
    struct str id, tenant;
    bool has_over;
    int64_t rows_max;
};
int core_approvals_json(struct core *c, const struct approval_filter *f, struct buf *out);
