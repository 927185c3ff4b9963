/*
 * tests/unit/policy/draft.h - random documents and random calls for tests of what must hold of every one. A document is
 * made of a pool of rules and limits, in a random order; calls lack parameters, customers and costs at random, so that
 * conditions fail often.
 */
#pragma once

#include "base/err.h"
#include "base/rand.h"
#include "operations.h"
#include "policy/policy.h"
#include "unit.h"

static const char *const conditions[] = {
    "true", "params.amount > 100", "params.amount <= 100 || params.currency == 'usd'", "has(params.amount)",
    "customer.id == 'cus_1'", "cost.estimate < usd('5.00')", "params.currency in ['usd', 'eur'] && params.amount != 7",
    "!has(params.currency)", "1 / (params.amount - 7) > 0", "principal.user.startsWith('a')",
    "[1, 2].exists(x, x == params.amount)", "params.amount > 1 ? customer.id != '' : mode == 'live'"};
static const char *const matches[] = {
    "", "operation: [stripe.refunds.create]", "operation: [\"stripe.*\"]", "class: [money_out]", "customer: [cus_1]",
    "operation: [\"set:ops\"]", "agent: [a, b]", "vendor: [stripe], method: [GET]", "customer: [\"cus_*\"]"};
static const char *const effects[] = {"permit", "permit", "permit", "forbid", "approve"};

#define N(table) (sizeof(table) / sizeof((table)[0]))

struct item {
    int effect, match, condition; /* condition -1: none */
    bool is_shadow;
};

/* How a draft is written: parts in shadow as they are, left out, enforced; or the whole as one that observes. */
enum written { AS_IT_IS, WITHOUT_SHADOW, ALL_ENFORCED, OBSERVING };

struct draft {
    struct item rules[6], limits[3];
    size_t n_rules, n_limits;
};

static int pick(struct rng *rng, size_t n)
{
    return (int)rng_below(rng, n);
}

static struct item random_item(struct rng *rng)
{
    struct item it = {pick(rng, N(effects)), pick(rng, N(matches)), pick(rng, N(conditions) + 4) - 4,
                      rng_below(rng, 2)};
    it.condition = it.condition < 0 ? -1 : it.condition;
    return it;
}

static struct draft random_draft(struct rng *rng)
{
    struct draft d = {.n_rules = (size_t)pick(rng, 6) + 1, .n_limits = (size_t)pick(rng, 4)};
    for (size_t i = 0; i < d.n_rules; i++)
        d.rules[i] = random_item(rng);
    for (size_t i = 0; i < d.n_limits; i++)
        d.limits[i] = random_item(rng);
    return d;
}

/* Positions 0..n-1 in a random order. */
static void shuffle(struct rng *rng, size_t n, size_t order[6])
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t k = rng_below(rng, i), swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
}

static void put_end(struct buf *text, const struct item *it, enum written w)
{
    if (it->condition >= 0)
        buf_printf(text, ", when: \"%s\"", conditions[it->condition]);
    buf_add_c(text, it->is_shadow && w == AS_IT_IS ? ", mode: shadow}\n" : "}\n");
}

static bool is_left_out(const struct item *it, enum written w)
{
    return it->is_shadow && w == WITHOUT_SHADOW;
}

static void put_rules(struct buf *text, struct rng *rng, const struct draft *d, int only, enum written w)
{
    size_t order[6];
    shuffle(rng, d->n_rules, order);
    buf_add_c(text, "rules:\n  - {id: nobody, effect: permit, match: {agent: [nobody]}}\n");
    for (size_t i = 0; i < d->n_rules; i++) {
        const struct item *it = &d->rules[order[i]];
        if ((only >= 0 && (size_t)only != order[i]) || is_left_out(it, w))
            continue;
        buf_printf(text, "  - {id: r%zu, effect: %s, match: {%s}%s", order[i], effects[it->effect],
                   matches[it->match], it->effect == 4 ? ", approval: f" : "");
        put_end(text, it, w);
    }
    if (only >= 0 && d->rules[only].effect >= 3)
        buf_add_c(text, "  - {id: z, effect: permit, match: {}}\n");
}

