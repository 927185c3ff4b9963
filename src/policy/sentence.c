/*
 * policy/sentence.c - every refusal says which rule or limit, whose it is, the values compared, and what to do.
 *
 * The agent's SDK shows the sentence as the vendor's error text, and the record keeps it for good: it names rules,
 * agents, keys and operations, never a tenant, user or customer.
 */
#include "policy/policy_impl.h"

#include <string.h>

#include "base/check.h"

static void refuse(struct verdict *v, enum code code, struct str reason)
{
    v->effect = EFFECT_DENY;
    v->code = code;
    v->reason = reason;
    v->needs = NULL;
    v->n_needs = 0;
    v->wants_cost = v->wants_customer = v->wants_affected = false;
    v->n_questions = 0;
    v->approval = (struct approval_need){0};
}

static struct str agent_of(const struct facts *f)
{
    return f->agent.n ? f->agent : STR("-");
}

void say_no_document(struct arena *a, struct verdict *v)
{
    refuse(v, CODE_POLICY_DENIED,
           STR("The policy document of this key does not exist, so nothing is permitted; apply it with "
               "`flyball policy apply`, or ask the key's owner."));
}

void say_no_memory(struct verdict *v)
{
    refuse(v, CODE_OVERLOADED,
           STR("The call needs more memory to decide on than one call may use (call_memory_bytes_max)."));
}

void say_identity_required(const struct policy *p, const char *lacks, const struct facts *f, struct arena *a,
                           struct verdict *v)
{
    refuse(v, CODE_IDENTITY_REQUIRED,
           arena_printf(a,
                        "Policy " STR_FMT " wants " STR_FMT " of agent " STR_FMT " to be %s; send the header "
                        "x-agent-identity with a token (JWT) of a configured issuer that proves it.",
                        STR_ARG(p->name), STR_ARG(f->operation), STR_ARG(agent_of(f)), lacks));
}

/* " Rule "x" would permit it, if it held that `params.amount <= 20000` (params.amount is 50000)." */
static struct str near_miss(const struct rule *near, const struct facts *f, struct arena *a)
{
    if (!near)
        return STR("");
    struct str why = condition_why(near->when, f, a);
    return arena_printf(a, " Rule \"" STR_FMT "\" would permit it, if it held that " STR_FMT ".", STR_ARG(near->id),
                        STR_ARG(why));
}

void say_no_permit(const struct policy *p, const struct rule *near, const struct facts *f, struct arena *a,
                   struct verdict *v)
{
    if (f->class == CLASS_UNKNOWN) {
        refuse(v, CODE_OPERATION_UNKNOWN,
               arena_printf(a,
                            "The " STR_FMT " connector does not know this operation, and no rule of policy " STR_FMT
                            " permits " STR_FMT " by that name for agent " STR_FMT
                            "; use a known operation, or ask the policy's owner.",
                            STR_ARG(f->vendor), STR_ARG(p->name), STR_ARG(f->operation), STR_ARG(agent_of(f))));
        return;
    }
    const char *hint =
        f->class == CLASS_AUTHORITY ? " (it changes who may do what, so only its exact name permits it)" : "";
    refuse(v, CODE_POLICY_DENIED,
           arena_printf(a, "No rule permits " STR_FMT " for agent " STR_FMT " under policy " STR_FMT
                           "; add a permit rule for it%s, or ask the policy's owner." STR_FMT,
                        STR_ARG(f->operation), STR_ARG(agent_of(f)), STR_ARG(p->name), hint,
                        STR_ARG(near_miss(near, f, a))));
}

void say_forbidden(const struct policy *p, const struct rule *r, bool is_maybe, const struct facts *f, struct arena *a,
                   struct verdict *v)
{
    const char *why = is_maybe      ? ": it names customers, and this call's customer is not known"
                      : r->reason.n ? ": "
                                    : "";
    struct str reason = is_maybe ? STR_NONE : r->reason;
    v->rule = r->id;
    refuse(v, CODE_POLICY_DENIED,
           arena_printf(
               a, "Rule \"" STR_FMT "\" of policy " STR_FMT " forbids " STR_FMT " for agent " STR_FMT "%s" STR_FMT ".",
               STR_ARG(r->id), STR_ARG(p->name), STR_ARG(f->operation), STR_ARG(agent_of(f)), why, STR_ARG(reason)));
}

