/*
 * replay/side.c - a verdict, then the ledger, as for a live call (proxy/hold.c), on counters of the replay's own.
 *
 * What a call cost that was not made when it was recorded is not known: it settles at once, at what it held.
 */
#include "replay/side.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/map.h"
#include "budget/ledger.h"
#include "store/limit_read.h"

#define OPEN_CALLS_MAX ((size_t)1 << 20) /* beyond that, what ends is not told: it stays held */
#define FRESH_MAX 1024

struct side {
    const struct policy *p;
    bool names_host;
    wall_t since;
    struct ledger *ledger;
    struct map open;  /* open_seq, 8 bytes -> struct hold, with a reference */
    struct map fresh; /* id of a limit -> non-NULL */
};

int side_new(const struct policy *p, wall_t since, size_t buckets_max, struct side **ret)
{
    static const uint8_t seed[16]; /* names come from a record that was bounded when it was made */
    struct side *s = calloc(1, sizeof *s);
    if (!s)
        return err_trace(-ERR_NOMEM);
    s->ledger = ledger_new(buckets_max, seed);
    if (!s->ledger) {
        free(s);
        return err_trace(-ERR_NOMEM);
    }
    ledger_restore_begin(s->ledger, 0);
    map_init(&s->open, OPEN_CALLS_MAX, NULL);
    map_init(&s->fresh, FRESH_MAX, NULL);
    s->since = since;
    s->p = p;
    if (p) {
        policy_ref(p);
        s->names_host = policy_names_host(p);
    }
    return *ret = s, 0;
}

void side_free(struct side *s)
{
    size_t i = 0;
    struct str seq;
    void *hold;
    if (!s)
        return;
    while (map_next(&s->open, &i, &seq, &hold)) {
        if (((struct hold *)hold)->n_live > 0)
            hold_forget(hold);
        else
            hold_unref(hold);
    }
    map_deinit(&s->open);
    map_deinit(&s->fresh);
    ledger_free(s->ledger);
    policy_unref(s->p);
    free(s);
}

static struct str seq_key(const uint64_t *seq)
{
    return (struct str){(const char *)seq, sizeof *seq};
}

/* --- where a counter starts --------------------------------------------------------------------------------------- */

/* What the record of the call says of the counter, and of raises; false: it did not count there. */
static bool recorded_count(const struct recorded *c, const struct limit_need *need, int64_t *ret, int64_t *ret_raised)
{
    struct json one;
    size_t i = 0;
    for (struct json_iter it = json_each(c->limits); json_next(&it, NULL, &one); i++) {
        struct limit_read limit = limit_read(one);
        if (!str_eq(limit.counter, need->counter) || !str_eq(limit_bucket(c->buckets, i), need->bucket))
            continue;
        *ret = limit.before + limit.held;
        *ret_raised = limit.raised;
        return true;
    }
    return false;
}

static bool began_earlier(const struct side *s, const struct limit_need *need, wall_t now)
{
    if (need->window == WINDOW_SLIDING)
        return now - need->sliding_ns < s->since;
    return need->window == WINDOW_LIFETIME || (window_is_calendar(need->window) && need->window_start < s->since);
}

static int start_counter(struct side *s, const struct recorded *c, struct limit_need *need)
{
    struct ledger_row row;
    int64_t n = 0;
    bool is_recorded = recorded_count(c, need, &n, &need->raised);
    need->max = need->max > INT64_MAX - need->raised ? INT64_MAX : need->max + need->raised;
    /* Calls in flight end within the replay: who is at work when it begins is not counted. */
    if (need->window == WINDOW_CALL || need->meter == METER_CONCURRENT ||
        ledger_row_of(s->ledger, c->facts.now, need->counter, need->bucket, &row))
        return 0;
    if (!is_recorded) {
        if (began_earlier(s, need, c->facts.now))
            (void)map_put(&s->fresh, need->id, s, NULL); /* full: enough are named */
        return 0;
    }
    return ledger_restore_settled(s->ledger, need, n < 0 ? 0 : n);
}

