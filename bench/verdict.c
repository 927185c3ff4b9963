/*
 * bench/verdict.c - how long a verdict takes: 50 rules (none, or 20, under conditions in CEL) and 10 limits, of which
 * five ask something of the call; then with as many more of both in shadow as N_SHADOW says. Prints median and p99 of
 * many single verdicts, and fails when a median is above BOUND_NS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "policy/policy.h"

#define ROUNDS 100000
#define BOUND_NS 10000
#define N_RULES 50
#define N_SHADOW 5

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Rules that match the call but for their condition, then rules of other operations, and one permit that holds. */
static void write_policy(struct buf *text, int n_when, int n_shadow)
{
    static const char *const conditions[] = {
        "params.amount > 20000 && params.currency == 'usd'", "params.currency in ['eur', 'gbp', 'chf']",
        "cost.estimate > usd('100.00')", "now.getHours('+01:00') < 7 || now.getDayOfWeek() == 0",
        "customer.id.startsWith('cus_vip') && run.trust == 'claimed'"};
    buf_add_c(text, "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: p}\nrules:\n");
    for (int i = 0; i < n_when; i++)
        buf_printf(text, "  - {id: c%d, effect: %s, match: {operation: [\"stripe.refunds.*\"]}, when: \"%s\"}\n", i,
                   i % 3 ? "permit" : "forbid", conditions[i % 5]);
    for (int i = n_when; i < N_RULES - 1; i++)
        buf_printf(
            text,
            "  - {id: r%d, effect: %s, match: {vendor: [stripe], operation: [\"stripe.thing%d.*\", \"stripe.*.op%d\"],"
            " agent: [\"bot-*\", a1], class: [money_out, money_in]}}\n",
            i, i % 7 ? "permit" : "forbid", i, i);
    buf_add_c(text, "  - {id: z, effect: permit, match: {operation: [\"stripe.refunds.*\"]}}\n");
    for (int i = 0; i < n_shadow; i++)
        buf_printf(text, "  - {id: s%d, effect: forbid, mode: shadow, match: {operation: [\"stripe.refunds.*\"]},"
                         " when: \"%s\"}\n", i, conditions[i % 5]);
    buf_add_c(text, "limits:\n");
    for (int i = 0; i < n_shadow; i++)
        buf_printf(text, "  - {id: t%d, meter: usd, mode: shadow, max: \"10.00\", by: [agent], window: {calendar: day},"
                         " match: {operation: [\"stripe.refunds.*\"]}}\n", i);
    for (int i = 0; i < 10; i++)
        buf_printf(text,
                   "  - {id: l%d, meter: usd, max: \"100.00\", by: [agent, customer, run], window: {calendar: day},"
                   " match: {class: [%s], operation: [\"stripe.refunds.*\"]}}\n",
                   i, i % 2 ? "money_out" : "money_in");
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static const struct param params[] = {{STR_INIT("charge"), KIND_TEXT, 0, STR_INIT("ch_1")},
                                      {STR_INIT("amount"), KIND_INT, 5000, STR_INIT("5000")},
                                      {STR_INIT("currency"), KIND_TEXT, 0, STR_INIT("usd")}};

static int64_t measure(int n_when, int n_shadow)
{
    struct arena a, call;
    struct diag_list diags;
    struct limits limits;
    struct policy *p;
    struct buf text;
    const struct facts f = {.layer = STR("saas"), .vendor = STR("stripe"), .operation = STR("stripe.refunds.create"),
                            .class = CLASS_MONEY_OUT, .method = STR("POST"), .agent = STR("a1"), .key = STR("k1"),
                            .customer = STR("cus_NffrFeUfNV2Hib"), .run_id = STR("run-1"), .params = params,
                            .n_params = 3, .cost = {HOW_ESTIMATED, 50 * MONEY_PER_USD}, .now = 1795437000 * NS_PER_S};
    static int64_t times[ROUNDS];
    arena_init(&a, 16 << 20);
    arena_init(&call, 1 << 20);
    buf_init(&text, 1 << 20);
    diag_list_init(&diags, &a, 5);
    limits_default(&limits);
    write_policy(&text, n_when, n_shadow);
    int64_t start = now_ns();
    if (policy_parse(buf_str(&text), STR("p"), &limits, NULL, &diags, &p) < 0)
        exit(2);
    int64_t parsed = now_ns() - start;
    for (int i = 0; i < ROUNDS; i++) {
        struct verdict v;
        start = now_ns();
        policy_decide(p, NULL, &f, true, &call, &v);
        times[i] = now_ns() - start;
        if (v.effect != EFFECT_PERMIT || v.n_needs != 5 + (size_t)n_shadow || !v.would != !n_shadow)
            exit(2);
        arena_reset(&call);
    }
    qsort(times, ROUNDS, sizeof *times, by_size);
    printf("verdict: %d rules, %d under conditions, 10 limits, %d and %d in shadow: median %.2f us, p99 %.2f us "
           "(parsed in %.0f us)\n",
           N_RULES, n_when, n_shadow, n_shadow, (double)times[ROUNDS / 2] / 1e3, (double)times[ROUNDS * 99 / 100] / 1e3,
           (double)parsed / 1e3);
    policy_unref(p);
    buf_deinit(&text);
    arena_deinit(&call);
    arena_deinit(&a);
    return times[ROUNDS / 2];
}

int main(void)
{
    measure(0, 0);
    bool is_ok = measure(20, 0) <= BOUND_NS;
    return measure(20, N_SHADOW) <= BOUND_NS && is_ok ? 0 : 1;
}
