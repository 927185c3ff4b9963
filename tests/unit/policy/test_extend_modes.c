/*
 * policy: documents above and what is in shadow or observed, together, tried on 100,000 random calls under random pairs
 * of documents (draft.h) with obligations, redactors, limits that ask and limits that fall back.
 *
 *   - what stands below never widens, also where it observes, or stands in shadow, and whatever is in shadow above;
 *   - what is in shadow changes nothing of a verdict: no decision, no sentence, nobody who is asked, no obligation, no
 *     redactor, no limit and what it does without room;
 *   - what is told beside the verdict is what enforcement of both would give.
 */
#include "draft.h"

#define PAIRS 1000
#define CALLS_A_PAIR 100 /* PAIRS times as many in all */

/* Own documents, each under the one above as it stands in the same column. */
struct fixture {
    struct rng rng;
    struct arena a, scratch;
    struct policy *top, *top_without, *top_enforced, *top_observing;
    struct policy *own, *own_without, *own_enforced, *own_observing, *own_observing_without, *own_beside;
    int n_permitted, n_asked, n_narrowed, n_would, n_differ, n_fall_back;
};

static struct verdict decide(struct fixture *x, const struct policy *p, const struct facts *f)
{
    struct verdict v;
    policy_decide(p, NULL, f, 0, &x->scratch, &v);
    return v;
}

/* How much is allowed: no, after a question, yes. */
static int width(const struct verdict *v)
{
    return v->effect == EFFECT_DENY ? 0 : v->effect == EFFECT_APPROVE ? 1 : 2;
}

static void expect_same_decision(const struct verdict *v, const struct verdict *w)
{
    assert_int_equal(v->effect, w->effect);
    assert_int_equal(v->code, w->code);
    assert_true(str_eq(v->rule, w->rule) && str_eq(v->reason, w->reason));
    assert_int_equal(v->approval.n_asks, w->approval.n_asks);
    assert_int_equal(v->approval.terms.quorum, w->approval.terms.quorum);
    assert_true(v->approval.terms.ttl_ns == w->approval.terms.ttl_ns);
    for (size_t i = 0; i < v->approval.n_asks; i++)
        assert_true(str_eq(v->approval.asks[i], w->approval.asks[i]));
}

static void expect_same_duties(const struct duties *v, const struct duties *w)
{
    assert_int_equal(v->redactors, w->redactors);
    assert_int_equal(v->needs_idempotency_key, w->needs_idempotency_key);
    assert_int_equal(v->duplicate_ms, w->duplicate_ms);
    assert_int_equal(v->duplicate_then, w->duplicate_then);
    assert_int_equal(v->duplicate_approval.quorum, w->duplicate_approval.quorum);
    assert_int_equal(v->n_notices, w->n_notices);
}

static void expect_same_need(const struct limit_need *n, const struct limit_need *m)
{
    assert_true(str_eq(n->id, m->id) && str_eq(n->bucket, m->bucket));
    assert_true(n->n == m->n && n->max == m->max && n->soft == m->soft);
    assert_true(n->approval.quorum == m->approval.quorum && str_eq(n->downgrade, m->downgrade));
}

/* What can refuse is the same; others may count beside it. */
static void expect_same_needs(const struct verdict *v, const struct verdict *w)
{
    size_t k = 0, n = 0;
    for (size_t i = 0; i < v->n_needs; i++)
        n += !v->needs[i].is_shadow;
    for (size_t i = 0; i < w->n_needs; i++)
        n -= !w->needs[i].is_shadow;
    assert_int_equal(n, 0);
    for (size_t i = 0; i < v->n_needs; i++) {
        if (v->needs[i].is_shadow)
            continue;
        while (w->needs[k].is_shadow)
            k++;
        expect_same_need(&v->needs[i], &w->needs[k++]);
    }
}

static void expect_same(const struct verdict *v, const struct verdict *w)
{
    expect_same_decision(v, w);
    expect_same_duties(&v->duties, &w->duties);
    expect_same_needs(v, w);
}

static bool can_refuse(const struct verdict *v, struct str id)
{
    for (size_t i = 0; i < v->n_needs; i++)
        if (str_eq(v->needs[i].id, id))
            return !v->needs[i].is_shadow;
    return false;
}

/* No more is allowed than above, by no fewer persons, under no fewer limits, with no fewer obligations. */
static void expect_within(const struct verdict *v, const struct verdict *above)
{
    assert_true(width(v) <= width(above));
    if (v->effect == EFFECT_DENY)
        return;
    for (size_t i = 0; i < above->n_needs; i++)
        assert_true(above->needs[i].is_shadow || can_refuse(v, above->needs[i].id));
    assert_true(v->approval.terms.quorum >= above->approval.terms.quorum);
    assert_true(v->duties.duplicate_ms >= above->duties.duplicate_ms);
    assert_true(v->duties.n_notices >= above->duties.n_notices);
    assert_true(v->duties.needs_idempotency_key || !above->duties.needs_idempotency_key);
}

