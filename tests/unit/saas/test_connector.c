/* saas/connector: what connector.yaml may say, what is refused and where, and what the built-in Stripe says. */
#include "codec/json_read.h"
#include "stripe_fixture.h"

#define HEAD                                                                                                           \
    "connector: x\nbase_url: http://x.example\nsecret: {header: authorization}\nrequest: {encoding: form}\n"           \
    "idempotency: {header: k, methods: [POST]}\nerror: {body: '{}'}\n"
#define ROW "operations:\n  - {id: a.b, route: POST /a, class: write}\n"

/* All faults of a file, as text. */
static struct str faults(const char *text)
{
    struct diag_list diags;
    struct connector *c = NULL;
    diag_list_init(&diags, &fx.arena, 20);
    int r = connector_parse(str_c(text), STR("f.yaml"), &fx.limits, &diags, &c);
    assert_int_equal(r == 0, c != NULL);
    connector_free(c);
    buf_reset(&fx.out);
    assert_int_equal(diag_list_text(&diags, &fx.out), 0);
    return buf_str(&fx.out);
}

static void refused(const char *text, const char *why)
{
    struct str got = faults(text);
    size_t at;
    if (!str_find(got, str_c(why), &at))
        fail_msg("want `%s`, got `" STR_FMT "`", why, STR_ARG(got));
}

static void a_small_connector_is_enough(void **state) { assert_str(faults(HEAD ROW), ""); }

static void every_fault_names_its_line(void **state)
{
    refused(HEAD ROW "colour: red\n", "f.yaml:9:1: unknown_key");
    refused(HEAD "operations:\n  - {id: a, route: POST /a, class: riches}\n", "f.yaml:8:");
    refused(HEAD
            "operations:\n  - {id: a, route: POST /a, class: write}\n  - {id: 'b c', route: POST /b, class: write}\n",
            "f.yaml:9:");
}

static void what_is_missing_is_a_fault(void **state)
{
    refused(HEAD, "can do nothing");
    refused("connector: x\n" ROW, "`base_url` is missing");
    refused("connector: x\n" ROW, "`encoding` is missing");
    refused("connector: x\n" ROW, "`header` is missing");
    refused("[]\n", "a mapping is needed here");
    assert_true(faults("").n > 0);
    refused(HEAD "operations:\n  - {id: a.b, route: POST /a}\n", "`class` is missing");
    refused(HEAD "operations:\n  - {id: a.b, class: write}\n", "must read like");
}

static void two_rows_for_one_route_are_refused(void **state)
{
    refused(HEAD ROW "  - {id: c.d, route: POST /a, class: money_out}\n", "same route as line 8");
    refused(HEAD "operations:\n  - {id: a, route: \"GET /a/{x}\", class: read}\n  - {id: b, route: \"GET /a/{y}\", "
                 "class: authority}\n",
            "same route as line 8");
    refused(HEAD ROW "known: {read: {c.d: POST /a}}\n", "same route as line 8");
    assert_str(faults(HEAD ROW "known: {read: {c.d: GET /a, e.f: [\"GET /a/{x}\", GET /a/search]}}\n"), "");
}

static void names_must_be_declared(void **state)
{
    refused(HEAD "operations:\n  - {id: a, route: POST /a, class: money_out, amount: amount}\n",
            "`amount` is not a parameter");
    refused(HEAD "operations:\n  - {id: a, route: POST /a, class: write, lookup: [{get: \"/x/{id}\"}]}\n",
            "`id` is not a parameter");
    refused(HEAD "operations:\n  - {id: a, route: POST /a, class: write, class_if: [{param: b, class: cost}]}\n",
            "`b` is not a parameter");
    refused(HEAD "operations:\n  - {id: a, route: POST /a, class: write, currencies: nowhere}\n",
            "no currency table `nowhere`");
    refused(HEAD "operations:\n  - {id: a, route: POST /a, class: write, params: {x: float}}\n",
            "the type of a parameter");
}

#define OP                                                                                                             \
    "operations:\n  - {id: a, route: \"POST /a/{id}.json\", class: cost, "                                             \
    "params: {to: addresses, sec: int, s: content}, "

