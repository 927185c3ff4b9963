/* store/erase and the stores' erase(): whole words only; all of a call or nothing; and what is left agrees. */
#include "scratch.h"
#include "story.h"
#include "unit.h"

#include "base/err.h"
#include "codec/json_read.h"
#include "store/audit.h"
#include "store/erase.h"
#include "store/memory/store_memory.h"
#include "store/sqlite/store_sqlite.h"

static void values_are_found_as_whole_words_only(void **state)
{
    static const struct {
        const char *value, *text;
        bool is_named;
    } cases[] = {{"cus_1", "{\"customer\":\"cus_1\"}", true},
                 {"cus_1", "{\"path\":\"/v1/customers/cus_1\"}", true},
                 {"cus_1", "{\"path\":\"/v1/customers/cus_1/sources?limit=3\"}", true},
                 {"cus_1", "{\"path\":\"/v1/charges?customer=cus_1&limit=3\"}", true},
                 {"cus_1", "{\"customer\":\"cus_12\"}", false},
                 {"cus_1", "{\"customer\":\"xcus_1\"}", false},
                 {"a", "{\"path\":\"/v1/a.b\"}", false},
                 {"ann@example.com", "{\"user\":\"ann@example.com\"}", true},
                 {"o\"neil d", "{\"user\":\"o\\\"neil d\"}", true},
                 {"o\"neil d", "{\"user\":\"o'neil d\"}", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct erase_set s;
        erase_set_init(&s);
        assert_false(erase_set_names(&s, str_c(cases[i].text)));
        assert_int_equal(erase_set_add(&s, STR_NONE), 0);
        assert_int_equal(erase_set_add(&s, str_c(cases[i].value)), 0);
        if (erase_set_names(&s, str_c(cases[i].text)) != cases[i].is_named)
            fail_msg("%s in %s", cases[i].value, cases[i].text);
        erase_set_deinit(&s);
    }
}

struct scene {
    struct scratch scratch;
    struct story story;
    struct store *store[2];
};

static int scene_begin(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    scratch_init(&s->scratch, "erase");
    story_init(&s->story);
    *state = s;
    return store_memory_new(&s->store[0]) < 0 || store_sqlite_open(str_c(s->scratch.file), &s->store[1]) < 0;
}

static int scene_end(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 2; i++)
        s->store[i]->ops->close(s->store[i]);
    story_deinit(&s->story);
    scratch_deinit(&s->scratch);
    free(s);
    return 0;
}

static void apply(struct scene *s)
{
    for (int i = 0; i < 2; i++)
        assert_int_equal(s->store[i]->ops->apply(s->store[i], s->story.frames, s->story.seq), 0);
}

static struct erased erase(struct scene *s, enum erase_what what, const char *value, bool is_dry_run)
{
    struct erasure e = {what, str_c(value), is_dry_run};
    struct erased done[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(s->store[i]->ops->erase(s->store[i], &e, &done[i]), 0);
    assert_int_equal(done[0].calls, done[1].calls);
    assert_int_equal(done[0].frames, done[1].frames);
    assert_int_equal(done[0].objects, done[1].objects);
    assert_int_equal(done[0].kept, done[1].kept);
    assert_int_equal(done[0].in_force, done[1].in_force);
    return done[1];
}

/* How many calls show that customer, in both stores. */
static size_t shown(struct scene *s, const char *customer)
{
    size_t n[2] = {0};
    for (int i = 0; i < 2; i++) {
        struct query q = {.kind = QUERY_CALLS, .rows_max = 1000};
        struct store_reader *r;
        struct arena a;
        struct buf json;
        struct json rows, row;
        struct str text;
        arena_init(&a, (size_t)1 << 28);
        buf_init(&json, (size_t)1 << 26);
        assert_int_equal(s->store[i]->ops->reader_new(s->store[i], &r), 0);
        assert_int_equal(s->store[i]->ops->ask(r, &q, &json), 0);
        assert_int_equal(json_parse(&a, buf_str(&json), 64, &rows), 0);
        for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);)
            n[i] += json_str(json_get(row, STR("customer")), &text) && str_eq(text, str_c(customer));
        s->store[i]->ops->reader_free(r);
        buf_deinit(&json);
        arena_deinit(&a);
    }
    assert_int_equal(n[0], n[1]);
    return n[1];
}

static void check_whole(struct scene *s)
{
    for (int i = 0; i < 2; i++) {
        struct store_reader *r;
        struct audit_report report;
        struct buf json;
        buf_init(&json, (size_t)1 << 20);
        assert_int_equal(s->store[i]->ops->reader_new(s->store[i], &r), 0);
        assert_int_equal(audit_verify(s->store[i], r, &report), 0);
        assert_int_equal(s->store[i]->ops->rebuild(s->store[i], &json), 0);
        s->store[i]->ops->reader_free(r);
        buf_deinit(&json);
    }
}

