/*
 * tests/sim/world.c - a seed's world: drawn, started, crashed, started again, brought to rest.
 */
#include "world_impl.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL_DIR STR("journal")
#define DISK_BYTES_MAX (64u << 20)
#define STEPS_MAX 4000000
#define NODE_ID 1

static const char *const mutation_names[MUTATIONS] = {
    "none",        "vendor_moves_more", "vendor_forgets_keys", "vendor_lies",
    "sync_is_skipped", "disk_lies",     "counter_drifts",      "frame_is_changed",
    "model_misreports", "model_settles_twice", "cut_is_forgotten", "usage_is_added",
    "yes_comes_back", "yes_is_kept", "requester_may_decide"};
const char *mutation_name(enum mutation m) { return mutation_names[m]; }

void world_fail(struct world *w, const char *fmt, ...)
{
    va_list ap;

    if (!w->result->is_ok)
        return;
    w->result->is_ok = false;
    va_start(ap, fmt);
    vsnprintf(w->result->failure, sizeof(w->result->failure), fmt, ap);
    va_end(ap);
    world_say(w, "FAILED: %s", w->result->failure);
}

void world_say(struct world *w, const char *fmt, ...)
{
    va_list ap;

    if (!w->is_verbose)
        return;
    printf("%12.6f  ", (double)sim_now(w->sim) / NS_PER_S);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

struct later {
    struct list node;
    struct world *w;
    unsigned generation;
    void (*fn)(struct world *w);
};

static void on_later(void *ctx)
{
    struct later *l = ctx;
    struct world *w = l->w;
    void (*fn)(struct world *) = l->fn;
    bool is_ours = l->generation == w->generation;

    list_remove(&l->node);
    free(l);
    if (is_ours)
        fn(w);
}

void world_later(struct world *w, int64_t ns_max, void (*fn)(struct world *w))
{
    struct later *l = calloc(1, sizeof(*l));

    check(l);
    *l = (struct later){.w = w, .generation = w->generation, .fn = fn};
    list_init(&l->node);
    list_add_tail(&w->laters, &l->node);
    sim_after(w->sim, (int64_t)world_below(w, (uint64_t)ns_max) + 1, (struct post){on_later, l});
}

/* -------- the store: memory, of which a power loss takes what it had not made durable -------- */

static struct world *world_of(struct store *s) { return list_entry(s, struct world, store); }

static uint64_t store_position(struct store *s, uint8_t ret_chain[CHAIN_BYTES], uint32_t *ret_epoch)
{
    struct world *w = world_of(s);
    return w->memory->ops->position(w->memory, ret_chain, ret_epoch);
}

static int store_apply(struct store *s, const struct frame *frames, size_t n)
{
    struct world *w = world_of(s);
    int r = w->store_refuses ? -ERR_NO_SPACE : w->memory->ops->apply(w->memory, frames, n);

    if (r == 0 && n && world_below(w, 3) == 0)
        w->durable_seq = frames[n - 1].seq;
    return r;
}

static int store_keep(struct store *s, const struct kept_body *bodies, size_t n, const struct bodies_bound *bound,
                      int64_t *ret_removed)
{
    struct world *w = world_of(s);
    return w->store_refuses ? -ERR_NO_SPACE : w->memory->ops->keep(w->memory, bodies, n, bound, ret_removed);
}

static uint64_t store_durable(struct store *s) { return world_of(s)->durable_seq; }
static int store_load(struct store *s, wall_t now, const struct store_loader *to)
{
    struct world *w = world_of(s);
    return w->memory->ops->load(w->memory, now, to);
}

static int store_links(struct store *s, size_t n_max, int (*on_link)(void *ctx, const struct run_link_row *l),
                       void *ctx)
{
    struct world *w = world_of(s);
    return w->memory->ops->links(w->memory, n_max, on_link, ctx);
}


/* The memory store's operations but for those above; its own readers answer questions. */
static void make_store(struct world *w)
{
    check(store_memory_new(&w->memory) == 0);
    w->store_ops = *w->memory->ops;
    w->store_ops.apply = store_apply;
    w->store_ops.keep = store_keep;
    w->store_ops.position = store_position;
    w->store_ops.durable = store_durable;
    w->store_ops.load = store_load;
    w->store_ops.links = store_links;
    w->store.ops = &w->store_ops;
}

/* The store as it is after a power loss: as old as what was durable, or newer. */
static void cut_store(struct world *w)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    size_t n;
    uint64_t position = store_position(&w->store, chain, &epoch);
    uint64_t cut = w->durable_seq + world_below(w, position - w->durable_seq + 1);
    const struct frame *frames = audit_frames(w->audit, &n);

    check(cut <= n);
    w->memory->ops->close(w->memory);
    check(store_memory_new(&w->memory) == 0);
    check(cut == 0 || w->memory->ops->apply(w->memory, frames, cut) == 0);
    w->durable_seq = cut;
}

