/*
 * store/memory/store_memory.c - the store in memory: apply, load and rebuild.
 *
 * The plainest thing that is right: it keeps every frame and what each call has become, and sums up when it is asked.
 * Nothing but bodies is given back before the store is.
 */
#include "store/memory/store_memory.h"

#include "base/check.h"
#include "base/err.h"
#include "store/memory/memory_impl.h"
#include "store/rebuild.h"

#include <stdlib.h>
#include <string.h>

#define STORE_BYTES_MAX ((size_t)1 << 40)
#define INDEX_MAX ((size_t)1 << 32)

struct str memory_key(struct memory *m, struct str a, struct str b)
{
    char *p = arena_alloc(&m->arena, a.n + 1 + b.n);
    if (a.n)
        memcpy(p, a.p, a.n);
    if (b.n)
        memcpy(p + a.n + 1, b.p, b.n);
    return (struct str){p, a.n + 1 + b.n};
}

/* --- apply ---------------------------------------------------------------------------------------------------------
 */

static struct memory_entry *entry_add(struct memory *m, const struct frame *f)
{
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 256;
        struct memory_entry *p = realloc(m->entries, cap * sizeof *p);
        check(p != NULL);
        m->entries = p;
        m->cap = cap;
    }
    struct memory_entry *e = &m->entries[m->n++];
    *e = (struct memory_entry){.frame = *f};
    e->frame.body = arena_str(&m->arena, f->body);
    e->frame.personal = f->personal.n ? arena_str(&m->arena, f->personal) : STR_NONE;
    return e;
}

static int index_idempotency(struct memory *m, const struct frame *f, const struct call_open *o)
{
    if (o->idempotency_digest.n == 0 || o->ended_at != 0 || o->shares.n > 0)
        return 0;
    struct memory_idempotency *i = arena_alloc(&m->arena, sizeof *i);
    *i = (struct memory_idempotency){o->idempotency_scope, o->idempotency_digest, o->idempotency_body, f->at, f->seq};
    return map_put(&m->idempotency, memory_key(m, i->scope, i->key), i, NULL);
}

static int index_link(struct memory *m, struct memory_call *c, const struct call_open *o)
{
    struct str key = memory_key(m, o->run_id, o->tenant);
    if (!call_open_is_linked(o) || map_get(&m->links, key))
        return 0;
    c->link = (struct run_link_row){o->tenant, o->run_id, o->root_run_id};
    return map_put(&m->links, key, c, NULL);
}

static int apply_open(struct memory *m, struct memory_entry *e)
{
    struct call_open o;
    int r = frame_read_open(&m->arena, &e->frame, &o);
    if (r < 0)
        return r;
    if (map_get(&m->calls, o.call_id))
        return err_trace(-ERR_CORRUPT);
    struct memory_call *c = arena_alloc(&m->arena, sizeof *c);
    call_row_open(&c->row, &e->frame, &o);
    c->holds = o.holds;
    c->n_holds = o.n_holds;
    c->n_limits = o.n_limits;
    c->left = arena_alloc(&m->arena, (o.n_limits + 1) * sizeof *c->left);
    for (size_t i = 0; i < o.n_holds && r == 0; i++) {
        struct tally_row *row = tally_at(&m->counters, &o.holds[i]);
        c->left[o.holds[i].i] = o.holds[i].n;
        r = row ? tally_add(row, 0, o.holds[i].n) : err_trace(-ERR_NOMEM);
    }
    if (r == 0)
        r = map_put(&m->calls, o.call_id, c, NULL);
    if (r == 0)
        r = index_idempotency(m, &e->frame, &o);
    if (r == 0)
        r = index_link(m, c, &o);
    e->call = c;
    return r;
}

static struct memory_call *call_of(struct memory *m, uint64_t open_seq)
{
    return open_seq >= 1 && open_seq <= m->n ? memory_entry(m, open_seq)->call : NULL;
}

static int apply_move(struct memory *m, const struct move_row *move)
{
    struct memory_call *c = call_of(m, move->of);
    for (size_t i = 0; c && i < c->n_holds; i++) {
        if (c->holds[i].i != move->i)
            continue;
        c->left[move->i] -= move->released;
        return tally_add(tally_at(&m->counters, &c->holds[i]), move->settled, -move->released);
    }
    return err_trace(-ERR_CORRUPT); /* a move of what was never held */
}

