/*
 * proxy/core_approvals.c - questions to persons: kept, ended, asked by calls and used by them.
 */
#include "proxy/core_approvals_impl.h"

#include "codec/hex.h"
#include "store/erase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPROVAL_ARENA_BYTES (256u << 10)
#define ID_PREFIX "apr_"

static const struct {
    struct str text;
    bool is_live;
} states[] = {
#define APPROVAL_STATE(name, text, is_live) {STR_INIT(text), is_live},
#include "proxy/approval_state.tbl.h"
#undef APPROVAL_STATE
};

struct str approval_state_text(enum approval_state s) { return states[s].text; }

bool approval_is_live(const struct approval *x) { return states[x->state].is_live; }

int approval_state_parse(struct str s, enum approval_state *ret)
{
    for (enum approval_state i = 0; i < APPROVAL_STATE_COUNT; i++) {
        if (!str_eq(s, states[i].text))
            continue;
        *ret = i;
        return 0;
    }
    return -ERR_INVALID;
}

/* --- the index ---------------------------------------------------------------------------------------------------- */

void core_approvals_init(struct core *c, const uint8_t seed[16])
{
    struct approval_index *ix = &c->approvals;
    map_init(&ix->by_id, (size_t)c->limits->approvals_max, seed);
    map_init(&ix->by_digest, (size_t)c->limits->approvals_max, seed);
    list_init(&ix->all);
    ix->sweep_at = INT64_MAX;
}

struct approval *core_approval_new(void)
{
    struct approval *x = calloc(1, sizeof *x);
    check(x != NULL);
    arena_init(&x->arena, APPROVAL_ARENA_BYTES);
    list_init(&x->node);
    list_init(&x->waits);
    return x;
}

void core_approval_free(struct approval *x)
{
    arena_deinit(&x->arena);
    free(x);
}

void core_approvals_free(struct core *c)
{
    list_each_safe(n, tmp, &c->approvals.all)
        core_approval_free(list_entry(n, struct approval, node));
    map_deinit(&c->approvals.by_id);
    map_deinit(&c->approvals.by_digest);
}

static struct str digest_of(const struct approval *x)
{
    return (struct str){(const char *)x->digest, APPROVAL_DIGEST_BYTES};
}

struct approval *core_approval_find(const struct core *c, struct str id) { return map_get(&c->approvals.by_id, id); }

static void drop(struct core *c, struct approval *x)
{
    check(list_is_empty(&x->waits) && x->state != APPROVAL_PENDING);
    (void)map_remove(&c->approvals.by_id, str_c(x->id));
    if (map_get(&c->approvals.by_digest, digest_of(x)) == x)
        (void)map_remove(&c->approvals.by_digest, digest_of(x));
    list_remove(&x->node);
    core_approval_free(x);
}

/* What is over makes room; what somebody may still act on does not. */
static bool make_room(struct core *c)
{
    if (c->approvals.by_id.n < c->approvals.by_id.n_max)
        return true;
    list_each(n, &c->approvals.all) {
        struct approval *x = list_entry(n, struct approval, node);
        if (approval_is_live(x))
            continue;
        drop(c, x);
        return true;
    }
    return false;
}

static void sweep_not_later_than(struct core *c, wall_t at)
{
    if (at < c->approvals.sweep_at)
        c->approvals.sweep_at = at;
}

int core_approval_put(struct core *c, struct approval *x)
{
    if (!make_room(c))
        return err_trace(-ERR_TOO_LARGE);
    int r = map_put(&c->approvals.by_id, str_c(x->id), x, NULL);
    if (r == 0)
        r = map_put(&c->approvals.by_digest, digest_of(x), x, NULL);
    if (r < 0) {
        (void)map_remove(&c->approvals.by_id, str_c(x->id));
        return err_trace(r);
    }
    list_add_tail(&c->approvals.all, &x->node);
    if (x->state == APPROVAL_PENDING) {
        c->approvals.n_pending++;
        if (x->key)
            x->key->n_asked++;
    }
    sweep_not_later_than(c, x->expires_at);
    return 0;
}

/* --- waits -------------------------------------------------------------------------------------------------------- */

static void unlist(struct core *c, struct approval_wait *w)
{
    list_remove(&w->node);
    w->is_listed = false;
    w->key->n_waits--;
    c->approvals.n_waits--;
}

