/* Memory and SQLite give the same bytes for every question, whatever the batches: each is the other's second opinion.
 */
#include "scratch.h"
#include "story.h"
#include "unit.h"

#include "base/err.h"
#include "base/rand.h"
#include "store/memory/store_memory.h"
#include "store/sqlite/store_sqlite.h"

#define CALLS 400
#define JSON_BYTES_MAX ((size_t)1 << 28)

struct pair {
    struct store *store[2];
    struct store_reader *reader[2];
    struct buf json[2];
};

static void pair_init(struct pair *p, struct scratch *s)
{
    scratch_clear(s);
    assert_int_equal(store_memory_new(&p->store[0]), 0);
    assert_int_equal(store_sqlite_open(str_c(s->file), &p->store[1]), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(p->store[i]->ops->reader_new(p->store[i], &p->reader[i]), 0);
        buf_init(&p->json[i], JSON_BYTES_MAX);
    }
}

static void pair_deinit(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        p->store[i]->ops->reader_free(p->reader[i]);
        p->store[i]->ops->close(p->store[i]);
        buf_deinit(&p->json[i]);
    }
}

static void assert_same_json(struct pair *p, const char *what)
{
    struct str a = buf_str(&p->json[0]), b = buf_str(&p->json[1]);
    if (str_eq(a, b))
        return;
    size_t i = 0;
    while (i < a.n && i < b.n && a.p[i] == b.p[i])
        i++;
    size_t from = i > 200 ? i - 200 : 0;
    print_error("%s differs at byte %zu:\nmemory ...%.*s\nsqlite ...%.*s\n", what, i,
                (int)(a.n - from > 400 ? 400 : a.n - from), a.p + from, (int)(b.n - from > 400 ? 400 : b.n - from),
                b.p + from);
    fail();
}

static void both_answer(struct pair *p, struct query q)
{
    char what[32];
    for (int i = 0; i < 2; i++) {
        buf_reset(&p->json[i]);
        assert_int_equal(p->store[i]->ops->ask(p->reader[i], &q, &p->json[i]), 0);
    }
    snprintf(what, sizeof what, "query %d", (int)q.kind);
    assert_same_json(p, what);
}

static struct str maybe(struct rng *r, const char *const *of, size_t n)
{
    return rng_below(r, 3) ? STR_NONE : str_c(of[rng_below(r, n)]);
}

static struct query random_query(struct rng *r, const struct story *s)
{
    static const char *const runs[] = {"run-1", "run-2", "nope"}, *const agents[] = {"refunds", "mailer"};
    static const char *const tenants[] = {"acme", "globex"}, *const keys[] = {"k1", "k2"},
                             *const vendors[] = {"stripe", "twilio"};
    static const char *const operations[] = {"stripe.refunds.create", "stripe.charges.retrieve"};
    static const char *const verdicts[] = {"permit", "deny", "approve"};
    static const char *const outcomes[] = {"settled", "released", "unknown", "none", "open"};
    struct query q = {.kind = (enum query_kind)rng_below(r, QUERY_COUNT), .rows_max = (int64_t)rng_below(r, 300)};
    q.run = maybe(r, runs, 3);
    q.agent = maybe(r, agents, 2);
    q.tenant = maybe(r, tenants, 2);
    q.key = maybe(r, keys, 2);
    q.vendor = maybe(r, vendors, 2);
    q.operation = maybe(r, operations, 2);
    q.verdict = maybe(r, verdicts, 3);
    q.outcome = maybe(r, outcomes, 5);
    if (rng_below(r, 4) == 0)
        q.before_seq = rng_below(r, s->seq + 1);
    if (rng_below(r, 4) == 0)
        q.after_seq = rng_below(r, s->seq + 1);
    if (rng_below(r, 4) == 0)
        q.since = STORY_START + (wall_t)rng_below(r, (uint64_t)(s->now - STORY_START));
    if (rng_below(r, 4) == 0)
        q.until = STORY_START + (wall_t)rng_below(r, (uint64_t)(s->now - STORY_START));
    return q;
}

