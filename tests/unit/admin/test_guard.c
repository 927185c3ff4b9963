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

static void only_the_whole_token_opens(void **state)
{
    struct str token = STR("s3cret");
    assert_true(bearer_fits(STR("Bearer s3cret"), token));
    assert_true(bearer_fits(STR("bearer s3cret "), token));
    static const char *const wrong[] = {"",
                                        "Bearer",
                                        "Bearer ",
                                        "Bearer s3cre",
                                        "Bearer s3cret1",
                                        "Bearer S3cret",
                                        "s3cret",
                                        "Basic s3cret",
                                        "Bearer s3cret s3cret"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(bearer_fits(str_c(wrong[i]), token));
    assert_false(bearer_fits(STR("Bearer "), STR("")));
    assert_false(bearer_fits(STR("Bearer x"), STR_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_names_and_the_bound_address_are_ours),
        cmocka_unit_test(other_names_are_not),
        cmocka_unit_test(a_listener_on_every_address_takes_numbers_and_no_names),
        cmocka_unit_test(only_the_whole_token_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
