/*
 * bench/document.c - how long a document of 2,000 lines takes to be read and checked against every operation that the
 * connectors know. Prints the median of ROUNDS, and fails when it is above BOUND_NS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/vendors_known.h"
#include "policy/policy.h"

#define ROUNDS 51
#define BOUND_NS 20000000
#define LINES 2000
#define N_LIMITS 100

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static const struct {
    const char *operation, *condition;
} kinds[] = {
    {"stripe.refunds.create", "params.amount <= 20000 && params.currency == 'usd'"},
    {"stripe.payment_intents.create", "cost.estimate <= usd('100.00') && params.currency in ['eur', 'usd']"},
    {"twilio.messages.create", "params.To.startsWith('+1') && params.segments <= 3"},
    {"resend.emails.send", "size(params.to) <= 5 && params.to.all(x, x.endsWith('@acme.example'))"},
    {"openai.chat.completions.create", "cost.tokens_out_max <= 8192 && run.trust == 'minted'"},
};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

/* Rules of four lines, every one under a condition, and limits of one: what teams write, many times. */
static void write_document(struct buf *text)
{
    int n_lines = 5;
    buf_add_c(text, "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: large}\nrules:\n");
    for (int i = 0; n_lines < LINES - N_LIMITS; i++, n_lines += 4)
        buf_printf(text,
                   "  - id: rule-%d\n    effect: %s\n    match: {operation: [%s], agent: [\"bot-%d\", \"team-%d-*\"]}\n"
                   "    when: \"%s\"\n",
                   i, i % 9 ? "permit" : "forbid", kinds[i % (int)N_KINDS].operation, i, i,
                   kinds[i % (int)N_KINDS].condition);
    buf_add_c(text, "limits:\n");
    for (int i = 0; i < N_LIMITS; i++, n_lines++)
        buf_printf(text,
                   "  - {id: limit-%d, meter: usd, max: \"100.00\", by: [agent, customer], window: {calendar: day},"
                   " match: {operation: [%s], agent: [\"bot-%d\"]}}\n",
                   i, kinds[i % (int)N_KINDS].operation, i);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t read_once(struct str text, const struct limits *limits, const struct known *known)
{
    struct arena a;
    struct diag_list diags;
    struct policy *p;
    arena_init(&a, 16 << 20);
    diag_list_init(&diags, &a, 200);
    int64_t start = now_ns();
    if (policy_parse(text, STR("large.yaml"), limits, known, &diags, &p) < 0 || diags.n)
        exit(2);
    int64_t took = now_ns() - start;
    policy_unref(p);
    arena_deinit(&a);
    return took;
}

int main(void)
{
    static int64_t times[ROUNDS];
    struct vendors_known vendors;
    struct limits limits;
    struct arena a;
    struct buf text;
    size_t n_lines = 0;

    arena_init(&a, 64 << 20);
    buf_init(&text, 4 << 20);
    limits_default(&limits);
    vendors_known_init(&vendors, &a, &limits);
    write_document(&text);
    for (size_t i = 0; i < text.n; i++)
        n_lines += text.p[i] == '\n';
    for (int i = 0; i < ROUNDS; i++)
        times[i] = read_once(buf_str(&text), &limits, &vendors.known);
    qsort(times, ROUNDS, sizeof *times, by_size);
    printf("document: %zu lines, %zu bytes, read and checked against %zu operations: median %.1f ms, longest %.1f ms\n",
           n_lines, text.n, vendors.known.n_operations, (double)times[ROUNDS / 2] / 1e6,
           (double)times[ROUNDS - 1] / 1e6);
    vendors_known_deinit(&vendors);
    buf_deinit(&text);
    arena_deinit(&a);
    return times[ROUNDS / 2] <= BOUND_NS ? 0 : 1;
}
