/*
 * bench/plan.c - a plan over a day of a million recorded calls in the SQLite store, with three changes planted in the
 * document: how many calls a second one core replays, and whether the report says exactly what was planted.
 *   bench_plan DIR [calls, 1000000]
 * Exit 1 when it is slower than CALLS_PER_S_MIN or a number is wrong.
 */
#include "traffic.h"

#include "codec/json_read.h"
#include "replay/plan.h"
#include "store/sqlite/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALLS_PER_S_MIN 50000
#define BATCH 512

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Frames on their way into the store, and what the planted changes must come to. */
struct filling {
    struct store *store;
    struct arena arena;
    struct frame frames[BATCH];
    size_t n;
};

static void flush(struct filling *x)
{
    if (x->n && x->store->ops->apply(x->store, x->frames, x->n) < 0)
        abort();
    x->n = 0;
    arena_reset(&x->arena);
}

static int on_frame(void *ctx, const struct frame *f)
{
    struct filling *x = ctx;
    struct frame *to = &x->frames[x->n++];
    *to = *f;
    to->body = arena_str(&x->arena, f->body);
    to->personal = arena_str(&x->arena, f->personal);
    if (x->n == BATCH)
        flush(x);
    return 0;
}

static void fill(struct store *store, size_t n_calls)
{
    static struct filling x;
    struct traffic t;
    x.store = store;
    arena_init(&x.arena, 64u << 20);
    traffic_init(&t, TRAFFIC_DAY_DOCUMENT, on_frame, &x);
    for (size_t i = 0; i < n_calls; i++)
        traffic_day_call(&t, i, n_calls);
    flush(&x);
    traffic_deinit(&t);
    arena_deinit(&x.arena);
}

/* The document with one text in the place of another. */
static char *planted(const char *document, const char *before, const char *after)
{
    const char *at = strstr(document, before);
    char *s = malloc(strlen(document) + strlen(after) + 1);
    if (!at || !s)
        abort();
    sprintf(s, "%.*s%s%s", (int)(at - document), document, after, at + strlen(before));
    return s;
}

static int to_plan(void *ctx, const struct frame *f) { return plan_frame(ctx, f); }

struct counting {
    uint64_t permitted, denied;
    money_t usd_permitted;
};

/* What must come out, counted from the frames by hand: refunds up to 60.00 more, no text messages, no other model. */
static int count(void *ctx, const struct frame *f)
{
    struct counting *c = ctx;
    struct arena a;
    struct json body;
    if (f->kind != FRAME_OPEN)
        return 0;
    arena_init(&a, 1u << 20);
    if (json_parse_own(&a, f->body, &body) < 0)
        abort();
    struct str operation = json_text_of(json_get(body, STR("operation")));
    bool is_permitted = str_eq(json_text_of(json_get(body, STR("verdict"))), STR("permit"));
    money_t usd = 0;
    (void)money_parse(json_text_of(json_get(json_get(body, STR("predicted")), STR("usd"))), &usd); /* or 0 */
    if (str_eq(operation, STR("stripe.refunds.create")) && !is_permitted) {
        c->permitted++;
        c->usd_permitted += usd;
    }
    c->denied += is_permitted && str_eq(operation, STR("twilio.messages.create"));
    arena_deinit(&a);
    return 0;
}

static int walk(struct store_reader *r, struct store *s, int (*on)(void *ctx, const struct frame *f), void *ctx)
{
    return s->ops->walk(r, 0, 0, SIZE_MAX, on, ctx);
}

static int64_t number(struct json report, const char *path)
{
    return json_i64_of(json_path(report, str_c(path)));
}

static bool report(struct plan *p, const struct counting *want, size_t n_calls)
{
    struct arena a;
    struct buf b;
    struct json j;
    money_t usd = 0;
    arena_init(&a, 64u << 20);
    buf_init(&b, 64u << 20);
    if (plan_json(p, &b) < 0 || json_parse(&a, buf_str(&b), 16, &j) < 0)
        abort();
    (void)money_parse(json_text_of(json_path(j, STR("permitted.usd"))), &usd); /* compared below */
    bool is_right = number(j, "calls") == (int64_t)n_calls && number(j, "replayed") == (int64_t)n_calls &&
                    number(j, "recorded_otherwise") == 0 &&
                    number(j, "permitted.calls") == (int64_t)want->permitted && usd == want->usd_permitted &&
                    number(j, "denied.calls") == (int64_t)want->denied && number(j, "asked.calls") == 0;
    printf("  permitted %lld (want %lld), denied %lld (want %lld), asked %lld, recorded otherwise %lld: %s\n",
           (long long)number(j, "permitted.calls"), (long long)want->permitted,
           (long long)number(j, "denied.calls"), (long long)want->denied, (long long)number(j, "asked.calls"),
           (long long)number(j, "recorded_otherwise"), is_right ? "as planted" : "WRONG");
    buf_deinit(&b);
    arena_deinit(&a);
    return is_right;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "bench_plan DIR [calls]\n");
        return 2;
    }
    size_t n_calls = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;
    char path[4096];
    struct store *store;
    struct store_reader *r;
    struct plan *p;
    struct counting want = {0};
    snprintf(path, sizeof path, "%s/plan.db", argv[1]);
    if (store_sqlite_open(str_c(path), &store) < 0 || store->ops->reader_new(store, &r) < 0)
        return 1;
    fill(store, n_calls);

    /* Planted: refunds of 60 instead of 50 dollars, a higher cap of a customer, and no text messages. */
    char *one = planted(TRAFFIC_DAY_DOCUMENT, "<= 5000", "<= 6000"), *two = planted(one, "\"500.00\"", "\"5000.00\"");
    char *three = planted(two, "effect: permit, match: {operation: [twilio.messages.create]}",
                          "effect: forbid, match: {operation: [twilio.messages.create]}");
    struct policy *old = traffic_policy(TRAFFIC_DAY_DOCUMENT), *new = traffic_policy(three);
    struct plan_options o = {.old = old, .new = new, .changed_max = 100, .buckets_max = 4u << 20};
    if (walk(r, store, count, &want) < 0 || plan_new(&o, &p) < 0)
        return 1;
    double from = cpu_seconds();
    if (walk(r, store, to_plan, p) < 0)
        return 1;
    double took = cpu_seconds() - from, rate = (double)n_calls / took;
    printf("plan: %zu recorded calls in %.1f s of one core, %.0f calls/s (at least %d)\n", n_calls, took, rate,
           CALLS_PER_S_MIN);
    bool is_right = report(p, &want, n_calls);
    plan_free(p);
    policy_unref(old);
    policy_unref(new);
    store->ops->reader_free(r);
    store->ops->close(store);
    free(one);
    free(two);
    free(three);
    return is_right && rate >= CALLS_PER_S_MIN ? 0 : 1;
}
