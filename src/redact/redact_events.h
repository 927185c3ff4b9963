/*
 * redact/redact_events.h - a model's stream of server-sent events without what is personal in its values.
 *
 *   (1) texts that come in pieces (piece.tbl.h) are looked at as one, each by itself: of which choice, block or tool
 *       call, the event says. What must wait for the next piece goes on with it, or in an event of its own, a copy of
 *       the one that it came with, before the event that ends the text.
 *   (2) every other string is looked at as a whole.
 *   (3) an event in which nothing changed goes on as it came, byte for byte.
 *   (4) only whole events go on.
 */
#pragma once

#include "redact/redact.h"

struct redact_events;

/* `s` and its texts outlive it. NULL: no memory. */
struct redact_events *redact_events_new(const struct redact_set *s, size_t event_bytes_max);
void redact_events_free(struct redact_events *e); /* NULL is fine */

/*
 * Appends what may go on. -ERR_TOO_LARGE: an event is larger than event_bytes_max; -ERR_INVALID: one cannot be looked
 * into; -ERR_NOMEM. Behind a failure nothing more may go on.
 */
int redact_events_add(struct redact_events *e, struct str bytes, struct buf *out);
/* Appends the rest: the stream is over. */
int redact_events_end(struct redact_events *e, struct buf *out);
size_t redact_events_found(const struct redact_events *e);
