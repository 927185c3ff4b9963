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

/* Of rich drafts: what a rule asks beside its yes, what a limit does without room, and what it counts by. */
static const char *const duties[] = {"", ", scope: {customer: {in: [cus_1, \"set:x\"]}}", ", redact: [cards]",
                                     ", redact: [cards, mail]",
                                     ", obligations: [{type: idempotency_key}]",
                                     ", obligations: [{type: duplicate, properties: {within: 1h}}]",
                                     ", obligations: [{type: duplicate, properties: {within: 2h, then: approve, "
                                     "approval: g}}]",
                                     ", obligations: [{type: notify, properties: {name: told}}]"};
static const char *const exceeds[] = {"", ", on_exceed: deny", ", on_exceed: approve, approval: g",
                                      ", on_exceed: \"downgrade:cheap\""};

static const char *const windows[] = {"lifetime: true}", "calendar: day}, by: [agent]",
                                      "run: true}, by: [run, customer]", "calendar: month}, by: [key, vendor]"};

#define N(table) (sizeof(table) / sizeof((table)[0]))

struct item {
    int effect, match, condition; /* condition -1: none */
    int more, window;             /* of a rich draft: in duties[] or exceeds[], in windows[]; else 0 */
    bool is_shadow;
};

/* How a draft is written: parts in shadow as they are, left out, enforced; or the whole as one that observes. */
enum written { AS_IT_IS, WITHOUT_SHADOW, ALL_ENFORCED, OBSERVING };

struct draft {
    struct item rules[6], limits[3];
    size_t n_rules, n_limits;
    bool is_rich, is_shadow;    /* has what random_rich_draft() draws; the document as a whole is in shadow */
    const char *id;             /* what ids of rules and limits begin with; NULL: nothing */
    const struct policy *above; /* that it extends; NULL: none */
};

static int pick(struct rng *rng, size_t n)
{
    return (int)rng_below(rng, n);
}

static struct item random_item(struct rng *rng)
{
    struct item it = {.effect = pick(rng, N(effects)),
                      .match = pick(rng, N(matches)),
                      .condition = pick(rng, N(conditions) + 4) - 4,
                      .is_shadow = rng_below(rng, 2)};
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

/* With obligations, scopes, redactors, windows, limits that ask and limits that fall back. */
static inline struct draft random_rich_draft(struct rng *rng, const char *id)
{
    struct draft d = random_draft(rng);
    d.is_rich = true;
    d.id = id;
    for (size_t i = 0; i < d.n_rules; i++)
        d.rules[i].more = d.rules[i].effect == 3 ? 0 : pick(rng, N(duties));
    for (size_t i = 0; i < d.n_limits; i++) {
        struct item *it = &d.limits[i];
        it->more = pick(rng, N(exceeds));
        it->window = pick(rng, N(windows));
        if (it->more == N(exceeds) - 1) /* only money falls back, and only where calls to models are counted */
            it->effect = it->match = 0;
    }
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

static const char *id_of(const struct draft *d)
{
    return d->id ? d->id : "";
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
    buf_printf(text, "rules:\n  - {id: %snobody, effect: permit, match: {agent: [nobody]}}\n", id_of(d));
    for (size_t i = 0; i < d->n_rules; i++) {
        const struct item *it = &d->rules[order[i]];
        if ((only >= 0 && (size_t)only != order[i]) || is_left_out(it, w))
            continue;
        buf_printf(text, "  - {id: %sr%zu, effect: %s, match: {%s}%s%s", id_of(d), order[i], effects[it->effect],
                   matches[it->match], it->effect == 4 ? ", approval: f" : "", duties[it->more]);
        put_end(text, it, w);
    }
    if (only >= 0 && d->rules[only].effect >= 3)
        buf_add_c(text, "  - {id: z, effect: permit, match: {}}\n");
}

static void put_limits(struct buf *text, struct rng *rng, const struct draft *d, enum written w)
{
    size_t order[6];
    shuffle(rng, d->n_limits, order);
    buf_printf(text, "limits:\n  - {id: %snone, meter: requests, max: 1, window: {lifetime: true}, "
                     "match: {agent: [nobody]}}\n", id_of(d));
    for (size_t i = 0; i < d->n_limits; i++) {
        const struct item *it = &d->limits[order[i]];
        if (is_left_out(it, w))
            continue;
        buf_printf(text, "  - {id: %sl%zu, meter: %s, max: %s, window: {%s, match: {%s}%s", id_of(d), order[i],
                   it->effect ? "requests" : "usd", it->effect ? "5" : "\"5.00\"", windows[it->window],
                   matches[it->match], exceeds[it->more]);
        put_end(text, it, w);
    }
}

/* The one document that can be extended. */
struct above {
    struct documents documents;
    const struct policy *p;
};

static const struct policy *find_above(const struct documents *d, struct str name, struct str digest)
{
    const struct policy *p = ((const struct above *)(const void *)d)->p; /* its first member */
    if (!p || !str_eq(name, policy_name(p)) || !str_eq(digest, policy_digest(p)))
        return NULL;
    policy_ref(p);
    return p;
}

static void put_head(struct buf *text, struct rng *rng, const struct draft *d, enum written w)
{
    buf_printf(text, "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: %sp}\nsets:\n", id_of(d));
    buf_add_c(text, rng_below(rng, 2) ? "  ops: [stripe.refunds.create, stripe.charges.create]\n  x: [a]\n"
                                      : "  x: [a]\n  ops: [stripe.charges.create, stripe.refunds.create]\n");
    buf_add_c(text, "approvals: {f: {backend: cli, ttl: 1h}, g: {backend: cli, ttl: 10m, quorum: 2}}\n");
    buf_add_c(text, w == OBSERVING ? "mode: {observe: {vendors: [stripe]}}\n" : d->is_shadow ? "mode: shadow\n" : "");
    if (d->is_rich)
        buf_add_c(text, "redact: {cards: {detect: [card], at: [request, log]}, mail: {detect: [email], at: [log]}}\n"
                        "routes: {cheap: {targets: [{model: openai/small}]}}\n");
    if (d->above)
        buf_printf(text, "extends: [{ref: " STR_FMT ", sha256: \"" STR_FMT "\"}]\n", STR_ARG(policy_name(d->above)),
                   STR_ARG(policy_digest(d->above)));
}

/* `only` >= 0: that rule and no other; beside a forbid or an approval a permit of everything, for it to matter. */
static struct policy *parse_draft(struct rng *rng, const struct draft *d, int only, enum written w, struct arena *a)
{
    const struct above above = {{find_above}, d->above};
    const struct known known = {
        .operations = case_operations, .n_operations = CASE_OPERATIONS, .documents = &above.documents};
    struct limits limits;
    struct diag_list diags;
    struct policy *p = NULL;
    struct buf text;
    buf_init(&text, 65536);
    diag_list_init(&diags, a, 20);
    limits_default(&limits);
    put_head(&text, rng, d, w);
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

/* Now and then to a model, and with an idempotency key. */
static inline void random_rich_call(struct rng *rng, struct call *c)
{
    random_call(rng, c);
    c->f.has_idempotency_key = rng_below(rng, 4) > 0;
    if (rng_below(rng, 4))
        return;
    c->f.layer = STR("llm");
    c->f.vendor = STR("openai");
    c->f.operation = STR("openai.chat.completions.create");
    c->f.model = STR("large");
    c->f.class = CLASS_COST;
}
