/*
 * store/replay.c - a fold over the journal's tail, which starts from what the store has.
 */
#include "store/replay.h"

#include "base/check.h"
#include "base/err.h"
#include "base/list.h"
#include "store/tally.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define LIVE_MAX ((size_t)1 << 32)

/* A call that is open, or holds something. One allocation: parts and texts stand behind it. */
struct live {
    uint64_t open_seq;
    bool is_closed;
    size_t n_limits, n;
    struct str body, personal;
    struct part {
        size_t i;
        struct tally_row *row; /* NULL: its bucket was erased */
        int64_t left;
    } parts[];
};

/* A key, a policy, a stop, as its last event left it. */
struct state {
    uint64_t order; /* of the event that set it */
    struct str kind, body, personal;
    bool is_over;
    wall_t over_at;
};

/* A run of a tree that another began; its texts stand behind it. */
struct link {
    struct list node;
    struct run_link_row row;
};

struct replay {
    struct arena arena; /* empty between rows */
    struct tally counters;
    struct map live;   /* open_seq -> struct live */
    struct map states; /* kind 0x00 id -> struct state */
    uint64_t n_states; /* set so far */
    struct list links; /* struct link, oldest first; a run may come twice, to say the same */
};

static struct str seq_key(const uint64_t *seq)
{
    return (struct str){(const char *)seq, sizeof *seq};
}

/* --- calls ------------------------------------------------------------------------------------------------------ */

static bool is_live(const struct live *l)
{
    bool holds = !l->is_closed;
    for (size_t i = 0; i < l->n && !holds; i++)
        holds = l->parts[i].left != 0;
    return holds;
}

static void live_drop(struct replay *r, struct live *l)
{
    struct live *was = map_remove(&r->live, seq_key(&l->open_seq));
    check(was == l);
    free(l);
}

/* `left`: one a limit of the body; NULL: all of it. */
static int live_add(struct replay *r, const struct frame *f, const struct call_open *o, const int64_t *left,
                    struct live **ret)
{
    struct live *l = calloc(1, sizeof *l + o->n_holds * sizeof l->parts[0] + f->body.n + f->personal.n);
    if (!l)
        return err_trace(-ERR_NOMEM);
    char *p = (char *)&l->parts[o->n_holds];
    l->open_seq = f->seq;
    l->n_limits = o->n_limits;
    l->body = str_put(&p, f->body);
    l->personal = str_put(&p, f->personal);
    int e = map_put(&r->live, seq_key(&l->open_seq), l, NULL);
    if (e < 0) {
        free(l);
        return err_trace(e);
    }
    for (size_t k = 0; k < o->n_holds; k++) {
        const struct hold_row *h = &o->holds[k];
        struct tally_row *row = h->bucket.n ? tally_at(&r->counters, h) : NULL;
        if (h->bucket.n && !row)
            return err_trace(-ERR_NOMEM);
        l->parts[l->n++] = (struct part){h->i, row, left ? left[h->i] : h->n};
    }
    *ret = l;
    return 0;
}

static int link_add(struct replay *r, const struct call_open *o)
{
    if (!call_open_is_linked(o))
        return 0;
    struct link *l = calloc(1, sizeof *l + o->tenant.n + o->run_id.n + o->root_run_id.n);
    if (!l)
        return err_trace(-ERR_NOMEM);
    char *p = (char *)(l + 1);
    l->row.tenant = str_put(&p, o->tenant);
    l->row.run_id = str_put(&p, o->run_id);
    l->row.root_run_id = str_put(&p, o->root_run_id);
    list_add_tail(&r->links, &l->node);
    return 0;
}

static int on_open_frame(struct replay *r, const struct frame *f)
{
    struct call_open o;
    struct live *l;
    int e = frame_read_open(&r->arena, f, &o);
    if (e == 0)
        e = link_add(r, &o);
    if (e < 0 || o.ended_at != 0)
        return e;
    e = live_add(r, f, &o, NULL, &l);
    for (size_t i = 0; e == 0 && i < l->n; i++)
        e = l->parts[i].row ? tally_add(l->parts[i].row, 0, l->parts[i].left) : err_trace(-ERR_CORRUPT);
    return e;
}

static int on_move(struct replay *r, const struct move_row *m)
{
    struct live *l = map_get(&r->live, seq_key(&m->of));
    for (size_t i = 0; l && i < l->n; i++) {
        if (l->parts[i].i != m->i)
            continue;
        if (!l->parts[i].row)
            return REPLAY_R_UNKNOWN;
        l->parts[i].left -= m->released;
        return tally_add(l->parts[i].row, m->settled, -m->released);
    }
    return l ? err_trace(-ERR_CORRUPT) : REPLAY_R_UNKNOWN;
}