static void a_call(struct scene *s, const char *customer, const char *run, const char *object, bool is_open)
{
    struct story_call c = story_call();
    c.customer = customer;
    c.run_id = run;
    c.limits[0] = (struct story_limit){"default/by-customer/usd/day/customer", customer, 1764000000000000000, 5};
    c.n_limits = 1;
    uint64_t seq = story_open(&s->story, &c, NULL);
    struct story_close close = {.open_seq = seq,
                                .outcome = "settled",
                                .settled = 5,
                                .object = object,
                                .customer = customer,
                                .is_created = true,
                                .moves = {{seq, 0, 5, 5}},
                                .n_moves = 1};
    if (!is_open)
        (void)story_close(&s->story, &close);
}

static void one_customer_goes_and_the_rest_stays_whole(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 30; i++)
        a_call(s, i % 3 ? "cus_keep" : "cus_go", "run-1", i % 3 ? "ob_keep" : "ob_go", false);
    apply(s);
    struct erased dry = erase(s, ERASE_CUSTOMER, "cus_go", true);
    assert_int_equal(dry.calls, 10);
    assert_int_equal(shown(s, "cus_go"), 10);
    struct erased done = erase(s, ERASE_CUSTOMER, "cus_go", false);
    assert_int_equal(done.calls, 10);
    assert_int_equal(done.frames, 20);
    assert_int_equal(done.objects, 1);
    assert_int_equal(done.counters, 1);
    assert_int_equal(shown(s, "cus_go"), 0);
    assert_int_equal(shown(s, "cus_keep"), 20);
    check_whole(s);
    assert_int_equal(erase(s, ERASE_CUSTOMER, "cus_go", false).calls, 0); /* again: there is nothing */
}

static void what_is_open_keeps_its_values(void **state)
{
    struct scene *s = *state;
    a_call(s, "cus_go", "run-1", "ob_1", false);
    a_call(s, "cus_go", "run-1", "ob_2", true);
    apply(s);
    struct erased done = erase(s, ERASE_CUSTOMER, "cus_go", false);
    assert_int_equal(done.calls, 1);
    assert_int_equal(done.kept, 1);
    assert_int_equal(done.counters, 0); /* something is held on it */
    assert_int_equal(shown(s, "cus_go"), 1);
    check_whole(s);
}

static void a_run_goes_by_its_name(void **state)
{
    struct scene *s = *state;
    a_call(s, "cus_1", "run-1", "ob_1", false);
    a_call(s, "cus_1", "run-2", "ob_2", false);
    apply(s);
    struct erased done = erase(s, ERASE_RUN, "run-2", false);
    assert_int_equal(done.calls, 1);
    assert_int_equal(done.objects, 1);
    assert_int_equal(shown(s, "cus_1"), 1);
    check_whole(s);
}

static void what_is_old_goes_once_and_what_is_kept_is_looked_at_again(void **state)
{
    struct scene *s = *state;
    char text[WALL_TEXT_BYTES];
    a_call(s, "cus_old", "run-1", "ob_old", false);
    a_call(s, "cus_old", "run-1", "ob_open", true);
    s->story.now += 10 * NS_PER_S;
    char before[WALL_TEXT_BYTES + 1];
    snprintf(before, sizeof before, STR_FMT, STR_ARG(wall_text(s->story.now, text)));
    s->story.now += 10 * NS_PER_S;
    a_call(s, "cus_new", "run-1", "ob_new", false);
    apply(s);
    struct erased done = erase(s, ERASE_BEFORE, before, false);
    assert_int_equal(done.calls, 1);
    assert_int_equal(done.kept, 1);
    assert_int_equal(done.objects, 1);
    assert_int_equal(shown(s, "cus_old"), 1);
    assert_int_equal(shown(s, "cus_new"), 1);
    done = erase(s, ERASE_BEFORE, before, false);
    assert_int_equal(done.calls, 0);
    assert_int_equal(done.kept, 1);
    check_whole(s);
}

/* What happened goes with whom it names; what stands now, when it does no longer. */
static void events_go_one_by_one_but_for_what_is_in_force(void **state)
{
    static const char OLGA[] = "olga";
    struct scene *s = *state;
    (void)story_event(&s->story, "admin.action", "\"action\":\"agent_disable\"", "target", OLGA);
    (void)story_event(&s->story, "admin.action", "\"action\":\"agent_disable\"", "target", "olga-2");
    (void)story_event(&s->story, "limit.raise", "\"id\":\"r1\"", "bucket", "user=olga");
    (void)story_event(&s->story, "agent.create", "\"agent\":\"a\",\"disabled\":false", "owner", OLGA);
    (void)story_event(&s->story, "agent.create", "\"agent\":\"a\",\"disabled\":false", "owner", "eve");
    (void)story_event(&s->story, "key.create", "\"id\":\"k1\"", "owner", OLGA);
    (void)story_event(&s->story, "owner.disable", "", "owner", OLGA);
    apply(s);
    struct erased dry = erase(s, ERASE_USER, "olga", true), done = erase(s, ERASE_USER, "olga", false);
    assert_int_equal(dry.frames, 3); /* the action, the raise, and the agent's owner before */
    assert_int_equal(done.frames, 3);
    assert_int_equal(done.in_force, 2); /* whose key it is, and who is disabled */
    check_whole(s);
    (void)story_event(&s->story, "key.revoke", "\"id\":\"k1\"", NULL, NULL);
    (void)story_event(&s->story, "owner.enable", "", "owner", OLGA);
    for (int i = 0; i < 2; i++)
        assert_int_equal(s->store[i]->ops->apply(s->store[i], s->story.frames + 7, 2), 0);
    done = erase(s, ERASE_USER, "olga", false);
    assert_int_equal(done.frames, 3);
    assert_int_equal(done.in_force, 0);
    check_whole(s);
}

