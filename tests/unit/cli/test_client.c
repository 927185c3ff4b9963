/* cli/client.c: paths of requests, from what was typed. */
#include "../unit.h"

#include "cli/client.h"

/* *c: what `calls` gets with these words. */
static void parse(struct cli *c, int n, const char *const *words)
{
    struct buf error;
    *c = (struct cli){.out = stdout, .err = stderr};
    arena_init(&c->arena, 1u << 20);
    buf_init(&error, 4096);
    assert_int_equal(cli_parse(c, n, words, &error), 0);
    buf_deinit(&error);
}
#define PARSE(c, ...) parse(c, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__})

static void a_text_in_a_path_is_one_segment(void **state)
{
    struct cli c;
    PARSE(&c, "flyball", "calls");
    assert_str(client_path(&c, "/api/v1/keys/", STR("7Hq2x0Tz1a"), "/revoke"), "/api/v1/keys/7Hq2x0Tz1a/revoke");
    assert_str(client_path(&c, "/k/", STR("../a?b#c&d=e%2f"), ""), "/k/..%2Fa%3Fb%23c%26d%3De%252f");
    assert_str(client_path(&c, "/k/", STR("a b+c\r\n\x01\xff"), "/x"), "/k/a%20b%2Bc%0D%0A%01%FF/x");
    assert_str(client_path(&c, "/k/", STR(""), "/x"), "/k//x");
    arena_deinit(&c.arena);
}

static void a_long_text_is_not_cut(void **state)
{
    static char text[100000];
    struct cli c;
    PARSE(&c, "flyball", "calls");
    memset(text, '/', sizeof text);
    struct str path = client_path(&c, "/k/", (struct str){text, sizeof text}, "/x");
    assert_int_equal(path.n, 3 + 3 * sizeof text + 2);
    assert_true(str_ends(path, STR("%2F/x")));
    arena_deinit(&c.arena);
}

static void a_query_begins_once(void **state)
{
    struct cli c;
    PARSE(&c, "flyball", "calls");
    struct str path = client_query(&c, STR("/p"), "a", STR("1 2"));
    assert_str(path, "/p?a=1%202");
    assert_str(client_query(&c, path, "b", STR("&")), "/p?a=1%202&b=%26");
    assert_str(client_query(&c, path, "b", STR("")), "/p?a=1%202&b=");
    assert_str(client_query(&c, path, "b", STR_NONE), "/p?a=1%202");
    arena_deinit(&c.arena);
}

static void options_that_were_given_are_asked_for_and_no_others(void **state)
{
    static const char *const names[] = {"agent", "unknown", "tenant", "limit", NULL};
    struct cli c;
    PARSE(&c, "flyball", "calls", "--tenant", "t", "--unknown", "--agent=a b", "--vendor", "stripe");
    assert_str(client_options(&c, STR("/p"), names), "/p?agent=a%20b&unknown=1&tenant=t");
    arena_deinit(&c.arena);
    PARSE(&c, "flyball", "calls");
    assert_str(client_options(&c, STR("/p?x=1"), names), "/p?x=1");
    arena_deinit(&c.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_in_a_path_is_one_segment),
        cmocka_unit_test(a_long_text_is_not_cut),
        cmocka_unit_test(a_query_begins_once),
        cmocka_unit_test(options_that_were_given_are_asked_for_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
