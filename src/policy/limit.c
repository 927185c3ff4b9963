/*
 * policy/limit.c - from a limit and the facts to a need: counter, bucket, whose it is, and when it starts again.
 *
 * Counter names are kept for years in stores, so their form is fixed (call/counter.h). A sliding window is written with
 * its length, and a calendar one with its zone, so that another length or zone counts from nothing: sliding:1m,
 * day:Europe/Berlin. A prefix tells test from live mode. In a bucket's name, values are written so that no value can
 * pass for two: what separates is written as %XX, and so is the one value "-", which otherwise says that there is none.
 */
#include "policy/policy_impl.h"

#include <string.h>

#include "base/err.h"
#include "call/counter.h"

#define TEST "test:" /* before a counter's name in test mode: its calls have counters of their own */

bool is_model_call(const struct facts *f)
{
    return str_eq(f->layer, STR("llm"));
}

bool limit_counts_like(const struct limit *a, const struct limit *b)
{
    return a->meter == b->meter && memcmp(a->currency, b->currency, CURRENCY_BYTES) == 0;
}

static struct str by_list(unsigned by, struct arena *a)
{
    struct str list = STR_NONE;
    for (enum by b = 0; b < BY_COUNT; b++)
        if (by & 1u << b)
            list = list.n ? arena_printf(a, STR_FMT "," STR_FMT, STR_ARG(list), STR_ARG(by_text(b))) : by_text(b);
    return list;
}

void limit_name_counter(struct limit *l, struct str document, struct arena *a)
{
    char text[WINDOW_TEXT_BYTES], meter_name[METER_TEXT_BYTES];
    struct str meter = meter_text(l->meter, l->currency, meter_name),
               window = window_text(l->window, l->sliding_ns, zone_name(l->zone), text);
    l->test_counter = document.n ? arena_printf(a, TEST STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT,
                                                STR_ARG(document), STR_ARG(l->id), STR_ARG(meter), STR_ARG(window),
                                                STR_ARG(by_list(l->by, a)))
                                 : arena_printf(a, TEST "key/" STR_FMT "/" STR_FMT, STR_ARG(meter), STR_ARG(window));
    l->counter = str_sub(l->test_counter, sizeof TEST - 1, SIZE_MAX);
}

void limit_name_runs(struct limit *runs, const struct limit *l, struct str document, struct arena *a)
{
    runs->id = arena_printf(a, STR_FMT ".runs", STR_ARG(l->id));
    limit_name_counter(runs, document, a);
}

static bool find(const struct limit *limits, size_t n, struct str id, struct limit_terms *ret)
{
    for (size_t i = 0; i < n; i++) {
        const struct limit *l = &limits[i];
        if (!str_eq(l->id, id))
            continue;
        *ret = (struct limit_terms){.counter = l->counter, .meter = l->meter, .window = l->window, .max = l->max};
        memcpy(ret->currency, l->currency, sizeof ret->currency);
        return true;
    }
    return false;
}

bool policy_limit_at(const struct policy *p, size_t i, struct str *ret_id, struct limit_terms *ret)
{
    if (i >= p->n_limits)
        return false;
    *ret_id = p->limits[i].id;
    return find(&p->limits[i], 1, *ret_id, ret);
}

bool policy_limit_find(const struct policy *p, struct str id, struct limit_terms *ret)
{
    return find(p->limits, p->n_limits, id, ret);
}

bool key_limits_find(const struct key_limits *k, struct str id, struct limit_terms *ret)
{
    return k && find(k->limits, k->n, id, ret);
}

/*
 * The parts of one `by` value: a run is one of a tenant and an agent; a tree of runs one of a tenant, since its agents
 * differ; everything else is itself.
 */
static size_t value_parts(const struct facts *f, enum by b, struct str parts[3])
{
    size_t n = 0;
    if (b == BY_RUN || b == BY_ROOT_RUN)
        parts[n++] = f->tenant;
    if (b == BY_RUN)
        parts[n++] = f->agent;
    parts[n++] = by_value(f, b);
    return n;
}

