/*
 * store/memory/ask.c - answers by looking at everything, newest or oldest first.
 */
#include "base/check.h"
#include "base/err.h"
#include "store/feed.h"
#include "store/memory/memory_impl.h"
#include "store/run_sum.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX ((size_t)1 << 32)

/* One answer in the making. */
struct asking {
    struct memory *m;
    struct arena *arena;
    const struct query *q;
    struct json_writer w;
    int64_t rows_left;
};

static bool fits(struct str want, struct str have)
{
    return want.n == 0 || str_eq(want, have);
}

static bool place_fits(const struct query *q, uint64_t seq, wall_t at)
{
    return (q->before_seq == 0 || seq < q->before_seq) && seq > q->after_seq && (q->since == 0 || at >= q->since) &&
           (q->until == 0 || at < q->until);
}

struct call_texts memory_texts(struct memory *m, const struct call_row *c)
{
    const struct frame *open = &memory_entry(m, c->open_seq)->frame;
    struct call_texts t = {c->open_seq, c->close_seq, c->last_seq};
    memcpy(t.chain, open->chain, CHAIN_BYTES);
    t.open = open->body;
    t.open_personal = open->personal;
    if (c->close_seq) {
        t.close = memory_entry(m, c->close_seq)->frame.body;
        t.close_personal = memory_entry(m, c->close_seq)->frame.personal;
    }
    if (c->last_seq) {
        t.last = memory_entry(m, c->last_seq)->frame.body;
        t.last_personal = memory_entry(m, c->last_seq)->frame.personal;
    }
    return t;
}

static int put_call(struct asking *a, const struct call_row *c, bool is_full)
{
    struct call_texts t = memory_texts(a->m, c);
    arena_reset(a->arena);
    return render_call(a->arena, &a->w, &t, is_full);
}

static int ask_calls(struct asking *a)
{
    int r = 0;
    for (size_t i = a->m->n; i > 0 && a->rows_left > 0 && r == 0; i--) {
        const struct memory_call *c = a->m->entries[i - 1].call;
        if (!c || !place_fits(a->q, c->row.open_seq, c->row.started_at) || !call_row_fits(a->q, &c->row))
            continue;
        a->rows_left--;
        r = put_call(a, &c->row, false);
    }
    return r;
}

static int ask_run(struct asking *a)
{
    int r = 0;
    for (size_t i = 0; i < a->m->n && a->rows_left > 0 && r == 0; i++) {
        const struct memory_call *c = a->m->entries[i].call;
        if (!c || !place_fits(a->q, c->row.open_seq, c->row.started_at) || !call_row_fits(a->q, &c->row))
            continue;
        a->rows_left--;
        r = put_call(a, &c->row, false);
    }
    return r;
}

/* Newest first: calls whose row is such, as far as they have something to show. */
static int ask_shown(struct asking *a, bool (*is_such)(const struct call_row *row),
                     int (*render)(struct arena *arena, struct json_writer *w, const struct call_texts *t))
{
    int r = 0;
    for (size_t i = a->m->n; i > 0 && a->rows_left > 0 && r >= 0; i--) {
        const struct memory_call *c = a->m->entries[i - 1].call;
        if (!c || !place_fits(a->q, c->row.open_seq, c->row.started_at) || !call_row_fits(a->q, &c->row) ||
            !is_such(&c->row))
            continue;
        struct call_texts t = memory_texts(a->m, &c->row);
        arena_reset(a->arena);
        r = render(a->arena, &a->w, &t);
        a->rows_left -= r == 0;
    }
    return r < 0 ? r : 0;
}

static int ask_polls(struct asking *a) { return ask_shown(a, call_row_is_unpriced, render_poll); }

static int ask_duplicates(struct asking *a) { return ask_shown(a, call_row_may_have_happened, render_duplicate); }

static int look(void *ctx, const struct run_limit *l, int64_t *ret_settled, int64_t *ret_held)
{
    const struct memory *m = ctx;
    const struct tally_row *row = tally_find(&m->counters, l->counter, l->bucket, 0);
    if (row) {
        *ret_settled = row->settled;
        *ret_held = row->held;
    }
    return 0;
}

