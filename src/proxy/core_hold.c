/*
 * proxy/core_hold.c - the one critical section in which a call takes its limits, and the one in which it leaves them.
 *
 *   (1) key, stop button, run and document are looked at again here, so a revoke that returned is obeyed.
 *   (2) hold and OPEN frame stand or fall together: a frame that cannot be written releases what was held.
 *   (3) a call that shares the hold of the first call with its idempotency key takes requests and slots of its own,
 *       and no cost: neither money nor tokens.
 */
#include "proxy/core_agents.h"
#include "proxy/core_impl.h"
#include "proxy/core_limits.h"

#include "base/counter.h"
#include "call/fx.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- idempotency index ------------------------------------------------------------------------------------------ */

void core_idem_end(struct idempotency *i)
{
    struct str parts[] = {
        i->scope, {"\n", 1}, {(const char *)i->key_digest, 32}, {(const char *)i->body_digest, 32}};
    sha256_parts(parts, 4, i->id);
}

static struct str id_str(const uint8_t id[32]) { return (struct str){(const char *)id, 32}; }

static void idem_drop(struct core *c, struct idem_entry *e)
{
    map_remove(&c->idem, id_str(e->id));
    list_remove(&e->node);
    hold_unref(e->hold);
    free(e);
}

/*
 * Keeps the index bounded: the oldest whose hold is over goes first; those still held are never dropped, and make way
 * for the next look. What is not in here is in the store: retries ask there from now on.
 */
#define ROOM_LOOKS 64
static bool idem_make_room(struct core *c)
{
    if (c->idem.n < c->idem.n_max)
        return true;
    c->idem_evicted = true;
    for (size_t i = 0; i < ROOM_LOOKS; i++) {
        struct idem_entry *e = list_entry(list_first(&c->idem_lru), struct idem_entry, node);
        if (!e->hold || e->hold->is_settled || e->hold->is_released) {
            idem_drop(c, e);
            return true;
        }
        list_remove(&e->node);
        list_add_tail(&c->idem_lru, &e->node);
    }
    return false;
}

void core_idem_put(struct core *c, const uint8_t id[32], const struct idem_entry *from)
{
    struct idem_entry *old = map_get(&c->idem, id_str(id));
    if (old)
        idem_drop(c, old);
    if (!idem_make_room(c)) {
        hold_unref(from->hold);
        return;
    }
    struct idem_entry *e = malloc(sizeof(*e));
    check(e != NULL);
    *e = *from;
    memcpy(e->id, id, sizeof(e->id));
    list_init(&e->node);
    if (map_put(&c->idem, id_str(e->id), e, NULL) < 0) {
        hold_unref(e->hold);
        free(e);
        return;
    }
    list_add_tail(&c->idem_lru, &e->node);
}

/* The entry that a call with this key and body shares, or NULL: it says something while its call may cost, or did not
 * long ago. */
static struct idem_entry *idem_find(struct core *c, const uint8_t id[32], wall_t now)
{
    struct idem_entry *e = map_get(&c->idem, id_str(id));
    if (!e)
        return NULL;
    if (e->hold && !e->hold->is_settled)
        return e->hold->n_live > 0 || e->hold->is_unknown ? e : NULL;
    if (now - e->at > c->limits->idempotency_keep_ms * NS_PER_MS)
        return NULL;
    return e->hold || e->is_settled ? e : NULL;
}

struct str core_first_call(struct core *c, const struct idempotency *i, wall_t now)
{
    if (!i || !i->scope.n)
        return STR_NONE;
    const struct idem_entry *first = idem_find(c, i->id, now);
    return first ? str_c(first->call_id) : STR_NONE;
}

bool core_idempotency_is_known(struct core *c, const struct idempotency *i)
{
    core_lock(c);
    bool is = map_get(&c->idem, id_str(i->id)) != NULL;
    core_unlock(c);
    return is;
}

bool core_has_old_idempotency(struct core *c, wall_t now)
{
    core_lock(c);
    bool has = c->idem_evicted || (c->has_history && now - c->started_at < c->limits->idempotency_keep_ms * NS_PER_MS);
    core_unlock(c);
    return has;
}

