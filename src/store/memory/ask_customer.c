/*
 * store/memory/ask_customer.c - every action on a customer's account, by reading every frame: the reference for stores
 * with an index.
 */
#include "store/customer.h"

#include "base/err.h"
#include "store/memory/memory_impl.h"

static bool is_of(const struct memory_object *o, struct str customer)
{
    return o && str_eq(o->full.object.customer, customer);
}

static int objects(struct memory *m, struct customer *c)
{
    struct str key;
    void *v;
    int r = 0;
    for (size_t i = 0; r == 0 && map_next(&m->objects, &i, &key, &v);) {
        const struct memory_object *o = v;
        const struct object_row *row = &o->full.object;
        bool is_child = row->customer.n == 0 && row->parent.n &&
                        is_of(map_get(&m->objects, memory_key(m, row->parent, o->full.scope)), c->id);
        if (is_of(o, c->id) || is_child)
            r = customer_object(c, row->id);
    }
    return r;
}

static int put_calls(struct memory *m, struct arena *a, struct customer *c, struct json_writer *w)
{
    int r = 0;
    for (size_t i = 0; i < c->n_calls && r == 0; i++) {
        struct call_texts t = memory_texts(m, &memory_entry(m, c->calls[i])->call->row);
        arena_reset(a);
        r = customer_call(c, a, w, &t);
    }
    return r;
}

static bool is_owned(void *ctx, struct str id)
{
    struct memory *m = ctx;
    struct str key;
    void *v;
    for (size_t i = 0; map_next(&m->objects, &i, &key, &v);) {
        const struct memory_object *o = v;
        if (o->full.object.customer.n && str_eq(o->full.object.id, id))
            return true;
    }
    return false;
}

static int count_run(struct memory *m, struct arena *a, struct customer *c, const struct customer_run *run)
{
    int r = 0;
    for (size_t i = 0; i < m->n && r == 0; i++) {
        const struct memory_call *call = m->entries[i].call;
        if (!call || !str_eq(call->row.run_id, run->run_id) || !str_eq(call->row.agent, run->agent) ||
            !str_eq(call->row.tenant, run->tenant))
            continue;
        struct call_texts t = memory_texts(m, &call->row);
        arena_reset(a);
        r = customer_other(c, a, &t, is_owned, m);
    }
    return r;
}

static int collect(struct memory *m, struct arena *a, struct customer *c, struct json_writer *w)
{
    int r = objects(m, c);
    for (size_t i = 0; i < m->n && r == 0; i++) {
        arena_reset(a);
        r = customer_frame(c, a, &m->entries[i].frame);
    }
    if (r < 0)
        return r;
    customer_sort(c);
    r = put_calls(m, a, c, w);
    for (const struct customer_run *run = c->first_run; run && r == 0; run = run->next)
        r = count_run(m, a, c, run);
    return r;
}

int memory_ask_customer(struct memory *m, struct arena *a, const struct query *q, struct json_writer *w)
{
    struct customer c;
    if (q->id.n == 0)
        return 0;
    int r = customer_init(&c, q, query_rows(q));
    if (r == 0)
        r = collect(m, a, &c, w);
    customer_render(&c, w);
    customer_deinit(&c);
    return r;
}
