/* store/journal: what is appended is read back in order, across segments, restarts, power losses and damage. */
#include "journal_test.h"

#include "base/buf.h"
#include "crypto/chain.h"

#include <pthread.h>
#include <stdatomic.h>

static void frames_come_back_in_order_across_segments(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    assert_int_equal(journal_epoch(j), 1);
    assert_int_equal(append_n(j, 500), 0);
    assert_int_equal(read_all(j, 0), 500);
    assert_int_equal(read_all(j, 377), 123);
    assert_int_equal(read_all(j, 500), 0);
    assert_true(journal_bytes(j) >= 4 * 65536);
    journal_close(j);

    j = open_journal(io, &l);
    assert_int_equal(journal_epoch(j), 2);
    assert_int_equal(journal_last_seq(j), 500);
    assert_int_equal(append_n(j, 200), 0);
    assert_int_equal(read_all(j, 0), 700);
    journal_close(j);
    io_memory_free(io);
}

static void each_chain_follows_from_the_one_before(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    assert_int_equal(append_n(j, 100), 0);
    journal_close(j);
    j = open_journal(io, &l);
    assert_int_equal(append_n(j, 100), 0);

    struct journal_reader *r;
    struct frame f;
    uint8_t chain[CHAIN_BYTES] = {0}, header[FRAME_HEADER_BYTES];
    assert_int_equal(journal_reader_new(j, 0, &r), 0);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(journal_reader_next(r, &f), 0);
        frame_header_bytes(&f, header);
        chain_next(chain, (struct str){(char *)header, sizeof header}, f.body, chain);
        assert_memory_equal(f.chain, chain, CHAIN_BYTES);
        assert_int_equal(f.epoch, i < 100 ? 1 : 2);
    }
    journal_reader_free(r);
    journal_last_chain(j, chain);
    assert_memory_equal(f.chain, chain, CHAIN_BYTES);
    journal_close(j);
    io_memory_free(io);
}

static void hashed_append_gives_the_same_chain(void **state)
{
    struct limits l = small_limits();
    struct io *io_a = memory_with_dir(), *io_b = memory_with_dir();
    struct journal *a = open_journal(io_a, &l), *b = open_journal(io_b, &l);
    struct frame f = {.kind = FRAME_OPEN, .at = 7, .body = STR("{}")}, g = f;
    uint8_t sha[32];
    sha256(f.body, sha);
    assert_int_equal(journal_append(a, &f), 0);
    assert_int_equal(journal_append_hashed(b, &g, sha), 0);
    assert_memory_equal(f.chain, g.chain, CHAIN_BYTES);
    journal_close(a);
    journal_close(b);
    io_memory_free(io_a);
    io_memory_free(io_b);
}

static void a_frame_over_the_limit_is_refused_and_changes_nothing(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    char *text = malloc(70000);
    memset(text, 'x', 70000);
    const size_t head = 8 + FRAME_HEADER_BYTES + 8 + CHAIN_BYTES + 4;
    struct frame f = {.kind = FRAME_OPEN, .body = {text, 32768 - head - 8}};
    assert_int_equal(journal_append(j, &f), 0); /* padded to exactly the limit */
    f.body.n = 32768 - head;
    assert_int_equal(journal_append(j, &f), -ERR_TOO_LARGE);
    assert_int_equal(journal_last_seq(j), 1);
    journal_close(j);
    l.frame_bytes_max = 1 << 20; /* beyond a segment */
    j = open_journal(io, &l);
    f.body.n = 66000;
    assert_int_equal(journal_append(j, &f), -ERR_TOO_LARGE);
    f.body.n = 65536 - 64 - head - 8;
    assert_int_equal(journal_append(j, &f), 0);
    free(text);
    journal_close(j);
    io_memory_free(io);
}

static void a_killed_process_loses_nothing(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    for (int life = 0; life < 5; life++) {
        struct journal *j = open_journal(io, &l);
        assert_int_equal(journal_last_seq(j), life * 111);
        assert_int_equal(append_n(j, 111), 0);
        io_memory_crash(io);
        journal_close(j);
    }
    struct journal *j = open_journal(io, &l);
    assert_int_equal(read_all(j, 0), 555);
    journal_close(j);
    io_memory_free(io);
}

