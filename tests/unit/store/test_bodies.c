/* Kept bodies in both stores: put, asked for, searched, bounded, erased; what is equal stands once; what is damaged is
 * said to be. */
#include "both.h"
#include "unit.h"

#include <sqlite3.h>

#include "base/err.h"
#include "store/sqlite/store_sqlite.h"

#define MUCH ((int64_t)1 << 40)

static struct kept_body body(const char *call_id, enum body_side side, const char *content)
{
    return (struct kept_body){.call_id = str_c(call_id),
                              .run_id = STR("r1"),
                              .agent = STR("bot"),
                              .side = side,
                              .at = STORY_START,
                              .content_type = STR("text/plain"),
                              .bytes = (int64_t)strlen(content),
                              .content = str_c(content)};
}

static int64_t keep(struct both *b, const struct kept_body *k, size_t n, struct bodies_bound bound)
{
    int64_t removed[STORES];
    for (int i = 0; i < STORES; i++)
        assert_int_equal(b->store[i]->ops->keep(b->store[i], k, n, &bound, &removed[i]), 0);
    assert_int_equal(removed[0], removed[1]);
    return removed[0];
}

static void keep_all(struct both *b, const struct kept_body *k, size_t n)
{
    assert_int_equal(keep(b, k, n, (struct bodies_bound){0, MUCH}), 0);
}

static struct json of_call(struct both *b, const char *id, const char *tenant)
{
    return both_ask(b, (struct query){.kind = QUERY_BODIES, .id = str_c(id), .tenant = str_c(tenant)});
}

static struct json search(struct both *b, const char *words, int64_t rows, int64_t bytes, uint64_t before)
{
    return both_ask(b, (struct query){.kind = QUERY_BODY_TEXT,
                                      .text = str_c(words),
                                      .rows_max = rows,
                                      .search_bytes = bytes,
                                      .before_seq = before});
}

static int64_t number(struct json v, const char *name)
{
    int64_t n = -1;
    (void)json_i64(json_get(v, str_c(name)), &n); /* absent: -1 */
    return n;
}

static struct str text(struct json v, const char *name) { return json_text_of(json_get(v, str_c(name))); }

static struct json last(struct json rows) { return json_at(rows, json_len(rows) - 1); }

static void a_call_has_its_bodies_and_the_request_is_first(void **state)
{
    struct both *b = *state;
    struct kept_body k[] = {body("c1", BODY_RESPONSE, "hello"), body("c2", BODY_REQUEST, "other"),
                            body("c1", BODY_REQUEST, "hi"), body("c1", BODY_RESPONSE, "")};
    k[3].lack = BODY_LACK_BUSY;
    keep_all(b, k, 4);
    struct json rows = of_call(b, "c1", "");
    assert_int_equal(json_len(rows), 3);
    assert_str(text(json_at(rows, 0), "text"), "hi");
    assert_str(text(json_at(rows, 0), "side"), "request");
    assert_str(text(json_at(rows, 1), "text"), "hello");
    assert_str(text(json_at(rows, 2), "not_kept"), "busy");
    assert_null(json_get(json_at(rows, 2), STR("text")).v);
    assert_int_equal(json_len(of_call(b, "c3", "")), 0);
}

static void a_tenant_sees_its_own(void **state)
{
    struct both *b = *state;
    struct kept_body k = body("c1", BODY_REQUEST, "hi");
    k.tenant = STR("acme");
    keep_all(b, &k, 1);
    assert_int_equal(json_len(of_call(b, "c1", "acme")), 1);
    assert_int_equal(json_len(of_call(b, "c1", "globex")), 0);
    assert_int_equal(json_len(of_call(b, "c1", "")), 1);
}

static void bytes_that_are_no_text_come_as_base64(void **state)
{
    struct both *b = *state;
    struct kept_body k[] = {body("c1", BODY_REQUEST, "\xff\xfe"), body("c1", BODY_RESPONSE, "br-bytes")};
    k[1].encoding = STR("br");
    keep_all(b, k, 2);
    struct json rows = of_call(b, "c1", "");
    assert_str(text(json_at(rows, 0), "base64"), "//4=");
    assert_str(text(json_at(rows, 1), "base64"), "YnItYnl0ZXM=");
    assert_int_equal(json_len(search(b, "br-bytes", 10, MUCH, 0)), 1); /* what was looked at, and nothing else */
}

static void words_are_found_in_any_case_and_as_json_writes_them(void **state)
{
    struct both *b = *state;
    struct kept_body k[] = {body("c1", BODY_REQUEST, "Give Him The Money"),
                            body("c2", BODY_REQUEST, "{\"a\":\"x\\ny\"}"),
                            body("c3", BODY_REQUEST, "aab"), body("c4", BODY_REQUEST, "aaab")};
    keep_all(b, k, 4);
    struct json rows = search(b, "him the MONEY", 10, MUCH, 0);
    assert_int_equal(json_len(rows), 2);
    assert_str(text(json_at(rows, 0), "call_id"), "c1");
    assert_str(text(json_at(rows, 0), "quote"), "Give Him The Money");
    assert_int_equal(number(last(rows), "bodies"), 4);
    assert_str(text(json_at(search(b, "x\ny", 10, MUCH, 0), 0), "call_id"), "c2");
    rows = search(b, "aaab", 10, MUCH, 0);
    assert_int_equal(json_len(rows), 2);
    assert_str(text(json_at(rows, 0), "call_id"), "c4");
    assert_int_equal(json_len(search(b, "AAB", 10, MUCH, 0)), 3);
}

