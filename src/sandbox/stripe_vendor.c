/*
 * sandbox/stripe_vendor.c - the simulated Stripe of stripe_state.h as a vendor of a sandbox: fields in, fields out.
 */
#include "base/err.h"
#include "sandbox/stripe_state.h"
#include "sandbox/vendors.h"

static enum sandbox_fault fault_of(enum stripe_fault f)
{
    static const enum sandbox_fault faults[] = {[STRIPE_FAULT_NONE] = SANDBOX_FAULT_NONE,
                                                [STRIPE_FAULT_DROP] = SANDBOX_FAULT_DROP,
                                                [STRIPE_FAULT_TRUNCATE] = SANDBOX_FAULT_TRUNCATE,
                                                [STRIPE_FAULT_STALL] = SANDBOX_FAULT_STALL,
                                                [STRIPE_FAULT_DELAY] = SANDBOX_FAULT_DELAY};
    return faults[f];
}

static int answer(void *state, const struct sandbox_request *r, struct arena *a, struct sandbox_answer *ret)
{
    struct stripe_answer said;
    struct stripe_request asked = {.method = r->method,
                                   .path = r->path,
                                   .query = r->query,
                                   .body = r->body,
                                   .authorization = sandbox_field(r, STR("authorization")),
                                   .content_type = sandbox_field(r, STR("content-type")),
                                   .idempotency_key = sandbox_field(r, STR("idempotency-key"))};
    int e = stripe_state_answer(state, &asked, r->now, a, &said);
    if (e < 0)
        return err_trace(e);
    sandbox_put_json(ret, said.status, said.body, a);
    sandbox_put_field(ret, STR("Request-Id"), said.request_id);
    sandbox_put_field(ret, STR("Stripe-Version"), STR("2026-07-29.dahlia"));
    if (said.is_replay)
        sandbox_put_field(ret, STR("Idempotent-Replayed"), STR("true"));
    ret->fault = fault_of(said.fault);
    return 0;
}

static void free_state(void *state) { stripe_state_free(state); }

int sandbox_stripe(const struct limits *limits, wall_t now, struct sandbox_vendor *ret)
{
    struct stripe_state *state;
    int r = stripe_state_new(limits, now, &state);
    if (r == 0)
        *ret = (struct sandbox_vendor){.state = state, .answer = answer, .free = free_state};
    return err_trace(r);
}
