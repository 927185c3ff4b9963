/* config/vendors: URLs, secret references, names; and that nothing secret is repeated. */
#include "load.h"

#define BEFORE "vendors:\n  stripe:\n    secret: env:K\n    base_url: "
#define URL "    base_url: \"http://127.0.0.1:9001\"\n"

static void everything_about_a_vendor_is_read(void **state)
{
    struct load l;
    load_text(&l, "vendors:\n"
                  "  pay:\n" URL
                  "    connector: stripe\n"
                  "    secret: \"file:/run/secrets/stripe\"\n"
                  "    mode: test\n"
                  "    additions: [idempotency_key, reconcile_tag]\n"
                  "    forward_run_id: true\n"
                  "  other: {base_url: \"http://[::1]/\", secret: \"store:my.key\", additions: false}\n"
                  "  third: {base_url: \"http://10.1.2.3:80\", secret: env:K, insecure: true, additions: []}\n");
    assert_str(buf_str(&l.text), "");
    assert_int_equal(l.config->n_vendors, 3);
    const struct config_vendor *v = &l.config->vendors[0];
    assert_str(v->name, "pay");
    assert_str(v->connector, "stripe");
    assert_str(v->secret, "file:/run/secrets/stripe");
    assert_str(v->mode, "test");
    assert_str(v->host, "127.0.0.1");
    assert_int_equal(v->port, 9001);
    assert_int_equal(v->additions, ADDITIONS_LISTED);
    assert_int_equal(v->n_additions_listed, 2);
    assert_str(v->additions_listed[1], "reconcile_tag");
    assert_true(v->forwards_run_id);
    assert_false(v->is_insecure);
    assert_int_equal(v->line, 2);
    v = &l.config->vendors[1];
    assert_str(v->secret, "store:my.key");
    assert_str(v->base_url, "http://[::1]:80");
    assert_str(v->host, "::1");
    assert_int_equal(v->port, 80);
    assert_str(v->mode, "");
    assert_int_equal(v->additions, ADDITIONS_NONE);
    v = &l.config->vendors[2];
    assert_str(v->base_url, "http://10.1.2.3:80");
    assert_true(v->is_insecure);
    assert_int_equal(v->additions, ADDITIONS_NONE);
    load_end(&l);
}

static void additions_are_on_unless_said_otherwise(void **state)
{
    struct load l;
    load_text(&l, "vendors:\n  stripe:\n    secret: env:K\n" URL);
    assert_int_equal(l.config->vendors[0].additions, ADDITIONS_ALL);
    load_end(&l);
    assert_fault("vendors: {s: {additions: 5}}\n", "wrong_type: vendors.s.additions wants true, false or a list");
    assert_fault("vendors: {s: {additions: [1]}}\n", "bad_name: vendors.s.additions");
    assert_fault("vendors: {s: {additions: [aa,b,c,d,e,f,g,h,i,j,k,l,m,nn,o,p,q]}}\n", "too_many: vendors.s.additions");
}

static void https_goes_to_any_host(void **state)
{
    struct load l;
    load_text(&l, BEFORE "https://api.stripe.com\n    ca_file: /etc/ca.pem\n");
    assert_str(buf_str(&l.text), "");
    const struct config_vendor *v = &l.config->vendors[0];
    assert_str(v->base_url, "https://api.stripe.com:443");
    assert_str(v->host, "api.stripe.com");
    assert_str(v->ca_file, "/etc/ca.pem");
    assert_true(v->port == 443 && v->is_tls && !v->is_private);
    load_end(&l);
    assert_loads(BEFORE "https://10.1.2.3:8443\n");
    assert_loads(BEFORE "\"https://[2001:db8::1]\"\n");
}

static void what_an_address_says_is_meant_and_what_a_name_leads_to_is_not(void **state)
{
    static const struct {
        const char *text;
        bool is_private;
    } cases[] = {{BEFORE "https://api.example.com\n", false},
                 {BEFORE "https://api.example.com\n    private: true\n", true},
                 {BEFORE "https://10.1.2.3\n", true},
                 {BEFORE "https://localhost\n", true},
                 {BEFORE "http://127.0.0.1\n", true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct load l;
        load_text(&l, cases[i].text);
        assert_str(buf_str(&l.text), "");
        assert_int_equal(l.config->vendors[0].is_private, cases[i].is_private);
        load_end(&l);
    }
}

static void a_host_name_is_labels_of_letters_digits_and_hyphens(void **state)
{
    char text[512], label[65];
    static const char *const names[] = {"a", "a-b.c_d.example", "xn--bcher-kva.example", "1.example", "a.b.c.d.e.f"};
    static const char *const bad[] = {"a..b", ".a", "a.", "-a.b", "a-.b", "a.1", "1.2.3", "1.2.3.04", "a%b", "a b"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text), BEFORE "\"https://%s\"\n", names[i]);
        assert_loads(text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), BEFORE "\"https://%s\"\n", bad[i]);
        assert_fault(text, "bad_url: vendors.stripe.base_url: this is no host");
    }
    memset(label, 'a', 64);
    label[64] = 0;
    snprintf(text, sizeof(text), BEFORE "https://%s.b\n", label);
    assert_fault(text, "this is no host");
    snprintf(text, sizeof(text), BEFORE "https://%s.b\n", label + 1);
    assert_loads(text);
}

