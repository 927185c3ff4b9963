/* store/sqlite/call_rows: rows come out of a block as they went in, and damaged bytes end inside themselves. */
#include "unit.h"

#include "base/err.h"
#include "base/rand.h"
#include "store/sqlite/call_rows.h"
#include "store/sqlite/sqlite_impl.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 7
#define FIRST ((uint64_t)BLOCK * PLACE_SEQS)

static const struct str TEXTS[] = {STR_INIT(""),     STR_INIT("a"),        STR_INIT("refunds"),
                                   STR_INIT("none"), STR_INIT("unknown"), STR_INIT("sub_1\xc3\xa9")};

static struct str any_text(struct rng *r) { return TEXTS[rng_below(r, sizeof TEXTS / sizeof TEXTS[0])]; }

static int64_t any_number(struct rng *r)
{
    static const int64_t EDGES[] = {0, 1, -1, 63, 64, -64, -65, INT64_MAX, INT64_MIN};
    return rng_below(r, 2) ? EDGES[rng_below(r, 9)] : (int64_t)rng_below(r, UINT64_MAX);
}

static struct cost_row any_cost(struct rng *r)
{
    if (rng_below(r, 2))
        return (struct cost_row){0};
    return (struct cost_row){true, any_number(r), (enum how)rng_below(r, HOW_PARSED + 1)};
}

static struct call_row any_row(struct rng *r, uint64_t seq)
{
    return (struct call_row){
        .open_seq = seq,
        .close_seq = rng_below(r, 2) ? seq + 1 + rng_below(r, 1u << 20) : 0,
        .last_seq = rng_below(r, 4) ? 0 : seq + 2 + rng_below(r, UINT64_MAX / 4),
        .call_id = any_text(r), .run_id = any_text(r), .agent = any_text(r), .tenant = any_text(r),
        .key = any_text(r), .vendor = any_text(r), .mode = any_text(r), .operation = any_text(r),
        .class = any_text(r), .verdict = any_text(r), .code = any_text(r), .model = any_text(r),
        .outcome = any_text(r), .started_at = any_number(r), .ended_at = any_number(r),
        .held = any_cost(r), .settled = any_cost(r),
    };
}

static void assert_same(const struct call_row *a, const struct call_row *b)
{
    const struct str x[] = {a->call_id, a->run_id, a->agent, a->tenant, a->key, a->vendor, a->mode,
                            a->operation, a->class, a->verdict, a->code, a->model, a->outcome};
    const struct str y[] = {b->call_id, b->run_id, b->agent, b->tenant, b->key, b->vendor, b->mode,
                            b->operation, b->class, b->verdict, b->code, b->model, b->outcome};
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        assert_true(str_eq(x[i], y[i]));
    assert_true(a->open_seq == b->open_seq && a->close_seq == b->close_seq && a->last_seq == b->last_seq);
    assert_true(a->started_at == b->started_at && a->ended_at == b->ended_at);
    assert_true(a->held.is_known == b->held.is_known && a->held.nano == b->held.nano && a->held.how == b->held.how);
    assert_true(a->settled.is_known == b->settled.is_known && a->settled.nano == b->settled.nano &&
                a->settled.how == b->settled.how);
}

/* Rows at some of the block's places, the first and the last among them. */
static size_t fill(struct rng *r, struct call_row *rows, struct buf *out)
{
    struct call_rows_writer w;
    size_t n = 0;
    call_rows_begin(&w, FIRST, out);
    for (uint64_t seq = FIRST; seq < FIRST + PLACE_SEQS; seq++) {
        if (seq != FIRST && seq != FIRST + PLACE_SEQS - 1 && rng_below(r, 3))
            continue;
        rows[n] = any_row(r, seq);
        call_rows_put(&w, &rows[n++]);
    }
    assert_int_equal(buf_ok(out), 0);
    return n;
}

static void rows_come_out_as_they_went_in(void **state)
{
    static struct call_row rows[PLACE_SEQS];
    struct call_rows_iter it;
    struct call_row row;
    struct rng r;
    struct buf out;
    rng_seeded_init(&r, 11);
    buf_init(&out, CALL_ROWS_BYTES_MAX);
    for (int round = 0; round < 50; round++) {
        buf_reset(&out);
        size_t n = fill(&r, rows, &out);
        call_rows_read(&it, FIRST, buf_str(&out));
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(call_rows_next(&it, &row), 0);
            assert_same(&row, &rows[i]);
        }
        assert_int_equal(call_rows_next(&it, &row), CALL_ROWS_R_END);
    }
    buf_deinit(&out);
}

