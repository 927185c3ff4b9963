/*
 * tests/sim/test_price_later.c - a price that the vendor knows hours after its answer: when it is asked for, what it
 * corrects, and what is never asked.
 *
 * One worker, one vendor with Twilio's manners and one agent on loops of the simulation, so that a day is a moment.
 */
#include "loop_sim.h"
#include "unit.h"

#include "base/counter.h"
#include "codec/json_read.h"
#include "io/io_memory.h"
#include "proxy/core_keys.h"
#include "proxy/lookup_cache.h"
#include "proxy/poll.h"
#include "store/journal/journal.h"
#include "store/memory/store_memory.h"

#define HOUR_NS (3600 * NS_PER_S)
#define SECRET "AC0123:token0123456789"
#define MESSAGES "/2010-04-01/Accounts/AC0123/Messages"

static const char document[] =
    "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: default, version: 1}\nmode: enforce\n"
    "defaults: {effect: deny, on_error: deny, currency: USD, tz: UTC}\n"
    "rules:\n  - {id: sms, effect: permit, match: {operation: [twilio.messages.create]}}\n"
    "limits:\n  - {id: day, meter: usd, max: \"1.00\", window: {calendar: day}, by: [agent], on_exceed: deny}\n"
    "  - {id: one, meter: usd, max: \"0.50\", window: {call: true}, by: [], on_exceed: deny}\n";

struct world {
    struct sim *sim;
    struct limits limits;
    struct loop *vendor_loop, *worker_loop, *agent_loop;
    struct rng rng;
    struct arena arena;
    struct io *io;
    struct store *store;
    struct journal *journal;
    struct core *core;
    struct connector *connector;
    struct vendor vendor;
    struct vendors vendors;
    struct worker_shared shared;
    struct worker *worker;
    struct http_server *vendor_server;
    struct http_pool *agent_pool;
    struct net_listener *worker_listener, *vendor_listener;
    struct net_addr worker_addr, vendor_addr;
    struct key_text key;
    /* the vendor */
    wall_t priced_at; /* 0: never */
    const char *price, *unit;
    uint16_t poll_status;
    int n_posts, n_polls;
    char poll_path[128], authorization[64];
    /* the agent */
    struct http_exchange *x;
    uint16_t status;
};

/* --- the vendor --------------------------------------------------------------------------------------------------- */

struct visit {
    struct world *w;
    struct http_exchange *x;
    bool is_post;
};

static void visit_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct visit *v = ctx;
    struct world *w = v->w;
    char body[256];
    bool is_priced = w->priced_at && sim_wall(w->sim) >= w->priced_at;
    int len = snprintf(body, sizeof(body),
                       "{\"sid\":\"SM1\",\"status\":\"sent\",\"price\":%s%s%s,\"price_unit\":\"%s\"}",
                       is_priced ? "\"" : "", is_priced ? w->price : "null", is_priced ? "\"" : "", w->unit);
    struct http_field fields[] = {{STR("Content-Type"), STR("application/json")}};
    struct http_head head = {
        .status = v->is_post ? 201 : w->poll_status, .fields = fields, .n_fields = 1, .body_bytes = len};
    http_send_head(v->x, &head);
    (void)http_write(v->x, (struct str){body, (size_t)len});
    http_finish(v->x, NULL, 0);
    http_release(v->x);
    free(v);
}

static void visit_body(void *ctx, struct str bytes) {}
static void visit_writable(void *ctx) {}
static void visit_reset(void *ctx, enum http_reset why)
{
    struct visit *v = ctx;
    http_release(v->x);
    free(v);
}

static void keep(char *to, size_t n, struct str s) { snprintf(to, n, STR_FMT, STR_ARG(s)); }

