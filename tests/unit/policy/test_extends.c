/*
 * policy: documents above. What one above denies is denied, what it asks is asked, all limits must fit; what cannot be
 * named is refused; and, tried on random pairs of documents, what stands below never widens.
 */
#include "base/rand.h"
#include "call/known.h"
#include "policy/policy.h"
#include "unit.h"

#include <stddef.h>

#define CASES 100000
#define CALLS_A_PAIR 100
#define HEAD "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: "
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* Documents that are there to be extended. */
struct shelf {
    struct documents documents;
    struct policy *items[16];
    size_t n;
    struct arena a;
    struct diag_list diags;
    struct limits limits;
};

static const struct policy *find(const struct documents *d, struct str name, struct str digest)
{
    const struct shelf *s = (const void *)((uintptr_t)d - offsetof(struct shelf, documents));
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(policy_name(s->items[i]), name) && str_eq(policy_digest(s->items[i]), digest)) {
            policy_ref(s->items[i]);
            return s->items[i];
        }
    return NULL;
}

static void open_shelf(struct shelf *s)
{
    *s = (struct shelf){.documents = {find}};
    arena_init(&s->a, 64 << 20);
    limits_default(&s->limits);
    diag_list_init(&s->diags, &s->a, 20);
}

static void close_shelf(struct shelf *s)
{
    for (size_t i = 0; i < s->n; i++)
        policy_unref(s->items[i]);
    arena_deinit(&s->a);
}

/* NULL: refused, see diags. */
static struct policy *read_text(struct shelf *s, struct str text)
{
    const struct known known = {.documents = &s->documents};
    struct policy *p = NULL;
    diag_list_init(&s->diags, &s->a, 20);
    if (policy_parse(text, STR("p"), &s->limits, &known, &s->diags, &p) < 0)
        return NULL;
    s->items[s->n++] = p;
    return p;
}

/* A document of that name with these sections, which extends the given ones (NULL: none). */
static struct policy *put(struct shelf *s, const char *name, const struct policy *above, const struct policy *too,
                          const char *sections)
{
    const struct policy *both[] = {above, too};
    struct buf b;
    buf_init(&b, 65536);
    buf_printf(&b, HEAD "%s}\n%s", name, above ? "extends:\n" : "");
    for (size_t i = 0; i < 2; i++)
        if (both[i])
            buf_printf(&b, "  - {ref: " STR_FMT ", sha256: \"" STR_FMT "\"}\n", STR_ARG(policy_name(both[i])),
                       STR_ARG(policy_digest(both[i])));
    buf_add_c(&b, sections);
    struct policy *p = read_text(s, buf_str(&b));
    buf_deinit(&b);
    return p;
}

static struct facts a_refund(void)
{
    return (struct facts){.layer = STR("saas"),
                          .vendor = STR("stripe"),
                          .key = STR("k"),
                          .run_id = STR("r"),
                          .operation = STR("stripe.refunds.create"),
                          .method = STR("POST"),
                          .agent = STR("a"),
                          .class = CLASS_MONEY_OUT,
                          .cost = {HOW_PARSED, 3 * MONEY_PER_USD},
                          .now = NS_PER_S};
}

static struct verdict decide(struct shelf *s, const struct policy *p, const struct facts *f)
{
    struct verdict v;
    policy_decide(p, NULL, f, 0, &s->a, &v);
    return v;
}

static bool says(struct str s, const char *part)
{
    size_t at;
    return str_find(s, str_c(part), &at);
}

#define ALL "rules:\n  - {id: all, effect: permit, match: {}}\n"

