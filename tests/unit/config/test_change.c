/* config/change: what of a changed file a running daemon can take over, and what is said of the rest. That every key is
 * among what is compared: test_show.c. */
#include "load.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_taken_wherever_it_stands),
        cmocka_unit_test(what_the_table_names_is_taken),
        cmocka_unit_test(what_it_does_not_name_needs_a_restart_each_by_name_and_place),
        cmocka_unit_test(an_entry_that_comes_or_goes_is_named_once),
        cmocka_unit_test(what_is_taken_where_it_changes_may_not_come_or_go),
        cmocka_unit_test(only_a_file_follows_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
