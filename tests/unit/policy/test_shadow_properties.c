/*
 * policy: what is in shadow changes no verdict, and what is recorded of it is what enforcement would say: tried on
 * 100,000 random calls under random documents (draft.h). Each is decided by four documents: parts in shadow as they
 * are, left out, and enforced; and the whole as one that observes. What enforcement would say is compared again behind
 * a look at limits that are full at random.
 */
#include "draft.h"

#define DOCUMENTS 1000
#define CALLS_A_DOCUMENT 100 /* DOCUMENTS times as many in all */

struct fixture {
    struct rng rng;
    struct arena a, scratch;
    struct policy *as_it_is, *without, *enforced, *observing;
    int n_would, n_differ, n_observed, n_wanting, n_full;
};

static void decide(struct fixture *x, const struct policy *p, const struct facts *f, unsigned may, struct verdict *ret)
{
    policy_decide(p, NULL, f, may, &x->scratch, ret);
}

static void expect_same_decision(const struct verdict *v, const struct verdict *w)
{
    assert_int_equal(v->effect, w->effect);
    assert_int_equal(v->code, w->code);
    assert_true(str_eq(v->rule, w->rule) && str_eq(v->reason, w->reason));
}

/* What refuses is the same (`is_all`: and what counts beside it). */
static void expect_same_needs(const struct verdict *v, bool is_all, const struct verdict *w)
{
    size_t k = 0;
    for (size_t i = 0; i < v->n_needs; i++) {
        if (v->needs[i].is_shadow && !is_all)
            continue;
        assert_true(k < w->n_needs && str_eq(v->needs[i].id, w->needs[k].id));
        assert_int_equal(v->needs[i].n, w->needs[k++].n);
    }
    assert_int_equal(k, w->n_needs);
}

static void expect_same_would(const struct verdict *v, const struct verdict *w)
{
    expect_same_decision(v->would, w);
    expect_same_needs(v->would->asks_same ? v : v->would, v->would->asks_same, w);
}

/* As a ledger in which each limit stands at some sum, the same for one id. */
static void look(struct limit_need *needs, size_t n, uint64_t sum)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < needs[i].id.n; k++)
            sum = sum * 31 + (unsigned char)needs[i].id.p[k];
        needs[i].after = sum % 3 ? needs[i].n : INT64_MAX / 2;
        needs[i].is_short = needs[i].after > needs[i].max && !needs[i].is_shadow;
    }
}

/* Behind the ledger's look, too: it would refuse, or ask, as enforcement does. */
static void check_settled(struct fixture *x, const struct facts *f, struct verdict *v, struct verdict *enforced)
{
    uint64_t sum = rng_below(&x->rng, 1000);
    look(v->needs, v->n_needs, sum);
    look(enforced->needs, enforced->n_needs, sum);
    policy_settle_would(v, f, &x->scratch);
    bool is_denied = enforced->effect == EFFECT_DENY;
    const struct limit_need *full = is_denied ? NULL : policy_ask_limits(enforced, f, &x->scratch);
    if (full)
        policy_refuse_limit(full, f, &x->scratch, enforced);
    expect_same_decision(v->would, enforced);
    x->n_full += full != NULL;
}

static bool wants_facts(const struct verdict *v)
{
    return v->wants_cost || v->wants_customer || v->wants_affected || v->n_questions;
}

static void check_shadow(struct fixture *x, const struct facts *f)
{
    struct verdict v, without, enforced;
    unsigned may = (unsigned)rng_below(&x->rng, 4); /* bits of POLICY_MAY_ */
    decide(x, x->as_it_is, f, may, &v);
    decide(x, x->without, f, may, &without);
    /* for the sake of shadow nobody is asked about a denied call */
    decide(x, x->enforced, f, v.would && v.effect == EFFECT_DENY ? 0 : may, &enforced);
    if (v.effect != EFFECT_DENY && wants_facts(&v)) {
        x->n_wanting++; /* the call is decided again, and what it lacks more for the sake of shadow is asked for too */
        return;
    }
    expect_same_decision(&v, &without);
    expect_same_needs(&v, false, &without);
    assert_null(without.would);
    if (!v.would) {
        expect_same_decision(&v, &enforced);
        return;
    }
    expect_same_would(&v, &enforced);
    x->n_would++;
    x->n_differ += v.would->effect != v.effect;
    if (v.effect != EFFECT_DENY)
        check_settled(x, f, &v, &enforced);
}

/* Only what is counted may be counted: needs of the verdict that is recorded are among those that are held. */
static void check_observed(struct fixture *x, const struct facts *f)
{
    struct verdict v, enforced;
    decide(x, x->observing, f, 0, &v);
    decide(x, x->enforced, f, 0, &enforced);
    assert_int_equal(v.effect, EFFECT_PERMIT);
    assert_non_null(v.would);
    expect_same_would(&v, &enforced);
    for (size_t i = 0, k = 0; i < enforced.n_needs; i++, k++) {
        while (k < v.n_needs && !str_eq(v.needs[k].id, enforced.needs[i].id))
            k++;
        assert_true(k < v.n_needs && v.needs[k].is_shadow);
    }
    x->n_observed++;
}

static void open_document(struct fixture *x)
{
    arena_init(&x->a, 64 << 20);
    struct draft d = rng_below(&x->rng, 2) ? random_draft(&x->rng) : random_rich_draft(&x->rng, NULL);
    x->as_it_is = parse_draft(&x->rng, &d, -1, AS_IT_IS, &x->a);
    x->without = parse_draft(&x->rng, &d, -1, WITHOUT_SHADOW, &x->a);
    x->enforced = parse_draft(&x->rng, &d, -1, ALL_ENFORCED, &x->a);
    x->observing = parse_draft(&x->rng, &d, -1, OBSERVING, &x->a);
}

static void close_document(struct fixture *x)
{
    policy_unref(x->as_it_is);
    policy_unref(x->without);
    policy_unref(x->enforced);
    policy_unref(x->observing);
    arena_deinit(&x->a);
}

static void shadow_changes_no_verdict_and_says_what_enforcement_would(void **state)
{
    static struct fixture x;
    rng_seeded_init(&x.rng, 8);
    for (int d = 0; d < DOCUMENTS; d++) {
        open_document(&x);
        for (int i = 0; i < CALLS_A_DOCUMENT; i++) {
            struct call c;
            arena_init(&x.scratch, 1 << 20);
            random_call(&x.rng, &c);
            check_shadow(&x, &c.f);
            check_observed(&x, &c.f);
            arena_deinit(&x.scratch);
        }
        close_document(&x);
    }
    assert_true(x.n_would > 20000 && x.n_differ > 5000); /* or else nothing was tried */
    assert_true(x.n_wanting > 2000 && x.n_full > 2000);
    assert_int_equal(x.n_observed, DOCUMENTS * CALLS_A_DOCUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shadow_changes_no_verdict_and_says_what_enforcement_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
