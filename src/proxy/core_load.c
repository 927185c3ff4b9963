/*
 * proxy/core_load.c - from a stopped daemon's files to a running one's state.
 *
 * Order: keys, policies, counters, holds and the links of runs come from the store and from the frames that it does
 * not have yet; then every call that was open is closed: as unknown, so that its money stays held, or, a call to a
 * model, as settled at its hold; its slots come back (DESIGN 7). Then the core is ready, and the drain goes on where it
 * stood: lists wait for it, calls do not.
 */
#include "proxy/core_secrets_impl.h"

#include "codec/hex.h"
#include "codec/json_read.h"
#include "base/log.h"
#include "proxy/core_limits.h"
#include "store/frame_read.h"
#include "store/limit_read.h"
#include "store/replay.h"

#include <stdlib.h>
#include <string.h>

#define LOAD_ARENA_BYTES (64u << 20)

struct loading {
    struct core *c;
    struct arena arena;  /* reset for each row */
    struct buf body, personal;
    size_t n_open;
};

static int on_counter(void *ctx, const struct counter_row *r)
{
    struct loading *l = ctx;
    return ledger_restore_counter(l->c->ledger, r);
}

/* --- keys and policies ------------------------------------------------------------------------------------------ */

/* A key whose labels cannot be read any more is no key: a forbid may go by one. */
static bool load_labels(struct key_entry *k, struct json list)
{
    struct str specs[LABELS_MAX];
    struct label ignored;
    size_t n = json_len(list);
    bool is_ok = n <= LABELS_MAX;
    for (size_t i = 0; is_ok && i < n; i++) {
        specs[i] = json_text_of(json_at(list, i));
        is_ok = label_parse(specs[i], &ignored) == 0;
    }
    if (is_ok)
        core_key_label(k, specs, n);
    return is_ok;
}

static int load_key(struct loading *l, const struct state_row *r, struct json body, struct json personal)
{
    struct core *c = l->c;
    struct json specs = json_get(body, STR("limits"));
    struct str id = json_text_of(json_get(body, STR("id"))), expires = json_text_of(json_get(body, STR("expires_at")));
    struct key_entry *k = calloc(1, sizeof(*k));
    check(k != NULL);

    if (id.n >= sizeof(k->id) || hex_decode(json_text_of(json_get(body, STR("hash"))), k->hash, KEY_HASH_BYTES) < 0 ||
        mode_parse(json_text_of(json_get(body, STR("mode"))), &k->mode) < 0) {
        free(k);
        return err_trace(-ERR_CORRUPT);
    }
    memcpy(k->id, id.p, id.n);
    struct str agent = json_text_of(json_get(body, STR("agent"))), policy = json_text_of(json_get(body, STR("policy")));
    struct str owner = json_text_of(json_get(personal, STR("owner"))),
               tenant = json_text_of(json_get(personal, STR("tenant")));
    k->agent = (struct str){core_dup(agent), agent.n};
    k->policy = (struct str){core_dup(policy), policy.n};
    k->owner = (struct str){core_dup(owner), owner.n};
    k->tenant = (struct str){core_dup(tenant), tenant.n};
    k->is_revoked = r->is_over;
    k->revoked_at = r->over_at;
    if (expires.n)
        (void)wall_parse(expires, &k->expires_at);
    (void)wall_parse(json_text_of(json_get(body, STR("at"))), &k->created_at);
    k->n_limit_specs = json_len(specs);
    k->limit_specs = calloc(k->n_limit_specs + 1, sizeof(struct str));
    check(k->limit_specs != NULL);
    for (size_t i = 0; i < k->n_limit_specs; i++) {
        struct str s = json_text_of(json_at(specs, i));
        k->limit_specs[i] = (struct str){core_dup(s), s.n};
    }
    if (k->n_limit_specs) {
        struct diag_list diags;
        diag_list_init(&diags, &l->arena, 8);
        if (key_limits_parse(k->limit_specs, k->n_limit_specs, c->limits, &diags, &k->limits) < 0)
            k->is_revoked = true; /* a key whose limits cannot be read any more is no key: fail closed */
    }
    k->is_revoked |= !load_labels(k, json_get(body, STR("labels")));
    if (!core_key_add(c, k))
        return err_trace(-ERR_TOO_LARGE);
    return 0;
}