static void check_narrows(struct fixture *x, const struct facts *f)
{
    const struct policy *const below[] = {x->own, x->own_without, x->own_observing, x->own_beside};
    struct verdict above = decide(x, x->top_without, f);
    for (size_t i = 0; i < N(below); i++) {
        struct verdict v = decide(x, below[i], f);
        expect_within(&v, &above);
        x->n_narrowed += width(&v) < width(&above);
    }
}

static void check_shadow(struct fixture *x, const struct facts *f)
{
    struct verdict v = decide(x, x->own, f), without = decide(x, x->own_without, f),
                   enforced = decide(x, x->own_enforced, f), observed = decide(x, x->own_observing, f),
                   alone = decide(x, x->own_observing_without, f), beside = decide(x, x->own_beside, f);
    expect_same(&v, &without);
    expect_same(&beside, &v);
    expect_same(&observed, &alone);
    assert_null(without.would);
    assert_null(enforced.would);
    const struct verdict *told[] = {v.would ? v.would : &v, observed.would ? observed.would : &observed, beside.would};
    for (size_t i = 0; i < N(told); i++)
        expect_same(told[i], &enforced);
    x->n_permitted += width(&v) == 2;
    x->n_asked += width(&v) == 1;
    x->n_would += v.would != NULL;
    x->n_differ += width(told[0]) != width(&v);
    for (size_t i = 0; i < v.n_needs; i++)
        x->n_fall_back += v.needs[i].downgrade.n > 0;
}

/* A draft under `above`, in one way of writing it. */
static struct policy *under(struct fixture *x, struct draft d, const struct policy *above, enum written w)
{
    d.above = above;
    return parse_draft(&x->rng, &d, -1, w, &x->a);
}

static struct policy *beside(struct fixture *x, struct draft d)
{
    d.above = x->top_enforced;
    d.is_shadow = true;
    struct policy *shadow = parse_draft(&x->rng, &d, -1, ALL_ENFORCED, &x->a), *both = policy_beside(x->own, shadow);
    policy_unref(shadow);
    return both;
}

static void open_pair(struct fixture *x)
{
    arena_init(&x->a, 64 << 20);
    struct draft top = random_rich_draft(&x->rng, "top-"), own = random_rich_draft(&x->rng, "own-");
    x->top = under(x, top, NULL, AS_IT_IS);
    x->top_without = under(x, top, NULL, WITHOUT_SHADOW);
    x->top_enforced = under(x, top, NULL, ALL_ENFORCED);
    x->top_observing = under(x, top, NULL, OBSERVING);
    bool is_top_observing = rng_below(&x->rng, 3) == 0; /* which means nothing to what stands below */
    x->own = under(x, own, x->top, AS_IT_IS);
    x->own_without = under(x, own, x->top_without, WITHOUT_SHADOW);
    x->own_enforced = under(x, own, is_top_observing ? x->top_observing : x->top_enforced, ALL_ENFORCED);
    x->own_observing = under(x, own, x->top, OBSERVING);
    x->own_observing_without = under(x, own, x->top_without, OBSERVING);
    x->own_beside = beside(x, own);
}

static void close_pair(struct fixture *x)
{
    struct policy *all[] = {x->top, x->top_without, x->top_enforced, x->top_observing, x->own, x->own_without,
                            x->own_enforced, x->own_observing, x->own_observing_without, x->own_beside};
    for (size_t i = 0; i < N(all); i++)
        policy_unref(all[i]);
    arena_deinit(&x->a);
}

static void what_stands_below_never_widens_and_shadow_changes_nothing(void **state)
{
    static struct fixture x;
    rng_seeded_init(&x.rng, 21);
    for (int p = 0; p < PAIRS; p++) {
        open_pair(&x);
        for (int i = 0; i < CALLS_A_PAIR; i++) {
            struct call c;
            arena_init(&x.scratch, 1 << 20);
            random_rich_call(&x.rng, &c);
            check_narrows(&x, &c.f);
            check_shadow(&x, &c.f);
            arena_deinit(&x.scratch);
        }
        close_pair(&x);
    }
    /* or else nothing was tried */
    assert_true(x.n_permitted > 3000 && x.n_asked > 4000 && x.n_narrowed > 50000);
    assert_true(x.n_would > 50000 && x.n_differ > 8000 && x.n_fall_back > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_below_never_widens_and_shadow_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
