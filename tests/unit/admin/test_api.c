/* admin/request.c and the handlers: who may ask, what is asked of the core, and when the answer comes. */
#include "fake.h"

#include "admin/request.h"

#include "base/err.h"
#include "identity/key.h"

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    fake_setup(f);
    *state = f;
    return 0;
}
static int teardown(void **state)
{
    fake_teardown(*state);
    free(*state);
    return 0;
}

static void no_token_is_401_and_says_where_the_token_is(void **state)
{
    struct fake *f = *state;
    fake_send(f, "GET", "/api/v1/calls", "127.0.0.1", NULL, NULL, NULL);
    assert_answer(f, 401, "\"code\":\"unauthorized\"");
    assert_non_null(strstr(f->x->fields, "www-authenticate: Bearer"));
    fake_send(f, "GET", "/api/v1/calls", "127.0.0.1", "Bearer wrong", NULL, NULL);
    assert_answer(f, 401, "admin.token");
    fake_send(f, "GET", "/api/v1/calls", "127.0.0.1", "Bearer " FAKE_TOKEN "x", NULL, NULL);
    assert_answer(f, 401, "unauthorized");
    fake_send(f, "GET", "/api/v1/calls", "127.0.0.1", "Basic " FAKE_TOKEN, NULL, NULL);
    assert_answer(f, 401, "unauthorized");
    assert_null(fake_core.ask);
}

static void a_rebound_name_is_refused_before_anything_else(void **state)
{
    struct fake *f = *state;
    fake_send(f, "GET", "/healthz", "evil.example:4748", NULL, NULL, NULL);
    assert_answer(f, 421, "host_unknown");
    fake_send(f, "GET", "/healthz", "", NULL, NULL, NULL);
    assert_answer(f, 421, "host_unknown");
}

static void health_needs_no_token(void **state)
{
    struct fake *f = *state;
    fake_send(f, "GET", "/healthz", "localhost", NULL, NULL, NULL);
    assert_answer(f, 200, "\"ok\"");
    fake_core.is_ready = false;
    fake_send(f, "GET", "/readyz", "localhost", NULL, NULL, NULL);
    assert_answer(f, 503, "{\"ready\":false}");
    fake_core.is_ready = true;
    fake_send(f, "GET", "/readyz", "localhost", NULL, NULL, NULL);
    assert_answer(f, 200, "{\"ready\":true}");
}

static void a_refused_reload_makes_nothing_unready_and_is_seen_until_a_good_one(void **state)
{
    struct fake *f = *state;
    fake_core.is_ready = true;
    fake_core.json = "{\"status\":\"ok\",\"keys\":7}";
    fake_core.refused = "flyball.yaml:3: restart: `workers`";
    fake_send(f, "GET", "/readyz", "localhost", NULL, NULL, NULL);
    assert_answer(f, 200, "{\"ready\":true,\"reload_refused_at\":\"2027-01-15T08:00:00.000Z\"}\n");
    fake_get(f, "/api/v1/health"); /* why, for those with a token */
    assert_answer(f, 200, "{\"status\":\"ok\",\"keys\":7,\"reload_refused_at\":\"2027-01-15T08:00:00.000Z\","
                          "\"reload_refused\":\"flyball.yaml:3: restart: `workers`\"}\n");
    fake_core.refused = NULL;
    fake_send(f, "GET", "/readyz", "localhost", NULL, NULL, NULL);
    assert_answer(f, 200, "{\"ready\":true}\n");
    fake_get(f, "/api/v1/health");
    assert_answer(f, 200, "{\"status\":\"ok\",\"keys\":7}\n");
}

static void a_target_that_fails_makes_nothing_unready_and_is_seen(void **state)
{
    struct fake *f = *state;
    fake_core.is_ready = fake_core.has_exports = fake_core.is_export_failing = true;
    fake_send(f, "GET", "/readyz?verbose=1", "localhost", NULL, NULL, NULL);
    assert_answer(f, 200, "{\"ready\":true,\"exports\":[{\"name\":\"far\",\"state\":\"failing\",\"lag_frames\":2}]}");
    fake_get(f, "/api/v1/exports");
    assert_answer(f, 200, "\"spans_sent\":7");
    assert_answer(f, 200, "\"last_sent_at\":null,\"last_error\":\"answered with status 503\"");
    fake_core.json = "{}";
    fake_get(f, "/metrics");
    assert_answer(f, 200, "# TYPE flyball_export_up gauge\nflyball_export_up{target=\"far\"} 0\n");
    assert_answer(f, 200, "flyball_export_lag_frames{target=\"far\"} 2\n");
    fake_core.has_exports = false;
    fake_get(f, "/metrics");
    size_t at;
    assert_false(str_find(buf_str(&f->x->body), STR("flyball_export"), &at));
}

