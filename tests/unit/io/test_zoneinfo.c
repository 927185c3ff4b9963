/* io/zoneinfo: the system's zone files, found by name and kept. */
#include "io/zoneinfo.h"

#include "unit.h"

static int setup(void **state)
{
    *state = zoneinfo_new(io_system(), STR(ZONEINFO_FOLDER));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    zoneinfo_free(*state);
    return 0;
}

static void a_zone_is_read_once_and_stays(void **state)
{
    const struct zones *zones = zoneinfo_zones(*state);
    bool is_found;
    const struct zone *z = zone_find(zones, STR("Europe/Berlin"), &is_found);
    assert_true(z && is_found);
    assert_str(zone_name(z), "Europe/Berlin");
    assert_ptr_equal(zone_find(zones, STR("Europe/Berlin"), &is_found), z);
    assert_ptr_not_equal(zone_find(zones, STR("Europe/Paris"), &is_found), z);
}

static void what_is_no_zone_is_not_found_and_no_way_leads_out(void **state)
{
    static const char *const odd[] = {"Europe/Berlim", "Europe", "../../../etc/passwd", "/etc/localtime", "tzdata.zi",
                                      "Europe/../Europe/Berlin", "europe/berlin", "posixrules",
                                      "Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/B"};
    bool is_found;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_null(zone_find(zoneinfo_zones(*state), str_c(odd[i]), &is_found));
        assert_false(is_found);
    }
}

static void names_are_those_of_the_list(void **state)
{
    const struct zones *zones = zoneinfo_zones(*state);
    size_t n, n_berlin = 0, n_link = 0;
    const struct str *names = zones->names(zones, &n);
    for (size_t i = 0; i < n; i++) {
        n_berlin += str_eq(names[i], STR("Europe/Berlin"));
        n_link += str_eq(names[i], STR("Asia/Calcutta"));
    }
    assert_int_equal(n_berlin, 1);
    assert_int_equal(n_link, 1);
    assert_in_range(n, 400, 4096);
}

static void without_the_files_there_is_nothing_but_utc(void **state)
{
    struct zoneinfo *z = zoneinfo_new(io_system(), STR("/nowhere"));
    size_t n = 9;
    bool is_found;
    assert_null(zone_find(zoneinfo_zones(z), STR("Europe/Berlin"), &is_found));
    assert_false(is_found);
    (void)zoneinfo_zones(z)->names(zoneinfo_zones(z), &n);
    assert_int_equal(n, 0);
    zoneinfo_free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_zone_is_read_once_and_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_zone_is_not_found_and_no_way_leads_out, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_those_of_the_list, setup, teardown),
        cmocka_unit_test(without_the_files_there_is_nothing_but_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
