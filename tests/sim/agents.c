/*
 * tests/sim/agents.c - see agents.h.
 */
#include "agents.h"

#include "base/check.h"
#include "model_sim.h"
#include "net/timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_OF_REQUEST_MAX 4
#define TRIES_OF_CONTENDED_MAX 10
#define FIELDS_MAX 10
#define RUNS 4
#define SIP_BYTES 400 /* what a slow reader takes at a time */
#define SIP_MS 30
#define REST_MS 500 /* until the second half of a hesitant request */
#define MODEL_ANSWER_MAX (1u << 20)

/* What an agent wants done; its tries send the same bytes. */
struct request {
    int64_t n;
    struct agent_key credential; /* as it was when the request was made: others may stand there later */
    bool has_unknown_key, is_read, is_chunked, is_dry_run, is_half, is_reused_key;
    bool is_model, is_stream, is_slow, is_hesitant;
    bool is_contended; /* the same action again and again, several at once, each a call of its own */
    const char *method;
    char path[96], body[512], key[40], run[24];
    size_t n_tries;
    bool is_answered;
};

struct try {
    struct list node;
    struct agents *a;
    struct request *q;
    struct http_exchange *x;
    struct timer leave_timer, sip_timer, rest_timer;
    struct agent_try result;
    struct buf got; /* of a model's answer */
    char trace[TRACE_CHARS + 1], call_id[64], code[40];
};

struct agent {
    struct agents *a;
    struct timer timer;
};

/* A second try of a request, later. */
struct again {
    struct list node;
    struct agents *a;
    struct request *q;
    struct timer timer;
};

struct agents {
    struct sim *sim;
    struct loop *loop;
    struct net_addr daemon;
    struct http_pool *pool;
    struct agents_manners manners;
    struct agents_hooks hooks;
    struct agent_key keys[AGENT_KEYS_MAX];
    struct agent *agents;
    struct request **requests;
    size_t n_requests, n_tries, n_charges;
    struct list tries, agains;
};

static uint64_t below(struct agents *a, uint64_t n) { return sim_below(a->sim, n); }

/* -------- requests -------- */

static void set_key(struct agents *a, struct request *q)
{
    size_t i_key = (size_t)below(a, AGENT_KEYS_MAX);

    for (size_t i = 0; i < AGENT_KEYS_MAX && !a->keys[i_key].text[0]; i++)
        i_key = (i_key + 1) % AGENT_KEYS_MAX;
    q->credential = a->keys[i_key];
}

#define READ 5 /* the last of the plain kinds */
static void make_plain(struct agents *a, struct request *q, uint64_t kind)
{
    unsigned charge = (unsigned)below(a, a->n_charges), cents = 1 + (unsigned)below(a, 1500);
    int64_t n = q->n;

    switch (kind) {
    case 0:
    case 1:
        snprintf(q->path, sizeof(q->path), "/stripe/v1/refunds");
        snprintf(q->body, sizeof(q->body), "charge=ch_%u&amount=%u&metadata[sim]=%lld", charge, cents, (long long)n);
        break;
    case 2: /* the amount has to be looked up */
        snprintf(q->path, sizeof(q->path), "/stripe/v1/refunds");
        snprintf(q->body, sizeof(q->body), "charge=ch_%u&metadata[sim]=%lld", charge, (long long)n);
        break;
    case 3:
    case 4:
        snprintf(q->path, sizeof(q->path), "/v1/charges"); /* found by its operation */
        snprintf(q->body, sizeof(q->body), "amount=%u&currency=usd&customer=cus_%u&metadata[sim]=%lld", cents * 3,
                 (unsigned)below(a, BOOK_CUSTOMERS), (long long)n);
        break;
    default:
        q->method = "GET";
        q->is_read = true;
        snprintf(q->path, sizeof(q->path), "/stripe/v1/charges/ch_%u", charge);
        break;
    }
}