static void every_answer_forbids_caching_and_sniffing(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/nothing");
    assert_answer(f, 404, "openapi.json");
    assert_non_null(strstr(f->x->fields, "cache-control: no-store\n"));
    assert_non_null(strstr(f->x->fields, "x-content-type-options: nosniff\n"));
    assert_null(strstr(f->x->fields, "access-control"));
}

static void a_wrong_method_names_the_right_ones(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/kill");
    assert_answer(f, 405, "POST only");
    assert_non_null(strstr(f->x->fields, "allow: POST\n"));
    fake_send(f, "DELETE", "/api/v1/keys", "localhost", "Bearer " FAKE_TOKEN, NULL, NULL);
    assert_answer(f, 405, "GET, POST");
}

static void a_post_must_be_json(void **state)
{
    struct fake *f = *state;
    fake_send(f, "POST", "/api/v1/kill", "localhost", "Bearer " FAKE_TOKEN, "application/x-www-form-urlencoded",
              "reason=x");
    assert_answer(f, 415, "application/json");
    fake_send(f, "POST", "/api/v1/kill", "localhost", "Bearer " FAKE_TOKEN, NULL, "{}");
    assert_answer(f, 415, "application/json");
    fake_send(f, "POST", "/api/v1/kill", "localhost", "Bearer " FAKE_TOKEN, "application/json; charset=utf-8", "{}");
    assert_answer(f, 200, "\"killed\":true");
    fake_post(f, "/api/v1/kill", "{\"reason\":");
    assert_answer(f, 400, "not JSON");
    fake_post(f, "/api/v1/kill", "[]");
    assert_answer(f, 400, "object");
}

static void calls_pass_their_filters_on(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/"
                "calls?run=r1&agent=a&key=k&vendor=stripe&operation=stripe.refunds.create&verdict=deny&limit=5&before="
                "9&after=2&since=1h");
    assert_non_null(fake_core.ask);
    const struct query *q = &fake_core.ask->q;
    assert_int_equal(q->kind, QUERY_CALLS);
    assert_str(q->run, "r1");
    assert_str(q->agent, "a");
    assert_str(q->operation, "stripe.refunds.create");
    assert_str(q->verdict, "deny");
    assert_int_equal(q->rows_max, 5);
    assert_int_equal(q->before_seq, 9);
    assert_int_equal(q->after_seq, 2);
    assert_true(q->since == 1000000000LL * NS_PER_S - 3600 * NS_PER_S);
    fake_answer(0, "[{\"call_id\":\"c1\"}]");
    assert_answer(f, 200, "{\"calls\":[{\"call_id\":\"c1\"}]}");
}

static void unknown_is_an_outcome_filter(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?unknown=1");
    assert_str(fake_core.ask->q.outcome, "unknown");
    assert_int_equal(fake_core.ask->q.rows_max, 100);
    fake_answer(0, "[]");
    assert_answer(f, 200, "{\"calls\":[]}");
}

static void bad_parameters_are_named(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls?agnt=a");
    assert_answer(f, 400, "`agnt`");
    fake_get(f, "/api/v1/calls?verdict=permitt");
    assert_answer(f, 400, "did you mean `permit`?");
    fake_get(f, "/api/v1/calls?limit=0");
    assert_answer(f, 400, "1 to 10000");
    fake_get(f, "/api/v1/calls?limit=10001");
    assert_answer(f, 400, "1 to 10000");
    fake_get(f, "/api/v1/calls?since=yesterday");
    assert_answer(f, 400, "since");
    fake_get(f, "/api/v1/calls?before=-1");
    assert_answer(f, 400, "before");
    fake_get(f, "/api/v1/calls?run=a&run=b");
    assert_answer(f, 400, "query");
    assert_null(fake_core.ask);
    fake_get(f, "/api/v1/calls?limit=10000");
    assert_non_null(fake_core.ask);
    fake_answer(0, "[]");
}

