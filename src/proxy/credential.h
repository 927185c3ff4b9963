/*
 * proxy/credential.h - what speaks for us at a vendor; it may be exchanged while calls are under way.
 *
 *   (1) a credential never changes once it is in its slot, and is wiped with the last reference.
 *   (2) a call takes a reference before its first byte to the vendor, sends that value, and holds it until its answer
 *       is passed on: an exchange moves no call that is under way.
 *   (3) `forms` cover the value and the one that it replaced, as long as that one is known.
 *
 * Slots are used from any thread.
 */
#pragma once

#include "base/time.h"
#include "call/names.h"
#include "crypto/secret.h"
#include "proxy/conceal.h"

#include <stdatomic.h>

enum secret_status {
#define SECRET_STATUS(name, text, means, fix) SECRET_##name,
#include "proxy/secret_status.tbl.h"
#undef SECRET_STATUS
};
#define SECRET_NAME_CHARS_MAX 64
bool secret_name_is_valid(struct str name); /* of the store: 1 to that many letters, digits, and ._- */
struct str secret_status_text(enum secret_status s);
struct str secret_status_means(enum secret_status s);
struct str secret_status_fix(enum secret_status s); /* NAME stands for the secret's; empty: nothing is to do */

struct credential {
    atomic_uint n_refs;
    struct secret *value;
    struct secret *before; /* that it replaced; NULL: none is known */
    wall_t before_until;
    enum mode mode;
    struct conceal_forms forms;
};
/* Takes both secrets over, also when it fails. `before` may be NULL. One reference, the caller's. -ERR_NOMEM. */
int credential_new(struct secret *value, struct secret *before, wall_t before_until, enum mode mode,
                   struct credential **ret);
void credential_unref(struct credential *c); /* NULL is fine */

struct credential_slot;
struct credential_slot *credential_slot_new(void); /* empty: SECRET_UNSET; aborts without memory */
void credential_slot_free(struct credential_slot *s); /* NULL is fine */
/* Takes the reference over; NULL empties the slot, and `status` says why. */
void credential_put(struct credential_slot *s, struct credential *c, enum secret_status status);
/* A reference to what is in force; NULL: nothing is, credential_status() says why. Forgets what is past its time. */
struct credential *credential_take(struct credential_slot *s, wall_t now);
enum secret_status credential_status(struct credential_slot *s);
/* Of the value in force; MODE_ANY while there is none. */
enum mode credential_mode(struct credential_slot *s);
/* True when what `c` conceals includes the value of `other`. */
bool credential_covers(const struct credential *c, const struct credential *other);