static void make_odd(struct agents *a, struct request *q)
{
    make_plain(a, q, below(a, READ + 1));
    switch (below(a, 9)) {
    case 8:
        q->is_reused_key = true; /* for another body than before */
        break;
    case 0:
        snprintf(q->path, sizeof(q->path), "/stripe/v1/payouts"); /* forbidden */
        snprintf(q->body, sizeof(q->body), "amount=1000&currency=usd");
        break;
    case 1:
        snprintf(q->path, sizeof(q->path), "/stripe/v1/nothing_that_exists");
        break;
    case 2:
        q->has_unknown_key = true;
        break;
    case 3:
        q->is_dry_run = !q->is_read;
        break;
    case 4:
        q->is_half = !q->is_read;
        break;
    case 5:
        snprintf(q->body, sizeof(q->body), "charge=ch_1&amount=5&amount=6"); /* two amounts */
        break;
    case 6:
        snprintf(q->path, sizeof(q->path), "/stripe/v1/customers"); /* class write */
        snprintf(q->body, sizeof(q->body), "email=a@b.c&metadata[sim]=%lld", (long long)q->n);
        break;
    default:
        snprintf(q->path, sizeof(q->path), "/stripe/v1/../v1/refunds");
        break;
    }
}

static void make_model(struct agents *a, struct request *q)
{
    bool is_anthropic = below(a, 2);
    unsigned most = 1 + (unsigned)below(a, 60), filler = (unsigned)below(a, 200);

    q->is_model = true;
    q->is_stream = below(a, 3) > 0;
    q->is_slow = q->is_stream && below(a, 6) == 0;
    snprintf(q->path, sizeof(q->path), is_anthropic ? "/anthropic/v1/messages" : "/openai/v1/chat/completions");
    snprintf(q->body, sizeof(q->body),
             "{\"model\":\"%s\",\"max_tokens\":%u,\"stream\":%s%s,"
             "\"messages\":[{\"role\":\"user\",\"content\":\"sim=%lld; say something %*s\"}]}",
             is_anthropic ? "claude-haiku-4-5" : "gpt-4o-mini", most, q->is_stream ? "true" : "false",
             q->is_stream && !is_anthropic && below(a, 2) ? ",\"stream_options\":{\"include_usage\":true}" : "",
             (long long)q->n, (int)filler, ".");
    q->is_half = below(a, 40) == 0;
    q->is_hesitant = !q->is_half && below(a, 10) == 0;
    q->is_dry_run = below(a, 40) == 0;
}

static struct request *make_request(struct agents *a)
{
    struct request *q = calloc(1, sizeof(*q));

    check(q);
    a->requests[a->n_requests++] = q;
    q->n = (int64_t)a->n_requests;
    q->method = "POST";
    set_key(a, q);
    if (sim_chance(a->sim, a->manners.model_ppm))
        make_model(a, q);
    else if (sim_chance(a->sim, a->manners.odd_ppm))
        make_odd(a, q);
    else if ((q->is_contended = below(a, 3) == 0))
        make_plain(a, q, below(a, READ));
    else
        make_plain(a, q, below(a, READ + 1));
    q->is_chunked = below(a, 8) == 0;
    snprintf(q->run, sizeof(q->run), "run-%u", (unsigned)below(a, RUNS));
    if (q->is_contended)
        snprintf(q->run, sizeof(q->run), "run-1"); /* where persons are asked */
    else if (!q->is_read && !q->is_model && below(a, 4))
        snprintf(q->key, sizeof(q->key), "key-%lld", (long long)q->n - (q->is_reused_key && q->n > 1));
    if (q->is_read)
        q->body[0] = 0;
    return q;
}

/* -------- tries -------- */

static void begin_try(struct agents *a, struct request *q);

static void on_again(struct timer *t)
{
    struct again *g = list_entry(t, struct again, timer);
    struct agents *a = g->a;
    struct request *q = g->q;

    list_remove(&g->node);
    free(g);
    begin_try(a, q);
}

