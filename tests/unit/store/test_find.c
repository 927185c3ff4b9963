/* store: what an id belongs to, in every store; what was erased is not found; entries at the ends of their blocks. */
#include "both.h"
#include "unit.h"

#include "base/err.h"
#include "store/find.h"
#include "store/sqlite/finds.h"

#include <sqlite3.h>

static struct json find_in(struct both *s, const char *id, const char *tenant)
{
    struct query q = {.kind = QUERY_FIND, .id = str_c(id), .tenant = str_c(tenant)};
    return both_ask(s, q);
}

static struct json find(struct both *s, const char *id) { return find_in(s, id, NULL); }

static struct str text(struct json rows, size_t i, const char *name)
{
    struct str v = STR_NONE;
    (void)json_str(json_get(json_at(rows, i), str_c(name)), &v);
    return v;
}

static void assert_row(struct json rows, size_t i, const char *kind, const char *how, struct str call_id)
{
    assert_str(text(rows, i, "kind"), kind);
    assert_str(text(rows, i, "how"), how);
    assert_str(text(rows, i, "call_id"), call_id.p);
}

static void assert_one(struct both *s, const char *id, const char *kind, const char *how, struct str call_id)
{
    struct json rows = find(s, id);
    if (json_len(rows) != 1)
        fail_msg("%s: %zu rows", id, json_len(rows));
    assert_row(rows, 0, kind, how, call_id);
    assert_str(text(rows, 0, "id"), id);
}

/* --- what is found ------------------------------------------------------------------------------------------------ */

static void a_call_is_found_by_every_id_that_its_frames_name(void **state)
{
    struct both *s = *state;
    struct str other, call;
    struct story_call c = story_call();
    c.trace_id = "11111111111111111111111111111111";
    story_open(&s->story, &c, &other);
    c.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    c.run_id = "run-of-it";
    c.parent_run_id = "run-above";
    c.customer = "cus_asked";
    c.idempotency = "key-of-the-agent-77";
    c.cause = "{\"call_id\":\"c-1\",\"tool_call_id\":\"call_cause\",\"how\":\"explicit\"}";
    c.params = "{\"amount\":500,\"charge\":\"ch_3Named\",\"to\":\"ann@example.com,+15551234567\",\"currency\":\"usd\","
               "\"reason\":\"a sentence with 12345678\"}";
    uint64_t open = story_open(&s->story, &c, &call);
    both_apply(s);
    assert_one(s, "4bf92f3577b34da6a3ce929d0e0e4736", "trace", "exact", call); /* while it is open */
    story_close(&s->story, &(struct story_close){
                               .open_seq = open,
                               .outcome = "settled",
                               .settled = 4750000,
                               .object = "re_made",
                               .parent = "py_parent",
                               .customer = "cus_learned",
                               .is_created = true,
                               .request_id = "req_vendor",
                               .model_members = "\"tool_calls\":[{\"id\":\"call_x\",\"name\":\"a\"},"
                                                "{\"id\":\"call_y\"}]",
                           });
    both_apply(s);

    assert_one(s, call.p, "call", "exact", call);
    assert_one(s, "run-of-it", "run", "latest", call);
    assert_one(s, "run-above", "run", "parent", call);
    assert_one(s, "cus_asked", "customer", "named", call);
    assert_one(s, "cus_learned", "customer", "seen", call);
    assert_one(s, "re_made", "object", "created", call);
    assert_one(s, "py_parent", "object", "parent", call);
    assert_one(s, "req_vendor", "vendor_request", "exact", call);
    assert_one(s, "key-of-the-agent-77", "idempotency_key", "exact", call);
    assert_one(s, "call_cause", "tool_call", "carried_out", call);
    assert_one(s, "call_x", "tool_call", "asked", call);
    assert_one(s, "call_y", "tool_call", "asked", call);
    assert_one(s, "ch_3Named", "param", "named", call);
    assert_one(s, "ann@example.com", "param", "named", call);
    assert_one(s, "+15551234567", "param", "named", call);

    struct json rows = find(s, call.p);
    assert_str(text(rows, 0, "run_id"), "run-of-it");
    assert_str(text(rows, 0, "agent"), "refunds");
    assert_str(text(rows, 0, "tenant"), "acme");
    assert_int_equal(text(rows, 0, "at").n, text(find(s, other.p), 0, "at").n);
}