static int on_close_frame(struct replay *r, const struct frame *f)
{
    struct call_close c;
    int e = frame_read_close(&r->arena, f, &c);
    if (e < 0)
        return e;
    struct live *l = map_get(&r->live, seq_key(&c.open_seq));
    if (l)
        l->is_closed = true;
    for (size_t i = 0; e == 0 && i < c.n_moves; i++)
        e = on_move(r, &c.moves[i]);
    for (size_t i = 0; e == 0 && i < c.n_moves; i++) {
        struct live *of = map_get(&r->live, seq_key(&c.moves[i].of));
        if (of && !is_live(of))
            live_drop(r, of);
        if (of == l)
            l = map_get(&r->live, seq_key(&c.open_seq));
    }
    if (e == 0 && l && !is_live(l))
        live_drop(r, l);
    return e;
}

/* --- states ----------------------------------------------------------------------------------------------------- */

static struct str state_key(struct replay *r, struct str kind, struct str id)
{
    return arena_join(&r->arena, (const struct str[]){kind, {"", 1}, id}, 3);
}

static int state_set(struct replay *r, const struct event_row *e, const struct frame *f, struct state **ret)
{
    void *old = NULL;
    struct state *s = calloc(1, sizeof *s + e->kind.n + f->body.n + f->personal.n);
    if (!s)
        return err_trace(-ERR_NOMEM);
    char *p = (char *)(s + 1);
    s->order = r->n_states++;
    s->kind = str_put(&p, e->kind);
    s->body = str_put(&p, f->body);
    s->personal = str_put(&p, f->personal);
    int x = map_put(&r->states, state_key(r, e->kind, e->id), s, &old);
    if (x < 0) {
        free(s);
        return err_trace(x);
    }
    free(old);
    *ret = s;
    return 0;
}

static int on_event_frame(struct replay *r, const struct frame *f)
{
    struct event_row e;
    struct state *s;
    int x = frame_read_event(&r->arena, f, &e);
    if (x < 0 || e.does == EVENT_NOTHING)
        return x;
    if (e.does == EVENT_SETS)
        return state_set(r, &e, f, &s);
    s = map_get(&r->states, state_key(r, e.kind, e.id));
    if (s) {
        s->is_over = true;
        s->over_at = e.at;
    }
    return 0;
}

/* --- what the store has ----------------------------------------------------------------------------------------- */

static int on_counter(void *ctx, const struct counter_row *c)
{
    struct replay *r = ctx;
    const struct hold_row at = {
        .counter = c->counter, .bucket = c->bucket, .window = c->window, .window_start = c->window_start};
    struct tally_row *row = tally_at(&r->counters, &at);
    return row ? tally_add(row, c->settled, c->held) : err_trace(-ERR_NOMEM);
}

static int on_open(void *ctx, const struct open_row *row)
{
    struct replay *r = ctx;
    const struct frame f = {.kind = FRAME_OPEN, .seq = row->open_seq, .body = row->body, .personal = row->personal};
    struct call_open o;
    struct live *l;
    arena_reset(&r->arena);
    int e = frame_read_open(&r->arena, &f, &o);
    if (e == 0 && o.n_limits != row->n_left)
        e = err_trace(-ERR_CORRUPT);
    if (e == 0)
        e = live_add(r, &f, &o, row->left, &l);
    if (e == 0)
        l->is_closed = row->is_closed;
    return e;
}

static int on_state(void *ctx, const struct state_row *row)
{
    struct replay *r = ctx;
    const struct frame f = {.kind = FRAME_EVENT, .body = row->body, .personal = row->personal};
    struct event_row e;
    struct state *s;
    arena_reset(&r->arena);
    int x = frame_read_event(&r->arena, &f, &e);
    if (x == 0)
        x = state_set(r, &e, &f, &s);
    if (x == 0) {
        s->is_over = row->is_over;
        s->over_at = row->over_at;
    }
    return x;
}

