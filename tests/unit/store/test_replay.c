/* store/replay: a start that reads the journal's tail itself learns what the store would have told it. */
#include "story.h"
#include "unit.h"

#include "base/err.h"
#include "base/rand.h"
#include "store/memory/store_memory.h"
#include "store/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 4000

/* What a loader was told, a line a row. */
struct told {
    struct arena arena;
    wall_t now;
    struct str lines[LINES_MAX];
    size_t n, n_states;
};

static void say(struct told *t, struct str line)
{
    assert_true(t->n < LINES_MAX);
    t->lines[t->n++] = line;
}

static int on_counter(void *ctx, const struct counter_row *r)
{
    struct told *t = ctx;
    bool is_past = r->window_start != 0 && r->window_start < wall_day_start(t->now) &&
                   r->window_start != wall_month_start(t->now);
    if (r->held != 0 || !is_past)
        say(t, arena_printf(&t->arena, "counter " STR_FMT " " STR_FMT " %lld: %lld %lld", STR_ARG(r->counter),
                            STR_ARG(r->bucket), (long long)r->window_start, (long long)r->settled, (long long)r->held));
    return 0;
}

static int on_open(void *ctx, const struct open_row *r)
{
    struct told *t = ctx;
    struct str left = STR_NONE;
    for (size_t i = 0; i < r->n_left; i++)
        left = arena_printf(&t->arena, STR_FMT " %lld", STR_ARG(left), (long long)r->left[i]);
    say(t, arena_printf(&t->arena, "call %06llu %d" STR_FMT " " STR_FMT STR_FMT, (unsigned long long)r->open_seq,
                        r->is_closed, STR_ARG(left), STR_ARG(r->body), STR_ARG(r->personal)));
    return 0;
}

/* In their order: it says which came first. */
static int on_state(void *ctx, const struct state_row *r)
{
    struct told *t = ctx;
    say(t, arena_printf(&t->arena, "state %04zu " STR_FMT " %d %lld " STR_FMT STR_FMT, t->n_states++, STR_ARG(r->kind),
                        r->is_over, (long long)r->over_at, STR_ARG(r->body), STR_ARG(r->personal)));
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct told *told_new(wall_t now, struct store_loader *ret)
{
    struct told *t = calloc(1, sizeof *t);
    assert_non_null(t);
    arena_init(&t->arena, 64 << 20);
    t->now = now;
    *ret = (struct store_loader){on_counter, on_open, on_state, t};
    return t;
}

static void told_free(struct told *t)
{
    arena_deinit(&t->arena);
    free(t);
}

static struct told *told_by_store(const struct story *s)
{
    struct store *store;
    struct store_loader to;
    struct told *t = told_new(s->now, &to);
    assert_int_equal(store_memory_new(&store), 0);
    assert_int_equal(store->ops->apply(store, s->frames, s->seq), 0);
    assert_int_equal(store->ops->load(store, s->now, &to), 0);
    store->ops->close(store);
    return t;
}

/* NULL: the tail alone does not say enough. */
static struct told *told_by_replay(const struct story *s, size_t n_stored)
{
    struct store *store;
    struct store_loader to;
    struct replay *r;
    struct told *t = NULL;
    int said = 0;
    assert_int_equal(store_memory_new(&store), 0);
    assert_int_equal(store->ops->apply(store, s->frames, n_stored), 0);
    assert_int_equal(replay_new(store, n_stored < s->seq ? s->frames[n_stored].at : s->now, &r), 0);
    for (size_t i = n_stored; i < s->seq && said == 0; i++)
        said = replay_frame(r, &s->frames[i]);
    assert_true(said == 0 || said == REPLAY_R_UNKNOWN);
    if (said == 0) {
        t = told_new(s->now, &to);
        assert_int_equal(replay_load(r, s->now, &to), 0);
    }
    replay_free(r);
    store->ops->close(store);
    return t;
}

static void assert_same(struct told *a, struct told *b, uint64_t seed, size_t n_stored)
{
    qsort(a->lines, a->n, sizeof a->lines[0], by_text);
    qsort(b->lines, b->n, sizeof b->lines[0], by_text);
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (!str_eq(a->lines[i], b->lines[i]))
            fail_msg("seed %d, %zu stored:\nstore  %.*s\nreplay %.*s", (int)seed, n_stored, (int)a->lines[i].n,
                     a->lines[i].p, (int)b->lines[i].n, b->lines[i].p);
    assert_int_equal(a->n, b->n);
}

static int on_link(void *ctx, const struct run_link_row *l)
{
    say(ctx, arena_printf(&((struct told *)ctx)->arena, STR_FMT "/" STR_FMT "<" STR_FMT, STR_ARG(l->tenant),
                          STR_ARG(l->run_id), STR_ARG(l->root_run_id)));
    return 0;
}

static int stop_at_link(void *ctx, const struct run_link_row *l) { return -ERR_TOO_LARGE; }

static void the_tail_tells_which_run_began_a_tree(void **state)
{
    struct story s;
    struct story_call c = story_call();
    struct store *store;
    struct store_loader to;
    struct replay *r;
    struct told *t = told_new(0, &to);
    story_init(&s);
    story_open(&s, &c, NULL);
    c.run_id = "run-2";
    c.root_run_id = c.parent_run_id = "run-1";
    story_open(&s, &c, NULL);
    c.run_id = "run-3";
    c.verdict = "deny"; /* over at once, and of the tree all the same */
    story_open(&s, &c, NULL);
    assert_int_equal(store_memory_new(&store), 0);
    assert_int_equal(replay_new(store, s.frames[0].at, &r), 0);
    for (size_t i = 0; i < s.seq; i++)
        assert_int_equal(replay_frame(r, &s.frames[i]), 0);
    assert_int_equal(replay_links(r, on_link, t), 0);
    assert_int_equal(t->n, 2);
    assert_str(t->lines[0], "acme/run-2<run-1");
    assert_str(t->lines[1], "acme/run-3<run-1");
    assert_int_equal(replay_links(r, stop_at_link, t), -ERR_TOO_LARGE);
    replay_free(r);
    store->ops->close(store);
    story_deinit(&s);
    told_free(t);
}

static void the_tail_says_what_the_store_would(void **state)
{
    size_t n_replayed = 0, n_calls = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct story s;
        struct rng rng;
        rng_seeded_init(&rng, seed);
        story_init(&s);
        story_random(&s, seed, 120);
        struct told *whole = told_by_store(&s);
        const size_t cuts[] = {0, 1, s.seq / 2, rng_below(&rng, s.seq), rng_below(&rng, s.seq), s.seq - 1, s.seq};
        for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
            struct told *t = told_by_replay(&s, cuts[i]);
            if (!t)
                continue;
            assert_same(whole, t, seed, cuts[i]);
            n_replayed++;
            n_calls += t->n;
            told_free(t);
        }
        told_free(whole);
        story_deinit(&s);
    }
    assert_true(n_replayed >= 40 * 3 && n_calls > n_replayed * 10);
}

