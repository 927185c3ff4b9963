/* saas/sms: segments of text messages, on vectors. */
#include "saas/sms.h"

#include "codec/utf8.h"
#include "unit.h"

#define TEXT_BYTES_MAX 8192

static const struct vector {
    const char *text;
    bool is_smart;
    enum { GSM, UCS2 } encoding;
    int64_t units, segments;
} vectors[] = {
#define V(text, smart, encoding, units, segments) {text, smart, encoding, units, segments},
#include "sms.tbl.h"
#undef V
};

/* "160*61 1*20ac" as UTF-8. */
static struct str text_of(const char *spec, char *out)
{
    size_t n = 0;
    for (char *end; *spec; spec = *end ? end + 1 : end) {
        unsigned long count = strtoul(spec, &end, 10), code = strtoul(end + 1, &end, 16);
        for (unsigned long i = 0; i < count; i++)
            n += utf8_write((uint32_t)code, out + n);
        assert_true(n < TEXT_BYTES_MAX);
    }
    return (struct str){out, n};
}

static void every_vector_is_met(void **state)
{
    static char out[TEXT_BYTES_MAX];
    size_t n = sizeof(vectors) / sizeof(vectors[0]);
    assert_true(n >= 200);
    for (size_t i = 0; i < n; i++) {
        const struct vector *v = &vectors[i];
        struct sms_size got;
        assert_true(sms_measure(text_of(v->text, out), v->is_smart, &got));
        if (got.is_ucs2 != (v->encoding == UCS2) || got.units != v->units || got.segments != v->segments)
            fail_msg("`%s`%s: %s, %lld units, %lld segments", v->text, v->is_smart ? " smart" : "",
                     got.is_ucs2 ? "UCS-2" : "GSM-7", (long long)got.units, (long long)got.segments);
    }
}

static void what_is_no_utf8_is_not_measured(void **state)
{
    struct sms_size got = {7, 7, true};
    assert_false(sms_measure(STR("a\xff"), false, &got));
    assert_false(sms_measure(STR("\xed\xa0\x80"), false, &got)); /* half a pair */
    assert_int_equal(got.segments, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_is_met),
        cmocka_unit_test(what_is_no_utf8_is_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
