/* config/show: what is shown loads back, and says where it came from. */
#include "load.h"

#include "codec/json_read.h"
#include "config/config_impl.h"

static const char *const env[] = {"FLYBALL_LOG_LEVEL=debug", "FLYBALL_LIMITS_KEYS_MAX=77", NULL};

static void load_example(struct load *l)
{
    struct config_input in = {
        .file = STR("my.yaml"),
        .text = STR("workers: 3\ndir: \"/a b\\\"c#\"\nvendors:\n"
                    "  stripe:\n    base_url: \"http://127.0.0.1:9001/\"\n    secret: env:STRIPE_KEY\n"
                    "    additions: [idempotency_key]\n    mode: live\n"
                    "  other: {connector: stripe, base_url: \"http://[::1]:1\", secret: \"file:/s\", "
                    "forward_run_id: true, prices: /p.yaml, poll: true}\n"
                    "  far: {connector: stripe, base_url: \"https://api.example.com\", secret: \"file:/s\", "
                    "ca_file: /ca.pem, private: true, timeouts: {connect_ms: 77}}\n"
                    "listen:\n  data_tls: {cert_file: /c.pem, key_file: /k.pem, client_ca_file: /a.pem}\n"
                    "  admin_tls:\n    cert_file: /c2.pem\n    key_file: /k2.pem\n"),
        .flags = {.listen_data = STR("127.0.0.1:1"), .insecure = STR("true")},
        .env = env,
    };
    load_full(l, &in);
    assert_str(buf_str(&l->text), "");
}

static void assert_has(struct buf *b, const char *want)
{
    size_t at;
    if (!str_find(buf_str(b), str_c(want), &at))
        assert_str(buf_str(b), want);
}

static void every_value_says_where_it_came_from(void **state)
{
    struct load l;
    struct buf b;
    buf_init(&b, 1 << 20);
    load_example(&l);
    assert_int_equal(config_text(l.config, true, &b), 0);
    assert_has(&b, "listen:\n  data: \"127.0.0.1:1\"  # --listen-data\n  admin: \"127.0.0.1:4748\"  # default\n"
                   "  insecure: true  # --insecure\n  data_tls:\n    cert_file: \"/c.pem\"  # my.yaml:12\n");
    assert_has(&b, "    client_ca_file: \"/a.pem\"  # my.yaml:12\n  admin_tls:\n    cert_file: \"/c2.pem\"");
    assert_has(&b, "    base_url: \"https://api.example.com:443\"\n    ca_file: \"/ca.pem\"\n");
    assert_has(&b, "    private: true\n");
    assert_has(&b, "    timeouts: {\"connect_ms\": 77, \"first_byte_ms\": 75000, \"idle_ms\": 60000}\n");
    assert_has(&b, "\nworkers: 3  # my.yaml:1\n");
    assert_has(&b, "\nlog:\n  level: \"debug\"  # FLYBALL_LOG_LEVEL\n");
    assert_has(&b, "\n  stripe:  # my.yaml:4\n    connector: \"stripe\"\n");
    assert_has(&b, "\n  keys_max: 77  # FLYBALL_LIMITS_KEYS_MAX\n");
    assert_has(&b, "\n  policies_max: 1000  # default\n");
    buf_deinit(&b);
    load_end(&l);
}

static void what_is_shown_loads_back_to_the_same(void **state)
{
    struct load l, again;
    struct buf b, c;
    buf_init(&b, 1 << 20);
    buf_init(&c, 1 << 20);
    load_example(&l);
    for (int with_origin = 0; with_origin < 2; with_origin++) {
        buf_reset(&b);
        buf_reset(&c);
        assert_int_equal(config_text(l.config, with_origin, &b), 0);
        struct config_input in = {.file = STR("again.yaml"), .text = buf_str(&b)};
        load_full(&again, &in);
        assert_str(buf_str(&again.text), "");
        assert_memory_equal(&again.config->limits, &l.config->limits, sizeof l.config->limits);
        assert_str(again.config->dir, "/a b\"c#");
        assert_int_equal(again.config->log_level, LOG_DEBUG);
        buf_reset(&b);
        assert_int_equal(config_text(l.config, false, &b), 0);
        assert_int_equal(config_text(again.config, false, &c), 0);
        assert_true(str_eq(buf_str(&b), buf_str(&c)));
        load_end(&again);
    }
    buf_deinit(&b);
    buf_deinit(&c);
    load_end(&l);
}

