/*
 * proxy/keep.h - bodies of a call that its policy asks to keep: what was sent to the vendor, and what passed to the
 * agent.
 *
 * Here they are only copied, and no more of them than is kept; what else is done with them is the drain's
 * (core_bodies.h).
 */
#pragma once

#include "proxy/call.h"

/* Before the first byte goes out. */
void keep_request(struct call *c);
/* A piece of the answer, as it is given to the agent; also an empty one. */
void keep_answer(struct call *c, struct str bytes);
/* The call is over: its answer, as far as one passed. */
void keep_end(struct call *c);
