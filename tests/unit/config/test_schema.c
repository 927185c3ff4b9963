/* config/schema: one place for parser, schema and docs. */
#include "config/config_impl.h"

#include "base/err.h"
#include "codec/json_read.h"
#include "unit.h"

static void assert_has(struct buf *b, const char *want)
{
    size_t at;
    if (!str_find(buf_str(b), str_c(want), &at))
        assert_str(buf_str(b), want);
}

static void the_schema_is_json_and_names_everything(void **state)
{
    struct buf b;
    struct arena a;
    struct json root;
    char want[128];
    size_t n;
    const struct limit_info *t = limits_table(&n);
    buf_init(&b, 1 << 20);
    arena_init(&a, 1 << 20);
    assert_int_equal(config_schema(&b), 0);
    assert_int_equal(json_parse(&a, buf_str(&b), 16, &root), 0);
    assert_has(&b, "\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"");
    assert_has(&b, "\"listen\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"data\":{");
    assert_has(&b, "\"required\":[\"base_url\",\"secret\"]");
    for (size_t i = 0; i < n; i++) {
        snprintf(want, sizeof want, "\"%.*s\":{\"type\":\"integer\",\"minimum\":%lld,", (int)t[i].name.n, t[i].name.p,
                 (long long)t[i].least);
        assert_has(&b, want);
    }
    arena_deinit(&a);
    buf_deinit(&b);
}

static void each_vendor_key_has_a_sound_schema(void **state)
{
    for (size_t i = 0; i < n_vendor_key_infos; i++) {
        struct arena a;
        struct json root;
        arena_init(&a, 100000);
        assert_int_equal(json_parse(&a, str_c(vendor_key_infos[i].schema), 16, &root), 0);
        assert_true(strlen(vendor_key_infos[i].help) > 10);
        arena_deinit(&a);
    }
}

static void settings_of_one_section_stand_together(void **state)
{
    struct str key, before = STR_NONE, seen[SETTING_COUNT];
    size_t n_seen = 0;
    for (int i = 0; i < SETTING_COUNT; i++) {
        struct str section = setting_section(setting_infos[i].path, &key);
        assert_true(str_starts(setting_infos[i].env, STR("FLYBALL_")));
        assert_true(str_starts(setting_infos[i].flag, STR("--")));
        if (section.n && !str_eq(section, before)) {
            for (size_t j = 0; j < n_seen; j++)
                assert_false(str_eq(seen[j], section));
            seen[n_seen++] = section;
        }
        before = section;
    }
}

static void the_docs_have_a_row_for_each(void **state)
{
    struct buf b;
    size_t n, n_lines = 0;
    (void)limits_table(&n);
    buf_init(&b, 1 << 20);
    assert_int_equal(config_markdown(&b), 0);
    for (size_t i = 0; i < b.n; i++)
        n_lines += b.p[i] == '\n';
    size_t n_keys = n_vendor_key_infos + n_issuer_key_infos + n_export_key_infos + n_approval_key_infos +
                    n_notice_key_infos + n_oidc_key_infos + n_relation_key_infos + n_source_key_infos;
    assert_int_equal(n_lines, SETTING_COUNT + n_keys + n + 10 * 2 + 9);
    assert_has(&b, "| `listen.data` | `FLYBALL_LISTEN_DATA` | `--listen-data` | 127.0.0.1:4747 | where agents connect");
    buf_deinit(&b);
}

static void a_full_buffer_is_said(void **state)
{
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(config_schema(&b), -ERR_TOO_LARGE);
    buf_reset(&b);
    assert_int_equal(config_markdown(&b), -ERR_TOO_LARGE);
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_is_json_and_names_everything),
        cmocka_unit_test(each_vendor_key_has_a_sound_schema),
        cmocka_unit_test(settings_of_one_section_stand_together),
        cmocka_unit_test(the_docs_have_a_row_for_each),
        cmocka_unit_test(a_full_buffer_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