static void try_again_later(struct agents *a, struct request *q, int64_t ms_max)
{
    if (q->n_tries >= (q->is_contended ? TRIES_OF_CONTENDED_MAX : TRIES_OF_REQUEST_MAX))
        return;
    q->n_tries++;
    struct again *g = calloc(1, sizeof(*g));
    check(g);
    g->a = a;
    g->q = q;
    timer_init(&g->timer, on_again);
    list_init(&g->node);
    list_add_tail(&a->agains, &g->node);
    timer_arm(a->loop, &g->timer, (int64_t)below(a, (uint64_t)ms_max));
}

static int64_t count(struct str s, struct str what)
{
    int64_t n = 0;

    for (size_t at; str_find(s, what, &at); s = str_sub(s, at + what.n, SIZE_MAX))
        n++;
    return n;
}

static void end_try(struct try *t)
{
    struct agents *a = t->a;
    struct request *q = t->q;

    t->result.n_tokens = count(buf_str(&t->got), STR(MODEL_TOKEN_TEXT));
    timer_cancel(a->loop, &t->leave_timer);
    timer_cancel(a->loop, &t->sip_timer);
    timer_cancel(a->loop, &t->rest_timer);
    list_remove(&t->node);
    http_release(t->x);
    t->result.call_id = str_c(t->call_id);
    t->result.code = str_c(t->code);
    q->is_answered |= t->result.status == 200;
    a->hooks.on_end(a->hooks.ctx, &t->result);
    bool may_help = t->result.status == 0 || t->result.status == 409 || t->result.status >= 500;
    if (q->key[0] && may_help && !q->is_answered && below(a, 4))
        try_again_later(a, q, 3000);
    if (q->is_contended)
        try_again_later(a, q, 2500);
    buf_deinit(&t->got);
    free(t);
}

static void on_leave(struct timer *timer)
{
    struct try *t = list_entry(timer, struct try, leave_timer);

    t->result.is_left = true;
    end_try(t);
}

static void keep(char *to, size_t n_max, struct str s)
{
    size_t n = s.n < n_max - 1 ? s.n : n_max - 1;
    if (n)
        memcpy(to, s.p, n);
    to[n] = 0;
}

static void sip(struct try *t)
{
    http_credit(t->x, SIP_BYTES);
    timer_arm(t->a->loop, &t->sip_timer, SIP_MS);
}
static void on_sip(struct timer *timer) { sip(list_entry(timer, struct try, sip_timer)); }

static void on_head(void *ctx, const struct http_head *head)
{
    struct try *t = ctx;
    struct str v;

    t->result.status = head->status;
    if (http_head_get(head, STR("x-flyball-call-id"), &v))
        keep(t->call_id, sizeof(t->call_id), v);
    if (http_head_get(head, STR("x-flyball-code"), &v))
        keep(t->code, sizeof(t->code), v);
    if (t->q->is_slow)
        sip(t);
    else
        http_credit(t->x, SIZE_MAX);
}

static void on_body(void *ctx, struct str bytes)
{
    struct try *t = ctx;

    if (t->q->is_model)
        check(buf_add(&t->got, bytes) == 0);
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct try *t = ctx;
    struct str got = buf_str(&t->got);
    size_t at;

    (void)trailers, (void)n;
    bool has_stop = str_find(got, STR("[DONE]"), &at) || str_find(got, STR("message_stop"), &at) ||
                    !str_find(got, STR("data: "), &at);
    t->result.is_whole = has_stop && !str_find(got, STR("\"error\""), &at);
    end_try(t);
}
static void on_reset(void *ctx, enum http_reset why)
{
    struct try *t = ctx;

    (void)why;
    t->result.status = 0;
    end_try(t);
}
static const struct http_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end, .on_reset = on_reset};

static size_t make_fields(struct try *t, char authorization[160], char parent[40], char traceparent[64],
                          struct http_field fields[FIELDS_MAX])
{
    static const char json[] = "application/json", form[] = "application/x-www-form-urlencoded";
    const struct request *q = t->q;
    size_t n = 0;

