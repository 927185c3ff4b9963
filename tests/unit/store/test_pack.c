/* store/sqlite/pack: frames come out of a row as they went in, and a damaged row never passes for a good one. */
#include "story.h"
#include "unit.h"

#include "base/err.h"
#include "base/rand.h"
#include "store/sqlite/pack.h"

#include <string.h>

struct row {
    struct buf frames, personal;
};

static void row_init(struct row *row)
{
    buf_init(&row->frames, PACK_BYTES_MAX);
    buf_init(&row->personal, PACK_BYTES_MAX);
}

static void row_deinit(struct row *row)
{
    buf_deinit(&row->frames);
    buf_deinit(&row->personal);
}

static void row_of(const struct frame *frames, size_t n, struct row *ret)
{
    struct pack p;
    pack_init(&p);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(pack_add(&p, &frames[i]), 0);
    assert_int_equal(p.first, n ? frames[0].seq : 0);
    assert_int_equal(p.last, n ? frames[n - 1].seq : 0);
    row_init(ret);
    assert_int_equal(pack_write(&p, &ret->frames, &ret->personal), 0);
    pack_deinit(&p);
}

static void assert_same_frame(const struct frame *a, const struct frame *b)
{
    uint8_t x[FRAME_HEADER_BYTES], y[FRAME_HEADER_BYTES];
    frame_header_bytes(a, x);
    frame_header_bytes(b, y);
    assert_memory_equal(x, y, sizeof x);
    assert_memory_equal(a->chain, b->chain, CHAIN_BYTES);
    assert_true(str_eq(a->body, b->body));
}

static void frames_come_out_as_they_went_in(void **state)
{
    struct story s;
    struct row row;
    struct pack p;
    struct pack_iter it;
    struct frame f;
    story_init(&s);
    story_random(&s, 5, 100);
    row_of(s.frames, s.seq, &row);
    pack_init(&p);
    assert_int_equal(pack_read(&p, buf_str(&row.frames), buf_str(&row.personal), &it), 0);
    for (size_t i = 0; i < s.seq; i++) {
        assert_int_equal(pack_next(&it, &f), 0);
        assert_same_frame(&f, &s.frames[i]);
        assert_true(str_eq(f.personal, s.frames[i].personal));
    }
    assert_int_equal(pack_next(&it, &f), PACK_R_END);
    pack_deinit(&p);
    row_deinit(&row);
    story_deinit(&s);
}

static void without_its_row_of_values_none_is_there(void **state)
{
    struct story s;
    struct row row;
    struct pack p;
    struct pack_iter it;
    struct frame f;
    size_t n = 0;
    story_init(&s);
    story_random(&s, 6, 20);
    row_of(s.frames, s.seq, &row);
    pack_init(&p);
    assert_int_equal(pack_read(&p, buf_str(&row.frames), STR_NONE, &it), 0);
    for (; pack_next(&it, &f) == 0; n++) {
        assert_same_frame(&f, &s.frames[n]);
        assert_int_equal(f.personal.n, 0);
    }
    assert_int_equal(n, s.seq);
    pack_deinit(&p);
    row_deinit(&row);
    story_deinit(&s);
}

static void a_pack_is_full_at_its_size(void **state)
{
    static char text[PACK_BYTES];
    struct pack p;
    struct frame f = {.kind = FRAME_EVENT, .version = FRAME_VERSION, .seq = 1};
    const size_t head = FRAME_HEADER_BYTES + CHAIN_BYTES + 4, length = 4;
    memset(text, 'x', sizeof text);
    for (size_t missing = 0; missing < 2; missing++) {
        pack_init(&p);
        f.body = (struct str){text, PACK_BYTES - head - length - missing};
        assert_int_equal(pack_add(&p, &f), 0);
        assert_int_equal(pack_is_full(&p), missing == 0);
        pack_deinit(&p);
    }
}

/* Frames until it is full; what its row takes. */
static size_t fill_and_write(struct pack *p, struct frame *f, struct rng *r, char *text, size_t n_random)
{
    struct row row;
    row_init(&row);
    pack_reset(p);
    for (; !pack_is_full(p); f->seq++) {
        for (size_t i = 0; i < n_random; i++)
            text[i] = (char)rng_below(r, 256);
        assert_int_equal(pack_add(p, f), 0);
    }
    assert_int_equal(pack_write(p, &row.frames, &row.personal), 0);
    size_t n = row.frames.n;
    row_deinit(&row);
    return n;
}