static void one_call_is_an_object_and_a_missing_one_404(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls/c%31");
    assert_int_equal(fake_core.ask->q.kind, QUERY_CALL);
    assert_str(fake_core.ask->q.id, "c1");
    fake_answer(0, "[{\"call_id\":\"c1\",\"seq\":4}]");
    assert_answer(f, 200, "{\"call_id\":\"c1\",\"seq\":4}\n");
    fake_get(f, "/api/v1/calls/c2");
    fake_answer(0, "[]");
    assert_answer(f, 404, "c2");
    fake_get(f, "/api/v1/calls/%00");
    assert_answer(f, 400, "malformed");
    fake_get(f, "/api/v1/calls/c%2");
    assert_answer(f, 400, "malformed");
}

static void why_holds_the_record_and_its_sentences(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls/c1/why");
    fake_answer(0, "[{\"call_id\":\"c1\",\"verdict\":\"permit\",\"rule\":\"refunds\"}]");
    assert_answer(f, 200, "{\"call\":{\"call_id\":\"c1\"");
    assert_answer(f, 200, "Permitted by rule refunds");
}

static void a_run_is_found_then_its_calls(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/runs/r1");
    assert_int_equal(fake_core.ask->q.kind, QUERY_RUNS);
    assert_str(fake_core.ask->q.run, "r1");
    fake_answer(0, "[{\"run_id\":\"r1\",\"agent\":\"a\",\"tenant\":\"t\"}]");
    assert_non_null(fake_core.ask);
    assert_int_equal(fake_core.ask->q.kind, QUERY_RUN_SUM);
    fake_answer(0, "[{\"totals\":[],\"tool_calls\":2}]");
    assert_int_equal(fake_core.ask->q.kind, QUERY_RUN);
    assert_int_equal(fake_core.ask->q.rows_max, f->limits.query_rows_max);
    assert_str(fake_core.ask->q.agent, "a");
    assert_str(fake_core.ask->q.tenant, "t");
    fake_answer(0, "[{\"call_id\":\"c1\"}]");
    assert_answer(f, 200,
                  "{\"run\":{\"run_id\":\"r1\",\"agent\":\"a\",\"tenant\":\"t\",\"totals\":[],\"tool_calls\":2},"
                  "\"calls\":[{\"call_id\":\"c1\"}]}");
}

static void a_runs_calls_can_be_limited_but_its_sums_are_whole(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/runs/r1?limit=7");
    fake_answer(0, "[{\"run_id\":\"r1\"}]");
    assert_int_equal(fake_core.ask->q.rows_max, INT64_MAX);
    fake_answer(0, "[{\"totals\":[]}]");
    assert_int_equal(fake_core.ask->q.rows_max, 7);
    fake_answer(0, "[]");
    assert_answer(f, 200, "\"calls\":[]");
    fake_get(f, "/api/v1/runs/r1?limit=0");
    fake_answer(0, "[{\"run_id\":\"r1\"}]");
    fake_answer(0, "[{\"totals\":[]}]");
    assert_answer(f, 400, "limit");
}

static void several_runs_of_an_id_are_listed(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/runs/r1");
    fake_answer(0, "[{\"run_id\":\"r1\",\"agent\":\"a\"},{\"run_id\":\"r1\",\"agent\":\"b\"}]");
    assert_answer(f, 409, "\"runs\":[{\"run_id\":\"r1\",\"agent\":\"a\"},");
    fake_get(f, "/api/v1/runs/r2?agent=a");
    assert_str(fake_core.ask->q.agent, "a");
    fake_answer(0, "[]");
    assert_answer(f, 404, "r2");
}

