/* admin/limits_view.c: limits, keys and counters come together. */
#include "../unit.h"

#include "admin/limits_view.h"

static struct str of_key;

static char *view(const char *core_text, const char *keys_text)
{
    struct arena a;
    struct buf out;
    struct json core, keys;
    struct json_writer w;

    arena_init(&a, 1u << 20);
    buf_init(&out, 1u << 20);
    assert_int_equal(json_parse(&a, str_c(core_text), 16, &core), 0);
    assert_int_equal(json_parse(&a, str_c(keys_text), 16, &keys), 0);
    jw_init(&w, &out);
    assert_true(limits_view(&a, core, keys, STR_NONE, of_key, &w));
    jw_end(&w);
    char *s = strndup(out.p, out.n);
    buf_deinit(&out);
    arena_deinit(&a);
    return s;
}

static void assert_has(const char *s, const char *part)
{
    if (!strstr(s, part))
        print_error("%s\nlacks %s\n", s, part);
    assert_non_null(strstr(s, part));
}

static char *view_of(const char *core_text, const char *keys_text, const char *key)
{
    of_key = str_c(key);
    char *s = view(core_text, keys_text);
    of_key = STR_NONE;
    return s;
}

#define DAY_LIMIT                                                                                                      \
    "{\"policy\":\"default\",\"limits\":[{\"id\":\"out-day\",\"meter\":\"usd\",\"window\":\"day\",\"max\":\"200."      \
    "000000000\",\"by\":[\"agent\"],"                                                                                  \
    "\"match\":{\"class\":[\"money_out\"]},\"counter\":\"default/out-day/usd/day/agent\"}]}"

static void a_bucket_hangs_beneath_its_limit(void **state)
{
    char *s = view("{\"documents\":[" DAY_LIMIT
                   "],\"counters\":[{\"counter\":\"default/out-day/usd/day/agent\",\"bucket\":\"agent=a\","
                   "\"resets_at\":\"2025-11-24T00:00:00.000Z\",\"settled\":50000000000,\"held\":12500000000}]}",
                   "[]");
    assert_string_equal(s, "[{\"policy\":\"default\",\"digest\":null,\"in_force\":true,"
                           "\"documents\":[],\"key\":null,\"id\":\"out-day\",\"meter\":\"usd\",\"window\":"
                           "\"day\",\"by\":[\"agent\"],"
                           "\"max\":\"200.000000000\",\"match\":{\"class\":[\"money_out\"]},\"buckets\":[{\"mode\":"
                           "\"live\",\"bucket\":\"agent=a\","
                           "\"settled\":\"50.000000000\",\"held\":\"12.500000000\",\"left\":\"137.500000000\","
                           "\"resets_at\":\"2025-11-24T00:00:00.000Z\"}]}]");
    free(s);
}

static void a_condition_stands_with_its_limit(void **state)
{
    char *s = view("{\"documents\":[{\"policy\":\"p\",\"limits\":[{\"id\":\"l\",\"meter\":\"requests\",\"window\":"
                   "\"day\",\"max\":3,\"by\":[],\"match\":{},\"when\":\"params.amount > 5\",\"counter\":\"p/l/requests/"
                   "day/\"}]}],\"counters\":[]}",
                   "[]");
    assert_has(s, "\"match\":{},\"when\":\"params.amount > 5\",\"buckets\":[]");
    free(s);
}

static void test_mode_has_buckets_of_its_own(void **state)
{
    char *s = view("{\"documents\":[" DAY_LIMIT
                   "],\"counters\":[{\"counter\":\"test:default/out-day/usd/day/agent\",\"bucket\":\"agent=a\","
                   "\"resets_at\":\"2025-11-24T00:00:00.000Z\",\"settled\":0,\"held\":0}]}",
                   "[]");
    assert_has(s, "\"buckets\":[{\"mode\":\"test\",\"bucket\":\"agent=a\",\"settled\":\"0.000000000\"");
    free(s);
}

static void what_is_left_is_never_negative(void **state)
{
    char *s = view(
        "{\"documents\":[" DAY_LIMIT
        "],\"counters\":[{\"counter\":\"default/out-day/usd/day/agent\",\"bucket\":\"agent=a\","
        "\"resets_at\":\"2025-11-24T00:00:00.000Z\",\"settled\":9223372036854775807,\"held\":9223372036854775807}]}",
        "[]");
    assert_has(s, "\"left\":\"0.000000000\"");
    free(s);
}

