/*
 * policy/trial.c - runs the tests of a file: facts in, a verdict, limits where the test says they stand, and compared.
 */
#include "policy/trial_impl.h"

#include "base/err.h"
#include "codec/json_write.h"
#include "policy/explain.h"
#include "policy/policy_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define VERDICT_BYTES_MAX ((size_t)4 << 20)
#define NODES_MAX 100000
#define DEPTH_MAX 32

static const struct key_row file_keys[] = {
    {STR_INIT("apiVersion"), KEY_REQUIRED}, {STR_INIT("kind"), KEY_REQUIRED}, {STR_INIT("metadata"), KEY_OPTIONAL},
    {STR_INIT("document"), KEY_OPTIONAL},   {STR_INIT("tests"), KEY_REQUIRED}};

static const struct key_row test_keys[] = {{STR_INIT("name"), KEY_REQUIRED},
                                           {STR_INIT("given"), KEY_REQUIRED},
                                           {STR_INIT("expect"), KEY_REQUIRED}};

static const struct key_row expect_keys[] = {{STR_INIT("decision"), KEY_REQUIRED}, {STR_INIT("rule"), KEY_OPTIONAL},
                                             {STR_INIT("code"), KEY_OPTIONAL},     {STR_INIT("limit"), KEY_OPTIONAL},
                                             {STR_INIT("asks"), KEY_OPTIONAL},     {STR_INIT("resets"), KEY_OPTIONAL},
                                             {STR_INIT("reason"), KEY_OPTIONAL},   {STR_INIT("redact"), KEY_OPTIONAL},
                                             {STR_INIT("obligations"), KEY_OPTIONAL},
                                             {STR_INIT("shadow"), KEY_OPTIONAL}};

static const struct str decisions[] = {STR_INIT("deny"), STR_INIT("permit"), STR_INIT("approve")}; /* as enum effect */

bool check_tests(struct parse *x, const struct yaml *list)
{
    size_t n_errors = x->diags->n_errors;
    if (!parse_type(x, list, YAML_SEQ, STR("tests")))
        return list == NULL;
    yaml_each(test, list) {
        struct str name;
        if (!parse_type(x, test, YAML_MAP, STR("tests")))
            continue;
        const struct yaml *expect = yaml_get(test, STR("expect"));
        parse_keys(x, test, "a test", test_keys, N(test_keys));
        parse_text(x, test, STR("name"), &name);
        if (parse_type(x, yaml_get(test, STR("given")), YAML_MAP, STR("given")))
            check_given(x, yaml_get(test, STR("given")));
        if (!parse_type(x, expect, YAML_MAP, STR("expect")))
            continue;
        parse_keys(x, expect, "`expect`", expect_keys, N(expect_keys));
        (void)parse_word(x, expect, STR("decision"), decisions, N(decisions), NULL, 0); /* said in diags */
    }
    return x->diags->n_errors == n_errors;
}

/* --- one test ----------------------------------------------------------------------------------------------------- */

/* As the ledger looks at them. */
static void compare(const struct counters *counters, struct verdict *v)
{
    for (size_t i = 0; i < v->n_needs; i++) {
        struct limit_need *need = &v->needs[i];
        need->before = counter_of(counters, need);
        if (need->counts_new && v->needs[i - 1].before > 0)
            need->n = 0; /* a run that has counted is not new */
        if (need->n == 0 && need->counts_new)
            continue;
        need->is_short = need->n > need->max || need->before > need->max - need->n;
        need->after = need->is_short ? need->before + need->n : 0;
    }
}

/* The first limit (in id order) that is full: it refuses, or a person is asked. NULL: all have room. */
static const struct limit_need *first_full(const struct verdict *v)
{
    for (size_t i = 0; i < v->n_needs; i++)
        if (v->needs[i].is_short && !v->needs[i].is_shadow)
            return &v->needs[i];
    return NULL;
}

