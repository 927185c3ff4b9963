/*
 * How fast the SQLite store applies, starts and answers. Prints figures; fails only when a call is lost.
 *   bench_store DIR [calls, 200000] [frames a batch, 512]
 */
#include "story.h"

#include "base/rand.h"
#include "store/sqlite/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* One call that opens and closes, as most do within a batch; runs of about 50 calls. */
static void one_call(struct story *s, struct rng *r, size_t i)
{
    static const char *const agents[] = {"refunds", "billing", "mailer", "support"}, *const keys[] = {"k1", "k2", "k3",
                                                                                                      "k4"};
    char run[32], bucket[48];
    struct story_call c = story_call();
    size_t a = rng_below(r, 4);
    snprintf(run, sizeof run, "run-%zu", i / 200 * 4 + a);
    snprintf(bucket, sizeof bucket, "agent=%s", agents[a]);
    c.run_id = run;
    c.agent = agents[a];
    c.key = keys[a];
    c.limits[0] =
        (struct story_limit){"default/daily/usd/day/agent", bucket, "usd", "day", wall_day_start(s->now), c.held};
    c.limits[1] = (struct story_limit){"default/slots/concurrent/instant/agent", bucket, "concurrent", "instant", 0, 1};
    c.n_limits = 2;
    uint64_t open = story_open(s, &c, NULL);
    struct story_close end = {.open_seq = open,
                              .outcome = "settled",
                              .settled = 4750000000,
                              .n_moves = 2,
                              .moves = {{open, 0, c.held, 4750000000}, {open, 1, 1, 0}}};
    story_close(s, &end);
}

static void apply(struct store *store, size_t n_calls, size_t n_batch)
{
    struct story s;
    struct rng r;
    size_t n_frames = 0, bytes = 0;
    double wall = 0, cpu = 0;
    story_init(&s);
    rng_seeded_init(&r, 1);
    for (size_t i = 0; i < n_calls; i++) {
        one_call(&s, &r, i);
        if (s.seq - n_frames < n_batch && i + 1 < n_calls)
            continue;
        double w = seconds(), c = cpu_seconds();
        if (store->ops->apply(store, s.frames + n_frames, s.seq - n_frames) < 0)
            abort();
        wall += seconds() - w;
        cpu += cpu_seconds() - c;
        for (; n_frames < s.seq; n_frames++)
            bytes += s.frames[n_frames].body.n + s.frames[n_frames].personal.n;
        arena_reset(&s.arena);
    }
    printf("apply: %zu calls in batches of %zu frames, %zu bytes a call\n", n_calls, n_batch, bytes / n_calls);
    printf("  %.0f calls/s of one core, %.0f calls/s of wall time, %.1f us a call\n", (double)n_calls / cpu,
           (double)n_calls / wall, cpu / (double)n_calls * 1e6);
    story_deinit(&s);
}

static int on_counter(void *ctx, const struct counter_row *r) { return 0; }
static int on_open(void *ctx, const struct open_row *r) { return 0; }
static int on_state(void *ctx, const struct state_row *r) { return 0; }

static void ask(struct store_reader *r, struct store *store, const char *what, struct query q)
{
    struct buf json;
    buf_init(&json, (size_t)1 << 30);
    double t = seconds();
    if (store->ops->ask(r, &q, &json) < 0)
        abort();
    printf("  %-40s %8.2f ms, %zu bytes\n", what, (seconds() - t) * 1e3, json.n);
    buf_deinit(&json);
}

static void questions(struct store *store)
{
    struct store_reader *r;
    if (store->ops->reader_new(store, &r) < 0)
        abort();
    printf("ask:\n");
    ask(r, store, "100 newest calls", (struct query){.kind = QUERY_CALLS, .rows_max = 100});
    ask(r, store, "1,000 newest calls of an agent",
        (struct query){.kind = QUERY_CALLS, .agent = STR("billing"), .rows_max = 1000});
    ask(r, store, "100 calls of a run", (struct query){.kind = QUERY_RUN, .run = STR("run-77"), .rows_max = 100});
    ask(r, store, "unknown calls", (struct query){.kind = QUERY_CALLS, .outcome = STR("unknown"), .rows_max = 100});
    ask(r, store, "a window nobody called in",
        (struct query){.kind = QUERY_CALLS,
                       .since = STORY_START - 20 * NS_PER_S,
                       .until = STORY_START - NS_PER_S,
                       .rows_max = 100});
    ask(r, store, "100 newest runs", (struct query){.kind = QUERY_RUNS, .rows_max = 100});
    ask(r, store, "spend", (struct query){.kind = QUERY_SPEND, .rows_max = 10000});
    ask(r, store, "spend of an operation, from calls",
        (struct query){.kind = QUERY_SPEND, .operation = STR("stripe.refunds.create")});
    ask(r, store, "500 frames for audit", (struct query){.kind = QUERY_AUDIT, .after_seq = 1000, .rows_max = 500});
    store->ops->reader_free(r);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "bench_store DIR [calls] [frames a batch]\n");
        return 2;
    }
    char path[512];
    size_t n_calls = argc > 2 ? strtoul(argv[2], NULL, 10) : 200000,
           n_batch = argc > 3 ? strtoul(argv[3], NULL, 10) : 512;
    struct store *store;
    struct store_loader to = {on_counter, on_open, on_state, NULL};
    snprintf(path, sizeof path, "%s/store.db", argv[1]);
    if (store_sqlite_open(str_c(path), &store) < 0)
        return 1;
    apply(store, n_calls, n_batch);
    store->ops->close(store);
    double t = seconds();
    if (store_sqlite_open(str_c(path), &store) < 0)
        return 1;
    double opened = seconds() - t;
    if (store->ops->load(store, STORY_START, &to) < 0)
        return 1;
    printf("start: open %.2f ms, load %.2f ms\n", opened * 1e3, (seconds() - t - opened) * 1e3);
    questions(store);
    store->ops->close(store);
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("memory: %ld KiB at most\n", u.ru_maxrss);
    return 0;
}
