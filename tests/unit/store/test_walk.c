/* store walk: every frame as it was written, in order, from both stores. */
#include "both.h"
#include "unit.h"

#include "base/err.h"

struct walked {
    const struct story *story;
    uint64_t first, last, stop_at; /* stop_at 0: never */
};

static int on_walked(void *ctx, const struct frame *f)
{
    struct walked *w = ctx;
    const struct frame *want = &w->story->frames[f->seq - 1];
    assert_true(w->last == 0 || f->seq == w->last + 1);
    assert_true(f->kind == want->kind && f->at == want->at);
    assert_true(str_eq(f->body, want->body) && str_eq(f->personal, want->personal));
    w->first = w->first ? w->first : f->seq;
    w->last = f->seq;
    return f->seq == w->stop_at ? -ERR_CLOSED : 0;
}

static int walk(struct both *b, int i, struct walked *w, uint64_t after, wall_t since, size_t n)
{
    *w = (struct walked){.story = &b->story, .stop_at = w->stop_at};
    return b->store[i]->ops->walk(b->reader[i], after, since, n, on_walked, w);
}

static void a_walk_gives_every_frame_as_it_was_written(void **state)
{
    struct both *b = *state;
    story_random(&b->story, 21, 300);
    both_apply(b);
    for (int i = 0; i < STORES; i++) {
        struct walked w = {0};
        assert_int_equal(walk(b, i, &w, 0, 0, SIZE_MAX), STORE_R_END);
        assert_true(w.first == 1 && w.last == b->story.seq);
        assert_int_equal(walk(b, i, &w, 0, 0, 100), 0);
        assert_int_equal(w.last, 100);
        assert_int_equal(walk(b, i, &w, 100, 0, SIZE_MAX), STORE_R_END);
        assert_true(w.first == 101 && w.last == b->story.seq);
        assert_int_equal(walk(b, i, &w, b->story.seq, 0, 10), STORE_R_END);
        assert_int_equal(w.last, 0);
        w.stop_at = 7;
        assert_int_equal(walk(b, i, &w, 0, 0, SIZE_MAX), -ERR_CLOSED);
        assert_int_equal(w.last, 7);
    }
}

/* A store may begin earlier, where that is cheaper, and never later. */
static void a_walk_from_a_time_leaves_nothing_of_it_out(void **state)
{
    struct both *b = *state;
    story_random(&b->story, 22, 200);
    both_apply(b);
    const struct frame *middle = &b->story.frames[b->story.seq / 2];
    for (int i = 0; i < STORES; i++) {
        struct walked w = {0};
        assert_int_equal(walk(b, i, &w, 0, middle->at, SIZE_MAX), STORE_R_END);
        assert_true(w.first <= middle->seq && w.last == b->story.seq);
    }
}

static void an_empty_store_has_nothing_to_give(void **state)
{
    struct both *b = *state;
    for (int i = 0; i < STORES; i++) {
        struct walked w = {0};
        assert_int_equal(walk(b, i, &w, 0, 0, SIZE_MAX), STORE_R_END);
        assert_int_equal(w.last, 0);
    }
}

int main(void)
{
    struct scratch scratch;
    scratch_init(&scratch, "walk");
#define TEST(name) cmocka_unit_test_prestate_setup_teardown(name, both_begin, both_end, &scratch)
    const struct CMUnitTest tests[] = {
        TEST(a_walk_gives_every_frame_as_it_was_written),
        TEST(a_walk_from_a_time_leaves_nothing_of_it_out),
        TEST(an_empty_store_has_nothing_to_give),
    };
    int n = cmocka_run_group_tests_name("store/walk", tests, NULL, NULL);
    scratch_deinit(&scratch);
    return n;
}