static void set_if(struct str *to, struct str from)
{
    if (from.n)
        *to = from;
}

static int index_object(struct memory *m, const struct call_row *call, const struct object_row *o)
{
    if (o->id.n == 0)
        return 0;
    struct str scope = arena_printf(&m->arena, STR_FMT "/" STR_FMT, STR_ARG(call->vendor), STR_ARG(call->mode));
    struct str key = memory_key(m, o->id, scope);
    struct memory_object *old = map_get(&m->objects, key);
    if (!old) {
        old = arena_alloc(&m->arena, sizeof *old);
        old->full = (struct object_full){scope,        *o,           call->agent,   call->key,
                                         call->run_id, call->call_id, call->open_seq};
        return map_put(&m->objects, key, old, NULL);
    }
    set_if(&old->full.object.type, o->type);
    set_if(&old->full.object.customer, o->customer);
    set_if(&old->full.object.parent, o->parent);
    if (o->is_created && !old->full.object.is_created) {
        old->full.object.is_created = true;
        old->full.agent = call->agent;
        old->full.key = call->key;
        old->full.run_id = call->run_id;
        old->full.call_id = call->call_id;
        old->full.open_seq = call->open_seq;
    }
    return 0;
}

static int apply_close(struct memory *m, struct memory_entry *e)
{
    struct call_close close;
    int r = frame_read_close(&m->arena, &e->frame, &close);
    if (r < 0)
        return r;
    struct memory_call *c = call_of(m, close.open_seq);
    if (!c)
        return err_trace(-ERR_CORRUPT);
    call_row_close(&c->row, &e->frame, &close);
    for (size_t i = 0; i < close.n_moves && r == 0; i++)
        r = apply_move(m, &close.moves[i]);
    for (size_t i = 0; i < close.n_objects && r == 0; i++)
        r = index_object(m, &c->row, &close.objects[i]);
    return r;
}

static int apply_event(struct memory *m, struct memory_entry *e)
{
    int r = frame_read_event(&m->arena, &e->frame, &e->event);
    if (r < 0 || e->event.does == EVENT_NOTHING)
        return r;
    struct str key = memory_key(m, e->event.kind, e->event.id);
    struct memory_state *s = map_get(&m->states, key);
    if (!s) {
        s = arena_alloc(&m->arena, sizeof *s);
        r = map_put(&m->states, key, s, NULL);
    }
    if (e->event.does == EVENT_SETS) {
        *s = (struct memory_state){.seq = e->frame.seq};
    } else {
        s->is_over = true;
        s->over_at = e->frame.at;
    }
    return r;
}

static int apply_one(struct memory *m, const struct frame *f)
{
    struct memory_entry *e = entry_add(m, f);
    if (f->kind == FRAME_OPEN)
        return apply_open(m, e);
    return f->kind == FRAME_CLOSE ? apply_close(m, e) : apply_event(m, e);
}

/* A bad frame leaves the store as it is then: it is for tests, and has nothing to recover from. */
static int memory_apply(struct store *s, const struct frame *frames, size_t n)
{
    struct memory *m = (struct memory *)s;
    int r = 0;
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < n && r == 0; i++) {
        if (frames[i].seq <= m->n)
            continue;
        r = frames[i].seq == m->n + 1 ? apply_one(m, &frames[i]) : err_trace(-ERR_CORRUPT);
    }
    pthread_mutex_unlock(&m->lock);
    return r;
}

static uint64_t memory_position(struct store *s, uint8_t ret_chain[CHAIN_BYTES], uint32_t *ret_epoch)
{
    struct memory *m = (struct memory *)s;
    pthread_mutex_lock(&m->lock);
    uint64_t seq = m->n;
    memset(ret_chain, 0, CHAIN_BYTES);
    *ret_epoch = 0;
    if (seq) {
        memcpy(ret_chain, m->entries[seq - 1].frame.chain, CHAIN_BYTES);
        *ret_epoch = m->entries[seq - 1].frame.epoch;
    }
    pthread_mutex_unlock(&m->lock);
    return seq;
}

static uint64_t memory_durable(struct store *s)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    return memory_position(s, chain, &epoch);
}