static struct str amount_text(struct arena *a, const struct limit_need *need)
{
    char text[MONEY_TEXT_BYTES];
    return meter_is_money(need->meter) ? arena_str(a, money_text_short(need->n, text)) : arena_i64(a, need->n);
}

/* "2026-11-24T00:00:00Z": windows of calendars end on whole seconds. */
static struct str reset_text(struct arena *a, const struct limit_need *need)
{
    char text[WALL_TEXT_BYTES];
    if (need->resets_at == 0)
        return STR("never");
    return arena_printf(a, STR_FMT "Z", STR_ARG(str_sub(wall_text(need->resets_at, text), 0, 19)));
}

/* Every limit that the call asks of, and what it asks or when it begins anew. */
static struct str each_need(struct arena *a, const struct verdict *v,
                            struct str (*text_of)(struct arena *a, const struct limit_need *need))
{
    struct str text = STR("");
    for (size_t i = 0; i < v->n_needs; i++)
        text = arena_printf(a, STR_FMT "%s" STR_FMT " " STR_FMT, STR_ARG(text), i ? ", " : "",
                            STR_ARG(v->needs[i].id), STR_ARG(text_of(a, &v->needs[i])));
    return text;
}

static struct str and_then(struct arena *a, struct str text, struct str more)
{
    return arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(text), text.n ? ", " : "", STR_ARG(more));
}

static struct str redactors_text(const struct policy *p, struct arena *a, uint32_t redactors)
{
    struct str text = STR("");
    for (size_t i = 0; i < p->n_redactors; i++)
        if (redactors & 1u << i)
            text = and_then(a, text, p->redactors[i].name);
    return text.n ? text : STR("none");
}

static struct str obligations_text(struct arena *a, const struct duties *d)
{
    struct str text = STR("");
    char window[DURATION_TEXT_BYTES];
    if (d->needs_idempotency_key)
        text = and_then(a, text, STR("idempotency_key"));
    if (d->duplicate_ms)
        text = and_then(a, text,
                        arena_printf(a, "duplicate " STR_FMT " " STR_FMT,
                                     STR_ARG(duration_text(d->duplicate_ms * NS_PER_MS, window)),
                                     STR_ARG(duplicate_then_text(d->duplicate_then))));
    for (size_t i = 0; i < d->n_notices; i++)
        text = and_then(a, text, arena_printf(a, "notify " STR_FMT, STR_ARG(d->notices[i])));
    for (enum body_side s = 0; s < BODY_SIDES; s++)
        if (d->bodies & BODY_SIDE_BIT(s))
            text = and_then(a, text, arena_printf(a, "log " STR_FMT, STR_ARG(body_side_text(s))));
    return text.n ? text : STR("none");
}

/* What the verdict says of a member of `expect`, as text. */
static struct str said(const struct policy *p, struct arena *a, struct str key, const struct verdict *v,
                       const struct limit_need *full)
{
    if (str_eq(key, STR("redact")))
        return redactors_text(p, a, v->duties.redactors);
    if (str_eq(key, STR("obligations")))
        return obligations_text(a, &v->duties);
    if (str_eq(key, STR("decision")))
        return decisions[v->effect];
    if (str_eq(key, STR("rule")))
        return v->rule.n ? v->rule : STR("none");
    if (str_eq(key, STR("code")))
        return v->code == CODE_NONE ? STR("none") : code_text(v->code);
    if (str_eq(key, STR("limit")))
        return full ? full->id : STR("none");
    if (str_eq(key, STR("reason")))
        return v->reason;
    if (str_eq(key, STR("shadow")))
        return v->would ? decisions[v->would->effect] : STR("none");
    return each_need(a, v, str_eq(key, STR("resets")) ? reset_text : amount_text);
}

