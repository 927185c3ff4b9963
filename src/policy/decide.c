/*
 * policy/decide.c - facts in, a verdict out. No clock, no I/O, no state: the same facts always give the same verdict.
 *
 *   (1) the verdict is a denial until everything that can deny has been looked at.
 *   (2) identity.require comes first, then rules, then limits. Rules come before any look-up: what no permit can still
 *       allow is denied without asking anyone.
 *   (3) a customer who stays unknown fulfils forbids and approvals, and no permit.
 *   (4) so does a condition that cannot be evaluated; and a limit whose condition cannot be evaluated counts the call.
 *   (5) what is in shadow decides nothing: the call is decided twice, without it and with it, and the second verdict is
 *       told beside the first (unless it can be no other: then it is the first). So is a call that is observed; there
 *       the first one permits. Nothing in shadow is evaluated before the first verdict is made.
 *   (6) a permit or an approve whose scope does not hold, or cannot be known, does not hold. A scope is looked at last:
 *       nobody is asked about a rule that fails for another reason.
 */
#include "policy/policy_impl.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "call/fx.h"

/* The first rule (in id order) of each result, for one effect. `no`: its `match` holds and its condition is false. */
struct tally {
    const struct rule *yes, *maybe, *error, *no;
};

/* What is known while rules are looked at. */
struct rules {
    enum view view;
    struct look *look; /* NULL: none */
    bool has_shadow; /* one that may concern the call */
    const struct policy *p;
    const struct facts *f;
    bool may_lookup, may_ask;
    struct arena *a;
    struct lacking lacks;
    struct tally by_effect[3];
    const struct rule *out_of_scope; /* the first that would apply but for its scope; NULL */
    struct scope_miss miss;          /* its */
    bool is_short_of_memory;
    struct approval_need asked; /* by every approve that holds, may hold or failed */
    struct duties *duties;      /* the verdict's, of permits and approvals that hold */
};

/* Match and condition together. The customer that a `match` names is lacking; what a condition hangs on, it says. */
static enum match_result holds_when(const struct match *m, const struct expr *when, const struct facts *f,
                                    bool may_lookup, struct arena *a, struct lacking *lacks)
{
    enum match_result matched = match_facts(m, f);
    if (matched == MATCH_NO)
        return MATCH_NO;
    enum match_result held = when ? condition_holds(when, f, may_lookup, a, lacks) : MATCH_YES;
    if (held == MATCH_NO)
        return MATCH_NO;
    lacks->customer |= matched == MATCH_MAYBE;
    return held == MATCH_YES ? matched : held;
}

/* Of a rule that holds but for its scope. */
static enum match_result in_scope(struct rules *x, const struct rule *r)
{
    struct scope_miss miss;
    enum match_result held = scope_holds(&r->scope, x->f, x->may_ask, x->a, &x->lacks, &miss);
    if (held == MATCH_NO && !x->out_of_scope) {
        x->out_of_scope = r;
        x->miss = miss;
    }
    return held;
}

static enum match_result rule_holds(struct rules *x, const struct rule *r)
{
    bool needs_name = x->f->class == CLASS_AUTHORITY || x->f->class == CLASS_UNKNOWN;
    if (needs_name && r->effect != EFFECT_DENY && !match_names(&r->match, x->f->operation))
        return MATCH_NO;
    enum match_result held = holds_when(&r->match, r->when, x->f, x->may_lookup, x->a, &x->lacks);
    return held == MATCH_YES ? in_scope(x, r) : held;
}

/* As it was found out before, or now. */
static enum match_result result_of(struct rules *x, size_t i)
{
    const struct rule *r = &x->p->rules[i];
    uint8_t *results = x->look ? x->look->results : NULL;
    if (results && x->view == VIEW_WHOLE && results[i])
        return (enum match_result)(results[i] - 1);
    enum match_result m = rule_holds(x, r);
    if (results && x->view == VIEW_IN_FORCE && r->scope.kind == SCOPE_NONE)
        results[i] = (uint8_t)(m + 1);
    return m;
}

