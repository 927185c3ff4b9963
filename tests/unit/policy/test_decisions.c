/*
 * policy: facts in, a verdict out, each a file of tests/cases/policy/decisions against a document of policies/.
 *
 * "--- call" gives the facts (below), "--- verdict" what must come out. Compared are effect, code, wants and all needs
 * always; rule and reason where the case names them. "full: <limit id> <before> <held>" asks what is said when that
 * need has no room.
 */
#include "base/err.h"
#include "case.h"
#include "operations.h"
#include "policy/policy.h"

static const char *cases_dir;

struct decision {
    struct arena *a;
    struct str policy; /* file; empty: the document does not exist */
    struct str specs[8];
    size_t n_specs;
    struct facts f;
    bool may_lookup;
    struct str full;
    struct param params[8];
};

static void set_amount(struct decision *d, struct str value)
{
    struct str minor, rest, currency, exponent;
    assert_true(str_cut(value, ' ', &minor, &rest) && str_cut(rest, ' ', &currency, &exponent));
    int64_t e;
    assert_int_equal(str_to_i64(minor, &d->f.amount.minor), 0);
    assert_int_equal(str_to_i64(exponent, &e), 0);
    memcpy(d->f.amount.currency, currency.p, 3);
    d->f.amount.exponent = (int)e;
    d->f.amount.is_known = true;
}

static void set_tokens(struct decision *d, struct str value)
{
    struct str input, output;
    struct token_bound *t = &d->f.tokens;
    t->input = t->output = -1; /* as llm/bound.h says it */
    if (str_eq(value, STR("unknown")))
        return;
    assert_true(str_cut(value, ' ', &input, &output));
    t->is_known = (str_to_i64(input, &t->input) == 0) & (str_to_i64(output, &t->output) == 0);
}

/* A verified token: "<how many agents it names> <seconds that it lives>"; of the user and customer of the call. */
static void set_token(struct decision *d, struct str value)
{
    static const struct str agents[] = {STR_INIT("refunds"), STR_INIT("a2"), STR_INIT("a3"), STR_INIT("a4")};
    struct str n, lives;
    int64_t n_actors;
    assert_true(str_cut(value, ' ', &n, &lives));
    assert_int_equal(str_to_i64(n, &n_actors), 0);
    assert_int_equal(str_to_i64(lives, &d->f.token_lifetime_s), 0);
    d->f.issuer = STR("idp");
    d->f.actors = agents;
    d->f.n_actors = (size_t)n_actors;
    d->f.user_source = SOURCE_TOKEN;
    d->f.customer_source = SOURCE_TOKEN;
}

/* param: amount int 500 */
static void set_param(struct decision *d, struct str value)
{
    static const struct str kinds[] = {STR_INIT("text"), STR_INIT("int"), STR_INIT("bool"), STR_INIT("list")};
    struct param *p = &d->params[d->f.n_params++];
    struct str kind, rest;
    assert_true(str_cut(value, ' ', &p->name, &rest) && str_cut(rest, ' ', &kind, &p->s));
    while (!str_eq(kinds[p->kind], kind))
        p->kind++;
    bool is_negative = str_starts(p->s, STR("-"));
    if (p->kind == KIND_INT)
        assert_int_equal(str_to_i64(str_sub(p->s, is_negative, SIZE_MAX), &p->i), 0);
    p->i = is_negative ? -p->i : p->i;
    d->f.params = d->params;
}

