/* net/special.c: which addresses are the public internet, at the edges of every block. */
#include "net/loop.h"

#include "unit.h"

static const char *special(const char *host)
{
    struct net_addr a = {.port = 443};
    snprintf(a.host, sizeof(a.host), "%s", host);
    return net_addr_special(&a);
}

static void assert_special(const char *host, const char *want)
{
    const char *got = special(host);
    if (!got || !strstr(got, want))
        print_error("%s is %s\n", host, got ? got : "public");
    assert_true(got && strstr(got, want));
}

static void assert_public(const char *host)
{
    const char *got = special(host);
    if (got)
        print_error("%s is %s\n", host, got);
    assert_null(got);
}

static void the_public_internet_is_not_special(void **state)
{
    static const char *const hosts[] = {"1.1.1.1", "8.8.8.8", "54.187.174.169", "223.255.255.255",
                                        "2606:4700:4700::1111", "2a00:1450:4001::1", "2400::1", "2001:200::1"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        assert_public(hosts[i]);
}

static void blocks_are_special_from_their_first_to_their_last_address(void **state)
{
    static const struct {
        const char *before, *first, *last, *behind, *name;
    } blocks[] = {
        {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", "RFC 1918"},
        {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", "carriers"},
        {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", "loopback"},
        {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0", "link-local"},
        {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "RFC 1918"},
        {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0", "RFC 1918"},
        {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0", "benchmarks"},
        {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL, "multicast"},
        {NULL, "240.0.0.0", "255.255.255.255", NULL, "reserved"},
        {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0", "this network"},
        {NULL, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::", "unique local"},
        {"fe7f:ffff::", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, "link-local"},
        {NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, "multicast"},
        {"2001:db7:ffff::", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::", "documentation"},
    };
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        if (blocks[i].before)
            assert_public(blocks[i].before);
        assert_special(blocks[i].first, blocks[i].name);
        assert_special(blocks[i].last, blocks[i].name);
        if (blocks[i].behind)
            assert_public(blocks[i].behind);
    }
}

static void metadata_servers_are_special(void **state)
{
    assert_special("169.254.169.254", "metadata");
    assert_special("fd00:ec2::254", "unique local");
    assert_special("100.100.100.200", "carriers");
}

static void ipv4_in_disguise_is_seen_through(void **state)
{
    assert_special("::ffff:10.0.0.1", "IPv4-mapped");
    assert_special("::ffff:8.8.8.8", "IPv4-mapped");
    assert_special("::127.0.0.1", "IPv4-compatible");
    assert_special("2002:7f00:1::", "6to4");
    assert_special("64:ff9b::10.0.0.1", "RFC 1918");
    assert_special("64:ff9b::169.254.169.254", "link-local");
    assert_public("64:ff9b::8.8.8.8");
    assert_special("64:ff9b:1::8.8.8.8", "local translation");
}

static void loopback_and_what_is_no_address_are_special(void **state)
{
    assert_special("::1", "loopback");
    assert_special("::", "unspecified");
    assert_special("localhost", "not a numeric address");
    assert_special("", "not a numeric address");
    assert_special("010.0.0.1", "not a numeric address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_internet_is_not_special),
        cmocka_unit_test(blocks_are_special_from_their_first_to_their_last_address),
        cmocka_unit_test(metadata_servers_are_special),
        cmocka_unit_test(ipv4_in_disguise_is_seen_through),
        cmocka_unit_test(loopback_and_what_is_no_address_are_special),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