static int ask_run_sum(struct asking *a)
{
    struct run_sum sum;
    int r = 0;
    run_sum_init(&sum);
    for (size_t i = 0; i < a->m->n && a->rows_left > 0 && r == 0; i++) {
        const struct memory_call *c = a->m->entries[i].call;
        if (!c || !place_fits(a->q, c->row.open_seq, c->row.started_at) || !call_row_fits(a->q, &c->row))
            continue;
        a->rows_left--;
        struct call_texts t = memory_texts(a->m, &c->row);
        arena_reset(a->arena);
        r = run_sum_add(&sum, a->arena, &t);
    }
    if (r == 0)
        r = run_sum_render(&sum, &a->w, look, a->m);
    run_sum_deinit(&sum);
    return r;
}

static int put_event(struct asking *a, const struct frame *f)
{
    arena_reset(a->arena);
    return render_event(a->arena, &a->w, f->seq, f->at, f->body, f->personal);
}

/* Events before the call, and up to its end: what was in force. */
#define EVENTS_BEFORE 5
#define EVENTS_DURING 20

static int put_events_around(struct asking *a, const struct call_row *c)
{
    uint64_t end = c->last_seq ? c->last_seq : c->close_seq ? c->close_seq : c->open_seq, from = c->open_seq;
    int r = 0;
    for (int n = 0; n < EVENTS_BEFORE && from > 1;)
        n += memory_entry(a->m, --from)->frame.kind == FRAME_EVENT;
    jw_key(&a->w, STR("events"));
    jw_array(&a->w);
    for (int n = 0; from <= end && n < EVENTS_BEFORE + EVENTS_DURING && r == 0; from++) {
        const struct memory_entry *e = memory_entry(a->m, from);
        if (e->frame.kind != FRAME_EVENT)
            continue;
        n++;
        r = fits(a->q->tenant, e->event.tenant) ? put_event(a, &e->frame) : 0;
    }
    jw_array_end(&a->w);
    return r;
}

static int ask_call(struct asking *a)
{
    const struct memory_call *c = map_get(&a->m->calls, a->q->id);
    if (!c || !fits(a->q->tenant, c->row.tenant))
        return 0;
    int r = put_call(a, &c->row, true);
    if (r == 0)
        r = put_events_around(a, &c->row);
    if (r == 0)
        jw_object_end(&a->w);
    return r;
}

/* --- sums -----------------------------------------------------------------------------------------------------------
 */

/* Rows by a key of ours, in the order in which they were made. */
struct groups {
    struct map by_key;
    void **rows;
    size_t n, cap;
};

static void *group_at(struct groups *g, struct str key, size_t row_bytes, bool *ret_is_new)
{
    void *row = map_get(&g->by_key, key);
    *ret_is_new = !row;
    if (row)
        return row;
    if (g->n == g->cap) {
        g->cap = g->cap ? 2 * g->cap : 64;
        void **p = realloc(g->rows, g->cap * sizeof *p);
        check(p != NULL);
        g->rows = p;
    }
    row = calloc(1, row_bytes);
    check(row != NULL && map_put(&g->by_key, key, row, NULL) == 0);
    g->rows[g->n++] = row;
    return row;
}

static void groups_deinit(struct groups *g)
{
    for (size_t i = 0; i < g->n; i++)
        free(g->rows[i]);
    free(g->rows);
    map_deinit(&g->by_key);
}

static struct str key_of(struct arena *a, const struct str *parts, size_t n)
{
    struct str key = STR("");
    for (size_t i = 0; i < n; i++) {
        char *p = arena_alloc(a, key.n + parts[i].n + 1);
        memcpy(p, key.p, key.n);
        if (parts[i].n)
            memcpy(p + key.n, parts[i].p, parts[i].n);
        key = (struct str){p, key.n + parts[i].n + 1};
    }
    return key;
}

static int add_to_run(struct asking *a, struct groups *g, const struct call_row *c)
{
    bool is_new;
    arena_reset(a->arena);
    const struct str parts[] = {c->run_id, c->agent, c->tenant};
    struct run_row *r = group_at(g, key_of(a->arena, parts, 3), sizeof *r, &is_new);
    if (is_new)
        *r = (struct run_row){c->run_id,     c->agent,      c->tenant,   ROLLUP_NONE,
                              c->started_at, c->started_at, c->open_seq, c->open_seq};
    r->first_at = c->started_at < r->first_at ? c->started_at : r->first_at;
    r->last_at = c->started_at > r->last_at ? c->started_at : r->last_at;
    r->last_seq = c->open_seq;
    struct rollup one = rollup_of(c);
    return rollup_add(&r->sum, &one);
}

static int by_last_seq(const void *x, const void *y)
{
    const struct run_row *a = *(struct run_row *const *)x, *b = *(struct run_row *const *)y;
    return (a->last_seq < b->last_seq) - (a->last_seq > b->last_seq);
}