static void what_is_derived_says_of_what(void **state)
{
    assert_str(faults(HEAD OP "derive: {k: {count: [to]}, m: {minutes: sec, otherwise: 60}, p: {segments: s}}}\n"), "");
    refused(HEAD OP "derive: {k: {count: [cc]}}}\n", "`cc` is not a parameter");
    refused(HEAD OP "derive: {k: {count: [to], minutes: sec}}}\n", "is the count of parameters");
    refused(HEAD OP "derive: {k: {segments: [s, to]}}}\n", "is the count of parameters");
    refused(HEAD OP "derive: {k: {}}}\n", "is the count of parameters");
    refused(HEAD OP "derive: {k: {sum: [to]}}}\n", "unknown_key");
    refused(HEAD OP "derive: [to]}\n", "must be a mapping");
}

static void a_price_is_from_a_table_or_unknown_or_free(void **state)
{
#define P(rule) HEAD OP "derive: {k: {count: to}}, price: [" rule "]}\n"
    assert_str(faults(P("{table: resend_email, item: email, add: each, times: k}")), "");
    assert_str(faults(P("{with: sec, unknown: true}, {free: true}")), "");
    refused(P("{unknown: true, free: true}"), "`unknown`, `free`, or from a `table`");
    refused(P("{times: k}"), "`unknown`, `free`, or from a `table`");
    refused(P("{table: nowhere, item: email, add: each}"), "no table of prices `nowhere`");
    refused(P("{table: resend_email, add: each}"), "needs `of` or `item`");
    refused(P("{table: resend_email, of: to, item: email, add: each}"), "needs `of` or `item`");
    refused(P("{table: resend_email, item: email}"), "`add` with its columns");
    refused(P("{table: resend_email, item: email, add: each, times: s}"), "`s` is no integer");
    refused(P("{with: x, free: true}"), "`x` is not a parameter");
}

static void a_poll_says_what_and_when(void **state)
{
#define S(more) HEAD OP "settle: {poll: \"GET /m/{sid}\", price: p, currency: c" more "}}\n"
    assert_str(faults(S(", after_ms: [1, 2, 3]")), "");
    refused(S(""), "`after_ms` must say when to ask");
    refused(S(", after_ms: [2, 2]"), "rising times");
    refused(S(", after_ms: [1, 2, 3, 4, 5, 6, 7, 8, 9]"), "up to 8");
    refused(HEAD OP "settle: {poll: POST /m, price: p, currency: c, after_ms: [1]}}\n", "must read like `GET");
    refused(HEAD OP "settle: {poll: \"GET /m/{sid\", price: p, currency: c, after_ms: [1]}}\n", "a { without its }");
}

static void duplicates_are_by_parameters(void **state)
{
    assert_str(faults(HEAD OP "duplicates: {window_ms: 60000, by: [to, s]}}\n"), "");
    refused(HEAD OP "duplicates: {window_ms: 60000, by: []}}\n", "names 1 to 16");
    refused(HEAD OP "duplicates: {window_ms: 60000, by: [from]}}\n", "`from` is not a parameter");
    refused(HEAD OP "duplicates: {window_ms: 0, by: [to]}}\n", "`window_ms` must be an integer from 1");
}

static void hosts_and_secrets_have_their_forms(void **state)
{
    assert_str(faults(HEAD ROW "hosts: [{prefix: /x, host: x.example}, {prefix: /y, host: y.example, kept: true}]\n"),
               "");
    refused(HEAD ROW "hosts: [{prefix: x, host: x.example}]\n", "reads like `/lookups`");
    refused(HEAD ROW "hosts: [{prefix: /x/, host: x.example}]\n", "reads like `/lookups`");
    refused("connector: x\nsecret: {header: a, kind: digest}\n" ROW, "`kind` is `plain` or `basic`");
}