static void a_pack_fills_its_page_whatever_the_frames_are(void **state)
{
    static const size_t randoms[] = {150, 350, 0, 200, 1000}; /* of each frame's 1000 bytes */
    char text[1000] = "";
    struct frame f = {.kind = FRAME_EVENT, .version = FRAME_VERSION, .seq = 1, .body = {text, sizeof text}};
    struct pack p;
    struct rng r;
    rng_seeded_init(&r, 11);
    pack_init(&p);
    for (size_t i = 0; i < 5; i++) {
        memset(text, 'x', sizeof text);
        (void)fill_and_write(&p, &f, &r, text, randoms[i]); /* goes by others still */
        for (int k = 0; k < 5; k++) {
            size_t n = fill_and_write(&p, &f, &r, text, randoms[i]);
            if (randoms[i] == 0)
                assert_in_range(p.frames.n + p.personal.n, PACK_BYTES, PACK_BYTES + 1100); /* never more */
            else if (randoms[i] == 1000)
                assert_in_range(p.frames.n + p.personal.n, PACK_BYTES_LEAST, PACK_BYTES_LEAST + 1100); /* or less */
            else
                assert_in_range(n, 14500, 16300);
        }
    }
    pack_deinit(&p);
}

/* Few frames say little of how they pack. */
static void a_pack_that_is_not_full_changes_nothing(void **state)
{
    struct frame f = {.kind = FRAME_EVENT, .version = FRAME_VERSION, .seq = 1, .body = STR("{}")};
    struct pack p;
    struct row row;
    pack_init(&p);
    row_init(&row);
    assert_int_equal(pack_add(&p, &f), 0);
    assert_int_equal(pack_write(&p, &row.frames, &row.personal), 0);
    assert_int_equal(p.full, PACK_BYTES);
    row_deinit(&row);
    pack_deinit(&p);
}

/* Rows that other bytes were packed into: each length is looked at, and nothing behind the end is touched. */
static void lies_about_lengths_are_found(void **state)
{
    struct story s;
    struct pack p;
    struct rng r;
    int n_found = 0;
    rng_seeded_init(&r, 7);
    story_init(&s);
    story_random(&s, 7, 5);
    pack_init(&p);
    for (size_t i = 0; i < s.seq; i++)
        assert_int_equal(pack_add(&p, &s.frames[i]), 0);
    for (int i = 0; i < 3000; i++) { /* sanitizers watch */
        struct pack_iter it = {{p.frames.p, rng_below(&r, p.frames.n)},
                               {p.personal.p, rng_below(&r, p.personal.n + 1)}};
        struct frame f;
        int x;
        size_t n = 0;
        while ((x = pack_next(&it, &f)) == 0)
            n++;
        assert_true(n <= s.seq);
        assert_true(x == -ERR_CORRUPT || n < s.seq);
        n_found += x == -ERR_CORRUPT;
    }
    assert_true(n_found > 2000);
    pack_deinit(&p);
    story_deinit(&s);
}

static void a_row_that_is_no_pack_is_corrupt(void **state)
{
    struct pack p;
    struct pack_iter it;
    pack_init(&p);
    assert_int_equal(pack_read(&p, STR("no pack at all"), STR_NONE, &it), -ERR_CORRUPT);
    assert_int_equal(pack_read(&p, STR_NONE, STR_NONE, &it), -ERR_CORRUPT);
    pack_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_as_they_went_in),
        cmocka_unit_test(without_its_row_of_values_none_is_there),
        cmocka_unit_test(a_pack_is_full_at_its_size),
        cmocka_unit_test(a_pack_fills_its_page_whatever_the_frames_are),
        cmocka_unit_test(a_pack_that_is_not_full_changes_nothing),
        cmocka_unit_test(lies_about_lengths_are_found),
        cmocka_unit_test(a_row_that_is_no_pack_is_corrupt),
    };
    return cmocka_run_group_tests_name("store/pack", tests, NULL, NULL);
}
