/*
 * policy: what must hold of every document and every call, tried on random ones. Documents are made of a pool of rules
 * and limits, in two orders; calls lack parameters, customers and costs at random, so that conditions fail often.
 *
 *   - the order of rules, limits and sets changes no verdict;
 *   - a forbid whose condition cannot be evaluated denies, and so does one that holds;
 *   - what is permitted has a permit that holds, and no forbid or approval that holds or fails;
 *   - a verdict from facts that were looked up is the one that these facts give at once.
 */
#include "base/err.h"
#include "base/rand.h"
#include "operations.h"
#include "policy/policy.h"
#include "unit.h"

#define DOCUMENTS 1000
#define CALLS_A_DOCUMENT 100 /* DOCUMENTS times as many in all */

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
};

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
    struct item it = {pick(rng, N(effects)), pick(rng, N(matches)), pick(rng, N(conditions) + 4) - 4};
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

static void put_when(struct buf *text, const struct item *it)
{
    if (it->condition >= 0)
        buf_printf(text, ", when: \"%s\"", conditions[it->condition]);
    buf_add_c(text, "}\n");
}

/* `only` >= 0: that rule and no other; beside a forbid or an approval a permit of everything, for it to matter. */
static struct policy *parse_draft(struct rng *rng, const struct draft *d, int only, struct arena *a)
{
    static const struct known known = {.operations = case_operations, .n_operations = CASE_OPERATIONS};
    struct limits limits;
    struct diag_list diags;
    struct policy *p = NULL;
    struct buf text;
    size_t order[6];
    buf_init(&text, 65536);
    diag_list_init(&diags, a, 20);
    limits_default(&limits);
    buf_add_c(&text, "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: p}\nsets:\n");
    buf_add_c(&text, rng_below(rng, 2) ? "  ops: [stripe.refunds.create, stripe.charges.create]\n  x: [a]\n"
                                       : "  x: [a]\n  ops: [stripe.charges.create, stripe.refunds.create]\n");
    buf_add_c(&text, "approvals: {f: {backend: cli, ttl: 1h}}\nrules:\n");
    shuffle(rng, d->n_rules, order);
    for (size_t i = 0; i < d->n_rules; i++) {
        const struct item *it = &d->rules[order[i]];
        if (only >= 0 && (size_t)only != order[i])
            continue;
        buf_printf(&text, "  - {id: r%zu, effect: %s, match: {%s}%s", order[i], effects[it->effect],
                   matches[it->match], it->effect == 4 ? ", approval: f" : "");
        put_when(&text, it);
    }
    if (only >= 0 && d->rules[only].effect >= 3)
        buf_add_c(&text, "  - {id: z, effect: permit, match: {}}\n");
    buf_add_c(&text, d->n_limits ? "limits:\n" : "");
    shuffle(rng, d->n_limits, order);
    for (size_t i = 0; i < d->n_limits; i++) {
        const struct item *it = &d->limits[order[i]];
        buf_printf(&text, "  - {id: l%zu, meter: %s, max: %s, window: {lifetime: true}, match: {%s}", order[i],
                   it->effect ? "requests" : "usd", it->effect ? "5" : "\"5.00\"", matches[it->match]);
        put_when(&text, it);
    }
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

static void expect_same(const struct verdict *v, const struct verdict *w)
{
    assert_int_equal(v->effect, w->effect);
    assert_int_equal(v->code, w->code);
    assert_true(str_eq(v->rule, w->rule) && str_eq(v->reason, w->reason));
    assert_int_equal(v->wants_cost, w->wants_cost);
    assert_int_equal(v->wants_customer, w->wants_customer);
    assert_int_equal(v->n_needs, w->n_needs);
    for (size_t i = 0; i < v->n_needs; i++)
        assert_true(str_eq(v->needs[i].id, w->needs[i].id) && v->needs[i].n == w->needs[i].n);
}

struct fixture {
    struct rng rng;
    struct arena a, scratch;
    struct draft draft;
    struct policy *p, *shuffled, *alone[6]; /* alone[i]: rule i without the others */
};

static void open_document(struct fixture *x)
{
    arena_init(&x->a, 64 << 20);
    x->draft = random_draft(&x->rng);
    x->p = parse_draft(&x->rng, &x->draft, -1, &x->a);
    x->shuffled = parse_draft(&x->rng, &x->draft, -1, &x->a);
    for (size_t i = 0; i < x->draft.n_rules; i++)
        x->alone[i] = parse_draft(&x->rng, &x->draft, (int)i, &x->a);
}

static void close_document(struct fixture *x)
{
    policy_unref(x->p);
    policy_unref(x->shuffled);
    for (size_t i = 0; i < x->draft.n_rules; i++)
        policy_unref(x->alone[i]);
    arena_deinit(&x->a);
}

/* What rule i does to the call when no other is there: a permit permits; a forbid or approval that holds or fails names
 * itself. */
static bool takes_part(struct fixture *x, size_t i, const struct facts *f)
{
    struct verdict v;
    policy_decide(x->alone[i], NULL, f, false, &x->scratch, &v);
    bool is_permit = str_eq(str_c(effects[x->draft.rules[i].effect]), STR("permit"));
    return is_permit ? v.effect == EFFECT_PERMIT || v.code == CODE_COST_UNKNOWN : !str_eq(v.rule, STR("z"));
}

static void check_rules(struct fixture *x, const struct facts *f)
{
    bool forbids = false, asks = false, permits = false;
    struct verdict v;
    policy_decide(x->p, NULL, f, false, &x->scratch, &v);
    for (size_t i = 0; i < x->draft.n_rules; i++) {
        const char *effect = effects[x->draft.rules[i].effect];
        bool is_part = takes_part(x, i, f);
        forbids |= is_part && effect[0] == 'f';
        asks |= is_part && effect[0] == 'a';
        permits |= is_part && effect[0] == 'p';
    }
    if (forbids)
        assert_int_equal(v.effect, EFFECT_DENY);
    else if (asks)
        assert_true(v.effect == EFFECT_APPROVE || v.code == CODE_COST_UNKNOWN);
    else if (!permits)
        assert_int_equal(v.effect, EFFECT_DENY);
    else
        assert_true(v.effect == EFFECT_PERMIT || v.code == CODE_COST_UNKNOWN);
}

/* Look-ups that find what the call lacks end where the call would have been from the start. */
static void check_look_ups(struct fixture *x, const struct facts *f)
{
    struct facts full = *f;
    struct verdict asked, direct;
    full.customer = full.customer.n ? full.customer : STR("cus_2");
    if (full.cost.how == HOW_UNKNOWN)
        full.cost = (struct cost){HOW_PARSED, 3 * MONEY_PER_USD};
    policy_decide(x->p, NULL, f, true, &x->scratch, &asked);
    policy_decide(x->p, NULL, &full, false, &x->scratch, &direct);
    if (asked.wants_cost || asked.wants_customer)
        return; /* decided again when it is known */
    if (asked.effect == EFFECT_PERMIT)
        assert_int_equal(direct.effect, EFFECT_PERMIT);
}

static void verdicts_of_random_documents_keep_what_is_promised(void **state)
{
    static struct fixture x;
    rng_seeded_init(&x.rng, 6);
    for (int d = 0; d < DOCUMENTS; d++) {
        open_document(&x);
        for (int i = 0; i < CALLS_A_DOCUMENT; i++) {
            struct call c;
            struct verdict v, w;
            bool may_lookup = rng_below(&x.rng, 2);
            arena_init(&x.scratch, 1 << 20);
            random_call(&x.rng, &c);
            policy_decide(x.p, NULL, &c.f, may_lookup, &x.scratch, &v);
            policy_decide(x.shuffled, NULL, &c.f, may_lookup, &x.scratch, &w);
            expect_same(&v, &w);
            check_rules(&x, &c.f);
            check_look_ups(&x, &c.f);
            arena_deinit(&x.scratch);
        }
        close_document(&x);
    }
}

/* One forbid beside a permit of all: whatever its condition comes to, but false, denies. */
static void an_error_in_a_forbid_denies(void **state)
{
    struct rng rng;
    int n_denied = 0, n_failed = 0;
    rng_seeded_init(&rng, 7);
    for (size_t i = 0; i < N(conditions); i++) {
        struct arena a;
        struct draft d = {.rules = {{0, 0, -1}, {3, 0, (int)i}}, .n_rules = 2};
        arena_init(&a, 64 << 20);
        struct policy *p = parse_draft(&rng, &d, -1, &a);
        for (int k = 0; k < 100000 / (int)N(conditions) + 1; k++) {
            struct call c;
            struct verdict v;
            struct arena scratch;
            size_t at;
            arena_init(&scratch, 1 << 20);
            random_call(&rng, &c);
            c.f.class = CLASS_READ;
            policy_decide(p, NULL, &c.f, false, &scratch, &v);
            bool has_failed = str_find(v.reason, STR("cannot be evaluated"), &at);
            n_failed += has_failed;
            n_denied += v.effect == EFFECT_DENY;
            assert_true(!has_failed || v.effect == EFFECT_DENY);
            assert_true(v.effect == EFFECT_DENY || str_eq(v.rule, STR("r0")));
            arena_deinit(&scratch);
        }
        policy_unref(p);
        arena_deinit(&a);
    }
    assert_true(n_failed > 10000 && n_denied > n_failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_of_random_documents_keep_what_is_promised),
        cmocka_unit_test(an_error_in_a_forbid_denies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
