/*
 * proxy/approve.h - stage approve: asking persons about a call (proxy/core_approvals.h keeps the questions).
 */
#pragma once

#include "proxy/call.h"

/* For a verdict approve, or a limit without room that a person may let pass. */
void stage_approve(struct call *c);

/* In state WAITING: true when nobody will wake the call any more; false: it is being woken. */
bool call_leave_wait(struct call *c);
/* Ends a wait with 403 approval_pending; leaves calls in other states alone. */
void call_end_wait(struct call *c);

/*
 * SHA-256 over vendor, mode, operation, method, path, query and body (call_action()), tenant, agent, key, user and
 * customer, each as its length in decimal, ":" and its bytes. Neither the run nor an idempotency key is in it.
 */
void call_action_digest(struct call *c, uint8_t ret[32]);
