/*
 * tests/stress/test_models.c - four threads ask a model at once, against limits as calls to models have them: requests
 * and tokens of a sliding minute, and dollars of a day. Exactly k calls pass, whichever limit is worth k; while time
 * moves on, no minute has more than k. The core is the daemon's, its clock the test's.
 */
#include "base/uuid.h"
#include "io/io_memory.h"
#include "proxy/core_call.h"
#include "proxy/core_keys.h"
#include "store/journal/journal.h"
#include "store/memory/store_memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, TRIES = 1500, IN = 900, OUT = 100, PASSES_MAX = 20000 };
#define CENT (MONEY_PER_USD / 100)
#define NOON (1795262400LL * NS_PER_S)

static const uint8_t salt[SALT_BYTES] = {7};

struct pass {
    wall_t at;      /* the call's time, or the slot's, when another thread's later call was there before it */
    int64_t tokens; /* settled */
};

/* How a call that passed ends. */
enum ending { KEEP, USE_ALL, MIXED };

struct world {
    struct limits limits;
    struct clock clock;
    struct rng rng;
    struct io *io;
    struct store *store;
    struct journal *journal;
    struct core *core;
    struct arena arena;
    const struct key_entry *key;
    const struct policy *policy;
    atomic_llong now;
    enum ending ending;
    int64_t step_us; /* the clock's for each try */
    pthread_mutex_t lock; /* guards what follows */
    struct pass passes[PASSES_MAX];
    struct held kept[PASSES_MAX];
    size_t n_passes, n_refused, n_over;
};

static mono_t test_mono(void *ctx) { return 0; }
static wall_t test_wall(void *ctx) { return atomic_load(&((struct world *)ctx)->now); }

static void start(struct world *w, int k_requests, int k_tokens, int k_usd)
{
    uint8_t chain[CHAIN_BYTES] = {0};
    struct diag_list diags;
    const struct policy *p;
    struct key_text text;
    struct admission adm;
    uint64_t seq;
    memset(w, 0, sizeof(*w));
    limits_default(&w->limits);
    w->clock = (struct clock){test_mono, test_wall, w};
    atomic_store(&w->now, NOON);
    rng_seeded_init(&w->rng, 5);
    pthread_mutex_init(&w->lock, NULL);
    arena_init(&w->arena, 1 << 20);
    diag_list_init(&diags, &w->arena, 8);
    w->io = io_memory_new((size_t)1 << 30);
    check(io_mkdir(w->io, STR("journal")) == 0);
    check(store_memory_new(&w->store) == 0);
    check(journal_open(w->io, STR("journal"), &w->limits, 1, 0, chain, 0, &w->journal) == 0);
    struct core_options o = {
        .limits = &w->limits, .clock = &w->clock, .rng = &w->rng, .journal = w->journal, .store = w->store};
    check(core_new(&o, &w->core) == 0);
    struct str document = arena_printf(
        &w->arena,
        "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: default}\n"
        "rules:\n  - {id: chat, effect: permit, match: {model: [\"openai/gpt-*\"]}}\nlimits:\n"
        "  - {id: rpm, meter: requests, max: %d, by: [key], window: {sliding: 60s}}\n"
        "  - {id: tpm, meter: tokens, max: %d, by: [key, model], window: {sliding: 60s}}\n"
        "  - {id: otpm, meter: output_tokens, max: %d, by: [agent], window: {calendar: hour}}\n"
        "  - {id: day, meter: usd, max: \"%d.%02d\", window: {calendar: day}, match: {class: [cost]}}\n",
        k_requests, k_tokens * (IN + OUT), 100 * k_tokens * OUT, k_usd / 100, k_usd % 100);
    check(core_policy_apply(w->core, document, STR("p.yaml"), STR("test"), &diags, &p, &seq) == 0);
    policy_unref(p);
    struct key_spec spec = {.mode = MODE_LIVE, .agent = STR("bot"), .tenant = STR("acme")};
    check(core_key_create(w->core, &spec, STR("test"), &diags, &text, &seq) == 0);
    core_admit(w->core, text.hash, NOON, &w->arena, &adm);
    check(adm.code == CODE_NONE);
    w->key = adm.key;
    w->policy = adm.policy;
}