static void what_neighbours_share_takes_no_room(void **state)
{
    struct call_row row = {.open_seq = FIRST,
                           .close_seq = FIRST + 1,
                           .call_id = STR("01a2261c-b67b-76dc-90c4-9f0c802fceee"),
                           .run_id = STR("01a2261c-b358-76dc-8ad5-fb2f74257426"),
                           .agent = STR("a-long-name-of-an-agent"),
                           .operation = STR("stripe.charges.retrieve"),
                           .started_at = 1764000000000000000};
    struct call_rows_writer w;
    struct buf out;
    buf_init(&out, CALL_ROWS_BYTES_MAX);
    call_rows_begin(&w, FIRST, &out);
    call_rows_put(&w, &row);
    size_t first = out.n;
    row.open_seq += 2;
    row.call_id = STR("01a2261c-b67b-7d7c-b4a5-8f7fc8635504");
    call_rows_put(&w, &row);
    assert_true(out.n - first <= 36 + 10); /* its id, and ten bytes */
    buf_deinit(&out);
}

static int read_all(uint64_t first_seq, struct str bytes)
{
    struct call_rows_iter it;
    struct call_row row;
    int r, n = 0;
    call_rows_read(&it, first_seq, bytes);
    while ((r = call_rows_next(&it, &row)) == 0) {
        struct str id = row.call_id;
        assert_true(id.n == 0 || (id.p >= bytes.p && id.p + id.n <= bytes.p + bytes.n));
        assert_true(n++ < PLACE_SEQS);
    }
    return r;
}

static void places_past_the_block_and_those_that_do_not_rise_are_refused(void **state)
{
    struct call_row row = {.open_seq = FIRST + PLACE_SEQS - 1};
    struct call_rows_writer w;
    struct buf out;
    buf_init(&out, CALL_ROWS_BYTES_MAX);
    call_rows_begin(&w, FIRST, &out);
    call_rows_put(&w, &row);
    assert_int_equal(read_all(FIRST, buf_str(&out)), CALL_ROWS_R_END);
    row.open_seq++;
    call_rows_put(&w, &row);
    assert_int_equal(read_all(FIRST, buf_str(&out)), -ERR_CORRUPT);
    buf_reset(&out);
    call_rows_begin(&w, FIRST, &out);
    row.open_seq = FIRST;
    call_rows_put(&w, &row);
    call_rows_put(&w, &row);
    assert_int_equal(read_all(FIRST, buf_str(&out)), -ERR_CORRUPT);
    buf_deinit(&out);
}

static void damaged_bytes_end_inside_themselves(void **state)
{
    static struct call_row rows[PLACE_SEQS];
    struct rng r;
    struct buf out;
    int n_refused = 0;
    rng_seeded_init(&r, 12);
    buf_init(&out, CALL_ROWS_BYTES_MAX);
    fill(&r, rows, &out);
    for (int round = 0; round < 20000; round++) {
        size_t n = 1 + rng_below(&r, round % 2 ? out.n : 200);
        char *copy = malloc(n); /* of its own, so that a sanitizer sees a step outside */
        memcpy(copy, out.p, n);
        for (uint64_t k = rng_below(&r, 4); k > 0; k--)
            copy[rng_below(&r, n)] = (char)rng_below(&r, 256);
        int got = read_all(FIRST, (struct str){copy, n});
        assert_true(got == CALL_ROWS_R_END || got == -ERR_CORRUPT);
        n_refused += got == -ERR_CORRUPT;
        free(copy);
    }
    assert_true(n_refused > 10000);
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_out_as_they_went_in),
        cmocka_unit_test(what_neighbours_share_takes_no_room),
        cmocka_unit_test(places_past_the_block_and_those_that_do_not_rise_are_refused),
        cmocka_unit_test(damaged_bytes_end_inside_themselves),
    };
    return cmocka_run_group_tests_name("store/call_rows", tests, NULL, NULL);
}
