/*
 * tests/stress/rig.c - puts the rig together as daemon.c does, with the memory store and a vendor that only counts.
 */
#include "rig.h"

#include "base/log.h"
#include "codec/json_read.h"
#include "http/client.h"
#include "io/files.h"
#include "net/timer.h"
#include "proxy/lookup_cache.h"
#include "store/journal/journal.h"
#include "store/memory/store_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- vendor ------------------------------------------------------------------------------------------------------ */

struct served {
    struct rig_vendor *v;
    struct http_exchange *x;
    bool is_read;
    char amount[32]; /* from the form */
    char body[4096];
    size_t n;
};

static void served_answer(struct served *s)
{
    char json[256];
    const char *at = memmem(s->body, s->n, "amount=", 7);
    long long amount = at ? atoll(at + 7) : 0;
    atomic_fetch_add(s->is_read ? &s->v->n_reads : &s->v->n_seen, 1);
    int n = snprintf(
        json, sizeof(json),
        "{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":%lld,\"currency\":\"usd\",\"charge\":\"ch_1\",\"status\":"
        "\"succeeded\"}",
        amount);
    struct http_field fields[] = {{STR("content-type"), STR("application/json")}};
    struct http_head head = {.status = 200, .fields = fields, .n_fields = 1, .body_bytes = n};
    http_send_head(s->x, &head);
    (void)http_write(s->x, (struct str){json, (size_t)n});
    http_finish(s->x, NULL, 0);
    http_release(s->x);
    free(s);
}

static void served_body(void *ctx, struct str b)
{
    struct served *s = ctx;
    check(s->n + b.n < sizeof(s->body));
    memcpy(s->body + s->n, b.p, b.n);
    s->n += b.n;
}
static void served_end(void *ctx, const struct http_field *t, size_t n) { served_answer(ctx); }
static void served_writable(void *ctx) { (void)ctx; }
static void served_reset(void *ctx, enum http_reset why)
{
    struct served *s = ctx;
    http_release(s->x);
    free(s);
}
static const struct http_events served_events = {
    .on_body = served_body, .on_end = served_end, .on_writable = served_writable, .on_reset = served_reset};

static void vendor_request(void *ctx, struct http_exchange *x, const struct http_head *head)
{
    struct served *s = calloc(1, sizeof(*s));
    check(s != NULL);
    s->v = ctx;
    s->x = x;
    s->is_read = str_eq(head->method, STR("GET"));
    http_on(x, &served_events, s);
    http_credit(x, SIZE_MAX);
}
static void vendor_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                            struct http_refusal_answer *ret)
{
    check(!"vendor");
}
static const struct http_server_handler vendor_handler = {.on_request = vendor_request, .on_bad_head = vendor_bad_head};

static void vendor_accept(void *ctx, struct net_ticket t)
{
    struct rig_vendor *v = ctx;
    struct stream *s;
    check(v->thread.loop->ops->adopt(v->thread.loop, t, &s) == 0);
    (void)http_server_take(v->server, s);
}

static void vendor_start(struct rig_vendor *v, const struct limits *limits)
{
    struct net_addr any = {.host = "127.0.0.1"};
    check(loop_thread_new(&v->thread) == 0);
    check(http_server_new(v->thread.loop, limits, &vendor_handler, v, &v->server) == 0);
    check(v->thread.loop->ops->listen(v->thread.loop, &any, 1024, vendor_accept, v, &v->listener, &v->addr) == 0);
    check(loop_thread_start(&v->thread, "vendor") == 0);
}

static void vendor_close(void *ctx)
{
    struct rig_vendor *v = ctx;
    v->thread.loop->ops->listener_close(v->listener);
    http_server_free(v->server);
}

/* --- the daemon's parts ------------------------------------------------------------------------------------------ */

static void on_failed(void *ctx) { check(!"the journal failed"); }

