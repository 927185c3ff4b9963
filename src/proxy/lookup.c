/*
 * proxy/lookup.c - fetches a fact that the request lacks: one GET at the vendor, cached, recorded as an attempt.
 *
 * A look-up that fails leaves the fact unknown; the verdict then says what that means. Nothing was sent on behalf of
 * the agent yet, so whatever goes wrong here costs nothing.
 */
#include "proxy/lookup.h"

#include "proxy/lookup_cache.h"
#include "proxy/present.h"
#include "proxy/send.h"

#include "base/counter.h"

#define LOOKUP_OBJECTS_MAX 8
#define ATTEMPTS_KEPT_BACK 3 /* for the call itself */

/* The exchange is over: `error` NULL for a whole answer. */
static void end(struct call *c, const char *error)
{
    attempt_end(c, c->answer_head.status, error);
    http_release(c->up);
    c->up = NULL;
}

static void go_on(struct call *c, uint16_t status, struct str body)
{
    call_go(c, CALL_DECIDING);
    c->lookup_done(c, status, body);
}

static void fail(struct call *c, enum http_reset why)
{
    end(c, http_reset_text(why));
    buf_reset(&c->answer);
    go_on(c, 0, STR_NONE);
}

static void on_head(void *ctx, const struct http_head *head)
{
    struct call *c = ctx;
    if (!send_is_answered_by(STR_NONE, head)) {
        http_reset(c->up, HTTP_RESET_BAD_FRAMING);
        fail(c, HTTP_RESET_BAD_FRAMING);
        return;
    }
    c->answer_head.status = head->status;
    http_credit(c->up, (size_t)c->w->shared->limits->answer_bytes_max);
}

static void on_body(void *ctx, struct str bytes)
{
    struct call *c = ctx;
    if (buf_add(&c->answer, bytes) == 0)
        return;
    http_reset(c->up, HTTP_RESET_TOO_LARGE);
    fail(c, HTTP_RESET_TOO_LARGE);
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct call *c = ctx;
    uint16_t status = c->answer_head.status;
    struct str body;
    end(c, NULL);
    call_present_newest(c);
    (void)conceal_text(call_forms(c), c->answer.p, c->answer.n);
    if (status == 200)
        lookup_cache_put(c->w->lookups, c->lookup_key, buf_str(&c->answer), loop_now(c->w->loop));
    int r = arena_try_str(&c->arena, buf_str(&c->answer), &body);
    buf_reset(&c->answer);
    go_on(c, r == 0 ? status : 0, r == 0 ? body : STR_NONE);
}

static void on_writable(void *ctx) { (void)ctx; }

static void on_reset(void *ctx, enum http_reset why) { fail(ctx, why); }

static const struct http_events lookup_events = {
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_writable = on_writable,
    .on_reset = on_reset,
};

static void name_it(struct call *c, struct str path)
{
    c->lookup_key = arena_printf(&c->arena, STR_FMT "\n" STR_FMT, STR_ARG(c->vendor->name), STR_ARG(path));
}

bool lookup_cached(struct call *c, struct str path, struct str *ret_body)
{
    name_it(c, path);
    return lookup_cache_get(c->w->lookups, c->lookup_key, loop_now(c->w->loop), &c->arena, ret_body);
}

bool lookup_get(struct call *c, struct str path, struct str path_template, bool *ret_is_over, lookup_done_cb done)
{
    struct str sent;
    *ret_is_over = false;
    if (c->n_attempts + ATTEMPTS_KEPT_BACK >= ATTEMPTS_MAX)
        return false;
    if (!call_present(c)) {
        *ret_is_over = true;
        return false;
    }
    name_it(c, path);
    call_go(c, CALL_LOOKING_UP);
    c->lookup_done = done;
    if (!c->send_fields)
        send_keep_fields(c);
    counter_add(COUNTER_lookups, 1);
    check(attempt_begin(c, true, path_template) != NULL);
    c->answer_head = (struct http_head){.status = 0};
    struct http_target at = vendor_target(c->vendor, path, &sent);
    c->up = http_pool_open(c->w->pool, &at, &c->vendor->lookup_timeouts, false, &lookup_events, c);
    send_request(c, &(struct send_parts){.method = STR("GET"), .target = sent});
    return true;
}

/* --- amount, currency, customer ----------------------------------------------------------------------------------- */

static void learn(struct call *c, uint16_t status, struct str body)
{
    struct saas_object objects[LOOKUP_OBJECTS_MAX];
    struct saas_problem problem;
    size_t n = 0;
    if (saas_lookup_apply(&c->saas, status, body, &c->arena, objects, LOOKUP_OBJECTS_MAX, &n, &problem) != 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (objects[i].customer.n)
            core_object_learned(c->w->shared->core, c->object_scope, objects[i].id, objects[i].customer);
}

static void on_looked_up(struct call *c, uint16_t status, struct str body)
{
    if (status)
        learn(c, status, body);
    call_facts_again(c);
    c->may_look_up = false;
    stage_decide(c);
}

void stage_look_up(struct call *c, bool wants_amount, bool wants_customer)
{
    struct str path, cached;
    bool is_over;
    if (!call_present(c))
        return;
    check(saas_lookup_path(&c->saas, wants_amount, wants_customer, &c->arena, &path));
    if (lookup_cached(c, path, &cached))
        on_looked_up(c, 200, cached);
    else if (!lookup_get(c, path, saas_lookup_path_template(&c->saas), &is_over, on_looked_up) && !is_over)
        on_looked_up(c, 0, STR_NONE);
}