/* -------- the daemon's process -------- */

struct handover {
    struct list node;
    struct world *w;
    size_t i_worker;
    struct net_ticket ticket;
};

static void on_handover(void *ctx)
{
    struct handover *h = ctx;
    struct worker *worker = h->w->workers[h->i_worker];
    struct net_ticket t = h->ticket;

    list_remove(&h->node);
    free(h);
    worker_take(worker, t);
}

static void on_accept(void *ctx, struct net_ticket t)
{
    struct world *w = ctx;
    struct handover *h = calloc(1, sizeof(*h));

    check(h);
    h->w = w;
    h->i_worker = (size_t)world_below(w, WORKERS);
    h->ticket = t;
    list_init(&h->node);
    list_add_tail(&w->handovers, &h->node);
    loop_post(w->loops[h->i_worker], (struct post){on_handover, h});
}

static void open_journal(struct world *w, bool was_kill)
{
    uint8_t chain[CHAIN_BYTES], last[CHAIN_BYTES];
    uint32_t epoch;
    size_t n;
    uint64_t seq = store_position(&w->store, chain, &epoch);
    int r = journal_open(&w->fault.io, JOURNAL_DIR, &w->limits, NODE_ID, seq, chain, epoch, &w->journal);

    if (r < 0) {
        struct buf text;
        buf_init(&text, 4096);
        (void)journal_check(&w->fault.io, JOURNAL_DIR, seq, &text);
        world_fail(w, "the journal does not open again behind frame %llu: %s: " STR_FMT, (unsigned long long)seq,
                   err_name(r), STR_ARG(buf_str(&text)));
        buf_deinit(&text);
        return;
    }
    uint64_t found = journal_last_seq(w->journal);
    if (found < w->last_synced_seq)
        world_fail(w, "frame %llu was on the disk; after the crash the last one is %llu",
                   (unsigned long long)w->last_synced_seq, (unsigned long long)found);
    if (found > audit_seq(w->audit) || (was_kill && found < audit_seq(w->audit)))
        world_fail(w, "the last frame was %llu, after the crash it is %llu", (unsigned long long)audit_seq(w->audit),
                   (unsigned long long)found);
    if (!w->result->is_ok) {
        journal_close(w->journal);
        return;
    }
    audit_rewind(w->audit, found);
    journal_last_chain(w->journal, last);
    const struct frame *frames = audit_frames(w->audit, &n);
    if (n && memcmp(frames[n - 1].chain, last, CHAIN_BYTES) != 0)
        world_fail(w, "the chain goes on from another value than that of the last frame");
    check(journal_reader_new(w->journal, found, &w->reader) == 0);
}

static void start_core(struct world *w)
{
    static const struct str names[VENDORS] = {STR_INIT("stripe"), STR_INIT("openai"), STR_INIT("anthropic")};
    static const struct known known = {names, VENDORS, NULL, 0};
    struct core_options o = {
        .limits = &w->limits,
        .clock = sim_clock(w->sim),
        .rng = &w->rng,
        .journal = w->journal,
        .store = &w->store,
        .known = &known,
    };
    int r = core_new(&o, &w->core);

    if (r < 0) {
        world_fail(w, "the core does not start: %s", err_name(r));
        journal_reader_free(w->reader);
        journal_close(w->journal);
    } else
        check(w->memory->ops->reader_new(w->memory, &w->store_reader) == 0);
}

