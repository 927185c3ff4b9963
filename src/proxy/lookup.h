/*
 * proxy/lookup.h - one GET at the vendor on behalf of a decision: recorded as an attempt, cached, bounded in time.
 */
#pragma once

#include "proxy/call.h"

/* status 0: no whole answer came. The body is valid during the callback; the call is CALL_DECIDING again. */
typedef void (*lookup_done_cb)(struct call *c, uint16_t status, struct str body);

/* A fresh answer of an earlier one. */
bool lookup_cached(struct call *c, struct str path, struct str *ret_body);
/*
 * From CALL_DECIDING. False: nothing was asked, because too many attempts were made, or (is_over) because the secret is
 * not there and the call was refused. True: `done` is called once, later; never when the agent leaves first.
 */
bool lookup_get(struct call *c, struct str path, struct str path_template, bool *ret_is_over, lookup_done_cb done);
