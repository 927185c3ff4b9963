/* daemon/watch: which changes of a file count, and when. */
#include "unit.h"

#include "daemon/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/flyball-watch-XXXXXX";
static char file[64], other[64];

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_change_counts_once_and_when_it_has_settled(void **state)
{
    struct watch w;
    put(file, "a");
    watch_init(&w, file);
    assert_false(watch_look(&w));
    put(file, "ab");
    assert_false(watch_look(&w)); /* perhaps half of it */
    put(file, "abc");
    assert_false(watch_look(&w));
    assert_true(watch_look(&w));
    assert_false(watch_look(&w));
}

static void what_is_as_it_was_before_it_settled_is_no_change(void **state)
{
    struct watch w;
    put(file, "a");
    watch_init(&w, file);
    assert_int_equal(rename(file, other), 0);
    assert_false(watch_look(&w));
    assert_int_equal(rename(other, file), 0);
    assert_false(watch_look(&w));
    assert_false(watch_look(&w));
}

static void a_file_put_in_its_place_or_taken_away_is_a_change(void **state)
{
    struct watch w;
    put(file, "a");
    put(other, "a");
    watch_init(&w, file);
    assert_int_equal(rename(other, file), 0);
    assert_false(watch_look(&w));
    assert_true(watch_look(&w));
    assert_int_equal(unlink(file), 0);
    assert_false(watch_look(&w));
    assert_true(watch_look(&w));
    assert_false(watch_look(&w));
}

static void another_target_of_a_link_is_a_change(void **state)
{
    struct watch w;
    put(file, "a");
    put(other, "b");
    char link[64], next[64];
    snprintf(link, sizeof link, "%s/link", dir);
    snprintf(next, sizeof next, "%s/next", dir);
    assert_int_equal(symlink(file, link), 0);
    watch_init(&w, link);
    assert_int_equal(symlink(other, next), 0);
    assert_int_equal(rename(next, link), 0);
    assert_false(watch_look(&w));
    assert_true(watch_look(&w));
    unlink(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_counts_once_and_when_it_has_settled),
        cmocka_unit_test(what_is_as_it_was_before_it_settled_is_no_change),
        cmocka_unit_test(a_file_put_in_its_place_or_taken_away_is_a_change),
        cmocka_unit_test(another_target_of_a_link_is_a_change),
    };
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/file", dir);
    snprintf(other, sizeof other, "%s/other", dir);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file);
    unlink(other);
    rmdir(dir);
    return r;
}