static void set_fact(struct decision *d, struct str key, struct str value)
{
    const struct {
        const char *name;
        struct str *at;
    } texts[] = {{"policy", &d->policy},
                 {"operation", &d->f.operation},
                 {"vendor", &d->f.vendor},
                 {"agent", &d->f.agent},
                 {"key", &d->f.key},
                 {"tenant", &d->f.tenant},
                 {"customer", &d->f.customer},
                 {"issuer", &d->f.issuer},
                 {"claimed_user", &d->f.claims.user},
                 {"claimed_customer", &d->f.claims.customer},
                 {"run", &d->f.run_id},
                 {"method", &d->f.method},
                 {"layer", &d->f.layer},
                 {"model", &d->f.model},
                 {"user", &d->f.user},
                 {"full", &d->full}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!str_eq(key, str_c(texts[i].name)))
            continue;
        *texts[i].at = value;
        return;
    }
    if (str_eq(key, STR("class")))
        d->f.class = str_eq(value, STR("unknown")) ? CLASS_UNKNOWN
                                                   : (assert_int_equal(class_parse(value, &d->f.class), 0), d->f.class);
    else if (str_eq(key, STR("mode")))
        assert_int_equal(mode_parse(value, &d->f.mode), 0);
    else if (str_eq(key, STR("cost")))
        d->f.cost.how = str_eq(value, STR("unknown"))
                            ? HOW_UNKNOWN
                            : (assert_int_equal(money_parse(value, &d->f.cost.usd), 0), HOW_PARSED);
    else if (str_eq(key, STR("token")))
        set_token(d, value);
    else if (str_eq(key, STR("lookup")))
        d->may_lookup = str_eq(value, STR("yes"));
    else if (str_eq(key, STR("now")))
        assert_int_equal(wall_parse(value, &d->f.now), 0);
    else if (str_eq(key, STR("key_limit")))
        d->specs[d->n_specs++] = value;
    else if (str_eq(key, STR("amount")))
        set_amount(d, value);
    else if (str_eq(key, STR("param")))
        set_param(d, value);
    else if (str_eq(key, STR("tokens")))
        set_tokens(d, value);
    else
        fail_msg("a case names the unknown fact %.*s", STR_ARG(key));
}

static void read_call(const struct case_file *c, struct decision *d)
{
    d->f = (struct facts){.layer = STR("saas"), .vendor = STR("stripe"), .operation = STR("stripe.refunds.create"),
                          .class = CLASS_MONEY_OUT, .method = STR("POST"), .agent = STR("refunds"), .key = STR("k1"),
                          .run_id = STR("r1"), .mode = MODE_LIVE};
    d->policy = STR("support.yaml");
    assert_int_equal(wall_parse(STR("2026-11-23T14:30:00Z"), &d->f.now), 0);
    struct str rest = case_section(c, "call"), line, key, value;
    while (case_line(&rest, &line))
        if (case_pair(line, &key, &value))
            set_fact(d, key, value);
}

static struct str amount_text(struct arena *a, enum limit_meter meter, int64_t n)
{
    char text[MONEY_TEXT_BYTES];
    return meter == METER_USD ? arena_str(a, money_text_short(n, text)) : arena_printf(a, "%lld", (long long)n);
}

static struct str need_text(struct arena *a, const struct limit_need *n)
{
    char start[WALL_TEXT_BYTES] = "-", reset[WALL_TEXT_BYTES] = "-";
    int chars = n->window == WINDOW_DAY || n->window == WINDOW_MONTH ? 10 : WALL_TEXT_BYTES;
    if (n->window_start)
        wall_text(n->window_start, start);
    if (n->resets_at)
        wall_text(n->resets_at, reset);
    return arena_printf(
        a, "need: " STR_FMT " " STR_FMT " " STR_FMT " n=" STR_FMT " max=" STR_FMT " from=%.*s to=%.*s%s\n",
        STR_ARG(n->id), STR_ARG(n->counter), STR_ARG(n->bucket), STR_ARG(amount_text(a, n->meter, n->n)),
        STR_ARG(amount_text(a, n->meter, n->max)), chars, start, chars, reset, n->may_clamp ? " clamp" : "");
}

/* As if the ledger had no room for the need that `full` names. */
static void fill_up(struct decision *d, struct verdict *v)
{
    struct str id, rest, before, held;
    assert_true(str_cut(d->full, ' ', &id, &rest) && str_cut(rest, ' ', &before, &held));
    for (size_t i = 0; i < v->n_needs; i++) {
        struct limit_need *need = &v->needs[i];
        if (!str_eq(need->id, id))
            continue;
        bool is_usd = need->meter == METER_USD;
        assert_int_equal(is_usd ? money_parse(before, &need->before) : str_to_i64(before, &need->before), 0);
        assert_int_equal(is_usd ? money_parse(held, &need->held) : str_to_i64(held, &need->held), 0);
        need->after = need->before + need->held + need->n;
        policy_refuse_limit(need, &d->f, d->a, v);
        return;
    }
    fail_msg("no need is called %.*s", STR_ARG(id));
}