static void start_core(struct rig *r)
{
    uint8_t chain[CHAIN_BYTES] = {0};
    uint32_t epoch = 0;
    char path[128];
    snprintf(path, sizeof(path), "%s/journal", r->dir);
    check(io_mkdir(io_system(), str_c(path)) == 0);
    check(store_memory_new(&r->store) == 0);
    uint64_t seq = r->store->ops->position(r->store, chain, &epoch);
    check(journal_open(io_system(), str_c(path), &r->limits, 1, seq, chain, epoch, &r->journal) == 0);
    struct core_options o = {
        .limits = &r->limits, .clock = &clock_system, .rng = &r->rng, .journal = r->journal, .store = r->store};
    check(core_new(&o, &r->core) == 0);
    r->background = (struct background){.core = r->core, .on_failed = on_failed};
    check(background_start(&r->background) == 0);
}

static void start_stripe(struct rig *r)
{
    struct diag_list diags;
    struct str text;
    char addr[64];
    diag_list_init(&diags, &r->arena, 8);
    check(connector_builtin(STR("stripe"), &text));
    check(connector_parse(text, STR("stripe"), &r->limits, &diags, &r->connector) == 0);
    r->stripe = (struct vendor){.name = STR("stripe"), .connector = r->connector, .mode = MODE_TEST};
    r->stripe.target = http_target_at(&r->vendor.addr);
    r->stripe.target_text = arena_str(&r->arena, net_addr_text(&r->vendor.addr, addr));
    r->stripe.timeouts = r->stripe.lookup_timeouts = (struct http_timeouts){5000, 20000, 20000};
    r->vendors = (struct vendors){&r->stripe, 1};
}

void rig_start(struct rig *r)
{
    struct net_addr any = {.host = "127.0.0.1"};
    memset(r, 0, sizeof(*r));
    log_set_level(LOG_ERROR);
    limits_default(&r->limits);
    r->limits.connections_max = 4096;
    r->limits.pool_connections_max = 2048;
    arena_init(&r->arena, 64u << 20);
    rng_system_init(&r->rng);
    strcpy(r->dir, "/tmp/flyball-stress-XXXXXX");
    check(mkdtemp(r->dir) != NULL);
    vendor_start(&r->vendor, &r->limits);
    start_stripe(r);
    start_core(r);
    r->shared = (struct worker_shared){.core = r->core, .limits = &r->limits, .vendors = &r->vendors};
    r->shared.lookups = lookup_cache_new(r->limits.lookup_cache_ms);
    for (size_t i = 0; i < RIG_WORKERS; i++) {
        rng_buffered_init(&r->rngs[i]);
        check(loop_thread_new(&r->loops[i]) == 0);
        check(worker_new(r->loops[i].loop, &r->shared, &r->rngs[i].rng, &r->workers[i]) == 0);
        check(loop_thread_start(&r->loops[i], "worker") == 0);
    }
    r->acceptor.loops = r->loops;
    r->acceptor.workers = r->workers;
    r->acceptor.n_workers = RIG_WORKERS;
    check(acceptor_start(&r->acceptor, &any, 1024, &r->addr) == 0);
}

static void free_worker(void *ctx) { worker_free(ctx); }

void rig_stop(struct rig *r)
{
    char command[128];
    acceptor_stop(&r->acceptor);
    for (size_t i = 0; i < RIG_WORKERS; i++) {
        loop_thread_call(&r->loops[i], free_worker, r->workers[i]);
        loop_thread_stop(&r->loops[i]);
    }
    loop_thread_call(&r->vendor.thread, vendor_close, &r->vendor);
    loop_thread_stop(&r->vendor.thread);
    background_stop(&r->background);
    core_free(r->core);
    r->store->ops->close(r->store);
    journal_close(r->journal);
    lookup_cache_free(r->shared.lookups);
    connector_free(r->connector);
    arena_deinit(&r->arena);
    snprintf(command, sizeof(command), "rm -r %s", r->dir);
    check(system(command) == 0);
}