void core_idempotency_learned(struct core *c, const struct idempotency *i, struct str call_id, uint64_t open_seq,
                              bool is_settled, const uint8_t body_digest[32], wall_t at)
{
    struct idem_entry e = {.is_settled = is_settled, .open_seq = open_seq, .at = at};
    struct idempotency of = *i;
    check(call_id.n < sizeof(e.call_id));
    memcpy(e.call_id, call_id.p, call_id.n);
    memcpy(of.body_digest, body_digest, 32);
    core_idem_end(&of);
    core_lock(c);
    if (!map_get(&c->idem, id_str(of.id)))
        core_idem_put(c, of.id, &e);
    core_unlock(c);
}

void core_duplicate_learned(struct core *c, const struct duplicate *d, struct str call_id, wall_t at)
{
    struct duplicate newer = *d;
    core_lock(c);
    if (!duplicates_find(&c->duplicates, &newer, at) || newer.first_at < at) /* it was let through behind that one */
        duplicates_put(&c->duplicates, d, call_id, at);
    core_unlock(c);
}

/* --- hold ------------------------------------------------------------------------------------------------------- */

static enum code still_allowed(struct core *c, const struct key_entry *key, struct str tenant, struct str run_id,
                               wall_t now)
{
    if (key->is_revoked || core_agent_state(c, key) != AGENT_ACTIVE)
        return CODE_KEY_REVOKED;
    if (key->expires_at && now >= key->expires_at)
        return CODE_KEY_EXPIRED;
    if (c->is_killed || core_run_is_stopped(c, tenant, run_id))
        return CODE_STOPPED;
    if (atomic_load(&c->has_failed))
        return CODE_OVERLOADED;
    return CODE_NONE;
}

static money_t usd_held(const struct limit_need *needs, size_t n)
{
    money_t usd = -1;
    for (size_t i = 0; i < n; i++)
        if (needs[i].meter == METER_USD && needs[i].n > usd)
            usd = needs[i].n;
    return usd;
}

/*
 * Takes the limits. A sharing call asks nothing of limits on cost: n 0 always fits, and the record shows it. One that
 * persons said yes to may pass the limits that they were asked about, and counts there; any may pass those in shadow.
 */
static int take(struct core *c, struct verdict *v, bool is_sharing, const struct approval *yes, wall_t now,
                struct hold **ret_hold, size_t *ret_i_short)
{
    int64_t max[LIMIT_NEEDS_MAX];
    check(v->n_needs <= LIMIT_NEEDS_MAX);
    raises_apply(&c->raises, v->needs, v->n_needs, now);
    for (size_t i = 0; i < v->n_needs; i++) {
        struct limit_need *need = &v->needs[i];
        max[i] = need->max;
        if (is_sharing && meter_is_cost(need->meter)) {
            need->n = 0;
            need->max = INT64_MAX;
        }
        if (need->is_shadow || (yes && core_approval_passes(yes, need)))
            need->max = INT64_MAX;
    }
    int r = ledger_hold(c->ledger, v->needs, v->n_needs, ret_hold, ret_i_short);
    for (size_t i = 0; i < v->n_needs; i++)
        v->needs[i].max = max[i];
    return r;
}

static int write_open(struct core *c, struct hold_request *q, const struct held *h, struct str shares,
                      uint64_t *ret_seq)
{
    struct record_hold rh = {
        .needs = q->verdict->needs, .n_needs = q->verdict->n_needs, .held = h->held, .shares = shares,
        .would = q->verdict->would, .would_of = q->verdict->would_of};
    policy_settle_would(q->verdict, q->facts, q->arena);
    record_open_end(q->record, &rh, NULL);
    if (buf_ok(q->record->body) < 0 || buf_ok(q->record->personal) < 0)
        return -ERR_TOO_LARGE;
    struct frame f = {.kind = FRAME_OPEN,
                      .at = q->now,
                      .body = buf_str(q->record->body),
                      .personal = buf_str(q->record->personal)};
    uint8_t body_sha[SHA256_BYTES];
    sha256_run_add(&q->hash, str_sub(f.body, q->hashed_bytes, f.body.n));
    sha256_run_end(&q->hash, body_sha);
    int r = core_append_hashed(c, &f, body_sha);
    if (r == 0)
        *ret_seq = f.seq;
    return r;
}

static void remember(struct core *c, const struct hold_request *q, struct held *h)
{
    struct idem_entry e = {.hold = h->own, .open_seq = h->open_seq, .at = q->now};
    hold_ref(h->own);
    check(q->call_id.n < sizeof(e.call_id));
    memcpy(e.call_id, q->call_id.p, q->call_id.n);
    core_idem_put(c, q->idempotency->id, &e);
}