static void rows_of_ones_own_stand_before_the_tables(void **state)
{
#define OWN(rows) "prices: resend_email\nmatch: exact\nas_of: x\nsource: z\nrows: [" rows "]\n"
    static const struct {
        const char *text, *why;
    } bad[] = {
        {OWN("{for: email, each: 0.5}"), "decimal text in USD"},
        {OWN("{for: email, each: \"1e3\"}"), "decimal text in USD"},
        {OWN("{for: email, each: \"-1\"}"), "decimal text in USD"},
        {OWN("{each: \"1\"}"), "`for` must say"},
        {OWN("{for: email}, {for: email}"), "`email` stands twice"},
        {"prices: other\nmatch: exact\nas_of: x\nsource: z\nrows: []\n", "no prices named `other`"},
        {"prices: resend_email\nmatch: prefix\nas_of: x\nsource: z\nrows: []\n", "not prices of"},
        {"prices: resend_email\nmatch: exact\nas_of: x\nsource: z\n", "`rows` must be a list"},
        {"prices: resend_email\nmatch: some\nas_of: x\nsource: z\nrows: []\n", "`prefix` or `exact`"},
    };
    struct connector *c = NULL;
    struct diag_list diags;
    struct str text;
    diag_list_init(&diags, &fx.arena, 20);
    assert_true(connector_builtin(STR("resend"), &text));
    assert_int_equal(connector_parse(text, STR("r.yaml"), &fx.limits, &diags, &c), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t at;
        diag_list_init(&diags, &fx.arena, 20);
        assert_int_equal(connector_override_prices(c, str_c(bad[i].text), STR("own.yaml"), &diags), -ERR_INVALID);
        buf_reset(&fx.out);
        assert_int_equal(diag_list_text(&diags, &fx.out), 0);
        if (!str_find(buf_str(&fx.out), str_c(bad[i].why), &at) || !str_starts(buf_str(&fx.out), STR("own.yaml:")))
            fail_msg("want `%s`, got `" STR_FMT "`", bad[i].why, STR_ARG(buf_str(&fx.out)));
    }
    diag_list_init(&diags, &fx.arena, 20);
    struct str own = STR(OWN("{for: email, each: \"0.000000001\"}"));
    assert_int_equal(connector_override_prices(c, own, STR("o"), &diags), 0);
    struct saas_request r = post("/emails", "{\"to\":[\"a@x.dev\",\"b@x.dev\"]}");
    struct saas_call call;
    struct saas_problem problem;
    r.content_type = STR("application/json");
    assert_int_equal(saas_read(c, saas_find(c, r.method, r.path), &r, &fx.limits, &fx.arena, &call, &problem), 0);
    assert_int_equal(saas_predict(&call).usd, 2);
    assert_int_equal(saas_predict(&call).how, HOW_PRICED);
    connector_free(c);
}

static void a_vague_confirm_row_is_refused(void **state)
{
    refused(HEAD "operations:\n  - {id: a, route: POST /a, class: cost, confirm: [{path: status, outcome: settled}]}\n",
            "a row has one of");
    refused(HEAD "operations:\n  - {id: a, route: POST /a, class: cost, confirm: [{outcome: none}]}\n",
            "settled, released or unknown");
    refused(HEAD "operations:\n  - {id: a, route: POST /a, class: cost, confirm: [{outcome: perhaps}]}\n",
            "settled, released or unknown");
}

static void a_5xx_never_proves_that_nothing_was_charged(void **state)
{
    refused(HEAD ROW "no_charge: [400, 500]\n", "only a status from 400 to 499");
    refused(HEAD ROW "no_charge: [200]\n", "only a status from 400 to 499");
}

static void another_version_is_another_grammar(void **state)
{
    refused(HEAD ROW "version: 2\n", "`version` must be an integer from 1 to 1");
}

static void an_unknown_name_has_no_builtin(void **state)
{
    struct str text;
    assert_false(connector_builtin(STR("stripes"), &text));
}

static void all_builtin_connectors_are_listed(void **state)
{
    static const char *const want[] = {"anthropic", "openai", "resend", "stripe", "twilio"};
    for (size_t i = 0; i < 5; i++)
        assert_str(connector_builtin_names()[i], want[i]);
    assert_int_equal(connector_builtin_names()[5].n, 0);
}