static void tally_rules(struct rules *x)
{
    for (size_t i = 0; i < x->p->n_rules; i++) {
        const struct rule *r = &x->p->rules[i];
        struct tally *t = &x->by_effect[r->effect];
        if (r->is_shadow && x->view == VIEW_IN_FORCE) {
            x->has_shadow |= match_facts(&r->match, x->f) != MATCH_NO;
            continue;
        }
        enum match_result m = result_of(x, i);
        const struct rule **first = m == MATCH_YES     ? &t->yes
                                    : m == MATCH_MAYBE ? &t->maybe
                                    : m == MATCH_ERROR ? &t->error
                                                       : &t->no;
        if (r->effect == EFFECT_APPROVE && m != MATCH_NO)
            x->is_short_of_memory |= !approval_add(&x->asked, &r->approval, "rule", r->id, x->a);
        if (m != MATCH_NO && r->effect != EFFECT_DENY)
            duties_add(x->duties, r);
        if (!*first && (m != MATCH_NO || (r->when && match_facts(&r->match, x->f) != MATCH_NO)))
            *first = r;
    }
}

/* What forbids, now that nothing more is looked up; true: the verdict is made. */
static bool is_forbidden(const struct rules *x, bool can_be_allowed, struct verdict *v)
{
    const struct tally *t = &x->by_effect[EFFECT_DENY];
    if (t->error)
        say_condition_failed(x->p, t->error, x->f, x->a, v);
    else if (t->maybe && can_be_allowed)
        say_forbidden(x->p, t->maybe, true, x->f, x->a, v);
    else
        return false;
    return true;
}

static bool wants_scope(const struct verdict *v) { return v->wants_affected || v->n_questions; }

/* False: the verdict is made. True: a rule permits, or asks a person, or (wants) may do so once a fact is known. */
static bool rules_permit(struct rules *x, struct verdict *v)
{
    const struct tally *forbid = &x->by_effect[EFFECT_DENY], *approve = &x->by_effect[EFFECT_APPROVE],
                       *permit = &x->by_effect[EFFECT_PERMIT];
    tally_rules(x);
    if (forbid->yes) {
        say_forbidden(x->p, forbid->yes, false, x->f, x->a, v);
        return false;
    }
    bool is_asked = approve->yes || approve->error;
    bool can_allow = (permit->yes || permit->maybe || is_asked || approve->maybe) && !forbid->error;
    bool hangs_on_facts = forbid->maybe || approve->maybe || (!permit->yes && !is_asked);
    bool asks_scope = can_allow && hangs_on_facts;
    v->wants_affected = asks_scope && x->lacks.affected;
    v->questions = x->lacks.questions;
    v->n_questions = asks_scope ? x->lacks.n_questions : 0;
    if (can_allow && hangs_on_facts && x->may_lookup) {
        v->wants_customer |= x->lacks.customer; /* beside what identity.require wants */
        v->wants_cost = x->lacks.cost;
        return true;
    }
    if (wants_scope(v))
        return true;
    const struct rule *asks = approve->yes ? approve->yes : approve->error ? approve->error : approve->maybe;
    if (is_forbidden(x, can_allow || asks, v))
        return false;
    if (x->is_short_of_memory) {
        say_no_memory(v);
        return false;
    }
    if (asks) {
        say_approval(x->p, asks, x->f, x->a, v);
        v->approval = x->asked;
        return true;
    }
    if (!permit->yes && x->out_of_scope) {
        say_out_of_scope(x->p, x->out_of_scope, &x->miss, x->f, x->a, v);
        return false;
    }
    if (!permit->yes) {
        say_no_permit(x->p, permit->error ? permit->error : permit->no, x->f, x->a, v);
        return false;
    }
    v->rule = permit->yes->id;
    return true;
}

struct gather {
    enum view view;
    bool is_of_key;  /* the limit in hand */
    bool has_shadow; /* a limit in shadow concerns the call */
    struct deciding *d;
    const struct facts *f; /* its */
    bool may_lookup;
    struct verdict *v;
    const struct limit *unpriced; /* first limit on a cost that is unknown for good */
    struct look *look;            /* NULL: none */
    size_t n_max;
};

/* It refuses nothing, so whatever it asks can be taken. */
static bool counts_only(const struct gather *g, const struct limit *l)
{
    return g->view == VIEW_OBSERVED ? !g->is_of_key : g->view == VIEW_IN_FORCE && l->is_shadow;
}

static void note_unpriced(struct gather *g, const struct limit *l)
{
    if (g->look && g->view != VIEW_WHOLE && !g->look->unpriced)
        g->look->unpriced = l;
    if (!counts_only(g, l) && !g->unpriced)
        g->unpriced = l;
}