void say_out_of_scope(const struct policy *p, const struct rule *r, const struct scope_miss *miss,
                      const struct facts *f, struct arena *a, struct verdict *v)
{
    v->rule = r->id;
    v->whom = miss->account;
    refuse(v, CODE_SCOPE_DENIED,
           arena_printf(a,
                        "Rule \"" STR_FMT "\" of policy " STR_FMT " would %s " STR_FMT " for agent " STR_FMT
                        ", but not %s: " STR_FMT "; use an account within the rule's scope, or ask the policy's owner.",
                        STR_ARG(r->id), STR_ARG(p->name), r->effect == EFFECT_PERMIT ? "permit" : "ask a person about",
                        STR_ARG(f->operation), STR_ARG(agent_of(f)),
                        miss->account.n ? "on this account" : "here, where it cannot be told on whose account",
                        STR_ARG(miss->why)));
}

void say_key_required(const struct policy *p, const struct facts *f, struct arena *a, struct verdict *v)
{
    v->rule = v->duties.key_rule;
    refuse(v, CODE_POLICY_DENIED,
           arena_printf(a,
                        "Rule \"" STR_FMT "\" of policy " STR_FMT " permits " STR_FMT " for agent " STR_FMT
                        " only with an Idempotency-Key, so that a retry cannot act twice; send the header with a value "
                        "of its own for each action.",
                        STR_ARG(v->rule), STR_ARG(p->name), STR_ARG(f->operation), STR_ARG(agent_of(f))));
}

void say_condition_failed(const struct policy *p, const struct rule *r, const struct facts *f, struct arena *a,
                          struct verdict *v)
{
    v->rule = r->id;
    refuse(v, CODE_POLICY_DENIED,
           arena_printf(a,
                        "Rule \"" STR_FMT "\" of policy " STR_FMT " may forbid " STR_FMT " for agent " STR_FMT
                        ": its condition cannot be evaluated, and what is not known to be allowed is refused: " STR_FMT
                        ".",
                        STR_ARG(r->id), STR_ARG(p->name), STR_ARG(f->operation), STR_ARG(agent_of(f)),
                        STR_ARG(condition_error(r->when, f, a))));
}

/* Nothing is refused by it: limits come next. */
void say_approval(const struct policy *p, const struct rule *r, const struct facts *f, struct arena *a,
                  struct verdict *v)
{
    v->rule = r->id;
    v->reason = arena_printf(a, "Rule \"" STR_FMT "\" of policy " STR_FMT " wants a person's approval (" STR_FMT
                                ") of " STR_FMT " for agent " STR_FMT ".",
                             STR_ARG(r->id), STR_ARG(p->name), STR_ARG(r->approval.name), STR_ARG(f->operation),
                             STR_ARG(agent_of(f)));
}

/* " with model gpt-4o"; agents write models' names: as much of one as a sentence bears. */
static struct str with_model(const struct facts *f, struct arena *a)
{
    struct str model = str_sub(f->model, 0, 64);
    return model.n ? arena_printf(a, " with model " STR_FMT, STR_ARG(model)) : STR("");
}

static struct str unit_of(const struct limit_need *need) { return meter_unit(need->meter, need->currency); }

/* Of a call to a model. */
static struct str bound_unknown(const struct limit_need *need, const struct facts *f, struct arena *a)
{
    struct str whose = need_whose(need, f, a);
    bool is_usd = meter_is_money(need->meter);
    const char *why = is_usd ? "the catalog has no price for all that it asks for; use a model and options that it "
                               "has, or ask for `unknown_cost: hold:<amount>` on the limit"
                             : "neither the request nor the catalog bounds it; say in the request how many tokens it "
                               "may answer with, or use a model that the catalog has";
    return arena_printf(a,
                        "Limit \"" STR_FMT "\" of " STR_FMT " counts " STR_FMT ", and the most that " STR_FMT STR_FMT
                        " can %s is not known: %s.",
                        STR_ARG(need->id), STR_ARG(whose), STR_ARG(unit_of(need)),
                        STR_ARG(f->operation), STR_ARG(with_model(f, a)), is_usd ? "cost" : "use", why);
}

