/*
 * Every action on one customer's account, and nothing of anybody else's: a property over 10,000 calls of three agents
 * for fifty customers, of each of which the test knows whose it is.
 */
#include "scratch.h"
#include "story.h"
#include "unit.h"

#include "base/rand.h"
#include "codec/json_read.h"
#include "store/memory/store_memory.h"
#include "store/sqlite/store_sqlite.h"

#include <time.h>

#define CALLS 10000
#define CUSTOMERS 50
#define AGENTS 3
#ifdef FLYBALL_CHECK_SLOW
#define SECONDS_MAX 60.0 /* sanitizers and slow checks take their time: only that it ends */
#else
#define SECONDS_MAX 2.0
#endif

enum truth { NOBODY, PROVEN, INFERRED };
struct call_truth {
    uint64_t seq;
    int customer;
    enum truth how;
};

struct world {
    struct story story;
    struct call_truth truth[CALLS];
    char object[CUSTOMERS][16]; /* the last one of each; empty: none yet */
    size_t n_objects[CUSTOMERS];
};

#define TEXT(w, ...) arena_printf(&(w)->story.arena, __VA_ARGS__).p

static void one_call(struct world *w, struct rng *r, int i)
{
    struct story_call c = story_call();
    struct story_close close = {.outcome = "settled", .settled = 1, .is_created = true};
    struct call_truth *t = &w->truth[i];
    int customer = (int)rng_below(r, CUSTOMERS);
    const char *name = TEXT(w, "cus_%02dx", customer);
    t->customer = customer;
    c.agent = TEXT(w, "agent-%d", i % AGENTS);
    c.run_id = TEXT(w, "run-%d", i / 40);
    c.params = "{\"amount\":5}";
    c.customer = "";
    c.held = 0;
    switch (rng_below(r, 5)) {
    case 0: /* the request names it, and the answer brings an object of its own */
        c.customer = name;
        t->how = PROVEN;
        close.object = TEXT(w, "ob_%05d", i);
        close.customer = name;
        snprintf(w->object[customer], sizeof w->object[customer], "%s", close.object);
        w->n_objects[customer]++;
        break;
    case 1: /* only the answer names it */
        t->how = PROVEN;
        close.customer = name;
        break;
    case 2: /* concluded from what was learned */
        c.customer = name;
        c.customer_source = "learned";
        t->how = INFERRED;
        break;
    case 3: /* names something of it */
        if (!w->object[customer][0])
            break;
        c.params = arena_printf(&w->story.arena, "{\"charge\":\"%s\"}", w->object[customer]).p;
        t->how = INFERRED;
        break;
    default: /* nobody knows */
        break;
    }
    t->seq = close.open_seq = story_open(&w->story, &c, NULL);
    (void)story_close(&w->story, &close);
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    struct rng r;
    rng_seeded_init(&r, 42);
    story_init(&w->story);
    for (int i = 0; i < CALLS; i++)
        one_call(w, &r, i);
    return w;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t number(struct json v, const char *name)
{
    int64_t n = -1;
    (void)json_i64(json_get(v, str_c(name)), &n);
    return n;
}

/* Rows are this customer's calls, all of them, in order, and how each is known. */
static void check_rows(const struct world *w, int customer, struct json rows)
{
    size_t i = 0, n[3] = {0};
    struct json last = json_at(rows, json_len(rows) - 1);
    for (int k = 0; k < CALLS; k++) {
        const struct call_truth *t = &w->truth[k];
        struct str how = STR_NONE;
        if (t->customer != customer || t->how == NOBODY)
            continue;
        struct json row = json_at(rows, i++);
        assert_int_equal(number(row, "seq"), t->seq);
        assert_true(json_str(json_get(row, STR("attribution")), &how));
        assert_str(how, t->how == PROVEN ? "proven" : "inferred");
        n[t->how]++;
    }
    assert_int_equal(json_len(rows), i + 1);
    assert_int_equal(number(last, "proven"), n[PROVEN]);
    assert_int_equal(number(last, "inferred"), n[INFERRED]);
    assert_int_equal(number(last, "objects"), w->n_objects[customer]);
}

/* Not one byte of another customer's name or object. */
static void check_text(int customer, struct str json)
{
    char name[16];
    for (size_t i = 0; i + 7 <= json.n; i++) {
        if (memcmp(json.p + i, "cus_", 4) != 0)
            continue;
        snprintf(name, sizeof name, "cus_%02dx", customer);
        assert_memory_equal(json.p + i, name, 7);
    }
}

static void check_objects(const struct world *w, int customer, struct json rows)
{
    struct json row, id;
    struct str s;
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);)
        for (struct json_iter ids = json_each(json_get(row, STR("object_ids"))); json_next(&ids, NULL, &id);) {
            assert_true(json_str(id, &s));
            assert_int_equal(w->truth[atoi(s.p + 3)].customer, customer);
        }
}