/* Of a bound that is not known as a whole, one part may be: then it is more than nothing. */
static int64_t part_of(const struct token_bound *b, int64_t n)
{
    return b->is_known || n > 0 ? n : USED_UNKNOWN;
}

/* The most that the call can use of what a limit on tokens counts; calls to others than models use none. */
static bool tokens_asked(struct gather *g, const struct limit *l, int64_t *ret_n)
{
    const struct token_bound *b = &g->f->tokens;
    const struct used most = {.input_tokens = part_of(b, b->input), .output_tokens = part_of(b, b->output)};
    if (!is_model_call(g->f))
        return false;
    int64_t n = used_of(&most, l->meter, l->currency);
    if (n == USED_UNKNOWN && l->is_unknown_held)
        n = l->unknown_hold;
    if (n == USED_UNKNOWN && class_is_money(g->f->class))
        note_unpriced(g, l);
    *ret_n = n == USED_UNKNOWN && counts_only(g, l) ? 0 : n;
    return n > 0 || (n == 0 && class_is_money(g->f->class));
}

/* Nobody knows how much the call moves: a fact is asked for first (false), or what the limit says is held. */
static bool unknown_asked(struct gather *g, const struct limit *l, int64_t *ret_n)
{
    if (!class_is_money(g->f->class))
        return false;
    if (g->may_lookup) {
        g->v->wants_cost = true;
        return false;
    }
    if (!l->is_unknown_held)
        note_unpriced(g, l);
    *ret_n = l->unknown_hold;
    return true;
}

/* What the call moves in that currency, as it stands: nothing is converted, and what is priced is priced in dollars. */
static bool currency_asked(struct gather *g, const struct limit *l, int64_t *ret_n)
{
    const struct amount *m = &g->f->amount;
    if (!m->is_known)
        return g->f->cost.how == HOW_UNKNOWN && unknown_asked(g, l, ret_n);
    if (strcmp(m->currency, l->currency) != 0)
        return false;
    *ret_n = amount_nano(m);
    return class_is_money(g->f->class) || *ret_n > 0;
}

/* How much the call asks of a limit; false: nothing, the limit does not concern it (or a fact is asked for first). */
static bool ask_of(struct gather *g, const struct limit *l, int64_t *ret_n)
{
    if (!meter_is_cost(l->meter)) {
        *ret_n = 1;
        return true;
    }
    if (l->meter == METER_CURRENCY)
        return currency_asked(g, l, ret_n);
    if (l->meter != METER_USD)
        return tokens_asked(g, l, ret_n);
    const struct cost *cost = &g->f->cost;
    if (cost->how == HOW_UNKNOWN)
        return unknown_asked(g, l, ret_n);
    *ret_n = cost->usd;
    return class_is_money(g->f->class) || cost->usd > 0;
}

/* Beside the need of a limit by run: the ledger knows whether the run is new. */
static int add_new_run(struct gather *g, const struct limit *runs)
{
    if (g->v->n_needs == g->n_max)
        return err_trace(-ERR_TOO_LARGE);
    struct limit_need *need = &g->v->needs[g->v->n_needs];
    int r = limit_need(runs, g->d, 1, need);
    if (r < 0)
        return err_trace(r);
    need->counts_new = true;
    need->is_shadow = need[-1].is_shadow;
    g->v->n_needs++;
    return 0;
}

static int add_limit(struct gather *g, const struct limit *l)
{
    int64_t n;
    struct lacking lacks = {.customer = l->by & 1u << BY_CUSTOMER && g->f->customer.n == 0};
    if (holds_when(&l->match, l->when, g->f, g->may_lookup, g->d->a, &lacks) == MATCH_NO)
        return 0;
    bool concerns = ask_of(g, l, &n);
    if (!concerns && !g->v->wants_cost)
        return 0;
    g->v->wants_customer |= lacks.customer && g->may_lookup;
    g->v->wants_cost |= lacks.cost && g->may_lookup;
    if (!concerns || g->v->wants_customer || g->v->wants_cost)
        return 0;
    if (g->v->n_needs == g->n_max)
        return err_trace(-ERR_TOO_LARGE);
    struct limit_need *need = &g->v->needs[g->v->n_needs];
    int r = limit_need(l, g->d, n, need);
    if (r < 0)
        return err_trace(r);
    g->v->n_needs++;
    g->has_shadow |= l->is_shadow;
    need->approval = l->approval;
    need->is_shadow = counts_only(g, l);
    need->may_clamp = l->may_clamp && is_model_call(g->f);
    need->downgrade = is_model_call(g->f) && !need->is_shadow ? route_model(l->downgrade, g->f->vendor) : STR_NONE;
    return l->runs && g->f->run_trust == RUN_CLAIMED ? add_new_run(g, l->runs) : 0;
}