static void a_vendor_has_times_of_its_own(void **state)
{
    struct load l;
    load_text(&l, BEFORE "http://127.0.0.1:1\n    timeouts: {connect_ms: 10, idle_ms: 3600000}\n"
                         "limits: {first_byte_timeout_ms: 777}\n");
    assert_str(buf_str(&l.text), "");
    struct config_timeouts t = config_vendor_timeouts(l.config, &l.config->vendors[0]);
    assert_true(t.connect_ms == 10 && t.first_byte_ms == 777 && t.idle_ms == 3600000);
    load_end(&l);
    assert_fault(BEFORE "http://127.0.0.1:1\n    timeouts: {connect_ms: 9}\n",
                 "out_of_range: vendors.stripe.timeouts.connect_ms: 9 is not within 10 to 600000 (ms)");
    assert_fault(BEFORE "http://127.0.0.1:1\n    timeouts: {idle_ms: 3600001}\n", "out_of_range");
    assert_fault(BEFORE "http://127.0.0.1:1\n    timeouts: {idle_ms: soon}\n",
                 "wrong_type: vendors.stripe.timeouts.idle_ms wants a whole number");
    assert_fault(BEFORE "http://127.0.0.1:1\n    timeouts: {idl_ms: 5}\n", "did you mean `idle_ms`?");
    assert_fault(BEFORE "http://127.0.0.1:1\n    timeouts: 5\n", "vendors.stripe.timeouts wants a map");
}

static void authorities_go_with_https_only(void **state)
{
    assert_fault(BEFORE "http://127.0.0.1:1\n    ca_file: x.pem\n", "no_tls: vendors.stripe.ca_file");
    assert_fault(BEFORE "https://127.0.0.1:1\n    ca_file: \"\"\n", "bad_path: vendors.stripe.ca_file");
    assert_fault(BEFORE "https://127.0.0.1:1\n    prices: \"\"\n", "bad_path: vendors.stripe.prices");
    assert_fault(BEFORE "https://127.0.0.1:1\n    poll: 5\n", "wrong_type: vendors.stripe.poll wants true or false");
    assert_loads(BEFORE "https://127.0.0.1:1\n    prices: our.yaml\n    poll: true\n");
}

static void plain_http_to_other_machines_must_be_asked_for(void **state)
{
    assert_fault(BEFORE "http://10.1.2.3:80\n",
                 "4:15: insecure_url: vendors.stripe.base_url: plain http to another machine");
    assert_fault(BEFORE "http://0.0.0.0:80\n", "insecure_url");
    assert_fault(BEFORE "http://[::ffff:127.0.0.1]:80\n", "insecure_url");
    assert_fault(BEFORE "http://10.1.2.3:80\n    insecure: false\n", "insecure_url");
    assert_loads(BEFORE "http://10.1.2.3:80\n    insecure: true\n");
    assert_loads(BEFORE "http://localhost:80\n");
    assert_fault(BEFORE "http://stripe-mock:80\n", "insecure_url");
    assert_loads(BEFORE "http://stripe-mock:80\n    insecure: true\n");
}

static void a_base_url_is_scheme_host_and_port_only(void **state)
{
    assert_loads(BEFORE "http://127.0.0.1:9001/\n");
    assert_fault(BEFORE "http://127.0.0.1:9001/v1\n", "only scheme, host and port");
    assert_fault(BEFORE "http://127.0.0.1:9001//\n", "only scheme, host and port");
    assert_fault(BEFORE "http://127.0.0.1:9001?a=b\n", "only scheme, host and port");
    assert_fault(BEFORE "\"http://127.0.0.1:9001#x\"\n", "only scheme, host and port");
    assert_fault(BEFORE "127.0.0.1:9001\n", "https://HOST[:PORT] is wanted");
    assert_fault(BEFORE "ftp://127.0.0.1\n", "https://HOST[:PORT] is wanted");
    assert_fault(BEFORE "\"http://\"\n", "this is no host");
    assert_fault(BEFORE "\"http://:80\"\n", "this is no host");
    assert_fault(BEFORE "\"http://127.0.0.1:\"\n", "a port is a number from 1");
    assert_fault(BEFORE "http://127.0.0.1:0\n", "a port is a number from 1");
    assert_fault(BEFORE "http://127.0.0.1:080\n", "a port is a number from 1");
    assert_fault(BEFORE "http://127.0.0.1:65536\n", "a port is a number from 1");
    assert_fault(BEFORE "\"http://[::1:80\"\n", "this is no host");
    assert_fault(BEFORE "\"http://[::1]80\"\n", "a port is a number from 1");
    assert_fault(BEFORE "5\n", "wrong_type: vendors.stripe.base_url wants a string");
}

