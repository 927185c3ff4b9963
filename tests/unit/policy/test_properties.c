/*
 * policy: what must hold of every document and every call, tried on random ones (draft.h).
 *
 *   - the order of rules, limits and sets changes no verdict;
 *   - a forbid whose condition cannot be evaluated denies, and so does one that holds;
 *   - what is permitted has a permit that holds, and no forbid or approval that holds or fails;
 *   - a verdict from facts that were looked up is the one that these facts give at once.
 */
#include "draft.h"

#define DOCUMENTS 1000
#define CALLS_A_DOCUMENT 100 /* DOCUMENTS times as many in all */

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
    x->p = parse_draft(&x->rng, &x->draft, -1, ALL_ENFORCED, &x->a);
    x->shuffled = parse_draft(&x->rng, &x->draft, -1, ALL_ENFORCED, &x->a);
    for (size_t i = 0; i < x->draft.n_rules; i++)
        x->alone[i] = parse_draft(&x->rng, &x->draft, (int)i, ALL_ENFORCED, &x->a);
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
        struct draft d = {.rules = {{.condition = -1}, {.effect = 3, .condition = (int)i}}, .n_rules = 2};
        arena_init(&a, 64 << 20);
        struct policy *p = parse_draft(&rng, &d, -1, ALL_ENFORCED, &a);
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
