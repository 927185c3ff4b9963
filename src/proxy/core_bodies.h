/*
 * proxy/core_bodies.h - bodies on their way to the store: handed over by calls, prepared and put by the drain's thread.
 *
 *   (1) nothing waits: what does not fit into bodies_waiting_bytes_max is not kept, and its row says so.
 *   (2) a body that cannot be stored is dropped and counted; no call and no record fails by it.
 *   (3) nothing is kept of calls that began before an erasure and hand over after it: they may be among those erased.
 *   (4) in memory only until it is put: a killed process loses the bodies of its last moment, and no half ones stay.
 */
#pragma once

#include "call/kept_body.h"
#include "policy/policy.h"
#include "proxy/core.h"

struct body_given {
    struct kept_body body;   /* all but content */
    mono_t began_at;         /* the call */
    const struct str *parts; /* its content, in order */
    size_t n_parts;
    const struct policy *policy; /* whose redactors (bits) are applied before anything is stored; NULL: none */
    uint32_t redactors;
};
/* Copies what it is given. Any thread. */
void core_keep_body(struct core *c, const struct body_given *g);
