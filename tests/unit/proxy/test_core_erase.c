/* proxy/core_erase: one erasure at a time, each step in its turn; what grew old goes by itself. */
#include "unit.h"

#include "base/err.h"
#include "codec/json_read.h"
#include "io/io_memory.h"
#include "proxy/core_bodies.h"
#include "proxy/core_call.h"
#include "proxy/core_erase.h"
#include "store/journal/journal.h"
#include "store/memory/store_memory.h"

static wall_t wall_now = 1795440734 * NS_PER_S;
static mono_t mono_now;
static mono_t test_mono(void *ctx) { return mono_now; }
static wall_t test_wall(void *ctx) { return wall_now; }

struct world {
    struct post_box box; /* first */
    struct limits limits;
    struct clock clock;
    struct rng rng;
    struct io *io;
    struct store *store;
    struct journal *journal;
    struct core *core;
    size_t n_posts;
};

static void send(struct post_box *box, struct post p) { p.fn(p.ctx); }
static void on_erased(void *ctx) { ((struct world *)ctx)->n_posts++; }

static void start(struct world *w)
{
    uint8_t chain[CHAIN_BYTES] = {0};
    struct core_options o = {.limits = &w->limits, .clock = &w->clock, .rng = &w->rng, .store = w->store};
    assert_int_equal(journal_open(w->io, STR("journal"), &w->limits, 1, 0, chain, 0, &w->journal), 0);
    o.journal = w->journal;
    assert_int_equal(core_new(&o, &w->core), 0);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->box.send = send;
    limits_default(&w->limits);
    w->limits.journal_segment_bytes = 1 << 16;
    w->clock = (struct clock){test_mono, test_wall, NULL};
    mono_now = 0;
    rng_seeded_init(&w->rng, 5);
    w->io = io_memory_new(64u << 20);
    (void)io_mkdir(w->io, STR("journal"));
    assert_int_equal(store_memory_new(&w->store), 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    core_free(w->core);
    journal_close(w->journal);
    w->store->ops->close(w->store);
    io_memory_free(w->io);
    free(w);
    return 0;
}

/* A refused call for that customer. */
static void a_call(struct world *w, const char *id, const char *customer)
{
    static const uint8_t salt[SALT_BYTES] = {7};
    struct facts f = {.agent = STR("a"),
                      .run_id = STR("r"),
                      .layer = STR("saas"),
                      .vendor = STR("stripe"),
                      .operation = STR("stripe.refunds.create"),
                      .customer = str_c(customer),
                      .key = STR("k")};
    struct verdict v = {.effect = EFFECT_DENY, .code = CODE_POLICY_DENIED};
    struct record_open o = {.call_id = str_c(id), .started_at = wall_now, .facts = &f, .verdict = &v, .salt = salt};
    struct record_end end = {.at = wall_now, .status = 403};
    struct record_writer rw;
    struct buf body, personal;
    buf_init(&body, 65536);
    buf_init(&personal, 65536);
    record_open_begin(&rw, &o, &body, &personal);
    assert_int_equal(core_refuse(w->core, &rw, &v, &end, wall_now), 0);
    buf_deinit(&body);
    buf_deinit(&personal);
}

static void drain(struct world *w)
{
    for (int i = 0; i < 6; i++) /* steps follow what they wrote */
        while (core_drain_turn(w->core))
            ;
}

static size_t answers(struct world *w, struct query q, const char *member, const char *value)
{
    struct store_reader *r;
    struct arena a;
    struct buf json;
    struct json rows, row;
    struct str text;
    size_t n = 0;
    arena_init(&a, 1 << 24);
    buf_init(&json, 1 << 24);
    assert_int_equal(w->store->ops->reader_new(w->store, &r), 0);
    assert_int_equal(w->store->ops->ask(r, &q, &json), 0);
    assert_int_equal(json_parse(&a, buf_str(&json), 64, &rows), 0);
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);)
        n += json_str(json_get(row, str_c(member)), &text) && str_eq(text, str_c(value));
    w->store->ops->reader_free(r);
    buf_deinit(&json);
    arena_deinit(&a);
    return n;
}

static size_t customers(struct world *w, const char *name)
{
    return answers(w, (struct query){.kind = QUERY_CALLS, .rows_max = 100}, "customer", name);
}

static size_t erase_events(struct world *w)
{
    return answers(w, (struct query){.kind = QUERY_EVENTS, .id = STR("erase"), .rows_max = 100}, "event", "erase");
}

static struct erase_job job_for(struct world *w, const char *customer)
{
    return (struct erase_job){
        .what = {ERASE_CUSTOMER, str_c(customer)}, .by = STR("ann"), .box = &w->box, .post = {on_erased, w}};
}

static void a_question_is_answered_when_nothing_is_left_and_is_on_record(void **state)
{
    struct world *w = *state;
    start(w);
    a_call(w, "c1", "cus_go");
    a_call(w, "c2", "cus_keep");
    struct erase_job job = job_for(w, "cus_go");
    assert_int_equal(core_erase(w->core, &job), 0);
    assert_int_equal(w->n_posts, 0);
    drain(w);
    assert_int_equal(w->n_posts, 1);
    assert_int_equal(job.result, 0);
    assert_int_equal(job.done.calls, 1);
    assert_int_equal(customers(w, "cus_go"), 0);
    assert_int_equal(customers(w, "cus_keep"), 1);
    assert_int_equal(erase_events(w), 1);
}