static void on_visit(void *ctx, struct http_exchange *x, const struct http_head *head)
{
    static const struct http_events events = {
        .on_body = visit_body, .on_end = visit_end, .on_writable = visit_writable, .on_reset = visit_reset};
    struct world *w = ctx;
    struct str value = STR_NONE;
    struct visit *v = calloc(1, sizeof(*v));
    assert_non_null(v);
    *v = (struct visit){w, x, str_eq(head->method, STR("POST"))};
    w->n_posts += v->is_post;
    w->n_polls += !v->is_post;
    if (!v->is_post)
        keep(w->poll_path, sizeof(w->poll_path), head->path);
    (void)http_head_get(head, STR("authorization"), &value);
    keep(w->authorization, sizeof(w->authorization), value);
    http_on(x, &events, v);
    http_credit(x, SIZE_MAX);
}

static void on_bad_visit(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                         struct http_refusal_answer *ret)
{
    fail_msg("the vendor cannot read a request: %s", r->text);
}

static void take_at_vendor(void *ctx, struct net_ticket t)
{
    struct world *w = ctx;
    struct stream *s;
    if (w->vendor_loop->ops->adopt(w->vendor_loop, t, &s) == 0)
        (void)http_server_take(w->vendor_server, s);
}

static void take_at_worker(void *ctx, struct net_ticket t) { worker_take(((struct world *)ctx)->worker, t); }

static void listen_on(struct loop *l, const struct net_addr *at, void (*fn)(void *ctx, struct net_ticket t), void *ctx,
                      struct net_listener **ret)
{
    assert_int_equal(l->ops->listen(l, at, 8, fn, ctx, ret, NULL), 0);
}

/* --- the world ---------------------------------------------------------------------------------------------------- */

static void start_core(struct world *w)
{
    struct diag_list diags;
    const struct policy *p;
    uint64_t seq;
    w->io = io_memory_new(64u << 20);
    (void)io_mkdir(w->io, STR("journal"));
    assert_int_equal(store_memory_new(&w->store), 0);
    uint8_t chain[CHAIN_BYTES] = {0};
    assert_int_equal(journal_open(w->io, STR("journal"), &w->limits, 1, 0, chain, 0, &w->journal), 0);
    struct core_options o = {.limits = &w->limits,
                             .clock = sim_clock(w->sim),
                             .rng = &w->rng,
                             .journal = w->journal,
                             .store = w->store};
    assert_int_equal(core_new(&o, &w->core), 0);
    diag_list_init(&diags, &w->arena, 8);
    assert_int_equal(core_policy_apply(w->core, str_c(document), STR("t.yaml"), STR("test"), &diags, &p, &seq), 0);
    policy_unref(p);
    struct key_spec spec = {.mode = MODE_LIVE, .agent = STR("sms")};
    assert_int_equal(core_key_create(w->core, &spec, STR("test"), &diags, &w->key, &seq), 0);
}

static void start_vendor(struct world *w)
{
    static const struct http_server_handler handler = {.on_request = on_visit, .on_bad_head = on_bad_visit};
    struct diag_list diags;
    struct str text;
    diag_list_init(&diags, &w->arena, 8);
    assert_true(connector_builtin(STR("twilio"), &text));
    assert_int_equal(connector_parse(text, STR("twilio"), &w->limits, &diags, &w->connector), 0);
    struct secret *secret;
    struct credential *credential;
    assert_int_equal(secret_new(STR(SECRET), &secret), 0);
    assert_int_equal(credential_new(secret, NULL, 0, MODE_LIVE, &credential), 0);
    assert_int_equal(net_addr_parse(STR("10.0.0.2:80"), &w->vendor_addr), 0);
    w->vendor = (struct vendor){.name = STR("twilio"),
                                .connector = w->connector,
                                .target = http_target_at(&w->vendor_addr),
                                .target_text = STR("10.0.0.2:80"),
                                .credential = credential_slot_new(),
                                .mode = MODE_LIVE,
                                .timeouts = {1000, 10000, 10000},
                                .lookup_timeouts = {1000, 10000, 10000},
                                .polls = true};
    credential_put(w->vendor.credential, credential, SECRET_OK);
    w->vendors = (struct vendors){&w->vendor, 1};
    assert_int_equal(http_server_new(w->vendor_loop, &w->limits, &handler, w, &w->vendor_server), 0);
    listen_on(w->vendor_loop, &w->vendor_addr, take_at_vendor, w, &w->vendor_listener);
}

