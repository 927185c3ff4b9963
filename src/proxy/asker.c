/*
 * proxy/asker.c - one question:
 *
 *     in line -> under way (the exchange) -> over
 *
 * The timer covers both: who waits too long in line has no answer either.
 */
#include "proxy/asker.h"

#include "crypto/hash.h"
#include "net/timer.h"
#include "proxy/worker.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (1u << 20)
#define TOKEN_FIELD_BYTES (SECRET_BYTES_MAX + 16)

struct asking {
    struct list node; /* of all, of the asker */
    struct list line; /* of those that wait for the same remote */
    struct asker *asker;
    struct asker_request q;
    struct arena arena;
    struct timer deadline;
    struct http_exchange *up; /* NULL: in line */
    uint16_t status;
    struct buf answer;
};

/* One a remote, in its order. */
struct desk {
    size_t n_under_way, n_waiting;
    struct list line;
};

struct asker {
    struct worker *w;
    struct list all;
    struct desk *desks;
};

static struct desk *desk_of(const struct asking *it)
{
    return &it->asker->desks[it->q.to - it->asker->w->shared->remotes->items];
}

static void begin(struct asking *it);

static void drop(struct asking *it)
{
    timer_cancel(it->asker->w->loop, &it->deadline);
    if (it->up)
        http_release(it->up);
    list_remove(&it->node);
    list_remove(&it->line);
    buf_deinit(&it->answer);
    arena_deinit(&it->arena);
    free(it);
}

/* The next in line takes the place. */
static void over(struct asking *it, const char *why)
{
    struct desk *d = desk_of(it);
    struct asker_request q = it->q;
    struct buf answer = it->answer;
    uint16_t status = why ? 0 : it->status;
    *(it->up ? &d->n_under_way : &d->n_waiting) -= 1;
    buf_init(&it->answer, 0);
    drop(it);
    struct list *first = list_first(&d->line);
    if (first && d->n_under_way < q.to->concurrent)
        begin(list_entry(first, struct asking, line));
    q.done(q.ctx, status, buf_str(&answer), why);
    buf_deinit(&answer);
}

static void on_deadline(struct timer *t)
{
    struct asking *it = list_entry(t, struct asking, deadline);
    if (it->up)
        http_reset(it->up, HTTP_RESET_TOTAL_TIMEOUT);
    over(it, "it did not answer in time");
}

/* --- the exchange ------------------------------------------------------------------------------------------------- */

static void on_head(void *ctx, const struct http_head *head)
{
    struct asking *it = ctx;
    it->status = head->status;
    http_credit(it->up, SIZE_MAX);
}

static void on_body(void *ctx, struct str bytes)
{
    struct asking *it = ctx;
    if (buf_add(&it->answer, bytes) == 0)
        return;
    http_reset(it->up, HTTP_RESET_TOO_LARGE);
    over(it, "its answer is too long");
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n) { over(ctx, NULL); }

static void on_writable(void *ctx) { (void)ctx; }

static void on_reset(void *ctx, enum http_reset why) { over(ctx, http_reset_text(why)); }

static const struct http_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

static void send(struct asking *it)
{
    struct http_field fields[4] = {{STR("accept"), STR("application/json")}};
    struct http_head head = {.method = it->q.method, .target = it->q.path, .fields = fields, .n_fields = 1};
    char token[TOKEN_FIELD_BYTES];
    size_t n = 0;
    if (it->q.body.n)
        fields[head.n_fields++] = (struct http_field){STR("content-type"), STR("application/json")};
    if (it->q.to->token) {
        struct str s = secret_reveal(it->q.to->token);
        memcpy(token, "Bearer ", 7);
        memcpy(token + 7, s.p, s.n);
        n = 7 + s.n;
        fields[head.n_fields++] = (struct http_field){STR("authorization"), {token, n}};
    }
    head.body_bytes = (int64_t)it->q.body.n;
    http_send_head(it->up, &head);
    bytes_wipe(token, n);
    if (it->q.body.n)
        (void)http_write(it->up, it->q.body); /* it is small */
    http_finish(it->up, NULL, 0);
}

static void begin(struct asking *it)
{
    int64_t ms = it->q.to->timeout_ms;
    struct http_timeouts times = {ms, ms, ms};
    struct desk *d = desk_of(it);
    d->n_waiting--;
    d->n_under_way++;
    list_remove(&it->line);
    it->up = http_pool_open(it->asker->w->pool, &it->q.to->target, &times, false, &events, it);
    send(it);
}

bool asker_ask(struct asker *a, const struct asker_request *q)
{
    struct asking *it = calloc(1, sizeof(*it));
    if (!it)
        return false;
    it->asker = a;
    it->q = *q;
    struct desk *d = desk_of(it);
    if (d->n_waiting >= REMOTE_WAITING_FACTOR * q->to->concurrent && d->n_under_way >= q->to->concurrent) {
        free(it);
        return false;
    }
    arena_init(&it->arena, ARENA_BYTES);
    it->q.method = arena_str(&it->arena, q->method);
    it->q.path = arena_str(&it->arena, q->path);
    it->q.body = arena_str(&it->arena, q->body);
    buf_init(&it->answer, ASKER_ANSWER_BYTES_MAX);
    list_init(&it->node);
    list_init(&it->line);
    timer_init(&it->deadline, on_deadline);
    timer_arm(a->w->loop, &it->deadline, q->to->timeout_ms);
    list_add_tail(&a->all, &it->node);
    list_add_tail(&d->line, &it->line);
    d->n_waiting++;
    if (d->n_under_way < q->to->concurrent)
        begin(it);
    return true;
}

struct asker *asker_new(struct worker *w)
{
    size_t n = w->shared->remotes ? w->shared->remotes->n : 0;
    struct asker *a = calloc(1, sizeof(*a));
    struct desk *desks = calloc(n + 1, sizeof(*desks));
    if (!a || !desks) {
        free(a);
        free(desks);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        list_init(&desks[i].line);
    *a = (struct asker){.w = w, .desks = desks};
    list_init(&a->all);
    return a;
}

void asker_free(struct asker *a)
{
    if (!a)
        return;
    list_each_safe(n, tmp, &a->all)
    {
        struct asking *it = list_entry(n, struct asking, node);
        if (it->up)
            http_reset(it->up, HTTP_RESET_CANCELLED);
        drop(it);
    }
    free(a->desks);
    free(a);
}