    snprintf(authorization, 160, "Bearer %s", q->has_unknown_key ? "fb_test_nobodyknow_this" : q->credential.text);
    snprintf(parent, 40, "req-%lld", (long long)q->n);
    snprintf(t->trace, sizeof(t->trace), "%032llx", (unsigned long long)t->a->n_tries + 0x5150000);
    snprintf(traceparent, 64, "00-%s-00000000000000aa-01", t->trace);
    fields[n++] = (struct http_field){STR("authorization"), str_c(authorization)};
    fields[n++] = (struct http_field){STR("x-agent-parent-run-id"), str_c(parent)};
    fields[n++] = (struct http_field){STR("x-agent-run-id"), str_c(q->run)};
    fields[n++] = (struct http_field){STR("traceparent"), str_c(traceparent)};
    if (q->body[0])
        fields[n++] = (struct http_field){STR("content-type"), str_c(q->is_model ? json : form)};
    if (q->key[0])
        fields[n++] = (struct http_field){STR("idempotency-key"), str_c(q->key)};
    if (q->is_dry_run)
        fields[n++] = (struct http_field){STR("x-flyball-dry-run"), STR("true")};
    return n;
}

static void on_rest(struct timer *timer)
{
    struct try *t = list_entry(timer, struct try, rest_timer);
    struct str body = str_c(t->q->body);

    (void)http_write(t->x, str_sub(body, body.n / 2, SIZE_MAX));
    http_finish(t->x, NULL, 0);
}

static void send_try(struct try *t)
{
    struct request *q = t->q;
    struct str body = str_c(q->body);
    struct http_field fields[FIELDS_MAX];
    char authorization[160], parent[40], traceparent[64];
    size_t n = make_fields(t, authorization, parent, traceparent, fields);
    struct http_head head = {
        .method = str_c(q->method),
        .target = str_c(q->path),
        .fields = fields,
        .n_fields = n,
        .body_bytes = q->is_chunked && body.n ? HTTP_BODY_UNKNOWN : (int64_t)body.n,
    };

    http_send_head(t->x, &head);
    if (q->is_half || q->is_hesitant) {
        (void)http_write(t->x, str_sub(body, 0, body.n / 2));
        if (q->is_hesitant)
            timer_arm(t->a->loop, &t->rest_timer, (int64_t)below(t->a, REST_MS));
        return;
    }
    if (body.n)
        (void)http_write(t->x, body);
    http_finish(t->x, NULL, 0);
}

static void begin_try(struct agents *a, struct request *q)
{
    struct http_target target = http_target_at(&a->daemon);
    struct http_timeouts times = {30000, 120000, 60000};
    struct try *t = calloc(1, sizeof(*t));

    check(t);
    a->n_tries++;
    t->a = a;
    t->q = q;
    timer_init(&t->leave_timer, on_leave);
    timer_init(&t->sip_timer, on_sip);
    timer_init(&t->rest_timer, on_rest);
    buf_init(&t->got, MODEL_ANSWER_MAX);
    list_init(&t->node);
    list_add_tail(&a->tries, &t->node);
    t->x = http_pool_open(a->pool, &target, &times, below(a, 4) == 0, &events, t);
    send_try(t);
    t->result = (struct agent_try){
        .trace_id = str_c(t->trace),
        .began_at = loop_now(a->loop),
        .request = q->n,
        .has_known_key = q->credential.is_known && !q->has_unknown_key,
        .is_read = q->is_read,
        .is_dry_run = q->is_dry_run,
        .is_model = q->is_model,
    };
    if (q->is_half || sim_chance(a->sim, a->manners.leave_ppm))
        timer_arm(a->loop, &t->leave_timer, (int64_t)below(a, (uint64_t)(a->manners.leave_ns_max / NS_PER_MS)));
}

/* -------- agents -------- */