static void put_limits(struct buf *text, struct rng *rng, const struct draft *d, enum written w)
{
    size_t order[6];
    shuffle(rng, d->n_limits, order);
    buf_add_c(text, "limits:\n  - {id: nobody, meter: requests, max: 1, window: {lifetime: true}, "
                    "match: {agent: [nobody]}}\n");
    for (size_t i = 0; i < d->n_limits; i++) {
        const struct item *it = &d->limits[order[i]];
        if (is_left_out(it, w))
            continue;
        buf_printf(text, "  - {id: l%zu, meter: %s, max: %s, window: {lifetime: true}, match: {%s}", order[i],
                   it->effect ? "requests" : "usd", it->effect ? "5" : "\"5.00\"", matches[it->match]);
        put_end(text, it, w);
    }
}

/* `only` >= 0: that rule and no other; beside a forbid or an approval a permit of everything, for it to matter. */
static struct policy *parse_draft(struct rng *rng, const struct draft *d, int only, enum written w, struct arena *a)
{
    static const struct known known = {.operations = case_operations, .n_operations = CASE_OPERATIONS};
    struct limits limits;
    struct diag_list diags;
    struct policy *p = NULL;
    struct buf text;
    buf_init(&text, 65536);
    diag_list_init(&diags, a, 20);
    limits_default(&limits);
    buf_add_c(&text, "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: p}\nsets:\n");
    buf_add_c(&text, rng_below(rng, 2) ? "  ops: [stripe.refunds.create, stripe.charges.create]\n  x: [a]\n"
                                       : "  x: [a]\n  ops: [stripe.charges.create, stripe.refunds.create]\n");
    buf_add_c(&text, "approvals: {f: {backend: cli, ttl: 1h}}\n");
    buf_add_c(&text, w == OBSERVING ? "mode: {observe: {vendors: [stripe]}}\n" : "");
    put_rules(&text, rng, d, only, w);
    put_limits(&text, rng, d, w);
    if (policy_parse(buf_str(&text), STR("p"), &limits, &known, &diags, &p) < 0)
        fail_msg("%.*s\n%.*s", STR_ARG(diags.items[0].message), STR_ARG(buf_str(&text)));
    buf_deinit(&text);
    return p;
}

struct call {
    struct facts f;
    struct param params[2];
};

static struct str pick_text(struct rng *rng, const char *const *texts, size_t n)
{
    return str_c(texts[rng_below(rng, n)]);
}

static void random_call(struct rng *rng, struct call *c)
{
    static const char *const operations[] = {"stripe.refunds.create", "stripe.charges.create", "stripe.other.create"};
    static const char *const customers[] = {"", "cus_1", "cus_2"}, *const agents[] = {"a", "b", "c"},
                      *const users[] = {"", "ann", "bob"}, *const currencies[] = {"usd", "eur", "gbp"},
                      *const methods[] = {"GET", "POST"};
    static const int64_t amounts[] = {1, 2, 7, 100, 101, 5000};
    *c = (struct call){.f = {.layer = STR("saas"), .vendor = STR("stripe"), .key = STR("k"), .run_id = STR("r")}};
    c->f.operation = pick_text(rng, operations, 3);
    c->f.agent = pick_text(rng, agents, 3);
    c->f.customer = pick_text(rng, customers, 3);
    c->f.user = pick_text(rng, users, 3);
    c->f.method = pick_text(rng, methods, 2);
    c->f.class = rng_below(rng, 2) ? CLASS_MONEY_OUT : CLASS_READ;
    c->f.mode = rng_below(rng, 2) ? MODE_LIVE : MODE_TEST;
    if (rng_below(rng, 3) > 0)
        c->f.cost = (struct cost){HOW_ESTIMATED, (money_t)rng_below(rng, 10) * MONEY_PER_USD};
    if (rng_below(rng, 3) > 0)
        c->params[c->f.n_params++] =
            (struct param){STR("amount"), KIND_INT, amounts[rng_below(rng, N(amounts))], STR("1")};
    if (rng_below(rng, 3) > 0)
        c->params[c->f.n_params++] =
            (struct param){.name = STR("currency"), .kind = KIND_TEXT, .s = pick_text(rng, currencies, 3)};
    c->f.params = c->params;
    c->f.now = 1795437000 * NS_PER_S;
}
