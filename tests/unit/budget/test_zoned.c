/* budget/ledger with call/window in zones: the table of edges, and clocks that are set back over them. */
#include "budget/ledger.h"

#include "base/err.h"
#include "io/zoneinfo.h"
#include "unit.h"

#define HOUR (3600 * NS_PER_S)
#define LINE_BYTES_MAX 256
#define ROWS_MIN 60

static const uint8_t seed[16] = "ledger in zones";
static const char *table;
static struct zoneinfo *files;

struct row {
    const struct zone *zone;
    enum limit_window window;
    wall_t at, begins, ends;
};

static wall_t at(const char *text)
{
    wall_t t;
    assert_int_equal(wall_parse(str_c(text), &t), 0);
    return t;
}

static const struct zone *zone(const char *name)
{
    bool is_found;
    const struct zone *z = zone_find(zoneinfo_zones(files), str_c(name), &is_found);
    assert_true(is_found);
    return z;
}

static struct row read_row(char *line)
{
    char *part[5];
    struct row r;
    int64_t sliding_ns;
    struct str none;
    for (size_t i = 0; i < 5; i++)
        assert_non_null(part[i] = strtok(i ? NULL : line, "\t\n"));
    r.zone = zone(part[0]);
    assert_int_equal(window_parse(str_c(part[1]), &r.window, &sliding_ns, &none), 0);
    r.at = at(part[2]);
    r.begins = at(part[3]);
    r.ends = at(part[4]);
    return r;
}

/* Calls fn for each row; returns how many there are. */
static size_t each_row(void (*fn)(const struct row *r))
{
    char line[LINE_BYTES_MAX];
    size_t n = 0;
    FILE *f = fopen(table, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#')
            continue;
        struct row r = read_row(line);
        fn(&r);
        n++;
    }
    (void)fclose(f);
    return n;
}

static void is_as_the_table_says(const struct row *r)
{
    assert_int_equal(window_start(r->window, 0, r->zone, r->at), r->begins);
    assert_int_equal(window_end(r->window, 0, r->zone, r->begins), r->ends);
    assert_int_equal(window_start(r->window, 0, r->zone, r->begins), r->begins);
    assert_int_equal(window_start(r->window, 0, r->zone, r->ends - 1), r->begins);
    assert_int_equal(window_start(r->window, 0, r->zone, r->ends), r->ends);
    assert_true(window_start(r->window, 0, r->zone, r->begins - 1) < r->begins);
}

static void windows_begin_and_end_as_the_table_says(void **state)
{
    assert_in_range(each_row(is_as_the_table_says), ROWS_MIN, 10000);
}

static struct limit_need need_of(const struct row *r, wall_t now, int64_t n, int64_t max)
{
    static char text[WINDOW_TEXT_BYTES];
    return (struct limit_need){.counter = window_text(r->window, 0, zone_name(r->zone), text), .bucket = STR("-"),
                               .meter = METER_USD, .window = r->window, .zone = r->zone, .n = n, .max = max,
                               .window_start = window_start(r->window, 0, r->zone, now)};
}

static int spend(struct ledger *l, struct limit_need *need)
{
    struct move moves[MOVES_MAX];
    struct hold *h;
    size_t i_short, n_moves = 0;
    int r = ledger_hold(l, need, 1, &h, &i_short);
    if (r == 0)
        (void)hold_settle(h, true, &(struct used){need->n, 0, 0}, moves, &n_moves);
    return r;
}

/* Spent to the last: nothing fits until the window ends, then everything; and never again before. */
static void is_full_until_it_ends(const struct row *r)
{
    struct ledger *l = ledger_new(10, seed);
    struct limit_need all = need_of(r, r->at, 100, 100);
    assert_int_equal(spend(l, &all), 0);
    assert_int_equal(all.window_start, r->begins);
    const wall_t full[] = {r->begins, r->at, r->ends - 1, r->begins - 1, r->begins - 40 * HOUR};
    for (size_t i = 0; i < sizeof full / sizeof full[0]; i++) {
        struct limit_need one = need_of(r, full[i], 1, 100);
        assert_int_equal(spend(l, &one), LEDGER_R_EXHAUSTED);
    }
    struct limit_need next = need_of(r, r->ends, 100, 100), back = need_of(r, r->ends - 1, 1, 100);
    assert_int_equal(spend(l, &next), 0);
    assert_int_equal(spend(l, &back), LEDGER_R_EXHAUSTED); /* the clock was set back over the edge */
    assert_true(ledger_check(l));
    ledger_free(l);
}

static void a_spent_window_is_full_until_it_ends_and_no_clock_set_back_reopens_it(void **state)
{
    assert_in_range(each_row(is_full_until_it_ends), ROWS_MIN, 10000);
}

