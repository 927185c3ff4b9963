/*
 * proxy/take_up.c - the questions to the store, and what is done with each row.
 */
#include "proxy/take_up.h"

#include "base/log.h"
#include "codec/hex.h"
#include "codec/json_read.h"
#include "proxy/poll_impl.h"

#include <stdlib.h>

#define ANSWER_BYTES_MAX (64u << 20)
#define ANSWER_MEMORY_BYTES_MAX (512u << 20)
#define ANSWER_DEPTH_MAX 16

struct take_up {
    struct worker *w;
    size_t i_kind, i_vendor, i_op; /* that is asked for */
    const struct operation *op; /* NULL: any */
    int64_t policies_ms; /* how far back policies look for the same request; 0: they do not */
    struct ask ask;
    size_t n;
};

/* --- prices ------------------------------------------------------------------------------------------------------- */

/* The limits on dollars that it counts on, but for those of the call alone, which have no counter. */
static void read_needs(struct poll *it, struct json row)
{
    struct json limits = json_get(row, STR("limits")), limit;
    money_t usd;
    bool is_priced = money_parse(json_text_of(json_path(row, STR("settled.usd"))), &usd) == 0;
    size_t i = 0;
    it->needs = arena_alloc(&it->arena, (json_len(limits) + 1) * sizeof(*it->needs));
    for (struct json_iter each = json_each(limits); json_next(&each, NULL, &limit); i++) {
        int64_t n = json_i64_of(json_get(limit, STR("n")));
        if (!str_eq(json_text_of(json_get(limit, STR("meter"))), STR("usd")) || n == 0 ||
            str_eq(json_text_of(json_get(limit, STR("window"))), STR("call")))
            continue;
        it->needs[it->n_needs++] = (struct correction_need){
            .i = i,
            .counter = arena_str(&it->arena, json_text_of(json_get(limit, STR("counter")))),
            .bucket = arena_str(&it->arena, json_text_of(json_get(limit, STR("bucket")))),
            .window_start = json_i64_of(json_get(limit, STR("window_start"))),
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

static bool priced_later(struct take_up *t, const struct vendor *v, struct str *ret_name)
{
    t->op = v->polls ? saas_poll_operation(v->connector, t->i_op, ret_name) : NULL;
    return t->op != NULL;
}

/* Twice the last time of the connector: older ones stay as they are. */
static int64_t prices_back_ms(const struct take_up *t)
{
    int64_t ms = 0;
    for (size_t i = 0; saas_poll_after(t->op, i, &ms); i++)
        ;
    return 2 * ms;
}

static void take_up_price(struct take_up *t, const struct vendor *v, struct json row, wall_t now)
{
    wall_t ended_at = now;
    struct poll *it =
        poll_new(t->w->poller, v, t->op, json_text_of(json_get(row, STR("poll"))),
                 json_text_of(json_get(row, STR("call_id"))), (uint64_t)json_i64_of(json_get(row, STR("seq"))));
    if (!it)
        return;
    (void)wall_parse(json_text_of(json_get(row, STR("ended_at"))), &ended_at);
    rng_fill(t->w->rng, it->salt, sizeof(it->salt));
    read_needs(it, row);
    go_on(it, (now - ended_at) / NS_PER_MS);
}

/* --- duplicates --------------------------------------------------------------------------------------------------- */

/* Where policies look for them too, any operation may have some: one question is about all. */
static bool with_duplicates(struct take_up *t, const struct vendor *v, struct str *ret_name)
{
    *ret_name = STR_NONE;
    t->op = t->policies_ms ? NULL : saas_duplicate_operation(v->connector, t->i_op, ret_name);
    return t->policies_ms ? t->i_op == 0 : t->op != NULL;
}

/* As long as a key of the request's own counts, or a policy looks back; each row has its own window. */
static int64_t duplicates_back_ms(const struct take_up *t)
{
    int64_t keys_ms = t->w->shared->limits->idempotency_keep_ms;
    return t->policies_ms > keys_ms ? t->policies_ms : keys_ms;
}

static void take_up_duplicate(struct take_up *t, const struct vendor *v, struct json row, wall_t now)
{
    struct json said = json_get(row, STR("duplicate"));
    struct duplicate d = {.window_ms = json_i64_of(json_get(said, STR("window_ms")))};
    d.has_retry_key = hex_decode(json_text_of(json_get(said, STR("key"))), d.retry_key, sizeof(d.retry_key)) == 0;
    wall_t at = 0;
    (void)v;
    if (wall_parse(json_text_of(json_get(row, STR("started_at"))), &at) < 0 || at + d.window_ms * NS_PER_MS <= now ||
        hex_decode(json_text_of(json_get(said, STR("digest"))), d.digest, sizeof(d.digest)) < 0)
        return;
    core_duplicate_learned(t->w->shared->core, &d, json_text_of(json_get(row, STR("call_id"))), at);
}

/* --- the questions ------------------------------------------------------------------------------------------------ */

static const struct kind {
    enum query_kind query;
    bool (*operation)(struct take_up *t, const struct vendor *v, struct str *ret_name); /* the next; false: no more */
    int64_t (*back_ms)(const struct take_up *t);
    void (*row)(struct take_up *t, const struct vendor *v, struct json row, wall_t now);
} kinds[] = {{QUERY_DUPLICATES, with_duplicates, duplicates_back_ms, take_up_duplicate},
             {QUERY_POLLS, priced_later, prices_back_ms, take_up_price}};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void ask_of_next(struct take_up *t);

/* The oldest first: where there is no room for all, the newest stay. */
static void read_answer(struct take_up *t)
{
    struct arena arena;
    struct json rows;
    const struct vendor *v = &t->w->shared->vendors->items[t->i_vendor];
    wall_t now = loop_wall(t->w->loop);
    arena_init(&arena, ANSWER_MEMORY_BYTES_MAX);
    if (t->ask.result < 0 || json_parse(&arena, buf_str(&t->ask.json), ANSWER_DEPTH_MAX, &rows) < 0) {
        log_at(LOG_WARN, "not_taken_up", "vendor=" STR_FMT " reason=\"the store did not say\"", STR_ARG(v->name));
    } else {
        for (size_t i = json_len(rows); i > 0; i--)
            kinds[t->i_kind].row(t, v, json_at(rows, i - 1), now);
        t->n += json_len(rows);
    }
    arena_deinit(&arena);
}

static void on_answer(void *ctx)
{
    struct take_up *t = ctx;
    read_answer(t);
    buf_deinit(&t->ask.json);
    t->i_op++;
    ask_of_next(t);
}

static void ask_of(struct take_up *t, const struct vendor *v, struct str operation)
{
    const struct kind *kind = &kinds[t->i_kind];
    const struct limits *limits = t->w->shared->limits;
    wall_t now = loop_wall(t->w->loop), back = kind->back_ms(t) * NS_PER_MS;
    t->ask = (struct ask){.q = {.kind = kind->query,
                                .vendor = v->name,
                                .operation = operation,
                                .since = now > back ? now - back : 1,
                                .rows_max = kind->query == QUERY_POLLS ? limits->polls_max : limits->duplicates_max},
                          .box = &t->w->loop->box,
                          .done = {on_answer, t}};
    buf_init(&t->ask.json, ANSWER_BYTES_MAX);
    core_ask(t->w->shared->core, &t->ask);
}

/* True: asked. False: the vendor has no more such operations. */
static bool ask_of_vendor(struct take_up *t, const struct vendor *v)
{
    struct str operation;
    bool is_there = kinds[t->i_kind].operation(t, v, &operation);
    if (is_there)
        ask_of(t, v, operation);
    return is_there;
}

static void ask_of_next(struct take_up *t)
{
    const struct vendors *all = t->w->shared->vendors;
    for (; t->i_kind < N_KINDS; t->i_kind++, t->i_vendor = 0)
        for (; t->i_vendor < all->n; t->i_vendor++, t->i_op = 0)
            if (ask_of_vendor(t, &all->items[t->i_vendor]))
                return;
    if (t->n)
        log_at(LOG_INFO, "taken_up", "records=%zu", t->n);
}

struct take_up *take_up_begin(struct worker *w)
{
    struct take_up *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->w = w;
    t->policies_ms = core_duplicates_back_ms(w->shared->core);
    ask_of_next(t);
    return t;
}

void take_up_free(struct take_up *t)
{
    if (!t)
        return;
    buf_deinit(&t->ask.json);
    free(t);
}