/* The documents above one, which its event carries. */
struct carried {
    struct documents documents;
    struct loading *l;
    struct json list; /* [{name, digest, document}] */
    struct known known;
    int depth;
};
#define CARRIED_DEPTH_MAX 8

static const struct policy *find_carried(const struct documents *d, struct str name, struct str digest)
{
    struct carried *x = (struct carried *)((uintptr_t)d - offsetof(struct carried, documents));
    struct policy *p = NULL;
    struct json one;
    if (x->depth == CARRIED_DEPTH_MAX)
        return NULL;
    x->depth++;
    for (struct json_iter it = json_each(x->list); !p && json_next(&it, NULL, &one);) {
        struct diag_list diags;
        diag_list_init(&diags, &x->l->arena, 1);
        if (str_eq(json_text_of(json_get(one, STR("digest"))), digest) &&
            policy_parse(json_text_of(json_get(one, STR("document"))), name, x->l->c->limits, &x->known, &diags,
                         &p) < 0)
            break; /* said of the document below */
    }
    x->depth--;
    if (p && str_eq(policy_digest(p), digest))
        return p;
    policy_unref(p);
    return NULL;
}

static int load_policy(struct loading *l, struct json body)
{
    struct diag_list diags;
    struct policy *p;
    wall_t at = 0;
    struct str name = json_text_of(json_get(body, STR("name")));
    diag_list_init(&diags, &l->arena, 8);
    /* Checked against what was known when it was applied: what a connector has lost since is lacking in the call. */
    struct carried x = {.documents = {find_carried}, .l = l, .list = json_get(body, STR("extends"))};
    x.known = (struct known){.zones = l->c->zones, .documents = &x.documents};
    int r = policy_parse(json_text_of(json_get(body, STR("document"))), name, l->c->limits, &x.known, &diags, &p);
    if (r < 0) { /* written by a newer version: its keys are denied, the rest works */
        log_at(LOG_ERROR, "policy_unreadable", "name=" STR_FMT, STR_ARG(name));
        return 0;
    }
    (void)wall_parse(json_text_of(json_get(body, STR("at"))), &at);
    r = core_policy_put(l->c, p, at);
    policy_unref(p);
    return r;
}

/* Of one tenant's run, its name with the tenant's is personal: erased, there is nothing left to stop. */
static int load_stop(struct core *c, struct json body, struct json personal)
{
    struct str name = json_text_of(json_get(body, STR("run_id")));
    if (name.n == 0)
        name = json_text_of(json_get(personal, STR("of")));
    return name.n ? map_put(&c->stopped_runs, name, c, NULL) : 0;
}

static int on_state(void *ctx, const struct state_row *r)
{
    struct loading *l = ctx;
    struct json body, personal = JSON_ABSENT;
    arena_reset(&l->arena);
    if (json_parse(&l->arena, r->body, 64, &body) < 0)
        return err_trace(-ERR_CORRUPT);
    if (r->personal.n && json_parse(&l->arena, r->personal, 64, &personal) < 0)
        return err_trace(-ERR_CORRUPT);
    if (str_eq(r->kind, STR("key")))
        return load_key(l, r, body, personal);
    if (str_eq(r->kind, STR("policy")) || str_eq(r->kind, STR("policy_shadow")))
        return load_policy(l, body);
    if (str_eq(r->kind, STR("secret")))
        return core_secret_load(l->c, r, body, personal);
    if (str_eq(r->kind, STR("person")))
        return core_person_load(l->c, r, body, personal);
    if (str_eq(r->kind, STR("approval")))
        return core_approval_load(l->c, r, body, personal);
    if (str_eq(r->kind, STR("agent")))
        return core_agent_load(l->c, body, personal);
    if (str_eq(r->kind, STR("owner")))
        return core_owner_load(l->c, personal, r->is_over);
    if (str_eq(r->kind, STR("raise")))
        return core_raise_load(l->c, body, personal);
    if (str_eq(r->kind, STR("kill")))
        l->c->is_killed = !r->is_over;
    if (str_eq(r->kind, STR("run")))
        return load_stop(l->c, body, personal);
    return 0;
}

