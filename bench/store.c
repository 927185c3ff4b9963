/*
 * bench/store.c - how fast the SQLite store takes calls, starts and answers, with a long history.
 *   bench_store DIR [calls, 1000000] [frames a batch, 512]
 * Exit 1 when an answer that has a limit took longer, or a call is lost. Each question is asked once cold in the
 * reader, as a person asks it.
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

/* Every call has ids of its own; runs have about 50 calls, and one has 10,000, a tenth of the calls of its time. */
#define LONG_RUN_CALLS 10000
#define FIND_MS_MAX 50
#define LIST_MS_MAX 200
#define RUN_MS_MAX 1000

struct ids {
    char trace[33], object[32], request[32], customer[32], key[48], charge[32];
};

static struct ids ids_of(size_t i)
{
    struct ids d;
    unsigned long long x = (i + 1) * 0x9e3779b97f4a7c15ULL;
    snprintf(d.trace, sizeof d.trace, "%016llx%016llx", x, x ^ (x >> 7));
    snprintf(d.object, sizeof d.object, "re_3%016llx", x);
    snprintf(d.request, sizeof d.request, "req_%016llx", x);
    snprintf(d.customer, sizeof d.customer, "cus_%zu", i % 50000);
    snprintf(d.key, sizeof d.key, "key-%016llx", x);
    snprintf(d.charge, sizeof d.charge, "ch_3%016llx", x);
    return d;
}