static void stripe_says_how_its_secret_goes(void **state)
{
    struct secret_form form = connector_secret_form(fx.stripe);
    assert_str(form.header, "authorization");
    assert_str(form.prefix, "Bearer ");
    assert_str(connector_base_url(fx.stripe), "https://api.stripe.com");
    assert_str(connector_request_id_header(fx.stripe), "request-id");
    assert_str(connector_replay_header(fx.stripe), "idempotent-replayed");
}

static void a_secret_tells_its_mode(void **state)
{
    enum mode m = MODE_ANY;
    assert_true(connector_secret_mode(fx.stripe, STR("sk_test_abc"), &m));
    assert_int_equal(m, MODE_TEST);
    assert_true(connector_secret_mode(fx.stripe, STR("rk_live_abc"), &m));
    assert_int_equal(m, MODE_LIVE);
    assert_false(connector_secret_mode(fx.stripe, STR("whatever"), &m));
}

static void headers_that_change_the_payer_are_refused(void **state)
{
    assert_true(connector_refuses_header(fx.stripe, STR("Stripe-Account")));
    assert_true(connector_refuses_header(fx.stripe, STR("stripe-context")));
    assert_false(connector_refuses_header(fx.stripe, STR("stripe-version")));
    assert_true(connector_forwards_header(fx.stripe, STR("Stripe-Version")));
}

static void headers_that_are_not_listed_stop_here(void **state)
{
    const char *const names[] = {"authorization",          "cookie",
                                 "x-http-method-override", "x-original-url",
                                 "x-rewrite-url",          "accept-encoding",
                                 "x-agent-run-id",         "traceparent",
                                 "content-encoding",       "host"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(connector_forwards_header(fx.stripe, str_c(names[i])));
}

static void operations_are_listed_with_their_classes(void **state)
{
    struct json list;
    struct str name, class;
    assert_int_equal(connector_operations_json(fx.stripe, &fx.out), 0);
    assert_int_equal(json_parse(&fx.arena, buf_str(&fx.out), 8, &list), 0);
    assert_true(json_len(list) > 500);
    size_t n_refunds = 0;
    for (size_t i = 0; i < json_len(list); i++) {
        assert_true(json_str(json_get(json_at(list, i), STR("operation")), &name));
        assert_true(json_str(json_get(json_at(list, i), STR("class")), &class));
        assert_false(str_eq(class, STR("unknown")));
        if (str_eq(name, STR("stripe.refunds.create"))) {
            assert_str(class, "money_out");
            n_refunds++;
        }
    }
    assert_int_equal(n_refunds, 3); /* and its two old paths */
}

/* No GET of Stripe moves money; a POST that is called a read would not be recorded before it is sent. */
static void no_post_is_a_read(void **state)
{
    struct json list;
    struct str method, class;
    assert_int_equal(connector_operations_json(fx.stripe, &fx.out), 0);
    assert_int_equal(json_parse(&fx.arena, buf_str(&fx.out), 8, &list), 0);
    for (size_t i = 0; i < json_len(list); i++) {
        assert_true(json_str(json_get(json_at(list, i), STR("method")), &method));
        assert_true(json_str(json_get(json_at(list, i), STR("class")), &class));
        if (str_eq(class, STR("read")))
            assert_str(method, "GET");
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_small_connector_is_enough),
        T(every_fault_names_its_line),
        T(what_is_missing_is_a_fault),
        T(two_rows_for_one_route_are_refused),
        T(names_must_be_declared),
        T(what_is_derived_says_of_what),
        T(a_price_is_from_a_table_or_unknown_or_free),
        T(a_poll_says_what_and_when),
        T(duplicates_are_by_parameters),
        T(hosts_and_secrets_have_their_forms),
        T(rows_of_ones_own_stand_before_the_tables),
        T(a_vague_confirm_row_is_refused),
        T(a_5xx_never_proves_that_nothing_was_charged),
        T(another_version_is_another_grammar),
        T(an_unknown_name_has_no_builtin),
        T(all_builtin_connectors_are_listed),
        T(stripe_says_how_its_secret_goes),
        T(a_secret_tells_its_mode),
        T(headers_that_change_the_payer_are_refused),
        T(headers_that_are_not_listed_stop_here),
        T(operations_are_listed_with_their_classes),
        T(no_post_is_a_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