static struct str verdict_text(struct arena *a, const struct verdict *v, bool has_rule, bool has_reason)
{
    struct str code = v->code ? code_text(v->code) : STR("none");
    struct str text =
        arena_printf(a, "effect: " STR_FMT "\ncode: " STR_FMT "\n", STR_ARG(effect_text(v->effect)), STR_ARG(code));
    if (has_rule)
        text = arena_printf(a, STR_FMT "rule: " STR_FMT "\n", STR_ARG(text), STR_ARG(v->rule.n ? v->rule : STR("-")));
    if (v->wants_cost || v->wants_customer)
        text = arena_printf(a, STR_FMT "wants:%s%s\n", STR_ARG(text), v->wants_cost ? " cost" : "",
                            v->wants_customer ? " customer" : "");
    if (has_reason)
        text = arena_printf(a, STR_FMT "reason: " STR_FMT "\n", STR_ARG(text), STR_ARG(v->reason));
    for (size_t i = 0; i < v->n_needs; i++)
        text = arena_printf(a, STR_FMT STR_FMT, STR_ARG(text), STR_ARG(need_text(a, &v->needs[i])));
    return text;
}

static struct policy *load(struct arena *a, struct str name)
{
    char path[1000];
    struct diag_list diags;
    struct limits limits;
    static const struct known known = {.operations = case_operations, .n_operations = CASE_OPERATIONS};
    struct policy *p = NULL;
    if (name.n == 0)
        return NULL;
    snprintf(path, sizeof path, "%s/policies/%.*s", cases_dir, STR_ARG(name));
    diag_list_init(&diags, a, 20);
    limits_default(&limits);
    if (policy_parse(case_read(a, path), name, &limits, &known, &diags, &p) < 0)
        fail_msg("%s: %.*s", path, STR_ARG(diags.items[0].message));
    return p;
}

static bool run_decision(const char *dir, const struct case_file *c)
{
    struct arena a;
    struct decision d = {.a = &a};
    struct diag_list diags;
    struct limits limits;
    struct key_limits *keys = NULL;
    struct verdict v;
    size_t at;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, 20);
    limits_default(&limits);
    read_call(c, &d);
    struct policy *p = load(&a, d.policy);
    if (d.n_specs > 0)
        assert_int_equal(key_limits_parse(d.specs, d.n_specs, &limits, &diags, &keys), 0);
    policy_decide(p, keys, &d.f, d.may_lookup, &a, &v);
    if (d.full.n > 0) {
        fill_up(&d, &v);
        v.n_needs = 0;
    }
    struct str want = case_section(c, "verdict");
    struct str got = verdict_text(&a, &v, str_find(want, STR("\nrule:"), &at), str_find(want, STR("\nreason:"), &at));
    bool is_ok = str_eq(got, want);
    if (!is_ok)
        print_error("got:\n%.*swant:\n%.*s(reason: %.*s)\n", STR_ARG(got), STR_ARG(want), STR_ARG(v.reason));
    if (p && !str_eq(v.policy, policy_digest(p)))
        is_ok = false;
    key_limits_free(keys);
    policy_unref(p);
    arena_deinit(&a);
    return is_ok;
}

static void verdicts_are_as_their_cases_say(void **state)
{
    char dir[1000];
    int n_failed;
    snprintf(dir, sizeof dir, "%s/decisions", cases_dir);
    int n = case_each(dir, run_decision, &n_failed);
    assert_int_equal(n_failed, 0);
    assert_true(n >= 60);
}

int main(int argc, char **argv)
{
    cases_dir = argc > 1 ? argv[1] : "tests/cases/policy";
    const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts_are_as_their_cases_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
