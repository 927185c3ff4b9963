/* base/zone: zone files read, rules carried on, and what is no zone file refused. */
#include "base/zone.h"

#include "base/err.h"
#include "unit.h"

#define HOUR (3600 * NS_PER_S)

/* A zone file of one kind of time, and the rule that goes on from there. */
static size_t file(unsigned char *out, unsigned version, int32_t offset, uint32_t n_leap, const char *rule)
{
    unsigned char head[44] = {'T', 'Z', 'i', 'f', (unsigned char)version};
    size_t n = 0;
    head[31] = (unsigned char)n_leap;
    head[39] = 1; /* types */
    head[43] = 4; /* chars */
    for (int block = 0; block < 2; block++) {
        memcpy(out + n, head, sizeof head);
        n += sizeof head;
        for (int i = 0; i < 4; i++)
            out[n++] = (unsigned char)((uint32_t)offset >> (24 - 8 * i));
        memcpy(out + n, "\0\0LMT", 6);
        n += 6;
        memset(out + n, 0, n_leap * (size_t)(block ? 12 : 8));
        n += n_leap * (size_t)(block ? 12 : 8);
    }
    out[n++] = '\n';
    memcpy(out + n, rule, strlen(rule));
    n += strlen(rule);
    out[n++] = '\n';
    return n;
}

static struct zone *zone(const char *rule, int32_t offset)
{
    unsigned char bytes[512];
    struct zone *z;
    size_t n = file(bytes, '2', offset, 0, rule);
    assert_int_equal(zone_new(STR("Test/Zone"), (struct str){(char *)bytes, n}, &z), 0);
    return z;
}

static wall_t at(const char *text)
{
    wall_t t;
    assert_int_equal(wall_parse(str_c(text), &t), 0);
    return t;
}

static void the_rule_at_the_end_of_a_file_holds_for_all_years(void **state)
{
    static const struct {
        const char *rule, *summer, *winter; /* when the clock is set forward, and back */
        int64_t standard, shift;            /* minutes */
    } rows[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27T01:00:00Z", "2050-10-30T01:00:00Z", 60, 60},
        {"EST5EDT,M3.2.0,M11.1.0", "2199-03-10T07:00:00Z", "2199-11-03T06:00:00Z", -300, 60},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2040-10-06T15:30:00Z", "2040-03-31T15:00:00Z", 630, 30},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2060-03-28T01:00:00Z", "2060-10-31T01:00:00Z", -120, 60},
        {"XST-2XDT,J60/0,J300/0", "2044-02-29T22:00:00Z", "2044-10-26T21:00:00Z", 120, 60},
        {"XST-2XDT,59/0,300/0", "2044-02-28T22:00:00Z", "2044-10-26T21:00:00Z", 120, 60},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2050-03-27T01:00:00Z", "2050-10-30T01:00:00Z", 0, 60},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zone *z = zone(rows[i].rule, (int32_t)rows[i].standard * 60);
        wall_t summer = at(rows[i].summer), winter = at(rows[i].winter);
        int64_t standard = rows[i].standard * 60 * NS_PER_S, shift = rows[i].shift * 60 * NS_PER_S;
        assert_int_equal(zone_local(z, summer - 1), summer - 1 + standard);
        assert_int_equal(zone_local(z, summer), summer + standard + shift);
        assert_int_equal(zone_local(z, winter - 1), winter - 1 + standard + shift);
        assert_int_equal(zone_local(z, winter), winter + standard);
        assert_int_equal(zone_set_last(z, summer), summer);
        assert_int_equal(zone_set_next(z, summer - 1), summer);
        zone_free(z);
    }
}

static void a_zone_without_a_rule_or_without_summer_never_changes(void **state)
{
    static const char *const rules[] = {"", "XST-3", "<+03>-3"};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct zone *z = zone(rules[i], 3 * 3600);
        assert_int_equal(zone_local(z, at("2200-07-01T00:00:00Z")), at("2200-07-01T03:00:00Z"));
        assert_int_equal(zone_local(z, at("1700-07-01T00:00:00Z")), at("1700-07-01T03:00:00Z"));
        assert_int_equal(zone_set_next(z, at("1700-07-01T00:00:00Z")), INT64_MAX);
        zone_free(z);
    }
}

