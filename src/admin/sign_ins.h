/*
 * admin/sign_ins.h - sign-ins that were sent to the provider and have not come back.
 *
 *   (1) each is for one browser, which has a cookie, and for one answer, which names its state: both are
 *       kept as hashes.
 *   (2) an answer uses its sign-in up, whatever becomes of it.
 *   (3) bounded: sign_ins_max, the oldest gives way; sign_in_ms, then it is over.
 *   (4) lives on the admin loop's thread, in memory. Time is an argument.
 */
#pragma once

#include "admin/session.h"

#define SIGN_IN_VERIFIER_CHARS 64 /* RFC 7636 4.1: 43 to 128 */
#define SIGN_IN_CHALLENGE_CHARS 43

struct sign_in {
    struct list node; /* oldest first */
    uint8_t state[32], browser[32];
    struct session_text nonce;
    char verifier[SIGN_IN_VERIFIER_CHARS];
    mono_t began_at;
};

/* What leaves here, once. */
struct sign_in_texts {
    struct session_text state, browser, nonce;
    char challenge[SIGN_IN_CHALLENGE_CHARS]; /* S256 of the verifier */
};

struct sign_ins;

int sign_ins_new(const struct limits *l, struct rng *rng, struct sign_ins **ret); /* both outlive it */
void sign_ins_free(struct sign_ins *s);
void sign_ins_begin(struct sign_ins *s, mono_t now, struct sign_in_texts *ret);
/* -ERR_NOT_FOUND: none has that state, or its time is over; -ERR_DENIED: it is another browser's. */
int sign_ins_take(struct sign_ins *s, struct str state, struct str browser, mono_t now, struct sign_in *ret);