/* --- holds ------------------------------------------------------------------------------------------------------ */

static int read_needs(struct loading *l, struct json body, struct json personal, struct limit_need **ret, size_t *ret_n)
{
    struct json limits = json_get(body, STR("limits")), buckets = json_get(personal, STR("buckets"));
    size_t n = json_len(limits);
    struct limit_need *needs = arena_alloc(&l->arena, (n + 1) * sizeof(*needs));
    for (size_t i = 0; i < n; i++) {
        struct str zone;
        bool is_found;
        struct limit_read limit = limit_read(json_at(limits, i));
        needs[i].id = limit.id;
        needs[i].counter = limit.counter;
        needs[i].bucket = limit_bucket(buckets, i);
        needs[i].window_start = limit.window_start;
        needs[i].n = limit.n;
        needs[i].max = limit.max;
        if (meter_parse(limit.name.meter, &needs[i].meter, needs[i].currency) < 0 ||
            window_parse(limit.name.window, &needs[i].window, &needs[i].sliding_ns, &zone) < 0)
            return err_trace(-ERR_CORRUPT);
        needs[i].zone = zone_find(l->c->zones, zone, &is_found); /* as ledger_restore_counter */
    }
    *ret = needs;
    *ret_n = n;
    return 0;
}

static void restore_idempotency(struct core *c, struct json body, struct hold *h, uint64_t open_seq)
{
    struct json idem = json_get(body, STR("idempotency"));
    struct idem_entry e = {.hold = h, .open_seq = open_seq, .is_first_unknown = true};
    struct idempotency i = {.scope = json_text_of(json_get(idem, STR("scope")))};
    struct str call_id = json_text_of(json_get(body, STR("call_id")));
    if (json_type(json_get(body, STR("shares"))) == JSON_STR)
        return; /* retries share the first call's hold, not another retry's */
    if (i.scope.n == 0 || hex_decode(json_text_of(json_get(idem, STR("digest"))), i.key_digest, 32) < 0 ||
        hex_decode(json_text_of(json_get(idem, STR("body"))), i.body_digest, 32) < 0 || call_id.n >= sizeof(e.call_id))
        return;
    memcpy(e.call_id, call_id.p, call_id.n);
    (void)wall_parse(json_text_of(json_get(body, STR("started_at"))), &e.at);
    hold_ref(h);
    core_idem_end(&i);
    core_idem_put(c, i.id, &e);
}

enum cut_end {
    CUT_HARMLESS, /* nothing to reconcile here: a read, or the cost stands with another call */
    CUT_UNKNOWN,  /* what it held of cost stays */
    CUT_SETTLED,  /* a model answers or not, nobody can ask later: what it can have used at most counts */
};

static enum cut_end cut_end_of(struct json body)
{
    enum op_class class = CLASS_UNKNOWN;
    (void)class_parse(json_text_of(json_get(body, STR("class"))), &class);
    if (class == CLASS_READ || json_type(json_get(body, STR("shares"))) == JSON_STR)
        return CUT_HARMLESS;
    return str_eq(json_text_of(json_get(body, STR("layer"))), STR("llm")) ? CUT_SETTLED : CUT_UNKNOWN;
}

/* What a call to a model is booked with: its hold, or what was predicted where no limit on money held anything. */
static struct cost cost_at_hold(struct json body)
{
    struct cost_row cost = cost_read(json_get(body, STR("held")));
    if (!cost.is_known)
        cost = cost_read(json_get(body, STR("predicted")));
    return (struct cost){.how = cost.is_known ? HOW_ESTIMATED : HOW_UNKNOWN, .usd = cost.nano};
}