static bool run_fits(const struct query *q, const struct run_row *r)
{
    return (q->before_seq == 0 || r->last_seq < q->before_seq) && (q->since == 0 || r->last_at >= q->since) &&
           (q->until == 0 || r->first_at < q->until);
}

static int ask_runs(struct asking *a)
{
    struct groups g = {0};
    int r = 0;
    map_init(&g.by_key, GROUPS_MAX, NULL);
    for (size_t i = 0; i < a->m->n && r == 0; i++) {
        const struct memory_call *c = a->m->entries[i].call;
        if (c && fits(a->q->run, c->row.run_id) && fits(a->q->agent, c->row.agent) && fits(a->q->tenant, c->row.tenant))
            r = add_to_run(a, &g, &c->row);
    }
    if (g.n)
        qsort(g.rows, g.n, sizeof *g.rows, by_last_seq);
    for (size_t i = 0; i < g.n && a->rows_left > 0 && r == 0; i++) {
        if (!run_fits(a->q, g.rows[i]))
            continue;
        a->rows_left--;
        render_run(&a->w, g.rows[i]);
    }
    groups_deinit(&g);
    return r;
}

static int add_to_spend(struct asking *a, struct groups *g, const struct call_row *c)
{
    bool is_new;
    struct spend_row row = {.sum = ROLLUP_NONE};
    if (spend_is_by(a->q, SPEND_BY_DAY))
        row.day = wall_day_start(c->started_at);
#define SPEND_BY(name, member) \
    if (spend_is_by(a->q, SPEND_BY_##name)) \
        row.member = c->member;
#include "call/spend_by.tbl.h"
#undef SPEND_BY
    const struct str parts[] = {
        {(const char *)&row.day, sizeof row.day},
#define SPEND_BY(name, member) row.member,
#include "call/spend_by.tbl.h"
#undef SPEND_BY
    };
    arena_reset(a->arena);
    struct spend_row *s = group_at(g, key_of(a->arena, parts, SPEND_BY_COUNT), sizeof *s, &is_new);
    if (is_new)
        *s = row;
    struct rollup one = rollup_of(c);
    return rollup_add(&s->sum, &one);
}

static int by_day_and_names(const void *x, const void *y)
{
    const struct spend_row *a = *(struct spend_row *const *)x, *b = *(struct spend_row *const *)y;
    int r = (a->day < b->day) - (a->day > b->day);
#define SPEND_BY(name, member) \
    if (r == 0) \
        r = str_cmp(a->member, b->member);
#include "call/spend_by.tbl.h"
#undef SPEND_BY
    return r;
}

/* since and until count whole days. */
static bool day_fits(const struct query *q, wall_t at)
{
    wall_t day = wall_day_start(at);
    return (q->since == 0 || day >= wall_day_start(q->since)) && (q->until == 0 || day < q->until);
}

static int ask_spend(struct asking *a)
{
    struct groups g = {0};
    int r = 0;
    map_init(&g.by_key, GROUPS_MAX, NULL);
    for (size_t i = 0; i < a->m->n && r == 0; i++) {
        const struct memory_call *c = a->m->entries[i].call;
        if (c && call_row_fits(a->q, &c->row) && day_fits(a->q, c->row.started_at))
            r = add_to_spend(a, &g, &c->row);
    }
    if (g.n)
        qsort(g.rows, g.n, sizeof *g.rows, by_day_and_names);
    for (size_t i = 0; i < g.n && a->rows_left > 0 && r == 0; i++, a->rows_left--)
        render_spend(&a->w, g.rows[i]);
    groups_deinit(&g);
    return r;
}

static int ask_counters(struct asking *a)
{
    size_t n;
    struct tally_row **rows = tally_sorted(&a->m->counters, &n);
    for (size_t i = 0; i < n && a->rows_left > 0; i++) {
        if (!fits(a->q->id, rows[i]->counter))
            continue;
        a->rows_left--;
        render_counter(&a->w, rows[i]);
    }
    free(rows);
    return 0;
}

/* --- events, policies, single things ---------------------------------------------------------------------------------
 */

static int ask_events(struct asking *a)
{
    int r = 0;
    for (size_t i = a->m->n; i > 0 && a->rows_left > 0 && r == 0; i--) {
        const struct memory_entry *e = &a->m->entries[i - 1];
        if (e->frame.kind != FRAME_EVENT || !event_row_fits(a->q, &e->event) ||
            !place_fits(a->q, e->frame.seq, e->frame.at))
            continue;
        a->rows_left--;
        r = put_event(a, &e->frame);
    }
    return r;
}

static int ask_policies(struct asking *a)
{
    int r = 0;
    for (size_t i = a->m->n; i > 0 && a->rows_left > 0 && r == 0; i--) {
        const struct memory_entry *e = &a->m->entries[i - 1];
        if (!e->event.is_policy || !fits(a->q->id, e->event.id))
            continue;
        const struct memory_state *s = map_get(&a->m->states, memory_key(a->m, e->event.kind, e->event.id));
        bool is_active = s && s->seq == e->frame.seq && !s->is_over;
        a->rows_left--;
        arena_reset(a->arena);
        r = render_policy(a->arena, &a->w, e->frame.seq, e->frame.at, e->frame.body, is_active, a->q->id.n > 0);
    }
    return r;
}

static int by_scope(const void *x, const void *y)
{
    const struct memory_object *a = *(struct memory_object *const *)x, *b = *(struct memory_object *const *)y;
    return str_cmp(a->full.scope, b->full.scope);
}

static int ask_object(struct asking *a)
{
    struct memory_object **found = calloc(a->m->objects.n + 1, sizeof *found);
    struct str key, scope = object_scope(a->q->scope);
    size_t i = 0, n = 0;
    void *o;
    check(found != NULL);
    while (map_next(&a->m->objects, &i, &key, &o)) {
        struct memory_object *object = o;
        if (str_eq(object->full.object.id, a->q->id) && fits(scope, object->full.scope))
            found[n++] = object;
    }
    qsort(found, n, sizeof *found, by_scope);
    for (i = 0; i < n && a->rows_left > 0; i++, a->rows_left--)
        render_object(&a->w, &found[i]->full);
    free(found);
    return 0;
}

static int ask_idempotency(struct asking *a)
{
    const struct memory_idempotency *i = map_get(&a->m->idempotency, memory_key(a->m, a->q->scope, a->q->id));
    if (!i)
        return 0;
    struct idempotency_row row = {i->scope, i->key, i->body, i->at, &memory_entry(a->m, i->open_seq)->call->row};
    render_idempotency(&a->w, &row);
    return 0;
}

static int ask_audit(struct asking *a)
{
    for (uint64_t seq = a->q->after_seq + 1; seq <= a->m->n && a->rows_left > 0; seq++, a->rows_left--) {
        const struct frame *f = &memory_entry(a->m, seq)->frame;
        render_frame(&a->w, f, f->personal.n > 0);
    }
    return 0;
}

static int ask_find(struct asking *a) { return memory_find(a->m, a->arena, a->q, &a->w); }
/* --- the feed -------------------------------------------------------------------------------------------------------
 */

static int source_frame(void *ctx, uint64_t seq, struct frame *ret)
{
    struct memory *m = ctx;
    if (seq == 0 || seq > m->n)
        return err_trace(-ERR_CORRUPT);
    *ret = memory_entry(m, seq)->frame;
    return 0;
}

static int source_first_close(void *ctx, uint64_t open_seq, uint64_t *ret_seq)
{
    struct memory *m = ctx;
    const struct memory_call *c = memory_entry(m, open_seq)->call;
    if (!c)
        return err_trace(-ERR_CORRUPT);
    *ret_seq = c->row.close_seq;
    return 0;
}

static int ask_feed(struct asking *a)
{
    struct feed_source from = {source_frame, source_first_close, a->m};
    struct feed_rows f;
    int r = 0;
    feed_rows_init(&f, a->arena, a->q, &a->w, &from);
    for (uint64_t seq = a->q->after_seq + 1; seq <= a->m->n && r == 0; seq++)
        r = feed_rows_add(&f, &memory_entry(a->m, seq)->frame);
    feed_rows_end(&f);
    return r < 0 ? r : 0;
}

/* --- for those who follow along ----------------------------------------------------------------------------------- */

/* The call that this frame ended; NULL: none. */
static const struct call_row *ended_by(struct asking *a, const struct memory_entry *e)
{
    struct call_close close;
    if (e->frame.kind == FRAME_OPEN)
        return e->call->row.ended_at && !e->call->row.close_seq ? &e->call->row : NULL;
    arena_reset(a->arena);
    if (e->frame.kind != FRAME_CLOSE || frame_read_close(a->arena, &e->frame, &close) < 0)
        return NULL;
    const struct memory_call *c = memory_entry(a->m, close.open_seq)->call;
    return c && c->row.close_seq == e->frame.seq ? &c->row : NULL;
}

static struct str open_body_of(void *ctx, struct str call_id)
{
    const struct memory *m = ctx;
    const struct memory_call *c = map_get(&m->calls, call_id);
    return c ? m->entries[c->row.open_seq - 1].frame.body : STR_NONE;
}

static int ask_ended(struct asking *a)
{
    uint64_t seq = a->q->after_seq;
    int r = 0;
    while (seq < a->m->n && a->rows_left > 0 && r == 0) {
        const struct call_row *row = ended_by(a, memory_entry(a->m, ++seq));
        if (!row)
            continue;
        a->rows_left--;
        struct call_texts t = memory_texts(a->m, row);
        arena_reset(a->arena);
        r = render_ended(a->arena, &a->w, &t, open_body_of, a->m);
    }
    render_seen(&a->w, seq);
    return r;
}

static int by_last_seq_upwards(const void *x, const void *y)
{
    return by_last_seq(y, x);
}

static int ask_quiet_runs(struct asking *a)
{
    struct groups g = {0};
    int r = 0;
    map_init(&g.by_key, GROUPS_MAX, NULL);
    for (size_t i = 0; i < a->m->n && r == 0; i++)
        if (a->m->entries[i].call)
            r = add_to_run(a, &g, &a->m->entries[i].call->row);
    if (g.n)
        qsort(g.rows, g.n, sizeof *g.rows, by_last_seq_upwards);
    for (size_t i = 0; i < g.n && a->rows_left > 0 && r == 0; i++) {
        const struct run_row *row = g.rows[i];
        if (row->last_seq <= a->q->after_seq)
            continue;
        if (a->q->until && row->last_at >= a->q->until)
            break;
        a->rows_left--;
        render_quiet_run(&a->w, row, memory_entry(a->m, row->last_seq)->call->row.ended_at);
    }
    groups_deinit(&g);
    return r;
}

static int ask_customer(struct asking *a)
{
    return memory_ask_customer(a->m, a->arena, a->q, &a->w);
}

static int ask_bodies(struct asking *a)
{
    memory_ask_bodies(a->m, a->q, &a->w);
    return 0;
}

static int ask_body_text(struct asking *a) { return memory_ask_body_text(a->m, a->q, &a->w); }

static int ask_marks(struct asking *a)
{
    struct str name;
    void *seq;
    for (size_t i = 0; map_next(&a->m->marks, &i, &name, &seq);)
        render_mark(&a->w, name, *(const uint64_t *)seq);
    return 0;
}

int memory_ask(struct store_reader *reader, const struct query *q, struct buf *ret_json)
{
    static int (*const ASK[QUERY_COUNT])(struct asking *a) = {
        [QUERY_CALLS] = ask_calls,       [QUERY_CALL] = ask_call,         [QUERY_RUNS] = ask_runs,
        [QUERY_RUN] = ask_run,           [QUERY_SPEND] = ask_spend,       [QUERY_COUNTERS] = ask_counters,
        [QUERY_EVENTS] = ask_events,     [QUERY_POLICIES] = ask_policies, [QUERY_OBJECT] = ask_object,
        [QUERY_IDEMPOTENCY] = ask_idempotency, [QUERY_AUDIT] = ask_audit, [QUERY_RUN_SUM] = ask_run_sum,
        [QUERY_FIND] = ask_find,
        [QUERY_ENDED] = ask_ended,       [QUERY_QUIET_RUNS] = ask_quiet_runs, [QUERY_MARKS] = ask_marks,
        [QUERY_POLLS] = ask_polls,       [QUERY_DUPLICATES] = ask_duplicates,
        [QUERY_FEED] = ask_feed,
        [QUERY_CUSTOMER] = ask_customer,
        [QUERY_BODIES] = ask_bodies,     [QUERY_BODY_TEXT] = ask_body_text,
    };
    check((size_t)q->kind < QUERY_COUNT);
    struct asking a = {.m = reader->m, .arena = &reader->arena, .q = q, .rows_left = query_rows(q)};
    jw_init(&a.w, ret_json);
    jw_array(&a.w);
    pthread_mutex_lock(&reader->m->lock);
    int r = ASK[q->kind](&a);
    pthread_mutex_unlock(&reader->m->lock);
    jw_array_end(&a.w);
    arena_reset(&reader->arena);
    return r < 0 ? r : err_trace(buf_ok(ret_json));
}