/* The canary is in the file, and must be in no message. */
static void assert_fault_without_canary(const char *text, const char *want)
{
    struct load l;
    size_t at;
    load_text(&l, text);
    assert_int_equal(l.r, -ERR_INVALID);
    if (!str_find(buf_str(&l.text), str_c(want), &at))
        assert_str(buf_str(&l.text), want);
    assert_false(str_find(buf_str(&l.text), STR("canary"), &at));
    load_end(&l);
}

static void a_secret_in_the_file_is_refused_and_not_repeated(void **state)
{
    assert_fault_without_canary("vendors:\n  stripe:\n    secret: sk_live_canary\n" URL,
                                "flyball.yaml:3:13: secret_inline: vendors.stripe.secret: env:NAME, file:PATH or "
                                "store:NAME");
    assert_fault_without_canary("vendors:\n  stripe:\n    secret: env:sk-canary\n" URL, "secret_inline");
    assert_fault_without_canary("vendors:\n  stripe:\n    secret: env:1canary\n" URL, "secret_inline");
    assert_fault_without_canary("vendors:\n  stripe:\n    secret: \"env:\"\n" URL, "secret_inline");
    assert_fault_without_canary("vendors:\n  stripe:\n    secret: \"file:\"\n" URL, "secret_inline");
    assert_fault_without_canary("vendors:\n  stripe:\n    secret: \"store:\"\n" URL, "secret_inline");
    assert_fault_without_canary("vendors:\n  stripe:\n    secret: store:a canary\n" URL, "secret_inline");
    assert_fault_without_canary("vendors:\n  stripe:\n    secret: [canary]\n" URL, "wrong_type");
    assert_fault_without_canary("vendors:\n  stripe:\n    secret: vault:canary\n" URL,
                                "secret_unavailable: vendors.stripe.secret: vault: is not available in this version");
    assert_fault_without_canary(BEFORE "http://user:canary@127.0.0.1:9001\n",
                                "bad_url: vendors.stripe.base_url: user and password do not belong here");
}

static void missing_keys_are_named(void **state)
{
    assert_faults("vendors:\n  stripe: {}\n",
                  "flyball.yaml:2:11: missing_key: vendors.stripe: `base_url` is missing: scheme, host and port of the "
                  "vendor's API; https, unless the host is this machine or `insecure` is true\n"
                  "flyball.yaml:2:11: missing_key: vendors.stripe: `secret` is missing: the vendor's credential by "
                  "reference: env:NAME, file:PATH, or store:NAME (flyball secret set NAME)\n");
}

static void names_modes_and_keys_are_checked(void **state)
{
    assert_fault("vendors: {Stripe: {}}\n", "flyball.yaml:1:11: bad_name: a vendor's name begins with a-z");
    assert_fault("vendors: {\"a/b\": {}}\n", "bad_name");
    assert_fault("vendors: {\"\": {}}\n", "bad_name");
    assert_fault("vendors: {v1: {}}\n", "reserved_name: no vendor can be called v1");
    assert_fault("vendors: {s: 5}\n", "wrong_type: s wants a map");
    assert_fault("vendors: {s: {connector: \"../x\"}}\n", "bad_name: vendors.s.connector");
    assert_fault("vendors: {s: {mode: life}}\n", "unknown_value: the mode `life` is not known; did you mean `live`?");
    assert_fault("vendors: {s: {insecure: \"true\"}}\n", "wrong_type: vendors.s.insecure wants true or false");
    assert_fault("vendors: {s: {forward_runid: true}}\n", "did you mean `forward_run_id`?");
}

static void the_number_of_vendors_is_bounded(void **state)
{
    char text[CONFIG_VENDORS_MAX * 80 + 200] = "vendors:\n";
    for (int i = 0; i < CONFIG_VENDORS_MAX; i++)
        snprintf(text + strlen(text), 80, "  vendor%d: {base_url: \"http://127.0.0.1:1\", secret: env:K}\n", i);
    assert_loads(text);
    strcat(text, "  more: {base_url: \"http://127.0.0.1:1\", secret: env:K}\n");
    assert_fault(text, "too_many: vendors: at most 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_about_a_vendor_is_read),
        cmocka_unit_test(additions_are_on_unless_said_otherwise),
        cmocka_unit_test(https_goes_to_any_host),
        cmocka_unit_test(what_an_address_says_is_meant_and_what_a_name_leads_to_is_not),
        cmocka_unit_test(a_host_name_is_labels_of_letters_digits_and_hyphens),
        cmocka_unit_test(a_vendor_has_times_of_its_own),
        cmocka_unit_test(authorities_go_with_https_only),
        cmocka_unit_test(plain_http_to_other_machines_must_be_asked_for),
        cmocka_unit_test(a_base_url_is_scheme_host_and_port_only),
        cmocka_unit_test(a_secret_in_the_file_is_refused_and_not_repeated),
        cmocka_unit_test(missing_keys_are_named),
        cmocka_unit_test(names_modes_and_keys_are_checked),
        cmocka_unit_test(the_number_of_vendors_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
