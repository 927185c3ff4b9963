/*
 * Files in, document and notes out: places, buckets, secrets, bounds. What each construct becomes is in
 * tests/cases/import.
 */
#include "unit.h"

#include "base/err.h"
#include "import/import.h"

struct reading {
    struct arena a;
    struct diag_list diags;
    struct imported got;
    int r;
};

static void read_text(struct reading *r, enum import_source source, struct str text)
{
    const struct import_file file = {STR("f"), text};
    arena_init(&r->a, 256u << 20);
    diag_list_init(&r->diags, &r->a, 10);
    r->got = (struct imported){0};
    r->r = import_read(source, STR("default"), &file, 1, NULL, &r->a, &r->diags, &r->got);
}

static void stop(struct reading *r) { arena_deinit(&r->a); }

static const struct import_note *note_at(const struct reading *r, const char *path)
{
    for (size_t i = 0; i < r->got.n_notes; i++)
        if (str_eq(r->got.notes[i].path, str_c(path)))
            return &r->got.notes[i];
    return NULL;
}

static bool has(struct str text, const char *part)
{
    size_t at;
    return str_find(text, str_c(part), &at);
}

static void a_note_knows_its_place(void **state)
{
    (void)state;
    struct reading r;
    read_text(&r, IMPORT_LITELLM, STR("keys:\n  - key_alias: a\n    max_budget: 5\n    what: is this\n"));
    assert_int_equal(r.r, 0);
    const struct import_note *n = note_at(&r, "keys[0].what");
    assert_non_null(n);
    assert_int_equal(n->bucket, BUCKET_REFUSED);
    assert_int_equal(n->line, 4);
    assert_int_equal(n->col, 5);
    assert_str(n->file, "f");
    assert_int_equal(note_at(&r, "keys[0].max_budget")->bucket, BUCKET_EXACT);
    assert_int_equal(r.got.n_of[BUCKET_REFUSED], 1);
    stop(&r);
}

static void a_file_of_something_else_makes_no_document(void **state)
{
    (void)state;
    static const char *const strange[] = {"{operation: stripe.refunds.create, agent: demo}", "{}"};
    for (size_t i = 0; i < 2 * sizeof strange / sizeof strange[0]; i++) {
        struct reading r;
        read_text(&r, i % 2 ? IMPORT_LITELLM : IMPORT_PORTKEY, str_c(strange[i / 2]));
        assert_int_equal(r.r, -ERR_INVALID);
        assert_string_equal(r.diags.items[0].code, "not_known");
        assert_null(r.got.document.p);
        stop(&r);
    }
}

static void what_nobody_thought_of_is_refused_at_every_height(void **state)
{
    (void)state;
    struct reading r;
    read_text(&r, IMPORT_LITELLM,
              STR("model_list: []\nnew_section: {a: 1}\ngeneral_settings: {new: 1, deep: {er: 1}}\n"));
    assert_int_equal(note_at(&r, "new_section")->bucket, BUCKET_REFUSED);
    assert_int_equal(note_at(&r, "general_settings.new")->bucket, BUCKET_REFUSED);
    assert_int_equal(note_at(&r, "general_settings.deep")->bucket, BUCKET_REFUSED);
    stop(&r);
    read_text(&r, IMPORT_PORTKEY, STR("{\"provider\": \"openai\", \"new\": {\"a\": 1}}"));
    assert_int_equal(note_at(&r, "new")->bucket, BUCKET_REFUSED);
    stop(&r);
}

static void nothing_is_permitted_that_the_source_does_not_permit(void **state)
{
    (void)state;
    struct reading r;
    read_text(&r, IMPORT_LITELLM, STR("keys: [{key_alias: a, models: [no-default-models]}]"));
    assert_true(has(r.got.document, "rules: []"));
    stop(&r);
    read_text(&r, IMPORT_LITELLM, STR("keys: [{key_alias: a, models: [\"bad*name\"]}]"));
    assert_true(has(r.got.document, "rules: []"));
    assert_int_equal(r.got.n_of[BUCKET_REFUSED], 1);
    stop(&r);
    read_text(&r, IMPORT_PORTKEY, STR("{\"provider\": \"openai\", \"override_params\": {\"model\": \"a\\nb\"}}"));
    assert_true(has(r.got.document, "rules: []"));
    assert_int_equal(note_at(&r, "override_params.model")->bucket, BUCKET_REFUSED);
    stop(&r);
}

