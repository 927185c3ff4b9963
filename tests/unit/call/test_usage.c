/* call/usage: each token is in one class, each class has one direction and one name in the record. */
#include "call/usage.h"

#include "unit.h"

#define assert_text(s, lit) assert_true(str_eq((s), STR(lit)))

static void every_class_counts_in_one_direction(void **state)
{
    for (int i = 0; i < TOKEN_CLASS_COUNT; i++) {
        struct usage u = {.how = HOW_PARSED};
        u.tokens[i] = 7;
        assert_int_equal(usage_tokens(&u, TOKENS_IN) + usage_tokens(&u, TOKENS_OUT), 7);
    }
    struct usage u = {.tokens = {[TOKEN_INPUT] = 1, [TOKEN_CACHE_READ] = 2, [TOKEN_OUTPUT] = 4, [TOKEN_REASONING] = 8}};
    assert_int_equal(usage_tokens(&u, TOKENS_IN), 3);
    assert_int_equal(usage_tokens(&u, TOKENS_OUT), 12);
}

static void the_record_adds_up_both_directions_of_audio_and_images(void **state)
{
    assert_text(token_class_recorded(TOKEN_AUDIO_IN), "audio");
    assert_text(token_class_recorded(TOKEN_AUDIO_OUT), "audio");
    assert_text(token_class_recorded(TOKEN_IMAGE_OUT), "image");
    assert_text(token_class_recorded(TOKEN_CACHE_WRITE_1H), "cache_write_1h");
    assert_text(token_class_text(TOKEN_AUDIO_OUT), "audio_out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_counts_in_one_direction),
        cmocka_unit_test(the_record_adds_up_both_directions_of_audio_and_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
