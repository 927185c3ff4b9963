/*
 * proxy/core_limits_json.c - every limit that may count a call, and every counter there is, as JSON for the admin API.
 *
 * Beside the documents in force stand those that one of them extends. A document above is named by its digest, so it
 * may be an older version than the one in force under its name: both are there, and count together.
 */
#include "base/arena.h"
#include "proxy/core_impl.h"

#include "codec/json_write.h"

#define LIMITS_BYTES_MAX (4u << 20) /* of one document */
#define ARENA_BYTES_MAX (64u << 20)
#define VERSIONS_MAX 100000

/* A document by its digest, and the names of those in force whose calls its limits count. */
struct version {
    struct list node;
    const struct policy *p;
    bool is_in_force;
    struct list names;
    struct str last_name;
};

struct name {
    struct list node;
    struct str s;
};

struct versions {
    struct arena a;
    struct map by_digest;
    struct list all;
};

static struct version *version_of(struct versions *v, const struct policy *p)
{
    struct version *x = map_get(&v->by_digest, policy_digest(p));
    if (x)
        return x;
    x = arena_alloc(&v->a, sizeof *x);
    *x = (struct version){.p = p};
    list_init(&x->names);
    list_init(&x->node);
    if (map_put(&v->by_digest, policy_digest(p), x, NULL) < 0)
        return NULL;
    list_add_tail(&v->all, &x->node);
    return x;
}

/* Several ways may lead up to it; all of one document's are walked together. */
static void add_name(struct versions *v, struct version *x, struct str s)
{
    if (str_eq(x->last_name, s))
        return;
    struct name *n = arena_alloc(&v->a, sizeof *n);
    n->s = x->last_name = s;
    list_init(&n->node);
    list_add_tail(&x->names, &n->node);
}

static void add_above(struct versions *v, const struct policy *p, struct str name)
{
    const struct policy *const *parents;
    size_t n = policy_parents(p, &parents);
    for (size_t i = 0; i < n; i++) {
        struct version *x = version_of(v, parents[i]);
        if (x)
            add_name(v, x, name);
        add_above(v, parents[i], name);
    }
}

static void find_versions(struct core *c, struct versions *v)
{
    size_t i = 0;
    struct str name;
    void *entry;
    while (map_next(&c->policies, &i, &name, &entry)) {
        struct version *x = version_of(v, ((const struct policy_entry *)entry)->policy);
        if (!x)
            continue;
        x->is_in_force = true;
        add_name(v, x, name);
    }
    for (i = 0; map_next(&c->policies, &i, &name, &entry);)
        add_above(v, ((const struct policy_entry *)entry)->policy, name);
}

static void put_version(struct json_writer *w, const struct version *x)
{
    struct buf limits;
    buf_init(&limits, LIMITS_BYTES_MAX);
    jw_object(w);
    jw_put_str(w, STR("policy"), policy_name(x->p));
    jw_put_str(w, STR("digest"), policy_digest(x->p));
    jw_put_bool(w, STR("in_force"), x->is_in_force);
    jw_key(w, STR("documents"));
    jw_array(w);
    list_each(n, &x->names)
        jw_str(w, list_entry(n, struct name, node)->s);
    jw_array_end(w);
    if (policy_limits_json(x->p, &limits) == 0)
        jw_put_raw(w, STR("limits"), buf_str(&limits));
    jw_object_end(w);
    buf_deinit(&limits);
}

static void put_documents(struct core *c, struct json_writer *w)
{
    struct versions v;
    arena_init(&v.a, ARENA_BYTES_MAX);
    map_init(&v.by_digest, VERSIONS_MAX, NULL);
    list_init(&v.all);
    find_versions(c, &v);
    jw_array(w);
    list_each(n, &v.all)
        put_version(w, list_entry(n, struct version, node));
    jw_array_end(w);
    map_deinit(&v.by_digest);
    arena_deinit(&v.a);
}

/* By its name "<document>/<id>/<meter>/<window>/<by>". */
static void put_counter(struct json_writer *w, const struct ledger_row *r)
{
    jw_object(w);
    jw_put_str(w, STR("counter"), r->counter);
    jw_put_str(w, STR("bucket"), r->bucket);
    jw_put_wall_or_null(w, STR("resets_at"), r->resets_at);
    jw_put_i64(w, STR("settled"), r->settled);
    jw_put_i64(w, STR("held"), r->held);
    jw_object_end(w);
}

int core_limits_json(struct core *c, struct buf *out)
{
    struct json_writer w;
    struct ledger_row row;
    wall_t now = c->clock->wall(c->clock->ctx);

    jw_init(&w, out);
    jw_object(&w);
    core_lock(c);
    jw_key(&w, STR("documents"));
    put_documents(c, &w);
    jw_key(&w, STR("counters"));
    jw_array(&w);
    for (size_t i = 0; ledger_next(c->ledger, now, &i, &row);)
        put_counter(&w, &row);
    jw_array_end(&w);
    jw_key(&w, STR("raises"));
    core_raises_json(c, now, &w);
    core_unlock(c);
    jw_object_end(&w);
    jw_end(&w);
    return buf_ok(out);
}