static void what_no_document_above_permits_is_denied(void **state)
{
    (void)state;
    struct shelf s;
    struct facts f = a_refund();
    open_shelf(&s);
    struct policy *company =
        put(&s, "company", NULL, NULL, "rules:\n  - {id: reads, effect: permit, match: {class: [read]}}\n");
    struct policy *team = put(&s, "team", company, NULL, ALL);
    struct verdict v = decide(&s, team, &f);
    assert_int_equal(v.effect, EFFECT_DENY);
    assert_int_equal(v.code, CODE_POLICY_DENIED);
    assert_true(says(v.reason, "company"));
    assert_str(v.policy_name, "team");
    assert_true(str_eq(v.policy, policy_digest(team)));
    f.class = CLASS_READ;
    v = decide(&s, team, &f);
    assert_int_equal(v.effect, EFFECT_PERMIT);
    assert_str(v.rule, "all");
    close_shelf(&s);
}

static void a_forbid_above_wins_and_so_does_one_below(void **state)
{
    (void)state;
    struct shelf s;
    const struct facts f = a_refund();
    open_shelf(&s);
    const char *no = "rules:\n  - {id: any, effect: permit, match: {}}\n"
                     "  - {id: never, effect: forbid, match: {class: [money_out]}}\n";
    struct policy *open = put(&s, "open", NULL, NULL, ALL), *closed = put(&s, "closed", NULL, NULL, no);
    assert_str(decide(&s, put(&s, "team", closed, NULL, ALL), &f).rule, "never");
    assert_str(decide(&s, put(&s, "crew", open, NULL, no), &f).rule, "never");
    close_shelf(&s);
}

static void what_is_asked_above_is_asked_together_with_what_is_asked_below(void **state)
{
    (void)state;
    struct shelf s;
    const struct facts f = a_refund();
    open_shelf(&s);
    struct policy *company = put(&s, "company", NULL, NULL,
                                 "rules:\n  - {id: ask, effect: approve, match: {}, approval: finance}\n"
                                 "approvals: {finance: {ttl: 1h, quorum: 2}}\n");
    struct verdict v = decide(&s, put(&s, "team", company, NULL, ALL), &f);
    assert_int_equal(v.effect, EFFECT_APPROVE);
    assert_int_equal(v.code, CODE_APPROVAL_PENDING);
    assert_int_equal(v.approval.terms.quorum, 2);
    v = decide(&s,
               put(&s, "strict", company, NULL,
                   "rules:\n  - {id: own, effect: approve, match: {}, approval: lead}\n"
                   "approvals: {lead: {ttl: 10m}}\n"),
               &f);
    assert_int_equal(v.approval.n_asks, 2);
    assert_int_equal(v.approval.terms.quorum, 2);
    assert_true(v.approval.terms.ttl_ns == 600 * NS_PER_S);
    assert_str(v.rule, "own");
    close_shelf(&s);
}

static void limits_of_all_documents_must_fit_in_the_order_of_their_ids(void **state)
{
    (void)state;
    struct shelf s;
    const struct facts f = a_refund();
    open_shelf(&s);
    static const char *const rows[][3] = {
        {"top", "b-top", "100.00"}, {"middle", "a-middle", "50.00"}, {"own", "c-own", "10.00"}};
    const struct policy *p = NULL;
    for (size_t i = 0; i < N(rows); i++) {
        struct str sections = arena_printf(&s.a,
                                           "rules:\n  - {id: r%zu, effect: permit, match: {}}\nlimits:\n  - {id: %s, "
                                           "meter: usd, max: \"%s\", window: {calendar: day}}\n",
                                           i, rows[i][1], rows[i][2]);
        p = put(&s, rows[i][0], p, NULL, sections.p);
        assert_non_null(p);
    }
    struct verdict v = decide(&s, p, &f);
    assert_int_equal(v.effect, EFFECT_PERMIT);
    assert_int_equal(v.n_needs, 3);
    assert_str(v.needs[0].id, "a-middle");
    assert_str(v.needs[1].id, "b-top");
    assert_str(v.needs[2].id, "c-own");
    assert_true(v.needs[1].max == 100 * MONEY_PER_USD && v.needs[1].n == 3 * MONEY_PER_USD);
    close_shelf(&s);
}