static void a_key_is_shown_once_it_is_durable(void **state)
{
    struct fake *f = *state;
    fake_core.is_durable = false;
    fake_post(f, "/api/v1/keys",
              "{\"agent\":\"support\",\"mode\":\"live\",\"limits\":[\"usd=50/day\"],\"expires\":\"30d\"}");
    assert_string_equal(fake_core.called, "key_create");
    assert_int_equal(fake_core.spec.mode, MODE_LIVE);
    assert_int_equal(fake_core.spec.n_limits, 1);
    assert_string_equal(fake_core.spec_limit, "usd=50/day");
    assert_true(fake_core.spec.expires_at == (1000000000LL + 30 * 86400) * NS_PER_S);
    assert_int_equal(f->x->status, 0);
    assert_int_equal(fake_core.sync->seq, 8); /* of what is on record behind the change: who made it */
    assert_string_equal(fake_core.action, "key_create by admin as owner on 0123456789");
    fake_synced(0);
    assert_answer(f, 201, "\"key\":\"fb_test_0123456789_secret\",\"id\":\"0123456789\"");
}

static void a_change_that_cannot_be_made_durable_is_not_confirmed(void **state)
{
    struct fake *f = *state;
    fake_core.is_durable = false;
    fake_post(f, "/api/v1/keys", "{\"agent\":\"support\"}");
    assert_int_equal(fake_core.spec.mode, MODE_TEST);
    fake_synced(-ERR_IO);
    assert_answer(f, 503, "journal_failed");
    size_t at;
    assert_false(str_find(buf_str(&f->x->body), STR("fb_test"), &at));
}

static void bad_keys_are_refused_with_the_reason(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/keys", "{}");
    assert_answer(f, 400, "`agent` is required");
    fake_post(f, "/api/v1/keys", "{\"agnt\":\"x\"}");
    assert_answer(f, 400, "did you mean `agent`?");
    fake_post(f, "/api/v1/keys", "{\"agent\":7}");
    assert_answer(f, 400, "must be a string");
    fake_post(f, "/api/v1/keys", "{\"agent\":\"a\",\"mode\":\"any\"}");
    assert_answer(f, 400, "live or test");
    fake_post(f, "/api/v1/keys", "{\"agent\":\"a\",\"limits\":\"usd=1\"}");
    assert_answer(f, 400, "list of strings");
    fake_post(f, "/api/v1/keys", "{\"agent\":\"a\",\"limits\":[1]}");
    assert_answer(f, 400, "list of strings");
    fake_post(f, "/api/v1/keys", "{\"agent\":\"a\",\"expires\":\"2001-01-01T00:00:00Z\"}");
    assert_answer(f, 400, "to come");
    assert_string_equal(fake_core.called, "");
    fake_core.result = -ERR_INVALID;
    fake_core.diag = "usd=x is no limit";
    fake_post(f, "/api/v1/keys", "{\"agent\":\"a\",\"limits\":[\"usd=x\"]}");
    assert_answer(f, 400, "usd=x is no limit");
}

static void revoke_reaches_the_core(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/keys/k1/revoke", NULL);
    assert_string_equal(fake_core.called, "key_revoke");
    assert_string_equal(fake_core.arg, "k1");
    assert_answer(f, 200, "{\"revoked\":1}");
    fake_post(f, "/api/v1/revoke", "{\"agent\":\"a\"}");
    assert_string_equal(fake_core.called, "revoke_agent");
    assert_answer(f, 200, "{\"revoked\":3}");
    fake_post(f, "/api/v1/revoke", "{\"tenant\":\"t\"}");
    assert_string_equal(fake_core.called, "revoke_tenant");
    assert_true(fake_core.is_target_personal);
    fake_post(f, "/api/v1/revoke", "{\"run\":\"r-1\"}");
    assert_string_equal(fake_core.called, "run_stop");
    fake_core.called[0] = 0;
    fake_post(f, "/api/v1/revoke", "{}");
    assert_answer(f, 400, "exactly one");
    fake_post(f, "/api/v1/revoke", "{\"run\":\"r\",\"agent\":\"a\"}");
    assert_answer(f, 400, "exactly one");
    fake_post(f, "/api/v1/revoke", "{\"run\":\"a b\"}");
    assert_answer(f, 400, "run id");
    assert_string_equal(fake_core.called, "");
    fake_core.result = -ERR_NOT_FOUND;
    fake_post(f, "/api/v1/keys/nope/revoke", NULL);
    assert_answer(f, 404, "nope");
}