/* Why an amount in another currency did not become dollars. */
static struct str no_rate(const struct fx_use *fx, struct arena *a)
{
    switch (fx->state) {
    case FX_STALE:
        return arena_printf(a, "the table of rates of %s is older than its max_age", fx->date);
    case FX_NO_RATE:
        return arena_printf(a, "the table of rates of %s has none for it", fx->date);
    default:
        return STR("there is no table of rates (fx.table in the config)");
    }
}

void say_cost_unknown(const struct limit_need *need, const struct facts *f, struct arena *a, struct verdict *v)
{
    if (is_model_call(f)) {
        refuse(v, CODE_COST_UNKNOWN, bound_unknown(need, f, a));
        return;
    }
    struct str whose = need_whose(need, f, a);
    struct str why = STR("names no amount that could be read or looked up");
    if (f->amount.is_known && need->meter == METER_USD && strcmp(f->amount.currency, "USD") != 0)
        why = arena_printf(a, "is in %.3s, and " STR_FMT, f->amount.currency, STR_ARG(no_rate(&f->fx, a)));
    refuse(v, CODE_COST_UNKNOWN,
           arena_printf(a, "Limit \"" STR_FMT "\" of " STR_FMT " counts " STR_FMT ", and what " STR_FMT
                           " costs is not known: the request " STR_FMT "; name an amount in " STR_FMT
                           ", or ask for `unknown_cost: hold:<amount>` on the limit.",
                        STR_ARG(need->id), STR_ARG(whose), STR_ARG(unit_of(need)), STR_ARG(f->operation),
                        STR_ARG(why), STR_ARG(unit_of(need))));
}

/* Up to the second: slots may end between two. */
static struct str second_text(wall_t t, char out[WALL_TEXT_BYTES])
{
    return str_sub(wall_text(t + NS_PER_S - 1, out), 0, 19);
}

static struct str sliding_phrase(const struct limit_need *need, struct arena *a)
{
    char text[WALL_TEXT_BYTES];
    if (need->after - need->max > need->before) /* not even when all that is settled is gone */
        return STR(" Try again when calls in flight have ended.");
    return arena_printf(a, " There is room again at " STR_FMT "Z.", STR_ARG(second_text(need->resets_at, text)));
}

/* Waiting does not help a call that alone exceeds the limit; when it resets is said all the same. */
static struct str less_phrase(const struct limit_need *need, struct arena *a)
{
    char text[WALL_TEXT_BYTES];
    if (need->window == WINDOW_CALL)
        return STR(" Ask for less.");
    if (need->window == WINDOW_SLIDING || need->resets_at == 0)
        return STR(" Ask for less: this call alone exceeds it.");
    return arena_printf(a, " Ask for less: this call alone exceeds it. It resets at " STR_FMT "Z.",
                        STR_ARG(second_text(need->resets_at, text)));
}

/* " It resets at 2026-11-24T00:00:00Z." or what stands in its place. */
static struct str reset_phrase(const struct limit_need *need, struct arena *a)
{
    char text[WALL_TEXT_BYTES];
    if (meter_is_cost(need->meter) && need->n > need->max)
        return less_phrase(need, a);
    if (need->window == WINDOW_INSTANT)
        return STR(" Try again when one has ended.");
    if (need->resets_at == 0)
        return STR(" It does not reset.");
    if (need->window == WINDOW_SLIDING)
        return sliding_phrase(need, a);
    return arena_printf(a, " It resets at " STR_FMT "Z.", STR_ARG(second_text(need->resets_at, text)));
}