static void arm(struct agent *g)
{
    struct agents *a = g->a;

    timer_arm(a->loop, &g->timer, (int64_t)below(a, (uint64_t)(a->manners.pause_ns_max / NS_PER_MS) + 1));
}

static void on_turn(struct timer *t)
{
    struct agent *g = list_entry(t, struct agent, timer);
    struct agents *a = g->a;

    if (a->n_requests >= a->manners.n_requests)
        return;
    struct request *q = make_request(a);
    begin_try(a, q);
    if (q->key[0] && below(a, 5) == 0)
        try_again_later(a, q, 50); /* beside the first */
    for (size_t i = 0; q->is_contended && i < 2; i++)
        try_again_later(a, q, 50);
    arm(g);
}

static void start(void *ctx)
{
    struct agents *a = ctx;

    for (size_t i = 0; i < a->manners.n_agents; i++)
        arm(&a->agents[i]);
}

void agents_start(struct agents *a) { loop_post(a->loop, (struct post){start, a}); }

struct agents *agents_new(struct sim *s, struct loop *l, const struct limits *limits, const struct net_addr *daemon,
                          size_t n_charges, const struct agents_manners *m, const struct agents_hooks *h)
{
    struct agents *a = calloc(1, sizeof(*a));

    check(a);
    a->sim = s;
    a->loop = l;
    a->daemon = *daemon;
    a->n_charges = n_charges;
    a->manners = *m;
    a->hooks = *h;
    list_init(&a->tries);
    list_init(&a->agains);
    a->agents = calloc(m->n_agents, sizeof(*a->agents));
    a->requests = calloc(m->n_requests, sizeof(*a->requests));
    check(a->agents && a->requests);
    for (size_t i = 0; i < m->n_agents; i++) {
        a->agents[i].a = a;
        timer_init(&a->agents[i].timer, on_turn);
    }
    check(http_pool_new(l, limits, &a->pool) == 0);
    return a;
}

struct agent_key *agents_key(struct agents *a, size_t i)
{
    check(i < AGENT_KEYS_MAX);
    return &a->keys[i];
}

bool agents_are_done(const struct agents *a)
{
    return a->n_requests >= a->manners.n_requests && list_is_empty(&a->tries) && list_is_empty(&a->agains);
}

size_t agents_tries(const struct agents *a) { return a->n_tries; }
int64_t agents_requests(const struct agents *a) { return (int64_t)a->n_requests; }

bool agents_request_shares_key(const struct agents *a, int64_t request)
{
    size_t i = (size_t)request; /* its place is i - 1, and only the next one can have taken its key */

    return a->requests[i - 1]->is_reused_key || (i < a->n_requests && a->requests[i]->is_reused_key);
}

bool agents_request_is_model(const struct agents *a, int64_t request)
{
    return a->requests[request - 1]->is_model;
}

bool agents_request_is_stream(const struct agents *a, int64_t request)
{
    return a->requests[request - 1]->is_stream;
}

void agents_free(struct agents *a)
{
    struct list *it;

    if (!a)
        return;
    while ((it = list_first(&a->tries))) {
        struct try *t = list_entry(it, struct try, node);
        timer_cancel(a->loop, &t->leave_timer);
        timer_cancel(a->loop, &t->sip_timer);
        timer_cancel(a->loop, &t->rest_timer);
        list_remove(it);
        http_release(t->x);
        buf_deinit(&t->got);
        free(t);
    }
    while ((it = list_first(&a->agains))) {
        struct again *g = list_entry(it, struct again, node);
        timer_cancel(a->loop, &g->timer);
        list_remove(it);
        free(g);
    }
    for (size_t i = 0; i < a->manners.n_agents; i++)
        timer_cancel(a->loop, &a->agents[i].timer);
    http_pool_free(a->pool);
    for (size_t i = 0; i < a->n_requests; i++)
        free(a->requests[i]);
    free(a->requests);
    free(a->agents);
    free(a);
}
