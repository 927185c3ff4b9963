/* config/remotes: who answers what scopes ask. */
#include "load.h"

#define FGA(more) "relations:\n  openfga:\n    url: \"http://127.0.0.1:8080/\"\n    store: 01J0\n" more
#define CRM(more) "sources:\n  crm:\n    url: \"https://crm.test/may?c={customer}\"\n" more
#define DB(more) "sources:\n  db:\n    postgres: env:DSN\n    sql: SELECT true WHERE $1 = 'x'\n" more

static void everything_about_relations_is_read(void **state)
{
    struct load l;
    load_text(&l, FGA("    model: 01M0\n    secret: env:FGA\n    timeout: 100ms\n    cache: 2s\n    concurrent: 7\n"
                      "  embedded: {model: /m.fga, tuples: /t.yaml}\n"));
    assert_str(buf_str(&l.text), "");
    const struct config_relations *r = &l.config->relations;
    assert_str(r->model_file, "/m.fga");
    assert_str(r->tuples_file, "/t.yaml");
    assert_str(r->openfga.host, "127.0.0.1");
    assert_int_equal(r->openfga.port, 8080);
    assert_int_equal(r->openfga.path.n, 0);
    assert_true(r->openfga.is_private && !r->openfga.is_tls);
    assert_str(r->openfga.store, "01J0");
    assert_str(r->openfga.model, "01M0");
    assert_str(r->openfga.secret, "env:FGA");
    assert_int_equal(r->openfga.timeout_ms, 100);
    assert_int_equal(r->openfga.cache_ms, 2000);
    assert_int_equal(r->openfga.concurrent, 7);
    load_end(&l);
}

static void everything_about_sources_is_read(void **state)
{
    struct load l;
    load_text(&l, CRM("    allow_when: body.ok\n")
                      "  db: {postgres: \"file:/dsn\", sql: \"SELECT $1 = ''\", cache: 1m}\n");
    assert_str(buf_str(&l.text), "");
    assert_int_equal(l.config->n_live_sources, 2);
    const struct config_remote *s = l.config->live_sources;
    assert_str(s[0].name, "crm");
    assert_str(s[0].path, "/may?c={customer}");
    assert_true(s[0].is_tls && !s[0].is_private);
    assert_str(s[0].allow_when, "body.ok");
    assert_int_equal(s[0].timeout_ms, 300);
    assert_int_equal(s[0].cache_ms, 0);
    assert_int_equal(s[0].concurrent, 32);
    assert_str(s[1].postgres, "file:/dsn");
    assert_int_equal(s[1].cache_ms, 60000);
    assert_int_equal(s[1].concurrent, CONFIG_SQL_CONNECTIONS_MAX);
    load_end(&l);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    assert_fault("relations:\n  spicedb: {url: \"http://127.0.0.1:1\", store: a}\n", "is `embedded` or `openfga`");
    assert_fault("relations:\n  embedded: {model: /m}\n", "missing_key: relations.embedded: `tuples` is missing");
    assert_fault("relations:\n  openfga: {url: \"http://127.0.0.1:1\"}\n", "`store` is missing");
    assert_fault(FGA("    timeout: 0ms\n"), "bad_value: relations.openfga.timeout: a duration like 250ms");
    assert_fault(FGA("    timeout: 2h\n"), "bad_value: relations.openfga.timeout");
    assert_fault(FGA("    cache: \"61m\"\n"), "bad_value: relations.openfga.cache");
    assert_fault(FGA("    concurrent: 0\n"), "concurrent: 1 to 1000");
    assert_fault(FGA("    concurrent: 1001\n"), "concurrent: 1 to 1000");
    assert_fault(FGA("    secret: abc\n"), "bad_secret: relations.openfga.secret: env:NAME or file:PATH is wanted");
    assert_fault(FGA("    secret: env:1A\n"), "bad_secret: relations.openfga.secret");
    assert_fault("relations:\n  openfga: {url: \"http://fga.test\", store: a}\n", "plain http to another machine");
    assert_fault("relations:\n  openfga: {url: \"http://127.0.0.1/?a\", store: a}\n", "scheme, host, port and path");
    assert_fault("sources:\n  crm: {url: \"https://crm.test/may\"}\n", "{customer} stands nowhere");
    assert_fault("sources:\n  crm: {}\n", "a source has `url`, or `postgres` and `sql`");
    assert_fault(CRM("    postgres: env:DSN\n"), "a source has `url`, or `postgres` and `sql`");
    assert_fault("sources:\n  db: {postgres: env:DSN}\n", "a source has `url`, or `postgres` and `sql`");
    assert_fault("sources:\n  db: {postgres: \"host=/tmp\", sql: \"SELECT $1 = ''\"}\n", "never the value");
    assert_fault("sources:\n  db: {postgres: env:DSN, sql: SELECT true}\n", "$1, the customer's id, stands nowhere");
    assert_fault(DB("    allow: x\n"), "unknown_key");
}

static void the_bounds_of_durations_are_taken(void **state)
{
    assert_loads(FGA("    timeout: 1ms\n    cache: 60m\n    concurrent: 1000\n"));
    assert_loads(FGA("    timeout: 3600s\n    cache: 0s\n    concurrent: 1\n"));
}

static void what_is_shown_loads_back_to_the_same(void **state)
{
    struct load l, again;
    struct buf b, c;
    buf_init(&b, 1 << 20);
    buf_init(&c, 1 << 20);
    load_text(&l, FGA("    model: 01M0\n  embedded: {model: /m.fga, tuples: /t.yaml}\n")
                      DB("  crm: {url: \"https://crm.test/{customer}\", allow_when: body.ok, insecure: true}\n"));
    assert_str(buf_str(&l.text), "");
    assert_int_equal(config_text(l.config, false, &b), 0);
    (void)buf_add_byte(&b, '\0');
    load_text(&again, b.p);
    assert_str(buf_str(&again.text), "");
    assert_int_equal(config_text(again.config, false, &c), 0);
    (void)buf_add_byte(&c, '\0');
    assert_string_equal(b.p, c.p);
    load_end(&l);
    load_end(&again);
    buf_deinit(&b);
    buf_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_about_relations_is_read),
        cmocka_unit_test(everything_about_sources_is_read),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(the_bounds_of_durations_are_taken),
        cmocka_unit_test(what_is_shown_loads_back_to_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
