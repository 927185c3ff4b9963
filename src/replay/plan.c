/*
 * replay/plan.c - frame by frame: which calls the documents are about, what each says, and what differs.
 */
#include "replay/plan_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "call/fx.h"

#define FRAME_BYTES_MAX ((size_t)256 << 20)
#define KEPT_BYTES_MAX ((size_t)256 << 20)

static const struct str changes[CHANGE_COUNT] = {
#define CHANGE(name, text) STR_INIT(text),
#include "replay/change.tbl.h"
#undef CHANGE
};

struct str change_text(enum change c)
{
    check(c < CHANGE_COUNT);
    return changes[c];
}

int plan_new(const struct plan_options *o, struct plan **ret)
{
    struct plan *p = calloc(1, sizeof *p);
    if (!p)
        return err_trace(-ERR_NOMEM);
    p->o = *o;
    p->last_changed = &p->changed;
    arena_init(&p->frame, FRAME_BYTES_MAX);
    arena_init(&p->kept, KEPT_BYTES_MAX);
    map_init(&p->by_group, PLAN_GROUPS_MAX, NULL);
    for (enum change c = 0; c < CHANGE_COUNT; c++) {
        map_init(&p->sums[c].agents, PLAN_NAMES_MAX, NULL);
        map_init(&p->sums[c].customers, PLAN_NAMES_MAX, NULL);
    }
    int r = side_new(o->old, o->since, o->buckets_max, &p->old);
    if (r == 0)
        r = side_new(o->new, o->since, o->buckets_max, &p->new);
    if (r < 0) {
        plan_free(p);
        return err_trace(r);
    }
    return *ret = p, 0;
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    side_free(p->old);
    side_free(p->new);
    map_deinit(&p->by_group);
    for (enum change c = 0; c < CHANGE_COUNT; c++) {
        map_deinit(&p->sums[c].agents);
        map_deinit(&p->sums[c].customers);
    }
    arena_deinit(&p->frame);
    arena_deinit(&p->kept);
    free(p);
}

uint64_t plan_seq(const struct plan *p)
{
    return p->seq;
}

uint64_t plan_calls(const struct plan *p)
{
    return p->n_calls;
}

bool plan_is_safe(const struct plan *p)
{
    return p->sums[CHANGE_PERMITTED].moves_value == 0;
}

/* --- what changed ---------------------------------------------------------------------------------------------- */

static enum change change_of(enum effect after)
{
    return after == EFFECT_PERMIT ? CHANGE_PERMITTED : after == EFFECT_APPROVE ? CHANGE_ASKED : CHANGE_DENIED;
}

static void add_group(struct plan *p, enum change c, const struct recorded *r, const struct said *old,
                      const struct said *new)
{
    const struct facts *f = &r->facts;
    struct str key = arena_printf(&p->frame, "%d|%d|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT, c, old->effect,
                                  STR_ARG(f->operation), STR_ARG(f->agent), STR_ARG(old->by), STR_ARG(new->by));
    struct plan_group *g = map_get(&p->by_group, key);
    if (!g && p->by_group.n < PLAN_GROUPS_MAX) {
        g = arena_alloc(&p->kept, sizeof *g);
        *g = (struct plan_group){.next = p->groups, .change = c, .was = old->effect, .was_code = old->code,
                                 .becomes_code = new->code, .class = class_text(f->class),
                                 .operation = arena_str(&p->kept, f->operation),
                                 .agent = arena_str(&p->kept, f->agent), .was_by = arena_str(&p->kept, old->by),
                                 .becomes_by = arena_str(&p->kept, new->by)};
        if (map_put(&p->by_group, key, g, NULL) < 0)
            return;
        p->groups = g;
    }
    if (!g)
        return;
    g->calls++;
    (void)money_add(g->usd, f->cost.how != HOW_UNKNOWN ? f->cost.usd : 0, &g->usd); /* at most, when it is passed */
}

static void list_changed(struct plan *p, enum change c, const struct recorded *r, const struct said *old,
                         const struct said *new)
{
    const struct facts *f = &r->facts;
    if (p->n_changed == p->o.changed_max)
        return;
    struct plan_changed *x = arena_alloc(&p->kept, sizeof *x);
    *x = (struct plan_changed){.change = c,
                               .call_id = arena_str(&p->kept, r->call_id),
                               .run_id = arena_str(&p->kept, f->run_id),
                               .agent = arena_str(&p->kept, f->agent),
                               .operation = arena_str(&p->kept, f->operation),
                               .class = class_text(f->class),
                               .customer = arena_str(&p->kept, f->customer),
                               .at = f->now,
                               .cost = f->cost,
                               .was = old->effect,
                               .was_by = arena_str(&p->kept, old->by),
                               .becomes_by = arena_str(&p->kept, new->by),
                               .reason = arena_str(&p->kept, new->reason),
                               .was_code = old->code,
                               .becomes_code = new->code};
    *p->last_changed = x;
    p->last_changed = &x->next;
    p->n_changed++;
}

