/* redact/detect_*: what each detector finds and what it leaves, whole and in pieces of every size. */
#include "redact_set.h"

#include "base/rand.h"
#include "redact/detect_impl.h"

struct row {
    const char *text, *wanted; /* NULL: as it is */
};

static void expect_table(const struct redact_set *s, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect_redacted(s, rows[i].text, rows[i].wanted ? rows[i].wanted : rows[i].text);
}

#define EXPECT_TABLE(set, rows) expect_table((set), (rows), sizeof(rows) / sizeof((rows)[0]))

static void addresses_are_found_and_lookalikes_are_not(void **state)
{
    static const struct row rows[] = {
        {"john@example.com", "[email]"},
        {"Write to john.doe+tag@mail.example.co.uk, please.", "Write to [email], please."},
        {"<john@example.com>;\"ann@example.org\"", "<[email]>;\"[email]\""},
        {"'john@example.com'", "'[email]'"},
        {"mailto:john@example.com?subject=x", "mailto:[email]?subject=x"},
        {"https://x.example/?e=john%40example.com&y=1", "https://x.example/?e=[email]&y=1"},
        {"a\\njohn@example.com\\n", "a\\[email]\\n"},
        {"john@example.com.", "[email]."},
        {"john@example.com.au", "[email]"},
        {"john@example.com-", "[email]-"},
        {"john@b\xc3\xbc" "cher.example", "[email]"},
        {"\xe8\x81\x94\xe7\xb3\xbbjohn@example.com", "\xe8\x81\x94\xe7\xb3\xbb[email]"},
        {"john@xn--bcher-kva.xn--p1ai", "[email]"},
        {"a@b@example.com", "a@[email]"},
        {"JOHN_DOE%x@EXAMPLE.COM", "[email]"},
        {"john@example.com,ann@example.com", "[email],[email]"},
        {"john@localhost", NULL},
        {"@types/node@18.2.0", NULL},
        {"root@10.0.0.1", NULL},
        {"a @ example.com", NULL},
        {"john@", NULL},
        {"@example.com", NULL},
        {"john@example.c", NULL},
        {"john@.com", NULL},
        {"john@example..com", NULL},
        {"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", NULL},
        {"%4", NULL},
        {"50%40", NULL},
    };
    struct redact_set s = set_of(1u << REDACT_EMAIL);
    EXPECT_TABLE(&s, rows);
}

static void of_a_long_local_part_the_last_64_bytes_are_taken(void **state)
{
    char text[200], wanted[200];
    struct redact_set s = set_of(1u << REDACT_EMAIL);
    for (int n = 63; n <= 66; n++) {
        memset(text, 'x', (size_t)n);
        strcpy(text + n, "@example.com!");
        int left = n > 64 ? n - 64 : 0;
        memset(wanted, 'x', (size_t)left);
        strcpy(wanted + left, "[email]!");
        expect_redacted(&s, text, wanted);
    }
}

static void phone_numbers_are_found_and_other_numbers_are_not(void **state)
{
    static const struct row rows[] = {
        {"+(49) 30 1234567", "[phone]"},
        {"+49 30 1234567", "[phone]"},
        {"+4915112345678", "[phone]"},
        {"call +1 (415) 555-2671 now", "call [phone] now"},
        {"+1-415-555-2671", "[phone]"},
        {"tel:+14155552671;", "tel:[phone];"},
        {"+44 20 7946 0958", "[phone]"},
        {"+49 (0) 30 1234567", "[phone]"},
        {"+49\xc2\xa0" "30\xc2\xa0" "1234567", "[phone]"},
        {"+49 30 1234567 at 10", "[phone] at 10"},
        {"0049 30 1234567", "[phone]"},
        {"004915112345678", "[phone]"},
        {"(415) 555-2671", "[phone]"},
        {"415-555-2671", "[phone]"},
        {"415.555.2671", "[phone]"},
        {"1 415 555 2671", "[phone]"},
        {"call(415) 555-2671", "call([phone]"},
        {"030 1234567", "[phone]"},
        {"0171-1234567", "[phone]"},
        {"0171/1234567", "[phone]"},
        {"020 7946 0958", "[phone]"},
        {"01 23 45 67 89", "[phone]"},
        {"\\n+4915112345678\\n", "\\n[phone]\\n"},
        {"To=+14155552671&x", "To=[phone]&x"},
        {"order 4155552671", NULL},
        {"order 1234567890123", NULL},
        {"0000012345", NULL},
        {"001234567890", NULL},
        {"$1,234,567.89", NULL},
        {"1 234 567 890", NULL},
        {"2026-11-28 10:30:15", NULL},
        {"01-02-2026 10:30", NULL},
        {"28.11.2026", NULL},
        {"192.168.100.100", NULL},
        {"v10.20.3000", NULL},
        {"cus_4155552671", NULL},
        {"ch_3Nk+49151", NULL},
        {"a+4915112345678", NULL},
        {"+1 234", NULL},
        {"+1 023 456 7890", "+1 [phone]"},
        {"+0 123 456 789", NULL},
        {"415-555-2671-99", NULL},
        {"123e4567-e89b-12d3-a456-426614174000", NULL},
        {"1764367765123", NULL},
        {"+491511234567890123456", NULL},
    };
    struct redact_set s = set_of(1u << REDACT_PHONE);
    EXPECT_TABLE(&s, rows);
}

