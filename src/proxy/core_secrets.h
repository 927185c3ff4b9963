/*
 * proxy/core_secrets.h - secrets put in by hand: sealed into the record, opened into the slots of the vendors that name
 * them (promise 4).
 *
 *   (1) a value is in no event, answer or log; what is on record is sealed for its name and version.
 *   (2) a change is in force for the next call when its function returns, and on record as every other change is.
 *   (3) versions of a name only grow, over removals too: a sealed value of yesterday never opens as today's.
 *   (4) what cannot be opened leaves its vendors without a credential: they refuse, the rest works.
 */
#pragma once

#include "crypto/keyring.h"
#include "proxy/core.h"
#include "proxy/credential.h"

struct vendors;

/* What a change can end with, beside 0 and negative codes: nothing changed. */
enum {
    SECRET_R_NO_KEY = 1, /* no key to seal with: core_secrets_problem() says why */
    SECRET_R_CLOSED,     /* the present value cannot be opened, so nothing can overlap with it */
    SECRET_R_NO_BEFORE,  /* no earlier value is known */
    SECRET_R_FULL,       /* secrets_max */
    SECRET_R_TOO_LONG,   /* secret_bytes_max */
    SECRET_R_OVERLAP,    /* longer than secret_overlap_ms_max */
};

/* Puts `value` in force, and forgets what was. Makes the key that seals where there is none yet. */
int core_secret_set(struct core *c, struct str name, const struct secret *value, struct str by, uint64_t *ret_seq);
/* The same, but the old value stays known for `overlap_ns`: concealed in answers, and there to go back to. */
int core_secret_rotate(struct core *c, struct str name, const struct secret *value, int64_t overlap_ns, struct str by,
                       uint64_t *ret_seq);
/* The value before is in force again, as a new version; what it replaces stays known for the rest of the overlap. */
int core_secret_back(struct core *c, struct str name, struct str by, uint64_t *ret_seq);
/* Its vendors refuse from now on. All four: -ERR_NOT_FOUND where a name is needed that is not set. */
int core_secret_remove(struct core *c, struct str name, struct str by, uint64_t *ret_seq);

/* Names, versions, how they stand, and which vendors use them; also names that vendors want and nobody set. `name`
 * empty: all. */
int core_secrets_json(struct core *c, struct str name, struct buf *out);
/* Why nothing can be sealed, as a sentence; empty: it can. Valid as long as the core. */
struct str core_secrets_problem(struct core *c);
/* Vendors that refuse because their secret is not available. */
size_t core_vendors_without_secret(struct core *c);