/* One call that opens and closes, as most do within a batch. */
static void one_call(struct story *s, struct rng *r, size_t i, size_t n_calls)
{
    struct ids d = ids_of(i);
    char params[96];
    static const char *const agents[] = {"refunds", "billing", "mailer", "support"}, *const keys[] = {"k1", "k2", "k3",
                                                                                                      "k4"};
    char run[32], bucket[48];
    struct story_call c = story_call();
    size_t a = rng_below(r, 4);
    snprintf(run, sizeof run, "run-%zu", i / 200 * 4 + a);
    if (i % 10 == 0 && i >= n_calls / 2 && i < n_calls / 2 + 10 * LONG_RUN_CALLS)
        snprintf(run, sizeof run, "run-long");
    snprintf(params, sizeof params, "{\"amount\":500,\"charge\":\"%s\",\"currency\":\"usd\"}", d.charge);
    snprintf(bucket, sizeof bucket, "agent=%s", agents[a]);
    c.run_id = run;
    c.agent = agents[a];
    c.key = keys[a];
    c.trace_id = d.trace;
    c.customer = d.customer;
    c.params = params;
    c.idempotency = d.key;
    c.limits[0] = (struct story_limit){"default/daily/usd/day/agent", bucket, wall_day_start(s->now), c.held};
    c.limits[1] = (struct story_limit){"default/slots/concurrent/instant/agent", bucket, 0, 1};
    c.n_limits = 2;
    uint64_t open = story_open(s, &c, NULL);
    struct story_close end = {.open_seq = open,
                              .outcome = "settled",
                              .settled = 4750000000,
                              .object = d.object,
                              .is_created = true,
                              .request_id = d.request,
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
        one_call(&s, &r, i, n_calls);
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

struct asker {
    struct store *store;
    struct store_reader *reader;
    bool has_failed;
};

/* ms_max 0: no limit. An empty answer where there is a limit is no answer. */
static void ask_within(struct asker *a, const char *what, struct query q, double ms_max)
{
    struct buf json;
    buf_init(&json, (size_t)1 << 30);
    double t = seconds(), cpu = cpu_seconds();
    if (a->store->ops->ask(a->reader, &q, &json) < 0)
        abort();
    double ms = (seconds() - t) * 1e3, cpu_ms = (cpu_seconds() - cpu) * 1e3;
    bool is_late = ms_max > 0 && (ms > ms_max || json.n < 3);
    a->has_failed |= is_late;
    printf("  %-40s %8.2f ms, %8.2f of a core, %zu bytes", what, ms, cpu_ms, json.n);
    if (ms_max > 0)
        printf(is_late ? "  NOT within %.0f ms" : "  (at most %.0f)", ms_max);
    printf("\n");
    buf_deinit(&json);
}

static void find_within(struct asker *a, const char *what, const char *id)
{
    char label[64];
    snprintf(label, sizeof label, "find %s", what);
    ask_within(a, label, (struct query){.kind = QUERY_FIND, .id = str_c(id)}, FIND_MS_MAX);
}

/* Of the oldest call: everything newer is looked through. */
static void finds(struct asker *a, size_t n_calls)
{
    struct ids old = ids_of(1), middle = ids_of(n_calls / 2);
    find_within(a, "a trace", old.trace);
    find_within(a, "an object", old.object);
    find_within(a, "a vendor's request", old.request);
    find_within(a, "an idempotency key", old.key);
    find_within(a, "an id in a request", old.charge);
    find_within(a, "an object in the middle", middle.object);
    find_within(a, "a customer", middle.customer);
    find_within(a, "a run", "run-77");
    find_within(a, "an agent", "billing");
    find_within(a, "a call", "01930000-1111-7222-8333-000000000001");
    ask_within(a, "find what is not there", (struct query){.kind = QUERY_FIND, .id = STR("re_nothing")}, 0);
}

static bool questions(struct store *store, size_t n_calls)
{
    struct asker asker = {.store = store}, *r = &asker;
    if (store->ops->reader_new(store, &asker.reader) < 0)
        abort();
    printf("ask:\n");
    ask_within(r, "the first page: 100 calls", (struct query){.kind = QUERY_CALLS, .rows_max = 100}, LIST_MS_MAX);
    ask_within(r, "a run of 10,000 calls",
               (struct query){.kind = QUERY_RUN, .run = STR("run-long"), .rows_max = LONG_RUN_CALLS},
               RUN_MS_MAX);
    finds(r, n_calls);
    ask_within(r, "1,000 newest calls of an agent",
        (struct query){.kind = QUERY_CALLS, .agent = STR("billing"), .rows_max = 1000}, 0);
    ask_within(r, "100 calls of a run", (struct query){.kind = QUERY_RUN, .run = STR("run-77"), .rows_max = 100}, 0);
    ask_within(r, "unknown calls", (struct query){.kind = QUERY_CALLS, .outcome = STR("unknown"), .rows_max = 100}, 0);
    ask_within(r, "a window nobody called in",
        (struct query){.kind = QUERY_CALLS,
                       .since = STORY_START - 20 * NS_PER_S,
                       .until = STORY_START - NS_PER_S,
                       .rows_max = 100}, 0);
    ask_within(r, "100 newest runs", (struct query){.kind = QUERY_RUNS, .rows_max = 100}, 0);
    ask_within(r, "spend", (struct query){.kind = QUERY_SPEND, .rows_max = 10000}, 0);
    ask_within(r, "spend of an operation, from calls",
        (struct query){.kind = QUERY_SPEND, .operation = STR("stripe.refunds.create")}, 0);
    struct ids middle = ids_of(n_calls / 2);
    ask_within(r, "100 calls of a customer",
               (struct query){.kind = QUERY_CALLS, .customer = str_c(middle.customer), .rows_max = 100}, LIST_MS_MAX);
    ask_within(r, "calls of a customer nobody has",
               (struct query){.kind = QUERY_CALLS, .customer = STR("cus_nobody"), .rows_max = 100}, 0);
    ask_within(r, "calls with a status nobody got",
               (struct query){.kind = QUERY_CALLS, .status = 418, .rows_max = 100}, 0);
    ask_within(r, "200 frames for the feed",
               (struct query){.kind = QUERY_FEED, .after_seq = 1000, .rows_max = 200}, 0);
    ask_within(r, "500 frames for audit", (struct query){.kind = QUERY_AUDIT, .after_seq = 1000, .rows_max = 500}, 0);
    store->ops->reader_free(asker.reader);
    return !asker.has_failed;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "bench_store DIR [calls] [frames a batch]\n");
        return 2;
    }
    char path[512];
    size_t n_calls = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000,
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
    bool is_good = questions(store, n_calls);
    store->ops->close(store);
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("memory: %ld KiB at most\n", u.ru_maxrss);
    return is_good ? 0 : 1;
}