int replay_new(struct store *store, wall_t since, struct replay **ret)
{
    struct replay *r = calloc(1, sizeof *r);
    if (!r)
        return err_trace(-ERR_NOMEM);
    const struct store_loader from = {on_counter, on_open, on_state, r};
    arena_init(&r->arena, ARENA_BYTES_MAX);
    tally_init(&r->counters);
    map_init(&r->live, LIVE_MAX, NULL);
    map_init(&r->states, LIVE_MAX, NULL);
    list_init(&r->links);
    int e = store->ops->load(store, since, &from);
    if (e < 0) {
        replay_free(r);
        return e;
    }
    *ret = r;
    return 0;
}

int replay_frame(struct replay *r, const struct frame *f)
{
    arena_reset(&r->arena);
    if (f->kind == FRAME_OPEN)
        return on_open_frame(r, f);
    return f->kind == FRAME_CLOSE ? on_close_frame(r, f) : on_event_frame(r, f);
}

/* --- load ------------------------------------------------------------------------------------------------------- */

/* All values of a map, to be sorted; the array is the caller's (free). NULL when there are none. */
static void **values_of(const struct map *m)
{
    size_t i = 0, n = 0;
    struct str key;
    void **all = m->n ? calloc(m->n, sizeof *all) : NULL;
    check(all || m->n == 0);
    while (n < m->n && map_next(m, &i, &key, &all[n]))
        n++;
    return all;
}

static int by_order(const void *a, const void *b)
{
    const struct state *x = *(struct state *const *)a, *y = *(struct state *const *)b;
    return (x->order > y->order) - (x->order < y->order);
}

static int by_seq(const void *a, const void *b)
{
    const struct live *x = *(struct live *const *)a, *y = *(struct live *const *)b;
    return (x->open_seq > y->open_seq) - (x->open_seq < y->open_seq);
}

static int load_states(struct replay *r, const struct store_loader *to)
{
    struct state **all = (struct state **)values_of(&r->states);
    int x = 0;
    if (all)
        qsort(all, r->states.n, sizeof *all, by_order);
    for (size_t i = 0; i < r->states.n && x == 0; i++) {
        const struct state_row row = {all[i]->kind, all[i]->body, all[i]->personal, all[i]->is_over, all[i]->over_at};
        x = to->on_state(to->ctx, &row);
    }
    free(all);
    return x;
}

static int load_counters(struct replay *r, wall_t now, const struct store_loader *to)
{
    size_t i = 0;
    int x = 0;
    for (struct tally_row *row; x == 0 && (row = tally_next(&r->counters, &i));) {
        const struct counter_row c = {row->counter,      row->bucket,  row->window,
                                      row->window_start, row->settled, row->held};
        if (row->held != 0 || !window_is_past(row->window, row->window_start, now))
            x = to->on_counter(to->ctx, &c);
    }
    return x;
}

static int load_live(struct replay *r, const struct live *l, const struct store_loader *to)
{
    arena_reset(&r->arena);
    int64_t *left = arena_alloc(&r->arena, (l->n_limits + 1) * sizeof *left);
    for (size_t i = 0; i < l->n; i++)
        left[l->parts[i].i] = l->parts[i].left;
    const struct open_row row = {l->open_seq, l->body, l->personal, l->is_closed, left, l->n_limits};
    return to->on_open(to->ctx, &row);
}

static int load_calls(struct replay *r, const struct store_loader *to)
{
    struct live **all = (struct live **)values_of(&r->live);
    int x = 0;
    if (all)
        qsort(all, r->live.n, sizeof *all, by_seq);
    for (size_t i = 0; i < r->live.n && x == 0; i++)
        x = load_live(r, all[i], to);
    free(all);
    return x;
}

int replay_load(struct replay *r, wall_t now, const struct store_loader *to)
{
    int x = load_states(r, to);
    if (x == 0)
        x = load_counters(r, now, to);
    return x == 0 ? load_calls(r, to) : x;
}

int replay_links(const struct replay *r, int (*on_link)(void *ctx, const struct run_link_row *l), void *ctx)
{
    list_each(n, &r->links) {
        int x = on_link(ctx, &list_entry(n, struct link, node)->row);
        if (x < 0)
            return x;
    }
    return 0;
}

static void free_values(struct map *m)
{
    size_t i = 0;
    struct str key;
    void *v;
    while (map_next(m, &i, &key, &v))
        free(v);
    map_deinit(m);
}

void replay_free(struct replay *r)
{
    if (!r)
        return;
    list_each_safe(n, tmp, &r->links)
        free(list_entry(n, struct link, node));
    free_values(&r->live);
    free_values(&r->states);
    tally_deinit(&r->counters);
    arena_deinit(&r->arena);
    free(r);
}