static void power_loss_keeps_what_was_synced(void **state)
{
    struct limits l = small_limits();
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct rng rng;
        rng_seeded_init(&rng, seed);
        struct io *io = memory_with_dir();
        uint64_t durable = 0;
        for (int life = 0; life < 4; life++) {
            struct journal *j = open_journal(io, &l);
            assert_true(journal_last_seq(j) >= durable);
            assert_int_equal(read_all(j, 0), journal_last_seq(j));
            assert_int_equal(append_n(j, rng_below(&rng, 150)), 0);
            durable = synced(j);
            assert_int_equal(durable, journal_last_seq(j));
            assert_int_equal(append_n(j, rng_below(&rng, 150)), 0);
            io_memory_power_loss(io, &rng);
            journal_close(j);
        }
        io_memory_free(io);
    }
}

static void stored_segments_are_recycled_and_used_again(void **state)
{
    struct limits l = small_limits();
    l.journal_bytes_max = 4 * 65536;
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    for (int round = 0; round < 40; round++) {
        uint64_t before = journal_last_seq(j);
        assert_int_equal(append_n(j, 150), 0);
        assert_int_equal(read_all(j, before), 150);
        assert_int_equal(synced(j), before + 150);
        assert_int_equal(journal_recycle(j, before + 150), 0);
        assert_int_equal(journal_bytes(j), 65536);
    }
    struct journal_reader *r;
    assert_int_equal(journal_reader_new(j, 5, &r), -ERR_NOT_FOUND);
    journal_close(j);
    io_memory_free(io);
}

static void a_segment_in_use_by_a_reader_is_not_recycled(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    struct journal_reader *r;
    struct frame f;
    assert_int_equal(append_n(j, 600), 0);
    assert_int_equal(journal_reader_new(j, 0, &r), 0);
    assert_int_equal(journal_reader_next(r, &f), 0);
    uint64_t bytes = journal_bytes(j);
    assert_int_equal(journal_recycle(j, 600), 0);
    assert_int_equal(journal_bytes(j), bytes);
    for (uint64_t seq = 2; seq <= 600; seq++) {
        assert_int_equal(journal_reader_next(r, &f), 0);
        assert_frame(&f, seq);
    }
    assert_int_equal(journal_recycle(j, 600), 0);
    assert_int_equal(journal_bytes(j), 65536);
    journal_reader_free(r);
    journal_close(j);
    io_memory_free(io);
}

/* Whatever was recycled, a start after it finds the frames behind the store's position, and no old ones. */
static void stale_frames_of_a_recycled_segment_never_count(void **state)
{
    struct limits l = small_limits();
    l.journal_bytes_max = 1 << 30;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct rng rng;
        rng_seeded_init(&rng, seed);
        struct io *io = memory_with_dir();
        uint8_t chain[CHAIN_BYTES] = {0};
        uint64_t stored = 0, last = 0;
        for (int life = 0; life < 8; life++) {
            struct journal *j;
            assert_int_equal(open_after(io, &l, stored, chain, &j), 0);
            assert_int_equal(journal_last_seq(j), last);
            read_all(j, stored);
            assert_int_equal(append_n(j, rng_below(&rng, 300)), 0);
            if (rng_below(&rng, 2)) { /* the store takes all there is */
                stored = journal_last_seq(j);
                journal_last_chain(j, chain);
                synced(j);
                assert_int_equal(journal_recycle(j, stored), 0);
            }
            assert_int_equal(append_n(j, rng_below(&rng, 100)), 0);
            last = journal_last_seq(j);
            io_memory_crash(io);
            journal_close(j);
        }
        io_memory_free(io);
    }
}

static void a_full_journal_refuses_until_the_store_has_caught_up(void **state)
{
    struct limits l = small_limits();
    l.journal_bytes_max = 2 * 65536;
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    assert_int_equal(append_n(j, 1000), -ERR_NO_SPACE);
    uint64_t last = journal_last_seq(j);
    assert_true(last > 150 && last < 400);
    assert_int_equal(append_n(j, 1), -ERR_NO_SPACE);
    assert_int_equal(read_all(j, 0), last);
    assert_int_equal(journal_recycle(j, last), 0);
    assert_int_equal(append_n(j, 50), 0);
    assert_int_equal(read_all(j, last), 50);
    journal_close(j);
    io_memory_free(io);
}

