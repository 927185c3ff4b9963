/* proxy/core_bodies: parts become one body; what does not fit is said; what the store does not take is counted. */
#include "core_rig.h"

#include "base/counter.h"
#include "base/err.h"
#include "codec/json_read.h"
#include "proxy/core_bodies.h"

#define NOTES_MAX 65536

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    rig_init(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    rig_deinit(*state);
    free(*state);
    return 0;
}

static void drain(struct rig *r)
{
    while (core_drain_turn(r->core))
        ;
}

static void give(struct rig *r, const char *call_id, const struct str *parts, size_t n)
{
    struct body_given g = {.body = {.call_id = str_c(call_id), .side = BODY_REQUEST, .at = wall_now},
                           .began_at = 1,
                           .parts = parts,
                           .n_parts = n};
    for (size_t i = 0; i < n; i++)
        g.body.bytes += (int64_t)parts[i].n;
    core_keep_body(r->core, &g);
}

static void give_text(struct rig *r, const char *call_id, const char *text)
{
    const struct str part = str_c(text);
    give(r, call_id, &part, 1);
}

/* The only row of a call; JSON_ABSENT: it has none. */
static struct json row_of(struct rig *r, const char *call_id)
{
    struct query q = {.kind = QUERY_BODIES, .id = str_c(call_id)};
    struct store_reader *reader;
    struct json rows;
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(r->store->ops->reader_new(r->store, &reader), 0);
    assert_int_equal(r->store->ops->ask(reader, &q, &out), 0);
    assert_int_equal(json_parse(&r->arena, arena_str(&r->arena, buf_str(&out)), 16, &rows), 0);
    r->store->ops->reader_free(reader);
    buf_deinit(&out);
    assert_true(json_len(rows) < 2);
    return json_at(rows, 0);
}

static void assert_row(struct rig *r, const char *call_id, const char *text, bool is_cut, const char *why)
{
    struct json row = row_of(r, call_id);
    bool truncated = !is_cut;
    assert_str(json_text_of(json_get(row, STR("text"))), text);
    assert_true(json_bool(json_get(row, STR("truncated")), &truncated));
    assert_int_equal(truncated, is_cut);
    assert_str(json_text_of(json_get(row, STR("not_kept"))), why);
}

static void parts_are_one_body_up_to_what_is_kept_of_it(void **state)
{
    static const struct str parts[] = {STR_INIT("abcd"), STR_INIT(""), STR_INIT("efgh"), STR_INIT("i")};
    struct rig *r = *state;
    r->limits.body_keep_bytes_max = 8;
    rig_start(r);
    give(r, "whole", parts, 3);
    give(r, "cut", parts, 4);
    give(r, "empty", NULL, 0);
    drain(r);
    assert_row(r, "whole", "abcdefgh", false, "");
    assert_row(r, "cut", "abcdefgh", true, "");
    assert_row(r, "empty", "", false, "");
}

static void what_waits_is_bounded_and_what_did_not_fit_says_so(void **state)
{
    struct rig *r = *state;
    r->limits.bodies_waiting_bytes_max = 8;
    rig_start(r);
    give_text(r, "c1", "1234");
    give_text(r, "c2", "12345");
    give_text(r, "c3", "1234"); /* what did not fit takes no room */
    drain(r);
    assert_row(r, "c1", "1234", false, "");
    assert_row(r, "c2", "", false, "busy");
    assert_row(r, "c3", "1234", false, "");
    give_text(r, "c4", "12345678");
    drain(r);
    assert_row(r, "c4", "12345678", false, "");
}

static void notes_of_what_did_not_fit_are_bounded_too(void **state)
{
    struct rig *r = *state;
    uint64_t dropped = counter_get(COUNTER_bodies_dropped);
    r->limits.bodies_waiting_bytes_max = 0;
    rig_start(r);
    for (int i = 0; i < NOTES_MAX - 1; i++)
        give_text(r, "many", "x");
    give_text(r, "last", "x");
    assert_int_equal(counter_get(COUNTER_bodies_dropped) - dropped, 0);
    give_text(r, "one more", "x");
    assert_int_equal(counter_get(COUNTER_bodies_dropped) - dropped, 1);
    drain(r);
    assert_row(r, "last", "", false, "busy");
    assert_int_equal(json_type(row_of(r, "one more")), JSON_NONE);
}

static int takes_none(struct store *s, const struct kept_body *b, size_t n, const struct bodies_bound *bound,
                      int64_t *ret_removed)
{
    return -ERR_IO;
}

static void what_the_store_does_not_take_is_counted_and_the_next_is_kept(void **state)
{
    struct rig *r = *state;
    const struct store_ops *good = r->store->ops;
    struct store_ops bad = *good;
    uint64_t dropped = counter_get(COUNTER_bodies_dropped), kept = counter_get(COUNTER_bodies_kept);
    bad.keep = takes_none;
    rig_start(r);
    r->store->ops = &bad;
    give_text(r, "c1", "lost");
    drain(r);
    r->store->ops = good;
    give_text(r, "c2", "kept");
    drain(r);
    assert_int_equal(counter_get(COUNTER_bodies_dropped) - dropped, 1);
    assert_int_equal(counter_get(COUNTER_bodies_kept) - kept, 1);
    assert_int_equal(json_type(row_of(r, "c1")), JSON_NONE);
    assert_row(r, "c2", "kept", false, "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(parts_are_one_body_up_to_what_is_kept_of_it),
        T(what_waits_is_bounded_and_what_did_not_fit_says_so),
        T(notes_of_what_did_not_fit_are_bounded_too),
        T(what_the_store_does_not_take_is_counted_and_the_next_is_kept),
    };
    return cmocka_run_group_tests_name("proxy/core_bodies", tests, NULL, NULL);
}
