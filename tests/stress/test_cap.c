/*
 * tests/stress/test_cap.c - 1,000 clients at once against a cap worth exactly k: k calls reach the vendor, never one
 * more, and none is refused while there is room; counters equal what the vendor saw, and nothing stays held.
 *
 * Five limits of different windows and buckets overlap; each in turn is the one that binds. Buckets are new each time.
 *
 *   test_cap [REPETITIONS]     repetitions with clients that leave at random moments (default 20; 100 in the long form)
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CROWD 1000

static const char *const limit_names[] = {"a-day", "b-month", "c-life", "d-run", "e-vendor"};

/* Limit `tight` is worth k dollars, the others more. */
static void put_policy(struct rig *r, size_t tight, int k, int round)
{
    static const char *const windows[] = {"{calendar: day}", "{calendar: month}", "{lifetime: true}", "{run: true}",
                                          "{calendar: day}"};
    static const char *const by[] = {"[agent]", "[key]", "[tenant]", "[run]", "[vendor, agent]"};
    char text[4096];
    int n =
        snprintf(text, sizeof(text),
                 "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: default, version: %d}\nmode: enforce\n"
                 "defaults: {effect: deny, on_error: deny, currency: USD, tz: UTC}\n"
                 "rules:\n  - {id: refunds, effect: permit, match: {operation: [stripe.refunds.create]}}\nlimits:\n",
                 round + 1);
    for (size_t i = 0; i < 5; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n,
                      "  - {id: %s, meter: usd, max: \"%d.00\", window: %s, by: %s, match: {class: [money_out]}, "
                      "on_exceed: deny}\n",
                      limit_names[i], i == tight ? k : k + 400, windows[i], by[i]);
    rig_policy(r, text);
}

static void wait_quiet(struct rig *r)
{
    int64_t settled, held;
    for (int i = 0; i < 20000; i++) {
        rig_standing(r, NULL, &settled, &held);
        if (held == 0)
            return;
        usleep(2000);
    }
    check(!"holds did not return to 0");
}

static void one(struct rig *r, int k, size_t tight, int round, unsigned abort_percent)
{
    char agent[32], tenant[32], run[32], part[64];
    int64_t settled, held;
    snprintf(agent, sizeof(agent), "agent%d", round);
    snprintf(tenant, sizeof(tenant), "tenant%d", round);
    snprintf(run, sizeof(run), "run%d", round);
    put_policy(r, tight, k, round);
    struct key_text key = rig_key(r, agent, tenant);
    uint64_t before = atomic_load(&r->vendor.n_seen);
    int64_t settled_before, settled_after;
    snprintf(part, sizeof(part), "/%s/", limit_names[tight]);
    rig_standing(r, part, &settled_before, &held);
    struct crowd_result res = rig_crowd(r, &(struct crowd){.key = key.text, .run = run, .n = CROWD, .cents = 100,
                                                           .abort_percent = abort_percent, .seed = (uint64_t)round});
    wait_quiet(r);
    uint64_t seen = atomic_load(&r->vendor.n_seen) - before;
    rig_standing(r, part, &settled_after, &held);
    settled = (settled_after - settled_before) / MONEY_PER_USD;
    printf("k=%-3d tight=%-8s aborts=%u%% seen=%llu ok=%llu refused=%llu other=%llu gone=%llu settled=%lld held=%lld "
           "slowest=%lldms\n",
           k, limit_names[tight], abort_percent, (unsigned long long)seen, (unsigned long long)res.n_ok,
           (unsigned long long)res.n_refused, (unsigned long long)res.n_other, (unsigned long long)res.n_reset,
           (long long)settled, (long long)held, (long long)res.slowest_us / 1000);
    check(held == 0);
    check((uint64_t)settled == seen);
    check(seen <= (uint64_t)k);
    check(res.n_ok + res.n_refused + res.n_other + res.n_reset == CROWD);
    if (abort_percent == 0) {
        check(seen == (uint64_t)k && res.n_ok == (uint64_t)k);
        check(res.n_refused == CROWD - (uint64_t)k && res.n_other == 0 && res.n_reset == 0);
    }
}

int main(int argc, char **argv)
{
    static const int worth[] = {0, 1, 37, 100};
    int repetitions = argc > 1 ? atoi(argv[1]) : 20, round = 0, n_passed = 0;
    struct rig *r = calloc(1, sizeof(*r));
    check(r != NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    rig_start(r);
    for (size_t i = 0; i < 4; i++)
        for (size_t tight = 0; tight < 5; tight++, n_passed++)
            one(r, worth[i], tight, round++, 0);
    for (int i = 0; i < repetitions; i++, n_passed++)
        one(r, worth[1 + i % 3], (size_t)i % 5, round++, 30);
    rig_drain(r);
    struct buf differs;
    buf_init(&differs, 1u << 20);
    check(r->store->ops->rebuild(r->store, &differs) == 0); /* counters equal the frames */
    buf_deinit(&differs);
    rig_stop(r);
    free(r);
    printf("%d passed, 0 failed\n", n_passed);
    return 0;
}