static void setup(struct world *w)
{
    static const struct sim_net net = {.delay_ns_max = 1000000, .window_bytes_max = 65536};
    memset(w, 0, sizeof(*w));
    w->sim = sim_new(1, &net);
    w->unit = "USD";
    w->poll_status = 200;
    limits_default(&w->limits);
    rng_seeded_init(&w->rng, 5);
    arena_init(&w->arena, 32 << 20);
    sim_set_wall(w->sim, 1795440734 * NS_PER_S); /* half past one in the afternoon, UTC */
    assert_int_equal(sim_loop_new(w->sim, &w->vendor_loop), 0);
    assert_int_equal(sim_loop_new(w->sim, &w->worker_loop), 0);
    assert_int_equal(sim_loop_new(w->sim, &w->agent_loop), 0);
    start_core(w);
    start_vendor(w);
    w->shared = (struct worker_shared){.core = w->core, .limits = &w->limits, .vendors = &w->vendors};
    w->shared.lookups = lookup_cache_new(w->limits.lookup_cache_ms);
    assert_int_equal(worker_new(w->worker_loop, &w->shared, &w->rng, &w->worker), 0);
    assert_int_equal(net_addr_parse(STR("10.0.0.1:80"), &w->worker_addr), 0);
    listen_on(w->worker_loop, &w->worker_addr, take_at_worker, w, &w->worker_listener);
    assert_int_equal(http_pool_new(w->agent_loop, &w->limits, &w->agent_pool), 0);
}

static void teardown(struct world *w)
{
    w->worker_loop->ops->listener_close(w->worker_listener);
    w->vendor_loop->ops->listener_close(w->vendor_listener);
    http_pool_free(w->agent_pool);
    worker_free(w->worker);
    http_server_free(w->vendor_server);
    loop_free(w->agent_loop);
    loop_free(w->worker_loop);
    loop_free(w->vendor_loop);
    core_free(w->core);
    journal_close(w->journal);
    w->store->ops->close(w->store);
    io_memory_free(w->io);
    lookup_cache_free(w->shared.lookups);
    credential_slot_free(w->vendor.credential);
    connector_free(w->connector);
    arena_deinit(&w->arena);
    sim_free(w->sim);
}

/* Lets time pass, and the background do its work. */
static void pass(struct world *w, int64_t ns)
{
    wall_t until = sim_wall(w->sim) + ns;
    while (sim_wall(w->sim) < until && sim_step(w->sim)) {
        while (core_sync_turn(w->core))
            ;
        while (core_drain_turn(w->core))
            ;
    }
}

/* --- the agent ---------------------------------------------------------------------------------------------------- */

static void agent_head(void *ctx, const struct http_head *head)
{
    struct world *w = ctx;
    w->status = head->status;
    http_credit(w->x, SIZE_MAX);
}
static void agent_body(void *ctx, struct str bytes) {}
static void agent_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct world *w = ctx;
    http_release(w->x);
    w->x = NULL;
}
static void agent_reset(void *ctx, enum http_reset why) { fail_msg("%s", http_reset_text(why)); }