static void a_search_ends_at_its_bytes_and_at_its_rows_and_goes_on(void **state)
{
    struct both *b = *state;
    struct kept_body k[] = {body("c1", BODY_REQUEST, "word 1"), body("c2", BODY_REQUEST, "word 2"),
                            body("c3", BODY_REQUEST, "word 3")};
    keep_all(b, k, 3);
    struct json rows = search(b, "word", 10, 12, 0); /* two of them are 12 bytes */
    assert_int_equal(json_len(rows), 3);
    assert_str(text(json_at(rows, 0), "call_id"), "c3");
    uint64_t next = (uint64_t)number(last(rows), "next");
    rows = search(b, "word", 10, 12, next);
    assert_int_equal(json_len(rows), 2);
    assert_str(text(json_at(rows, 0), "call_id"), "c1");
    assert_int_equal(json_type(json_get(last(rows), STR("next"))), JSON_NULL);
    rows = search(b, "word", 10, 13, 0); /* the third is begun, as 12 are not 13 */
    assert_int_equal(json_len(rows), 4);
    rows = search(b, "word", 1, MUCH, 0);
    assert_int_equal(json_len(rows), 2);
    assert_true(number(last(rows), "next") > 1);
}

static void words_of_1024_bytes_can_be_sought_and_no_longer_ones(void **state)
{
    struct both *b = *state;
    char words[1026];
    memset(words, 'w', sizeof words);
    words[1024] = 0;
    assert_int_equal(json_len(search(b, words, 10, MUCH, 0)), 1);
    words[1024] = 'w';
    words[1025] = 0;
    struct query q = {.kind = QUERY_BODY_TEXT, .text = str_c(words), .rows_max = 1, .search_bytes = MUCH};
    struct buf out;
    for (int i = 0; i < STORES; i++) {
        buf_init(&out, 4096);
        assert_int_equal(b->store[i]->ops->ask(b->reader[i], &q, &out), -ERR_TOO_LARGE);
        buf_deinit(&out);
    }
}

static void what_is_old_goes_and_what_is_just_not_stays(void **state)
{
    struct both *b = *state;
    struct kept_body k[] = {body("c1", BODY_REQUEST, "old"), body("c2", BODY_REQUEST, "young")};
    k[0].at = STORY_START - 1;
    keep_all(b, k, 2);
    assert_int_equal(keep(b, NULL, 0, (struct bodies_bound){STORY_START, MUCH}), 1);
    assert_int_equal(json_len(of_call(b, "c1", "")), 0);
    assert_int_equal(json_len(of_call(b, "c2", "")), 1);
}

/* SQLite counts what is packed: one store alone. */
static int64_t sum(struct both *b)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open_v2(b->scratch->file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT bytes FROM bodies_sum WHERE bytes ="
                                            " (SELECT coalesce(sum(length(packed)), 0) FROM contents)",
                                        -1, &st, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW); /* the sum is what there is */
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

static void the_oldest_make_room_at_one_past_the_limit(void **state)
{
    struct both *b = *state;
    struct store *sqlite = b->store[1];
    struct kept_body k[] = {body("c1", BODY_REQUEST, "one"), body("c2", BODY_REQUEST, "two"),
                            body("c3", BODY_REQUEST, "six")};
    keep_all(b, k, 3);
    int64_t n = sum(b), removed = -1;
    assert_int_equal(sqlite->ops->keep(sqlite, NULL, 0, &(struct bodies_bound){0, n}, &removed), 0);
    assert_int_equal(removed, 0);
    assert_int_equal(sqlite->ops->keep(sqlite, NULL, 0, &(struct bodies_bound){0, n - 1}, &removed), 0);
    assert_int_equal(removed, 1);
    assert_true(sum(b) < n);
    assert_int_equal(sqlite->ops->keep(sqlite, NULL, 0, &(struct bodies_bound){0, 0}, &removed), 0);
    assert_int_equal(removed, 2);
    assert_int_equal(sum(b), 0);
}

