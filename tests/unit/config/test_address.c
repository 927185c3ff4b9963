/* config/address: what is an address, and what only looks like one. */
#include "config/config_impl.h"

#include "unit.h"

static void numeric_addresses_have_one_text(void **state)
{
    static const struct {
        const char *in, *out;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:80", "127.0.0.1:80", true},   {"127.255.0.1:0", "127.255.0.1:0", true},
        {"localhost:65535", "127.0.0.1:65535", true}, {"[::1]:1", "[::1]:1", true},
        {"[0:0:0:0:0:0:0:1]:1", "[::1]:1", true}, {"0.0.0.0:1", "0.0.0.0:1", false},
        {"128.0.0.1:1", "128.0.0.1:1", false},    {"[::]:1", "[::]:1", false},
        {"[2001:DB8::1]:1", "[2001:db8::1]:1", false}, {"[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", false},
    };
    struct arena arena;
    arena_init(&arena, 10000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct address a;
        assert_int_equal(address_parse(str_c(cases[i].in), -1, &a), ADDRESS_OK);
        assert_str(address_text(&a, &arena), cases[i].out);
        assert_int_equal(a.is_loopback, cases[i].is_loopback);
    }
    arena_deinit(&arena);
}

static void other_texts_say_what_is_wrong(void **state)
{
    static const struct {
        const char *in;
        enum address_fault fault;
    } cases[] = {
        {"", ADDRESS_BAD_HOST},           {":80", ADDRESS_BAD_HOST},         {"127.0.0.1", ADDRESS_NO_PORT},
        {"127.0.0.1:", ADDRESS_BAD_PORT}, {"127.0.0.1:x", ADDRESS_BAD_PORT}, {"127.0.0.1:-1", ADDRESS_BAD_PORT},
        {"127.0.0.1:01", ADDRESS_BAD_PORT}, {"127.0.0.1:65536", ADDRESS_BAD_PORT}, {"[::1]", ADDRESS_NO_PORT},
        {"::1:80", ADDRESS_BAD_HOST},     {"[::1", ADDRESS_BAD_HOST},        {"[::1]x:80", ADDRESS_BAD_PORT},
        {"[127.0.0.1]:80", ADDRESS_BAD_HOST}, {"[localhost]:80", ADDRESS_BAD_HOST}, {"example.com:80", ADDRESS_NAME},
        {"127.1:80", ADDRESS_NAME},       {"0x7f.0.0.1:80", ADDRESS_NAME},   {"127.0.0.01:80", ADDRESS_NAME},
        {"*:80", ADDRESS_BAD_HOST},       {"a b:80", ADDRESS_BAD_HOST},      {"[fe80::1%eth0]:80", ADDRESS_BAD_HOST},
    };
    struct address a = {.port = 42};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum address_fault f = address_parse(str_c(cases[i].in), -1, &a);
        if (f != cases[i].fault)
            print_error("case \"%s\"\n", cases[i].in);
        assert_int_equal(f, cases[i].fault);
        assert_int_equal(a.port, f == ADDRESS_NAME ? 80 : 42); /* a name comes with its port */
        assert_int_equal(a.name.n > 0, f == ADDRESS_NAME);
        a = (struct address){.port = 42};
    }
    assert_int_equal(address_parse(STR("127.0.0.1\0:80"), -1, &a), ADDRESS_BAD_HOST);
}

static void a_default_port_stands_in(void **state)
{
    struct address a;
    assert_int_equal(address_parse(STR("127.0.0.1"), 80, &a), ADDRESS_OK);
    assert_int_equal(a.port, 80);
    assert_int_equal(address_parse(STR("[::1]"), 80, &a), ADDRESS_OK);
    assert_int_equal(a.port, 80);
    assert_int_equal(address_parse(STR("[::1]:81"), 80, &a), ADDRESS_OK);
    assert_int_equal(a.port, 81);
    assert_int_equal(address_parse(STR("127.0.0.1:"), 80, &a), ADDRESS_BAD_PORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numeric_addresses_have_one_text),
        cmocka_unit_test(other_texts_say_what_is_wrong),
        cmocka_unit_test(a_default_port_stands_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