static void the_first_moment_of_a_time_that_is_shown_twice_or_never(void **state)
{
    struct zone *z = zone("CET-1CEST,M3.5.0,M10.5.0/3", 3600);
    assert_int_equal(zone_first(z, at("2050-10-30T02:30:00Z")), at("2050-10-30T00:30:00Z")); /* twice */
    assert_int_equal(zone_first(z, at("2050-10-30T03:00:00Z")), at("2050-10-30T02:00:00Z"));
    assert_int_equal(zone_first(z, at("2050-03-27T02:30:00Z")), at("2050-03-27T01:00:00Z")); /* never */
    assert_int_equal(zone_first(z, at("2050-03-27T03:00:00Z")), at("2050-03-27T01:00:00Z"));
    assert_int_equal(zone_first(z, at("2050-03-27T03:00:01Z")), at("2050-03-27T01:00:01Z"));
    zone_free(z);
}

static void utc_is_no_zone(void **state)
{
    bool is_found;
    assert_null(zone_find(NULL, STR("UTC"), &is_found));
    assert_true(is_found);
    assert_null(zone_find(NULL, STR(""), &is_found));
    assert_true(is_found);
    assert_null(zone_find(NULL, STR("Europe/Berlin"), &is_found));
    assert_false(is_found);
    assert_int_equal(zone_local(NULL, 5 * HOUR), 5 * HOUR);
    assert_int_equal(zone_first(NULL, 5 * HOUR), 5 * HOUR);
    assert_int_equal(zone_name(NULL).n, 0);
}

static void what_is_no_zone_file_is_refused(void **state)
{
    static const char *const rules[] = {"X", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
                                        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-25",
                                        "CET-1CEST,J0,J300", "CET-1CEST,366,300", "<+01-1", "CET-1CEST,M3.5.0,M10.5.0x",
                                        "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1:60"};
    unsigned char bytes[512];
    struct zone *z;
    size_t n;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        n = file(bytes, '2', 3600, 0, rules[i]);
        assert_int_equal(zone_new(STR("X"), (struct str){(char *)bytes, n}, &z), -ERR_CORRUPT);
    }
    n = file(bytes, '1', 3600, 0, ""); /* ends in 2038 */
    assert_int_equal(zone_new(STR("X"), (struct str){(char *)bytes, n}, &z), -ERR_CORRUPT);
    n = file(bytes, '2', 3600, 1, ""); /* leap seconds */
    assert_int_equal(zone_new(STR("X"), (struct str){(char *)bytes, n}, &z), -ERR_CORRUPT);
    n = file(bytes, '2', 27 * 3600, 0, "");
    assert_int_equal(zone_new(STR("X"), (struct str){(char *)bytes, n}, &z), -ERR_CORRUPT);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    unsigned char bytes[512];
    struct zone *z;
    size_t n = file(bytes, '2', 3600, 0, "CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t cut = 0; cut < n; cut++) {
        char *exact = malloc(cut + 1); /* so that a sanitizer sees a byte too many */
        memcpy(exact, bytes, cut);
        assert_int_equal(zone_new(STR("X"), (struct str){exact, cut}, &z), -ERR_CORRUPT);
        free(exact);
    }
}

static void a_name_may_be_so_long_and_no_longer(void **state)
{
    unsigned char bytes[512];
    char name[ZONE_NAME_CHARS_MAX + 1];
    struct zone *z;
    struct str text = {(char *)bytes, file(bytes, '2', 3600, 0, "")};
    memset(name, 'X', sizeof name);
    assert_int_equal(zone_new((struct str){name, ZONE_NAME_CHARS_MAX}, text, &z), 0);
    assert_int_equal(zone_name(z).n, ZONE_NAME_CHARS_MAX);
    zone_free(z);
    assert_int_equal(zone_new((struct str){name, ZONE_NAME_CHARS_MAX + 1}, text, &z), -ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule_at_the_end_of_a_file_holds_for_all_years),
        cmocka_unit_test(a_zone_without_a_rule_or_without_summer_never_changes),
        cmocka_unit_test(the_first_moment_of_a_time_that_is_shown_twice_or_never),
        cmocka_unit_test(utc_is_no_zone),
        cmocka_unit_test(what_is_no_zone_file_is_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_name_may_be_so_long_and_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