/* A call that held one limit, and a close of it. */
static void open_and_close(struct story *s, uint64_t *ret_open)
{
    struct story_call c = story_call();
    c.limits[0] = (struct story_limit){"d/day/usd/day/agent", "agent=a", wall_day_start(s->now), 5};
    c.n_limits = 1;
    *ret_open = story_open(s, &c, NULL);
    struct story_close end = {
        .open_seq = *ret_open, .outcome = "settled", .settled = 5, .n_moves = 1, .moves = {{*ret_open, 0, 5, 5}}};
    story_close(s, &end);
}

static void a_late_move_of_what_was_over_is_for_the_store_to_say(void **state)
{
    struct story s;
    uint64_t first;
    story_init(&s);
    open_and_close(&s, &first);
    struct story_call c = story_call();
    struct story_close end = {.outcome = "settled", .settled = 1, .n_moves = 1, .moves = {{first, 0, 0, 1}}};
    end.open_seq = story_open(&s, &c, NULL);
    story_close(&s, &end);
    for (size_t n_stored = 0; n_stored <= 3; n_stored++)
        assert_null(told_by_replay(&s, n_stored));
    struct told *t = told_by_replay(&s, 4);
    assert_non_null(t);
    told_free(t);
    story_deinit(&s);
}

static void a_frame_that_is_none_is_corrupt(void **state)
{
    struct store *store;
    struct replay *r;
    const struct frame frames[] = {{.kind = FRAME_OPEN, .seq = 1, .body = STR_INIT("{}")},
                                   {.kind = FRAME_OPEN, .seq = 1, .body = STR_INIT("[1")},
                                   {.kind = FRAME_CLOSE, .seq = 2, .body = STR_INIT("{\"open_seq\":2}")},
                                   {.kind = FRAME_EVENT, .seq = 1, .body = STR_INIT("{\"by\":\"x\"}")}};
    assert_int_equal(store_memory_new(&store), 0);
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        assert_int_equal(replay_new(store, 0, &r), 0);
        assert_int_equal(replay_frame(r, &frames[i]), -ERR_CORRUPT);
        replay_free(r);
    }
    store->ops->close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tail_tells_which_run_began_a_tree),
        cmocka_unit_test(the_tail_says_what_the_store_would),
        cmocka_unit_test(a_late_move_of_what_was_over_is_for_the_store_to_say),
        cmocka_unit_test(a_frame_that_is_none_is_corrupt),
    };
    return cmocka_run_group_tests_name("store/replay", tests, NULL, NULL);
}
