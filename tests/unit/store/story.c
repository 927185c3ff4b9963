/*
 * tests/unit/store/story.c - writes frames. The order of members is the one of the daemon's writer.
 */
#include "story.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/rand.h"
#include "codec/hex.h"
#include "codec/json_write.h"
#include "crypto/chain.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t SALT[16] = "0123456789abcdef";

void story_init(struct story *s)
{
    *s = (struct story){.epoch = 1, .now = STORY_START};
    arena_init(&s->arena, (size_t)1 << 36);
}

void story_deinit(struct story *s)
{
    arena_deinit(&s->arena);
    free(s->frames);
}

static uint64_t append(struct story *s, enum frame_kind kind, struct buf *body, struct buf *personal)
{
    uint8_t header[FRAME_HEADER_BYTES];
    check(buf_ok(body) == 0 && buf_ok(personal) == 0);
    if (s->seq == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->frames = realloc(s->frames, s->cap * sizeof *s->frames);
        check(s->frames != NULL);
    }
    struct frame *f = &s->frames[s->seq++];
    *f = (struct frame){
        .kind = kind, .version = FRAME_VERSION, .node = 1, .epoch = s->epoch, .seq = s->seq, .at = s->now};
    f->body = arena_str(&s->arena, buf_str(body));
    f->personal = personal->n ? arena_str(&s->arena, buf_str(personal)) : STR_NONE;
    frame_header_bytes(f, header);
    chain_next(s->chain, (struct str){(char *)header, sizeof header}, f->body, s->chain);
    memcpy(f->chain, s->chain, CHAIN_BYTES);
    buf_deinit(body);
    buf_deinit(personal);
    s->now += 1000000;
    return s->seq;
}

/* --- personal values -------------------------------------------------------------------------------------------------
 */

struct values {
    struct buf *out;
};

static void values_begin(struct values *v, struct buf *out)
{
    char hex[32];
    v->out = out;
    buf_add_c(out, "{\"salt\":\"");
    buf_add(out, hex_encode(SALT, sizeof SALT, hex));
    buf_add_byte(out, '"');
}

static void values_add(struct values *v, const char *name, struct str json)
{
    buf_printf(v->out, ",\"%s\":", name);
    buf_add(v->out, json);
}

static void values_add_text(struct values *v, const char *name, const char *text)
{
    struct buf quoted;
    if (!text || !*text)
        return;
    buf_init(&quoted, 1 << 16);
    json_quote(&quoted, str_c(text));
    values_add(v, name, buf_str(&quoted));
    buf_deinit(&quoted);
}

static void values_end(struct values *v, struct json_writer *body)
{
    uint8_t sha[SHA256_BYTES];
    char hex[2 * PERSONAL_DIGEST_BYTES];
    buf_add_byte(v->out, '}');
    sha256(buf_str(v->out), sha);
    jw_put_str(body, STR("personal"), hex_encode(sha, PERSONAL_DIGEST_BYTES, hex));
}

/* --- frames
 * ------------------------------------------------------------------------------------------------------------ */

static void put_cost(struct json_writer *w, const char *name, money_t nano, const char *how)
{
    char text[MONEY_TEXT_BYTES];
    jw_key(w, str_c(name));
    if (nano < 0) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_put_str(w, STR("usd"), money_text(nano, text));
    jw_put_str(w, STR("how"), str_c(how));
    jw_object_end(w);
}

static void put_time(struct json_writer *w, const char *name, wall_t t)
{
    char text[WALL_TEXT_BYTES];
    jw_put_str(w, str_c(name), wall_text(t, text));
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    jw_put_str_or_null(w, str_c(name), str_c(text));
}

struct story_call story_call(void)
{
    return (struct story_call){
        .run_id = "run-1",
        .agent = "refunds",
        .tenant = "acme",
        .key = "k1",
        .vendor = "stripe",
        .operation = "stripe.refunds.create",
        .class = "money_out",
        .verdict = "permit",
        .held = 5000000000,
    };
}

static void put_limits(struct json_writer *w, const struct story_call *c)
{
    jw_key(w, STR("limits"));
    jw_array(w);
    for (size_t i = 0; i < c->n_limits; i++) {
        const struct story_limit *l = &c->limits[i];
        const int64_t places[] = {l->window_start, l->n, 100000000000, 0, 0};
        jw_array(w);
        jw_str(w, str_c(l->counter));
        for (size_t k = 0; k < sizeof places / sizeof places[0]; k++)
            jw_i64(w, places[k]);
        jw_array_end(w);
    }
    jw_array_end(w);
}