static void wake(struct core *c, struct approval *x)
{
    list_each_safe(n, tmp, &x->waits) {
        struct approval_wait *w = list_entry(n, struct approval_wait, node);
        unlist(c, w);
        post_send(w->box, w->done);
    }
}

static bool may_wait(const struct core *c, const struct key_entry *k)
{
    return k->n_waits < (size_t)c->limits->approval_waits_per_key_max &&
           c->approvals.n_waits < (size_t)c->limits->approval_waits_max;
}

static bool wait_for(struct core *c, struct approval *x, const struct approval_request *q)
{
    if (!q->wait || !may_wait(c, q->key))
        return false;
    q->wait->key = (struct key_entry *)q->key; /* entries change under the mutex only */
    q->wait->is_listed = true;
    q->wait->key->n_waits++;
    c->approvals.n_waits++;
    list_init(&q->wait->node);
    list_add_tail(&x->waits, &q->wait->node);
    return true;
}

bool core_approval_leave(struct core *c, struct approval_wait *w)
{
    core_lock(c);
    bool was_listed = w->is_listed;
    if (was_listed)
        unlist(c, w);
    core_unlock(c);
    return was_listed;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

void core_approval_go(struct core *c, struct approval *x, enum approval_state to, wall_t now)
{
    static const unsigned edges[] = {
        [APPROVAL_PENDING] = 1u << APPROVAL_APPROVED | 1u << APPROVAL_DENIED | 1u << APPROVAL_EXPIRED,
        [APPROVAL_APPROVED] = 1u << APPROVAL_USED | 1u << APPROVAL_EXPIRED,
        [APPROVAL_DENIED] = 1u << APPROVAL_EXPIRED,
        [APPROVAL_USED] = 1u << APPROVAL_APPROVED,
        [APPROVAL_EXPIRED] = 0};
    check(edges[x->state] & 1u << to);
    if (x->state == APPROVAL_PENDING) {
        c->approvals.n_pending--;
        if (x->key)
            x->key->n_asked--;
    }
    x->is_told = x->state != APPROVAL_PENDING; /* that nobody answered is news where nobody did */
    x->state = to;
    x->over_at = approval_is_live(x) ? 0 : now;
    if (approval_is_live(x))
        sweep_not_later_than(c, x->expires_at);
    wake(c, x);
}

/* Ends it. On a full disk its time is over all the same: the next start finds that it is. */
static void expire(struct core *c, struct approval *x, wall_t now)
{
    uint64_t seq;
    core_approval_go(c, x, APPROVAL_EXPIRED, now);
    (void)core_approval_event(c, x, x->state, "approval.expire", STR("daemon"), true, &seq);
}

void core_approvals_sweep(struct core *c, wall_t now)
{
    if (now < c->approvals.sweep_at)
        return;
    c->approvals.sweep_at = INT64_MAX;
    list_each(n, &c->approvals.all) {
        struct approval *x = list_entry(n, struct approval, node);
        if (!approval_is_live(x))
            continue;
        if (now >= x->expires_at)
            expire(c, x, now);
        else
            sweep_not_later_than(c, x->expires_at);
    }
}

size_t core_approval_yes(const struct approval *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n_votes; i++)
        n += x->votes[i].is_yes;
    return n;
}

/* --- what is asked ------------------------------------------------------------------------------------------------ */

static bool asks(const struct approval *x, struct str what)
{
    for (size_t i = 0; i < x->n_asks; i++)
        if (str_eq(x->asks[i], what))
            return true;
    return false;
}

/* What persons were told it costs at most. They may have said yes to what nobody knew. */
static bool price_fits(const struct approval *x, const struct facts *f)
{
    if (x->cost.how != HOW_UNKNOWN && (f->cost.how == HOW_UNKNOWN || f->cost.usd > x->cost.usd))
        return false;
    if (!x->amount.is_known)
        return true;
    return f->amount.is_known && f->amount.minor <= x->amount.minor && f->amount.exponent == x->amount.exponent &&
           strcmp(f->amount.currency, x->amount.currency) == 0;
}

/* Whether the question is still the one that this call asks: of as many persons, about as much, for no more. */
static bool covers(const struct approval *x, const struct approval_request *q)
{
    const struct approval_need *n = &q->verdict->approval;
    for (size_t i = 0; i < n->n_asks; i++)
        if (!asks(x, n->asks[i]))
            return false;
    return n->terms.quorum <= x->terms.quorum && price_fits(x, q->facts);
}