static void an_empty_journal_goes_on_behind_the_store(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    uint8_t chain[CHAIN_BYTES], header[FRAME_HEADER_BYTES];
    memset(chain, 0x5a, sizeof chain);
    struct journal *j;
    assert_int_equal(journal_open(io, JOURNAL_DIR, &l, 3, 41, chain, 9, &j), 0);
    assert_int_equal(journal_last_seq(j), 41);
    assert_int_equal(journal_epoch(j), 10);
    struct frame f = {.kind = FRAME_EVENT, .body = STR("{}")};
    assert_int_equal(journal_append(j, &f), 0);
    assert_int_equal(f.seq, 42);
    assert_int_equal(f.node, 3);
    frame_header_bytes(&f, header);
    chain_next(chain, (struct str){(char *)header, sizeof header}, f.body, chain);
    assert_memory_equal(f.chain, chain, CHAIN_BYTES);
    journal_close(j);
    io_memory_free(io);
}

static void a_store_ahead_of_the_journal_wins_after_a_power_loss(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    assert_int_equal(append_n(j, 100), 0);
    synced(j);
    assert_int_equal(append_n(j, 100), 0);
    uint8_t chain[CHAIN_BYTES];
    journal_last_chain(j, chain); /* the store took all 200 */
    io_memory_power_loss(io, NULL);
    journal_close(j);

    assert_int_equal(open_after(io, &l, 200, chain, &j), 0);
    assert_int_equal(journal_last_seq(j), 200);
    assert_int_equal(journal_bytes(j), 65536);
    assert_int_equal(append_n(j, 30), 0);
    assert_int_equal(read_all(j, 200), 30);
    io_memory_crash(io);
    journal_close(j);
    assert_int_equal(open_after(io, &l, 200, chain, &j), 0);
    assert_int_equal(read_all(j, 200), 30);
    journal_close(j);
    io_memory_free(io);
}

/* A recycled file has its old name back, and other bytes: the store has what stood there. */
static void recycled_segments_may_come_back_after_a_power_loss(void **state)
{
    struct limits l = small_limits();
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct rng rng;
        rng_seeded_init(&rng, seed);
        struct io *io = memory_with_dir();
        struct journal *j = open_journal(io, &l);
        uint8_t chain[CHAIN_BYTES];
        uint64_t seq = 0;
        for (int i = 0; i < 4; i++) {
            assert_int_equal(append_n(j, 20 + rng_below(&rng, 150)), 0);
            if (rng_below(&rng, 2)) /* the store may be ahead of it */
                (void)synced(j);
            seq = journal_last_seq(j);
            journal_last_chain(j, chain);
            assert_int_equal(journal_recycle(j, seq), 0); /* the store has all */
        }
        assert_int_equal(append_n(j, rng_below(&rng, 300)), 0);
        io_memory_power_loss(io, rng_below(&rng, 2) ? &rng : NULL);
        journal_close(j);
        assert_int_equal(open_after(io, &l, seq, chain, &j), 0);
        assert_true(journal_last_seq(j) >= seq);
        assert_int_equal(read_all(j, seq), journal_last_seq(j) - seq);
        journal_close(j);
        io_memory_free(io);
    }
}

/* A start whose first frames were lost, and later ones not: what is left of it is not taken for the next start's. */
static void frames_behind_a_cut_never_come_back(void **state)
{
    struct limits l = small_limits();
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct rng rng;
        rng_seeded_init(&rng, seed);
        struct io *io = memory_with_dir();
        struct journal *j = open_journal(io, &l);
        assert_int_equal(append_n(j, 20), 0);
        (void)synced(j);
        journal_close(j);
        for (int life = 0; life < 4; life++) {
            j = open_journal(io, &l);
            assert_int_equal(append_n(j, 1 + rng_below(&rng, 8)), 0);
            io_memory_power_loss(io, &rng);
            journal_close(j);
            j = open_journal(io, &l);
            assert_int_equal(append_n(j, rng_below(&rng, 3)), 0);
            uint64_t last = journal_last_seq(j);
            uint8_t chain[CHAIN_BYTES], again[CHAIN_BYTES];
            journal_last_chain(j, chain);
            io_memory_crash(io);
            journal_close(j);
            j = open_journal(io, &l);
            journal_last_chain(j, again);
            assert_int_equal(journal_last_seq(j), last);
            assert_memory_equal(chain, again, CHAIN_BYTES);
            journal_close(j);
        }
        io_memory_free(io);
    }
}

