/*
 * proxy/body.h - a body as it may be kept: unpacked where it came in gzip, without what is personal, and cut.
 *
 *   (1) what cannot be looked into is not kept where anything is to be taken out of it.
 *   (2) of a body whose end is missing nothing is kept that its end could have shown to be personal.
 */
#pragma once

#include "call/kept_body.h"
#include "redact/redact.h"

struct body_work { /* for many bodies, one after another */
    struct buf unpacked, out;
};
void body_work_init(struct body_work *w, size_t bytes_max);
void body_work_deinit(struct body_work *w);

/* How much of a body has to be collected so that bytes_max of it can be kept: a code point is not cut. */
#define BODY_COLLECT_BYTES(bytes_max) ((bytes_max) + 4)

/*
 * Changes b: content (then b's own, or the work's until it is used again), encoding, is_cut, lack. b->content is the
 * body, or its first BODY_COLLECT_BYTES; bytes says which. -ERR_NOMEM.
 */
int body_prepare(struct body_work *w, const struct redact_set *s, size_t bytes_max, struct kept_body *b);