static int ask_anew(struct core *c, const struct approval_request *q, struct approval **ret)
{
    uint8_t id[(APPROVAL_ID_BYTES - sizeof ID_PREFIX) / 2];
    uint64_t seq;
    if (q->key->n_asked >= (size_t)c->limits->approvals_per_key_max)
        return APPROVAL_R_KEY_FULL;
    if (!make_room(c))
        return APPROVAL_R_FULL;
    struct approval *x = core_approval_new();
    rng_fill(c->rng, id, sizeof id);
    memcpy(x->id, ID_PREFIX, sizeof ID_PREFIX);
    (void)hex_encode(id, sizeof id, x->id + sizeof ID_PREFIX - 1); /* calloc'd: it ends in NUL */
    memcpy(x->digest, q->digest, sizeof x->digest);
    x->key = (struct key_entry *)q->key; /* entries change under the mutex only */
    x->asked_at = q->now;
    x->expires_at = q->now + q->verdict->approval.terms.ttl_ns;
    core_approval_describe(x, c, q);
    int r = core_approval_event(c, x, x->state, "approval.ask", q->facts->agent, false, &seq);
    if (r == 0)
        r = core_approval_put(c, x);
    if (r < 0) {
        core_approval_free(x);
        return r;
    }
    if (c->approvals.box)
        post_send(c->approvals.box, c->approvals.asked);
    *ret = x;
    return 0;
}

/* --- what is answered --------------------------------------------------------------------------------------------- */

static void grant(const struct approval *x, struct arena *a, struct approval_grant *ret)
{
    struct str *by = arena_alloc(a, sizeof *by * (x->n_votes + 1));
    size_t n = 0;
    for (size_t i = 0; i < x->n_votes; i++)
        if (x->votes[i].is_yes)
            by[n++] = arena_str(a, x->votes[i].by);
    *ret = (struct approval_grant){.id = arena_str(a, str_c(x->id)),
                                   .name = arena_str(a, x->terms.name),
                                   .by = by,
                                   .n_by = n,
                                   .at = x->decided_at};
}

static int denied(const struct approval *x, struct arena *a, struct approval_answer *ret)
{
    const struct approval_vote *v = &x->votes[x->n_votes - 1]; /* a no is the last one */
    ret->by = arena_str(a, v->by);
    ret->note = arena_str(a, v->note);
    return APPROVAL_R_DENIED;
}

/* 0: there is no answer to this, it is asked anew. */
static int answer_of(struct core *c, struct approval *x, const struct approval_request *q, struct arena *a,
                     struct approval_answer *ret)
{
    switch (x->state) {
    case APPROVAL_USED:
        if (!x->used_by[0] || !str_eq(core_first_call(c, q->idempotency, q->now), str_c(x->used_by)))
            return 0;
        grant(x, a, &ret->grant);
        return APPROVAL_R_GRANTED;
    case APPROVAL_EXPIRED:
        if (!str_eq(q->waited_for, str_c(x->id)) && (x->is_told || q->now >= x->over_at + x->terms.ttl_ns))
            return 0;
        x->is_told = true;
        return APPROVAL_R_TIMEOUT;
    case APPROVAL_DENIED:
        return denied(x, a, ret);
    case APPROVAL_APPROVED:
    case APPROVAL_PENDING:
        if (!covers(x, q)) {
            expire(c, x, q->now);
            return 0;
        }
        if (x->state == APPROVAL_PENDING)
            return APPROVAL_R_PENDING;
        grant(x, a, &ret->grant);
        return APPROVAL_R_GRANTED;
    case APPROVAL_STATE_COUNT:
        break;
    }
    check(!"a state of the table");
    return 0;
}

int core_approval_ask(struct core *c, const struct approval_request *q, struct arena *a, struct approval_answer *ret)
{
    struct approval_answer answer = {.is_waiting = false};
    core_lock(c);
    core_approvals_sweep(c, q->now);
    struct approval *x = map_get(&c->approvals.by_digest, (struct str){(const char *)q->digest, APPROVAL_DIGEST_BYTES});
    int r = x ? answer_of(c, x, q, a, &answer) : 0;
    if (r == 0) {
        r = ask_anew(c, q, &x);
        r = r == 0 ? APPROVAL_R_PENDING : r;
    }
    if (r > 0 && x) {
        answer.id = arena_str(a, str_c(x->id));
        answer.expires_at = x->expires_at;
    }
    if (r == APPROVAL_R_PENDING)
        answer.is_waiting = wait_for(c, x, q);
    core_unlock(c);
    if (r > 0)
        *ret = answer;
    return r;
}