static void kill_and_unkill(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/kill", "{\"reason\":\"runaway\"}");
    assert_string_equal(fake_core.called, "kill");
    assert_string_equal(fake_core.arg, "runaway");
    assert_string_equal(fake_core.by, "admin");
    assert_answer(f, 200, "{\"killed\":true}");
    fake_post(f, "/api/v1/unkill", NULL);
    assert_string_equal(fake_core.called, "unkill");
    assert_answer(f, 200, "{\"killed\":false}");
    fake_core.result = -ERR_NO_SPACE;
    fake_post(f, "/api/v1/kill", NULL);
    assert_answer(f, 503, "overloaded");
    assert_non_null(strstr(f->x->fields, "retry-after: 1\n"));
}

static void a_reload_that_fails_says_what_is_kept(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/reload", NULL);
    assert_string_equal(fake_core.called, "reload");
    assert_answer(f, 200, "{\"reloaded\":true}");
    fake_core.result = -ERR_INVALID;
    fake_core.diag = "listen.data_tls keeps its certificate: \"x\" is bad";
    fake_post(f, "/api/v1/reload", NULL);
    assert_answer(f, 400, "\"code\":\"reload_failed\",\"message\":\"listen.data_tls keeps its certificate: \\\"x");
}

static void policies_are_applied_from_json_or_yaml(void **state)
{
    struct fake *f = *state;
    fake_post(f, "/api/v1/policies", "{\"document\":\"kind: x\",\"file\":\"p.yaml\"}");
    assert_string_equal(fake_core.called, "policy_apply");
    assert_string_equal(fake_core.arg, "kind: x");
    assert_answer(f, 200,
                  "{\"name\":\"default\",\"digest\":\"d1gest\",\"mode\":\"enforce\",\"diags\":[],\"limits\":[]}");
    fake_send(f, "POST", "/api/v1/policies", "localhost", "Bearer " FAKE_TOKEN, "application/yaml", "kind: y");
    assert_string_equal(fake_core.arg, "kind: y");
    assert_answer(f, 200, "d1gest");
    fake_core.result = -ERR_INVALID;
    fake_core.diag = "`rulez` is not known";
    fake_post(f, "/api/v1/policies", "{\"document\":\"kind: x\",\"file\":\"p.yaml\"}");
    assert_answer(f, 400, "p.yaml:3:5: unknown_key: `rulez` is not known");
    assert_answer(f, 400, "\"line\":3,\"col\":5,\"code\":\"unknown_key\"");
    fake_post(f, "/api/v1/policies/check?file=q.yaml", "{\"document\":\"kind: x\"}");
    assert_answer(f, 200, "{\"ok\":false,\"diags\":[{\"file\":\"q.yaml\"");
    fake_post(f, "/api/v1/policies", "{}");
    assert_answer(f, 400, "`document` is required");
}

static void a_rollback_names_one_version_by_its_number_or_by_its_digest(void **state)
{
    static const char *const faults[] = {
        "{}",
        "{\"to\":\"3\"}",
        "{\"digest\":\"0123456\"}", /* one digit too few */
        "{\"digest\":\"0123456x\"}",
        "{\"to\":3,\"digest\":\"01234567\"}",
        "{\"to\":3,\"digest\":\"0\"}",
        "{\"to\":\"3\",\"digest\":\"01234567\"}",
    };
    struct fake *f = *state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        fake_core.ask = NULL;
        fake_post(f, "/api/v1/policies/default/rollback", faults[i]);
        assert_answer(f, 400, "`to` is required");
        assert_null(fake_core.ask);
    }
    fake_post(f, "/api/v1/policies/default/rollback", "{\"digest\":\"01234567\"}");
    assert_non_null(fake_core.ask);
    fake_answer(0, "[]");
    assert_answer(f, 404, "no version with the digest 01234567 of a policy named `default`");
}

static void yaml_is_for_policies_only(void **state)
{
    struct fake *f = *state;
    fake_send(f, "POST", "/api/v1/keys", "localhost", "Bearer " FAKE_TOKEN, "application/yaml", "agent: a");
    assert_answer(f, 415, "application/json");
}

