/* config/change: what of a changed file a running daemon can take over, and what is said of the rest. */
#include "load.h"

#include "codec/json_read.h"
#include "config/config_impl.h"

#define STRIPE "stripe: {base_url: 'http://127.0.0.1:1', secret: 'file:/s'}"
#define OTHER "other: {connector: stripe, base_url: 'http://127.0.0.1:2', secret: 'file:/s'}"
#define TLS "data_tls: {cert_file: /c, key_file: /k}"

static int change(const char *from, const char *to, struct buf *error)
{
    struct load a, b;
    load_text(&a, from);
    load_text(&b, to);
    assert_str(buf_str(&a.text), "");
    assert_str(buf_str(&b.text), "");
    buf_init(error, 65536);
    int r = config_takes(a.config, b.config, error);
    load_end(&a);
    load_end(&b);
    return r;
}

static void assert_taken(const char *from, const char *to)
{
    struct buf error;
    int r = change(from, to, &error);
    assert_str(buf_str(&error), "");
    assert_int_equal(r, 0);
    buf_deinit(&error);
}

static void assert_refused(const char *from, const char *to, const char *want)
{
    struct buf error;
    int r = change(from, to, &error);
    assert_str(buf_str(&error), want);
    assert_int_equal(r, -ERR_INVALID);
    buf_deinit(&error);
}

static void the_same_is_taken_wherever_it_stands(void **state)
{
    assert_taken("", "");
    assert_taken("workers: 2\n", "\n# more\n\nworkers: 2\n");
    assert_taken("workers: 2\nvendors:\n  " STRIPE "\n  " OTHER "\n",
                 "vendors:\n  " OTHER "\n  " STRIPE "\nworkers: 2\n");
    assert_taken("", "log: {level: info}\nlimits: {keys_max: 100000}\n"); /* the default, said */
}

static void what_the_table_names_is_taken(void **state)
{
    assert_taken("", "log: {level: debug}\n");
    assert_taken("", "fx: {table: /fx.yaml}\n");
    assert_taken("fx: {table: /fx.yaml}\n", "");
    assert_taken("", "relations: {embedded: {model: /m, tuples: /t}}\n");
    assert_taken("relations: {embedded: {model: /m, tuples: /t}}\n",
                 "relations: {embedded: {model: /m2, tuples: /t}}\n");
    assert_taken("relations: {embedded: {model: /m, tuples: /t}}\n", "");
    assert_taken("listen: {" TLS "}\n", "listen: {data_tls: {cert_file: /c2, key_file: /k2, client_ca_file: /a}}\n");
    assert_taken("vendors: {" STRIPE "}\n",
                 "vendors: {stripe: {base_url: 'http://127.0.0.1:1', secret: 'file:/s2'}}\n");
    assert_taken("issuers: {i: {issuer: a, audience: b, jwks: 'file:/j'}}\n",
                 "issuers: {i: {issuer: a, audience: b, jwks: 'file:/j2'}}\n");
}

static void what_it_does_not_name_needs_a_restart_each_by_name_and_place(void **state)
{
    assert_refused("", "log: {level: debug}\n\nworkers: 7\nlisten:\n  data: 127.0.0.1:1\n",
                   "flyball.yaml:5: restart: `listen.data` changes at a restart only\n"
                   "flyball.yaml:3: restart: `workers` changes at a restart only");
    assert_refused("workers: 7\n", "", "default: restart: `workers` changes at a restart only");
    assert_refused("", "limits: {keys_max: 7}\n",
                   "flyball.yaml:1: restart: `limits.keys_max` changes at a restart only");
    assert_refused("vendors: {" STRIPE "}\n",
                   "vendors: {stripe: {base_url: 'http://127.0.0.1:2', secret: 'file:/s'}}\n",
                   "flyball.yaml:1: restart: `vendors.stripe.base_url` changes at a restart only");
    assert_refused("vendors: {stripe: {base_url: 'http://127.0.0.1:1', secret: 'file:/s', additions: [tag]}}\n",
                   "vendors: {stripe: {base_url: 'http://127.0.0.1:1', secret: 'file:/s', additions: [usage]}}\n",
                   "flyball.yaml:1: restart: `vendors.stripe.additions` changes at a restart only");
}

static void an_entry_that_comes_or_goes_is_named_once(void **state)
{
    assert_refused("vendors:\n  " STRIPE "\n", "vendors:\n  " STRIPE "\n  " OTHER "\n",
                   "flyball.yaml:3: restart: `vendors.other` changes at a restart only");
    assert_refused("vendors:\n  " STRIPE "\n  " OTHER "\n", "vendors:\n  " OTHER "\n",
                   "flyball.yaml:2: restart: `vendors.stripe` changes at a restart only");
}