/* Nobody counted what it used, so its record says the most that it can have used. */
static struct record_model model_at_hold(struct json body)
{
    struct json tokens = json_get(json_get(body, STR("facts")), STR("tokens"));
    struct record_model m = {.sent = json_text_of(json_get(body, STR("model_sent"))),
                             .catalog = json_text_of(json_get(body, STR("catalog"))),
                             .usage = {.how = HOW_UNKNOWN}};
    if (m.sent.n == 0)
        m.sent = json_text_of(json_get(body, STR("model_asked")));
    if (json_type(tokens) == JSON_OBJECT) {
        m.usage.how = HOW_ESTIMATED;
        m.usage.tokens[TOKEN_INPUT] = json_i64_of(json_get(tokens, STR("input")));
        m.usage.tokens[TOKEN_OUTPUT] = json_i64_of(json_get(tokens, STR("output")));
    }
    return m;
}

/* The stopped process can no longer hear the answer. */
static int close_cut_off(struct loading *l, const struct open_row *row, struct json body, struct hold *h)
{
    struct core *c = l->c;
    static const enum outcome outcomes[] = {
        [CUT_HARMLESS] = OUTCOME_NONE, [CUT_UNKNOWN] = OUTCOME_UNKNOWN, [CUT_SETTLED] = OUTCOME_SETTLED};
    enum cut_end end = cut_end_of(body);
    struct move moves[MOVES_MAX];
    struct record_move rm[MOVES_MAX];
    uint8_t salt[SALT_BYTES];
    size_t n = 0, n_rm = 0;
    uint64_t seq;

    hold_share(h);
    if (end == CUT_HARMLESS)
        (void)hold_release(h, true, moves, &n);
    else if (end == CUT_SETTLED)
        (void)hold_settle(h, true, &USED_UNKNOWN_ALL, moves, &n);
    else
        (void)hold_unknown(h, true, moves, &n);
    for (size_t i = 0; i < n; i++)
        if (moves[i].released || moves[i].settled)
            rm[n_rm++] = (struct record_move){moves[i].of, moves[i].i, moves[i].released, moves[i].settled};
    rng_fill(c->rng, salt, sizeof(salt));
    struct record_close rc = {
        .call_id = json_text_of(json_get(body, STR("call_id"))),
        .open_seq = row->open_seq,
        .ended_at = c->clock->wall(c->clock->ctx),
        .outcome = outcomes[end],
        .settled = end == CUT_SETTLED ? cost_at_hold(body) : (struct cost){.how = HOW_UNKNOWN},
        .code = CODE_OUTCOME_UNKNOWN,
        .error = "daemon_stopped",
        .phases = RECORD_PHASES_NONE,
        .model = end == CUT_SETTLED ? model_at_hold(body) : (struct record_model){.sent = STR_NONE},
        .moves = rm,
        .n_moves = n_rm,
        .salt = salt,
    };
    buf_reset(&l->body);
    buf_reset(&l->personal);
    record_close(&rc, &l->body, &l->personal);
    l->n_open++;
    c->n_unknown += end == CUT_UNKNOWN && core_holds_something(h);
    return core_append(c, FRAME_CLOSE, buf_str(&l->body), buf_str(&l->personal), rc.ended_at, &seq);
}

static int on_open(void *ctx, const struct open_row *row)
{
    struct loading *l = ctx;
    struct json body, personal = JSON_ABSENT;
    struct limit_need *needs;
    struct hold *h;
    size_t n;

    arena_reset(&l->arena);
    if (json_parse(&l->arena, row->body, 64, &body) < 0)
        return err_trace(-ERR_CORRUPT);
    if (row->personal.n && json_parse(&l->arena, row->personal, 64, &personal) < 0)
        return err_trace(-ERR_CORRUPT);
    int r = read_needs(l, body, personal, &needs, &n);
    if (r < 0)
        return r;
    if (n != row->n_left)
        return err_trace(-ERR_CORRUPT);
    r = ledger_restore_hold(l->c->ledger, row->open_seq, needs, row->left, n, &h);
    if (r < 0)
        return err_trace(r);
    restore_idempotency(l->c, body, h, row->open_seq);
    if (!row->is_closed)
        r = close_cut_off(l, row, body, h);
    else
        l->c->n_unknown++;
    hold_unref(h);
    return r;
}