/* A retry with the key of the call that it shares is no second request; and persons may have said yes to one. */
static bool repeats(struct core *c, const struct hold_request *q, const struct idem_entry *first,
                    const struct approval *yes)
{
    if (!q->duplicate || first || (yes && core_approval_repeats(yes, &q->verdict->duties)))
        return false;
    return duplicates_find(&c->duplicates, q->duplicate, q->now);
}

bool core_repeats(struct core *c, struct duplicate *d, const struct idempotency *i, wall_t now)
{
    core_lock(c);
    bool is = !core_first_call(c, i, now).n && duplicates_find(&c->duplicates, d, now);
    core_unlock(c);
    return is;
}

/* Everything of core_hold that happens under the mutex. */
static int hold_locked(struct core *c, struct hold_request *q, struct held *h, size_t *ret_i_short, enum code *ret_code)
{
    struct idem_entry *first = NULL;
    struct approval *yes = NULL;
    bool is_fresh = false;
    int r;

    check(q->verdict->effect == EFFECT_PERMIT);
    if ((*ret_code = still_allowed(c, q->key, q->tenant, q->run_id, q->now)) != CODE_NONE)
        return CORE_R_REFUSED;
    const struct policy_entry *p = core_document_of(c, q->key);
    if ((p ? p->policy : NULL) != q->policy)
        return CORE_R_STALE;
    if (q->idempotency && q->idempotency->scope.n)
        first = idem_find(c, q->idempotency->id, q->now);

    if (q->verdict->grant.id.n &&
        !(yes = core_approval_good(c, q, first ? str_c(first->call_id) : STR_NONE, &is_fresh)))
        return CORE_R_ASK;
    if (repeats(c, q, first, yes))
        return CORE_R_DUPLICATE;
    r = take(c, q->verdict, first != NULL, yes, q->now, &h->own, ret_i_short);
    if (r == LEDGER_R_EXHAUSTED)
        return CORE_R_SHORT;
    if (r == -ERR_TOO_LARGE) {
        *ret_code = CODE_OVERLOADED;
        return CORE_R_REFUSED;
    }
    if (r < 0)
        return r;

    money_t usd = first ? 0 : usd_held(q->verdict->needs, q->verdict->n_needs);
    h->held =
        usd < 0 ? (struct cost){.how = HOW_UNKNOWN}
                : (struct cost){.how = q->predicted.how == HOW_UNKNOWN ? HOW_ESTIMATED : q->predicted.how, .usd = usd};
    r = is_fresh ? core_approval_use(c, yes, q->call_id) : 0;
    if (r < 0) {
        hold_undo(h->own);
        return r;
    }
    r = write_open(c, q, h, first ? str_c(first->call_id) : STR_NONE, &h->open_seq);
    if (r < 0) {
        hold_undo(h->own); /* nothing was written, so no request counts either */
        if (is_fresh)
            core_approval_unuse(c, yes);
        return r;
    }
    h->own->open_seq = h->open_seq;
    core_tell_soft(c, q->verdict, q->call_id);
    c->n_open++;
    if (q->duplicate && !first)
        duplicates_put(&c->duplicates, q->duplicate, q->call_id, q->now);
    if (first && first->hold) {
        h->shared = first->hold;
        hold_share(h->shared);
    } else if (first) {
        h->is_replay_of_settled = true;
    } else if (q->idempotency && q->idempotency->scope.n) {
        remember(c, q, h);
    }
    return 0;
}

int core_hold(struct core *c, struct hold_request *q, struct held *ret, size_t *ret_i_short, enum code *ret_code)
{
    struct held h = {0};
    struct str begun = buf_str(q->record->body);
    sha256_run_init(&q->hash);
    sha256_run_add(&q->hash, begun);
    q->hashed_bytes = begun.n;
    core_lock(c);
    int r = hold_locked(c, q, &h, ret_i_short, ret_code);
    core_unlock(c);
    if (r == 0)
        *ret = h;
    return r;
}

enum code core_still_allowed(struct core *c, const struct key_entry *key, struct str tenant, struct str run_id,
                             wall_t now)
{
    core_lock(c);
    enum code code = still_allowed(c, key, tenant, run_id, now);
    core_unlock(c);
    return code;
}