/* --- a call ---------------------------------------------------------------------------------------------------- */

/* A call that shares another's hold adds no cost. */
static int prepare(struct side *s, const struct recorded *c, struct verdict *v)
{
    for (size_t i = 0; i < v->n_needs; i++) {
        struct limit_need *need = &v->needs[i];
        if (c->is_shared && meter_is_cost(need->meter))
            need->n = 0;
        int r = start_counter(s, c, need);
        if (r < 0)
            return err_trace(r);
        if (need->is_shadow)
            need->max = INT64_MAX; /* counted, and never full */
    }
    return 0;
}

/* A model that may answer less is asked for what is left. */
static bool clamp(struct limit_need *need)
{
    int64_t left = need->max - need->before - need->held;
    if (!need->may_clamp || left <= 0 || left >= need->n)
        return false;
    need->n = left;
    return true;
}

static int take(struct side *s, struct verdict *v, struct hold **ret_hold, size_t *ret_i_short)
{
    int r;
    do {
        r = ledger_hold(s->ledger, v->needs, v->n_needs, ret_hold, ret_i_short);
    } while (r == LEDGER_R_EXHAUSTED && clamp(&v->needs[*ret_i_short]));
    return r;
}

static void settle_now(struct hold *h)
{
    struct move moves[MOVES_MAX];
    struct used used = USED_UNKNOWN_ALL;
    size_t n = 0;
    (void)hold_settle(h, true, &used, moves, &n); /* it cannot take more than it held */
}

/* Nobody knows of a call that was refused then how it would have ended. */
static void keep(struct side *s, const struct recorded *c, uint64_t open_seq, struct hold *h)
{
    bool was_never_sent = c->is_over && str_eq(c->verdict, STR("permit"));
    if (was_never_sent)
        hold_undo(h);
    else if (c->is_over)
        settle_now(h);
    else if (map_put(&s->open, seq_key(&open_seq), h, NULL) < 0)
        hold_forget(h);
}

static struct said said_of(const struct verdict *v, struct str limit)
{
    return (struct said){v->effect, v->code, limit.n ? limit : v->rule, v->reason};
}

/* What the record lacks of what the document asks for; NOTHING: all that could be known is known. */
static enum lack lack_of(const struct recorded *c, const struct verdict *v)
{
    if (v->wants_cost && c->could_ask_cost)
        return LACK_COST;
    if (v->wants_customer && c->could_ask_customer)
        return LACK_CUSTOMER;
    return LACK_NOTHING;
}

/* Without a permit for the model that was asked for first, no limit falls back on another. */
static bool refuses_asked(const struct side *s, const struct recorded *c, const struct key_limits *k, struct arena *a,
                          struct verdict *v)
{
    struct facts f = c->facts;
    if (!f.downgraded_by.n)
        return false;
    f.model = f.model_asked;
    f.model_asked = f.downgraded_by = STR_NONE;
    policy_decide(s->p, k, &f, POLICY_MAY_LOOK_UP | POLICY_MAY_ASK, a, v);
    policy_own_verdict(s->p, v);
    return v->effect == EFFECT_DENY;
}

/* False: the record lacks what the document asks for. */
static bool decide(struct side *s, const struct recorded *c, const struct key_limits *k, struct arena *a,
                   struct verdict *v, enum lack *ret_lack)
{
    if (s->names_host && !c->facts.host.n) {
        *ret_lack = LACK_HOST;
        return false;
    }
    *ret_lack = LACK_NOTHING;
    if (refuses_asked(s, c, k, a, v))
        return true;
    policy_decide(s->p, k, &c->facts, POLICY_MAY_LOOK_UP | POLICY_MAY_ASK, a, v);
    policy_own_verdict(s->p, v);
    bool wants = v->wants_cost || v->wants_customer;
    *ret_lack = v->effect == EFFECT_DENY ? LACK_NOTHING : lack_of(c, v);
    if (v->effect != EFFECT_DENY && wants && *ret_lack == LACK_NOTHING) {
        policy_decide(s->p, k, &c->facts, POLICY_MAY_ASK, a, v); /* as the pipeline does, when nobody can be asked */
        policy_own_verdict(s->p, v);
    }
    if (v->effect != EFFECT_DENY && *ret_lack == LACK_NOTHING && (v->wants_affected || v->n_questions))
        *ret_lack = LACK_SCOPE;
    return *ret_lack == LACK_NOTHING;
}