/* A call of a run of one of the customer's calls that nobody knows the customer of. */
static size_t unattributed(const struct world *w, int customer)
{
    bool is_run[CALLS / 40 + 1][AGENTS] = {0};
    size_t n = 0;
    for (int k = 0; k < CALLS; k++)
        if (w->truth[k].customer == customer && w->truth[k].how != NOBODY)
            is_run[k / 40][k % AGENTS] = true;
    for (int k = 0; k < CALLS; k++)
        n += is_run[k / 40][k % AGENTS] && w->truth[k].how == NOBODY;
    return n;
}

static void check_store(struct world *w, struct store *s, int step)
{
    struct store_reader *reader;
    struct arena a;
    struct buf json;
    double longest = 0;
    arena_init(&a, (size_t)1 << 30);
    buf_init(&json, (size_t)1 << 28);
    assert_int_equal(s->ops->apply(s, w->story.frames, w->story.seq), 0);
    assert_int_equal(s->ops->reader_new(s, &reader), 0);
    for (int customer = 0; customer < CUSTOMERS; customer += step) {
        struct json rows;
        char name[16];
        snprintf(name, sizeof name, "cus_%02dx", customer);
        struct query q = {.kind = QUERY_CUSTOMER, .id = str_c(name), .rows_max = 10000};
        double began = seconds();
        buf_reset(&json);
        arena_reset(&a);
        assert_int_equal(s->ops->ask(reader, &q, &json), 0);
        longest = seconds() - began > longest ? seconds() - began : longest;
        assert_int_equal(json_parse(&a, buf_str(&json), 16, &rows), 0);
        check_rows(w, customer, rows);
        check_text(customer, buf_str(&json));
        check_objects(w, customer, rows);
        assert_int_equal(number(json_at(rows, json_len(rows) - 1), "unattributed"), unattributed(w, customer));
    }
    print_message("slowest answer of %d calls: %.3f s\n", CALLS, longest);
    assert_true(longest <= SECONDS_MAX);
    s->ops->reader_free(reader);
    s->ops->close(s);
    buf_deinit(&json);
    arena_deinit(&a);
}

static void a_customers_rows_are_all_of_its_own_and_none_of_others(void **state)
{
    struct scratch scratch;
    struct store *s;
    struct world *w = world_new();
    scratch_init(&scratch, "customer");
    assert_int_equal(store_sqlite_open(str_c(scratch.file), &s), 0);
    check_store(w, s, 1);
    assert_int_equal(store_memory_new(&s), 0);
    check_store(w, s, 11);
    scratch_deinit(&scratch);
    story_deinit(&w->story);
    free(w);
}

static void only_the_tenants_own_calls_are_shown_to_it(void **state)
{
    struct story story;
    struct store *s;
    struct store_reader *reader;
    struct buf json;
    struct arena a;
    struct json rows;
    story_init(&story);
    arena_init(&a, 1 << 20);
    buf_init(&json, 1 << 20);
    for (int i = 0; i < 6; i++) {
        struct story_call c = story_call();
        c.tenant = i % 3 ? "acme" : "globex";
        c.is_over = true;
        (void)story_open(&story, &c, NULL);
    }
    assert_int_equal(store_memory_new(&s), 0);
    assert_int_equal(s->ops->apply(s, story.frames, story.seq), 0);
    assert_int_equal(s->ops->reader_new(s, &reader), 0);
    struct query q = {.kind = QUERY_CUSTOMER, .id = STR("cus_9"), .tenant = STR("globex"), .rows_max = 1};
    assert_int_equal(s->ops->ask(reader, &q, &json), 0);
    assert_int_equal(json_parse(&a, buf_str(&json), 16, &rows), 0);
    assert_int_equal(json_len(rows), 2); /* one row is wanted; both are counted */
    assert_int_equal(number(json_at(rows, 1), "proven"), 2);
    s->ops->reader_free(reader);
    s->ops->close(s);
    buf_deinit(&json);
    arena_deinit(&a);
    story_deinit(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_customers_rows_are_all_of_its_own_and_none_of_others),
        cmocka_unit_test(only_the_tenants_own_calls_are_shown_to_it),
    };
    return cmocka_run_group_tests_name("store/customer", tests, NULL, NULL);
}