static void stop(struct world *w)
{
    policy_unref(w->policy);
    while (core_drain_turn(w->core))
        ;
    core_free(w->core);
    journal_close(w->journal);
    w->store->ops->close(w->store);
    io_memory_free(w->io);
    arena_deinit(&w->arena);
    pthread_mutex_destroy(&w->lock);
}

/* --- one call ---------------------------------------------------------------------------------------------------- */

struct call {
    struct world *w;
    struct arena arena;
    struct rng rng;
    struct buf body, personal;
    struct facts facts;
    struct verdict verdict;
    struct held held;
    struct str id;
};

static int hold(struct call *c, wall_t now)
{
    char id[UUID_TEXT_BYTES];
    struct record_writer rw;
    size_t i_short;
    enum code code;
    struct uuid u = uuid_v7(now, &c->rng);
    c->id = arena_str(&c->arena, uuid_text(&u, id));
    c->facts = (struct facts){
        .key = STR("k"), .agent = STR("bot"), .run_id = STR("r"), .layer = STR("llm"), .vendor = STR("openai"),
        .operation = STR("openai.chat.completions.create"), .class = CLASS_COST, .model = STR("gpt-4o"),
        .tokens = {true, IN, OUT}, .cost = {HOW_PRICED, CENT}, .mode = MODE_LIVE, .now = now};
    policy_decide(c->w->policy, NULL, &c->facts, false, &c->arena, &c->verdict);
    check(c->verdict.effect == EFFECT_PERMIT);
    buf_reset(&c->body);
    buf_reset(&c->personal);
    struct record_open o = {
        .call_id = c->id, .started_at = now, .facts = &c->facts, .verdict = &c->verdict, .salt = salt};
    record_open_begin(&rw, &o, &c->body, &c->personal);
    struct hold_request q = {.key = c->w->key, .policy = c->w->policy, .run_id = STR("r"), .call_id = c->id,
                             .verdict = &c->verdict, .record = &rw, .now = now, .predicted = c->facts.cost};
    int r = core_hold(c->w->core, &q, &c->held, &i_short, &code);
    check(r == 0 || r == CORE_R_SHORT);
    return r;
}

static void end(struct call *c, struct held *held, struct str id, enum outcome outcome, int64_t out)
{
    struct usage usage = {.how = HOW_PARSED, .tokens = {[TOKEN_INPUT] = IN, [TOKEN_OUTPUT] = out}};
    struct record_close rc = {.call_id = id, .open_seq = held->open_seq, .ended_at = c->facts.now, .outcome = outcome,
                              .settled = {outcome == OUTCOME_SETTLED ? HOW_PRICED : HOW_UNKNOWN, CENT}, .salt = salt};
    struct close_request q = {.held = held, .record = &rc, .usage = &usage, .object_scope = STR("openai/live"),
                              .body = &c->body, .personal = &c->personal};
    check(core_close(c->w->core, &q) == 0);
}

static void passed(struct call *c, wall_t now)
{
    struct world *w = c->w;
    int64_t tokens = 0;
    bool is_over = false;
    for (size_t i = 0; i < c->verdict.n_needs; i++) {
        const struct limit_need *need = &c->verdict.needs[i];
        is_over |= need->after > need->max;
        if (need->window == WINDOW_SLIDING && need->window_start > now)
            now = need->window_start;
    }
    if (w->ending == USE_ALL || (w->ending == MIXED && rng_below(&c->rng, 4))) {
        int64_t out = w->ending == MIXED ? (int64_t)rng_below(&c->rng, OUT + 1) : OUT;
        end(c, &c->held, c->id, OUTCOME_SETTLED, out);
        tokens = IN + out;
    } else if (w->ending == MIXED) {
        end(c, &c->held, c->id, OUTCOME_RELEASED, 0);
    }
    pthread_mutex_lock(&w->lock);
    check(w->n_passes < PASSES_MAX);
    w->kept[w->n_passes] = c->held;
    w->passes[w->n_passes++] = (struct pass){now, tokens};
    w->n_over += is_over;
    pthread_mutex_unlock(&w->lock);
}

