/*
 * store/journal on the system's own files: segments are mapped where the file system lets them, and a process that is
 * killed right behind an append has lost nothing.
 */
#include "journal_test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static int enter_folder(void **state)
{
    strcpy(folder, "/tmp/flyball-mapped-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 && io_mkdir(io_system(), JOURNAL_DIR) == 0 ? 0 : -1;
}

static int unlink_it(void *ctx, struct str name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/journal/" STR_FMT, folder, STR_ARG(name));
    return unlink(path);
}

static int remove_folder(void **state)
{
    (void)io_list(io_system(), JOURNAL_DIR, unlink_it, NULL);
    rmdir("journal");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* How many segments of the folder this process has mapped; -1 where the file system gives no mappings. */
static int n_mapped(void)
{
    char line[512];
    uint8_t *p;
    int n = 0;
    struct io_file *f;
    assert_int_equal(io_open(io_system(), STR("probe"), IO_READ | IO_WRITE | IO_CREATE, &f), 0);
    int r = io_map(f, 4096, &p);
    if (r == 0)
        io_unmap(f, p, 4096);
    io_close(f);
    unlink("probe");
    if (r < 0)
        return -1;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        n += strstr(line, folder) != NULL;
    fclose(maps);
    return n;
}

static void a_killed_process_loses_no_frame_that_was_appended(void **state)
{
    struct limits l = small_limits();
    for (uint64_t life = 1; life <= 3; life++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct journal *j = open_journal(io_system(), &l);
            if (append_n(j, 300) < 0)
                _exit(1);
            kill(getpid(), SIGKILL);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        struct journal *j = open_journal(io_system(), &l);
        assert_int_equal(journal_last_seq(j), 300 * life);
        assert_int_equal(read_all(j, 0), 300 * life);
        journal_close(j);
    }
}

/* A sync unmaps full segments: not the one whose frames were given and are still looked at. */
static void frames_that_were_taken_stand_while_their_segment_is_unmapped_and_recycled(void **state)
{
    struct limits l = small_limits();
    struct journal *j = open_journal(io_system(), &l);
    struct journal_reader *r;
    struct frame f[64];
    uint64_t synced;
    size_t n;
    assert_int_equal(append_n(j, 40), 0);
    assert_int_equal(journal_reader_new(j, 0, &r), 0);
    assert_int_equal(journal_reader_take(r, 64, 1 << 20, f, &n), JOURNAL_R_END);
    assert_int_equal(n, 40);
    assert_int_equal(append_n(j, 300), 0);
    assert_int_equal(journal_sync(j, &synced), 0);
    assert_int_equal(journal_recycle(j, 340), 0);
    for (size_t i = 0; i < n; i++)
        assert_frame(&f[i], i + 1);
    uint64_t n_all = n;
    int x;
    do {
        x = journal_reader_take(r, 64, 1 << 20, f, &n);
        for (size_t i = 0; i < n; i++)
            assert_frame(&f[i], ++n_all);
    } while (x == 0);
    assert_int_equal(x, JOURNAL_R_END);
    assert_int_equal(n_all, 340);
    journal_reader_free(r);
    journal_close(j);
}

static void only_the_current_segment_stays_mapped(void **state)
{
    struct limits l = small_limits();
    struct journal *j = open_journal(io_system(), &l);
    int mapped = n_mapped();
    if (mapped < 0) {
        journal_close(j);
        skip();
    }
    assert_int_equal(mapped, 1);
    assert_int_equal(append_n(j, 500), 0);
    assert_true(journal_bytes(j) >= 4 * 65536);
    assert_true(n_mapped() > 1);
    assert_int_equal(synced(j), journal_last_seq(j));
    assert_int_equal(n_mapped(), 1);
    assert_int_equal(append_n(j, 500), 0);
    assert_int_equal(journal_recycle(j, journal_last_seq(j)), 0);
    assert_int_equal(n_mapped(), 1);
    assert_int_equal(append_n(j, 500), 0); /* into recycled segments */
    assert_int_equal(read_all(j, journal_last_seq(j) - 500), 500);
    journal_close(j);
    assert_int_equal(n_mapped(), 0);
}

static void making_room_ready_changes_no_byte(void **state)
{
    struct limits l = small_limits();
    struct journal *j = open_journal(io_system(), &l);
    int mapped = n_mapped();
    for (int i = 0; i < 20; i++) {
        journal_warm(j, i % 2 ? 1000 : UINT64_MAX); /* a little, and more than the segment has */
        assert_int_equal(append_n(j, 40), 0);
    }
    assert_int_equal(read_all(j, 0), 800);
    assert_int_equal(synced(j), 800);
    assert_int_equal(n_mapped(), mapped);
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_killed_process_loses_no_frame_that_was_appended, enter_folder, remove_folder),
        cmocka_unit_test_setup_teardown(making_room_ready_changes_no_byte, enter_folder, remove_folder),
        cmocka_unit_test_setup_teardown(frames_that_were_taken_stand_while_their_segment_is_unmapped_and_recycled,
                                        enter_folder, remove_folder),
        cmocka_unit_test_setup_teardown(only_the_current_segment_stays_mapped, enter_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("store/journal_mapped", tests, NULL, NULL);
}