static struct str amount_of(const struct limit_need *need, int64_t n, struct arena *a)
{
    char text[MONEY_TEXT_BYTES];
    if (meter_is_money(need->meter))
        return arena_str(a, money_text_short(n, text));
    return arena_printf(a, "%lld", (long long)n);
}

static struct str compared(const struct limit_need *need, struct arena *a)
{
    char text[WINDOW_TEXT_BYTES];
    struct str window = window_words(need->window, need->sliding_ns, zone_name(need->zone), text);
    if (need->counts_new)
        return arena_printf(a, "%lld new runs " STR_FMT ": %lld begun, this call would begin one more.",
                            (long long)need->max, STR_ARG(window), (long long)(need->before + need->held));
    if (need->meter == METER_CONCURRENT)
        return arena_printf(a, "%lld calls " STR_FMT ": %lld in flight, this call is one more.",
                            (long long)need->max, STR_ARG(window),
                            (long long)need->held);
    if (need->meter == METER_REQUESTS)
        return arena_printf(a, "%lld requests " STR_FMT ": %lld made, %lld in flight, this call is one more.",
                            (long long)need->max, STR_ARG(window), (long long)need->before, (long long)need->held);
    struct str max = arena_printf(a, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(amount_of(need, need->max, a)),
                                  STR_ARG(unit_of(need)), STR_ARG(window));
    struct str n = amount_of(need, need->n, a);
    if (need->window == WINDOW_CALL)
        return arena_printf(a, STR_FMT ": this call asks " STR_FMT ".", STR_ARG(max), STR_ARG(n));
    return arena_printf(a, STR_FMT ": " STR_FMT " spent, " STR_FMT " held, this call asks " STR_FMT ".", STR_ARG(max),
                        STR_ARG(amount_of(need, need->before, a)), STR_ARG(amount_of(need, need->held, a)), STR_ARG(n));
}

/* " 50.00 of it is a raise until 2026-11-23T14:00:00Z." */
static struct str raise_phrase(const struct limit_need *need, struct arena *a)
{
    char text[WALL_TEXT_BYTES];
    if (need->raised == 0)
        return STR("");
    return arena_printf(a, " " STR_FMT " of that is a raise until " STR_FMT "Z.",
                        STR_ARG(amount_of(need, need->raised, a)), STR_ARG(second_text(need->raised_until, text)));
}

void policy_refuse_limit(const struct limit_need *need, const struct facts *f, struct arena *a, struct verdict *ret)
{
    struct str whose = need_whose(need, f, a);
    struct limit_need *needs = ret->needs;
    size_t n_needs = ret->n_needs;
    /* What no waiting brings back must not be retried: a count over a run or a lifetime is refused like money. */
    bool is_for_good = need->meter == METER_REQUESTS && need->resets_at == 0;
    refuse(ret, meter_is_cost(need->meter) || is_for_good ? CODE_LIMIT_EXCEEDED : CODE_RATE_LIMITED,
           arena_printf(a, "Limit \"" STR_FMT "\" of " STR_FMT " is " STR_FMT STR_FMT STR_FMT, STR_ARG(need->id),
                        STR_ARG(whose), STR_ARG(compared(need, a)), STR_ARG(raise_phrase(need, a)),
                        STR_ARG(reset_phrase(need, a))));
    ret->needs = needs; /* the record shows all of them */
    ret->n_needs = n_needs;
}

void say_limit_asks(const struct limit_need *need, const struct facts *f, struct arena *a, struct verdict *v)
{
    struct str whose = need_whose(need, f, a);
    v->effect = EFFECT_APPROVE;
    v->code = CODE_APPROVAL_PENDING;
    v->reason = arena_printf(a, "Limit \"" STR_FMT "\" of " STR_FMT " is " STR_FMT " Beyond it a person's approval ("
                                STR_FMT ") of " STR_FMT " for agent " STR_FMT " is wanted.",
                             STR_ARG(need->id), STR_ARG(whose), STR_ARG(compared(need, a)),
                             STR_ARG(need->approval.name), STR_ARG(f->operation), STR_ARG(agent_of(f)));
}