static struct policy *put_run_limit(struct shelf *s, const char *name, const struct policy *above, const char *id)
{
    struct str sections =
        arena_printf(&s->a,
                     "rules:\n  - {id: r-%s, effect: permit, match: {}}\nlimits:\n  - {id: %s, meter: usd, max: "
                     "\"9.00\", by: [run], window: {calendar: day}, runs: {max_new: 2, per: 1h}}\n",
                     name, id);
    return put(s, name, above, NULL, sections.p);
}

/* '-' stands before '.', and so the id "run-a" between "run" and "run.runs". */
static void a_limit_on_new_runs_stays_behind_the_one_that_it_counts_for(void **state)
{
    (void)state;
    static const char *const ids[][2] = {{"run", "run-a"}, {"run-a", "run"}};
    struct shelf s;
    struct facts f = a_refund();
    open_shelf(&s);
    f.run_trust = RUN_CLAIMED;
    for (size_t i = 0; i < N(ids); i++) {
        const struct policy *company = put_run_limit(&s, i ? "c1" : "c0", NULL, ids[i][0]);
        struct verdict v = decide(&s, put_run_limit(&s, i ? "t1" : "t0", company, ids[i][1]), &f);
        assert_int_equal(v.n_needs, 4);
        assert_str(v.needs[0].id, "run");
        assert_str(v.needs[1].id, "run.runs");
        assert_str(v.needs[2].id, "run-a");
        assert_str(v.needs[3].id, "run-a.runs");
    }
    close_shelf(&s);
}

static void who_must_be_proven_above_must_be_proven(void **state)
{
    (void)state;
    struct shelf s;
    const struct facts f = a_refund();
    open_shelf(&s);
    struct policy *company = put(&s, "company", NULL, NULL,
                                 "identity: {require: [{match: {class: [money_out]}, subject: user}]}\n"
                                 "rules:\n  - {id: any, effect: permit, match: {}}\n");
    assert_int_equal(decide(&s, put(&s, "team", company, NULL, ALL), &f).code, CODE_IDENTITY_REQUIRED);
    close_shelf(&s);
}

static void several_documents_above_all_count(void **state)
{
    (void)state;
    struct shelf s;
    struct facts f = a_refund();
    open_shelf(&s);
    struct policy *one = put(&s, "one", NULL, NULL, "rules:\n  - {id: a, effect: permit, match: {agent: [a, b]}}\n");
    struct policy *two = put(&s, "two", NULL, NULL, "rules:\n  - {id: b, effect: permit, match: {agent: [b, c]}}\n");
    struct policy *team = put(&s, "team", one, two, ALL);
    static const char *const agents[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++) {
        f.agent = str_c(agents[i]);
        assert_int_equal(decide(&s, team, &f).effect, i == 1 ? EFFECT_PERMIT : EFFECT_DENY);
    }
    close_shelf(&s);
}

static void a_document_outlives_the_shelf_that_it_was_found_on(void **state)
{
    (void)state;
    struct shelf s;
    const struct facts f = a_refund();
    open_shelf(&s);
    struct policy *company = put(&s, "company", NULL, NULL, "rules: []\n"), *team = put(&s, "team", company, NULL, ALL);
    const struct policy *const *above;
    s.items[0] = s.items[--s.n];
    policy_unref(company);
    assert_int_equal(policy_parents(team, &above), 1);
    assert_str(policy_name(above[0]), "company");
    assert_int_equal(decide(&s, team, &f).effect, EFFECT_DENY);
    close_shelf(&s);
}

static void what_cannot_be_extended_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *extends, *code;
    } rows[] = {{"[{ref: company, sha256: \"" ZEROS "\"}]", "unknown_document"},
                {"[{ref: company, sha256: short}]", "bad_value"},
                {"[{ref: company}]", "missing_key"},
                {"[company]", "wrong_type"},
                {"{ref: company}", "wrong_type"},
                {"[{ref: company, sha256: \"" ZEROS "\", url: x}]", "unknown_key"}};
    struct shelf s;
    open_shelf(&s);
    for (size_t i = 0; i < N(rows); i++) {
        struct str text = arena_printf(&s.a, HEAD "p}\nextends: %s\n" ALL, rows[i].extends);
        assert_null(read_text(&s, text));
        assert_string_equal(s.diags.items[0].code, rows[i].code);
    }
    close_shelf(&s);
}

