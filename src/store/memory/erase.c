/*
 * store/memory/erase.c - the same answers as a store on disk gives after an erasure. What memory still holds goes with
 * the process.
 */
#include "store/erase.h"

#include "store/memory/memory_impl.h"

static bool is_live(const struct memory_call *c)
{
    bool holds = c->row.outcome.n == 0;
    for (size_t i = 0; i < c->n_limits; i++)
        holds |= c->left[i] != 0;
    return holds;
}

/* The call that a frame is of; NULL: of none. */
static struct memory_call *call_of(struct memory *m, struct arena *a, const struct memory_entry *e)
{
    struct call_close close;
    if (e->frame.kind == FRAME_OPEN)
        return e->call;
    arena_reset(a);
    if (e->frame.kind != FRAME_CLOSE || frame_read_close(a, &e->frame, &close) < 0)
        return NULL;
    return memory_entry(m, close.open_seq)->call;
}

static int values(struct memory *m, const struct erasure *what, struct erase_set *set)
{
    struct str key;
    void *v;
    if (what->what == ERASE_RUN || what->what == ERASE_BEFORE)
        return 0;
    int r = erase_set_add(set, what->value);
    for (size_t i = 0; r == 0 && what->what == ERASE_CUSTOMER && map_next(&m->objects, &i, &key, &v);) {
        const struct memory_object *o = v;
        if (str_eq(o->full.object.customer, what->value))
            r = erase_set_add(set, o->full.object.id);
    }
    return r;
}

static bool is_asked_for(const struct erasure *what, const struct erase_set *set, const struct memory_call *c,
                         const struct memory_entry *e)
{
    wall_t before;
    if (what->what == ERASE_RUN)
        return str_eq(c->row.run_id, what->value);
    if (what->what == ERASE_BEFORE) /* again and again: the second time there is nothing */
        return wall_parse(what->value, &before) == 0 && c->row.started_at < before && e->frame.personal.n > 0;
    return erase_set_names(set, e->frame.personal);
}

static int find_calls(struct memory *m, const struct erasure *what, const struct erase_set *set, struct map *calls)
{
    struct arena a;
    int r = 0;
    arena_init(&a, (size_t)1 << 30);
    for (size_t i = 0; i < m->n && r == 0; i++) {
        const struct memory_entry *e = &m->entries[i];
        struct memory_call *c = call_of(m, &a, e);
        if (c && is_asked_for(what, set, c, e))
            r = map_put(calls, c->row.call_id, c, NULL);
    }
    arena_deinit(&a);
    return r;
}

static bool is_in_force(struct memory *m, const struct memory_entry *e)
{
    if (e->event.does != EVENT_SETS || !erase_state_keeps(e->event.kind))
        return false;
    const struct memory_state *s = map_get(&m->states, memory_key(m, e->event.kind, e->event.id));
    return s->seq == e->frame.seq && !s->is_over;
}

static bool event_goes(struct memory *m, struct arena *a, const struct erasure *what, const struct erase_set *set,
                       const struct map *calls, const struct memory_entry *e, struct erased *done)
{
    if (e->frame.kind != FRAME_EVENT || e->frame.personal.n == 0)
        return false;
    if (map_get(calls, erase_event_call(a, &e->frame)))
        return true;
    if (!erase_event_goes(a, what, set, &e->frame))
        return false;
    bool stays = is_in_force(m, e);
    done->in_force += stays;
    return !stays;
}

static void erase_frames(struct memory *m, const struct erasure *what, const struct erase_set *set,
                         struct map *calls, struct erased *done)
{
    struct arena a;
    arena_init(&a, (size_t)1 << 30);
    for (size_t i = 0; i < m->n; i++) {
        struct memory_entry *e = &m->entries[i];
        struct memory_call *c = call_of(m, &a, e);
        bool goes = c ? map_get(calls, c->row.call_id) != NULL : event_goes(m, &a, what, set, calls, e, done);
        if (e->frame.personal.n == 0 || !goes)
            continue;
        done->frames++;
        if (!what->is_dry_run)
            e->frame.personal = STR_NONE;
    }
    arena_deinit(&a);
}

static bool object_goes(struct memory *m, const struct erasure *what, const struct object_full *o)
{
    wall_t before;
    const struct memory_call *c = map_get(&m->calls, o->call_id);
    if (what->what == ERASE_BEFORE)
        return c && wall_parse(what->value, &before) == 0 && c->row.started_at < before;
    return str_eq(what->what == ERASE_RUN ? o->run_id : o->object.customer, what->value);
}

static void erase_objects(struct memory *m, const struct erasure *what, struct erased *done)
{
    struct str key;
    void *v;
    for (size_t i = 0; map_next(&m->objects, &i, &key, &v);) {
        const struct memory_object *o = v;
        if (!object_goes(m, what, &o->full))
            continue;
        done->objects++;
        if (!what->is_dry_run)
            (void)map_remove(&m->objects, key);
    }
}

static void keep_live(struct map *calls, struct map *kept, struct erased *done)
{
    struct str key;
    void *c;
    for (size_t i = 0; map_next(calls, &i, &key, &c);) {
        if (!is_live(c))
            continue;
        done->kept++;
        (void)map_put(kept, key, c, NULL); /* it had room among the others */
        (void)map_remove(calls, key);
    }
    done->calls = (int64_t)calls->n;
}

struct body_erasing {
    const struct erasure *what;
    const struct erase_set *set;
    struct map *calls, *kept;
};

static bool body_goes(void *ctx, const struct kept_body *b)
{
    const struct body_erasing *e = ctx;
    wall_t before;
    if (map_get(e->calls, b->call_id) || map_get(e->kept, b->call_id))
        return true;
    switch (e->what->what) {
    case ERASE_RUN:
        return str_eq(b->run_id, e->what->value);
    case ERASE_BEFORE:
        return wall_parse(e->what->value, &before) == 0 && b->at < before;
    default:
        return erase_set_names(e->set, b->content);
    }
}

int memory_erase(struct store *store, const struct erasure *what, struct erased *ret)
{
    struct memory *m = (struct memory *)store;
    struct erased done = {0};
    struct erase_set set;
    struct map calls, kept;
    erase_set_init(&set);
    map_init(&kept, ERASE_VALUES_MAX, NULL);
    map_init(&calls, ERASE_VALUES_MAX, NULL);
    pthread_mutex_lock(&m->lock);
    int r = values(m, what, &set);
    if (r == 0)
        r = find_calls(m, what, &set, &calls);
    if (r == 0) {
        struct body_erasing bodies = {what, &set, &calls, &kept};
        keep_live(&calls, &kept, &done);
        erase_frames(m, what, &set, &calls, &done);
        erase_objects(m, what, &done);
        memory_bodies_erase(m, body_goes, &bodies, what->is_dry_run, &done.bodies);
    }
    pthread_mutex_unlock(&m->lock);
    map_deinit(&calls);
    map_deinit(&kept);
    erase_set_deinit(&set);
    if (r == 0)
        *ret = done;
    return r;
}

/* Nothing outlives the process, so nothing is begun and not ended. */
int memory_erase_pending(struct store *s, struct arena *a, struct erasure *ret, struct erased *ret_done) { return 0; }
int memory_erase_scrub(struct store *s) { return 0; }
int memory_erase_end(struct store *s) { return 0; }
