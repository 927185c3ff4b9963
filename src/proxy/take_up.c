/*
 * proxy/poll_again.c - prices that an earlier process waited for: found in the store, vendor by vendor and operation by
 * operation, and waited for again.
 *
 * A call that ended so long ago that even the last time of its connector would be past twice over is left as it is.
 */
#include "proxy/poll_impl.h"

#include "base/log.h"
#include "codec/json_read.h"

#include <stdlib.h>

#define ANSWER_BYTES_MAX (64u << 20)
#define ANSWER_MEMORY_BYTES_MAX (512u << 20)
#define ANSWER_DEPTH_MAX 16

struct poll_again {
    struct poller *p;
    size_t i_vendor, i_op; /* that is asked for */
    const struct operation *op;
    struct ask ask;
    size_t n;
};

static void ask_of_next(struct poll_again *a);

static int64_t last_after_ms(const struct operation *op)
{
    int64_t ms = 0;
    for (size_t i = 0; saas_poll_after(op, i, &ms); i++)
        ;
    return ms;
}

/* --- one call ----------------------------------------------------------------------------------------------------- */

static struct str text_of(struct json v)
{
    struct str s = STR_NONE;
    (void)json_str(v, &s);
    return s;
}

static int64_t int_of(struct json v)
{
    int64_t n = 0;
    (void)json_i64(v, &n);
    return n;
}

/* The limits on dollars that it counts on, but for those of the call alone, which have no counter. */
static void read_needs(struct poll *it, struct json row)
{
    struct json limits = json_get(row, STR("limits")), limit;
    money_t usd;
    bool is_priced = money_parse(text_of(json_path(row, STR("settled.usd"))), &usd) == 0;
    size_t i = 0;
    it->needs = arena_alloc(&it->arena, (json_len(limits) + 1) * sizeof(*it->needs));
    for (struct json_iter each = json_each(limits); json_next(&each, NULL, &limit); i++) {
        int64_t n = int_of(json_get(limit, STR("n")));
        if (!str_eq(text_of(json_get(limit, STR("meter"))), meter_text(METER_USD)) || n == 0 ||
            str_eq(text_of(json_get(limit, STR("window"))), STR("call")))
            continue;
        it->needs[it->n_needs++] = (struct correction_need){
            .i = i,
            .counter = arena_str(&it->arena, text_of(json_get(limit, STR("counter")))),
            .bucket = arena_str(&it->arena, text_of(json_get(limit, STR("bucket")))),
            .window_start = int_of(json_get(limit, STR("window_start"))),
            .booked = is_priced ? usd : n,
        };
    }
}

/* As far as its waiting has come: what should have been asked for meanwhile is asked for now. */
static void go_on(struct poll *it, int64_t waited_ms)
{
    int64_t after_ms;
    it->waited_ms = waited_ms > 0 ? waited_ms : 0;
    while (saas_poll_after(it->op, it->n_asked, &after_ms) && after_ms <= it->waited_ms)
        it->n_asked++;
    if (it->n_asked)
        poll_now(it);
    else
        poll_wait(it);
}

static void take_up(struct poll_again *a, struct json row, wall_t now)
{
    const struct vendor *v = &a->p->w->shared->vendors->items[a->i_vendor];
    wall_t ended_at = now;
    struct poll *it = poll_new(a->p, v, a->op, text_of(json_get(row, STR("poll"))),
                               text_of(json_get(row, STR("call_id"))), (uint64_t)int_of(json_get(row, STR("seq"))));
    if (!it)
        return;
    (void)wall_parse(text_of(json_get(row, STR("ended_at"))), &ended_at);
    rng_fill(a->p->w->rng, it->salt, sizeof(it->salt));
    read_needs(it, row);
    a->n++;
    go_on(it, (now - ended_at) / NS_PER_MS);
}

/* --- the questions ------------------------------------------------------------------------------------------------ */

static void read_answer(struct poll_again *a)
{
    struct arena arena;
    struct json rows, row;
    wall_t now = loop_wall(a->p->w->loop);
    arena_init(&arena, ANSWER_MEMORY_BYTES_MAX);
    if (a->ask.result < 0 || json_parse(&arena, buf_str(&a->ask.json), ANSWER_DEPTH_MAX, &rows) < 0)
        log_at(LOG_WARN, "prices_not_taken_up", "reason=\"the store cannot say which are awaited\"");
    else
        for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);)
            take_up(a, row, now);
    arena_deinit(&arena);
}

static void on_answer(void *ctx)
{
    struct poll_again *a = ctx;
    read_answer(a);
    buf_deinit(&a->ask.json);
    a->i_op++;
    ask_of_next(a);
}

static void ask_of(struct poll_again *a, const struct vendor *v, struct str operation)
{
    struct worker *w = a->p->w;
    wall_t now = loop_wall(w->loop), back = 2 * last_after_ms(a->op) * NS_PER_MS;
    a->ask = (struct ask){.q = {.kind = QUERY_POLLS,
                                .vendor = v->name,
                                .operation = operation,
                                .since = now > back ? now - back : 1,
                                .rows_max = w->shared->limits->polls_max},
                          .box = &w->loop->box,
                          .done = {on_answer, a}};
    buf_init(&a->ask.json, ANSWER_BYTES_MAX);
    core_ask(w->shared->core, &a->ask);
}

static void ask_of_next(struct poll_again *a)
{
    const struct vendors *all = a->p->w->shared->vendors;
    for (; a->i_vendor < all->n; a->i_vendor++, a->i_op = 0) {
        const struct vendor *v = &all->items[a->i_vendor];
        struct str operation;
        a->op = v->polls ? saas_poll_operation(v->connector, a->i_op, &operation) : NULL;
        if (!a->op)
            continue;
        ask_of(a, v, operation);
        return;
    }
    if (a->n)
        log_at(LOG_INFO, "prices_taken_up", "n=%zu", a->n);
}

void poller_take_up(struct poller *p)
{
    check(!p->again);
    if (p->w->shared->limits->polls_max == 0 || !(p->again = calloc(1, sizeof(*p->again))))
        return;
    p->again->p = p;
    ask_of_next(p->again);
}

void poll_again_free(struct poll_again *a)
{
    if (!a)
        return;
    buf_deinit(&a->ask.json);
    free(a);
}
