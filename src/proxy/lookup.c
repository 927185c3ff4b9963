/*
 * proxy/lookup.c - fetches a fact that the request lacks: one GET at the vendor, cached, recorded as an attempt.
 *
 * A look-up that fails leaves the fact unknown; the verdict then says what that means. Nothing was sent on behalf of
 * the agent yet, so whatever goes wrong here costs nothing.
 */
#include "proxy/lookup_cache.h"
#include "proxy/present.h"
#include "proxy/send.h"

#include "base/counter.h"

#define LOOKUP_OBJECTS_MAX 8

static void go_on(struct call *c)
{
    call_go(c, CALL_DECIDING);
    call_facts_again(c);
    c->may_look_up = false;
    stage_decide(c);
}

static void apply(struct call *c, uint16_t status, struct str body)
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

static void end(struct call *c, const char *error)
{
    attempt_end(c, c->answer_head.status, error);
    http_release(c->up);
    c->up = NULL;
}

static void on_head(void *ctx, const struct http_head *head)
{
    struct call *c = ctx;
    if (!send_is_answered_by(STR_NONE, head)) {
        http_reset(c->up, HTTP_RESET_BAD_FRAMING);
        end(c, http_reset_text(HTTP_RESET_BAD_FRAMING));
        go_on(c);
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
    end(c, http_reset_text(HTTP_RESET_TOO_LARGE));
    buf_reset(&c->answer);
    go_on(c);
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct call *c = ctx;
    struct str body = buf_str(&c->answer);
    uint16_t status = c->answer_head.status;
    end(c, NULL);
    call_present_newest(c);
    (void)conceal_text(call_forms(c), c->answer.p, c->answer.n);
    if (status == 200)
        lookup_cache_put(c->w->lookups, c->lookup_key, body, loop_now(c->w->loop));
    apply(c, status, body);
    buf_reset(&c->answer);
    go_on(c);
}

static void on_writable(void *ctx) { (void)ctx; }

static void on_reset(void *ctx, enum http_reset why)
{
    struct call *c = ctx;
    end(c, http_reset_text(why));
    buf_reset(&c->answer);
    go_on(c);
}

static const struct http_events lookup_events = {
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_writable = on_writable,
    .on_reset = on_reset,
};

void stage_look_up(struct call *c, bool wants_amount, bool wants_customer)
{
    struct str path, cached;
    if (!call_present(c))
        return;
    check(saas_lookup_path(&c->saas, wants_amount, wants_customer, &c->arena, &path));
    c->lookup_key = arena_printf(&c->arena, STR_FMT "\n" STR_FMT, STR_ARG(c->vendor->name), STR_ARG(path));
    call_go(c, CALL_LOOKING_UP);
    if (lookup_cache_get(c->w->lookups, c->lookup_key, loop_now(c->w->loop), &c->arena, &cached)) {
        apply(c, 200, cached);
        go_on(c);
        return;
    }
    if (!c->send_fields)
        send_keep_fields(c);
    counter_add(COUNTER_lookups, 1);
    check(attempt_begin(c, true, saas_path_template(&c->saas)) != NULL);
    c->answer_head = (struct http_head){.status = 0};
    struct str sent;
    struct http_target at = vendor_target(c->vendor, path, &sent);
    c->up = http_pool_open(c->w->pool, &at, &c->vendor->lookup_timeouts, false, &lookup_events, c);
    send_request(c, &(struct send_parts){.method = STR("GET"), .target = sent});
}