static void a_client_that_leaves_while_a_reader_works_is_safe(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls");
    fake_leave(f);
    assert_true(f->x->is_released);
    fake_answer(0, "[]");
    assert_int_equal(f->x->status, 0);

    fake_core.is_durable = false;
    fake_post(f, "/api/v1/kill", NULL);
    fake_leave(f);
    fake_synced(0);
    assert_int_equal(f->x->status, 0);
}

static struct request *volatile left; /* reachable, so that the leak checker sees that it is meant */

static void a_reader_may_finish_after_the_api_ended(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/calls");
    struct ask *a = fake_core.ask;
    struct admin *old = f->admin;
    admin_free(old);
    assert_true(f->x->is_released);
    (void)buf_add(&a->json, STR("[]")); /* still there to be written to */
    a->result = 0;
    buf_deinit(&a->json);
    fake_core.ask = NULL;
    struct fake_exchange *x = f->x;
    f->x = NULL;
    buf_deinit(&x->body);
    free(x);
    left = list_entry(a, struct request, ask);
    free(f->sent);
    fake_setup(f);
}

static void note_drained(void *ctx) { *(int *)ctx += 1; }

static void drain_waits_for_the_last_request(void **state)
{
    struct fake *f = *state;
    int n = 0;
    fake_get(f, "/api/v1/calls");
    admin_drain(f->admin, note_drained, &n);
    assert_int_equal(n, 0);
    fake_answer(0, "[]");
    assert_int_equal(n, 1);
    assert_answer(f, 200, "calls");
}

static void a_body_over_the_limit_is_refused(void **state)
{
    struct fake *f = *state;
    f->limits.admin_body_bytes_max = 16;
    fake_post(f, "/api/v1/kill", "{\"reason\":\"123\"}"); /* 16 bytes */
    assert_answer(f, 200, "killed");
    fake_post(f, "/api/v1/kill", "{\"reason\":\"1234\"}");
    assert_answer(f, 413, "admin_body_bytes_max");
}

static void a_slow_client_gets_a_long_answer_in_pieces(void **state)
{
    struct fake *f = *state;
    size_t n = 300000;
    char *json = malloc(n + 1);
    memset(json, ' ', n);
    json[0] = '[', json[n - 1] = ']', json[n] = 0;
    fake_get(f, "/api/v1/calls");
    f->x->queued = (size_t)f->limits.stream_window_bytes + 1;
    fake_answer(0, json);
    assert_false(f->x->is_finished);
    while (!f->x->is_finished)
        f->x->x.ev->on_writable(f->x->x.ev_ctx);
    assert_int_equal(buf_str(&f->x->body).n, n + strlen("{\"calls\":}\n"));
    assert_true(f->x->is_released);
    free(json);
}

static void errors_of_the_store_are_answers(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/events");
    fake_answer(-ERR_IO, NULL);
    assert_answer(f, 503, "journal_failed");
    fake_get(f, "/api/v1/events");
    fake_answer(-ERR_TOO_LARGE, NULL);
    assert_answer(f, 413, "limit");
    fake_get(f, "/api/v1/policies/p/history");
    fake_answer(0, "[]");
    assert_answer(f, 404, "never");
}

static void metrics_are_counters_and_gauges_without_names_of_people(void **state)
{
    struct fake *f = *state;
    fake_core.json = "{\"status\":\"ok\",\"killed\":false,\"keys\":3,\"journal\":{\"seq\":12}}";
    fake_get(f, "/metrics");
    assert_answer(f, 200, "# TYPE flyball_requests_total counter\nflyball_requests_total ");
    assert_answer(f, 200, "flyball_keys 3\n");
    assert_answer(f, 200, "flyball_killed 0\n");
    assert_answer(f, 200, "flyball_journal_seq 12\n");
    assert_answer(f, 200, "flyball_build_info{version=\"1.2.3\"} 1\n");
    assert_non_null(strstr(f->x->fields, "content-type: text/plain"));
}