static void words_sentences_and_what_nobody_named_are_not_found(void **state)
{
    static const char *const NOTHING[] = {"usd", "a sentence with 12345678", "re_mad", "re_made2", "RE_MADE", "", "500",
                                          "12345"};
    struct both *s = *state;
    struct story_call c = story_call();
    c.params = "{\"amount\":500,\"currency\":\"usd\",\"reason\":\"a sentence with 12345678\",\"short\":\"12345\"}";
    uint64_t open = story_open(&s->story, &c, NULL);
    story_close(&s->story, &(struct story_close){.open_seq = open, .outcome = "settled", .object = "re_made"});
    both_apply(s);
    for (size_t i = 0; i < sizeof NOTHING / sizeof NOTHING[0]; i++)
        assert_int_equal(json_len(find(s, NOTHING[i])), 0);
    assert_int_equal(json_len(find(s, "re_made")), 1);
}

static void an_object_leads_to_the_call_that_created_it_and_then_to_those_that_saw_it(void **state)
{
    struct both *s = *state;
    struct str calls[4];
    for (size_t i = 0; i < 4; i++) {
        struct story_call c = story_call();
        uint64_t open = story_open(&s->story, &c, &calls[i]);
        story_close(&s->story, &(struct story_close){.open_seq = open,
                                                     .outcome = "settled",
                                                     .object = i < 3 ? "re_1" : "re_other",
                                                     .parent = i < 3 ? NULL : "re_1",
                                                     .is_created = i == 0});
    }
    both_apply(s);
    struct json rows = find(s, "re_1");
    assert_int_equal(json_len(rows), 4);
    assert_row(rows, 0, "object", "created", calls[0]);
    assert_row(rows, 1, "object", "parent", calls[3]);
    assert_row(rows, 2, "object", "seen", calls[2]);
    assert_row(rows, 3, "object", "seen", calls[1]);
}

static void names_lead_to_the_newest_call(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    struct str acme, globex;
    story_event(&s->story, "key.create", "\"id\":\"k1ab\",\"agent\":\"refunds\"", "tenant", "acme");
    story_event(&s->story, "key.create", "\"id\":\"k1cd\",\"agent\":\"nobody\"", "tenant", "globex");
    c.key = "k1ab";
    story_open(&s->story, &c, NULL);
    story_open(&s->story, &c, &acme);
    c.tenant = "globex";
    story_open(&s->story, &c, &globex);
    both_apply(s);

    assert_one(s, "refunds", "agent", "latest", globex);
    assert_one(s, "acme", "tenant", "latest", acme);
    assert_one(s, "k1ab", "key", "latest", globex);
    struct json rows = find(s, "run-1"); /* one of each tenant */
    assert_int_equal(json_len(rows), 2);
    assert_row(rows, 0, "run", "latest", acme);
    assert_row(rows, 1, "run", "latest", globex);
    rows = find_in(s, "run-1", "acme");
    assert_int_equal(json_len(rows), 1);
    rows = find_in(s, "refunds", "acme");
    assert_row(rows, 0, "agent", "latest", acme);
    assert_int_equal(json_len(find_in(s, "cus_9", "globex")), 1);
    assert_int_equal(json_len(find_in(s, globex.p, "acme")), 0);
}

static void a_key_is_found_by_its_beginning_also_before_its_first_call(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    story_event(&s->story, "key.create", "\"id\":\"abcdef\",\"agent\":\"refunds\"", "tenant", "acme");
    story_event(&s->story, "key.create", "\"id\":\"abcdxy\",\"agent\":\"mailer\"", "tenant", "acme");
    story_event(&s->story, "key.create", "\"id\":\"zzzz99\",\"agent\":\"mailer\"", "tenant", "acme");
    c.key = "abcdxy";
    story_open(&s->story, &c, NULL);
    both_apply(s);
    struct json rows = find(s, "abcd");
    assert_int_equal(json_len(rows), 2);
    assert_str(text(rows, 0, "id"), "abcdef");
    assert_str(text(rows, 0, "agent"), "refunds");
    assert_str(text(rows, 0, "tenant"), "acme");
    assert_int_equal(json_type(json_get(json_at(rows, 0), STR("call_id"))), JSON_NULL);
    assert_str(text(rows, 1, "id"), "abcdxy");
    assert_int_equal(json_type(json_get(json_at(rows, 1), STR("call_id"))), JSON_STR);
    assert_int_equal(json_len(find(s, "abc")), 0); /* shorter than FIND_PREFIX_MIN */
    assert_int_equal(json_len(find(s, "zzzz99")), 1);
}

static void rows_stop_at_their_maximum_newest_first(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    struct str last;
    for (int i = 0; i < 2000; i++)
        story_open(&s->story, &c, &last);
    both_apply(s);
    struct json rows = find(s, "cus_9");
    assert_int_equal(json_len(rows), 100);
    assert_row(rows, 0, "customer", "named", last);
}