static void an_id_of_a_document_above_is_taken(void **state)
{
    (void)state;
    struct shelf s;
    open_shelf(&s);
    struct policy *company = put(&s, "company", NULL, NULL, ALL);
    assert_null(put(&s, "team", company, NULL, ALL));
    assert_string_equal(s.diags.items[0].code, "duplicate_id");
    assert_int_equal(s.diags.items[0].line, 7);
    close_shelf(&s);
}

static void steps_and_documents_above_are_bounded(void **state)
{
    (void)state;
    struct shelf s;
    const struct policy *p = NULL;
    open_shelf(&s);
    for (int i = 0; i < 6; i++) {
        struct str name = arena_printf(&s.a, "p%d", i);
        struct policy *next = put(&s, name.p, p, NULL, "rules: []\n");
        assert_int_equal(next != NULL, i <= 4);
        p = next ? next : p;
    }
    assert_string_equal(s.diags.items[0].code, "too_many");
    struct str entry = arena_printf(&s.a, "{ref: p0, sha256: \"" STR_FMT "\"}", STR_ARG(policy_digest(s.items[0])));
    for (int n = 8; n <= 9; n++) {
        struct str list = entry;
        for (int i = 1; i < n; i++)
            list = arena_printf(&s.a, STR_FMT ", " STR_FMT, STR_ARG(list), STR_ARG(entry));
        struct str text = arena_printf(&s.a, HEAD "q}\nextends: [" STR_FMT "]\nrules: []\n", STR_ARG(list));
        assert_int_equal(read_text(&s, text) != NULL, n == 8);
    }
    close_shelf(&s);
}

/* --- random pairs ------------------------------------------------------------------------------------------------- */

static const char *const matches[] = {"",
                                      "class: [money_out]",
                                      "operation: [\"stripe.*\"]",
                                      "agent: [a, b]",
                                      "customer: [cus_1]",
                                      "operation: [stripe.refunds.create], agent: [b]"};
static const char *const conditions[] = {"",
                                         "",
                                         ", when: cost.estimate < usd('5.00')",
                                         ", when: 1 / (params.amount - 7) > 0",
                                         ", when: customer.id == 'cus_1'",
                                         ", when: \"principal.user == 'ann'\""};
static const char *const effects[] = {"permit", "permit", "forbid", "approve"};

static void random_sections(struct rng *rng, const char *id, struct buf *b)
{
    size_t n = rng_below(rng, 4), n_limits = rng_below(rng, 3);
    buf_add_c(b, n ? "approvals: {f: {ttl: 1h}}\nrules:\n" : "rules: []\n");
    for (size_t i = 0; i < n; i++) {
        size_t effect = rng_below(rng, N(effects));
        buf_printf(b, "  - {id: %s%zu, effect: %s, match: {%s}%s%s}\n", id, i, effects[effect],
                   matches[rng_below(rng, N(matches))], effect == 3 ? ", approval: f" : "",
                   conditions[rng_below(rng, N(conditions))]);
    }
    buf_add_c(b, n_limits ? "limits:\n" : "");
    for (size_t i = 0; i < n_limits; i++)
        buf_printf(b, "  - {id: %s-limit%zu, meter: usd, max: \"9.00\", window: {lifetime: true}, match: {%s}}\n", id,
                   i, matches[rng_below(rng, N(matches))]);
    buf_add_byte(b, 0);
}

static struct facts random_facts(struct rng *rng, struct param *param)
{
    struct facts f = a_refund();
    f.agent = rng_below(rng, 2) ? STR("a") : STR("c");
    f.customer = rng_below(rng, 2) ? STR("cus_1") : STR_NONE;
    f.user = rng_below(rng, 2) ? STR("ann") : STR_NONE;
    f.class = rng_below(rng, 2) ? CLASS_MONEY_OUT : CLASS_READ;
    if (rng_below(rng, 3) == 0)
        f.cost = (struct cost){0};
    *param = (struct param){STR("amount"), KIND_INT, rng_below(rng, 2) ? 7 : 8, STR("7")};
    f.params = param;
    f.n_params = rng_below(rng, 2);
    return f;
}

