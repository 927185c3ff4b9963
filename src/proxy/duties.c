/*
 * proxy/duties.c - the same intent with another key is the same request; and notices.
 */
#include "proxy/duties.h"

#include <string.h>

#include "crypto/hash.h"
#include "proxy/core_call.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* Who asks, of whom, and the whole request but for its idempotency key. */
static void digest_of_intent(const struct call *c, uint8_t ret[DUPLICATE_DIGEST_BYTES])
{
    const struct facts *f = &c->facts;
    const struct call_action it = call_action(c);
    struct str line = STR("\n");
    const struct str parts[] = {STR("intent\n"), f->vendor, line, mode_text(f->mode), line, f->tenant, line, f->agent,
                                line, c->method, line, it.path, line, it.query, line, it.body};
    sha256_parts(parts, N(parts), ret);
}

void duties_of_duplicate(struct call *c)
{
    const struct duties *d = &c->verdict.duties;
    c->duplicate = c->vendor_duplicate;
    if (!d->duplicate_ms)
        return;
    c->duplicate = (struct duplicate){.window_ms = d->duplicate_then == DUPLICATE_ALLOW ? 0 : d->duplicate_ms};
    if (!c->duplicate.window_ms)
        return;
    digest_of_intent(c, c->duplicate.digest);
    c->duplicate.has_retry_key = c->idem.scope.n > 0;
    memcpy(c->duplicate.retry_key, c->idem.key_digest, sizeof(c->duplicate.retry_key));
}

void duties_refuse_duplicate(struct call *c)
{
    const struct duplicate *d = &c->duplicate;
    call_refusef(c, CODE_DUPLICATE, 0,
                 "Call %s asked the same of " STR_FMT " %lld s ago, and rule \"" STR_FMT "\" of policy " STR_FMT
                 " lets it through once in %lld s, whatever its Idempotency-Key; if both are meant, wait, or ask the "
                 "policy's owner",
                 d->first_call_id, STR_ARG(c->facts.operation), (long long)((c->facts.now - d->first_at) / NS_PER_S),
                 STR_ARG(c->verdict.duties.duplicate_rule), STR_ARG(c->verdict.policy_name),
                 (long long)(d->window_ms / 1000));
}

bool duties_may_ask(const struct call *c)
{
    const struct duties *d = &c->verdict.duties;
    return d->duplicate_ms && d->duplicate_then == DUPLICATE_APPROVE;
}

bool duties_ask_again(struct call *c)
{
    const struct duties *d = &c->verdict.duties;
    struct verdict *v = &c->verdict;
    if (!duties_may_ask(c))
        return true;
    duties_of_duplicate(c);
    if (!core_repeats(c->w->shared->core, &c->duplicate, &c->idem, c->facts.now))
        return true;
    if (v->effect == EFFECT_PERMIT)
        v->reason = arena_printf(&c->arena,
                                 "Call %s asked the same of " STR_FMT " %lld s ago, and rule \"" STR_FMT
                                 "\" of policy " STR_FMT " lets it through once in %lld s, whatever its "
                                 "Idempotency-Key; again only with a person's approval (" STR_FMT ").",
                                 c->duplicate.first_call_id, STR_ARG(c->facts.operation),
                                 (long long)((c->facts.now - c->duplicate.first_at) / NS_PER_S),
                                 STR_ARG(d->duplicate_rule), STR_ARG(v->policy_name),
                                 (long long)(d->duplicate_ms / 1000), STR_ARG(d->duplicate_approval.name));
    v->effect = EFFECT_APPROVE;
    v->code = CODE_APPROVAL_PENDING;
    return policy_ask_duplicate(v, &c->arena);
}

bool duties_notify(struct call *c)
{
    const struct duties *d = &c->verdict.duties;
    for (size_t i = 0; i < d->n_notices; i++) {
        struct policy_notice n = {.name = d->notices[i],
                           .call_id = str_c(c->id),
                           .agent = c->facts.agent,
                           .operation = c->facts.operation,
                           .rule = c->verdict.rule,
                           .policy = c->verdict.policy_name};
        if (core_notice(c->w->shared->core, &n) < 0)
            return false;
    }
    return true;
}