static void a_dry_run_leaves_no_trace(void **state)
{
    struct world *w = *state;
    start(w);
    a_call(w, "c1", "cus_go");
    struct erase_job job = job_for(w, "cus_go");
    job.what.is_dry_run = true;
    assert_int_equal(core_erase(w->core, &job), 0);
    drain(w);
    assert_int_equal(w->n_posts, 1);
    assert_int_equal(job.done.calls, 1);
    assert_int_equal(customers(w, "cus_go"), 1);
    assert_int_equal(erase_events(w), 0);
}

static void two_at_once_are_one_too_many(void **state)
{
    struct world *w = *state;
    start(w);
    a_call(w, "c1", "cus_go");
    struct erase_job first = job_for(w, "cus_go"), second = job_for(w, "cus_go");
    assert_int_equal(core_erase(w->core, &first), 0);
    assert_int_equal(core_erase(w->core, &second), -ERR_BUSY);
    drain(w);
    assert_int_equal(core_erase(w->core, &second), 0);
    drain(w);
    assert_int_equal(w->n_posts, 2);
}

static void what_grew_old_goes_by_itself_once_a_day(void **state)
{
    struct world *w = *state;
    w->limits.personal_keep_days = 1;
    start(w);
    a_call(w, "c1", "cus_old");
    drain(w);
    assert_int_equal(customers(w, "cus_old"), 1);
    wall_now += 2 * 86400 * NS_PER_S;
    a_call(w, "c2", "cus_new");
    drain(w);
    assert_int_equal(customers(w, "cus_old"), 1); /* not a day since it was looked at */
    mono_now += 86400 * NS_PER_S;
    a_call(w, "c3", "cus_new");
    drain(w);
    assert_int_equal(customers(w, "cus_old"), 0);
    assert_int_equal(customers(w, "cus_new"), 2);
}

/* The answer to a call that began then. */
static void give(struct world *w, const char *call_id, mono_t began_at, wall_t started_at)
{
    const struct str said = STR("nothing by name");
    core_keep_body(w->core, &(struct body_given){.body = {.call_id = str_c(call_id),
                                                          .run_id = STR("r"),
                                                          .agent = STR("a"),
                                                          .tenant = STR("acme"),
                                                          .side = BODY_RESPONSE,
                                                          .at = started_at,
                                                          .bytes = (int64_t)said.n},
                                                 .began_at = began_at,
                                                 .parts = &said,
                                                 .n_parts = 1});
    drain(w);
}

static size_t bodies(struct world *w, const char *call_id, const char *member, const char *value)
{
    return answers(w, (struct query){.kind = QUERY_BODIES, .id = str_c(call_id)}, member, value);
}

static void a_body_that_comes_after_its_call_was_erased_is_not_kept(void **state)
{
    struct world *w = *state;
    mono_now = 10;
    start(w);
    a_call(w, "c1", "cus_go"); /* its agent takes the answer slowly */
    struct erase_job job = job_for(w, "cus_go");
    assert_int_equal(core_erase(w->core, &job), 0);
    drain(w);
    assert_int_equal(job.done.calls, 1);
    give(w, "c1", 10, wall_now);
    assert_int_equal(bodies(w, "c1", "not_kept", "erased"), 1);
    assert_int_equal(bodies(w, "c1", "text", "nothing by name"), 0);
    const struct query of_tenant = {.kind = QUERY_BODIES, .id = STR("c1"), .tenant = STR("acme")};
    assert_int_equal(answers(w, of_tenant, "not_kept", "erased"), 0); /* a name that may have been erased */
    give(w, "c2", 11, wall_now);
    assert_int_equal(bodies(w, "c2", "text", "nothing by name"), 1);
}

static void a_dry_run_and_an_older_age_take_no_body_that_comes_later(void **state)
{
    struct world *w = *state;
    char text[WALL_TEXT_BYTES];
    mono_now = 10;
    start(w);
    struct erase_job dry = job_for(w, "cus_go"), old = job_for(w, "");
    dry.what.is_dry_run = true;
    assert_int_equal(core_erase(w->core, &dry), 0);
    drain(w);
    old.what = (struct erasure){ERASE_BEFORE, wall_text(wall_now, text)};
    assert_int_equal(core_erase(w->core, &old), 0);
    drain(w);
    give(w, "c1", 10, wall_now);
    assert_int_equal(bodies(w, "c1", "text", "nothing by name"), 1);
    give(w, "c2", 10, wall_now - 1);
    assert_int_equal(bodies(w, "c2", "not_kept", "erased"), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_question_is_answered_when_nothing_is_left_and_is_on_record),
        T(a_dry_run_leaves_no_trace),
        T(two_at_once_are_one_too_many),
        T(a_body_that_comes_after_its_call_was_erased_is_not_kept),
        T(a_dry_run_and_an_older_age_take_no_body_that_comes_later),
        T(what_grew_old_goes_by_itself_once_a_day),
    };
    return cmocka_run_group_tests_name("proxy/core_erase", tests, NULL, NULL);
}