/* How much is allowed: no, after a question, yes. */
static int width(const struct verdict *v) { return v->effect == EFFECT_DENY ? 0 : v->effect == EFFECT_APPROVE ? 1 : 2; }

static bool has_need(const struct verdict *v, struct str id)
{
    for (size_t i = 0; i < v->n_needs; i++)
        if (str_eq(v->needs[i].id, id))
            return true;
    return false;
}

static void expect_within(const struct verdict *both, const struct verdict *alone)
{
    assert_true(width(both) <= width(alone));
    for (size_t i = 0; both->effect != EFFECT_DENY && i < alone->n_needs; i++)
        assert_true(has_need(both, alone->needs[i].id));
}

static void what_stands_below_never_widens(void **state)
{
    (void)state;
    struct rng rng;
    int n_permitted = 0, n_narrowed = 0;
    rng_seeded_init(&rng, 11);
    for (int i = 0; i < CASES / CALLS_A_PAIR; i++) {
        struct shelf s;
        struct buf above, below;
        open_shelf(&s);
        buf_init(&above, 65536);
        buf_init(&below, 65536);
        random_sections(&rng, "top", &above);
        random_sections(&rng, "own", &below);
        const struct policy *top = put(&s, "top", NULL, NULL, above.p), *alone = put(&s, "own", NULL, NULL, below.p);
        const struct policy *both = put(&s, "own", top, NULL, below.p);
        assert_true(top && alone && both);
        for (int k = 0; k < CALLS_A_PAIR; k++) {
            struct param param;
            const struct facts f = random_facts(&rng, &param);
            const struct verdict v = decide(&s, both, &f), w = decide(&s, top, &f), own = decide(&s, alone, &f);
            expect_within(&v, &w);
            expect_within(&v, &own);
            assert_int_equal(width(&v), width(&w) < width(&own) ? width(&w) : width(&own));
            n_permitted += width(&v) == 2;
            n_narrowed += width(&v) < width(&own);
        }
        buf_deinit(&above);
        buf_deinit(&below);
        close_shelf(&s);
    }
    assert_true(n_permitted > 1000 && n_narrowed > 10000);
}

#define REDACTOR(name, kind) "redact:\n  " name ": {detect: [" kind "], at: [request, log]}\n"

static void redactors_and_obligations_above_act_below(void **state)
{
    (void)state;
    struct shelf s;
    struct redact_set set;
    struct facts f = a_refund();
    f.has_idempotency_key = true;
    open_shelf(&s);
    struct policy *company =
        put(&s, "company", NULL, NULL,
            REDACTOR("cards", "card") "rules:\n  - {id: any, effect: permit, match: {}, redact: [cards], obligations: "
                                      "[{type: idempotency_key}, {type: duplicate, properties: {within: 1h}}]}\n");
    struct policy *team =
        put(&s, "team", company, NULL,
            REDACTOR("mail", "email") "rules:\n  - {id: all, effect: permit, match: {}, redact: [mail], obligations: "
                                      "[{type: duplicate, properties: {within: 1m, then: allow}}]}\n");
    struct verdict v = decide(&s, team, &f);
    assert_int_equal(v.effect, EFFECT_PERMIT);
    policy_redact_set(team, v.duties.redactors, REDACT_AT_REQUEST, &set);
    assert_int_equal(set.n, 2);
    assert_int_equal(set.sources[0].kind, REDACT_EMAIL);
    assert_int_equal(set.sources[1].kind, REDACT_CARD);
    policy_redact_set(team, v.duties.redactors, REDACT_AT_RESPONSE, &set);
    assert_int_equal(set.n, 0);
    assert_int_equal(v.duties.duplicate_ms, 3600 * 1000);
    assert_int_equal(v.duties.duplicate_then, DUPLICATE_DENY);
    assert_str(v.duties.duplicate_rule, "any");
    assert_int_equal(policy_duplicate_ms(team), 3600 * 1000);
    f.has_idempotency_key = false;
    v = decide(&s, team, &f);
    assert_int_equal(v.effect, EFFECT_DENY);
    assert_str(v.rule, "any");
    policy_redact_set(team, v.duties.redactors_of_record, REDACT_AT_LOG, &set);
    assert_int_equal(set.n, 2);
    close_shelf(&s);
}