/* What a full table forgets in one zone closes windows of that zone alone. */
static void a_forgotten_window_of_one_zone_stays_closed_and_others_are_untouched(void **state)
{
    struct ledger *l = ledger_new(1, seed);
    const struct row tokyo = {.zone = zone("Asia/Tokyo"), .window = WINDOW_DAY};
    struct row utc = {.zone = NULL, .window = WINDOW_DAY};
    wall_t evening = at("2024-05-01T14:00:00Z"), night = at("2024-05-01T16:00:00Z"); /* Tokyo's midnight is between */
    struct limit_need a = need_of(&tokyo, evening, 100, 100);
    assert_int_equal(spend(l, &a), 0);
    struct limit_need b = need_of(&tokyo, night, 100, 100);
    b.bucket = STR("other");
    assert_int_equal(spend(l, &b), -ERR_TOO_LARGE); /* nothing that was seen is past yet */
    b = need_of(&tokyo, night, 1, 100);
    assert_int_equal(spend(l, &b), 0); /* the same counter, a day later */
    struct limit_need again = need_of(&tokyo, evening, 100, 100);
    assert_int_equal(spend(l, &again), LEDGER_R_EXHAUSTED);
    ledger_free(l);

    l = ledger_new(1, seed);
    struct limit_need c = need_of(&utc, evening, 1, 100);
    ledger_look(l, &c, 1);
    assert_int_equal(c.window_start, at("2024-05-01T00:00:00Z"));
    ledger_free(l);
}

static void a_counter_of_the_store_goes_on_in_its_zone(void **state)
{
    struct ledger *l = ledger_new(10, seed);
    const struct row berlin = {.zone = zone("Europe/Berlin"), .window = WINDOW_DAY};
    wall_t now = at("2024-05-01T21:59:59Z"), start = at("2024-04-30T22:00:00Z");
    struct limit_need one = need_of(&berlin, now, 1, 100);
    ledger_use_zones(l, zoneinfo_zones(files));
    ledger_restore_begin(l, now);
    assert_int_equal(ledger_restore_counter(
                         l, &(struct counter_row){one.counter, one.bucket, STR("day:Europe/Berlin"), start, 100, 0}),
                     0);
    assert_int_equal(spend(l, &one), LEDGER_R_EXHAUSTED);
    struct ledger_row row;
    assert_true(ledger_row_of(l, now, one.counter, one.bucket, &row));
    assert_int_equal(row.resets_at, now + NS_PER_S);
    assert_ptr_equal(row.zone, berlin.zone);
    one = need_of(&berlin, now + NS_PER_S, 100, 100);
    assert_int_equal(spend(l, &one), 0);
    ledger_free(l);
}

/* A first touch of a zone after the start: what the store left out stays closed there too. */
static void no_zone_opens_a_window_from_before_the_start(void **state)
{
    struct ledger *l = ledger_new(10, seed);
    const struct row berlin = {.zone = zone("Europe/Berlin"), .window = WINDOW_DAY};
    wall_t now = at("2024-05-01T22:00:00Z");
    ledger_restore_begin(l, now);
    struct limit_need first = need_of(&berlin, now, 60, 100), back = need_of(&berlin, now - 1, 60, 100);
    assert_int_equal(spend(l, &first), 0);
    back.bucket = STR("other");
    assert_int_equal(spend(l, &back), 0);
    assert_int_equal(back.window_start, now); /* counted in the day of the start */
    ledger_free(l);
}

static void forgotten_by_a_store_only_when_it_is_past(const struct row *r)
{
    char text[WINDOW_TEXT_BYTES];
    struct str name = window_text(r->window, 0, zone_name(r->zone), text);
    assert_false(window_is_past(name, r->begins, r->ends - 1));
    assert_true(window_is_past(name, r->begins, r->ends + 96 * HOUR));
}

static void no_store_forgets_a_window_before_it_ends(void **state)
{
    assert_in_range(each_row(forgotten_by_a_store_only_when_it_is_past), ROWS_MIN, 10000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_begin_and_end_as_the_table_says),
        cmocka_unit_test(a_spent_window_is_full_until_it_ends_and_no_clock_set_back_reopens_it),
        cmocka_unit_test(a_forgotten_window_of_one_zone_stays_closed_and_others_are_untouched),
        cmocka_unit_test(a_counter_of_the_store_goes_on_in_its_zone),
        cmocka_unit_test(no_zone_opens_a_window_from_before_the_start),
        cmocka_unit_test(no_store_forgets_a_window_before_it_ends),
    };
    if (argc != 2)
        return 2;
    table = argv[1];
    files = zoneinfo_new(io_system(), STR(ZONEINFO_FOLDER));
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    zoneinfo_free(files);
    return n_failed;
}