static int bucket_name(unsigned by, const struct facts *f, struct arena *a, struct str *ret)
{
    struct str parts[3];
    size_t room = 1;
    for (unsigned left = by; left; left &= left - 1) {
        enum by b = (enum by)__builtin_ctz(left);
        size_t n = value_parts(f, b, parts);
        room += by_text(b).n + 2;
        for (size_t i = 0; i < n; i++)
            room += BUCKET_VALUE_BYTES(parts[i]) + 1;
    }
    char *start = arena_try_alloc(a, room), *p = start;
    if (!p)
        return err_trace(-ERR_TOO_LARGE);
    for (unsigned left = by; left; left &= left - 1) {
        enum by b = (enum by)__builtin_ctz(left);
        if (p > start)
            *p++ = ',';
        memcpy(p, by_text(b).p, by_text(b).n);
        p += by_text(b).n;
        *p++ = '=';
        size_t n = value_parts(f, b, parts);
        for (size_t i = 0; i < n; i++) {
            if (i > 0)
                *p++ = '/';
            p = bucket_value_put(p, parts[i]);
        }
    }
    *ret = p > start ? (struct str){start, (size_t)(p - start)} : STR("-");
    return 0;
}

/* Tenants, customers and operations' subjects may be persons: sentences stay in records for good, so they name none. */
static struct str whose_part(enum by b, const struct facts *f, struct arena *a)
{
    struct str value = by_value(f, b);
    if (value.n == 0)
        return arena_join(a, (struct str[]){STR("calls without a "), by_text(b)}, 2);
    if (b == BY_TENANT || b == BY_CUSTOMER)
        return arena_join(a, (struct str[]){STR("this "), by_text(b)}, 2);
    if (b == BY_ROOT_RUN)
        return arena_join(a, (struct str[]){STR("the tree of run "), value}, 2);
    return arena_join(a, (struct str[]){by_text(b), STR(" "), value}, 3);
}

struct str need_whose(const struct limit_need *need, const struct facts *f, struct arena *a)
{
    struct str text = STR_NONE;
    for (enum by b = 0; b < BY_COUNT; b++) {
        if (!(need->by & 1u << b))
            continue;
        struct str part = whose_part(b, f, a);
        text = text.n ? arena_printf(a, STR_FMT ", " STR_FMT, STR_ARG(text), STR_ARG(part)) : part;
    }
    return text.n ? text : STR("everyone");
}

static int bucket_of(struct deciding *d, unsigned by, struct str *ret)
{
    struct need_parts *parts = &d->parts;
    for (size_t i = 0; i < parts->n_buckets; i++) {
        if (parts->buckets[i].by != by)
            continue;
        *ret = parts->buckets[i].name;
        return 0;
    }
    int r = bucket_name(by, d->f, d->a, ret);
    if (r == 0 && parts->n_buckets < NEED_PARTS_MAX)
        parts->buckets[parts->n_buckets++] = (struct named_bucket){by, *ret};
    return r;
}

static struct begun_window window_of(struct deciding *d, const struct limit *l)
{
    struct need_parts *parts = &d->parts;
    for (size_t i = 0; i < parts->n_windows; i++) {
        const struct begun_window *w = &parts->windows[i];
        if (w->window == l->window && w->sliding_ns == l->sliding_ns && w->zone == l->zone)
            return *w;
    }
    struct begun_window w = {.window = l->window, .sliding_ns = l->sliding_ns, .zone = l->zone};
    w.start = window_start(l->window, l->sliding_ns, l->zone, d->f->now);
    w.end = window_end(l->window, l->sliding_ns, l->zone, w.start);
    if (parts->n_windows < NEED_PARTS_MAX)
        parts->windows[parts->n_windows++] = w;
    return w;
}

int limit_need(const struct limit *l, struct deciding *d, int64_t n, struct limit_need *ret)
{
    struct str bucket;
    int r = bucket_of(d, l->by, &bucket);
    if (r < 0)
        return err_trace(r);
    const struct begun_window w = window_of(d, l);
    *ret = (struct limit_need){
        .id = l->id,
        .counter = d->f->mode == MODE_TEST ? l->test_counter : l->counter,
        .bucket = bucket,
        .by = l->by,
        .meter = l->meter,
        .window = l->window,
        .sliding_ns = l->sliding_ns,
        .zone = l->zone,
        .window_start = w.start,
        .resets_at = w.end,
        .max = l->max,
        .n = n,
        .soft = l->soft,
    };
    memcpy(ret->currency, l->currency, sizeof ret->currency);
    return 0;
}
