/* Numeric addresses: what is read, what is refused, and that text and value agree. */
#include "unit.h"

#include "base/err.h"
#include "net/loop.h"

static void good_addresses_are_read_and_written_back(void **state)
{
    static const struct {
        const char *text, *host;
        unsigned port;
        const char *back;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:4747", "127.0.0.1", 4747, "127.0.0.1:4747", true},
        {"127.9.9.9:1", "127.9.9.9", 1, "127.9.9.9:1", true},
        {"0.0.0.0:0", "0.0.0.0", 0, "0.0.0.0:0", false},
        {"10.0.0.1:65535", "10.0.0.1", 65535, "10.0.0.1:65535", false},
        {"localhost:80", "127.0.0.1", 80, "127.0.0.1:80", true},
        {"LocalHost:80", "127.0.0.1", 80, "127.0.0.1:80", true},
        {"[::1]:4747", "::1", 4747, "[::1]:4747", true},
        {"[::]:80", "::", 80, "[::]:80", false},
        {"[2001:db8::1]:443", "2001:db8::1", 443, "[2001:db8::1]:443", false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net_addr a;
        char out[64];
        assert_int_equal(net_addr_parse(str_c(cases[i].text), &a), 0);
        assert_string_equal(a.host, cases[i].host);
        assert_int_equal(a.port, cases[i].port);
        assert_str(net_addr_text(&a, out), cases[i].back);
        assert_int_equal(net_addr_is_loopback(&a), cases[i].is_loopback);
    }
}

static void bad_addresses_are_refused_and_leave_the_result_alone(void **state)
{
    static const struct str cases[] = {
        STR_INIT(""), STR_INIT(":"), STR_INIT("127.0.0.1"), STR_INIT("127.0.0.1:"), STR_INIT(":80"), STR_INIT("[::1]"),
        STR_INIT("[::1]80"), STR_INIT("[::1:80"), STR_INIT("::1:80"), STR_INIT("[127.0.0.1]:80"),
        STR_INIT("127.0.0.1:65536"),
        STR_INIT("127.0.0.1:080"), STR_INIT("127.0.0.1:-1"), STR_INIT("127.0.0.1:+1"), STR_INIT("127.0.0.1: 1"),
        STR_INIT("127.0.0.1:1 "), STR_INIT("127.0.0.1:1:2"), STR_INIT("127.0.0.1\0:80"), STR_INIT("127.1:80"),
        STR_INIT("0177.0.0.1:80"), STR_INIT("2130706433:80"), STR_INIT("0x7f.0.0.1:80"), STR_INIT("example.com:80"),
        STR_INIT("127.0.0.1:1234567"), STR_INIT("[fe80::1%eth0]:80"), STR_INIT(" 127.0.0.1:80"),
        STR_INIT("[aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa]:80"),
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net_addr a = {"untouched", 7};
        assert_int_equal(net_addr_parse(cases[i], &a), -ERR_INVALID);
        assert_string_equal(a.host, "untouched");
        assert_int_equal(a.port, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses_are_read_and_written_back),
        cmocka_unit_test(bad_addresses_are_refused_and_leave_the_result_alone),
    };
    return cmocka_run_group_tests_name("net/addr", tests, NULL, NULL);
}
