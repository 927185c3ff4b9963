/* admin/guard.c: names that reach us, and tokens that open. */
#include "../unit.h"

#include "admin/guard.h"

static struct net_addr addr(const char *s)
{
    struct net_addr a;
    assert_int_equal(net_addr_parse(str_c(s), &a), 0);
    return a;
}

static void loopback_names_and_the_bound_address_are_ours(void **state)
{
    struct net_addr local = addr("127.0.0.1:4748"), lan = addr("10.1.2.3:4748");
    static const char *const ours[] = {"localhost",      "localhost:4748", "LOCALHOST:1", "127.0.0.1",
                                       "127.0.0.1:4748", "[::1]",          "[::1]:4748",  "127.0.0.2"};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (!host_is_ours(str_c(ours[i]), &local))
            print_error("%s is refused\n", ours[i]);
        assert_true(host_is_ours(str_c(ours[i]), &local));
    }
    assert_true(host_is_ours(STR("10.1.2.3:4748"), &lan));
    assert_true(host_is_ours(STR("10.1.2.3"), &lan));
}

static void other_names_are_not(void **state)
{
    struct net_addr local = addr("127.0.0.1:4748");
    static const char *const others[] = {"",
                                         "evil.example",
                                         "evil.example:4748",
                                         "localhost.evil.example",
                                         "127.0.0.1.evil.example",
                                         "10.1.2.3",
                                         "0.0.0.0",
                                         "[::2]:4748",
                                         "localhost:",
                                         "127.1",
                                         "2130706433",
                                         "xlocalhost",
                                         ":4748"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        bool is_ours = host_is_ours(str_c(others[i]), &local);
        if (is_ours && strcmp(others[i], "localhost:") != 0)
            print_error("%s is taken\n", others[i]);
        assert_true(!is_ours || strcmp(others[i], "localhost:") == 0);
    }
}

static void a_listener_on_every_address_takes_numbers_and_no_names(void **state)
{
    struct net_addr any = addr("0.0.0.0:4748"), any6 = addr("[::]:4748");
    assert_true(host_is_ours(STR("192.168.1.9:4748"), &any));
    assert_true(host_is_ours(STR("[fe80::1]:4748"), &any6));
    assert_false(host_is_ours(STR("intranet:4748"), &any));
}

static void only_pages_of_this_very_listener_are_of_our_origin(void **state)
{
    assert_true(origin_is_ours(STR("http://127.0.0.1:4748"), STR("127.0.0.1:4748"), false));
    assert_true(origin_is_ours(STR("http://LOCALHOST:4748"), STR("localhost:4748"), false));
    assert_true(origin_is_ours(STR("https://flyball.internal"), STR("flyball.internal"), true));
    static const char *const foreign[] = {"null",
                                          "",
                                          "http://",
                                          "http://127.0.0.1",
                                          "http://127.0.0.1:4749",
                                          "https://127.0.0.1:4748",
                                          "http://127.0.0.1:4748.evil.example",
                                          "http://evil.example",
                                          "127.0.0.1:4748"};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        assert_false(origin_is_ours(str_c(foreign[i]), STR("127.0.0.1:4748"), false));
    assert_false(origin_is_ours(STR("http://flyball.internal"), STR("flyball.internal"), true));
    assert_false(origin_is_ours(STR("http://"), STR(""), false));
}

static void a_cookie_is_found_by_its_whole_name(void **state)
{
    struct str v = STR("untouched");
    assert_true(cookie_value(STR("a=1; flyball_1=x; flyball=y"), STR("flyball"), &v));
    assert_str(v, "y");
    assert_true(cookie_value(STR("flyball=first;flyball=second"), STR("flyball"), &v));
    assert_str(v, "first");
    assert_true(cookie_value(STR("flyball="), STR("flyball"), &v));
    assert_str(v, "");
    assert_false(cookie_value(STR("xflyball=1; flyball; Flyball=2"), STR("flyball"), &v));
    assert_false(cookie_value(STR(""), STR("flyball"), &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_names_and_the_bound_address_are_ours),
        cmocka_unit_test(other_names_are_not),
        cmocka_unit_test(a_listener_on_every_address_takes_numbers_and_no_names),
        cmocka_unit_test(only_pages_of_this_very_listener_are_of_our_origin),
        cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
