/*
 * Limits, buckets and moves of a frame stand in arrays, by place: what is read from them, and what is refused.
 */
#include "unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "store/frame_read.h"
#include "store/limit_read.h"

#define OPEN_WITH(limits) "{\"call_id\":\"c\",\"verdict\":\"permit\",\"limits\":" limits "}"
#define CLOSE_WITH(moves) "{\"open_seq\":7,\"outcome\":\"settled\",\"moves\":" moves "}"
#define DAY "\"test:d/day/usd/day:Europe/Berlin/agent\""

struct desk {
    struct arena a;
    struct call_open open;
    struct call_close close;
};

static int setup(void **state)
{
    static struct desk d;
    arena_init(&d.a, 1 << 20);
    *state = &d;
    return 0;
}

static int teardown(void **state)
{
    arena_deinit(&((struct desk *)*state)->a);
    return 0;
}

static int read_open(struct desk *d, const char *body)
{
    struct frame f = {
        .kind = FRAME_OPEN, .seq = 9, .body = str_c(body), .personal = STR("{\"buckets\":[\"agent=a\",0,2,-1]}")};
    return frame_read_open(&d->a, &f, &d->open);
}

static int read_close(struct desk *d, const char *body)
{
    struct frame f = {.kind = FRAME_CLOSE, .seq = 9, .body = str_c(body)};
    return frame_read_close(&d->a, &f, &d->close);
}

static void a_limit_is_named_by_its_counter(void **state)
{
    struct desk *d = *state;
    const char *body = OPEN_WITH("[[" DAY ",1000,7,10,1,2,0,0,0,500],[\"key/requests/minute\",60,1,3,0,0,1,1,2]]");
    assert_int_equal(read_open(d, body), 0);
    assert_int_equal(d->open.n_holds, 2);
    const struct hold_row *h = d->open.holds;
    assert_str(h[0].counter, "test:d/day/usd/day:Europe/Berlin/agent");
    assert_str(h[0].meter, "usd");
    assert_str(h[0].window, "day:Europe/Berlin");
    assert_str(h[0].bucket, "agent=a");
    assert_int_equal(h[0].window_start, 1000);
    assert_int_equal(h[0].n, 7);
    assert_int_equal(h[0].max, 10);
    assert_str(h[1].meter, "requests");
    assert_str(h[1].window, "minute");
    assert_int_equal(h[1].i, 1);
    assert_int_equal(h[1].max, 3); /* what stands behind it is for readers of the record */
}

static void a_bucket_may_be_that_of_a_limit_before_it(void **state)
{
    struct desk *d = *state;
    const char *limit = "[\"key/requests/minute\",60,1,3,0,0]";
    struct str body = arena_printf(&d->a, OPEN_WITH("[%s,%s,%s,%s,%s]"), limit, limit, limit, limit, limit);
    assert_int_equal(read_open(d, body.p), 0);
    assert_int_equal(d->open.n_holds, 5);
    assert_str(d->open.holds[0].bucket, "agent=a");
    assert_str(d->open.holds[1].bucket, "agent=a");
    for (size_t i = 2; i < 5; i++) /* no place before it, and none at all */
        assert_int_equal(d->open.holds[i].bucket.n, 0);
    struct frame twice = {.kind = FRAME_OPEN, .seq = 9, .body = str_c(body.p)};
    twice.personal = STR("{\"buckets\":[],\"buckets\":[\"agent=a\"]}");
    assert_int_equal(frame_read_open(&d->a, &twice, &d->open), -ERR_CORRUPT);
    struct json buckets;
    assert_int_equal(json_parse(&d->a, STR("[\"agent=a\",0,2,-1]"), 16, &buckets), 0);
    assert_str(limit_bucket(buckets, 0), "agent=a");
    assert_str(limit_bucket(buckets, 1), "agent=a");
    for (size_t i = 2; i < 5; i++)
        assert_int_equal(limit_bucket(buckets, i).n, 0);
}

static void expect_same_holds(const struct call_open *a, const struct call_open *b)
{
    assert_int_equal(a->n_limits, b->n_limits);
    assert_int_equal(a->n_holds, b->n_holds);
    for (size_t i = 0; i < a->n_holds; i++) {
        const struct hold_row *x = &a->holds[i], *y = &b->holds[i];
        assert_true(x->i == y->i && x->window_start == y->window_start && x->n == y->n && x->max == y->max);
        assert_true(str_eq(x->counter, y->counter) && str_eq(x->bucket, y->bucket));
        assert_true(str_eq(x->meter, y->meter) && str_eq(x->window, y->window));
    }
}