/* Every batch is, as far as memory can be. */
static int memory_make_durable(struct store *s)
{
    (void)s;
    return 0;
}

static int memory_mark(struct store *store, struct str name, uint64_t seq)
{
    struct memory *m = (struct memory *)store;
    int r = 0;
    pthread_mutex_lock(&m->lock);
    uint64_t *mark = map_get(&m->marks, name);
    if (!mark) {
        mark = arena_alloc(&m->arena, sizeof *mark);
        r = map_put(&m->marks, name, mark, NULL);
    }
    *mark = seq;
    pthread_mutex_unlock(&m->lock);
    return r;
}

/* --- load ----------------------------------------------------------------------------------------------------------
 */

static int load_counters(struct memory *m, wall_t now, const struct store_loader *to)
{
    size_t i = 0;
    int r = 0;
    for (struct tally_row *row; r == 0 && (row = tally_next(&m->counters, &i));) {
        if (row->held == 0 && window_is_past(row->window, row->window_start, now))
            continue;
        struct counter_row c = {row->counter, row->bucket, row->window, row->window_start, row->settled, row->held};
        r = to->on_counter(to->ctx, &c);
    }
    return r;
}

static bool holds_something(const struct memory_call *c)
{
    for (size_t i = 0; i < c->n_limits; i++)
        if (c->left[i] != 0)
            return true;
    return false;
}

static int load_open(struct memory *m, const struct store_loader *to)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct memory_entry *e = &m->entries[i];
        if (!e->call || (e->call->row.outcome.n > 0 && !holds_something(e->call)))
            continue;
        struct open_row o = {e->frame.seq, e->frame.body,  e->frame.personal, e->call->row.close_seq != 0,
                             e->call->left, e->call->n_limits};
        int r = to->on_open(to->ctx, &o);
        if (r < 0)
            return r;
    }
    return 0;
}

/* In the order in which they were set. */
static int load_states(struct memory *m, const struct store_loader *to)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct memory_entry *e = &m->entries[i];
        if (e->frame.kind != FRAME_EVENT || e->event.does != EVENT_SETS)
            continue;
        const struct memory_state *s = map_get(&m->states, memory_key(m, e->event.kind, e->event.id));
        if (!s || s->seq != e->frame.seq)
            continue;
        struct state_row row = {e->event.kind, e->frame.body, e->frame.personal, s->is_over, s->over_at};
        int r = to->on_state(to->ctx, &row);
        if (r < 0)
            return r;
    }
    return 0;
}

static int memory_load(struct store *s, wall_t now, const struct store_loader *to)
{
    struct memory *m = (struct memory *)s;
    pthread_mutex_lock(&m->lock);
    int r = load_states(m, to);
    if (r == 0)
        r = load_counters(m, now, to);
    if (r == 0)
        r = load_open(m, to);
    pthread_mutex_unlock(&m->lock);
    return r;
}

static int memory_links(struct store *s, size_t n_max, int (*on_link)(void *ctx, const struct run_link_row *l),
                        void *ctx)
{
    struct memory *m = (struct memory *)s;
    int r = 0;
    pthread_mutex_lock(&m->lock);
    size_t n_older = m->links.n > n_max ? m->links.n - n_max : 0;
    for (size_t i = 0; i < m->n && r == 0; i++) {
        const struct memory_call *c = m->entries[i].call;
        if (!c || c->link.run_id.n == 0)
            continue;
        if (n_older > 0)
            n_older--;
        else
            r = on_link(ctx, &c->link);
    }
    pthread_mutex_unlock(&m->lock);
    return r;
}

/* --- rebuild -------------------------------------------------------------------------------------------------------
 */

static int frame_at(void *ctx, uint64_t seq, struct frame *ret)
{
    struct memory *m = ctx;
    if (seq == 0 || seq > m->n)
        return err_trace(-ERR_CORRUPT);
    *ret = memory_entry(m, seq)->frame;
    return 0;
}