int core_refuse(struct core *c, struct record_writer *record, const struct verdict *v, const struct record_end *end,
                wall_t now)
{
    uint8_t body_sha[SHA256_BYTES];
    struct record_hold rh = {.needs = v->needs, .n_needs = v->n_needs, .held = {.how = HOW_UNKNOWN},
                             .would = v->would, .would_of = v->would_of};
    record_open_end(record, &rh, end);
    if (buf_ok(record->body) < 0 || buf_ok(record->personal) < 0)
        return err_trace(-ERR_TOO_LARGE);
    struct frame f = {
        .kind = FRAME_OPEN, .at = now, .body = buf_str(record->body), .personal = buf_str(record->personal)};
    sha256(f.body, body_sha);
    core_lock(c);
    int r = core_append_late_hashed(c, &f, body_sha);
    core_unlock(c);
    return r;
}

void core_note_refusal(struct core *c, struct str code, uint64_t n)
{
    char count[24], name[64];
    uint64_t seq;
    snprintf(count, sizeof(count), "%llu", (unsigned long long)n);
    snprintf(name, sizeof(name), "\"" STR_FMT "\"", STR_ARG(code));
    struct record_member m[] = {{STR("code"), str_c(name), false}, {STR("n"), str_c(count), false}};
    core_lock(c);
    (void)core_event(c, STR("request.refused"), STR("daemon"), m, 2, &seq); /* sampled: one less is no loss */
    core_unlock(c);
}

void core_look(struct core *c, struct verdict *v, wall_t now)
{
    core_lock(c);
    raises_apply(&c->raises, v->needs, v->n_needs, now);
    ledger_look(c->ledger, v->needs, v->n_needs);
    core_unlock(c);
}

/* --- close ------------------------------------------------------------------------------------------------------ */

/* Ends the call's part of both holds; moves go to `moves`. Returns whether a settled sum went past what was held. */
static bool end_holds(const struct held *h, enum outcome o, const struct used *used, struct move *moves,
                      size_t *n_moves)
{
    int r;
    if (h->is_replay_of_settled) { /* its cost is booked: what the answer says again counts no second time */
        (void)hold_release(h->own, true, moves, n_moves);
        return false;
    }
    if (h->shared) {
        if (o == OUTCOME_SETTLED)
            r = hold_settle(h->shared, false, used, moves, n_moves);
        else if (o == OUTCOME_UNKNOWN)
            r = hold_unknown(h->shared, false, moves, n_moves);
        else
            r = hold_release(h->shared, false, moves, n_moves);
        (void)hold_release(h->own, true, moves, n_moves); /* requests and slots only: no cost on it */
        return r == HOLD_R_OVERRUN;
    }
    if (o == OUTCOME_SETTLED)
        return hold_settle(h->own, true, used, moves, n_moves) == HOLD_R_OVERRUN;
    if (o == OUTCOME_UNKNOWN)
        (void)hold_unknown(h->own, true, moves, n_moves);
    else
        (void)hold_release(h->own, true, moves, n_moves);
    return false;
}

/*
 * What the record of this call says of the outcome, now that the holds know. A call that cost nothing itself is not
 * released while retries that share its hold may still cost: it is unknown until the last of them ends.
 */
static void judge(struct close_request *q, const struct held *h, bool was_settled, money_t settled_before)
{
    struct record_close *rc = q->record;
    bool shares = h->shared || h->is_replay_of_settled;

    if (shares) { /* the money stands with the first call */
        if (rc->outcome == OUTCOME_SETTLED)
            rc->settled = (struct cost){.how = HOW_PARSED, .usd = 0};
        else if (rc->outcome == OUTCOME_UNKNOWN)
            rc->outcome = OUTCOME_NONE;
        return;
    }
    if (was_settled && rc->outcome != OUTCOME_SETTLED) { /* a retry brought the outcome while we waited */
        rc->outcome = OUTCOME_SETTLED;
        rc->settled = (struct cost){.how = HOW_PARSED, .usd = settled_before};
    } else if (rc->outcome == OUTCOME_RELEASED && !h->own->is_released) {
        rc->outcome = OUTCOME_UNKNOWN;
        rc->settled = (struct cost){.how = HOW_UNKNOWN};
    }
}

static void begin_close(struct close_request *q)
{
    buf_reset(q->body);
    buf_reset(q->personal);
    record_close_begin(&q->writer, q->record, q->body, q->personal);
    sha256_run_init(&q->hash);
    sha256_run_add(&q->hash, buf_str(q->body));
    q->hashed_bytes = q->body->n;
}