static void json_is_well_formed_and_flat(void **state)
{
    struct load l;
    struct buf b;
    struct arena a;
    struct json root;
    buf_init(&b, 1 << 20);
    arena_init(&a, 1 << 20);
    load_example(&l);
    assert_int_equal(config_json(l.config, &b), 0);
    assert_int_equal(json_parse(&a, buf_str(&b), 8, &root), 0);
    assert_has(&b, "\"listen.data\":{\"value\":\"127.0.0.1:1\",\"origin\":\"--listen-data\"}");
    assert_has(&b, "\"connectors\":{\"value\":null,\"origin\":\"default\"}");
    assert_has(&b, "\"vendors.stripe.additions\":{\"value\":[\"idempotency_key\"],\"origin\":\"my.yaml:4\"}");
    assert_has(&b, "\"vendors.other.forward_run_id\":{\"value\":true,");
    assert_has(&b, "\"vendors.other.prices\":{\"value\":\"/p.yaml\",");
    assert_has(&b, "\"vendors.other.poll\":{\"value\":true,");
    assert_has(&b, "\"vendors.stripe.poll\":{\"value\":false,");
    assert_has(&b, "\"limits.keys_max\":{\"value\":77,\"origin\":\"FLYBALL_LIMITS_KEYS_MAX\"}");
    arena_deinit(&a);
    buf_deinit(&b);
    load_end(&l);
}

/* Every section that is a map of entries, with an entry. */
#define SECTIONS \
    "vendors: {stripe: {base_url: \"https://a.test\", secret: env:S}}\n" \
    "issuers: {idp: {issuer: \"https://i.test\", audience: a, jwks: \"file:/j\"}}\n" \
    "exports: {tempo: {otlp: \"https://t.test/v1\"}}\n" \
    "approvals: {finance: {webhook: env:W, secret: env:S}}\n" \
    "people: {oidc: {issuer: \"https://i.test\", client_id: f}}\n" \
    "relations:\n" \
    "  embedded: {model: /m.fga, tuples: /t.yaml}\n" \
    "  openfga: {url: \"https://f.test\", store: a}\n" \
    "sources: {crm: {url: \"https://c.test/{customer}\"}}\n" \
    "notices: {paid: {webhook: env:W, secret: env:S}}\n"

static void assert_shown(struct json root, const char *entry, const struct config_key_info *keys, size_t n, int line)
{
    char name[128], origin[32];
    snprintf(origin, sizeof origin, "flyball.yaml:%d", line);
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s.%.*s", entry, (int)keys[i].name.n, keys[i].name.p);
        struct json one = json_get(root, str_c(name));
        if (json_type(one) != JSON_OBJECT)
            print_error("%s is not shown\n", name);
        assert_int_equal(json_type(one), JSON_OBJECT);
        assert_str(json_text_of(json_get(one, STR("origin"))), origin);
    }
}

static void every_key_of_every_section_is_shown(void **state)
{
    struct load l;
    struct buf b;
    struct arena a;
    struct json root;
    buf_init(&b, 1 << 20);
    arena_init(&a, 1 << 20);
    load_text(&l, SECTIONS);
    assert_str(buf_str(&l.text), "");
    assert_int_equal(config_json(l.config, &b), 0);
    assert_int_equal(json_parse(&a, buf_str(&b), 8, &root), 0);
    assert_shown(root, "vendors.stripe", vendor_key_infos, n_vendor_key_infos, 1);
    assert_shown(root, "issuers.idp", issuer_key_infos, n_issuer_key_infos, 2);
    assert_shown(root, "exports.tempo", export_key_infos, n_export_key_infos, 3);
    assert_shown(root, "approvals.finance", approval_key_infos, n_approval_key_infos, 4);
    assert_shown(root, "people.oidc", oidc_key_infos, n_oidc_key_infos, 5);
    assert_shown(root, "relations.embedded", relation_key_infos, 2, 7); /* model and tuples; the rest are openfga's */
    assert_shown(root, "relations.openfga", relation_key_infos + 2, n_relation_key_infos - 2, 8);
    assert_shown(root, "sources.crm", source_key_infos, n_source_key_infos, 9);
    assert_shown(root, "notices.paid", notice_key_infos, n_notice_key_infos, 10);
    assert_has(&b, "\"relations.openfga.model\":{\"value\":null,\"origin\":\"flyball.yaml:8\"}");
    buf_reset(&b);
    assert_int_equal(config_text(l.config, true, &b), 0);
    assert_has(&b, "\n  embedded:  # flyball.yaml:7\n");
    assert_has(&b, "\n  crm:  # flyball.yaml:9\n");
    assert_has(&b, "\nnotices:\n  paid:  # flyball.yaml:10\n");
    arena_deinit(&a);
    buf_deinit(&b);
    load_end(&l);
}

static void a_full_buffer_is_said(void **state)
{
    struct load l;
    struct buf b;
    buf_init(&b, 100);
    load_example(&l);
    assert_int_equal(config_text(l.config, true, &b), -ERR_TOO_LARGE);
    buf_reset(&b);
    assert_int_equal(config_json(l.config, &b), -ERR_TOO_LARGE);
    buf_deinit(&b);
    load_end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_says_where_it_came_from),
        cmocka_unit_test(what_is_shown_loads_back_to_the_same),
        cmocka_unit_test(json_is_well_formed_and_flat),
        cmocka_unit_test(every_key_of_every_section_is_shown),
        cmocka_unit_test(a_full_buffer_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
