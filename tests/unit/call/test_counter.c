/* call/counter: names of counters, taken apart. */
#include "call/counter.h"

#include "unit.h"

static void names_are_cut_where_they_were_joined(void **state)
{
    static const struct {
        const char *counter, *document, *id, *meter, *window, *by;
        bool is_test;
    } rows[] = {
        {"shop/day/usd/day/agent,customer", "shop", "day", "usd", "day", "agent,customer", false},
        {"shop/day/usd/day/", "shop", "day", "usd", "day", "", false},
        {"test:shop/day/tokens/sliding:1m/run", "shop", "day", "tokens", "sliding:1m", "run", true},
        {"shop/day/usd/month:America/Argentina/Ushuaia/tenant", "shop", "day", "usd", "month:America/Argentina/Ushuaia",
         "tenant", false},
        {"key/usd/day", "", "", "usd", "day", "", false},
        {"test:key/requests/sliding:1m", "", "", "requests", "sliding:1m", "", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct counter_name c;
        assert_int_equal(counter_name_parse(str_c(rows[i].counter), &c), 0);
        assert_str(c.document, rows[i].document);
        assert_str(c.id, rows[i].id);
        assert_str(c.meter, rows[i].meter);
        assert_str(c.window, rows[i].window);
        assert_str(c.by, rows[i].by);
        assert_int_equal(c.is_test, rows[i].is_test);
        assert_str(c.name, rows[i].counter + (rows[i].is_test ? 5 : 0));
    }
}

static void what_is_no_name_is_refused(void **state)
{
    static const char *const odd[] = {"", "shop", "shop/day", "shop/day/usd", "shop/day/usd/day", "key", "key/usd"};
    struct counter_name c;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        assert_true(counter_name_parse(str_c(odd[i]), &c) < 0);
}

static void a_bucket_writes_a_value_so_that_nothing_in_it_separates(void **state)
{
    static const struct {
        const char *written, *value;
    } same[] = {{"support", "support"}, {"a%2Fb", "a/b"}, {"a%2Cb%3Dc%25", "a,b=c%"}, {"-", ""}, {"%2D", "-"},
                {"%01%7F", "\x01\x7f"}, {"a-b", "a-b"}, {"Zo\xc3\xab", "Zo\xc3\xab"}};
    char put[64];
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        size_t n = (size_t)(bucket_value_put(put, str_c(same[i].value)) - put);
        assert_str(((struct str){put, n}), same[i].written);
        assert_true(n <= BUCKET_VALUE_BYTES(str_c(same[i].value)));
        for (size_t k = 0; k < sizeof same / sizeof same[0]; k++)
            assert_int_equal(bucket_value_is(str_c(same[i].written), str_c(same[k].value)), i == k);
    }
    assert_false(bucket_value_is(STR("a/b"), STR("a/b")));
    assert_false(bucket_value_is(STR("support-2"), STR("support")));
    assert_false(bucket_value_is(STR("supp"), STR("support")));
    assert_false(bucket_value_is(STR("a%2f"), STR("a/")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_cut_where_they_were_joined),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(a_bucket_writes_a_value_so_that_nothing_in_it_separates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