/* Whose counter a call was the first to take past its soft threshold. */
static void what_was_said_of_a_call_goes_with_it(void **state)
{
    struct scene *s = *state;
    struct story_call c = story_call();
    c.is_over = true;
    c.call_id = "c1";
    c.run_id = "run-2";
    (void)story_open(&s->story, &c, NULL);
    (void)story_event(&s->story, "limit.soft", "\"call_id\":\"c1\"", "bucket", "customer=cus_9");
    c.call_id = "c2";
    c.run_id = "run-1";
    (void)story_open(&s->story, &c, NULL);
    (void)story_event(&s->story, "limit.soft", "\"call_id\":\"c2\"", "bucket", "user=bob");
    (void)story_event(&s->story, "limit.soft", "\"call_id\":\"c3\"", "bucket", "customer=cus_8");
    apply(s);
    assert_int_equal(erase(s, ERASE_RUN, "run-2", true).frames, 2);
    assert_int_equal(erase(s, ERASE_RUN, "run-2", false).frames, 2);
    assert_int_equal(erase(s, ERASE_RUN, "run-2", false).frames, 0);
    assert_int_equal(erase(s, ERASE_CUSTOMER, "cus_9", false).frames, 2); /* all that was said of its calls */
    assert_int_equal(erase(s, ERASE_CUSTOMER, "cus_8", false).frames, 1); /* its call is not known */
    check_whole(s);
}

static void what_was_begun_is_known_until_it_is_over(void **state)
{
    struct scene *s = *state;
    const struct store_ops *ops = s->store[1]->ops;
    struct erasure what;
    struct erased done;
    struct arena a;
    arena_init(&a, 1 << 20);
    a_call(s, "cus_1", "run-1", "ob_1", false);
    apply(s);
    assert_int_equal(ops->erase_pending(s->store[1], &a, &what, &done), 0);
    (void)erase(s, ERASE_CUSTOMER, "cus_1", true);
    assert_int_equal(ops->erase_pending(s->store[1], &a, &what, &done), 0); /* a dry run begins nothing */
    (void)erase(s, ERASE_CUSTOMER, "cus_1", false);
    assert_int_equal(ops->erase_pending(s->store[1], &a, &what, &done), STORE_R_ERASED);
    assert_int_equal(what.what, ERASE_CUSTOMER);
    assert_int_equal(what.value.n, 0); /* gone from there too */
    assert_int_equal(done.calls, 1);
    assert_int_equal(done.frames, 2);
    assert_int_equal(ops->erase_scrub(s->store[1]), 0);
    assert_int_equal(ops->erase_end(s->store[1]), 0);
    assert_int_equal(ops->erase_pending(s->store[1], &a, &what, &done), 0);
    arena_deinit(&a);
}

static void a_reader_in_the_way_is_waited_for_not_cut_off(void **state)
{
    struct scene *s = *state;
    const struct store_ops *ops = s->store[1]->ops;
    struct store_reader *r;
    struct buf json;
    struct query q = {.kind = QUERY_CALLS, .rows_max = 1};
    buf_init(&json, 1 << 20);
    a_call(s, "cus_1", "run-1", "ob_1", false);
    apply(s);
    assert_int_equal(ops->reader_new(s->store[1], &r), 0);
    assert_int_equal(ops->ask(r, &q, &json), 0);
    (void)erase(s, ERASE_CUSTOMER, "cus_1", false);
    assert_int_equal(ops->erase_scrub(s->store[1]), 0); /* its question is over */
    ops->reader_free(r);
    buf_deinit(&json);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_as_whole_words_only),
        T(one_customer_goes_and_the_rest_stays_whole),
        T(what_is_open_keeps_its_values),
        T(a_run_goes_by_its_name),
        T(what_is_old_goes_once_and_what_is_kept_is_looked_at_again),
        T(what_was_said_of_a_call_goes_with_it),
        T(events_go_one_by_one_but_for_what_is_in_force),
        T(what_was_begun_is_known_until_it_is_over),
        T(a_reader_in_the_way_is_waited_for_not_cut_off),
    };
    return cmocka_run_group_tests_name("store/erase", tests, NULL, NULL);
}