/* Whatever was read before it, a call says the same. */
static void a_call_is_read_alike_behind_any_other(void **state)
{
    static const char *const LIMITS[] = {
        OPEN_WITH("[]"),
        OPEN_WITH("[[" DAY ",1000,7,10,1,2],[\"key/requests/minute\",60,1,3,0,0]]"),
        OPEN_WITH("[[" DAY ",1000,7,10,5,9,1], [\"key/requests/minute\",60,1,3,0,0,1,2]]"), /* a space between them */
        OPEN_WITH("[[" DAY ",1000,7,100,1,2],[\"key/requests/minute\",60,1,3,0,0]]"), /* another max */
        OPEN_WITH("[[" DAY ",1000,7,10],[\"key/requests/minute\",60,1,3,0,0]]"), /* nothing behind max */
        OPEN_WITH("[[\"key/requests/minute\",60,1,3,0,0],[" DAY ",1000,7,10,1,2]]"),
        OPEN_WITH("[[\"d/c/usd/call/\",0,5,9,0,0],[" DAY ",1000,7,10,1,2]]"), /* the first takes nothing */
        OPEN_WITH("[[" DAY ",1000,7,10,1,2],[\"d/c/usd/call/\",0,5,9,0,0],[\"key/requests/minute\",60,1,3,0,0]]"),
    };
    enum { N = sizeof LIMITS / sizeof LIMITS[0] };
    for (size_t i = 0; i < N * N; i++) {
        struct desk *d = *state;
        struct call_open before, alone, behind;
        struct frame f = {.kind = FRAME_OPEN, .seq = 7, .personal = STR("{\"buckets\":[\"agent=a\",0,\"-\"]}")};
        f.body = str_c(LIMITS[i / N]);
        assert_int_equal(frame_read_open(&d->a, &f, &before), 0);
        f.body = str_c(LIMITS[i % N]);
        assert_int_equal(frame_read_open(&d->a, &f, &alone), 0);
        assert_int_equal(frame_read_open_like(&d->a, &f, before.holds, before.n_holds, &behind), 0);
        expect_same_holds(&alone, &behind);
    }
}

static void limits_that_are_none_are_refused(void **state)
{
    static const char *const BAD[] = {OPEN_WITH("[[]]"), OPEN_WITH("[7]"), OPEN_WITH("[{\"counter\":" DAY "}]"),
                                      OPEN_WITH("[[7,0,1,1,0,0]]"), OPEN_WITH("[[\"d/day\",0,1,1,0,0]]"),
                                      OPEN_WITH("[[" DAY ",0,-1,1,0,0]]"), OPEN_WITH("[[" DAY ",0,1,1"),
                                      OPEN_WITH("[[" DAY "]]"), OPEN_WITH("[[" DAY ",0,1]]"),
                                      OPEN_WITH("[[" DAY ",0,1,]]"),
                                      OPEN_WITH("[[" DAY ",0,\"1\",1,0,0]]"), OPEN_WITH("[[" DAY ",0,1.5,1,0,0]]"),
                                      OPEN_WITH("[[" DAY ",0,1,9.0,0]]"),
                                      OPEN_WITH("[[" DAY ",null,1,1,0,0]]"), OPEN_WITH("[[\"d/day/usd/day/"),
                                      OPEN_WITH("[[" DAY ",0,1,1,0,0]"),
                                      OPEN_WITH("[],\"limits\":[[" DAY ",0,1,1,0,0]]"),
                                      OPEN_WITH("[[" DAY ",0,1,1,0,0]],\"limits\":[]")};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_int_equal(read_open(*state, BAD[i]), -ERR_CORRUPT);
    assert_int_equal(read_open(*state, OPEN_WITH("{}")), 0);
    assert_int_equal(((struct desk *)*state)->open.n_limits, 0);
}

