/*
 * proxy/asker.c - one question:
 *
 *     in line (a timer) -> under way (a fetch, for as long as is left) -> over
 */
#include "proxy/asker.h"

#include "crypto/hash.h"
#include "http/fetch.h"
#include "proxy/worker.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (1u << 20)
#define TOKEN_FIELD_BYTES (SECRET_BYTES_MAX + 16)
#define TOO_LATE "it did not answer in time"

struct asking {
    struct list node; /* of all, of the asker */
    struct list line; /* of those that wait for the same remote */
    struct asker *asker;
    struct asker_request q;
    struct arena arena;
    mono_t asked_at;
    struct timer deadline; /* while it is in line */
    bool is_under_way;
    struct fetch fetch;
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
    fetch_deinit(&it->fetch);
    list_remove(&it->node);
    list_remove(&it->line);
    arena_deinit(&it->arena);
    free(it);
}

/* The next in line takes the place. */
static void over(struct asking *it, const char *why, uint16_t status, struct str answer)
{
    struct desk *d = desk_of(it);
    *(it->is_under_way ? &d->n_under_way : &d->n_waiting) -= 1;
    list_remove(&it->line);
    struct list *first = list_first(&d->line);
    if (first && d->n_under_way < it->q.to->concurrent)
        begin(list_entry(first, struct asking, line));
    it->q.done(it->q.ctx, status, answer, why);
    drop(it);
}

static void on_deadline(struct timer *t) { over(list_entry(t, struct asking, deadline), TOO_LATE, 0, STR_NONE); }

static void on_fetched(void *ctx, const char *problem, uint16_t status, struct str answer)
{
    over(ctx, problem, status, answer);
}

static void fetch(struct asking *it)
{
    struct http_field fields[3] = {{STR("accept"), STR("application/json")}};
    int64_t waited_ms = (loop_now(it->asker->w->loop) - it->asked_at) / NS_PER_MS;
    struct fetch_request get = {.at = &it->q.to->target,
                                .method = it->q.method,
                                .path = it->q.path,
                                .fields = fields,
                                .n_fields = 1,
                                .body = it->q.body,
                                .ms = waited_ms < it->q.to->timeout_ms ? it->q.to->timeout_ms - waited_ms : 1,
                                .too_large = "its answer is too long",
                                .too_late = TOO_LATE};
    char token[TOKEN_FIELD_BYTES];
    size_t n = 0;
    if (it->q.body.n)
        fields[get.n_fields++] = (struct http_field){STR("content-type"), STR("application/json")};
    if (it->q.to->token) {
        struct str s = secret_reveal(it->q.to->token);
        memcpy(token, "Bearer ", 7);
        memcpy(token + 7, s.p, s.n);
        n = 7 + s.n;
        fields[get.n_fields++] = (struct http_field){STR("authorization"), {token, n}};
    }
    fetch_start(&it->fetch, &get);
    bytes_wipe(token, n);
}

static void begin(struct asking *it)
{
    struct desk *d = desk_of(it);
    d->n_waiting--;
    d->n_under_way++;
    it->is_under_way = true;
    list_remove(&it->line);
    timer_cancel(it->asker->w->loop, &it->deadline);
    fetch(it);
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
    it->asked_at = loop_now(a->w->loop);
    fetch_init(&it->fetch, a->w->loop, a->w->pool, ASKER_ANSWER_BYTES_MAX, on_fetched, it);
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
        drop(list_entry(n, struct asking, node));
    free(a->desks);
    free(a);
}