static void start_workers(struct world *w)
{
    check(llm_floors_new(w->data->catalog, &w->floors) == 0);
    w->llm = (struct llm_shared){.catalog = w->data->catalog, .floors = w->floors, .is_strict = world_below(w, 2)};
    w->shared =
        (struct worker_shared){.core = w->core, .limits = &w->limits, .vendors = &w->vendors, .llm = &w->llm};
    w->shared.lookups = lookup_cache_new(w->limits.lookup_cache_ms);
    check(w->shared.lookups);
    for (size_t i = 0; i < WORKERS; i++) {
        check(sim_loop_new(w->sim, &w->loops[i]) == 0);
        rng_seeded_init(&w->worker_rngs[i], world_below(w, UINT64_MAX));
        check(worker_new(w->loops[i], &w->shared, &w->worker_rngs[i], &w->workers[i]) == 0);
    }
}

static void start_process(struct world *w, bool was_kill)
{
    open_journal(w, was_kill);
    if (w->result->is_ok)
        start_core(w);
    if (!w->result->is_ok)
        return;
    world_read_frames(w);
    check(sim_loop_new(w->sim, &w->front) == 0);
    start_workers(w);
    w->is_up = true;
    w->is_dying = false;
    world_check_now(w);
    play_begin(w);
}

static void listen_to_agents(struct world *w)
{
    check(w->front->ops->listen(w->front, &w->daemon_addr, 64, on_accept, w, &w->listener, NULL) == 0);
}

/* The memory of a process that is gone. */
static void free_process(struct world *w)
{
    struct list *it;

    w->is_up = false;
    w->generation++;
    for (size_t i = 0; i < WORKERS; i++)
        sim_loop_kill(w->loops[i], false);
    sim_loop_kill(w->front, false);
    while ((it = list_first(&w->handovers))) {
        list_remove(it);
        free(list_entry(it, struct handover, node));
    }
    operators_crashed(w);
    journal_reader_free(w->reader);
    w->memory->ops->reader_free(w->store_reader);
    for (size_t i = 0; i < WORKERS; i++) {
        worker_free(w->workers[i]);
        loop_free(w->loops[i]);
    }
    loop_free(w->front);
    core_free(w->core);
    journal_close(w->journal);
    lookup_cache_free(w->shared.lookups);
    llm_floors_free(w->floors);
}

static void restart_after(struct world *w, bool was_kill)
{
    w->fault.syncs_left = w->fault.bytes_left = -1;
    w->store_refuses = false;
    start_process(w, was_kill);
    if (!w->result->is_ok)
        return;
    listen_to_agents(w);
    operators_begin(w);
    world_say(w, "started again: frame %llu", (unsigned long long)audit_seq(w->audit));
}
static void restart_after_kill(struct world *w) { restart_after(w, true); }
static void restart_after_power_loss(struct world *w) { restart_after(w, false); }

static int unlink_name(void *ctx, struct str name)
{
    struct world *w = ctx;
    char path[256];
    int n = snprintf(path, sizeof(path), STR_FMT "/" STR_FMT, STR_ARG(JOURNAL_DIR), STR_ARG(name));

    (void)io_unlink(w->disk, (struct str){path, (size_t)n});
    return 0;
}

void world_crash(struct world *w, bool is_power_loss)
{
    world_read_frames(w);
    world_say(w, "%s: frame %llu, on the disk %llu", is_power_loss ? "power loss" : "kill -9",
              (unsigned long long)audit_seq(w->audit), (unsigned long long)journal_synced_seq(w->journal));
    w->last_synced_seq = journal_synced_seq(w->journal);
    if (is_power_loss || core_has_failed(w->core))
        w->lost_at = sim_now(w->sim);
    if (is_power_loss) {
        bool is_silent = world_below(w, 2);
        for (size_t i = 0; i < WORKERS && is_silent; i++)
            sim_loop_kill(w->loops[i], true);
        io_memory_power_loss(w->disk, world_below(w, 2) ? &w->rng : NULL);
    } else {
        io_memory_crash(w->disk);
    }
    free_process(w);
    if (is_power_loss)
        cut_store(w);
    if (is_power_loss && w->mutation == MUTATION_DISK_LIES) {
        (void)io_list(w->disk, JOURNAL_DIR, unlink_name, w);
        (void)io_sync_dir(w->disk, JOURNAL_DIR);
    }
    w->result->n_crashes++;
    world_later(w, NS_PER_S / 2, is_power_loss ? restart_after_power_loss : restart_after_kill);
}

