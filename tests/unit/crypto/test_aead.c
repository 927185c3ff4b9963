/* crypto/aead: the published vectors, both ways, and that one changed bit anywhere is seen. */
#include "crypto/aead.h"

#include "base/err.h"
#include "codec/hex.h"
#include "unit.h"

#define BYTES_MAX 128

struct vector {
    const char *key, *nonce, *ad, *text, *sealed;
};
static const struct vector vectors[] = {
#define VECTOR(key, nonce, ad, text, sealed) {key, nonce, ad, text, sealed},
#include "aead.tbl.h"
#undef VECTOR
};

struct bytes {
    uint8_t key[AEAD_KEY_BYTES], nonce[AEAD_NONCE_BYTES], ad[BYTES_MAX], text[BYTES_MAX], sealed[BYTES_MAX];
    size_t n_ad, n_text, n_sealed;
};

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    assert_true(n <= BYTES_MAX);
    assert_int_equal(hex_decode(str_c(hex), out, n), 0);
    return n;
}

static struct bytes bytes_of(const struct vector *v)
{
    struct bytes b = {.n_ad = 0};
    assert_int_equal(from_hex(v->key, b.key), AEAD_KEY_BYTES);
    assert_int_equal(from_hex(v->nonce, b.nonce), AEAD_NONCE_BYTES);
    b.n_ad = from_hex(v->ad, b.ad);
    b.n_text = from_hex(v->text, b.text);
    b.n_sealed = from_hex(v->sealed, b.sealed);
    assert_int_equal(b.n_sealed, b.n_text + AEAD_TAG_BYTES);
    return b;
}

static struct str span(const uint8_t *p, size_t n) { return (struct str){(const char *)p, n}; }

static int open_it(const struct bytes *b, uint8_t *out)
{
    return aead_open(b->key, b->nonce, span(b->ad, b->n_ad), span(b->sealed, b->n_sealed), out);
}

static void seals_and_opens_the_published_vectors(void **state)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct bytes b = bytes_of(&vectors[i]);
        uint8_t out[BYTES_MAX];
        aead_seal(b.key, b.nonce, span(b.ad, b.n_ad), span(b.text, b.n_text), out);
        assert_memory_equal(out, b.sealed, b.n_sealed);
        assert_int_equal(open_it(&b, out), 0);
        assert_memory_equal(out, b.text, b.n_text);
    }
}

/* Every bit of `p` turned over, one at a time: nothing opens, and nothing of the text is left in `out`. */
static void assert_each_bit_matters(struct bytes *b, uint8_t *p, size_t n)
{
    static const uint8_t zeros[BYTES_MAX];
    uint8_t out[BYTES_MAX];
    for (size_t i = 0; i < 8 * n; i++) {
        memset(out, 0xaa, sizeof out);
        p[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(open_it(b, out), -ERR_CORRUPT);
        assert_memory_equal(out, zeros, b->n_text);
        p[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void one_changed_bit_anywhere_opens_nothing(void **state)
{
    struct bytes b = bytes_of(&vectors[sizeof vectors / sizeof vectors[0] - 1]);
    assert_each_bit_matters(&b, b.key, sizeof b.key);
    assert_each_bit_matters(&b, b.nonce, sizeof b.nonce);
    assert_each_bit_matters(&b, b.ad, b.n_ad);
    assert_each_bit_matters(&b, b.sealed, b.n_sealed);
}

static void what_is_cut_off_or_longer_opens_nothing(void **state)
{
    struct bytes b = bytes_of(&vectors[3]);
    uint8_t out[BYTES_MAX];
    size_t n = b.n_sealed;
    for (b.n_sealed = 0; b.n_sealed < n; b.n_sealed++)
        assert_int_equal(open_it(&b, out), -ERR_CORRUPT);
    b.n_sealed = n + 1;
    assert_int_equal(open_it(&b, out), -ERR_CORRUPT);
    b.n_sealed = n;
    b.n_ad--;
    assert_int_equal(open_it(&b, out), -ERR_CORRUPT);
    b.n_ad = 0;
    assert_int_equal(open_it(&b, out), -ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_and_opens_the_published_vectors),
        cmocka_unit_test(one_changed_bit_anywhere_opens_nothing),
        cmocka_unit_test(what_is_cut_off_or_longer_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
