/*
 * tests/sim/small.c - the small world's vendor, process and agent.
 */
#include "small.h"

#define SECRET "AC0123:token0123456789"

static const char document[] =
    "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: default, version: 1}\nmode: enforce\n"
    "defaults: {effect: deny, on_error: deny, currency: USD, tz: UTC}\n"
    "rules:\n  - {id: sms, effect: permit, match: {operation: [twilio.messages.create]}}\n"
    "limits:\n  - {id: day, meter: usd, max: \"1.00\", window: {calendar: day}, by: [agent], on_exceed: deny}\n"
    "  - {id: one, meter: usd, max: \"0.50\", window: {call: true}, by: [], on_exceed: deny}\n";

/* --- the vendor --------------------------------------------------------------------------------------------------- */

struct visit {
    struct small *w;
    struct http_exchange *x;
    bool is_post;
};

static void visit_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct visit *v = ctx;
    struct small *w = v->w;
    char body[256];
    if (w->is_mute)
        return; /* until the connection ends */
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
    struct small *w = ctx;
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
    struct small *w = ctx;
    struct stream *s;
    if (w->vendor_loop->ops->adopt(w->vendor_loop, t, &s) == 0)
        (void)http_server_take(w->vendor_server, s);
}

static void take_at_worker(void *ctx, struct net_ticket t) { worker_take(((struct small *)ctx)->worker, t); }

static void listen_on(struct loop *l, const struct net_addr *at, void (*fn)(void *ctx, struct net_ticket t), void *ctx,
                      struct net_listener **ret)
{
    assert_int_equal(l->ops->listen(l, at, 8, fn, ctx, ret, NULL), 0);
}

/* --- the world ---------------------------------------------------------------------------------------------------- */

static void make_files(struct small *w)
{
    w->io = io_memory_new(64u << 20);
    (void)io_mkdir(w->io, STR("journal"));
    assert_int_equal(store_memory_new(&w->store), 0);
}

static void make_key(struct small *w)
{
    struct diag_list diags;
    const struct policy *p;
    uint64_t seq;
    diag_list_init(&diags, &w->arena, 8);
    assert_int_equal(core_policy_apply(w->core, str_c(document), STR("t.yaml"), STR("test"), &diags, &p, &seq), 0);
    policy_unref(p);
    struct key_spec spec = {.mode = MODE_LIVE, .agent = STR("sms")};
    assert_int_equal(core_key_create(w->core, &spec, STR("test"), &diags, &w->key, &seq), 0);
}

static void start_vendor(struct small *w)
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

void small_start(struct small *w)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    uint64_t seq = w->store->ops->position(w->store, chain, &epoch);
    assert_int_equal(journal_open(w->io, STR("journal"), &w->limits, 1, seq, chain, epoch, &w->journal), 0);
    struct core_options o = {.limits = &w->limits,
                             .clock = sim_clock(w->sim),
                             .rng = &w->rng,
                             .journal = w->journal,
                             .store = w->store};
    assert_int_equal(core_new(&o, &w->core), 0);
    assert_int_equal(w->store->ops->reader_new(w->store, &w->reader), 0);
    w->shared = (struct worker_shared){.core = w->core, .limits = &w->limits, .vendors = &w->vendors};
    w->shared.lookups = lookup_cache_new(w->limits.lookup_cache_ms);
    assert_int_equal(sim_loop_new(w->sim, &w->worker_loop), 0);
    assert_int_equal(worker_new(w->worker_loop, &w->shared, &w->rng, &w->worker), 0);
    listen_on(w->worker_loop, &w->worker_addr, take_at_worker, w, &w->worker_listener);
    worker_take_up(w->worker);
}

void small_stop(struct small *w)
{
    sim_loop_kill(w->worker_loop, false);
    io_memory_crash(w->io);
    worker_free(w->worker);
    loop_free(w->worker_loop);
    w->store->ops->reader_free(w->reader);
    core_free(w->core);
    journal_close(w->journal);
    lookup_cache_free(w->shared.lookups);
    w->core = NULL;
}