static void an_untouched_limit_is_shown(void **state)
{
    char *s = view("{\"documents\":[" DAY_LIMIT "],\"counters\":[]}", "[]");
    assert_has(s, "\"id\":\"out-day\"");
    assert_has(s, "\"buckets\":[]}");
    free(s);
}

static void a_keys_limits_belong_to_the_key(void **state)
{
    char *s = view("{\"documents\":[],\"counters\":[{\"counter\":\"key/requests/"
                   "lifetime\",\"bucket\":\"key=k1\",\"resets_at\":null,\"settled\":7,"
                   "\"held\":1},{\"counter\":\"key/requests/"
                   "lifetime\",\"bucket\":\"key=k2\",\"resets_at\":null,\"settled\":2,\"held\":0},"
                   "{\"counter\":\"key/usd/run\",\"bucket\":\"key=k1,run=t/a/"
                   "r\",\"resets_at\":null,\"settled\":0,\"held\":5}]}",
                   "[{\"id\":\"k1\",\"status\":\"active\",\"limits\":[\"requests=10/lifetime\",\"usd=1.50/"
                   "run\",\"concurrent=4\"]},"
                   "{\"id\":\"k2\",\"status\":\"active\",\"limits\":[\"requests=5/lifetime\"]},"
                   "{\"id\":\"k3\",\"status\":\"revoked\",\"limits\":[\"requests=5/lifetime\"]}]");
    assert_has(s, "{\"policy\":null,\"key\":\"k1\",\"id\":\"key/requests/"
                  "lifetime\",\"meter\":\"requests\",\"window\":\"lifetime\",\"by\":[\"key\"],"
                  "\"max\":10,\"match\":{},\"buckets\":[{\"mode\":\"live\",\"bucket\":\"key=k1\",\"settled\":7,"
                  "\"held\":1,\"left\":2,\"resets_at\":null}]}");
    assert_has(s, "\"key\":\"k2\",\"id\":\"key/requests/"
                  "lifetime\",\"meter\":\"requests\",\"window\":\"lifetime\",\"by\":[\"key\"],\"max\":5");
    assert_has(s, "\"bucket\":\"key=k1,run=t/a/r\",\"settled\":\"0.000000000\",\"held\":\"0.000000005\"");
    assert_has(s, "\"id\":\"key/concurrent/instant\"");
    assert_null(strstr(s, "k3"));
    free(s);
}

static void a_keys_sliding_limit_is_known_by_its_length_however_it_is_written(void **state)
{
    char *s = view("{\"documents\":[],\"counters\":[{\"counter\":\"key/tokens/sliding:1m\",\"bucket\":\"key=k1\","
                   "\"resets_at\":\"2025-11-23T12:00:31.000Z\",\"settled\":150,\"held\":30}]}",
                   "[{\"id\":\"k1\",\"status\":\"active\",\"limits\":[\"tokens=200/60s\",\"usd=3/fortnight\"]}]");
    assert_string_equal(s, "[{\"policy\":null,\"key\":\"k1\",\"id\":\"key/tokens/sliding:1m\",\"meter\":\"tokens\","
                           "\"window\":\"sliding:1m\",\"by\":[\"key\"],\"max\":200,\"match\":{},\"buckets\":[{"
                           "\"mode\":\"live\",\"bucket\":\"key=k1\",\"settled\":150,\"held\":30,\"left\":20,"
                           "\"resets_at\":\"2025-11-23T12:00:31.000Z\"}]}]");
    free(s);
}

static void money_held_on_a_limit_that_is_gone_is_still_shown(void **state)
{
    char *s = view("{\"documents\":[],\"counters\":[{\"counter\":\"old/cap/usd/month/"
                   "\",\"bucket\":\"-\",\"resets_at\":\"2025-12-01T00:00:00.000Z\","
                   "\"settled\":5,\"held\":3000000000},{\"counter\":\"old/gone/usd/day/"
                   "\",\"bucket\":\"-\",\"resets_at\":null,\"settled\":5,\"held\":0}]}",
                   "[]");
    assert_has(s, "{\"policy\":null,\"key\":null,\"id\":\"old/cap/usd/month/\",\"meter\":\"usd\",\"window\":\"month\"");
    assert_has(s, "\"held\":\"3.000000000\",\"left\":null,\"resets_at\":\"2025-12-01T00:00:00.000Z\"");
    assert_null(strstr(s, "old/gone"));
    free(s);
}