static void what_is_taken_where_it_changes_may_not_come_or_go(void **state)
{
    assert_refused("", "listen: {" TLS "}\n",
                   "flyball.yaml:1: restart: `listen.data_tls.cert_file` changes at a restart only\n"
                   "flyball.yaml:1: restart: `listen.data_tls.key_file` changes at a restart only");
    assert_refused("listen: {" TLS "}\n", "",
                   "default: restart: `listen.data_tls.cert_file` changes at a restart only\n"
                   "default: restart: `listen.data_tls.key_file` changes at a restart only");
}

static void only_a_file_follows_a_file(void **state)
{
    static const char *const secrets[] = {"env:A", "store:a"};
    char text[256];
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "vendors: {stripe: {base_url: 'http://127.0.0.1:1', secret: '%s'}}\n", secrets[i]);
        assert_refused("vendors: {" STRIPE "}\n", text,
                       "flyball.yaml:1: restart: `vendors.stripe.secret` changes at a restart only");
        assert_refused(text, "vendors: {" STRIPE "}\n",
                       "flyball.yaml:1: restart: `vendors.stripe.secret` changes at a restart only");
    }
    assert_refused("issuers: {i: {issuer: a, audience: b, jwks: 'https://x.example/j'}}\n",
                   "issuers: {i: {issuer: a, audience: b, jwks: 'file:/j'}}\n",
                   "flyball.yaml:1: restart: `issuers.i.jwks` changes at a restart only");
}

/* What is not in config_json() would be taken silently, and not applied. */
static void assert_shown(struct json root, const char *prefix, const struct config_key_info *keys, size_t n)
{
    char key[256];
    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof key, "%s." STR_FMT, prefix, STR_ARG(keys[i].name));
        if (json_type(json_get(root, str_c(key))) == JSON_NONE)
            fail_msg("config_json() lacks %s", key);
    }
}

static void every_key_that_can_be_configured_is_compared(void **state)
{
    struct load l;
    struct buf b;
    struct arena a;
    struct json root;
    buf_init(&b, 1 << 20);
    arena_init(&a, 1 << 20);
    load_text(&l, "vendors: {v: {connector: stripe, base_url: 'http://127.0.0.1:1', secret: 'file:/s'}}\n"
                  "issuers: {i: {issuer: a, audience: b, jwks: 'file:/j'}}\n"
                  "exports: {x: {otlp: 'http://127.0.0.1:1'}}\n"
                  "approvals: {a: {webhook: 'http://127.0.0.1:1', secret: 'file:/s'}}\n"
                  "notices: {note: {webhook: 'http://127.0.0.1:1', secret: 'file:/s'}}\n"
                  "people: {oidc: {issuer: 'http://127.0.0.1:1', client_id: c}}\n"
                  "relations: {openfga: {url: 'http://127.0.0.1:1', store: s}}\n"
                  "sources: {s: {url: 'http://127.0.0.1:1/{customer}'}}\n");
    assert_str(buf_str(&l.text), "");
    assert_int_equal(config_json(l.config, &b), 0);
    assert_int_equal(json_parse(&a, buf_str(&b), 8, &root), 0);
    assert_shown(root, "vendors.v", vendor_key_infos, n_vendor_key_infos);
    assert_shown(root, "issuers.i", issuer_key_infos, n_issuer_key_infos);
    assert_shown(root, "exports.x", export_key_infos, n_export_key_infos);
    assert_shown(root, "approvals.a", approval_key_infos, n_approval_key_infos);
    assert_shown(root, "notices.note", notice_key_infos, n_notice_key_infos);
    assert_shown(root, "people.oidc", oidc_key_infos, n_oidc_key_infos);
    assert_shown(root, "sources.s", source_key_infos, n_source_key_infos);
    for (size_t i = 0; i < n_relation_key_infos; i++)
        if (!str_eq(relation_key_infos[i].name, STR("tuples"))) /* of the embedded engine */
            assert_shown(root, "relations.openfga", &relation_key_infos[i], 1);
    arena_deinit(&a);
    buf_deinit(&b);
    load_end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_taken_wherever_it_stands),
        cmocka_unit_test(what_the_table_names_is_taken),
        cmocka_unit_test(what_it_does_not_name_needs_a_restart_each_by_name_and_place),
        cmocka_unit_test(an_entry_that_comes_or_goes_is_named_once),
        cmocka_unit_test(what_is_taken_where_it_changes_may_not_come_or_go),
        cmocka_unit_test(only_a_file_follows_a_file),
        cmocka_unit_test(every_key_that_can_be_configured_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
