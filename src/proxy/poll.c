/*
 * proxy/poll.c - one price that is awaited:
 *
 *     waiting (timer) -> ready (in line) -> asking (the exchange) -> waiting again, or over
 */
#include "proxy/poll_impl.h"

#include "base/counter.h"
#include "proxy/send.h"

#include <stdlib.h>
#include <string.h>

#define POLL_ANSWER_BYTES_MAX (1 << 20)
#define POLL_FIELDS 1

static void ask_next(struct poller *p);

static void poll_end(struct poll *it)
{
    timer_cancel(it->poller->w->loop, &it->due);
    list_remove(&it->node);
    list_remove(&it->line);
    it->poller->n--;
    arena_deinit(&it->arena);
    free(it);
}

void poll_wait(struct poll *it)
{
    int64_t after_ms;
    if (!saas_poll_after(it->op, it->n_asked, &after_ms)) {
        poll_end(it);
        return;
    }
    it->n_asked++;
    timer_arm(it->poller->w->loop, &it->due, after_ms - it->waited_ms);
    it->waited_ms = after_ms;
}

void poll_now(struct poll *it)
{
    list_add_tail(&it->poller->ready, &it->line);
    ask_next(it->poller);
}

static void on_due(struct timer *t) { poll_now(list_entry(t, struct poll, due)); }

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void correct(struct poll *it, struct cost cost)
{
    struct worker *w = it->poller->w;
    struct correction q = {
        .call_id = it->call_id,
        .open_seq = it->open_seq,
        .cost = cost,
        .needs = it->needs,
        .n_needs = it->n_needs,
        .now = loop_wall(w->loop),
        .salt = it->salt,
        .body = &w->record_body,
        .personal = &w->record_personal,
    };
    counter_add(COUNTER_prices_corrected, 1);
    (void)core_correct(w->shared->core, &q); /* a full disk keeps the frame in memory until there is room */
}

/* The exchange is over, with a whole answer or without. */
static void asked(struct poller *p, bool is_whole)
{
    struct poll *it = p->asking;
    struct cost cost;
    enum saas_polled polled = SAAS_POLLED_NOT_YET;

    http_release(p->up);
    credential_unref(p->credential);
    p->up = NULL;
    p->credential = NULL;
    p->asking = NULL;
    if (is_whole)
        polled = saas_poll_read(it->op, p->status, buf_str(&p->answer), &cost);
    buf_reset(&p->answer);
    if (polled == SAAS_POLLED_NOT_YET) {
        poll_wait(it);
    } else {
        if (polled == SAAS_POLLED_PRICE)
            correct(it, cost);
        poll_end(it);
    }
    timer_arm(p->w->loop, &p->pause, p->w->shared->limits->poll_spacing_ms);
}

static void on_pause_over(struct timer *t) { ask_next(list_entry(t, struct poller, pause)); }

static void on_head(void *ctx, const struct http_head *head)
{
    struct poller *p = ctx;
    p->status = head->status;
    http_credit(p->up, POLL_ANSWER_BYTES_MAX);
}

static void on_body(void *ctx, struct str bytes)
{
    struct poller *p = ctx;
    if (buf_add(&p->answer, bytes) == 0)
        return;
    http_reset(p->up, HTTP_RESET_TOO_LARGE);
    asked(p, false);
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n) { asked(ctx, true); }

static void on_writable(void *ctx) { (void)ctx; }

static void on_reset(void *ctx, enum http_reset why) { asked(ctx, false); }

static const struct http_events poll_events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

static void ask_next(struct poller *p)
{
    struct list *first = list_first(&p->ready);
    if (!first || p->asking || timer_is_armed(&p->pause))
        return;
    struct poll *it = list_entry(first, struct poll, line);
    struct http_field fields[POLL_FIELDS + SEND_FIELDS_MORE] = {{STR("accept"), STR("application/json")}};
    struct str path;
    struct http_target at = vendor_target(it->vendor, it->path, &path);

    list_remove(&it->line);
    if (it->vendor->credential &&
        !(p->credential = credential_take(it->vendor->credential, loop_wall(p->w->loop)))) {
        poll_wait(it); /* perhaps the secret is there by the next time */
        timer_arm(p->w->loop, &p->pause, p->w->shared->limits->poll_spacing_ms);
        return;
    }
    p->asking = it;
    p->status = 0;
    counter_add(COUNTER_prices_asked, 1);
    p->up = http_pool_open(p->w->pool, &at, &it->vendor->lookup_timeouts, false, &poll_events, p);
    send_on(p->up, it->vendor, p->credential, fields, POLL_FIELDS,
            &(struct send_parts){.method = STR("GET"), .target = path});
}

/* --- what is awaited ---------------------------------------------------------------------------------------------- */

/* Limits on which the call counts: what it holds for itself alone (per call) has no counter. */
static void keep_needs(struct poll *it, const struct call *c)
{
    const struct verdict *v = &c->verdict;
    it->needs = arena_alloc(&it->arena, (v->n_needs + 1) * sizeof(*it->needs));
    for (size_t i = 0; i < v->n_needs; i++) {
        const struct limit_need *need = &v->needs[i];
        if (need->meter != METER_USD || need->window == WINDOW_CALL || need->n == 0)
            continue;
        it->needs[it->n_needs++] = (struct correction_need){
            .i = i,
            .counter = arena_str(&it->arena, need->counter),
            .bucket = arena_str(&it->arena, need->bucket),
            .window_start = need->window_start,
            .booked = c->settled.how == HOW_UNKNOWN ? need->n : c->settled.usd,
        };
    }
}

struct poll *poll_new(struct poller *p, const struct vendor *v, const struct operation *op, struct str path,
                      struct str call_id, uint64_t open_seq)
{
    if (p->n >= (size_t)p->w->shared->limits->polls_max)
        return NULL;
    struct poll *it = calloc(1, sizeof(*it));
    if (!it)
        return NULL;
    arena_init(&it->arena, POLL_ARENA_BYTES);
    list_init(&it->line);
    list_init(&it->node);
    it->poller = p;
    it->vendor = v;
    it->op = op;
    it->path = arena_str(&it->arena, path);
    it->call_id = arena_str(&it->arena, call_id);
    it->open_seq = open_seq;
    timer_init(&it->due, on_due);
    list_add_tail(&p->all, &it->node);
    p->n++;
    return it;
}

void poll_later(struct poller *p, const struct call *c, struct str path)
{
    struct poll *it = poll_new(p, c->vendor, c->saas.op, path, str_c(c->id), c->held.open_seq);
    if (!it)
        return;
    memcpy(it->salt, c->salt, sizeof(it->salt));
    keep_needs(it, c);
    poll_wait(it);
}

struct poller *poller_new(struct worker *w)
{
    struct poller *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->w = w;
    list_init(&p->all);
    list_init(&p->ready);
    buf_init(&p->answer, POLL_ANSWER_BYTES_MAX);
    timer_init(&p->pause, on_pause_over);
    return p;
}

void poller_free(struct poller *p)
{
    if (!p)
        return;
    timer_cancel(p->w->loop, &p->pause);
    if (p->up) {
        http_reset(p->up, HTTP_RESET_CANCELLED);
        http_release(p->up);
        credential_unref(p->credential);
    }
    list_each_safe(n, tmp, &p->all)
        poll_end(list_entry(n, struct poll, node));
    buf_deinit(&p->answer);
    free(p);
}

size_t poller_waiting(const struct poller *p) { return p->n; }