static void odd_input_is_left_out(void **state)
{
    char *s = view("{\"documents\":[{\"policy\":\"p\",\"limits\":[{\"id\":\"x\",\"meter\":\"tons\",\"window\":"
                   "\"day\",\"counter\":\"c\"}]},7],"
                   "\"counters\":[{},{\"counter\":\"nonsense\",\"bucket\":\"b\",\"held\":3}]}",
                   "[{\"id\":\"k\",\"limits\":[\"usd\",3]}]");
    assert_string_equal(s, "[]");
    free(s);
}

#define VERSION(digest, in_force, documents, max) \
    "{\"policy\":\"company\",\"digest\":\"" digest "\",\"in_force\":" in_force ",\"documents\":" documents \
    ",\"limits\":[{\"id\":\"day\",\"meter\":\"usd\",\"window\":\"day\",\"max\":\"" max \
    "\",\"by\":[],\"match\":{},\"counter\":\"company/day/usd/day/\"}]}"
#define COUNTER "{\"counter\":\"company/day/usd/day/\",\"bucket\":\"-\",\"settled\":4000000000,\"held\":0}"
#define VERSIONS \
    "{\"documents\":[" VERSION("aa", "true", "[\"company\"]", "20.00") "," \
        VERSION("bb", "false", "[\"team\"]", "10.00") "],\"counters\":[" COUNTER "]}"
#define KEYS \
    "[{\"id\":\"k1\",\"policy\":\"team\",\"limits\":[\"usd=5/day\"]},{\"id\":\"k2\",\"policy\":\"company\"}]"

static void two_versions_of_a_document_count_on_one_counter(void **state)
{
    char *s = view(VERSIONS, KEYS);
    assert_has(s, "\"max\":\"20.000000000\",\"match\":{},\"buckets\":[{\"mode\":\"live\",\"bucket\":\"-\",\"settled\":"
                  "\"4.000000000\",\"held\":\"0.000000000\",\"left\":\"16.000000000\"");
    assert_has(s, "\"max\":\"10.000000000\",\"match\":{},\"buckets\":[{\"mode\":\"live\",\"bucket\":\"-\",\"settled\":"
                  "\"4.000000000\",\"held\":\"0.000000000\",\"left\":\"6.000000000\"");
    free(s);
}

static void of_one_key_stand_its_own_limits_and_those_above_it(void **state)
{
    char *s = view_of(VERSIONS, KEYS, "k1");
    assert_has(s, "\"digest\":\"bb\",\"in_force\":false,\"documents\":[\"team\"]");
    assert_has(s, "\"id\":\"key/usd/day\"");
    assert_null(strstr(s, "\"digest\":\"aa\""));
    free(s);
    s = view_of(VERSIONS, KEYS, "k2");
    assert_has(s, "\"digest\":\"aa\"");
    assert_null(strstr(s, "\"digest\":\"bb\""));
    assert_null(strstr(s, "key/usd"));
    free(s);
}

static void of_a_key_that_is_not_there_nothing_is_said(void **state)
{
    struct arena a;
    struct buf out;
    struct json core, keys;
    struct json_writer w;
    arena_init(&a, 1u << 20);
    buf_init(&out, 1u << 20);
    assert_int_equal(json_parse(&a, STR(VERSIONS), 16, &core), 0);
    assert_int_equal(json_parse(&a, STR(KEYS), 16, &keys), 0);
    jw_init(&w, &out);
    assert_false(limits_view(&a, core, keys, STR_NONE, STR("k9"), &w));
    assert_int_equal(out.n, 0);
    buf_deinit(&out);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_versions_of_a_document_count_on_one_counter),
        cmocka_unit_test(of_one_key_stand_its_own_limits_and_those_above_it),
        cmocka_unit_test(of_a_key_that_is_not_there_nothing_is_said),
        cmocka_unit_test(a_bucket_hangs_beneath_its_limit),
        cmocka_unit_test(a_condition_stands_with_its_limit),
        cmocka_unit_test(test_mode_has_buckets_of_its_own),
        cmocka_unit_test(what_is_left_is_never_negative),
        cmocka_unit_test(an_untouched_limit_is_shown),
        cmocka_unit_test(a_keys_limits_belong_to_the_key),
        cmocka_unit_test(a_keys_sliding_limit_is_known_by_its_length_however_it_is_written),
        cmocka_unit_test(money_held_on_a_limit_that_is_gone_is_still_shown),
        cmocka_unit_test(odd_input_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