static void send_message(struct world *w, const char *text)
{
    static const struct http_events events = {
        .on_head = agent_head, .on_body = agent_body, .on_end = agent_end, .on_writable = visit_writable,
        .on_reset = agent_reset};
    struct http_timeouts t = {1000, 60000, 60000};
    struct http_target at = http_target_at(&w->worker_addr);
    struct str body = arena_printf(&w->arena, "To=%%2B14155550123&From=%%2B14155550100&Body=%s", text);
    struct http_field fields[] = {
        {STR("authorization"), arena_printf(&w->arena, "Bearer %s", w->key.text)},
        {STR("content-type"), STR("application/x-www-form-urlencoded")}};
    struct http_head head = {.method = STR("POST"),
                             .target = STR("/twilio" MESSAGES ".json"),
                             .fields = fields,
                             .n_fields = 2,
                             .body_bytes = (int64_t)body.n};
    w->status = 0;
    w->x = http_pool_open(w->agent_pool, &at, &t, false, &events, w);
    http_send_head(w->x, &head);
    (void)http_write(w->x, body);
    http_finish(w->x, NULL, 0);
    pass(w, NS_PER_S);
    assert_null(w->x);
}

/* --- what is on record -------------------------------------------------------------------------------------------- */

static struct json ask(struct world *w, enum query_kind kind)
{
    struct query q = {.kind = kind, .rows_max = 100};
    struct store_reader *reader;
    struct buf out;
    struct json rows;
    buf_init(&out, 1 << 20);
    assert_int_equal(w->store->ops->reader_new(w->store, &reader), 0);
    assert_int_equal(w->store->ops->ask(reader, &q, &out), 0);
    assert_int_equal(json_parse(&w->arena, buf_str(&out), 32, &rows), 0);
    w->store->ops->reader_free(reader);
    buf_deinit(&out);
    return rows;
}

static struct str text_at(struct json v, const char *path)
{
    struct str s = STR_NONE;
    (void)json_str(json_path(v, str_c(path)), &s);
    return s;
}

static void assert_settled(struct world *w, const char *usd, const char *how)
{
    struct json call = json_at(ask(w, QUERY_CALLS), 0);
    assert_str(text_at(call, "settled.usd"), usd);
    assert_str(text_at(call, "settled.how"), how);
    assert_str(text_at(call, "outcome"), "settled");
}

