/* identity/carrier: every place a key may stand, alone and together. */
#include "identity/carrier.h"

#include "base/err.h"
#include "unit.h"

#define KEY "fb_live_a1B2c3D4e5_0123456789ABCDEFGHIJKLMNOPQRSTUV07aCGN"
/* base64 of KEY ":", and of "AC123:" KEY */
#define BASIC_USER "Basic ZmJfbGl2ZV9hMUIyYzNENGU1XzAxMjM0NTY3ODlBQkNERUZHSElKS0xNTk9QUVJTVFVWMDdhQ0dOOg=="
#define BASIC_PASSWORD "Basic QUMxMjM6ZmJfbGl2ZV9hMUIyYzNENGU1XzAxMjM0NTY3ODlBQkNERUZHSElKS0xNTk9QUVJTVFVWMDdhQ0dO"

struct row {
    const char *authorization, *x_api_key, *x_goog_api_key;
    int r;
    const char *token;
};

static const struct row rows[] = {
    {"Bearer " KEY, NULL, NULL, 0, KEY},
    {"bearer  sk_live_" KEY " ", NULL, NULL, 0, "sk_live_" KEY},
    {"BEARER " KEY, NULL, NULL, 0, KEY},
    {NULL, "sk-ant-" KEY, NULL, 0, "sk-ant-" KEY},
    {NULL, NULL, KEY, 0, KEY},
    {NULL, " " KEY "\t", NULL, 0, KEY},
    {BASIC_USER, NULL, NULL, 0, KEY},
    {BASIC_PASSWORD, NULL, NULL, 0, KEY},
    {"Basic Zm9vOmJhcg==", NULL, NULL, 0, "bar"},              /* foo:bar */
    {"Basic Zm9vOg==", NULL, NULL, 0, "foo"},                  /* foo: */
    {"Basic ZmJfYTphcGk=", NULL, NULL, 0, "fb_a"},             /* fb_a:api */
    {"Basic ZmJfYTpmYl9h", NULL, NULL, 0, "fb_a"},             /* fb_a:fb_a */
    {"Basic ZmJfYTpmYl9i", NULL, NULL, -ERR_AMBIGUOUS, NULL},  /* fb_a:fb_b */
    {"Basic Og==", NULL, NULL, -ERR_INVALID, NULL},            /* : */
    {"Basic Zm9v", NULL, NULL, -ERR_INVALID, NULL},            /* foo */
    {"Basic Zm9vOg=", NULL, NULL, -ERR_INVALID, NULL},
    {"Basic !!!!", NULL, NULL, -ERR_INVALID, NULL},
    {"Basic ", NULL, NULL, -ERR_INVALID, NULL},
    {"Bearer", NULL, NULL, -ERR_INVALID, NULL},
    {"Bearer  ", NULL, NULL, -ERR_INVALID, NULL},
    {KEY, NULL, NULL, -ERR_INVALID, NULL},
    {"Digest username=\"a\"", NULL, NULL, -ERR_INVALID, NULL},
    {NULL, "  ", NULL, -ERR_INVALID, NULL},
    {NULL, NULL, NULL, -ERR_NOT_FOUND, NULL},
    {"Bearer " KEY, "sk-ant-" KEY, "re_" KEY, 0, KEY},
    {"Bearer " KEY ".run_a", KEY ".run_b", NULL, -ERR_AMBIGUOUS, NULL},
    {"Bearer " KEY, "other", NULL, -ERR_AMBIGUOUS, NULL},
    {NULL, KEY, "fb_live_other", -ERR_AMBIGUOUS, NULL},
    {BASIC_USER, KEY, NULL, 0, KEY},
    {BASIC_USER, "sk_1", NULL, -ERR_AMBIGUOUS, NULL},
    {"Bearer sk_abc", "sk_abc", NULL, 0, "sk_abc"},
};

static void finds_the_one_token_that_is_presented(void **state)
{
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct key_carriers c = {str_c(row->authorization), str_c(row->x_api_key), str_c(row->x_goog_api_key)};
        struct str token = STR("untouched");
        int r = carrier_token(&c, &a, &token);
        if (r != row->r)
            print_error("row %zu\n", i);
        assert_int_equal(r, row->r);
        assert_str(token, r == 0 ? row->token : "untouched");
    }
    arena_deinit(&a);
}

static void a_huge_basic_value_meets_the_cap(void **state)
{
    struct arena a;
    arena_init(&a, 1000);
    static char value[300000] = "Basic ";
    memset(value + 6, 'A', sizeof value - 6);
    struct str token;
    assert_int_equal(carrier_token(&(struct key_carriers){.authorization = {value, sizeof value}}, &a, &token),
                     -ERR_TOO_LARGE);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_one_token_that_is_presented),
        cmocka_unit_test(a_huge_basic_value_meets_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