static void state_is_passed_through(void **state)
{
    struct fake *f = *state;
    fake_core.json = "[{\"id\":\"k1\"}]";
    fake_get(f, "/api/v1/keys");
    assert_answer(f, 200, "{\"keys\":[{\"id\":\"k1\"}]}");
    fake_get(f, "/api/v1/keys/k1");
    assert_answer(f, 200, "{\"id\":\"k1\"}\n");
    fake_core.json = "[]";
    fake_get(f, "/api/v1/keys/k2");
    assert_answer(f, 404, "k2");
    fake_get(f, "/api/v1/vendors");
    assert_answer(f, 200, "{\"vendors\":[{\"name\":\"stripe\"");
    fake_get(f, "/api/v1/config");
    assert_answer(f, 200, "\"origin\":\"default\"");
}

/* --- find --------------------------------------------------------------------------------------------------------- */

static void find_asks_for_the_id_within_the_tenant(void **state)
{
    struct fake *f = *state;
    fake_get(f, "/api/v1/find?q=%20re_1%20&tenant=acme&limit=7");
    assert_non_null(fake_core.ask);
    assert_int_equal(fake_core.ask->q.kind, QUERY_FIND);
    assert_str(fake_core.ask->q.id, "re_1");
    assert_str(fake_core.ask->q.tenant, "acme");
    assert_int_equal(fake_core.ask->q.rows_max, 7);
    fake_answer(0, "[{\"kind\":\"object\"}]");
    assert_answer(f, 200, "{\"found\":[{\"kind\":\"object\"}]}");
}

static void find_takes_a_key_as_agents_have_it_and_keeps_its_secret_out(void **state)
{
    struct fake *f = *state;
    struct rng r;
    struct key_text key;
    char target[160];
    rng_seeded_init(&r, 1);
    key_mint(MODE_TEST, &r, &key);
    snprintf(target, sizeof(target), "/api/v1/find?q=sk_live_%s", key.text);
    fake_get(f, target);
    assert_str(fake_core.ask->q.id, key.id);
    fake_answer(0, "[]");
}

static void find_wants_an_id_of_a_size(void **state)
{
    struct fake *f = *state;
    char target[300] = "/api/v1/find?q=";
    fake_get(f, "/api/v1/find");
    assert_answer(f, 400, "parameter_invalid");
    memset(target + 15, 'a', 256);
    fake_get(f, target);
    assert_answer(f, 400, "1 to 255");
    target[15 + 255] = 0;
    fake_get(f, target);
    assert_int_equal(fake_core.ask->q.id.n, 255);
    fake_answer(0, "[]");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(no_token_is_401_and_says_where_the_token_is),
        T(a_rebound_name_is_refused_before_anything_else),
        T(health_needs_no_token),
        T(a_refused_reload_makes_nothing_unready_and_is_seen_until_a_good_one),
        T(a_target_that_fails_makes_nothing_unready_and_is_seen),
        T(every_answer_forbids_caching_and_sniffing),
        T(a_wrong_method_names_the_right_ones),
        T(find_asks_for_the_id_within_the_tenant),
        T(find_takes_a_key_as_agents_have_it_and_keeps_its_secret_out),
        T(find_wants_an_id_of_a_size),
        T(a_post_must_be_json),
        T(calls_pass_their_filters_on),
        T(unknown_is_an_outcome_filter),
        T(bad_parameters_are_named),
        T(one_call_is_an_object_and_a_missing_one_404),
        T(why_holds_the_record_and_its_sentences),
        T(a_run_is_found_then_its_calls),
        T(a_runs_calls_can_be_limited_but_its_sums_are_whole),
        T(several_runs_of_an_id_are_listed),
        T(a_key_is_shown_once_it_is_durable),
        T(a_change_that_cannot_be_made_durable_is_not_confirmed),
        T(bad_keys_are_refused_with_the_reason),
        T(revoke_reaches_the_core),
        T(kill_and_unkill),
        T(a_reload_that_fails_says_what_is_kept),
        T(policies_are_applied_from_json_or_yaml),
        T(a_rollback_names_one_version_by_its_number_or_by_its_digest),
        T(yaml_is_for_policies_only),
        T(a_client_that_leaves_while_a_reader_works_is_safe),
        T(a_reader_may_finish_after_the_api_ended),
        T(drain_waits_for_the_last_request),
        T(a_body_over_the_limit_is_refused),
        T(a_slow_client_gets_a_long_answer_in_pieces),
        T(errors_of_the_store_are_answers),
        T(metrics_are_counters_and_gauges_without_names_of_people),
        T(state_is_passed_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