static void another_stores_journal_is_refused(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    assert_int_equal(append_n(j, 10), 0);
    journal_close(j);
    uint8_t chain[CHAIN_BYTES] = {1};
    assert_int_equal(open_after(io, &l, 5, chain, &j), -ERR_CORRUPT);
    io_memory_free(io);
}

/* --- damage ------------------------------------------------------------------------------------------------------- */

/* 400 frames, synced each 20: all but the last few are known to be durable by what stands behind them. */
static struct io *synced_journal(const struct limits *l)
{
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, l);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(append_n(j, 20), 0);
        synced(j);
    }
    journal_close(j);
    return io;
}

static void damage_in_front_of_durable_frames_is_reported(void **state)
{
    struct limits l = small_limits();
    for (uint64_t at = 70; at < 60000; at += 977) {
        struct io *io = synced_journal(&l);
        struct journal *j;
        struct buf text;
        buf_init(&text, 4096);
        assert_int_equal(io_memory_damage(io, STR("journal/00000002.seg"), at, 0x10), 0);
        assert_int_equal(open_after(io, &l, 0, NULL, &j), -ERR_CORRUPT);
        assert_int_equal(journal_check(io, JOURNAL_DIR, 0, &text), -ERR_CORRUPT);
        size_t where;
        assert_true(str_find(buf_str(&text), STR("damaged: segment 00000002 at byte "), &where));
        buf_deinit(&text);
        io_memory_free(io);
    }
}

static void a_missing_segment_is_reported(void **state)
{
    struct limits l = small_limits();
    struct journal *j;
    struct io *io = synced_journal(&l);
    assert_int_equal(io_unlink(io, STR("journal/00000002.seg")), 0);
    assert_int_equal(open_after(io, &l, 0, NULL, &j), -ERR_CORRUPT);
    io_memory_free(io);

    io = synced_journal(&l);
    assert_int_equal(io_unlink(io, STR("journal/00000001.seg")), 0);
    assert_int_equal(open_after(io, &l, 0, NULL, &j), -ERR_CORRUPT);
    io_memory_free(io);
}

static void random_damage_is_reported_or_costs_the_tail_only(void **state)
{
    struct limits l = small_limits();
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct rng rng;
        rng_seeded_init(&rng, seed);
        struct io *io = synced_journal(&l);
        char name[64];
        snprintf(name, sizeof name, "journal/%08d.seg", 1 + (int)rng_below(&rng, 4));
        for (uint64_t n = 1 + rng_below(&rng, 20); n > 0; n--)
            assert_int_equal(
                io_memory_damage(io, str_c(name), rng_below(&rng, 65536), (uint8_t)(1 + rng_below(&rng, 255))), 0);
        struct journal *j = NULL;
        int r = open_after(io, &l, 0, NULL, &j);
        assert_true(r == 0 || r == -ERR_CORRUPT);
        if (r == 0) {
            assert_true(journal_last_seq(j) >=
                        380); /* what follows the last sync mark cannot be told from a torn tail */
            read_all(j, 0);
            journal_close(j);
        }
        io_memory_free(io);
    }
}