/* --- used --------------------------------------------------------------------------------------------------------- */

struct approval *core_approval_good(struct core *c, const struct hold_request *q, struct str first_call_id,
                                    bool *ret_is_fresh)
{
    struct approval *x = core_approval_find(c, q->verdict->grant.id);
    bool is_repeated = x && x->state == APPROVAL_USED && first_call_id.n && str_eq(first_call_id, str_c(x->used_by));
    *ret_is_fresh = x && x->state == APPROVAL_APPROVED && q->now < x->expires_at;
    return *ret_is_fresh || is_repeated ? x : NULL;
}

/* "limit customer-day" */
static bool asks_of(const struct approval *x, const char *kind, struct str id)
{
    char text[16 + 64];
    int n = snprintf(text, sizeof text, "%s " STR_FMT, kind, STR_ARG(id));
    return n > 0 && (size_t)n < sizeof text && asks(x, (struct str){text, (size_t)n});
}

bool core_approval_passes(const struct approval *x, const struct limit_need *need)
{
    return need->approval.quorum && asks_of(x, "limit", need->id);
}

bool core_approval_repeats(const struct approval *x, const struct duties *d)
{
    return d->duplicate_ms && d->duplicate_then == DUPLICATE_APPROVE && asks_of(x, "duplicate", d->duplicate_rule);
}

int core_approval_use(struct core *c, struct approval *x, struct str call_id)
{
    uint64_t seq;
    check(call_id.n < sizeof x->used_by);
    memcpy(x->used_by, call_id.p, call_id.n);
    x->used_by[call_id.n] = 0;
    struct str by = x->key ? x->key->agent : STR("daemon");
    int r = core_approval_event(c, x, APPROVAL_USED, "approval.use", by, false, &seq);
    if (r == 0)
        core_approval_go(c, x, APPROVAL_USED, c->clock->wall(c->clock->ctx));
    else
        x->used_by[0] = 0;
    return r;
}

void core_approval_unuse(struct core *c, struct approval *x)
{
    uint64_t seq;
    x->used_by[0] = 0;
    core_approval_go(c, x, APPROVAL_APPROVED, c->clock->wall(c->clock->ctx));
    (void)core_approval_event(c, x, x->state, "approval.back", STR("daemon"), true, &seq); /* else a restart loses it */
}

void core_approval_back(struct core *c, struct str id, struct str call_id)
{
    core_lock(c);
    struct approval *x = core_approval_find(c, id);
    if (x && x->state == APPROVAL_USED && str_eq(str_c(x->used_by), call_id) && x->who.n)
        core_approval_unuse(c, x);
    core_unlock(c);
}

/* --- erased ------------------------------------------------------------------------------------------------------- */

/* As the store looks for it in what is written of x. */
static bool names(const struct approval *x, const struct erasure *what)
{
    struct erase_set set;
    erase_set_init(&set);
    bool is = erase_set_add(&set, what->value) == 0 && erase_set_names(&set, x->who);
    for (size_t i = 0; i < x->n_requesters && !is; i++)
        is = erase_set_names(&set, x->requesters[i]);
    erase_set_deinit(&set);
    return is;
}

static bool is_about(const struct approval *x, const struct erasure *what)
{
    wall_t before = 0;
    switch (what->what) {
    case ERASE_CUSTOMER:
    case ERASE_USER:
        return names(x, what);
    case ERASE_RUN:
        return str_eq(x->run_id, what->value);
    case ERASE_BEFORE:
        return wall_parse(what->value, &before) == 0 && x->asked_at < before;
    case ERASE_COUNT:
        break;
    }
    return false;
}

void core_approvals_forget(struct core *c, const struct erasure *what)
{
    list_each_safe(n, tmp, &c->approvals.all) {
        struct approval *x = list_entry(n, struct approval, node);
        if (!is_about(x, what))
            continue;
        x->who = STR_NONE; /* of the event too: nothing of it comes back */
        x->tenant = STR_NONE;
        x->n_requesters = 0;
        if (approval_is_live(x))
            expire(c, x, c->clock->wall(c->clock->ctx));
        drop(c, x);
    }
}