static void the_longest_id_is_found_and_a_longer_one_is_none(void **state)
{
    struct both *s = *state;
    char longest[FIND_BYTES_MAX + 1], longer[FIND_BYTES_MAX + 2];
    struct story_call c = story_call();
    memset(longest, 'a', sizeof longest);
    memset(longer, 'b', sizeof longer);
    longest[FIND_BYTES_MAX] = longer[FIND_BYTES_MAX + 1] = 0;
    c.customer = longest;
    story_open(&s->story, &c, NULL);
    c.customer = longer;
    story_open(&s->story, &c, NULL);
    both_apply(s);
    assert_int_equal(json_len(find(s, longest)), 1);
    assert_int_equal(json_len(find(s, longer)), 0);
}

/* Small batches add to rows of blocks that are there already. */
static void every_call_is_found_whatever_the_batches(void **state)
{
    struct both *s = *state;
    struct str calls[700];
    char traces[700][33];
    for (unsigned i = 0; i < 700; i++) {
        struct story_call c = story_call();
        snprintf(traces[i], sizeof traces[i], "%032x", i + 1);
        c.trace_id = traces[i];
        story_open(&s->story, &c, &calls[i]);
        if (i % 7 == 0)
            both_apply(s);
    }
    both_apply(s);
    for (unsigned i = 0; i < 700; i++)
        assert_one(s, traces[i], "trace", "exact", calls[i]);
}

/* --- the index of SQLite ------------------------------------------------------------------------------------------ */

static int count(struct both *s, const char *id)
{
    struct query q = {.kind = QUERY_FIND, .id = str_c(id)};
    struct json rows;
    buf_reset(&s->json[1]);
    assert_int_equal(s->store[1]->ops->ask(s->reader[1], &q, &s->json[1]), 0);
    assert_int_equal(json_parse(&s->arena, buf_str(&s->json[1]), 16, &rows), 0);
    return (int)json_len(rows);
}

static void what_was_erased_is_not_found(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    sqlite3 *db;
    c.customer = "cus_gone";
    story_open(&s->story, &c, NULL);
    both_apply(s);
    assert_int_equal(count(s, "cus_gone"), 1);
    assert_int_equal(sqlite3_open(s->scratch->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM personal", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(count(s, "cus_gone"), 0);
    assert_int_equal(count(s, "0af7651916cd43dd8448eb211c80319c"), 1);
}

static void a_row_of_entries_gives_the_frames_of_one_id_newest_first(void **state)
{
    struct both *s = *state;
    struct story_call c = story_call();
    struct finds_key key;
    sqlite3 *db;
    sqlite3_stmt *st;
    for (int i = 0; i < 1030; i++)
        story_open(&s->story, &c, NULL);
    both_apply(s);
    assert_int_equal(sqlite3_open(s->scratch->file, &db), SQLITE_OK);
    assert_int_equal(finds_key_read(db, &key), 0);
    assert_int_equal(sql_prepare(db, STR("SELECT block, entries FROM finds ORDER BY block"), &st), 0);
    uint32_t mark = finds_mark(&key, STR("cus_9"));
    uint64_t want[3][2] = {{511, 1}, {1023, 512}, {1030, 1024}}, seq;
    for (int b = 0; b < 3; b++) {
        assert_int_equal(sqlite3_step(st), SQLITE_ROW);
        struct str entries = sql_blob(st, 1);
        size_t i = finds_count(entries);
        assert_int_equal(entries.n % 4, 0);
        for (seq = want[b][0]; seq >= want[b][1]; seq--) {
            uint64_t got = 0;
            assert_true(finds_next(entries, b, mark, &i, &got));
            assert_int_equal(got, seq);
        }
        assert_false(finds_next(entries, b, mark, &i, &seq));
    }
    assert_int_equal(sqlite3_step(st), SQLITE_DONE);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

int main(void)
{
    struct scratch scratch;
    scratch_init(&scratch, "find");
#define TEST(name) cmocka_unit_test_prestate_setup_teardown(name, both_begin, both_end, &scratch)
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_found_by_every_id_that_its_frames_name),
        TEST(words_sentences_and_what_nobody_named_are_not_found),
        TEST(an_object_leads_to_the_call_that_created_it_and_then_to_those_that_saw_it),
        TEST(names_lead_to_the_newest_call),
        TEST(a_key_is_found_by_its_beginning_also_before_its_first_call),
        TEST(rows_stop_at_their_maximum_newest_first),
        TEST(the_longest_id_is_found_and_a_longer_one_is_none),
        TEST(every_call_is_found_whatever_the_batches),
        TEST(what_was_erased_is_not_found),
        TEST(a_row_of_entries_gives_the_frames_of_one_id_newest_first),
    };
    int n = cmocka_run_group_tests_name("store/find", tests, NULL, NULL);
    scratch_deinit(&scratch);
    return n;
}
