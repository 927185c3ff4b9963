/* crypto/hash: published vectors, pieces, threads. */
#include "crypto/hash.h"

#include <pthread.h>

#include "unit.h"

static void assert_hex(const uint8_t hash[SHA256_BYTES], const char *want)
{
    char got[2 * SHA256_BYTES + 1];
    for (int i = 0; i < SHA256_BYTES; i++)
        snprintf(got + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(got, want);
}

static const char abc_hash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* FIPS 180-2, appendix B. */
static void sha256_matches_the_standard(void **state)
{
    uint8_t h[SHA256_BYTES];
    sha256(STR("abc"), h);
    assert_hex(h, abc_hash);
    sha256(STR_NONE, h);
    assert_hex(h, empty_hash);
    sha256(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), h);
    assert_hex(h, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void parts_hash_like_the_whole(void **state)
{
    uint8_t h[SHA256_BYTES];
    const struct str parts[] = {STR("a"), STR_NONE, STR("b"), STR("c")};
    sha256_parts(parts, 4, h);
    assert_hex(h, abc_hash);
    sha256_parts(NULL, 0, h);
    assert_hex(h, empty_hash);
}

static void the_result_may_lie_in_a_part(void **state)
{
    uint8_t a[SHA256_BYTES] = {1}, b[SHA256_BYTES];
    const struct str part = {(const char *)a, sizeof a};
    sha256(part, b);
    sha256_parts(&part, 1, a);
    assert_memory_equal(a, b, sizeof a);
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void hmac_matches_the_standard(void **state)
{
    uint8_t h[SHA256_BYTES];
    char key[131];
    memset(key, 0x0b, 20);
    hmac_sha256((struct str){key, 20}, STR("Hi There"), h);
    assert_hex(h, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), h);
    assert_hex(h, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hmac_sha256((struct str){key, sizeof key}, STR("Test Using Larger Than Block-Size Key - Hash Key First"), h);
    assert_hex(h, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hmac_sha256(STR_NONE, STR_NONE, h);
    assert_hex(h, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void a_key_in_use_hashes_texts_in_parts_and_in_any_order(void **state)
{
    static const struct str keys[] = {STR_INIT(""), STR_INIT("Jefe"),
                                      STR_INIT("a key that is longer than the sixty-four bytes of a block, by some")};
    const struct str parts[] = {STR("what do ya "), STR_NONE, {"want\0", 5}, STR("for nothing?")};
    struct hmac_sha256 h;
    uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
    for (size_t i = 0; i < 3; i++) {
        hmac_sha256_init(&h, keys[i]);
        hmac_sha256_parts(&h, parts, 4, a);
        hmac_sha256(keys[i], (struct str){"what do ya want\0for nothing?", 28}, b);
        assert_memory_equal(a, b, sizeof a);
        hmac_sha256_parts(&h, NULL, 0, a);
        hmac_sha256(keys[i], STR_NONE, b);
        assert_memory_equal(a, b, sizeof a);
        hmac_sha256_parts(&h, parts, 1, a);
        hmac_sha256(keys[i], parts[0], b);
        assert_memory_equal(a, b, sizeof a);
        hmac_sha256_deinit(&h);
    }
}

static void two_streams_do_not_mix(void **state)
{
    uint8_t h[SHA256_BYTES];
    struct sha256 *a = sha256_new(), *b = sha256_new();
    sha256_add(a, STR("a"));
    sha256_add(b, STR("other"));
    sha256(STR("in between"), h);
    sha256_add(a, STR("bc"));
    sha256_end(a, h);
    assert_hex(h, abc_hash);
    sha256_end(a, h);
    assert_hex(h, empty_hash);
    sha256_free(a);
    sha256_free(b);
    sha256_free(NULL);
}

static void a_run_hashes_like_the_whole_wherever_it_is_cut(void **state)
{
    static const char text[] = "A text that is longer than two blocks of sixty-four bytes each, so that cuts fall "
                               "within and between blocks, and at both ends.";
    struct str whole = {text, sizeof text - 1};
    uint8_t want[SHA256_BYTES], got[SHA256_BYTES];
    sha256(whole, want);
    for (size_t cut = 0; cut <= whole.n; cut++) {
        struct sha256_run run;
        sha256_run_init(&run);
        sha256_run_add(&run, str_sub(whole, 0, cut));
        sha256_run_add(&run, str_sub(whole, cut, whole.n));
        sha256_run_end(&run, got);
        assert_memory_equal(got, want, SHA256_BYTES);
    }
}

static void *hash_a_million(void *ret)
{
    static const char block[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct str parts[1000];
    for (int i = 0; i < 1000; i++)
        parts[i] = (struct str){block, 50};
    for (int i = 0; i < 20; i++)
        sha256_parts(parts, 1000, ret);
    return NULL;
}

static void threads_have_contexts_of_their_own(void **state)
{
    pthread_t threads[4];
    uint8_t h[4][SHA256_BYTES], want[SHA256_BYTES];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_a_million, h[i]), 0);
    hash_a_million(want);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_memory_equal(h[i], want, SHA256_BYTES);
    }
}

static void comparing_and_wiping(void **state)
{
    char a[16] = "0123456789abcde", b[16] = "0123456789abcde";
    assert_true(bytes_equal(a, b, 16));
    b[15] = 1;
    assert_false(bytes_equal(a, b, 16));
    assert_true(bytes_equal(a, b, 15));
    assert_true(bytes_equal(NULL, NULL, 0));
    bytes_wipe(a, 8);
    assert_memory_equal(a, "\0\0\0\0\0\0\0\0" "89abcde", 16);
    bytes_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_matches_the_standard),
        cmocka_unit_test(parts_hash_like_the_whole),
        cmocka_unit_test(the_result_may_lie_in_a_part),
        cmocka_unit_test(hmac_matches_the_standard),
        cmocka_unit_test(a_key_in_use_hashes_texts_in_parts_and_in_any_order),
        cmocka_unit_test(two_streams_do_not_mix),
        cmocka_unit_test(a_run_hashes_like_the_whole_wherever_it_is_cut),
        cmocka_unit_test(threads_have_contexts_of_their_own),
        cmocka_unit_test(comparing_and_wiping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
