/*
 * store/memory/ask_find.c - what an id belongs to, by reading every frame: the reference for stores with an index.
 */
#include "base/check.h"
#include "base/err.h"
#include "store/find.h"
#include "store/memory/memory_impl.h"

#include <stdlib.h>

struct finding {
    struct memory *m;
    struct arena *arena;
    const struct query *q;
    struct json_writer *w;
    struct map shown; /* open_seqs of calls that are in the answer */
    int64_t n_left;
};

static void put(struct finding *f, const struct find_row *row)
{
    struct str tenant = row->call ? row->call->tenant : row->tenant;
    if (f->n_left <= 0 || (f->q->tenant.n && !str_eq(f->q->tenant, tenant)))
        return;
    f->n_left--;
    render_find(f->w, row);
}

static void put_call(struct finding *f, enum find_kind kind, enum find_how how, const struct call_row *call)
{
    put(f, &(struct find_row){.value = {kind, how, f->q->id}, .call = call});
}

static void put_once(struct finding *f, enum find_kind kind, enum find_how how, uint64_t open_seq)
{
    struct str key = {(const char *)&open_seq, sizeof open_seq};
    if (map_get(&f->shown, key))
        return;
    check(map_put(&f->shown, key, f, NULL) == 0);
    put_call(f, kind, how, &memory_entry(f->m, open_seq)->call->row);
}

/* Sorted copies of pointers are for tests and small stores: this one is no other. */
static const void **pointers(struct finding *f)
{
    const void **p = calloc(f->m->n + 1, sizeof *p);
    check(p != NULL);
    return p;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static int by_agent_and_tenant(const void *x, const void *y)
{
    const struct call_row *a = *(const struct call_row *const *)x, *b = *(const struct call_row *const *)y;
    int r = str_cmp(a->agent, b->agent);
    r = r ? r : str_cmp(a->tenant, b->tenant);
    return r ? r : (a->open_seq < b->open_seq) - (a->open_seq > b->open_seq);
}

/* The newest call of each run of that id. */
static void find_runs(struct finding *f)
{
    const void **calls = pointers(f);
    size_t n = 0;
    for (size_t i = 0; i < f->m->n; i++) {
        const struct memory_call *c = f->m->entries[i].call;
        if (c && str_eq(c->row.run_id, f->q->id))
            calls[n++] = &c->row;
    }
    qsort(calls, n, sizeof *calls, by_agent_and_tenant);
    for (size_t i = 0; i < n; i++) {
        const struct call_row *c = calls[i], *before = i ? calls[i - 1] : NULL;
        if (!before || !str_eq(before->agent, c->agent) || !str_eq(before->tenant, c->tenant))
            put_call(f, FIND_RUN, FIND_HOW_LATEST, c);
    }
    free(calls);
}

enum name { NAME_AGENT, NAME_TENANT, NAME_KEY };

static const struct call_row *newest(struct finding *f, enum name name, struct str value, struct str tenant)
{
    for (size_t i = f->m->n; i > 0; i--) {
        const struct memory_call *c = f->m->entries[i - 1].call;
        if (!c || (tenant.n && !str_eq(c->row.tenant, tenant)))
            continue;
        if (str_eq(name == NAME_AGENT ? c->row.agent : name == NAME_TENANT ? c->row.tenant : c->row.key, value))
            return &c->row;
    }
    return NULL;
}

static void find_newest(struct finding *f, enum find_kind kind, enum name name)
{
    const struct call_row *c = newest(f, name, f->q->id, f->q->tenant);
    if (c)
        put_call(f, kind, FIND_HOW_LATEST, c);
}

static int by_id(const void *x, const void *y)
{
    const struct memory_entry *a = *(const struct memory_entry *const *)x, *b = *(const struct memory_entry *const *)y;
    return str_cmp(a->event.id, b->event.id);
}

static bool is_key_event(struct finding *f, const struct memory_entry *e)
{
    if (e->frame.kind != FRAME_EVENT || e->event.does != EVENT_SETS || !str_eq(e->event.kind, STR("key")))
        return false;
    const struct memory_state *s = map_get(&f->m->states, memory_key(f->m, e->event.kind, e->event.id));
    return s && s->seq == e->frame.seq;
}

static int find_keys(struct finding *f)
{
    const void **keys = pointers(f);
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; i < f->m->n; i++) {
        const struct memory_entry *e = &f->m->entries[i];
        bool fits = f->q->id.n >= FIND_PREFIX_MIN ? str_starts(e->event.id, f->q->id) : str_eq(e->event.id, f->q->id);
        if (fits && is_key_event(f, e))
            keys[n++] = e;
    }
    qsort(keys, n, sizeof *keys, by_id);
    for (size_t i = 0; i < n && r == 0; i++) {
        const struct memory_entry *e = keys[i];
        struct find_row row = {.value = {FIND_KEY, FIND_HOW_LATEST, e->event.id}};
        row.call = newest(f, NAME_KEY, e->event.id, STR_NONE);
        arena_reset(f->arena);
        r = find_key_row(f->arena, &e->frame, &row);
        if (r == 0)
            put(f, &row);
    }
    free(keys);
    return r;
}

static int by_scope(const void *x, const void *y)
{
    const struct memory_object *a = *(const struct memory_object *const *)x,
                               *b = *(const struct memory_object *const *)y;
    return str_cmp(a->full.scope, b->full.scope);
}

static void find_objects(struct finding *f)
{
    const void **objects = calloc(f->m->objects.n + 1, sizeof *objects);
    struct str key;
    size_t i = 0, n = 0;
    void *o;
    check(objects != NULL);
    while (map_next(&f->m->objects, &i, &key, &o)) {
        const struct memory_object *object = o;
        if (str_eq(object->full.object.id, f->q->id))
            objects[n++] = object;
    }
    qsort(objects, n, sizeof *objects, by_scope);
    for (i = 0; i < n; i++) {
        const struct memory_object *object = objects[i];
        put_once(f, FIND_OBJECT, object->full.object.is_created ? FIND_HOW_CREATED : FIND_HOW_SEEN,
                 object->full.open_seq);
    }
    free(objects);
}

/* --- frames ------------------------------------------------------------------------------------------------------- */

static int find_frames(struct finding *f)
{
    for (size_t i = f->m->n; i > 0 && f->n_left > 0; i--) {
        struct find_value v;
        uint64_t open_seq;
        arena_reset(f->arena);
        int r = find_in_frame(f->arena, &f->m->entries[i - 1].frame, f->q->id, &open_seq, &v);
        if (r < 0)
            return r;
        if (r == 0)
            put_once(f, v.kind, v.how, open_seq);
    }
    return 0;
}

int memory_find(struct memory *m, struct arena *a, const struct query *q, struct json_writer *w)
{
    struct finding f = {.m = m, .arena = a, .q = q, .w = w, .n_left = query_rows(q)};
    if (q->id.n == 0)
        return 0;
    map_init(&f.shown, FIND_CALLS_MAX, NULL);
    find_runs(&f);
    int r = find_keys(&f);
    find_newest(&f, FIND_AGENT, NAME_AGENT);
    find_newest(&f, FIND_TENANT, NAME_TENANT);
    find_objects(&f);
    if (r == 0)
        r = find_frames(&f);
    map_deinit(&f.shown);
    return r;
}