/* -------- SIGTERM: drained for a while, cut off, ended -------- */

static void end_stopped(struct world *w)
{
    if (w->n_cut_off < WORKERS) {
        world_later(w, NS_PER_S / 10, end_stopped);
        return;
    }
    world_check_cut_off(w);
    core_say_stop(w->core);
    world_crash(w, false);
}

static void on_cut_off(void *ctx)
{
    struct stopping *s = ctx;

    worker_cut_off(s->w->workers[s->i]);
    s->w->n_cut_off++;
}

static void cut_off(struct world *w)
{
    world_say(w, "the time for draining is over");
    for (size_t i = 0; i < WORKERS; i++)
        loop_post(w->loops[i], (struct post){on_cut_off, &w->stopping[i]});
    world_later(w, NS_PER_S / 4, end_stopped);
}

static void on_drained(void *ctx)
{
    struct stopping *s = ctx;

    if (s->w->workers[s->i]->n_calls > 0)
        world_fail(s->w, "a worker says that it is drained, and has calls");
}

static void on_drain(void *ctx)
{
    struct stopping *s = ctx;

    worker_drain(s->w->workers[s->i], on_drained, s);
}

void world_stop(struct world *w)
{
    world_say(w, "SIGTERM");
    w->n_cut_off = 0;
    for (size_t i = 0; i < WORKERS; i++) {
        w->stopping[i] = (struct stopping){w, i};
        loop_post(w->loops[i], (struct post){on_drain, &w->stopping[i]});
    }
    world_later(w, NS_PER_S / 4, cut_off);
}

/* -------- made, and freed -------- */

static void make_vendor(struct world *w, size_t i, struct str name, const struct connector *connector, struct str host,
                        uint16_t port)
{
    static const enum mode modes[] = {MODE_LIVE, MODE_TEST, MODE_ANY};
    struct vendor *v = &w->vendor_items[i];

    *v = (struct vendor){
        .name = name,
        .connector = connector,
        .target = {.host = host, .port = port, .allows_private = true},
        .target_text = host,
        .credential = credential_slot_new(),
        .mode = i ? MODE_ANY : modes[world_below(w, 3)],
        .additions = {world_below(w, 4) > 0, world_below(w, 4) > 0},
        .timeouts = {w->limits.connect_timeout_ms, w->limits.first_byte_timeout_ms, w->limits.idle_timeout_ms},
        .lookup_timeouts = {w->limits.connect_timeout_ms, w->limits.lookup_timeout_ms, w->limits.lookup_timeout_ms},
    };
    v->additions.usage = world_below(w, 4) > 0;

    struct secret *secret;
    struct credential *credential;
    check(secret_new(STR("sk_live_simulated_secret"), &secret) == 0);
    check(credential_new(secret, NULL, 0, v->mode, &credential) == 0);
    credential_put(v->credential, credential, SECRET_OK);
}

static void make_vendors(struct world *w)
{
    make_vendor(w, 0, STR("stripe"), w->data->stripe, STR("stripe.sim"), w->vendor_addr.port);
    make_vendor(w, 1, STR("openai"), w->data->openai, STR("models.sim"), w->model_addr.port);
    make_vendor(w, 2, STR("anthropic"), w->data->anthropic, STR("models.sim"), w->model_addr.port);
    w->vendors = (struct vendors){w->vendor_items, VENDORS};
}

