/*
 * proxy/core_people.h - people and services that may use the admin API: named, with roles for all tenants or for one.
 *
 *   (1) a change is in force when its function returns: the next request of a person who was revoked is refused.
 *   (2) entries are never freed while the daemon runs: a pointer to one stays valid, also of one that was revoked, or
 *       whose name was given anew.
 *   (3) a credential leaves here once, when it is made; kept and written down is its hash.
 */
#pragma once

#include "identity/person.h"
#include "proxy/core.h"

/* Everything but is_revoked, revoked_at and seen_at is fixed at creation; these change under the ledger mutex only. */
struct person {
    struct list node;        /* of all */
    struct str name, tenant; /* owned; tenant empty: all tenants */
    unsigned roles;          /* ROLE_BIT()s */
    bool is_service;
    uint8_t hash[PERSON_HASH_BYTES];
    wall_t created_at, expires_at; /* 0: never */
    bool is_revoked;
    wall_t revoked_at, seen_at;
};

struct person_spec {
    struct str name, tenant; /* tenant empty: all */
    unsigned roles;          /* at least one */
    bool is_service;
    wall_t expires_at; /* 0: never */
};
/*
 * -ERR_INVALID with diags; -ERR_TOO_LARGE: people_max; journal errors. PERSON_R_EXISTS: nothing changed. The name of
 * one who was revoked or whose credential has run out may be given anew.
 */
int core_person_create(struct core *c, const struct person_spec *s, struct str by, struct diag_list *diags,
                       struct person_token *ret_token, uint64_t *ret_seq);
/*
 * Agents that the person answers for are disabled too (core_owner_disable), and stay so when the name is given anew.
 * `tenant` not empty: only one of that tenant is found. -ERR_NOT_FOUND. Revoking twice is fine. Works on a full disk:
 * -ERR_NO_SPACE says that it is in force, and on record as soon as there is room. -ERR_TOO_LARGE: revoked, but as
 * many owners are disabled as agents_max allows, and the person's agents are not.
 */
int core_person_revoke(struct core *c, struct str name, struct str tenant, struct str by, uint64_t *ret_seq);

/* Who has that credential, or that name (the newest of it). The others are not found: *ret is set for them too. */
int core_person_by_hash(struct core *c, const uint8_t hash[PERSON_HASH_BYTES], const struct person **ret);
int core_person_by_name(struct core *c, struct str name, const struct person **ret);
/* The same for one who is known already. */
int core_person_look(struct core *c, const struct person *p);
/* The roles of that name as they count now, without saying that it was seen; 0: nobody, revoked or expired. */
unsigned core_person_roles(struct core *c, struct str name);
enum {
    PERSON_R_EXISTS = 1,
    PERSON_R_REVOKED,
    PERSON_R_EXPIRED,
};

/* [{name, kind, roles, tenant, status, created_at, expires_at, revoked_at, last_seen_at}]; `tenant` empty: all. */
int core_people_json(struct core *c, struct str tenant, struct buf *out);

/*
 * On record beside the change itself: who did what to what, from where. `before` and `after` are JSON, where they are
 * small; empty: not said. In force means written: -ERR_NO_SPACE as elsewhere.
 */
struct admin_action {
    struct str action; /* operationId of the API */
    struct str by, role, address, tenant; /* tenant: of a person of one tenant, else empty */
    struct str target; /* what stands in the path, or the name in the body; empty: none */
    bool is_target_personal; /* it is an owner or a tenant: erased with that name */
    struct str before, after;
};
int core_admin_action(struct core *c, const struct admin_action *a, uint64_t *ret_seq);

/* On record: that many sign-ins and credentials were refused since the last such event; reason and address are the
 * last one's. Never what was presented. */
int core_sign_ins_failed(struct core *c, uint64_t n, struct str reason, struct str address);