static void what_is_equal_stands_once_and_goes_with_the_last(void **state)
{
    struct both *b = *state;
    struct kept_body k[] = {body("c1", BODY_REQUEST, "the same"), body("c2", BODY_REQUEST, "the same")};
    k[1].at = STORY_START + 1;
    keep_all(b, k, 1);
    int64_t n = sum(b);
    keep_all(b, k + 1, 1);
    assert_int_equal(sum(b), n);
    assert_int_equal(keep(b, NULL, 0, (struct bodies_bound){STORY_START + 1, MUCH}), 1);
    assert_int_equal(sum(b), n);
    assert_str(text(json_at(of_call(b, "c2", ""), 0), "text"), "the same");
    assert_int_equal(keep(b, NULL, 0, (struct bodies_bound){STORY_START + 2, MUCH}), 1);
    assert_int_equal(sum(b), 0);
}

static int64_t erase(struct both *b, enum erase_what what, const char *value, bool is_dry_run)
{
    struct erased done[STORES];
    struct erasure e = {what, str_c(value), is_dry_run};
    for (int i = 0; i < STORES; i++)
        assert_int_equal(b->store[i]->ops->erase(b->store[i], &e, &done[i]), 0);
    assert_int_equal(done[0].bodies, done[1].bodies);
    return done[0].bodies;
}

static void erasing_takes_those_of_its_calls_and_those_that_name_it(void **state)
{
    struct both *b = *state;
    struct story_call c = story_call();
    c.call_id = "c1"; /* of cus_9, and open: it keeps its values */
    story_open(&b->story, &c, NULL);
    both_apply(b);
    struct kept_body k[] = {body("c1", BODY_REQUEST, "no name"), body("c2", BODY_REQUEST, "{\"to\":\"cus_9\"}"),
                            body("c2", BODY_RESPONSE, "cus_91 is another")};
    keep_all(b, k, 3);
    assert_int_equal(erase(b, ERASE_CUSTOMER, "cus_9", true), 2);
    assert_int_equal(json_len(of_call(b, "c2", "")), 2);
    assert_int_equal(erase(b, ERASE_CUSTOMER, "cus_9", false), 2);
    assert_int_equal(json_len(of_call(b, "c1", "")), 0);
    assert_str(text(json_at(of_call(b, "c2", ""), 0), "text"), "cus_91 is another");
}

static void erasing_a_run_or_a_time_takes_theirs_alone(void **state)
{
    struct both *b = *state;
    struct kept_body k[] = {body("c1", BODY_REQUEST, "a"), body("c2", BODY_REQUEST, "b"),
                            body("c3", BODY_REQUEST, "c")};
    k[1].run_id = STR("r2");
    k[2].at = STORY_START + 1000000000;
    keep_all(b, k, 3);
    assert_int_equal(erase(b, ERASE_RUN, "r2", false), 1);
    assert_int_equal(json_len(of_call(b, "c2", "")), 0);
    assert_int_equal(erase(b, ERASE_BEFORE, "2025-11-24T16:00:01Z", false), 1);
    assert_int_equal(json_len(of_call(b, "c1", "")), 0);
    assert_int_equal(json_len(of_call(b, "c3", "")), 1);
}

static void a_damaged_content_is_said_to_be_and_hurts_nothing_else(void **state)
{
    struct both *b = *state;
    sqlite3 *db;
    struct kept_body k[] = {body("c1", BODY_REQUEST, "whole"), body("c2", BODY_REQUEST, "will be damaged")};
    keep_all(b, k, 2);
    assert_int_equal(sqlite3_open_v2(b->scratch->file, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    const char *damage = "UPDATE contents SET packed = x'ffff00' WHERE id = 2";
    assert_int_equal(sqlite3_exec(db, damage, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct buf out;
    buf_init(&out, 4096);
    struct query q = {.kind = QUERY_BODIES, .id = STR("c2")};
    assert_int_equal(b->store[1]->ops->ask(b->reader[1], &q, &out), -ERR_CORRUPT);
    q.id = STR("c1");
    buf_reset(&out);
    assert_int_equal(b->store[1]->ops->ask(b->reader[1], &q, &out), 0);
    buf_deinit(&out);
}

int main(void)
{
#define T(name) {#name, name, both_begin, both_end, &scratch}
    struct scratch scratch;
    scratch_init(&scratch, "bodies");
    const struct CMUnitTest tests[] = {
        T(a_call_has_its_bodies_and_the_request_is_first),
        T(a_tenant_sees_its_own),
        T(bytes_that_are_no_text_come_as_base64),
        T(words_are_found_in_any_case_and_as_json_writes_them),
        T(a_search_ends_at_its_bytes_and_at_its_rows_and_goes_on),
        T(words_of_1024_bytes_can_be_sought_and_no_longer_ones),
        T(what_is_old_goes_and_what_is_just_not_stays),
        T(the_oldest_make_room_at_one_past_the_limit),
        T(what_is_equal_stands_once_and_goes_with_the_last),
        T(erasing_takes_those_of_its_calls_and_those_that_name_it),
        T(erasing_a_run_or_a_time_takes_theirs_alone),
        T(a_damaged_content_is_said_to_be_and_hurts_nothing_else),
    };
    int r = cmocka_run_group_tests_name("store/bodies", tests, NULL, NULL);
    scratch_deinit(&scratch);
    return r;
}