static void *run(void *ctx)
{
    static atomic_uint seeds;
    struct world *w = ctx;
    struct call c = {.w = w};
    size_t n_refused = 0;
    arena_init(&c.arena, 1 << 20);
    rng_seeded_init(&c.rng, 100 + atomic_fetch_add(&seeds, 1));
    buf_init(&c.body, 1 << 20);
    buf_init(&c.personal, 1 << 20);
    for (int i = 0; i < TRIES; i++) {
        wall_t now = atomic_fetch_add(&w->now, w->step_us * NS_PER_US);
        arena_reset(&c.arena);
        if (hold(&c, now) == 0)
            passed(&c, now);
        else
            n_refused++;
    }
    pthread_mutex_lock(&w->lock);
    w->n_refused += n_refused;
    pthread_mutex_unlock(&w->lock);
    buf_deinit(&c.body);
    buf_deinit(&c.personal);
    arena_deinit(&c.arena);
    return NULL;
}

static void crowd(struct world *w)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        check(pthread_create(&threads[i], NULL, run, w) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    check(w->n_passes + w->n_refused == THREADS * TRIES);
    check(w->n_over == 0);
}

/* --- what must be ------------------------------------------------------------------------------------------------ */

/* Time stands still: whichever limit binds, kept or used up at once, k pass. */
static void exactly_k(int k, int which, enum ending ending)
{
    static struct world w;
    start(&w, which == 0 ? k : 2 * k + 9, which == 1 ? k : 2 * k + 9, which == 2 ? k : 2 * k + 9);
    w.ending = ending;
    crowd(&w);
    printf("k=%-4d binding=%s %s: passed %zu, refused %zu\n", k, (const char *[]){"rpm", "tpm", "day"}[which],
           ending == KEEP ? "kept" : "used", w.n_passes, w.n_refused);
    check(w.n_passes == (size_t)k);
    for (size_t i = 0; ending == KEEP && i < w.n_passes; i++)
        core_forget(w.core, &w.kept[i]);
    stop(&w);
}

/* In every window of 60 s that ends with a call. */
static void check_windows(const struct world *w, int k)
{
    for (size_t i = 0; i < w->n_passes; i++) {
        int64_t requests = 0, tokens = 0;
        for (size_t j = 0; j < w->n_passes; j++) {
            bool is_in = w->passes[j].at <= w->passes[i].at && w->passes[j].at > w->passes[i].at - 60 * NS_PER_S;
            requests += is_in;
            tokens += is_in ? w->passes[j].tokens : 0;
        }
        check(requests <= k && tokens <= (int64_t)k * (IN + OUT));
    }
}

/* Time moves on by some minutes, calls use less than they hold, and some are released. */
static void no_minute_has_more(int k)
{
    static struct world w;
    start(&w, k, k, 1000000);
    w.ending = MIXED;
    w.step_us = 100000; /* ten minutes in all */
    crowd(&w);
    double minutes = (double)(atomic_load(&w.now) - NOON) / (60.0 * NS_PER_S);
    printf("k=%-4d a minute for %.0f minutes: passed %zu, refused %zu\n", k, minutes, w.n_passes, w.n_refused);
    check_windows(&w, k);
    check((double)w.n_passes > 0.95 * (minutes - 1) * k); /* early by a slot at most */
    stop(&w);
}

int main(void)
{
    for (int which = 0; which < 3; which++) {
        exactly_k(0, which, USE_ALL);
        exactly_k(1, which, KEEP);
        exactly_k(7, which, USE_ALL);
        exactly_k(137, which, KEEP);
        exactly_k(500, which, USE_ALL);
    }
    no_minute_has_more(60);
    no_minute_has_more(7);
    return 0;
}