static void moves_are_two_numbers_a_limit(void **state)
{
    struct desk *d = *state;
    assert_int_equal(read_close(d, CLOSE_WITH("[5,4,0,0,0,-3],\"shared_moves\":[2,0,0,1,0]")), 0);
    assert_int_equal(d->close.n_moves, 3); /* what does not move is none */
    assert_int_equal(d->close.moves[0].of, 7);
    assert_int_equal(d->close.moves[0].i, 0);
    assert_int_equal(d->close.moves[0].released, 5);
    assert_int_equal(d->close.moves[0].settled, 4);
    assert_int_equal(d->close.moves[1].i, 2);
    assert_int_equal(d->close.moves[1].settled, -3);
    assert_int_equal(d->close.moves[2].of, 2);
    assert_int_equal(d->close.moves[2].i, 1);
    assert_int_equal(d->close.moves[2].released, 1);
    assert_int_equal(read_close(d, CLOSE_WITH("[]")), 0);
    assert_int_equal(d->close.n_moves, 0);
}

static void moves_that_are_none_are_refused(void **state)
{
    static const char *const BAD[] = {CLOSE_WITH("[1]"), CLOSE_WITH("[1,1,1]"), CLOSE_WITH("[[0,1,1]]"),
                                      CLOSE_WITH("[1,\"1\"]"), CLOSE_WITH("[1,1.5]"), CLOSE_WITH("[1,null]"),
                                      CLOSE_WITH("[],\"shared_moves\":[9,1,1]"),
                                      CLOSE_WITH("[],\"shared_moves\":[-2,1,1]"),
                                      CLOSE_WITH("[],\"shared_moves\":[2,1]"), CLOSE_WITH("[1,1"),
                                      CLOSE_WITH("[],\"moves\":[1,1]"), CLOSE_WITH("[1,1],\"moves\":[]")};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_int_equal(read_close(*state, BAD[i]), -ERR_CORRUPT);
}

static struct limit_read limit(struct desk *d, const char *text)
{
    struct json v;
    assert_int_equal(json_parse(&d->a, str_c(text), 16, &v), 0);
    return limit_read(v);
}

static void what_follows_from_a_limit_is_told_again(void **state)
{
    struct limit_read l = limit(*state, "[" DAY ",1000,7,10,1,2,0,0,0,500]");
    assert_str(l.id, "day");
    assert_true(l.name.is_test);
    assert_int_equal(l.resets_at, 1500);
    assert_int_equal(l.after, 10);
    assert_false(l.is_shadow);
    l = limit(*state, "[\"test:key/usd/lifetime\",0,7,10,9223372036854775807,2,1,4,3]");
    assert_str(l.id, "key/usd/lifetime");
    assert_int_equal(l.resets_at, 0);
    assert_int_equal(l.after, INT64_MAX);
    assert_int_equal(l.soft, 3);
    assert_int_equal(l.raised, 4);
    assert_true(l.is_shadow);
    l = limit(*state, "{\"counter\":\"x\"}");
    assert_int_equal(l.id.n, 0);
}

static void a_window_ends_as_its_name_says(void **state)
{
    const wall_t day = 20000 * 86400 * NS_PER_S; /* 2024-10-04 */
    const struct {
        const char *window;
        wall_t lasts;
    } OF[] = {{"minute", 60 * NS_PER_S}, {"hour", 3600 * NS_PER_S}, {"day", 86400 * NS_PER_S}, {"call", 0},
              {"lifetime", 0}, {"instant", 0}, {"run", 0}, {"someday", 0}};
    for (size_t i = 0; i < sizeof OF / sizeof OF[0]; i++) {
        struct desk *d = *state;
        struct str text = arena_printf(&d->a, "[\"d/l/requests/%s/key\",%lld,1,3,0,0]", OF[i].window, (long long)day);
        assert_int_equal(limit(d, text.p).resets_at, OF[i].lasts ? day + OF[i].lasts : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_is_named_by_its_counter),
        cmocka_unit_test(limits_that_are_none_are_refused),
        cmocka_unit_test(a_bucket_may_be_that_of_a_limit_before_it),
        cmocka_unit_test(a_call_is_read_alike_behind_any_other),
        cmocka_unit_test(moves_are_two_numbers_a_limit),
        cmocka_unit_test(moves_that_are_none_are_refused),
        cmocka_unit_test(what_follows_from_a_limit_is_told_again),
        cmocka_unit_test(a_window_ends_as_its_name_says),
    };
    return cmocka_run_group_tests_name("store/frame_read", tests, setup, teardown);
}
