/*
 * proxy/core_policies.c - documents in force: replaced whole, under the ledger mutex, by name.
 */
#include "proxy/core_impl.h"

#include "codec/json_write.h"

#include <stddef.h>
#include <stdlib.h>

#define PARENTS_BYTES_MAX (4u << 20) /* of all documents above one, together */

static void entry_drop(const struct policy **p)
{
    policy_unref(*p);
    *p = NULL;
}

/* What calls are decided by, from what was applied. */
static int entry_compose(struct policy_entry *e)
{
    const struct policy *both = e->active ? e->active : e->shadow;
    if (e->active && e->shadow)
        both = policy_beside(e->active, e->shadow);
    else
        policy_ref(both);
    if (!both)
        return err_trace(-ERR_NOMEM);
    policy_unref(e->policy);
    e->policy = both;
    return 0;
}

/* The later of both wins: applying a document ends the one in shadow, whose successor it is. Rows come in any order. */
static void entry_take(struct policy_entry *e, const struct policy *p, wall_t at)
{
    bool is_shadow = policy_mode(p) == POLICY_SHADOW;
    if (is_shadow && e->active && e->applied_at > at)
        return;
    entry_drop(is_shadow ? &e->shadow : &e->active);
    policy_ref(p);
    *(is_shadow ? &e->shadow : &e->active) = p;
    *(is_shadow ? &e->shadow_at : &e->applied_at) = at;
    if (!is_shadow && e->shadow && e->shadow_at <= at)
        entry_drop(&e->shadow);
}

void core_policy_entry_free(struct policy_entry *e)
{
    entry_drop(&e->policy);
    entry_drop(&e->active);
    entry_drop(&e->shadow);
    free(e);
}

int core_policy_put(struct core *c, struct policy *p, wall_t at)
{
    struct policy_entry *e = map_get(&c->policies, policy_name(p));
    policy_applied(p, at);
    if (e) {
        entry_take(e, p, at);
        return entry_compose(e);
    }
    e = calloc(1, sizeof(*e));
    check(e != NULL);
    entry_take(e, p, at);
    int r = entry_compose(e);
    if (r == 0)
        r = map_put(&c->policies, policy_name(p), e, NULL);
    if (r < 0)
        core_policy_entry_free(e);
    return err_trace(r);
}

const struct policy *core_policy_named(struct core *c, struct str name)
{
    core_lock(c);
    const struct policy_entry *e = map_get(&c->policies, name);
    const struct policy *p = e ? e->policy : NULL;
    if (p)
        policy_ref(p);
    core_unlock(c);
    return p;
}

/* p, or a document above it. */
static const struct policy *find_in(const struct policy *p, struct str name, struct str digest)
{
    const struct policy *const *parents, *found = NULL;
    if (str_eq(policy_name(p), name) && str_eq(policy_digest(p), digest))
        return p;
    size_t n = policy_parents(p, &parents);
    for (size_t i = 0; !found && i < n; i++)
        found = find_in(parents[i], name, digest);
    return found;
}

/* A version that is not in force any more is there as long as one that extends it is. */
static const struct policy *find_in_force(const struct documents *d, struct str name, struct str digest)
{
    struct core *c = (struct core *)((uintptr_t)d - offsetof(struct core, in_force));
    const struct policy *found = NULL;
    size_t i = 0;
    struct str key;
    void *v;
    core_lock(c);
    while (!found && map_next(&c->policies, &i, &key, &v))
        found = find_in(((struct policy_entry *)v)->policy, name, digest);
    if (found)
        policy_ref(found);
    core_unlock(c);
    return found;
}

struct documents core_documents_in_force(void) { return (struct documents){.find = find_in_force}; }

static void put_parents(struct json_writer *w, const struct policy *p)
{
    const struct policy *const *parents;
    size_t n = policy_parents(p, &parents);
    for (size_t i = 0; i < n; i++) {
        jw_object(w);
        jw_put_str(w, STR("name"), policy_name(parents[i]));
        jw_put_str(w, STR("digest"), policy_digest(parents[i]));
        jw_put_str(w, STR("document"), policy_text(parents[i]));
        jw_object_end(w);
        put_parents(w, parents[i]);
    }
}

/* The documents above, word for word: the next start needs them, and may find them nowhere else. */
static void add_parents(struct record_member *m, struct buf *b, const struct policy *p)
{
    struct json_writer w;
    buf_init(b, PARENTS_BYTES_MAX);
    jw_init(&w, b);
    jw_array(&w);
    put_parents(&w, p);
    jw_array_end(&w);
    *m = (struct record_member){.name = STR("extends"), .json = buf_str(b)};
}

static void add_str(struct record_member *m, struct buf *b, const char *name, struct str value)
{
    buf_init(b, 2 * value.n + 1024 + value.n * 4);
    json_quote(b, value);
    *m = (struct record_member){.name = str_c(name), .json = buf_str(b)};
}

static int apply_event(struct core *c, const struct policy *p, struct str by, wall_t now, uint64_t *ret_seq)
{
    const struct policy *const *above;
    struct buf name, digest, version, document, parents = {0};
    struct record_member m[5];
    size_t n = 4;

    add_str(&m[0], &name, "name", policy_name(p));
    add_str(&m[1], &digest, "digest", policy_digest(p));
    buf_init(&version, 32);
    buf_printf(&version, "%lld", (long long)policy_version(p));
    m[2] = (struct record_member){.name = STR("version"), .json = buf_str(&version)};
    add_str(&m[3], &document, "document", policy_text(p));
    if (policy_parents(p, &above))
        add_parents(&m[n++], &parents, p);
    bool is_shadow = policy_mode(p) == POLICY_SHADOW;
    int r = buf_ok(&parents);
    if (r == 0)
        r = core_event_at(c, is_shadow ? STR("policy.shadow") : STR("policy.apply"), by, m, n, now, ret_seq);
    buf_deinit(&name);
    buf_deinit(&digest);
    buf_deinit(&version);
    buf_deinit(&document);
    buf_deinit(&parents);
    return r;
}

int core_policy_apply(struct core *c, struct str text, struct str file, struct str by, struct diag_list *diags,
                      const struct policy **ret_p, uint64_t *ret_seq)
{
    struct policy *p;
    int r = policy_parse(text, file, c->limits, &c->known, diags, &p);
    if (r < 0)
        return r;

    core_lock(c);
    wall_t now = c->clock->wall(c->clock->ctx);
    bool is_new = map_get(&c->policies, policy_name(p)) == NULL;
    r = is_new && c->policies.n >= c->policies.n_max ? -ERR_TOO_LARGE : apply_event(c, p, by, now, ret_seq);
    if (r == 0)
        r = core_policy_put(c, p, now);
    core_unlock(c);
    if (r < 0) {
        policy_unref(p);
        return err_trace(r);
    }
    *ret_p = p;
    return 0;
}

int64_t core_duplicates_back_ms(struct core *c)
{
    int64_t most = 0;
    size_t i = 0;
    struct str name;
    void *v;
    core_lock(c);
    while (map_next(&c->policies, &i, &name, &v)) {
        int64_t ms = policy_duplicate_ms(((const struct policy_entry *)v)->policy);
        most = ms > most ? ms : most;
    }
    core_unlock(c);
    return most;
}