static void set_id(struct query *q, struct rng *r, char text[80])
{
    q->id = STR_NONE;
    switch (q->kind) {
    case QUERY_CALL: {
        unsigned n = (unsigned)rng_below(r, CALLS + 5);
        snprintf(text, 80, "0193%04x-1111-7222-8333-%012x", n / 7, n);
        break;
    }
    case QUERY_OBJECT:
        snprintf(text, 80, "re_%d", (int)rng_below(r, 40));
        q->scope = rng_below(r, 2) ? STR("stripe/test") : STR_NONE;
        break;
    case QUERY_IDEMPOTENCY:
        snprintf(text, 80, "%064llx", (unsigned long long)rng_below(r, 30));
        q->scope = STR("stripe/test/k1");
        break;
    case QUERY_FIND: {
        static const char *const ids[] = {"run-1", "refunds", "globex", "cus_9", "cus_learned", "req_8kZ", "ch_1", "k1",
                                          "re_7", "0af7651916cd43dd8448eb211c80319c", "nothing"};
        snprintf(text, 80, "%s", ids[rng_below(r, 11)]);
        break;
    }
    case QUERY_BODY_TEXT:
        q->text = STR("no body has it");
        return;
    case QUERY_CUSTOMER: {
        static const char *const ids[] = {"cus_9", "cus_learned", "nothing"};
        snprintf(text, 80, "%s", ids[rng_below(r, 3)]);
        break;
    }
    case QUERY_EVENTS:
        snprintf(text, 80, "%s", rng_below(r, 2) ? "kill" : "");
        break;
    case QUERY_POLICIES:
        snprintf(text, 80, "%s", rng_below(r, 2) ? "p1" : "");
        break;
    default:
        return;
    }
    q->id = str_c(text);
}

/* --- load
 * ------------------------------------------------------------------------------------------------------------------ */

static int on_counter(void *ctx, const struct counter_row *r)
{
    /* Counters come in any order: their sum over a hash of the row tells them apart well enough. */
    uint64_t *sum = ctx, h = 1469598103934665603ULL;
    for (size_t i = 0; i < r->counter.n; i++)
        h = (h ^ (uint8_t)r->counter.p[i]) * 1099511628211ULL;
    for (size_t i = 0; i < r->bucket.n; i++)
        h = (h ^ (uint8_t)r->bucket.p[i]) * 1099511628211ULL;
    h = (h ^ (uint64_t)r->window_start) * 1099511628211ULL;
    h = (h ^ (uint64_t)r->settled) * 1099511628211ULL;
    *sum += (h ^ (uint64_t)r->held) * 1099511628211ULL;
    return 0;
}

struct loaded {
    uint64_t counters; /* first: on_counter gets it */
    struct buf *text;
};

static int on_open(void *ctx, const struct open_row *r)
{
    struct loaded *l = ctx;
    buf_printf(l->text, "open %llu %d " STR_FMT " " STR_FMT, (unsigned long long)r->open_seq, r->is_closed,
               STR_ARG(r->body), STR_ARG(r->personal));
    for (size_t i = 0; i < r->n_left; i++)
        buf_printf(l->text, " %lld", (long long)r->left[i]);
    return buf_add_byte(l->text, '\n');
}

static int on_state(void *ctx, const struct state_row *r)
{
    struct loaded *l = ctx;
    return buf_printf(l->text, "state " STR_FMT " %d %lld " STR_FMT " " STR_FMT "\n", STR_ARG(r->kind), r->is_over,
                      (long long)r->over_at, STR_ARG(r->body), STR_ARG(r->personal));
}

static void both_load(struct pair *p, wall_t now)
{
    struct loaded l[2];
    for (int i = 0; i < 2; i++) {
        buf_reset(&p->json[i]);
        l[i] = (struct loaded){0, &p->json[i]};
        struct store_loader to = {on_counter, on_open, on_state, &l[i]};
        assert_int_equal(p->store[i]->ops->load(p->store[i], now, &to), 0);
    }
    assert_same_json(p, "load");
    assert_int_equal(l[0].counters, l[1].counters);
}

static void same_frames_same_answers(void **state)
{
    for (uint64_t seed = 100; seed < 106; seed++) {
        struct pair p;
        struct story story;
        struct rng rng;
        char text[80];
        rng_seeded_init(&rng, seed);
        pair_init(&p, *state);
        story_init(&story);
        story_random(&story, seed, CALLS);
        for (uint64_t at = 0; at < story.seq;) {
            uint64_t n = 1 + rng_below(&rng, seed % 2 ? 8 : 200);
            n = n > story.seq - at ? story.seq - at : n;
            for (int i = 0; i < 2; i++)
                assert_int_equal(p.store[i]->ops->apply(p.store[i], story.frames + at, n), 0);
            at += n;
            if (rng_below(&rng, 20) == 0)
                both_load(&p, story.frames[at - 1].at);
            struct query q = random_query(&rng, &story);
            set_id(&q, &rng, text);
            both_answer(&p, q);
        }
        for (int i = 0; i < 300; i++) {
            struct query q = random_query(&rng, &story);
            set_id(&q, &rng, text);
            both_answer(&p, q);
        }
        for (int i = 0; i < 2; i++) {
            buf_reset(&p.json[i]);
            assert_int_equal(p.store[i]->ops->rebuild(p.store[i], &p.json[i]), 0);
        }
        story_deinit(&story);
        pair_deinit(&p);
    }
}

int main(void)
{
    struct scratch scratch;
    scratch_init(&scratch, "agree");
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(same_frames_same_answers, &scratch)};
    int n = cmocka_run_group_tests_name("store/stores_agree", tests, NULL, NULL);
    scratch_deinit(&scratch);
    return n;
}