static void make_others(struct world *w)
{
    static const enum book_fault faults[MUTATIONS] = {
        [MUTATION_VENDOR_MOVES_MORE] = BOOK_MOVES_MORE,
        [MUTATION_VENDOR_FORGETS_KEYS] = BOOK_FORGETS_KEYS,
        [MUTATION_VENDOR_LIES] = BOOK_MOVES_AND_DECLINES,
    };
    struct vendor_manners vm = {
        .bad_ppm = w->play.is_calm ? 0 : (uint32_t)world_below(w, 500000),
        .think_ns_max = 30 * NS_PER_MS,
        .late_ns_max = 6 * NS_PER_S,
    };
    struct vendor_sim_hooks vh = {world_on_vendor_request, w};
    struct model_manners mm = {
        .bad_ppm = w->play.is_calm ? 0 : (uint32_t)world_below(w, 700000),
        .think_ns_max = 40 * NS_PER_MS,
        .late_ns_max = 6 * NS_PER_S,
        .lies = w->mutation == MUTATION_MODEL_MISREPORTS,
    };
    struct model_sim_hooks mh = {world_on_model_request, w};
    struct agents_manners am = {
        .model_ppm = (uint32_t)world_below(w, 700000),
        .n_agents = 2 + (size_t)world_below(w, 6),
        .n_requests = 25 + (size_t)world_below(w, 50),
        .pause_ns_max = NS_PER_MS * (int64_t[]){5, 100, 600}[world_below(w, 3)],
        .leave_ppm = (uint32_t)world_below(w, 250000),
        .leave_ns_max = NS_PER_MS * (int64_t[]){20, 300, 4000}[world_below(w, 3)],
        .odd_ppm = (uint32_t)world_below(w, 300000),
    };
    struct agents_hooks ah = {world_on_try, w};

    check(sim_loop_new(w->sim, &w->vendor_loop) == 0 && sim_loop_new(w->sim, &w->agents_loop) == 0);
    w->book = book_new(sim_rng(w->sim), faults[w->mutation]);
    w->vendor_sim = vendor_sim_new(w->sim, w->vendor_loop, w->book, &w->vendor_addr, &vm, &vh);
    w->model_sim = model_sim_new(w->sim, w->vendor_loop, &w->model_addr, &mm, &mh);
    w->agents = agents_new(w->sim, w->agents_loop, &w->agents_limits, &w->daemon_addr, BOOK_CHARGES_MIN, &am, &ah);
}

static void make_world(struct world *w)
{
    static const struct sim_net still = {.delay_ns_max = NS_PER_MS, .window_bytes_max = 65536};
    struct audit_hooks hooks = {world_on_audit_failure, operators_max_of, w};

    w->sim = sim_new(w->seed, &still);
    list_init(&w->laters);
    list_init(&w->handovers);
    list_init(&w->pendings);
    rng_seeded_init(&w->rng, w->seed ^ 0xc0de);
    play_draw(w);
    check(net_addr_parse(STR("127.0.0.1:4747"), &w->daemon_addr) == 0);
    check(net_addr_parse(STR("127.0.0.1:9001"), &w->vendor_addr) == 0);
    check(net_addr_parse(STR("127.0.0.1:9002"), &w->model_addr) == 0);
    sim_name(w->sim, "models.sim", &(struct net_addrs){.items = {w->model_addr}, .n = 1});
    sim_name(w->sim, "stripe.sim", &(struct net_addrs){.items = {{.host = "127.0.0.2"}, w->vendor_addr}, .n = 2});
    w->disk = io_memory_new(DISK_BYTES_MAX);
    io_fault_init(&w->fault, w->disk);
    check(io_mkdir(w->disk, JOURNAL_DIR) == 0 && io_sync_dir(w->disk, STR(".")) == 0);
    make_store(w);
    w->audit = audit_new(&hooks);
    make_vendors(w);
    make_others(w);
}