void rig_policy(struct rig *r, const char *text)
{
    struct diag_list diags;
    const struct policy *p;
    uint64_t seq;
    diag_list_init(&diags, &r->arena, 8);
    int ret = core_policy_apply(r->core, str_c(text), STR("stress.yaml"), STR("test"), &diags, &p, &seq);
    for (size_t i = 0; i < diags.n && ret < 0; i++)
        fprintf(stderr, "%d:%d " STR_FMT "\n", diags.items[i].line, diags.items[i].col,
                STR_ARG(diags.items[i].message));
    check(ret == 0);
    policy_unref(p);
}

struct key_text rig_key(struct rig *r, const char *agent, const char *tenant)
{
    struct diag_list diags;
    struct key_text key;
    uint64_t seq;
    struct key_spec spec = {.mode = MODE_TEST, .agent = str_c(agent), .tenant = str_c(tenant)};
    diag_list_init(&diags, &r->arena, 8);
    check(core_key_create(r->core, &spec, STR("test"), &diags, &key, &seq) == 0);
    return key;
}

void rig_standing(struct rig *r, const char *part, int64_t *ret_settled, int64_t *ret_held)
{
    struct buf out;
    struct arena a;
    struct json root;
    int64_t settled = 0, held = 0;
    buf_init(&out, 64u << 20);
    arena_init(&a, 512u << 20);
    check(core_limits_json(r->core, &out) == 0);
    check(json_parse(&a, buf_str(&out), 32, &root) == 0);
    struct json rows = json_get(root, STR("counters")), row;
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        struct str counter;
        int64_t n = 0;
        size_t at;
        check(json_str(json_get(row, STR("counter")), &counter));
        if (part && !str_find(counter, str_c(part), &at))
            continue;
        (void)json_i64(json_get(row, STR("settled")), &n);
        settled += n;
        n = 0;
        (void)json_i64(json_get(row, STR("held")), &n);
        held += n;
    }
    arena_deinit(&a);
    buf_deinit(&out);
    *ret_settled = settled;
    *ret_held = held;
}

void rig_drain(struct rig *r)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    for (int i = 0; i < 5000; i++) {
        if (r->store->ops->position(r->store, chain, &epoch) == journal_last_seq(r->journal))
            return;
        usleep(1000);
    }
    check(!"the store did not follow");
}

/* --- crowd ------------------------------------------------------------------------------------------------------- */

struct crowd_run;
struct client {
    struct crowd_run *run;
    struct http_exchange *x;
    struct timer leave;
    uint16_t status;
    mono_t began;
};
struct crowd_run {
    const struct crowd *c;
    struct rig *rig;
    struct loop_thread thread;
    struct http_pool *pool;
    struct crowd_result result;
    struct client clients[RIG_CLIENTS_MAX];
    size_t n_left;
    struct rng rng;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool is_over;
};

static void client_over(struct client *cl)
{
    struct crowd_run *run = cl->run;
    timer_cancel(run->thread.loop, &cl->leave);
    http_release(cl->x);
    cl->x = NULL;
    if (--run->n_left)
        return;
    pthread_mutex_lock(&run->mutex);
    run->is_over = true;
    pthread_cond_signal(&run->cond);
    pthread_mutex_unlock(&run->mutex);
}