/* What the day that begins so has settled; "" when there is no such row. */
static struct str settled_on(struct world *w, const char *day)
{
    struct json rows = ask(w, QUERY_COUNTERS);
    for (size_t i = 0; i < json_len(rows); i++)
        if (str_starts(text_at(json_at(rows, i), "window_start"), str_c(day)))
            return text_at(json_at(rows, i), "settled");
    return STR_NONE;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void a_price_hours_later_corrects_the_day_of_the_call(void **state)
{
    struct world w;
    setup(&w);
    w.priced_at = sim_wall(w.sim) + 5 * HOUR_NS;
    w.price = "-0.00790";
    send_message(&w, "hi");
    assert_int_equal(w.status, 201);
    assert_settled(&w, "0.014500000", "priced");
    assert_str(settled_on(&w, "2026-11-23"), "0.014500000");
    pass(&w, HOUR_NS + 60 * NS_PER_S);
    assert_int_equal(w.n_polls, 4); /* after 5 s, 30 s, 5 min, 1 h */
    assert_string_equal(w.poll_path, MESSAGES "/SM1.json");
    assert_string_equal(w.authorization, "Basic QUMwMTIzOnRva2VuMDEyMzQ1Njc4OQ==");
    assert_settled(&w, "0.014500000", "priced");
    pass(&w, 6 * HOUR_NS);
    assert_int_equal(w.n_polls, 5);
    assert_settled(&w, "0.007900000", "parsed");
    assert_str(settled_on(&w, "2026-11-23"), "0.007900000");
    assert_int_equal(poller_waiting(w.worker->poller), 0);
    pass(&w, 30 * HOUR_NS);
    assert_int_equal(w.n_polls, 5); /* asked and answered */
    teardown(&w);
}

static void a_price_of_the_next_day_counts_in_the_day_before(void **state)
{
    struct world w;
    setup(&w);
    w.priced_at = sim_wall(w.sim) + 20 * HOUR_NS;
    w.price = "-0.00830";
    send_message(&w, "hi");
    pass(&w, 23 * HOUR_NS);
    send_message(&w, "again");
    assert_str(settled_on(&w, "2026-11-24"), "0.008300000"); /* priced at once */
    pass(&w, 2 * HOUR_NS);
    assert_str(settled_on(&w, "2026-11-23"), "0.008300000");
    assert_str(settled_on(&w, "2026-11-24"), "0.008300000");
    teardown(&w);
}

static void a_price_that_never_comes_leaves_the_estimate(void **state)
{
    struct world w;
    setup(&w);
    send_message(&w, "hi");
    pass(&w, 48 * HOUR_NS);
    assert_int_equal(w.n_polls, 6);
    assert_int_equal(poller_waiting(w.worker->poller), 0);
    assert_settled(&w, "0.014500000", "priced");
    teardown(&w);
}

static void errors_are_asked_again_and_what_is_gone_is_not(void **state)
{
    struct world w;
    setup(&w);
    w.poll_status = 500;
    send_message(&w, "hi");
    pass(&w, 60 * NS_PER_S);
    assert_int_equal(w.n_polls, 2);
    w.poll_status = 404;
    pass(&w, HOUR_NS);
    assert_int_equal(w.n_polls, 3);
    assert_int_equal(poller_waiting(w.worker->poller), 0);
    assert_settled(&w, "0.014500000", "priced");
    teardown(&w);
}

static void another_currency_leaves_the_estimate(void **state)
{
    struct world w;
    setup(&w);
    w.priced_at = sim_wall(w.sim) + 10 * NS_PER_S;
    w.price = "-0.0079";
    w.unit = "EUR";
    send_message(&w, "hi");
    pass(&w, HOUR_NS);
    assert_int_equal(w.n_polls, 2);
    assert_settled(&w, "0.014500000", "priced");
    teardown(&w);
}

static void a_vendor_that_is_not_configured_so_is_never_asked(void **state)
{
    struct world w;
    setup(&w);
    w.vendor.polls = false;
    send_message(&w, "hi");
    pass(&w, 48 * HOUR_NS);
    assert_int_equal(w.n_polls, 0);
    teardown(&w);
}

static void beyond_the_limit_prices_stay_estimates(void **state)
{
    struct world w;
    setup(&w);
    w.limits.polls_max = 2;
    send_message(&w, "one");
    send_message(&w, "two");
    send_message(&w, "three");
    assert_int_equal(w.n_posts, 3);
    assert_int_equal(poller_waiting(w.worker->poller), 2);
    pass(&w, 10 * NS_PER_S);
    assert_int_equal(w.n_polls, 2);
    teardown(&w); /* and a stop forgets what waits */
}

static void the_same_message_within_a_minute_is_sent_once(void **state)
{
    struct world w;
    setup(&w);
    send_message(&w, "hi");
    send_message(&w, "hi");
    assert_int_equal(w.status, 403);
    assert_int_equal(w.n_posts, 1);
    assert_str(text_at(json_at(ask(&w, QUERY_CALLS), 0), "code"), "duplicate");
    pass(&w, 60 * NS_PER_S);
    send_message(&w, "hi");
    assert_int_equal(w.status, 201);
    assert_int_equal(w.n_posts, 2);
    teardown(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_price_hours_later_corrects_the_day_of_the_call),
        cmocka_unit_test(a_price_of_the_next_day_counts_in_the_day_before),
        cmocka_unit_test(a_price_that_never_comes_leaves_the_estimate),
        cmocka_unit_test(errors_are_asked_again_and_what_is_gone_is_not),
        cmocka_unit_test(another_currency_leaves_the_estimate),
        cmocka_unit_test(a_vendor_that_is_not_configured_so_is_never_asked),
        cmocka_unit_test(beyond_the_limit_prices_stay_estimates),
        cmocka_unit_test(the_same_message_within_a_minute_is_sent_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