static void put_who_and_what(struct story *s, struct json_writer *w, const struct story_call *c, const char *call_id)
{
    put_text(w, "call_id", call_id);
    put_time(w, "started_at", s->now);
    put_text(w, "run_id", c->run_id);
    put_text(w, "run_source", "header");
    put_text(w, "run_trust", "claimed");
    put_text(w, "parent_run_id", c->parent_run_id);
    if (c->root_run_id)
        put_text(w, "root_run_id", c->root_run_id);
    put_text(w, "trace_id", c->trace_id ? c->trace_id : "0af7651916cd43dd8448eb211c80319c");
    put_text(w, "span_id", "b7ad6b7169203331");
    put_text(w, "layer", c->model ? "llm" : "saas");
    put_text(w, "vendor", c->vendor);
    put_text(w, "operation", c->operation);
    put_text(w, "class", c->class);
    put_text(w, "method", "POST");
    put_text(w, "mode", "test");
    put_text(w, "key", c->key);
    put_text(w, "agent", c->agent);
    if (c->model) {
        put_text(w, "model_asked", c->model);
        put_text(w, "prompt", "refunds@7");
        put_text(w, "prompt_hash", "0123456789abcdef0123456789abcdef");
        put_text(w, "catalog", "2026-11-01");
    }
    if (c->cause)
        jw_put_raw(w, STR("caused_by"), str_c(c->cause));
}

