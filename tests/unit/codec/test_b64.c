/* codec/b64: RFC 4648, and the texts that lenient readers would take. */
#include "codec/b64.h"

#include "base/err.h"
#include "base/rand.h"
#include "unit.h"

static void vectors_of_the_rfc(void **state)
{
    static const char *const cases[][3] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/", "-_-_"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16], back[16];
        size_t n = 99;
        struct str in = str_c(cases[i][0]);
        assert_str(b64_encode(in, text), cases[i][1]);
        assert_int_equal(B64_SIZE(in.n), strlen(cases[i][1]));
        assert_int_equal(b64_decode(str_c(cases[i][1]), back, in.n, &n), 0);
        assert_str(((struct str){back, n}), cases[i][0]);

        assert_str(b64url_encode(in, text), cases[i][2]);
        assert_int_equal(B64URL_SIZE(in.n), strlen(cases[i][2]));
        assert_int_equal(b64url_decode(str_c(cases[i][2]), back, in.n, &n), 0);
        assert_str(((struct str){back, n}), cases[i][0]);
    }
}

static void lenient_forms_are_refused(void **state)
{
    static const char *const bad[] = {"Zg", "Zg=", "Zg===", "=", "====", "Zm9v====", "Z===", "Zm9", "Zm=v", "=m9v",
                                      "Zh==", /* stray bits */
                                      "Zm9=", "Zm9v\n", " Zm9v", "Zm 9v", "Zm-v", "Zm_v", "Zm9vYg==Zg==", "Z\xc3\xa9v"};
    char out[16];
    size_t n = 99;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (b64_decode(str_c(bad[i]), out, sizeof out, &n) != -ERR_INVALID)
            fail_msg("%s", bad[i]);
    static const char *const bad_url[] = {"Zg==", "Zm8=", "Z", "Zm9vY", "Zh", "Zm9", "+/+/", "Zm9v\n", "Zm.v"};
    for (size_t i = 0; i < sizeof bad_url / sizeof *bad_url; i++)
        if (b64url_decode(str_c(bad_url[i]), out, sizeof out, &n) != -ERR_INVALID)
            fail_msg("%s", bad_url[i]);
    assert_int_equal(n, 99);
}

static void room_is_asked_for_exactly(void **state)
{
    char out[3];
    size_t n = 99;
    assert_int_equal(b64_decode(STR("Zm9v"), out, 3, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(b64_decode(STR("Zm9v"), out, 2, &n), -ERR_TOO_LARGE);
    assert_int_equal(b64_decode(STR("Zm8="), out, 2, &n), 0);
    assert_int_equal(n, 2);
}

static void random_bytes_survive(void **state)
{
    struct rng rng;
    rng_seeded_init(&rng, 64);
    for (size_t n = 0; n < 200; n++) {
        char in[200], text[B64_SIZE(200)], back[200];
        size_t n_back;
        rng_fill(&rng, in, n);
        assert_int_equal(b64_decode(b64_encode((struct str){in, n}, text), back, n, &n_back), 0);
        assert_int_equal(n_back, n);
        assert_memory_equal(in, back, n);
        assert_int_equal(b64url_decode(b64url_encode((struct str){in, n}, text), back, n, &n_back), 0);
        assert_int_equal(n_back, n);
        assert_memory_equal(in, back, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_the_rfc),
        cmocka_unit_test(lenient_forms_are_refused),
        cmocka_unit_test(room_is_asked_for_exactly),
        cmocka_unit_test(random_bytes_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