/* The document's limits and the key's, merged in id order. */
static int add_limits(struct gather *g, const struct policy *p, const struct key_limits *k)
{
    size_t i = 0, j = 0, n_key = k ? k->n : 0;
    while (i < p->n_limits || j < n_key) {
        bool is_key = i == p->n_limits || (j < n_key && str_cmp(k->limits[j].id, p->limits[i].id) < 0);
        g->is_of_key = is_key;
        int r = add_limit(g, is_key ? &k->limits[j++] : &p->limits[i++]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Of what the limits ask: a permit, a question, the facts that are lacking, or a denial. */
static void end_needs(struct gather *g)
{
    struct verdict *v = g->v;
    if (wants_facts(v)) {
        v->n_needs = 0;
    } else if (g->unpriced) {
        struct limit_need need;
        if (limit_need(g->unpriced, g->d, 0, &need) < 0)
            say_no_memory(v);
        else
            say_cost_unknown(&need, g->f, g->d->a, v);
        return;
    }
    v->effect = v->approval.terms.quorum ? EFFECT_APPROVE : EFFECT_PERMIT;
    v->code = v->approval.terms.quorum ? CODE_APPROVAL_PENDING : CODE_NONE;
}

/* What the limits ask: needs, or the facts that are lacking, or a denial. */
static void gather_needs(const struct policy *p, const struct key_limits *k, struct gather *g)
{
    struct verdict *v = g->v;
    if (g->view == VIEW_WHOLE && g->look && g->look->has_needs) {
        g->unpriced = g->look->unpriced; /* needs are there */
        end_needs(g);
        return;
    }
    size_t n = 2 * p->n_limits + (k ? k->n : 0); /* a limit by run may have one on new runs beside it */
    g->n_max = n < LIMIT_NEEDS_MAX ? n : LIMIT_NEEDS_MAX;
    v->needs = arena_try_alloc(g->d->a, (g->n_max + 1) * sizeof *v->needs);
    if (!v->needs || add_limits(g, p, k) < 0) {
        say_no_memory(v);
        return;
    }
    end_needs(g);
}

bool decide_view(const struct policy *p, const struct key_limits *k, struct deciding *d, unsigned may, enum view view,
                 struct look *look, struct verdict *v)
{
    const struct facts *f = d->f;
    struct arena *a = d->a;
    /* no vendor of models tells what a call will cost, or whose it is */
    bool may_lookup = (may & POLICY_MAY_LOOK_UP) && !is_model_call(f);
    struct rules x = {
        .view = view, .look = look, .p = p, .f = f, .may_lookup = may_lookup, .may_ask = may & POLICY_MAY_ASK, .a = a,
        .duties = &v->duties};
    struct gather g = {.view = view, .look = look, .d = d, .f = f, .may_lookup = may_lookup, .v = v};
    *v = (struct verdict){.effect = EFFECT_DENY, .code = CODE_POLICY_DENIED, .policy = p->digest,
                          .policy_name = p->name};
    if (view == VIEW_WHOLE && look)
        x.lacks = look->lacks;
    bool goes_on = view == VIEW_OBSERVED || (identity_suffices(p, f, may_lookup, a, v) && rules_permit(&x, v));
    if (goes_on && !wants_facts(v) && v->duties.needs_idempotency_key && !f->has_idempotency_key)
        say_key_required(p, f, a, v);
    else if (goes_on)
        gather_needs(p, k, &g);
    if (view != VIEW_WHOLE && look) {
        look->lacks = x.lacks;
        look->has_rules = view == VIEW_IN_FORCE;
    }
    /* no rule is looked at for a call that is observed: its record loses what any rule that matches it takes out */
    duties_end(&v->duties, p, f, view != VIEW_OBSERVED && v->effect != EFFECT_DENY && !wants_facts(v));
    bool has_shadow = narrow(p, d, may, view, v);
    v->policy = p->digest;
    v->policy_name = p->name;
    if (v->effect == EFFECT_DENY) /* not every document above was asked */
        v->duties.redactors_of_record |= policy_redactors(p) & ~policy_own_redactors(p);
    return has_shadow || x.has_shadow || g.has_shadow;
}

/*
 * Rules in shadow are mostly watched for a case that is rare. True: none that concerns the call holds, or may, so that
 * the first verdict, which permits or asks, is the second one too. What is plainly false is kept for the second look.
 */
static bool rules_are_idle(const struct policy *p, const struct deciding *d, struct look *look)
{
    struct lacking lacks = {0};
    for (size_t i = 0; i < p->n_rules; i++) {
        const struct rule *r = &p->rules[i];
        enum match_result m = r->is_shadow ? match_facts(&r->match, d->f) : MATCH_NO;
        if (m == MATCH_NO)
            continue;
        if (m != MATCH_YES || !r->when || !look->results)
            return false;
        if (condition_holds(r->when, d->f, false, d->a, &lacks) != MATCH_NO)
            return false;
        look->results[i] = MATCH_NO + 1;
    }
    return true;
}

/* The verdict that enforcement of `whole` would give, beside *v. What it lacks is asked for while *v may permit. */
static void add_would(const struct policy *whole, const struct key_limits *k, struct deciding *d, unsigned may,
                      struct look *look, struct str of, struct verdict *v)
{
    struct verdict *would = arena_try_alloc(d->a, sizeof *would);
    if (!would)
        return; /* it changes nothing, so the call goes on without it */
    bool is_denied = v->effect == EFFECT_DENY; /* then nobody is asked about it, and nothing was gathered */
    if (look && look->has_rules && look->has_needs && !look->unpriced && rules_are_idle(whole, d, look))
        *would = *v;
    else
        (void)decide_view(whole, k, d, is_denied ? 0 : may, VIEW_WHOLE, is_denied ? NULL : look, would);
    v->would = would;
    would->asks_same = look && look->has_needs && would->effect != EFFECT_DENY && !wants_facts(would);
    if (would->asks_same) {
        would->needs = NULL;
        would->n_needs = 0;
    }
    v->would_of = of;
    v->wants_cost |= would->wants_cost;
    v->wants_customer |= would->wants_customer;
    v->wants_affected |= would->wants_affected;
    if (v->n_questions == 0) {
        v->questions = would->questions;
        v->n_questions = would->n_questions;
    }
    if (wants_facts(v))
        v->n_needs = 0;
    else if (!is_denied && !(look && look->has_needs))
        would_add_needs(v, d->a);
}

/* Room for what rules come to, where some are in shadow; NULL: none are, or no memory, and nothing is kept. */
static uint8_t *results_for(const struct policy *p, struct arena *a)
{
    bool has_shadow = false;
    for (size_t i = 0; p && i < p->n_rules && !has_shadow; i++)
        has_shadow = p->rules[i].is_shadow;
    uint8_t *results = has_shadow ? arena_try_alloc(a, p->n_rules) : NULL;
    if (results)
        memset(results, 0, p->n_rules);
    return results;
}

void policy_decide(const struct policy *p, const struct key_limits *k, const struct facts *f, unsigned may,
                   struct arena *a, struct verdict *ret)
{
    check(f->class < CLASS_COUNT && f->cost.usd >= 0);
    check(!f->tokens.is_known || (f->tokens.input >= 0 && f->tokens.output >= 0));
    bool has_shadow = false;
    bool is_observed = p && f->class != CLASS_AUTHORITY && policy_observes(p, f->vendor, f->now);
    struct look look = {.results = results_for(p, a)};
    struct deciding d;
    d.f = f;
    d.a = a;
    d.parts.n_buckets = d.parts.n_windows = 0;
    if (!p || p->mode == POLICY_SHADOW) {
        *ret = (struct verdict){.effect = EFFECT_DENY, .code = CODE_POLICY_DENIED};
        say_no_document(a, ret);
    } else {
        has_shadow = decide_view(p, k, &d, may, is_observed ? VIEW_OBSERVED : VIEW_IN_FORCE, &look, ret);
    }
    /* those of documents above stand among them, and are gathered anew */
    look.has_needs = p && p->n_parents == 0 && ret->effect != EFFECT_DENY && !wants_facts(ret);
    if (p && (p->beside || p->mode == POLICY_SHADOW))
        add_would(p->beside ? p->beside : p, k, &d, may, NULL, STR("document"), ret);
    else if (is_observed || has_shadow)
        add_would(p, k, &d, may, &look, is_observed ? STR("observe") : STR("rules"), ret);
}