static int end_close(struct core *c, struct close_request *q)
{
    uint8_t body_sha[SHA256_BYTES];
    record_close_end(&q->writer, q->record);
    if (buf_ok(q->body) < 0 || buf_ok(q->personal) < 0) { /* too much was learned: the outcome matters more */
        q->record->n_objects = 0;
        q->record->model.n_tool_calls = 0;
        begin_close(q);
        record_close_end(&q->writer, q->record);
    }
    struct frame f = {.kind = FRAME_CLOSE,
                      .at = q->record->ended_at,
                      .body = buf_str(q->body),
                      .personal = buf_str(q->personal)};
    sha256_run_add(&q->hash, str_sub(f.body, q->hashed_bytes, f.body.n));
    sha256_run_end(&q->hash, body_sha);
    return core_append_late_hashed(c, &f, body_sha);
}

static int write_close(struct core *c, struct close_request *q)
{
    begin_close(q);
    return end_close(c, q);
}

/* Moves of that call's hold (or, with is_of false, of all others), without those that move nothing. */
static size_t pick_moves(const struct move *moves, size_t n, uint64_t of, bool is_of, struct record_move *ret)
{
    size_t n_ret = 0;
    for (size_t i = 0; i < n; i++)
        if ((moves[i].of == of) == is_of && (moves[i].released || moves[i].settled))
            ret[n_ret++] = (struct record_move){moves[i].of, moves[i].i, moves[i].released, moves[i].settled};
    return n_ret;
}

/* The first call ended unknown, and this one brought its outcome: its second CLOSE, with the moves of its hold. */
static int write_resolution(struct core *c, struct close_request *q, struct idem_entry *first, enum how how,
                            const struct move *moves, size_t n)
{
    struct record_move rm[MOVES_MAX];
    size_t n_rm = pick_moves(moves, n, first->open_seq, true, rm);
    struct record_close rc = {
        .call_id = str_c(first->call_id),
        .open_seq = first->open_seq,
        .ended_at = q->record->ended_at,
        .outcome = first->hold->is_settled ? OUTCOME_SETTLED : OUTCOME_RELEASED,
        .settled = {.how = how, .usd = first->hold->settled},
        .amount = q->record->amount,
        .resolved_by = q->record->call_id,
        .phases = RECORD_PHASES_NONE,
        .moves = rm,
        .n_moves = n_rm,
        .salt = q->record->salt,
    };
    struct close_request cq = {.record = &rc, .body = q->body, .personal = q->personal};
    first->is_first_unknown = false;
    return write_close(c, &cq);
}

/* The entry of that key, when it is the one of that hold. */
static struct idem_entry *entry_of(struct core *c, const struct close_request *q, const struct hold *hold)
{
    if (!hold || !q->idempotency || !q->idempotency->scope.n)
        return NULL;
    struct idem_entry *e = map_get(&c->idem, id_str(q->idempotency->id));
    return e && e->hold == hold ? e : NULL;
}

bool core_holds_something(const struct hold *h)
{
    for (size_t i = 0; i < h->n_charges; i++)
        if (h->charges[i].left > 0)
            return true;
    return false;
}

static void note_unknown(struct core *c, const struct close_request *q, bool is_held)
{
    struct idem_entry *own = entry_of(c, q, q->held->own);
    if (own)
        own->is_first_unknown = true;
    c->n_unknown += is_held;
    counter_add(COUNTER_calls_unknown, 1);
}

/* What is settled for good needs no hold to say so: a day of keys is a lot of holds. */
static void let_settled_go(struct idem_entry *e)
{
    if (!e || !e->hold || !e->hold->is_settled || e->hold->n_live > 0)
        return;
    hold_unref(e->hold);
    e->hold = NULL;
    e->is_settled = true;
}

static struct used used_by(const struct close_request *q)
{
    const struct cost *cost = &q->record->settled;
    struct used used = USED_UNKNOWN_ALL;
    if (cost->how != HOW_UNKNOWN)
        used.usd = cost->usd;
    if (q->record->amount.is_known) { /* else it is what was held */
        used.amount = amount_nano(&q->record->amount);
        memcpy(used.currency, q->record->amount.currency, sizeof used.currency);
    }
    if (q->usage && q->usage->how != HOW_UNKNOWN) {
        used.input_tokens = usage_tokens(q->usage, TOKENS_IN);
        used.output_tokens = usage_tokens(q->usage, TOKENS_OUT);
    }
    return used;
}