static void put_decision(struct json_writer *w, const struct story_call *c)
{
    put_text(w, "verdict", c->verdict);
    put_text(w, "code", c->code);
    put_text(w, "rule", "refunds-ok");
    put_text(w, "reason", "rule refunds-ok permits stripe.refunds.create");
    put_text(w, "policy", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    put_text(w, "policy_name", "default");
    put_cost(w, "predicted", c->held, "estimated");
    put_text(w, "direction", "out");
    jw_put_i64(w, STR("amount"), 500);
    put_text(w, "currency", "USD");
    jw_put_i64(w, STR("exponent"), 2);
    jw_put_raw(w, STR("facts"),
               STR("{\"customer_source\":\"request\",\"amount_is_known\":true,"
                   "\"dry_run\":false}"));
    put_text(w, "shares", c->shares);
    if (c->idempotency) {
        jw_key(w, STR("idempotency"));
        jw_object(w);
        put_text(w, "scope", "stripe/test/k1");
        put_text(w, "digest", c->idempotency);
        put_text(w, "body", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        jw_object_end(w);
    }
    jw_put_raw(w, STR("additions"), STR("[\"metadata[flyball]\"]"));
}

static void put_personal(struct values *v, const struct story_call *c)
{
    values_add_text(v, "tenant", c->tenant);
    const char *customer = c->customer ? c->customer : "cus_9";
    if (customer[0]) {
        values_add_text(v, "customer", customer);
        values_add_text(v, "customer_source", c->customer_source ? c->customer_source : "request");
    }
    values_add_text(v, "owner", "ops@example.com");
    values_add_text(v, "path", "/v1/refunds");
    values_add_text(v, "idempotency_key", c->idempotency);
    if (c->duplicate)
        values_add(v, "duplicate", str_c(c->duplicate));
    values_add(v, "params",
               c->params ? str_c(c->params)
                         : STR("{\"amount\":500,\"charge\":\"ch_1\",\"reason\":\"a \\\"quoted\\\" {one}, [two]\"}"));
    if (c->n_limits) {
        struct buf buckets;
        struct json_writer w;
        buf_init(&buckets, 1 << 16);
        jw_init(&w, &buckets);
        jw_array(&w);
        for (size_t i = 0; i < c->n_limits; i++)
            jw_str(&w, str_c(c->limits[i].bucket));
        jw_array_end(&w);
        values_add(v, "buckets", buf_str(&buckets));
        buf_deinit(&buckets);
    }
}

uint64_t story_open(struct story *s, const struct story_call *c, struct str *ret_call_id)
{
    struct buf body, personal;
    struct json_writer w;
    struct values v;
    struct str call_id = c->call_id ? str_c(c->call_id)
                                    : arena_printf(&s->arena, "0193%04x-1111-7222-8333-%012x", s->n_ids / 7, s->n_ids);
    s->n_ids++;
    buf_init(&body, 1 << 20);
    buf_init(&personal, 1 << 20);
    jw_init(&w, &body);
    jw_object(&w);
    put_who_and_what(s, &w, c, call_id.p);
    put_decision(&w, c);
    values_begin(&v, &personal);
    put_personal(&v, c);
    values_end(&v, &w);
    put_cost(&w, "held", c->held, "estimated");
    put_limits(&w, c);
    if (c->is_over) {
        put_time(&w, "ended_at", s->now + 5000000);
        put_text(&w, "outcome", "none");
        jw_put_i64(&w, STR("status"), 403);
        jw_put_i64(&w, STR("bytes_in"), 0);
        jw_put_i64(&w, STR("bytes_out"), 212);
    }
    jw_object_end(&w);
    if (ret_call_id)
        *ret_call_id = call_id;
    return append(s, FRAME_OPEN, &body, &personal);
}

/* Two numbers a limit of that hold, up to the last that moves. */
static void put_moves_of(struct json_writer *w, const struct story_close *c, uint64_t of)
{
    int64_t places[2 * STORY_LIMITS_MAX] = {0};
    size_t n = 0;
    for (size_t i = 0; i < c->n_moves; i++) {
        const struct story_move *m = &c->moves[i];
        if (m->of != of)
            continue;
        check(m->i < STORY_LIMITS_MAX);
        places[2 * m->i] = m->released;
        places[2 * m->i + 1] = m->settled;
        n = m->i >= n / 2 ? 2 * (m->i + 1) : n;
    }
    for (size_t i = 0; i < n; i++)
        jw_i64(w, places[i]);
}

static void put_moves(struct json_writer *w, const struct story_close *c)
{
    uint64_t shared = 0;
    for (size_t i = 0; i < c->n_moves; i++)
        if (c->moves[i].of != c->open_seq)
            shared = c->moves[i].of;
    jw_key(w, STR("moves"));
    jw_array(w);
    put_moves_of(w, c, c->open_seq);
    jw_array_end(w);
    if (!shared)
        return;
    jw_key(w, STR("shared_moves"));
    jw_array(w);
    jw_u64(w, shared);
    put_moves_of(w, c, shared);
    jw_array_end(w);
}

static void put_objects(struct story *s, struct values *v, const struct story_close *c)
{
    struct str ids = arena_printf(&s->arena, "[\"%s\"]", c->object);
    struct str objects = arena_printf(
        &s->arena, "[{\"id\":\"%s\",\"type\":\"refund\",\"customer\":%s%s%s,\"parent\":%s%s%s,\"created\":%s}]",
        c->object, c->customer ? "\"" : "", c->customer ? c->customer : "null", c->customer ? "\"" : "",
        c->parent ? "\"" : "", c->parent ? c->parent : "null", c->parent ? "\"" : "", c->is_created ? "true" : "false");
    values_add(v, "object_ids", ids);
    values_add(v, "objects", objects);
}

uint64_t story_close(struct story *s, const struct story_close *c)
{
    struct buf body, personal;
    struct json_writer w;
    struct values v;
    buf_init(&body, 1 << 20);
    buf_init(&personal, 1 << 20);
    jw_init(&w, &body);
    jw_object(&w);
    jw_put_i64(&w, STR("open_seq"), (int64_t)c->open_seq);
    put_time(&w, "ended_at", s->now);
    put_text(&w, "code", c->code);
    jw_put_i64(&w, STR("status"), 200);
    put_text(&w, "error", NULL);
    put_text(&w, "vendor_request_id", c->request_id ? c->request_id : "req_8kZ");
    put_text(&w, "stream_end", NULL);
    if (c->is_replay)
        jw_put_bool(&w, STR("replay"), true);
    jw_put_i64(&w, STR("bytes_in"), 812);
    jw_put_i64(&w, STR("bytes_out"), 95);
    put_text(&w, "resolved_by", NULL);
    jw_put_raw(&w, STR("phases"),
               STR("{\"admit\":4,\"decide\":9,\"hold\":3,\"sync\":210,\"queue\":0,\"connect\":null,"
                   "\"first_byte\":51000,\"total\":51900}"));
    jw_put_raw(
        &w, STR("attempts"),
        STR("[{\"method\":\"POST\",\"path\":\"/v1/refunds\",\"target\":\"127.0.0.1:9001\","
            "\"started_us\":230,\"connect_us\":null,\"first_byte_us\":51000,\"total_us\":51600,\"status\":200,"
            "\"bytes_out\":95,\"bytes_in\":812,\"error\":null,\"reused\":true}]"));
    if (c->model_members) {
        buf_add_byte(&body, ',');
        buf_add_c(&body, c->model_members);
    }
    if (c->object || c->customer || c->args_hashes || c->poll) {
        values_begin(&v, &personal);
        values_add_text(&v, "customer", c->customer);
        if (c->object)
            put_objects(s, &v, c);
        if (c->args_hashes)
            values_add(&v, "args_hashes", str_c(c->args_hashes));
        values_add_text(&v, "poll", c->poll);
        values_end(&v, &w);
    }
    put_text(&w, "outcome", c->outcome);
    put_cost(&w, "settled", c->settled, c->poll ? "priced" : "parsed");
    if (c->is_overrun)
        jw_put_bool(&w, STR("overrun"), true);
    put_moves(&w, c);
    jw_object_end(&w);
    return append(s, FRAME_CLOSE, &body, &personal);
}

uint64_t story_event(struct story *s, const char *event, const char *members, const char *personal_name,
                     const char *value)
{
    struct buf body, personal;
    struct json_writer w;
    struct values v;
    buf_init(&body, 1 << 20);
    buf_init(&personal, 1 << 20);
    jw_init(&w, &body);
    jw_object(&w);
    put_text(&w, "event", event);
    put_text(&w, "by", "alice");
    put_time(&w, "at", s->now);
    if (members && *members) {
        buf_add_byte(&body, ',');
        buf_add_c(&body, members);
    }
    if (personal_name) {
        values_begin(&v, &personal);
        values_add_text(&v, personal_name, value);
        values_end(&v, &w);
    }
    jw_object_end(&w);
    return append(s, FRAME_EVENT, &body, &personal);
}

/* --- a random life
 * ---------------------------------------------------------------------------------------------------- */

#define LIVE_MAX 64

struct life {
    struct story *s;
    struct rng rng;
    struct open_call {
        uint64_t seq;
        struct str call_id;
        int64_t left[3];
        bool is_unknown;
    } open[LIVE_MAX];
    size_t n;
};

static const char *pick(struct life *l, const char *const *of, size_t n) { return of[rng_below(&l->rng, n)]; }

static void life_open(struct life *l)
{
    static const char *const agents[] = {"refunds", "billing", "mailer"}, *const runs[] = {"run-1", "run-2", "run-3",
                                                                                           "r4"};
    static const char *const tenants[] = {"acme", "", "globex"}, *const keys[] = {"k1", "k2"};
    static const char *const classes[] = {"money_out", "read", "money_in"};
    static const char *const operations[] = {"stripe.refunds.create", "stripe.charges.retrieve",
                                             "stripe.charges.create"};
    char bucket[64], digest[65];
    size_t what = rng_below(&l->rng, 3);
    struct story_call c = story_call();
    struct story *s = l->s;
    c.agent = pick(l, agents, 3);
    c.run_id = pick(l, runs, 4);
    c.tenant = pick(l, tenants, 3);
    c.key = pick(l, keys, 2);
    c.class = classes[what];
    c.operation = operations[what];
    c.held = (money_t)(1 + rng_below(&l->rng, 1000)) * 1000000;
    snprintf(bucket, sizeof bucket, "agent=%s,tenant=%s", c.agent, c.tenant);
    c.limits[0] = (struct story_limit){
        "default/daily/usd/day/agent,tenant", bucket, wall_day_start(s->now), c.held};
    c.limits[1] = (struct story_limit){"default/slots/concurrent/instant/", "-", 0, 1};
    c.limits[2] = (struct story_limit){"default/each/usd/call/", "-", 0, c.held};
    c.n_limits = rng_below(&l->rng, 4);
    if (rng_below(&l->rng, 4) == 0) {
        snprintf(digest, sizeof digest, "%064llx", (unsigned long long)rng_below(&l->rng, 30));
        c.idempotency = digest;
    }
    if (what == 0)
        c.duplicate = "{\"digest\":\"beef\",\"window_ms\":60000}";
    if (rng_below(&l->rng, 5) == 0) {
        c.verdict = rng_below(&l->rng, 3) ? "deny" : "approve";
        c.code = "policy_denied";
        c.is_over = true;
        c.held = -1;
    } else if (l->n > 0 && rng_below(&l->rng, 8) == 0) {
        c.shares = l->open[rng_below(&l->rng, l->n)].call_id.p;
        c.held = -1;
        c.limits[0].n = c.limits[2].n = 0; /* slots it takes itself */
    }
    struct open_call o = {0};
    o.seq = story_open(s, &c, &o.call_id);
    for (size_t i = 0; i < 2 && i < c.n_limits; i++)
        o.left[i] = c.limits[i].n;
    if (!c.is_over && l->n < LIVE_MAX)
        l->open[l->n++] = o;
}

/* Ends a call, or settles one that ended unknown. */
static void life_close(struct life *l)
{
    static const char *const outcomes[] = {"settled", "settled", "settled", "released", "unknown", "none"};
    size_t at = rng_below(&l->rng, l->n);
    struct open_call *o = &l->open[at];
    struct story_close c = {.open_seq = o->seq, .outcome = pick(l, outcomes, o->is_unknown ? 4 : 6), .settled = -1};
    bool is_unknown = strcmp(c.outcome, "unknown") == 0, is_settled = strcmp(c.outcome, "settled") == 0;
    char object[32];
    for (size_t i = 0; i < 2; i++) {
        if (o->left[i] == 0 || (is_unknown && i == 0))
            continue;
        int64_t cost =
            is_settled && i == 0 ? (int64_t)rng_below(&l->rng, (uint64_t)o->left[0] + o->left[0] / 8 + 1) : 0;
        c.moves[c.n_moves++] = (struct story_move){o->seq, i, o->left[i], cost};
        if (is_settled && i == 0)
            c.settled = cost;
        o->left[i] = 0;
    }
    if (is_settled && rng_below(&l->rng, 2)) {
        snprintf(object, sizeof object, "re_%d", (int)rng_below(&l->rng, 40));
        c.object = object;
        c.is_created = rng_below(&l->rng, 2);
        c.customer = rng_below(&l->rng, 2) ? "cus_learned" : NULL;
        c.poll = rng_below(&l->rng, 3) ? NULL : "/v1/prices/1";
    }
    if (is_unknown)
        c.code = "outcome_unknown";
    story_close(l->s, &c);
    if (is_unknown)
        o->is_unknown = true;
    else
        *o = l->open[--l->n];
}

static void life_event(struct life *l)
{
    char text[160];
    int n = (int)rng_below(&l->rng, 5);
    switch (rng_below(&l->rng, 7)) {
    case 0:
        snprintf(text, sizeof text, "\"id\":\"k%d\",\"mode\":\"test\",\"agent\":\"refunds\",\"hash\":\"00ff\"", n);
        story_event(l->s, "key.create", text, "owner", "ops@example.com");
        break;
    case 1:
        snprintf(text, sizeof text, "\"id\":\"k%d\"", n);
        story_event(l->s, "key.revoke", text, NULL, NULL);
        break;
    case 2:
        snprintf(text, sizeof text, "\"name\":\"p%d\",\"version\":%d,\"digest\":\"ab\",\"document\":\"{}\"", n % 2, n);
        story_event(l->s, "policy.apply", text, NULL, NULL);
        break;
    case 5:
        snprintf(text, sizeof text, "\"name\":\"s%d\",\"version\":%d", n % 2, n);
        story_event(l->s, n == 0 ? "secret.remove" : n == 1 ? "secret.rotate" : "secret.set", text, "sealed",
                    "AAEC");
        break;
    case 3:
        story_event(l->s, n % 2 ? "kill" : "unkill", "\"reason\":\"test\"", NULL, NULL);
        break;
    case 4:
        snprintf(text, sizeof text, "\"run_id\":\"run-%d\"", n);
        story_event(l->s, "run.stop", text, NULL, NULL);
        break;
    default:
        story_event(l->s, "something.new", "\"x\":[1,{\"y\":null}]", "who", "bob");
    }
}

void story_random(struct story *s, uint64_t seed, size_t n_calls)
{
    struct life l = {.s = s};
    rng_seeded_init(&l.rng, seed);
    for (size_t n = 0; n < n_calls;) {
        uint64_t what = rng_below(&l.rng, 20);
        if (what == 0) {
            life_event(&l);
        } else if (what < 10 && l.n < LIVE_MAX) {
            life_open(&l);
            n++;
        } else if (l.n > 0) {
            life_close(&l);
        }
        if (rng_below(&l.rng, 50) == 0)
            s->now += (wall_t)rng_below(&l.rng, 20) * 3600 * NS_PER_S;
    }
}