static void cards_are_found_and_what_fails_luhn_or_begins_otherwise_is_not(void **state)
{
    static const struct row rows[] = {
        {"4111111111111111", "[card]"},
        {"4111 1111 1111 1111", "[card]"},
        {"4111-1111-1111-1111", "[card]"},
        {"4111\xe2\x80\x93" "1111\xe2\x80\x93" "1111\xe2\x80\x93" "1111", "[card]"},
        {"card: 5555555555554444.", "card: [card]."},
        {"2223003122003222", "[card]"},
        {"378282246310005", "[card]"},
        {"3782 822463 10005", "[card]"},
        {"6011111111111117", "[card]"},
        {"30569309025904", "[card]"},
        {"3530111333300000", "[card]"},
        {"6200000000000005", "[card]"},
        {"4222222222222", "[card]"},
        {"4111 1111 1111 1111 12/29", "[card] 12/29"},
        {"4111 1111 1111 1111 123", "[card] 123"},
        {"12 4111 1111 1111 1111", "12 [card]"},
        {"\"arguments\":\"\\n4111111111111111\"", "\"arguments\":\"\\n[card]\""},
        {"4111111111111111,5555555555554444", "[card],[card]"},
        {"4111111111111112", NULL},
        {"1111111111111117", NULL},
        {"order 1234567812345670", NULL}, /* Luhn is right, no network begins so */
        {"cus_4111111111111111", NULL},
        {"x4111111111111111", NULL},
        {"41111111111111110", NULL},
        {"4111.1111.1111.1111", NULL},
        {"4111  1111  1111  1111", NULL},
        {"1764367765123", NULL},
        {"0.4111111111", NULL},
        {"411111111111", NULL},
    };
    struct redact_set s = set_of(1u << REDACT_CARD);
    EXPECT_TABLE(&s, rows);
}

static void ibans_are_found_and_what_fails_mod_97_is_not(void **state)
{
    static const struct row rows[] = {
        {"D\xc2\xa0" "E\xc2\xa0" "89370400440532013000", "[iban]"}, /* as far as letters stand before digits */
        {"DE89370400440532013000", "[iban]"},
        {"DE89 3704 0044 0532 0130 00", "[iban]"},
        {"de89370400440532013000", "[iban]"},
        {"IBAN:GB29NWBK60161331926819;", "IBAN:[iban];"},
        {"pay NO93 8601 1117 947 today", "pay [iban] today"},
        {"MT84MALT011000012345MTLCAST001S", "[iban]"},
        {"FR14 2004 1010 0505 0001 3M02 606", "[iban]"},
        {"\\nDE89370400440532013000", "\\n[iban]"},
        {"DE88370400440532013000", NULL},
        {"DE8937040044053201300", NULL},
        {"DE893704004405320130001", NULL},
        {"ZZ89370400440532013000", NULL},
        {"xDE89370400440532013000", NULL},
        {"cus_DE89370400440532013000", NULL},
        {"DE is a country", NULL},
    };
    struct redact_set s = set_of(1u << REDACT_IBAN);
    EXPECT_TABLE(&s, rows);
}

static void patterns_are_found_leftmost_and_longest(void **state)
{
    static const struct row rows[] = {
        {"ticket TCK-123456.", "ticket [ticket]."},
        {"TCK-1234567", "[ticket]7"},
        {"TCK-12345", NULL},
        {"xTCK-123456", NULL},
        {"TCK-TCK-123456", "TCK-[ticket]"},
        {"aab abab", "[ab] [ab]"},
        {"\xc3\xa4\xc3\xb6\xc3\xa4", "[umlauts]\xc3\xa4"},
        {"\xc3\xa4", NULL},
    };
    struct arena a;
    struct redact_set s = {.n = 0};
    arena_init(&a, 4 << 20);
    add_pattern(&s, &a, "\\bTCK-[0-9]{6}", "[ticket]");
    add_pattern(&s, &a, "(ab|aab|abab)", "[ab]");
    add_pattern(&s, &a, "[\xc3\xa4\xc3\xb6]{2}", "[umlauts]");
    EXPECT_TABLE(&s, rows);
    arena_deinit(&a);
}