#define ASKS(id, name, within) \
    "rules:\n  - {id: " id ", effect: permit, match: {}, obligations: [{type: duplicate, properties: " \
    "{within: " within ", then: approve, approval: " name "}}]}\n"

static void of_two_that_ask_about_duplicates_the_most_persons_and_the_shortest_time_count(void **state)
{
    (void)state;
    struct shelf s;
    struct facts f = a_refund();
    open_shelf(&s);
    struct policy *company =
        put(&s, "company", NULL, NULL, "approvals: {two: {ttl: 2h, quorum: 2}}\n" ASKS("any", "two", "1m"));
    struct policy *team =
        put(&s, "team", company, NULL, "approvals: {one: {ttl: 10m}}\n" ASKS("all", "one", "1h"));
    struct verdict v = decide(&s, team, &f);
    assert_int_equal(v.effect, EFFECT_PERMIT); /* until a duplicate is found */
    assert_int_equal(v.approval.n_asks, 0);
    assert_int_equal(v.duties.duplicate_then, DUPLICATE_APPROVE);
    assert_int_equal(v.duties.duplicate_ms, 3600 * 1000);
    assert_str(v.duties.duplicate_rule, "all");
    assert_true(policy_ask_duplicate(&v, &s.a));
    assert_int_equal(v.approval.n_asks, 1);
    assert_str(v.approval.asks[0], "duplicate all");
    assert_int_equal(v.approval.terms.quorum, 2);
    assert_int_equal(v.approval.terms.ttl_ns, 600 * NS_PER_S);
    assert_int_equal(policy_duplicate_ms(team), 3600 * 1000);
    close_shelf(&s);
}

static void a_rule_names_redactors_of_its_own_document_only(void **state)
{
    (void)state;
    struct shelf s;
    open_shelf(&s);
    struct policy *company = put(&s, "company", NULL, NULL, REDACTOR("cards", "card") ALL);
    assert_null(put(&s, "team", company, NULL,
                    "rules:\n  - {id: own, effect: permit, match: {}, redact: [cards]}\n"));
    assert_true(says(s.diags.items[0].message, "redactor `cards` is not known"));
    close_shelf(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redactors_and_obligations_above_act_below),
        cmocka_unit_test(of_two_that_ask_about_duplicates_the_most_persons_and_the_shortest_time_count),
        cmocka_unit_test(a_rule_names_redactors_of_its_own_document_only),
        cmocka_unit_test(what_no_document_above_permits_is_denied),
        cmocka_unit_test(a_forbid_above_wins_and_so_does_one_below),
        cmocka_unit_test(what_is_asked_above_is_asked_together_with_what_is_asked_below),
        cmocka_unit_test(limits_of_all_documents_must_fit_in_the_order_of_their_ids),
        cmocka_unit_test(a_limit_on_new_runs_stays_behind_the_one_that_it_counts_for),
        cmocka_unit_test(who_must_be_proven_above_must_be_proven),
        cmocka_unit_test(several_documents_above_all_count),
        cmocka_unit_test(a_document_outlives_the_shelf_that_it_was_found_on),
        cmocka_unit_test(what_cannot_be_extended_is_refused),
        cmocka_unit_test(an_id_of_a_document_above_is_taken),
        cmocka_unit_test(steps_and_documents_above_are_bounded),
        cmocka_unit_test(what_stands_below_never_widens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