void small_setup(struct small *w)
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
    assert_int_equal(sim_loop_new(w->sim, &w->agent_loop), 0);
    assert_int_equal(net_addr_parse(STR("10.0.0.1:80"), &w->worker_addr), 0);
    make_files(w);
    start_vendor(w);
    small_start(w);
    make_key(w);
    assert_int_equal(http_pool_new(w->agent_loop, &w->limits, &w->agent_pool), 0);
}

void small_teardown(struct small *w)
{
    if (w->core)
        small_stop(w);
    w->vendor_loop->ops->listener_close(w->vendor_listener);
    http_pool_free(w->agent_pool);
    http_server_free(w->vendor_server);
    loop_free(w->agent_loop);
    loop_free(w->vendor_loop);
    w->store->ops->close(w->store);
    io_memory_free(w->io);
    credential_slot_free(w->vendor.credential);
    connector_free(w->connector);
    arena_deinit(&w->arena);
    sim_free(w->sim);
}

static void work(struct small *w, bool has_disk)
{
    if (!w->core)
        return;
    while (has_disk && core_sync_turn(w->core))
        ;
    while (core_drain_turn(w->core))
        ;
    while (core_answer_turn(w->core, w->reader))
        ;
}

static void nothing(void *ctx) { (void)ctx; }

static void pass(struct small *w, int64_t ns, bool has_disk)
{
    wall_t until = sim_wall(w->sim) + ns;
    sim_after(w->sim, ns, (struct post){nothing, w}); /* so that it passes even where nothing waits */
    do
        work(w, has_disk);
    while (sim_wall(w->sim) < until && sim_step(w->sim));
}

void small_pass(struct small *w, int64_t ns) { pass(w, ns, true); }

void small_pass_without_disk(struct small *w, int64_t ns) { pass(w, ns, false); }

/* --- the agent ---------------------------------------------------------------------------------------------------- */

static void agent_head(void *ctx, const struct http_head *head)
{
    struct small *w = ctx;
    struct str code = STR_NONE;
    w->status = head->status;
    (void)http_head_get(head, STR("x-flyball-code"), &code);
    keep(w->code, sizeof(w->code), code);
    http_credit(w->x, SIZE_MAX);
}

static void agent_body(void *ctx, struct str bytes) {}

static void agent_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct small *w = ctx;
    http_release(w->x);
    w->x = NULL;
}

static void agent_reset(void *ctx, enum http_reset why)
{
    if (why != HTTP_RESET_PEER_CLOSED && why != HTTP_RESET_PEER_RESET)
        fail_msg("%s", http_reset_text(why));
    agent_end(ctx, NULL, 0);
}

void small_begin(struct small *w, const char *text, bool is_whole)
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
    w->rest = str_sub(body, body.n - 1, 1);
    w->x = http_pool_open(w->agent_pool, &at, &t, true, &events, w);
    http_send_head(w->x, &head);
    (void)http_write(w->x, str_sub(body, 0, body.n - 1));
    if (is_whole)
        small_send_rest(w);
}

void small_send_rest(struct small *w)
{
    (void)http_write(w->x, w->rest);
    http_finish(w->x, NULL, 0);
}

void small_send(struct small *w, const char *text)
{
    small_begin(w, text, true);
    small_pass(w, NS_PER_S);
    assert_null(w->x);
}

/* --- what is on record -------------------------------------------------------------------------------------------- */

struct json small_ask(struct small *w, enum query_kind kind)
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

struct str small_text(struct json v, const char *path)
{
    struct str s = STR_NONE;
    (void)json_str(json_path(v, str_c(path)), &s);
    return s;
}

void small_assert_settled(struct small *w, const char *usd, const char *how)
{
    struct json call = json_at(small_ask(w, QUERY_CALLS), 0);
    assert_str(small_text(call, "settled.usd"), usd);
    assert_str(small_text(call, "settled.how"), how);
    assert_str(small_text(call, "outcome"), "settled");
}

/* What the day that begins so has settled; "" when there is no such row. */
struct str small_settled_on(struct small *w, const char *day)
{
    struct json rows = small_ask(w, QUERY_COUNTERS);
    for (size_t i = 0; i < json_len(rows); i++)
        if (str_starts(small_text(json_at(rows, i), "window_start"), str_c(day)))
            return small_text(json_at(rows, i), "settled");
    return STR_NONE;
}