static void add_changed(struct plan *p, const struct recorded *r, const struct said *old, const struct said *new)
{
    const struct facts *f = &r->facts;
    enum change c = change_of(new->effect);
    struct plan_sum *sum = &p->sums[c];
    sum->calls++;
    sum->unpriced += f->cost.how == HOW_UNKNOWN && class_is_money(f->class);
    sum->moves_value += class_is_money(f->class) || f->class == CLASS_AUTHORITY;
    (void)money_add(sum->usd, f->cost.how != HOW_UNKNOWN ? f->cost.usd : 0, &sum->usd); /* at most, when passed */
    (void)map_put(&sum->agents, f->agent, p, NULL); /* full: "at least" */
    if (f->customer.n)
        (void)map_put(&sum->customers, f->customer, p, NULL);
    add_group(p, c, r, old, new);
    list_changed(p, c, r, old, new);
}

/* --- one call -------------------------------------------------------------------------------------------------- */

/* Refused by a document, and not before one was asked, by the stop button or for want of a disk. */
static bool is_verdict(struct str code)
{
    static const enum code codes[] = {CODE_POLICY_DENIED, CODE_SCOPE_DENIED,   CODE_OPERATION_UNKNOWN,
                                      CODE_LIMIT_EXCEEDED, CODE_COST_UNKNOWN,  CODE_RATE_LIMITED,
                                      CODE_IDENTITY_REQUIRED};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (str_eq(code, code_text(codes[i])))
            return true;
    return str_starts(code, STR("approval_"));
}

static bool is_about(const struct plan *p, const struct recorded *r, const struct key_limits **ret_limits)
{
    struct str obeys = r->policy_name;
    *ret_limits = NULL;
    if (p->o.key)
        (void)p->o.key(p->o.key_ctx, r->facts.key, &obeys, ret_limits); /* not known: as the record says */
    return str_eq(obeys, policy_name(p->o.new));
}

static int decide(struct plan *p, const struct recorded *r, const struct key_limits *k, struct said *old,
                  struct said *new)
{
    enum lack lack = LACK_NOTHING;
    int e = side_decide(p->old, r, k, p->seq, &p->frame, old, &lack);
    if (e == 0)
        e = side_decide(p->new, r, k, p->seq, &p->frame, new, &lack);
    if (e == SIDE_R_LACKS)
        p->n_lack[lack]++;
    return e;
}

static bool is_as_recorded(const struct recorded *r, const struct said *old)
{
    return str_eq(effect_text(old->effect), r->verdict);
}

static int on_call(struct plan *p, const struct recorded *r)
{
    const struct key_limits *k;
    struct said old, new;
    if (!is_about(p, r, &k)) {
        p->n_other++;
        return 0;
    }
    p->n_calls++;
    if (r->is_dry_run || (!str_eq(r->verdict, STR("permit")) && !is_verdict(r->code))) {
        p->n_dry += r->is_dry_run;
        p->n_undecided += !r->is_dry_run;
        return 0;
    }
    if (r->lack != LACK_NOTHING) {
        p->n_lack[r->lack]++;
        return 0;
    }
    int e = decide(p, r, k, &old, &new);
    if (e != 0)
        return e < 0 ? e : 0;
    p->n_replayed++;
    p->n_otherwise += !is_as_recorded(r, &old);
    if (old.effect != new.effect)
        add_changed(p, r, &old, &new);
    return 0;
}

static int on_open(struct plan *p, const struct frame *f)
{
    struct recorded r;
    int e = recorded_read(f, &p->frame, &r);
    if (e == -ERR_CORRUPT) {
        p->n_calls++;
        p->n_lack[LACK_UNREADABLE]++;
        return 0;
    }
    if (e < 0 || r.facts.now < p->o.since || (p->o.until && r.facts.now >= p->o.until))
        return e;
    return on_call(p, &r);
}

/* Classes of tokens are recorded by name, and "audio" goes both ways: it counts as input. */
static struct used used_of_close(struct json body)
{
    struct json tokens = json_get(body, STR("tokens")), n;
    struct used used = USED_UNKNOWN_ALL;
    struct amount amount;
    struct str name;
    (void)money_parse(json_text_of(json_get(json_get(body, STR("settled")), STR("usd"))), &used.usd); /* or unknown */
    if (recorded_amount(json_get(body, STR("settled_amount")), &amount)) { /* else it is what was held */
        used.amount = amount_nano(&amount);
        memcpy(used.currency, amount.currency, sizeof used.currency);
    }
    if (json_type(tokens) != JSON_OBJECT)
        return used;
    used.input_tokens = used.output_tokens = 0;
    for (struct json_iter it = json_each(tokens); json_next(&it, &name, &n);) {
        bool is_out = str_eq(name, STR("output")) || str_eq(name, STR("reasoning"));
        *(is_out ? &used.output_tokens : &used.input_tokens) += json_i64_of(n);
    }
    return used;
}

static void on_close(struct plan *p, const struct frame *f)
{
    struct json body;
    struct side_end end = {.outcome = OUTCOME_NONE};
    if (json_parse_own(&p->frame, f->body, &body) < 0)
        return; /* what it held stays held */
    uint64_t open_seq = (uint64_t)json_i64_of(json_get(body, STR("open_seq")));
    (void)outcome_parse(json_text_of(json_get(body, STR("outcome"))), &end.outcome); /* none: nothing was used */
    end.used = used_of_close(body);
    side_close(p->old, open_seq, &end);
    side_close(p->new, open_seq, &end);
}

int plan_frame(struct plan *p, const struct frame *f)
{
    int r = 0;
    p->seq = f->seq;
    arena_reset(&p->frame);
    if (f->kind == FRAME_OPEN)
        r = on_open(p, f);
    else if (f->kind == FRAME_CLOSE)
        on_close(p, f);
    return err_trace(r);
}