static int rebuild_all(struct memory *m, struct rebuild *b, struct json_writer *w, size_t *ret_n)
{
    int r = 0;
    size_t n = 0;
    for (size_t i = 0; i < m->n && r == 0; i++)
        r = rebuild_frame(b, &m->entries[i].frame);
    struct tally_row **rows = tally_sorted(&m->counters, &n);
    for (size_t i = 0; i < n && r == 0; i++)
        r = rebuild_counter(b, rows[i], w);
    free(rows);
    return r == 0 ? rebuild_end(b, w, ret_n) : r;
}

static int memory_rebuild(struct store *s, struct buf *ret_json)
{
    struct memory *m = (struct memory *)s;
    struct rebuild *b;
    struct json_writer w;
    size_t n = 0;
    int r = rebuild_new(frame_at, m, &b);
    if (r < 0)
        return r;
    pthread_mutex_lock(&m->lock);
    jw_init(&w, ret_json);
    jw_array(&w);
    r = rebuild_all(m, b, &w, &n);
    jw_array_end(&w);
    pthread_mutex_unlock(&m->lock);
    rebuild_free(b);
    if (r == 0)
        r = buf_ok(ret_json);
    return r < 0 ? r : n ? STORE_R_DIFFERS : 0;
}

/* --- birth and death -----------------------------------------------------------------------------------------------
 */

static int memory_reader_new(struct store *s, struct store_reader **ret)
{
    struct store_reader *r = calloc(1, sizeof *r);
    if (!r)
        return err_trace(-ERR_NOMEM);
    r->m = (struct memory *)s;
    arena_init(&r->arena, STORE_BYTES_MAX);
    *ret = r;
    return 0;
}

static void memory_reader_free(struct store_reader *r)
{
    if (!r)
        return;
    arena_deinit(&r->arena);
    free(r);
}

static void memory_close(struct store *s)
{
    struct memory *m = (struct memory *)s;
    tally_deinit(&m->counters);
    map_deinit(&m->calls);
    map_deinit(&m->states);
    map_deinit(&m->objects);
    map_deinit(&m->idempotency);
    map_deinit(&m->links);
    map_deinit(&m->marks);
    memory_bodies_free(m);
    arena_deinit(&m->arena);
    pthread_mutex_destroy(&m->lock);
    free(m->entries);
    free(m);
}

static int memory_walk(struct store_reader *r, uint64_t after, wall_t since, size_t n_frames,
                       int (*on_frame)(void *ctx, const struct frame *f), void *ctx)
{
    struct memory *m = r->m;
    int result = STORE_R_END;
    pthread_mutex_lock(&m->lock);
    for (uint64_t seq = after + 1; seq <= m->n; seq++) {
        const struct frame *f = &memory_entry(m, seq)->frame;
        if (since && f->at < since)
            continue;
        result = n_frames-- > 0 ? on_frame(ctx, f) : 0;
        if (result != 0 || n_frames == 0)
            break;
        result = STORE_R_END;
    }
    pthread_mutex_unlock(&m->lock);
    return result;
}

static const struct store_ops OPS = {
    .apply = memory_apply,
    .position = memory_position,
    .durable = memory_durable,
    .make_durable = memory_make_durable,
    .mark = memory_mark,
    .keep = memory_keep,
    .erase = memory_erase,
    .erase_pending = memory_erase_pending,
    .erase_scrub = memory_erase_scrub,
    .erase_end = memory_erase_end,
    .load = memory_load,
    .links = memory_links,
    .reader_new = memory_reader_new,
    .ask = memory_ask,
    .walk = memory_walk,
    .reader_free = memory_reader_free,
    .rebuild = memory_rebuild,
    .close = memory_close,
};

int store_memory_new(struct store **ret)
{
    struct memory *m = calloc(1, sizeof *m);
    if (!m)
        return err_trace(-ERR_NOMEM);
    m->store.ops = &OPS;
    pthread_mutex_init(&m->lock, NULL);
    arena_init(&m->arena, STORE_BYTES_MAX);
    tally_init(&m->counters);
    map_init(&m->calls, INDEX_MAX, NULL);
    map_init(&m->states, INDEX_MAX, NULL);
    map_init(&m->objects, INDEX_MAX, NULL);
    map_init(&m->idempotency, INDEX_MAX, NULL);
    map_init(&m->links, INDEX_MAX, NULL);
    map_init(&m->marks, INDEX_MAX, NULL);
    list_init(&m->bodies);
    *ret = &m->store;
    return 0;
}