static void a_pattern_that_could_wait_for_ever_or_match_nothing_is_refused(void **state)
{
    static const struct {
        const char *pattern;
        bool is_fine;
    } rows[] = {{"a+", false},       {"a*", false},      {"(a|b){3,}", false}, {"a?", false},    {"", false},
                {"\\b", false},      {"a{256}", true},   {"a{257}", false},    {"[^a]{64}", true}, {"[^a]{65}", false},
                {"a|", false},       {"ab?c", true},     {"(?:a{16}){16}", true}, {"^a$", true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena a;
        const struct regex *r;
        const char *why;
        size_t at;
        arena_init(&a, 4 << 20);
        assert_int_equal(regex_compile(&a, str_c(rows[i].pattern), &r, &why, &at), 0);
        if ((redact_pattern_fault(r) == NULL) != rows[i].is_fine)
            fail_msg("%s", rows[i].pattern);
        arena_deinit(&a);
    }
}

/* Behind as many groups as are read at once, one more, one less, and more than twice as many. */
static void a_number_is_found_behind_any_number_of_groups(void **state)
{
    static const struct {
        enum redact_kind kind;
        const char *group, *number, *wanted;
    } rows[] = {{REDACT_CARD, "1 ", "4111 1111 1111 1111", "[card]"},
                {REDACT_PHONE, "2 ", "415 555 2671", "[phone]"},
                {REDACT_PHONE, "2 ", "+49 30 1234567", "[phone]"}};
    char text[700], wanted[700];
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        struct redact_set s = set_of(1u << rows[k].kind);
        for (size_t n = 0; n <= 300; n += n >= 100 && n < 132 ? 1 : 10) {
            for (size_t i = 0; i < n; i++)
                memcpy(text + 2 * i, rows[k].group, 2);
            memcpy(wanted, text, 2 * n);
            strcpy(text + 2 * n, rows[k].number);
            strcpy(wanted + 2 * n, rows[k].wanted);
            expect_redacted(&s, text, wanted);
        }
    }
}

static enum detected detect(enum redact_kind k, const struct window *w, size_t from, struct span *ret)
{
    static enum detected (*const detectors[])(const struct window *, size_t, struct span *) = {
        [REDACT_EMAIL] = detect_email,
        [REDACT_PHONE] = detect_phone,
        [REDACT_CARD] = detect_card,
        [REDACT_IBAN] = detect_iban,
    };
    return detectors[k](w, from, ret);
}

/* Asked at each place by itself: the first that says something of itself. */
static enum detected detect_by_place(enum redact_kind k, const struct window *w, struct span *ret)
{
    for (size_t i = 0; i < w->text.n; i++) {
        size_t n_before = i < 2 ? i : 2;
        struct window rest = {str_sub(w->text, i, SIZE_MAX), str_sub(w->text, i - n_before, n_before), w->is_end};
        enum detected is = detect(k, &rest, 0, ret);
        if (is != DETECTED_NOTHING && ret->at == 0) {
            ret->at = i;
            return is;
        }
    }
    return DETECTED_NOTHING;
}

static struct str random_text(struct rng *r, char *text)
{
    static const char *const parts[] = {"@", "%40", "%", "a", "ann.x", "b.de", "+49 30 1234567", "(", "+", "0", "4",
                                        "4242 4242 4242 4242", "DE89 3704 0044 0532 0130 00", "D", "e89", " ", "-",
                                        "\xc2\xa0", "\xc2", "GB82WEST12345698765432", "\\n", "_", "030 1234567",
                                        "D\xc2\xa0" "E\xc2\xa0", "D\xc2\xa0" "E\xc2\xa0" "89370400440532013000",
                                        "words that are longer than what is skipped at once, "};
    size_t n = 0;
    for (size_t i = rng_below(r, 16); i > 0; i--) {
        const char *part = parts[rng_below(r, sizeof parts / sizeof parts[0])];
        memcpy(text + n, part, strlen(part));
        n += strlen(part);
    }
    return (struct str){text, n};
}

static void what_is_skipped_over_is_nothing_of_what_is_looked_for(void **state)
{
    struct rng r;
    char memory[1024];
    rng_seeded_init(&r, 89);
    for (int i = 0; i < 20000; i++) {
        const struct window w = {.text = random_text(&r, memory), .is_end = i % 2};
        for (enum redact_kind k = 0; k < REDACT_KINDS; k++) {
            struct span skipped = {0, 0}, wanted = {0, 0};
            enum detected is = detect(k, &w, 0, &skipped);
            if (is != detect_by_place(k, &w, &wanted))
                fail_msg("kind %d in \"%.*s\"", (int)k, STR_ARG(w.text));
            if (is != DETECTED_NOTHING && (skipped.at != wanted.at || skipped.n != wanted.n))
                fail_msg("kind %d in \"%.*s\": at %zu, not %zu", (int)k, STR_ARG(w.text), skipped.at, wanted.at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_found_and_lookalikes_are_not),
        cmocka_unit_test(of_a_long_local_part_the_last_64_bytes_are_taken),
        cmocka_unit_test(phone_numbers_are_found_and_other_numbers_are_not),
        cmocka_unit_test(cards_are_found_and_what_fails_luhn_or_begins_otherwise_is_not),
        cmocka_unit_test(ibans_are_found_and_what_fails_mod_97_is_not),
        cmocka_unit_test(patterns_are_found_leftmost_and_longest),
        cmocka_unit_test(a_number_is_found_behind_any_number_of_groups),
        cmocka_unit_test(what_is_skipped_over_is_nothing_of_what_is_looked_for),
        cmocka_unit_test(a_pattern_that_could_wait_for_ever_or_match_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