/* The member as it stands in the test; `asks: {day: "5.00"}` reads "day 5.00". */
static struct str wanted(struct arena *a, const struct yaml *y)
{
    struct str text = STR("");
    if (y->type != YAML_MAP)
        return y->text;
    yaml_each(one, y)
        text = arena_printf(a, STR_FMT "%s" STR_FMT " " STR_FMT, STR_ARG(text), text.n ? ", " : "", STR_ARG(one->key),
                            STR_ARG(one->text));
    return text;
}

/* What is not given, nobody can look up; but it is asked for first, as of a call (proxy/decide.c). */
static bool finds_nothing(const struct verdict *v, unsigned *may)
{
    bool is_asked = v->effect != EFFECT_DENY && (v->wants_cost || v->wants_customer);
    if (is_asked)
        *may &= ~POLICY_MAY_LOOK_UP;
    return is_asked;
}

/* Decides on what is given; the limit that refuses or asks, or NULL. */
static const struct limit_need *decide(const struct policy *p, const struct known *known, const struct yaml *given,
                                       struct arena *a, struct given *g, struct verdict *v)
{
    unsigned may = POLICY_MAY_ASK | POLICY_MAY_LOOK_UP;
    read_given(given, known, a, g);
    do
        policy_decide(p, NULL, &g->facts, may, a, v);
    while (finds_nothing(v, &may) || answer_questions(given, v, a, &g->facts));
    policy_own_verdict(p, v);
    compare(&g->counters, v);
    policy_settle_would(v, &g->facts, a);
    const struct limit_need *full = policy_ask_limits(v, &g->facts, a);
    if (!full)
        return first_full(v);
    policy_refuse_limit(full, &g->facts, a, v);
    return full;
}

static struct str verdict_text(const struct verdict *v, struct arena *a)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, VERDICT_BYTES_MAX);
    jw_init(&w, &b);
    verdict_put_json(&w, v);
    struct str text = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return text;
}

static void run(const struct policy *p, const struct known *known, const struct yaml *test, struct arena *a,
                struct trial *ret)
{
    struct given g;
    struct verdict v;
    const struct limit_need *full = decide(p, known, yaml_get(test, STR("given")), a, &g, &v);
    *ret = (struct trial){.line = test->line, .is_passed = true, .wanted = STR(""), .got = STR("")};
    ret->verdict = verdict_text(&v, a);
    (void)yaml_str(yaml_get(test, STR("name")), &ret->name);
    yaml_each(y, yaml_get(test, STR("expect"))) {
        struct str want = wanted(a, y), got = said(p, a, y->key, &v, full);
        size_t at;
        bool is_same = str_eq(y->key, STR("reason")) ? str_find(got, want, &at) : str_eq(got, want);
        ret->is_passed &= is_same;
        ret->wanted = arena_printf(a, STR_FMT "%s" STR_FMT ": " STR_FMT, STR_ARG(ret->wanted),
                                   ret->wanted.n ? ", " : "", STR_ARG(y->key), STR_ARG(want));
        ret->got = arena_printf(a, STR_FMT "%s" STR_FMT ": " STR_FMT, STR_ARG(ret->got), ret->got.n ? ", " : "",
                                STR_ARG(y->key), STR_ARG(got));
    }
    if (!ret->is_passed && v.reason.n)
        ret->got = arena_printf(a, STR_FMT " (" STR_FMT ")", STR_ARG(ret->got), STR_ARG(v.reason));
}

/* --- a file ------------------------------------------------------------------------------------------------------- */

struct file {
    struct parse x;
    const struct yaml *root;
    struct policy *own; /* NULL: the file has no document */
};

/* A document inside a file of tests, by way of its canonical text; its faults are shown at `document`. */
static int parse_inner(struct file *f, const struct yaml *document)
{
    struct buf text;
    struct diag_list diags;
    buf_init(&text, (size_t)f->x.limits->policy_bytes_max * 8);
    diag_list_init(&diags, f->x.scratch, 20);
    int r = yaml_canon(f->x.scratch, document, &text);
    if (r == 0)
        r = policy_parse(buf_str(&text), f->x.file, f->x.limits, f->x.known, &diags, &f->own);
    for (size_t i = 0; i < diags.n; i++)
        if (!diags.items[i].is_warning)
            parse_fault(&f->x, document, diags.items[i].code, STR_FMT, STR_ARG(diags.items[i].message));
    buf_deinit(&text);
    return r;
}

