/* Every file operation under the journal fails once, at each place; the disk fills at each byte; the power goes. */
#include "../unit/store/journal_test.h"

#include "io/io_fault.h"

/* What one life of the process did, and what it may count on. */
struct life {
    uint64_t appended, synced, stored;
    uint8_t stored_chain[CHAIN_BYTES];
    bool is_stopped; /* by the fault */
};

static bool sync_or_stop(struct journal *j, struct life *life)
{
    uint64_t seq;
    if (journal_sync(j, &seq) < 0) {
        /* Final: nothing may be appended or called durable any more. */
        struct frame f = {.kind = FRAME_EVENT, .body = STR("{}")};
        assert_int_equal(journal_append(j, &f), -ERR_IO);
        assert_int_equal(journal_sync(j, &seq), -ERR_IO);
        life->is_stopped = true;
        return false;
    }
    life->synced = seq;
    return true;
}

/* Appends, syncs and recycles over three segments, until the fault shows. */
static void live(struct io *io, const struct limits *l, struct life *life)
{
    struct journal *j;
    if (open_after(io, l, life->stored, life->stored_chain, &j) < 0) {
        life->is_stopped = true;
        return;
    }
    for (int i = 0; i < 12 && !life->is_stopped; i++) {
        int r = append_n(j, 30);
        life->appended = journal_last_seq(j);
        if (r < 0) {
            life->is_stopped = true;
            break;
        }
        if (!sync_or_stop(j, life))
            break;
        if (i % 4 == 3) { /* the store took it all, durably */
            life->stored = journal_last_seq(j);
            journal_last_chain(j, life->stored_chain);
            life->is_stopped = journal_recycle(j, life->stored) < 0;
        }
    }
    journal_close(j);
}

static void assert_recovers(struct io *memory, const struct limits *l, const struct life *life, bool has_power)
{
    struct journal *j;
    assert_int_equal(open_after(memory, l, life->stored, life->stored_chain, &j), 0);
    uint64_t least = has_power ? life->appended : life->synced;
    assert_true(journal_last_seq(j) >= least);
    read_all(j, life->stored);
    assert_int_equal(append_n(j, 10), 0);
    synced(j);
    read_all(j, life->stored);
    journal_close(j);
}

static uint64_t count_ops(const struct limits *l)
{
    struct io *memory = memory_with_dir();
    struct io_fault fault;
    struct life life = {0};
    io_fault_init(&fault, memory);
    live(&fault.io, l, &life);
    assert_false(life.is_stopped);
    io_memory_free(memory);
    return fault.n_ops;
}

static void any_failing_operation_leaves_every_synced_frame(void **state)
{
    struct limits l = small_limits();
    uint64_t n = count_ops(&l);
    assert_true(n > 100);
    for (uint64_t i = 0; i < n; i++) {
        for (int how = 0; how < 3; how++) { /* killed; power lost whole; power lost in pieces */
            struct io *memory = memory_with_dir();
            struct io_fault fault;
            struct life life = {0};
            struct rng rng;
            rng_seeded_init(&rng, i);
            io_fault_init(&fault, memory);
            fault.ops_left = (int64_t)i;
            live(&fault.io, &l, &life);
            if (how == 0)
                io_memory_crash(memory);
            else
                io_memory_power_loss(memory, how == 1 ? NULL : &rng);
            assert_recovers(memory, &l, &life, how == 0);
            io_memory_free(memory);
        }
    }
}

static void the_first_failed_sync_is_final(void **state)
{
    struct limits l = small_limits();
    for (int64_t i = 0; i < 14; i++) {
        struct io *memory = memory_with_dir();
        struct io_fault fault;
        struct life life = {0};
        io_fault_init(&fault, memory);
        fault.syncs_left = i;
        live(&fault.io, &l, &life);
        io_memory_power_loss(memory, NULL);
        assert_recovers(memory, &l, &life, false);
        io_memory_free(memory);
    }
}

static void a_full_disk_refuses_and_then_goes_on(void **state)
{
    struct limits l = small_limits();
    for (int64_t bytes = 0; bytes < 3000; bytes += 13) {
        struct io *memory = memory_with_dir();
        struct io_fault fault;
        io_fault_init(&fault, memory);
        struct journal *j;
        assert_int_equal(open_after(&fault.io, &l, 0, NULL, &j), 0);
        fault.bytes_left = bytes;
        assert_int_equal(append_n(j, 100), -ERR_NO_SPACE);
        uint64_t last = journal_last_seq(j);
        assert_int_equal(append_n(j, 1), -ERR_NO_SPACE);
        assert_int_equal(synced(j), last);
        assert_int_equal(read_all(j, 0), last);
        if (bytes % 2) { /* without a restart, or after one */
            io_memory_crash(memory);
            journal_close(j);
            fault.bytes_left = -1;
            assert_int_equal(open_after(&fault.io, &l, 0, NULL, &j), 0);
            assert_int_equal(journal_last_seq(j), last);
        }
        fault.bytes_left = -1;
        assert_int_equal(append_n(j, 200), 0);
        assert_int_equal(read_all(j, 0), last + 200);
        journal_close(j);
        io_memory_free(memory);
    }
}

static void a_disk_full_at_the_switch_of_segments_loses_nothing(void **state)
{
    struct limits l = small_limits();
    struct io *memory = memory_with_dir();
    struct io_fault fault;
    io_fault_init(&fault, memory);
    struct journal *j;
    assert_int_equal(open_after(&fault.io, &l, 0, NULL, &j), 0);
    assert_int_equal(append_n(j, 100), 0); /* no sync: no spare was made */
    fault.bytes_left = 0;
    int r;
    while ((r = append_n(j, 1)) == 0)
        fault.bytes_left = 0;
    assert_int_equal(r, -ERR_NO_SPACE);
    uint64_t last = journal_last_seq(j);
    fault.bytes_left = -1;
    assert_int_equal(append_n(j, 200), 0);
    assert_int_equal(read_all(j, 0), last + 200);
    journal_close(j);
    io_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_failing_operation_leaves_every_synced_frame),
        cmocka_unit_test(the_first_failed_sync_is_final),
        cmocka_unit_test(a_full_disk_refuses_and_then_goes_on),
        cmocka_unit_test(a_disk_full_at_the_switch_of_segments_loses_nothing),
    };
    return cmocka_run_group_tests_name("fault/journal", tests, NULL, NULL);
}
