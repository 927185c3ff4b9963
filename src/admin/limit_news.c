/*
 * admin/limit_news.c - see limit_news.h. What a counter is of stands in its name (policy/limit.c).
 */
#include "admin/limit_news.h"

#include "admin/limits_view.h"
#include "base/err.h"
#include "call/counter.h"
#include "call/limit.h"
#include "codec/json_walk.h"

#include <string.h>

#define ARENA_BYTES_MAX (4u << 20)
#define COUNTERS_MAX 4096 /* of one answer: 200 calls with 20 limits each */

struct counter {
    struct list node;
    struct str counter, bucket;
    int64_t max;
};

void limit_news_init(struct limit_news *n)
{
    arena_init(&n->arena, ARENA_BYTES_MAX);
    map_init(&n->seen, COUNTERS_MAX, NULL);
    list_init(&n->counters);
}

void limit_news_deinit(struct limit_news *n)
{
    map_deinit(&n->seen);
    arena_deinit(&n->arena);
}

static int note(struct limit_news *n, const struct counter *from)
{
    struct str key = arena_join(&n->arena, (struct str[]){from->counter, STR("\0"), from->bucket}, 3);
    if (map_get(&n->seen, key))
        return 0;
    struct counter *c = arena_try_alloc(&n->arena, sizeof(*c));
    if (!c || map_put(&n->seen, key, c, NULL) < 0)
        return err_trace(-ERR_TOO_LARGE);
    *c = *from;
    c->counter = str_sub(key, 0, from->counter.n);
    c->bucket = str_sub(key, from->counter.n + 1, from->bucket.n);
    list_add_tail(&n->counters, &c->node);
    return 0;
}

static int read_counter(struct limit_news *n, struct str element, struct counter *ret)
{
    struct json_walk w;
    struct str name, value;
    int r;
    *ret = (struct counter){.max = -1};
    if (!json_walk(&w, element))
        return err_trace(-ERR_CORRUPT);
    while ((r = json_walk_next(&w, &name, &value)) > 0) {
        if (str_eq(name, STR("counter")))
            (void)json_raw_str(&n->arena, value, &ret->counter);
        else if (str_eq(name, STR("bucket")))
            (void)json_raw_str(&n->arena, value, &ret->bucket);
        else if (str_eq(name, STR("max")))
            (void)json_raw_i64(value, &ret->max);
    }
    return r < 0 || !ret->counter.n ? err_trace(-ERR_CORRUPT) : 0;
}

int limit_news_add(struct limit_news *n, struct str counters, struct str tenant)
{
    struct json_walk w;
    struct str name, element;
    struct counter c;
    int r = json_walk(&w, counters) ? 1 : -ERR_CORRUPT;
    while (r > 0 && (r = json_walk_next(&w, &name, &element)) > 0) {
        int e = read_counter(n, element, &c);
        if (e == 0 && (!tenant.n || bucket_is_of(c.bucket, tenant, NULL)))
            e = note(n, &c);
        if (e < 0)
            return e;
    }
    return err_trace(r);
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

/* What a counter counts, for whom. */
struct subject {
    struct counter_name name;
    struct str key; /* of a key's limit: its bucket names it first */
    enum limit_meter meter;
    char currency[CURRENCY_BYTES];
};

static bool read_name(struct str counter, struct str bucket, struct subject *ret)
{
    struct str first = bucket, rest;
    *ret = (struct subject){.key = STR_NONE};
    if (counter_name_parse(counter, &ret->name) < 0)
        return false;
    if (!ret->name.id.n) {
        (void)str_cut(bucket, ',', &first, &rest);
        (void)str_cut(first, '=', &rest, &ret->key);
        ret->name.id = ret->name.name;
    }
    return meter_parse(ret->name.meter, &ret->meter, ret->currency) == 0;
}

static void put_units(struct json_writer *w, struct str key, enum limit_meter meter, int64_t n)
{
    if (n < 0)
        jw_put_null(w, key);
    else
        limit_put_units(w, key, meter, n);
}

static int64_t left_of(const struct counter *c, const struct counter_state *s)
{
    if (c->max < 0)
        return -1;
    return s->settled > c->max || s->held > c->max - s->settled ? 0 : c->max - s->settled - s->held;
}

static void put_counter(struct json_writer *w, const struct counter *c, const struct subject *of,
                        const struct counter_state *s)
{
    char text[WALL_TEXT_BYTES];
    jw_object(w);
    jw_put_str_or_null(w, STR("policy"), of->name.document);
    jw_put_str_or_null(w, STR("key"), of->key);
    jw_put_str(w, STR("id"), of->name.id);
    jw_put_str(w, STR("meter"), of->name.meter);
    jw_put_str(w, STR("window"), of->name.window);
    jw_put_str(w, STR("mode"), of->name.is_test ? STR("test") : STR("live"));
    jw_put_str(w, STR("bucket"), c->bucket);
    put_units(w, STR("settled"), of->meter, s->settled);
    put_units(w, STR("held"), of->meter, s->held);
    put_units(w, STR("max"), of->meter, c->max);
    put_units(w, STR("left"), of->meter, left_of(c, s));
    jw_put_str_or_null(w, STR("resets_at"), s->resets_at ? wall_text(s->resets_at, text) : STR_NONE);
    jw_object_end(w);
}

void limit_news_tell(struct limit_news *n, struct core *core, void (*on)(void *ctx, struct str json), void *ctx)
{
    struct buf out;
    buf_init(&out, 65536);
    list_each(it, &n->counters) {
        const struct counter *c = list_entry(it, struct counter, node);
        struct subject of;
        struct counter_state state;
        struct json_writer w;
        if (!read_name(c->counter, c->bucket, &of) || !core_counter(core, c->counter, c->bucket, &state))
            continue;
        buf_reset(&out);
        jw_init(&w, &out);
        put_counter(&w, c, &of, &state);
        if (buf_ok(&out) == 0)
            on(ctx, buf_str(&out));
    }
    buf_deinit(&out);
}