static int open_file(struct file *f)
{
    struct str kind;
    struct parse *x = &f->x;
    if (!yaml_is(f->root, YAML_MAP) || !parse_text(x, f->root, STR("kind"), &kind))
        kind = STR("Policy"); /* whatever is wrong, the document's reader says */
    if (!str_eq(kind, STR("PolicyTest")))
        return policy_parse(x->text, x->file, x->limits, x->known, x->diags, &f->own);
    parse_keys(x, f->root, "a file of tests", file_keys, N(file_keys));
    const struct yaml *document = yaml_get(f->root, STR("document"));
    if (document && parse_inner(f, document) < 0)
        return -ERR_INVALID;
    return check_tests(x, yaml_get(f->root, STR("tests"))) ? 0 : -ERR_INVALID;
}

static int run_all(struct file *f, const struct policy *given, struct arena *a, struct trials *ret)
{
    const struct policy *p = f->own ? f->own : given;
    const struct yaml *list = yaml_get(f->root, STR("tests"));
    if (!p) {
        parse_fault(&f->x, f->root, "missing_key",
                    "these tests have no `document`; name the policy's file before them");
        return -ERR_INVALID;
    }
    struct trials t = {.items = arena_try_alloc(a, ((list ? list->n : 0) + 1) * sizeof *t.items)};
    if (!t.items)
        return err_trace(-ERR_TOO_LARGE);
    yaml_each(test, list) {
        run(p, f->x.known, test, a, &t.items[t.n]);
        t.n_passed += t.items[t.n++].is_passed;
    }
    *ret = t;
    return 0;
}

int policy_try(struct str text, struct str file, const struct policy *given, const struct limits *limits,
               const struct known *known, struct arena *a, struct diag_list *diags, struct trials *ret)
{
    static const struct known nothing;
    const struct yaml_limits bounds = {
        .bytes_max = (size_t)limits->policy_bytes_max, .depth_max = DEPTH_MAX, .nodes_max = NODES_MAX};
    struct file f = {.x = {.scratch = a, .file = file, .text = text, .diags = diags, .limits = limits,
                           .known = known ? known : &nothing}};
    int r = yaml_parse(a, file, text, &bounds, diags, &f.root);
    if (r == 0)
        r = open_file(&f);
    if (r == 0)
        r = run_all(&f, given, a, ret);
    policy_unref(f.own);
    return err_trace(r);
}

int policy_explain_given(const struct policy *p, struct str text, struct str file, const struct limits *limits,
                         const struct known *known, struct arena *a, struct diag_list *diags, struct buf *out)
{
    static const struct known nothing;
    const struct yaml_limits bounds = {
        .bytes_max = (size_t)limits->policy_bytes_max, .depth_max = DEPTH_MAX, .nodes_max = NODES_MAX};
    struct parse x = {.scratch = a, .file = file, .text = text, .diags = diags, .limits = limits,
                      .known = known ? known : &nothing};
    const struct yaml *root;
    struct given g;
    struct verdict v;
    int r = yaml_parse(a, file, text, &bounds, diags, &root);
    if (r < 0)
        return err_trace(r);
    if (!yaml_is(root, YAML_MAP)) {
        parse_fault(&x, root, "wrong_type", "a request is a map: principal, request, customer, run, counters, now");
        return -ERR_INVALID;
    }
    check_given(&x, root);
    if (diags->n_errors)
        return -ERR_INVALID;
    (void)decide(p, x.known, root, a, &g, &v); /* which limit, the verdict says */
    return policy_explain_json(p, &g.facts, &v, a, out);
}