static void client_head(void *ctx, const struct http_head *head)
{
    struct client *cl = ctx;
    cl->status = head->status;
    http_credit(cl->x, SIZE_MAX);
}
static void client_body(void *ctx, struct str b) { (void)ctx; }
static void client_end(void *ctx, const struct http_field *t, size_t n)
{
    struct client *cl = ctx;
    struct crowd_result *res = &cl->run->result;
    int64_t us = (loop_now(cl->run->thread.loop) - cl->began) / NS_PER_US;
    res->slowest_us = us > res->slowest_us ? us : res->slowest_us;
    res->n_ok += cl->status == 200;
    res->n_refused += cl->status == 403;
    res->n_other += cl->status != 200 && cl->status != 403;
    client_over(cl);
}
static void client_writable(void *ctx) { (void)ctx; }
static void client_reset(void *ctx, enum http_reset why)
{
    struct client *cl = ctx;
    cl->run->result.n_reset++;
    client_over(cl);
}
static const struct http_events client_events = {.on_head = client_head,
                                                 .on_body = client_body,
                                                 .on_end = client_end,
                                                 .on_writable = client_writable,
                                                 .on_reset = client_reset};

static void client_leaves(struct timer *t)
{
    struct client *cl = list_entry(t, struct client, leave);
    http_reset(cl->x, HTTP_RESET_CANCELLED);
    cl->run->result.n_reset++;
    client_over(cl);
}

static void client_start(struct crowd_run *run, struct client *cl)
{
    char auth[128], body[128];
    const struct crowd *c = run->c;
    struct http_target target = http_target_at(&run->rig->addr);
    struct http_timeouts timeouts = {20000, 60000, 60000};
    int n = snprintf(body, sizeof(body), "charge=ch_1&amount=%lld&currency=usd", (long long)c->cents);
    snprintf(auth, sizeof(auth), "Bearer %s", c->key);
    struct http_field fields[] = {{STR("authorization"), str_c(auth)},
                                  {STR("content-type"), STR("application/x-www-form-urlencoded")},
                                  {STR("x-agent-run-id"), str_c(c->run ? c->run : "run")}};
    struct http_head head = {.method = STR("POST"),
                             .target = STR("/stripe/v1/refunds"),
                             .host = STR("127.0.0.1"),
                             .fields = fields,
                             .n_fields = 3,
                             .body_bytes = n};
    cl->run = run;
    cl->began = loop_now(run->thread.loop);
    timer_init(&cl->leave, client_leaves);
    cl->x = http_pool_open(run->pool, &target, &timeouts, true, &client_events, cl);
    http_send_head(cl->x, &head);
    (void)http_write(cl->x, (struct str){body, (size_t)n});
    http_finish(cl->x, NULL, 0);
    if (rng_below(&run->rng, 100) < c->abort_percent)
        timer_arm(run->thread.loop, &cl->leave, (int64_t)rng_below(&run->rng, 60));
}

static void crowd_start(void *ctx)
{
    struct crowd_run *run = ctx;
    for (size_t i = 0; i < run->c->n; i++)
        client_start(run, &run->clients[i]);
}

static void pool_free(void *ctx) { http_pool_free(ctx); }

struct crowd_result rig_crowd(struct rig *r, const struct crowd *c)
{
    struct crowd_run *run = calloc(1, sizeof(*run));
    check(run != NULL && c->n <= RIG_CLIENTS_MAX);
    run->c = c;
    run->rig = r;
    run->n_left = c->n;
    rng_seeded_init(&run->rng, c->seed);
    pthread_mutex_init(&run->mutex, NULL);
    pthread_cond_init(&run->cond, NULL);
    check(loop_thread_new(&run->thread) == 0);
    check(http_pool_new(run->thread.loop, &r->limits, &run->pool) == 0);
    check(loop_thread_start(&run->thread, "crowd") == 0);
    loop_post(run->thread.loop, (struct post){crowd_start, run});
    pthread_mutex_lock(&run->mutex);
    while (!run->is_over)
        pthread_cond_wait(&run->cond, &run->mutex);
    pthread_mutex_unlock(&run->mutex);
    loop_thread_call(&run->thread, pool_free, run->pool);
    loop_thread_stop(&run->thread);
    struct crowd_result res = run->result;
    pthread_cond_destroy(&run->cond);
    pthread_mutex_destroy(&run->mutex);
    free(run);
    return res;
}