static void a_secret_is_not_copied_whatever_its_place(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "callback_settings: {password: hush}",       "callback_settings: {a: {b: [{api_key: hush}]}}",
        "environment_variables: {ANYTHING: hush}",   "callback_settings: {url: \"redis://u:hush@h\"}",
        "callback_settings: {x: \"sk-hush\"}",       "callback_settings: {Authorization: \"Bearer hush\"}",
        "callback_settings: {x: [\"Bearer hush\"]}", "callback_settings: {client_secret: {part: hush}}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct reading r;
        read_text(&r, IMPORT_LITELLM, str_c(texts[i]));
        assert_int_equal(r.r, 0);
        assert_false(has(r.got.document, "hush"));
        for (size_t k = 0; k < r.got.n_notes; k++)
            assert_false(has(r.got.notes[k].text, "hush"));
        stop(&r);
    }
}

static void a_reference_and_a_price_are_no_secrets(void **state)
{
    (void)state;
    struct reading r;
    read_text(&r, IMPORT_LITELLM,
              STR("model_list:\n- model_name: gpt-4o\n  litellm_params: {model: gpt-4o, api_key: os.environ/K,"
                  " input_cost_per_token: 1e-6}\n"));
    assert_true(has(r.got.document, "os.environ/K"));
    assert_true(has(r.got.document, "1e-6"));
    stop(&r);
}

static void what_is_no_file_of_theirs_has_a_diag(void **state)
{
    (void)state;
    static const char *const texts[] = {"7", "text", "", "a: *b", "a: 1\na: 2", "{", "\xff"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct reading r;
        read_text(&r, IMPORT_LITELLM, str_c(texts[i]));
        assert_int_equal(r.r, -ERR_INVALID);
        assert_true(r.diags.n_errors > 0);
        stop(&r);
    }
}

static void words_that_yaml_readers_differ_on_are_texts(void **state)
{
    (void)state;
    struct reading r;
    read_text(&r, IMPORT_LITELLM, STR("litellm_settings: {drop_params: yes, set_verbose: Off, request_timeout: 0x10}"));
    assert_int_equal(r.r, 0);
    assert_true(has(r.got.document, "\"yes\"") && has(r.got.document, "\"Off\"") && has(r.got.document, "\"0x10\""));
    stop(&r);
}

static void a_large_export_is_read_and_a_larger_one_refused(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 16u << 20);
    for (int n = 5000, round = 0; round < 2; n = 70000, round++) {
        struct reading r;
        buf_reset(&b);
        (void)buf_add_c(&b, "keys:\n"); /* found below: there would be no key */
        for (int i = 0; i < n; i++)
            (void)buf_printf(&b, "- {key_alias: k%d, models: [gpt-4o]}\n", i);
        read_text(&r, IMPORT_LITELLM, buf_str(&b));
        assert_int_equal(r.r, round ? -ERR_INVALID : 0);
        if (round == 0) {
            assert_int_equal(r.got.n_steps, 5000);
            assert_int_equal(r.got.n_of[BUCKET_REFUSED], 0);
        }
        stop(&r);
    }
    buf_deinit(&b);
}

static void names_of_sources_and_buckets(void **state)
{
    (void)state;
    enum import_source s;
    assert_int_equal(import_source_parse(STR("portkey"), &s), 0);
    assert_int_equal(s, IMPORT_PORTKEY);
    assert_str(import_source_text(IMPORT_LITELLM), "litellm");
    assert_int_equal(import_source_parse(STR("kong"), &s), -ERR_NOT_FOUND);
    assert_str(import_bucket_text(BUCKET_CARRIED), "carried");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_knows_its_place),
        cmocka_unit_test(a_file_of_something_else_makes_no_document),
        cmocka_unit_test(what_nobody_thought_of_is_refused_at_every_height),
        cmocka_unit_test(nothing_is_permitted_that_the_source_does_not_permit),
        cmocka_unit_test(a_secret_is_not_copied_whatever_its_place),
        cmocka_unit_test(a_reference_and_a_price_are_no_secrets),
        cmocka_unit_test(what_is_no_file_of_theirs_has_a_diag),
        cmocka_unit_test(words_that_yaml_readers_differ_on_are_texts),
        cmocka_unit_test(a_large_export_is_read_and_a_larger_one_refused),
        cmocka_unit_test(names_of_sources_and_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