static void damage_under_a_reader_is_reported(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    struct journal_reader *r;
    struct frame f;
    assert_int_equal(append_n(j, 50), 0);
    assert_int_equal(io_memory_damage(io, STR("journal/00000001.seg"), 5000, 1), 0);
    assert_int_equal(journal_reader_new(j, 0, &r), 0);
    int x;
    while ((x = journal_reader_next(r, &f)) == 0)
        ;
    assert_int_equal(x, -ERR_CORRUPT);
    journal_reader_free(r);
    journal_close(j);
    io_memory_free(io);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

struct crowd {
    struct journal *j;
    uint64_t n;
    atomic_bool is_over;
};

static void *sync_thread(void *ctx)
{
    struct crowd *c = ctx;
    uint64_t seq, before = 0;
    while (!atomic_load(&c->is_over)) {
        assert_int_equal(journal_sync(c->j, &seq), 0);
        assert_true(seq >= before && seq <= journal_last_seq(c->j));
        before = seq;
    }
    return NULL;
}

static void *drain_thread(void *ctx)
{
    struct crowd *c = ctx;
    struct journal_reader *r;
    struct frame f;
    uint64_t n = 0;
    assert_int_equal(journal_reader_new(c->j, 0, &r), 0);
    while (n < c->n) {
        int x = journal_reader_next(r, &f);
        if (x == JOURNAL_R_END)
            continue;
        assert_int_equal(x, 0);
        assert_frame(&f, ++n);
        if (n % 64 == 0)
            assert_int_equal(journal_recycle(c->j, n), 0);
    }
    journal_reader_free(r);
    return NULL;
}

static void append_sync_read_and_recycle_run_at_once(void **state)
{
    struct limits l = small_limits();
    l.journal_bytes_max = 1 << 30;
    struct io *io = memory_with_dir();
    struct crowd c = {.j = open_journal(io, &l), .n = 20000};
    pthread_t sync, drain;
    assert_int_equal(pthread_create(&sync, NULL, sync_thread, &c), 0);
    assert_int_equal(pthread_create(&drain, NULL, drain_thread, &c), 0);
    for (uint64_t i = 0; i < c.n; i++) {
        int r = append_n(c.j, 1);
        if (r == -ERR_NO_SPACE) {
            i--;
            usleep(100);
            continue;
        }
        assert_int_equal(r, 0);
    }
    pthread_join(drain, NULL);
    atomic_store(&c.is_over, true);
    pthread_join(sync, NULL);
    journal_close(c.j);
    io_memory_free(io);
}

static void frames_are_taken_many_at_a_time(void **state)
{
    struct limits l = small_limits();
    struct io *io = memory_with_dir();
    struct journal *j = open_journal(io, &l);
    struct journal_reader *r;
    struct frame f;
    size_t n = 7;
    assert_int_equal(journal_reader_new(j, 0, &r), 0);
    assert_int_equal(journal_reader_take(r, 1, 1, &f, &n), JOURNAL_R_END);
    assert_int_equal(n, 0);
    assert_int_equal(append_n(j, 500), 0); /* several segments */
    static const size_t n_max[] = {1, 2, 7, 64}, bytes_max[] = {1, 500, 4096, 1 << 20};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(take_all(j, n_max[i], bytes_max[k]), 500);
    journal_reader_free(r);
    journal_close(j);
    io_memory_free(io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_in_order_across_segments),
        cmocka_unit_test(each_chain_follows_from_the_one_before),
        cmocka_unit_test(hashed_append_gives_the_same_chain),
        cmocka_unit_test(a_frame_over_the_limit_is_refused_and_changes_nothing),
        cmocka_unit_test(a_killed_process_loses_nothing),
        cmocka_unit_test(power_loss_keeps_what_was_synced),
        cmocka_unit_test(stored_segments_are_recycled_and_used_again),
        cmocka_unit_test(a_segment_in_use_by_a_reader_is_not_recycled),
        cmocka_unit_test(stale_frames_of_a_recycled_segment_never_count),
        cmocka_unit_test(a_full_journal_refuses_until_the_store_has_caught_up),
        cmocka_unit_test(an_empty_journal_goes_on_behind_the_store),
        cmocka_unit_test(a_store_ahead_of_the_journal_wins_after_a_power_loss),
        cmocka_unit_test(recycled_segments_may_come_back_after_a_power_loss),
        cmocka_unit_test(frames_behind_a_cut_never_come_back),
        cmocka_unit_test(another_stores_journal_is_refused),
        cmocka_unit_test(damage_in_front_of_durable_frames_is_reported),
        cmocka_unit_test(a_missing_segment_is_reported),
        cmocka_unit_test(random_damage_is_reported_or_costs_the_tail_only),
        cmocka_unit_test(damage_under_a_reader_is_reported),
        cmocka_unit_test(frames_are_taken_many_at_a_time),
        cmocka_unit_test(append_sync_read_and_recycle_run_at_once),
    };
    return cmocka_run_group_tests_name("store/journal", tests, NULL, NULL);
}