static void free_world(struct world *w)
{
    struct list *it;

    if (w->is_up)
        free_process(w);
    agents_free(w->agents);
    vendor_sim_free(w->vendor_sim);
    model_sim_free(w->model_sim);
    operators_forget(w);
    while ((it = list_first(&w->laters))) {
        list_remove(it);
        free(list_entry(it, struct later, node));
    }
    for (size_t i = 0; i < VENDORS; i++)
        credential_slot_free(w->vendor_items[i].credential);
    book_free(w->book);
    audit_free(w->audit);
    w->memory->ops->close(w->memory);
    io_memory_free(w->disk);
    sim_free(w->sim);
}

/* -------- running -------- */

static size_t calls_under_way(const struct world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < WORKERS && w->is_up; i++)
        n += w->workers[i]->n_calls;
    return n;
}

static bool is_at_rest(const struct world *w)
{
    return w->is_up && !w->is_dying && agents_are_done(w->agents) && calls_under_way(w) == 0 &&
           vendor_sim_busy(w->vendor_sim) + model_sim_busy(w->model_sim) == 0;
}

static void run_until_rest(struct world *w)
{
    while (w->result->is_ok && !is_at_rest(w)) {
        check(sim_step(w->sim));
        if (w->is_up && sim_steps(w->sim) % 32 == 0)
            world_check_now(w);
        if (sim_steps(w->sim) > STEPS_MAX)
            world_fail(w, "does not come to rest: %zu calls under way, agents %s, vendors busy with %zu",
                       calls_under_way(w), agents_are_done(w->agents) ? "done" : "not done",
                       vendor_sim_busy(w->vendor_sim) + model_sim_busy(w->model_sim));
    }
}

/* All that was appended is in the store. */
static void settle_store(struct world *w)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;

    core_note_refusal(w->core, STR("key_missing"), 1); /* gives frames that waited for room their turn */
    for (int i = 0; i < 100000 && store_position(&w->store, chain, &epoch) < journal_last_seq(w->journal); i++) {
        world_read_frames(w);
        (void)core_drain_turn(w->core);
    }
    world_read_frames(w);
}

static void bring_to_rest(struct world *w)
{
    w->is_ending = true;
    w->fault.bytes_left = -1;
    w->store_refuses = false;
    settle_store(w);
    world_check_at_rest(w);
    if (!w->result->is_ok)
        return;
    /* And a start from what is stored finds the same. */
    world_crash(w, false);
    run_until_rest(w);
    if (!w->result->is_ok)
        return;
    settle_store(w);
    world_check_at_rest(w);
}

static void count(struct world *w)
{
    struct world_result *r = w->result;

    r->steps = sim_steps(w->sim);
    r->trace = sim_trace(w->sim);
    r->n_tries = agents_tries(w->agents);
    r->n_frames = audit_seq(w->audit);
    r->moved_cents = book_moved_in_all(w->book);
    for (size_t i = 0; audit_call_at(w->audit, i); i++) {
        const struct audit_call *c = audit_call_at(w->audit, i);
        r->n_calls++;
        r->n_held += c->is_held;
        r->n_unknown += c->outcome == OUTCOME_UNKNOWN;
        r->n_models += c->is_model && c->is_held;
        r->n_cut += c->is_model && c->is_held && c->error.n > 0;
    }
}

void world_run(uint64_t seed, enum mutation m, const struct world_data *data, bool is_verbose,
               struct world_result *ret)
{
    struct world *w = calloc(1, sizeof(*w));

    check(w);
    *ret = (struct world_result){.is_ok = true};
    w->seed = seed;
    w->mutation = m;
    w->is_verbose = is_verbose;
    w->result = ret;
    w->data = data;
    make_world(w);
    mutate_core(w);
    start_process(w, true);
    if (ret->is_ok) {
        operators_prepare(w);
        listen_to_agents(w);
        operators_begin(w);
        sim_tap(w->sim, world_on_write, w);
        sim_set_net(w->sim, &w->net);
        agents_start(w->agents);
        do
            check(sim_step(w->sim));
        while (agents_tries(w->agents) == 0 && ret->is_ok);
        run_until_rest(w);
    }
    if (ret->is_ok)
        bring_to_rest(w);
    count(w);
    free_world(w);
    free(w);
}
