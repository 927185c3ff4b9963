/*
 * proxy/core_approvals_impl.h - a question in memory. For the core_approval*.c files.
 */
#pragma once

#include "proxy/core_approvals.h"
#include "proxy/core_impl.h"

struct approval_vote {
    struct str by, note; /* owned */
    bool is_yes;
    wall_t at;
};

/* Under the ledger mutex, all of it. */
struct approval {
    struct list node; /* of all, oldest first */
    struct arena arena; /* of the texts below, as they were when it was asked; wiped of nothing: no secret is in it */
    char id[APPROVAL_ID_BYTES];
    uint8_t digest[APPROVAL_DIGEST_BYTES];
    enum approval_state state;
    struct approval_terms terms;
    struct str *asks;
    size_t n_asks;
    struct str tenant, run_id;
    struct str requesters[APPROVAL_REQUESTERS_MAX]; /* names of persons who may not answer */
    size_t n_requesters;
    struct amount amount;
    struct cost cost;
    struct str action; /* JSON object: what is asked, without personal values */
    struct str who;    /* JSON object: those; empty: they were erased, and nothing can be done with it */
    struct key_entry *key; /* NULL: it is gone */
    wall_t asked_at, expires_at, decided_at; /* 0: not yet */
    wall_t over_at;                          /* of used and expired ones */
    struct approval_vote votes[APPROVAL_QUORUM_MAX];
    size_t n_votes;
    bool is_told;  /* that nobody answered, to a call */
    bool was_told; /* of it, to persons */
    bool has_link;
    uint8_t link_hash[APPROVAL_DIGEST_BYTES]; /* of a link's token */
    char used_by[UUID_TEXT_BYTES];
    struct list waits; /* approval_wait */
};

/* core_approvals.c: under the mutex */
bool approval_is_live(const struct approval *x);
struct approval *core_approval_find(const struct core *c, struct str id);
struct approval *core_approval_new(void);
void core_approval_free(struct approval *x);
int core_approval_put(struct core *c, struct approval *x); /* takes it over; -ERR_TOO_LARGE: approvals_max, not taken */
/* The only place where the state changes: counts, and lets those go on who wait. */
void core_approval_go(struct core *c, struct approval *x, enum approval_state to, wall_t now);
size_t core_approval_yes(const struct approval *x);
/* core_approvals_notice.c: the pending one that a link's token is for; NULL: none. */
struct approval *core_approval_linked(const struct core *c, struct str token);

/* In the place of a requester's name that no record may have: it can be compared, and not read. */
#define VEIL_BYTES (7 + 64)
struct str core_approval_veil(struct str name, char out[VEIL_BYTES]); /* core_approvals_people.c */

/* core_approvals_text.c */
/* What x asks, from the call. Under the mutex. */
void core_approval_describe(struct approval *x, struct core *c, const struct approval_request *q);
/* The EVENT `event` with all of x as it stands, but in the state `as`: the next start reads the last one. */
int core_approval_event(struct core *c, const struct approval *x, enum approval_state as, const char *event,
                        struct str by, bool is_late, uint64_t *ret_seq);