/* --- trees of runs ---------------------------------------------------------------------------------------------- */

static int on_link(void *ctx, const struct run_link_row *row)
{
    struct loading *l = ctx;
    arena_reset(&l->arena);
    core_run_linked(l->c, row, &l->arena);
    return 0;
}

/* `tail` NULL: the store has all. */
static int load_links(struct loading *l, const struct replay *tail)
{
    struct core *c = l->c;
    int r = c->store->ops->links(c->store, (size_t)c->limits->run_links_max, on_link, l);
    return r == 0 && tail ? replay_links(tail, on_link, l) : r;
}

/* --- start ------------------------------------------------------------------------------------------------------ */

/* The store takes the whole tail first; only where the tail alone does not say enough. */
static int drain_all(struct core *c)
{
    while (core_drain_turn(c))
        ;
    if (c->drain_error)
        return err_trace(c->drain_error);
    return atomic_load(&c->store_seq) == journal_last_seq(c->journal) ? 0 : err_trace(-ERR_CORRUPT);
}

static int drain_begin(struct core *c)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    uint64_t seq = c->store->ops->position(c->store, chain, &epoch);
    atomic_store(&c->store_seq, seq);
    c->has_history = journal_last_seq(c->journal) > 0;
    return err_trace(journal_reader_new(c->journal, seq, &c->drain_reader));
}

/* Feeds the frames that the store lacks; *ret stays NULL when they do not say enough. */
static int replay_tail(struct core *c, struct journal_reader *tail, struct replay **ret)
{
    struct replay *replay = NULL;
    struct frame f;
    int r = journal_reader_next(tail, &f);
    int made = r < 0 ? r : replay_new(c->store, r == 0 && f.at < c->started_at ? f.at : c->started_at, &replay);
    if (made < 0)
        return err_trace(made);
    int said = 0;
    for (; r == 0 && said == 0; r = journal_reader_next(tail, &f))
        said = replay_frame(replay, &f);
    if (r >= 0 && said == 0) {
        *ret = replay;
        return 0;
    }
    replay_free(replay);
    return said < 0 ? err_trace(said) : r < 0 ? err_trace(r) : 0;
}

/* What the store will have to say once it has all frames: *ret NULL when it has them, by now. */
static int replay_all(struct core *c, struct replay **ret)
{
    struct journal_reader *tail;
    int r = journal_reader_new(c->journal, atomic_load(&c->store_seq), &tail);
    if (r < 0)
        return err_trace(r);
    r = replay_tail(c, tail, ret);
    journal_reader_free(tail);
    return r == 0 && !*ret ? drain_all(c) : r;
}

int core_load(struct core *c)
{
    struct loading l = {.c = c};
    struct store_loader to = {.on_counter = on_counter, .on_open = on_open, .on_state = on_state, .ctx = &l};
    struct replay *replay = NULL;
    uint64_t seq;

    int r = drain_begin(c);
    if (r == 0)
        r = replay_all(c, &replay);
    if (r < 0)
        return r;
    arena_init(&l.arena, LOAD_ARENA_BYTES);
    buf_init(&l.body, (size_t)c->limits->frame_bytes_max);
    buf_init(&l.personal, (size_t)c->limits->frame_bytes_max);
    ledger_restore_begin(c->ledger, c->started_at);
    r = core_event(c, STR("start"), STR("daemon"), NULL, 0, &seq);
    if (r == 0)
        r = replay ? replay_load(replay, c->started_at, &to) : c->store->ops->load(c->store, c->started_at, &to);
    if (r >= 0)
        r = load_links(&l, replay);
    replay_free(replay);
    if (r >= 0 && l.n_open)
        log_at(LOG_WARN, "recovered", "open_calls=%zu next=\"flyball calls --unknown\"", l.n_open);
    buf_deinit(&l.body);
    buf_deinit(&l.personal);
    arena_deinit(&l.arena);
    check(r < 0 || ledger_check(c->ledger));
    return err_trace(r < 0 ? r : 0);
}