static int close_locked(struct core *c, struct close_request *q)
{
    const struct held *h = q->held;
    struct record_close *rc = q->record;
    struct move moves[MOVES_MAX];
    struct record_move rm[MOVES_MAX];
    size_t n_moves = 0;
    bool own_was_settled = h->own->is_settled;
    money_t own_settled = h->own->settled;
    struct idem_entry *first = entry_of(c, q, h->shared);
    bool is_unpriced = rc->outcome == OUTCOME_SETTLED && rc->settled.how == HOW_UNKNOWN;
    struct used used = used_by(q);
    enum how how = is_unpriced ? HOW_ESTIMATED : rc->outcome == OUTCOME_SETTLED ? rc->settled.how : HOW_PARSED;
    bool was_counted = first && first->is_first_unknown && core_holds_something(first->hold);

    hold_ref(h->own); /* read once more when it is over */
    rc->is_overrun = end_holds(h, rc->outcome, &used, moves, &n_moves);
    bool is_resolved = first && first->is_first_unknown && (first->hold->is_settled || first->hold->is_released);
    judge(q, h, own_was_settled, own_settled);
    bool is_held = core_holds_something(h->own);
    hold_unref(h->own);
    c->n_unknown -= is_resolved && was_counted && c->n_unknown > 0;
    if (rc->outcome == OUTCOME_SETTLED && rc->settled.how == HOW_UNKNOWN && h->held.how != HOW_UNKNOWN)
        rc->settled =
            (struct cost){.how = HOW_ESTIMATED, .usd = h->held.usd}; /* it cost what the policy says to hold */
    if (is_resolved) {
        (void)write_resolution(c, q, first, how, moves, n_moves);
        begin_close(q); /* again: that one took its place */
    }
    if (h->shared || h->is_replay_of_settled)
        rc->amount.is_known = false; /* it stands with the first call, as the money does */
    rc->n_moves = pick_moves(moves, n_moves, is_resolved ? first->open_seq : 0, false, rm);
    rc->moves = rm;

    for (size_t i = 0; i < rc->n_objects; i++)
        if (rc->objects[i].customer.n)
            core_object_put(c, q->object_scope, rc->objects[i].id, rc->objects[i].customer);
    c->n_open -= c->n_open > 0;
    if (rc->outcome == OUTCOME_UNKNOWN)
        note_unknown(c, q, is_held);
    if (rc->outcome == OUTCOME_RELEASED && q->duplicate)
        duplicates_forget(&c->duplicates, q->duplicate, rc->call_id);
    if (rc->is_overrun)
        counter_add(COUNTER_calls_overrun, 1);
    let_settled_go(entry_of(c, q, h->own));
    let_settled_go(first);
    return end_close(c, q);
}

int core_correct(struct core *c, const struct correction *q)
{
    struct record_move moves[MOVES_MAX];
    size_t n = 0;
    struct record_close rc = {
        .call_id = q->call_id,
        .open_seq = q->open_seq,
        .ended_at = q->now,
        .outcome = OUTCOME_SETTLED,
        .settled = q->cost,
        .phases = RECORD_PHASES_NONE,
        .moves = moves,
        .salt = q->salt,
    };
    struct close_request cq = {.record = &rc, .body = q->body, .personal = q->personal};
    check(q->n_needs <= MOVES_MAX);
    core_lock(c);
    for (size_t i = 0; i < q->n_needs; i++) {
        const struct correction_need *need = &q->needs[i];
        int64_t by = q->cost.usd - need->booked;
        ledger_correct(c->ledger, need->counter, need->bucket, need->window_start, by);
        if (by != 0)
            moves[n++] = (struct record_move){.of = q->open_seq, .i = need->i, .settled = by};
    }
    rc.n_moves = n;
    int r = write_close(c, &cq);
    core_unlock(c);
    return r;
}

void core_forget(struct core *c, struct held *h)
{
    core_lock(c);
    if (h->shared)
        hold_forget(h->shared);
    hold_forget(h->own);
    core_unlock(c);
}

int core_close(struct core *c, struct close_request *q)
{
    begin_close(q);
    core_lock(c);
    int r = close_locked(c, q);
    core_unlock(c);
    return r;
}