/* Limits without room: a person is asked, or the first that nobody can let pass refuses. */
static struct said full(struct verdict *v, const struct recorded *c, struct arena *a, size_t i_short)
{
    bool was_asked = v->effect == EFFECT_APPROVE;
    const struct limit_need *refuses = policy_ask_limits(v, &c->facts, a);
    if (!refuses)
        return said_of(v, was_asked ? STR_NONE : v->needs[i_short].id);
    policy_refuse_limit(refuses, &c->facts, a, v);
    return said_of(v, refuses->id);
}

/* For want of room there the vendor would be asked for another model, once (proxy/classify_llm.c: downgrade). */
static bool falls_back(const struct recorded *c, const struct limit_need *is_short)
{
    return is_short->downgrade.n && !c->facts.downgraded_by.n && !str_eq(is_short->downgrade, c->facts.model);
}

int side_decide(struct side *s, const struct recorded *c, const struct key_limits *k, uint64_t open_seq,
                struct arena *a, struct said *ret, enum lack *ret_lack)
{
    struct verdict v;
    struct hold *h;
    size_t i_short;
    if (!decide(s, c, k, a, &v, ret_lack))
        return SIDE_R_LACKS;
    if (v.effect == EFFECT_APPROVE && c->is_approved)
        v.effect = EFFECT_PERMIT; /* somebody said yes to exactly this */
    *ret = said_of(&v, STR_NONE);
    if (v.effect == EFFECT_DENY)
        return 0;
    int r = prepare(s, c, &v);
    if (r == 0)
        r = take(s, &v, &h, &i_short);
    if (r == LEDGER_R_EXHAUSTED && falls_back(c, &v.needs[i_short])) {
        *ret_lack = LACK_DOWNGRADE;
        return SIDE_R_LACKS;
    }
    if (r == LEDGER_R_EXHAUSTED) {
        *ret = full(&v, c, a, i_short);
        return 0;
    }
    if (r == 0 && v.effect == EFFECT_PERMIT)
        keep(s, c, open_seq, h);
    else if (r == 0)
        hold_undo(h); /* nothing is held while a person is asked */
    return err_trace(r);
}

void side_close(struct side *s, uint64_t open_seq, const struct side_end *end)
{
    struct move moves[MOVES_MAX];
    size_t n = 0;
    struct hold *h = map_get(&s->open, seq_key(&open_seq));
    if (!h)
        return;
    bool is_owner = !h->is_unknown;
    if (end->outcome == OUTCOME_UNKNOWN && h->is_unknown)
        return;
    if (end->outcome == OUTCOME_UNKNOWN) {
        hold_ref(h); /* its outcome may become known */
        (void)hold_unknown(h, true, moves, &n);
        return;
    }
    (void)map_remove(&s->open, seq_key(&open_seq)); /* it is `h` */
    if (!is_owner)
        hold_share(h);
    if (end->outcome == OUTCOME_SETTLED)
        (void)hold_settle(h, is_owner, &end->used, moves, &n); /* an overrun counts like any cost */
    else
        (void)hold_release(h, is_owner, moves, &n); /* gave back what there was to give */
    if (is_owner)
        return;
    n = 0;
    hold_clear(h, moves, &n);
    hold_unref(h);
}

void side_put_fresh(const struct side *s, struct json_writer *w)
{
    size_t i = 0;
    struct str id;
    void *value;
    jw_array(w);
    while (map_next(&s->fresh, &i, &id, &value))
        jw_str(w, id);
    jw_array_end(w);
}
