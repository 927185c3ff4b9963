/*
 * kill -9 at random moments of a program that appends, syncs, drains into SQLite and recycles: whatever was appended is
 * there, the store follows without gaps, chain and counters hold.
 *
 * FLYBALL_KILLS sets the number of cycles (200).
 */
#include "../unit/store/scratch.h"
#include "../unit/store/story.h"
#include "unit.h"

#include "base/err.h"
#include "base/check.h"
#include "base/rand.h"
#include "io/whole_file.h"
#include "store/audit.h"
#include "store/journal/journal.h"
#include "store/sqlite/store_sqlite.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#define BATCH 32

/* Survives the writer: what it has been told. */
struct shared {
    atomic_uint_fast64_t appended, synced;
    atomic_int n_starts;
};

struct writer {
    struct shared *shared;
    struct store *store;
    struct journal *journal;
    struct journal_reader *reader;
    struct rng rng;
    uint64_t open[8]; /* calls without a CLOSE */
    size_t n_open;
};

/* The child has no cmocka: what fails there aborts, which is not the death that the parent waits for. */
#define must(cond) check(cond)

static struct limits small_limits(void)
{
    struct limits l;
    limits_default(&l);
    l.journal_segment_bytes = 65536;
    return l;
}

static void open_all(struct writer *w, const struct scratch *s)
{
    char dir[160];
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    struct limits l = small_limits();
    snprintf(dir, sizeof dir, "%s/journal", s->dir);
    must(io_mkdir_all(io_system(), str_c(dir)) == 0);
    must(store_sqlite_open(str_c(s->file), &w->store) == 0);
    uint64_t seq = w->store->ops->position(w->store, chain, &epoch);
    must(journal_open(io_system(), str_c(dir), &l, 1, seq, chain, epoch, &w->journal) == 0);
    must(journal_reader_new(w->journal, seq, &w->reader) == 0);
}

/* One batch into the store; false: there was nothing. */
static bool drain(struct writer *w)
{
    struct frame frames[BATCH], f;
    struct arena a;
    size_t n = 0;
    int r = 0;
    arena_init(&a, 1 << 24);
    while (n < BATCH && (r = journal_reader_next(w->reader, &f)) == 0) {
        frames[n] = f;
        frames[n].body = arena_str(&a, f.body);
        frames[n].personal = arena_str(&a, f.personal);
        n++;
    }
    must(r == 0 || r == JOURNAL_R_END);
    if (n > 0) {
        must(w->store->ops->apply(w->store, frames, n) == 0);
        must(journal_recycle(w->journal, w->store->ops->durable(w->store)) == 0);
    }
    arena_deinit(&a);
    return n > 0;
}

static void append(struct writer *w, struct frame f)
{
    must(journal_append(w->journal, &f) == 0);
    atomic_store(&w->shared->appended, f.seq);
}

static void append_open(struct writer *w)
{
    struct story s;
    struct story_call c = story_call();
    char id[64];
    story_init(&s);
    snprintf(id, sizeof id, "call-%llu", (unsigned long long)journal_last_seq(w->journal) + 1);
    c.call_id = id;
    c.limits[0] = (struct story_limit){"d/all/usd/lifetime/", "-", 0, c.held};
    c.n_limits = 1;
    story_open(&s, &c, NULL);
    append(w, s.frames[0]);
    w->open[w->n_open++] = journal_last_seq(w->journal);
    story_deinit(&s);
}

static void append_close(struct writer *w)
{
    struct story s;
    uint64_t of = w->open[--w->n_open];
    struct story_close c = {
        .open_seq = of, .outcome = "settled", .settled = 1000, .moves = {{of, 0, 5000000000, 1000}}, .n_moves = 1};
    story_init(&s);
    s.now += (wall_t)of;
    story_close(&s, &c);
    append(w, s.frames[0]);
    story_deinit(&s);
}

/* Runs until it is killed. */
static void write_for_ever(struct shared *shared, const struct scratch *s, uint64_t seed)
{
    struct writer w = {.shared = shared};
    rng_seeded_init(&w.rng, seed);
    open_all(&w, s);
    must(journal_last_seq(w.journal) >= atomic_load(&shared->appended));
    while (drain(&w))
        ;
    atomic_fetch_add(&shared->n_starts, 1);
    for (;;) {
        uint64_t seq, what = rng_below(&w.rng, 10);
        if (what < 5 && w.n_open < 8)
            append_open(&w);
        else if (what < 8 && w.n_open > 0)
            append_close(&w);
        else if (what == 8) {
            must(journal_sync(w.journal, &seq) == 0);
            atomic_store(&shared->synced, seq);
        } else {
            (void)drain(&w); /* nothing there is fine */
        }
    }
}

static void sleep_us(uint64_t us)
{
    struct timespec t = {0, (long)us * 1000};
    nanosleep(&t, NULL);
}

static void kill_once(struct shared *shared, const struct scratch *s, uint64_t seed, struct rng *rng)
{
    int status = 0, before = atomic_load(&shared->n_starts);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        write_for_ever(shared, s, seed);
        _exit(0);
    }
    if (rng_below(rng, 4)) /* most die at work, some while they start */
        for (int i = 0; atomic_load(&shared->n_starts) == before && i < 20000; i++)
            sleep_us(500);
    sleep_us(rng_below(rng, 8000));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void assert_all_is_there(struct shared *shared, const struct scratch *s)
{
    struct writer w = {.shared = shared};
    struct store_reader *reader;
    struct audit_report rep;
    struct buf json;
    open_all(&w, s);
    while (drain(&w))
        ;
    assert_true(journal_last_seq(w.journal) >= atomic_load(&shared->appended));
    buf_init(&json, 1 << 20);
    assert_int_equal(w.store->ops->rebuild(w.store, &json), 0);
    assert_int_equal(w.store->ops->reader_new(w.store, &reader), 0);
    assert_int_equal(audit_verify(w.store, reader, &rep), 0);
    assert_int_equal(rep.last_seq, journal_last_seq(w.journal));
    print_message("%d starts, %llu frames, %llu calls\n", atomic_load(&shared->n_starts),
                  (unsigned long long)rep.last_seq, (unsigned long long)rep.opens);
    w.store->ops->reader_free(reader);
    buf_deinit(&json);
    journal_reader_free(w.reader);
    journal_close(w.journal);
    w.store->ops->close(w.store);
}

static int on_name(void *ctx, struct str name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/journal/" STR_FMT, ((struct scratch *)ctx)->dir, STR_ARG(name));
    return io_unlink(io_system(), str_c(path));
}

static void nothing_that_was_appended_is_lost(void **state)
{
    const char *cycles = getenv("FLYBALL_KILLS");
    int n = cycles ? atoi(cycles) : 200;
    struct scratch s;
    struct rng rng;
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    scratch_init(&s, "kill");
    rng_seeded_init(&rng, 5);
    for (int i = 0; i < n; i++) {
        kill_once(shared, &s, (uint64_t)i, &rng);
        if (i % 50 == 49)
            assert_all_is_there(shared, &s);
    }
    assert_all_is_there(shared, &s);

    char dir[160];
    snprintf(dir, sizeof dir, "%s/journal", s.dir);
    assert_int_equal(io_list(io_system(), str_c(dir), on_name, &s), 0);
    rmdir(dir);
    scratch_deinit(&s);
    munmap(shared, sizeof *shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_that_was_appended_is_lost)};
    return cmocka_run_group_tests_name("fault/kill", tests, NULL, NULL);
}
