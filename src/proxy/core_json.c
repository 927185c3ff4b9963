/*
 * proxy/core_json.c - what is in force now, as JSON for the admin API. Never a secret, never a hash of one.
 */
#include "proxy/core_impl.h"
#include "proxy/core_secrets.h"

#include "codec/json_read.h"
#include "codec/json_write.h"

#include <stdlib.h>

static void put_key(struct json_writer *w, const struct key_entry *k, wall_t now)
{
    struct str status = k->is_revoked                           ? STR("revoked")
                        : k->expires_at && now >= k->expires_at ? STR("expired")
                                                                : STR("active");
    jw_object(w);
    jw_put_str(w, STR("id"), str_c(k->id));
    jw_put_str(w, STR("status"), status);
    jw_put_str(w, STR("mode"), mode_text(k->mode));
    jw_put_str(w, STR("agent"), k->agent);
    jw_put_str_or_null(w, STR("owner"), k->owner);
    jw_put_str_or_null(w, STR("tenant"), k->tenant);
    jw_put_str(w, STR("policy"), k->policy);
    jw_key(w, STR("limits"));
    jw_array(w);
    for (size_t i = 0; i < k->n_limit_specs; i++)
        jw_str(w, k->limit_specs[i]);
    jw_array_end(w);
    jw_key(w, STR("labels"));
    key_put_labels(w, k);
    jw_put_wall_or_null(w, STR("created_at"), k->created_at);
    jw_put_wall_or_null(w, STR("expires_at"), k->expires_at);
    jw_put_wall_or_null(w, STR("revoked_at"), k->revoked_at);
    jw_put_wall_or_null(w, STR("last_used_at"), k->made_run_seen);
    jw_object_end(w);
}

int core_keys_json(struct core *c, struct str id, struct str tenant, struct buf *out)
{
    struct json_writer w;
    wall_t now = c->clock->wall(c->clock->ctx);
    size_t i = 0;
    struct str key;
    void *v;

    jw_init(&w, out);
    jw_array(&w);
    core_lock(c);
    while (map_next(&c->keys_by_id, &i, &key, &v)) {
        const struct key_entry *k = v;
        if ((id.n == 0 || str_eq(key, id)) && (tenant.n == 0 || str_eq(k->tenant, tenant)))
            put_key(&w, k, now);
    }
    core_unlock(c);
    jw_array_end(&w);
    jw_end(&w);
    return buf_ok(out);
}

static void put_sentences(struct json_writer *w, const struct policy *p)
{
    struct buf sentences;
    buf_init(&sentences, 4u << 20);
    if (policy_sentences_json(p, &sentences) == 0)
        jw_put_raw(w, STR("sentences"), buf_str(&sentences));
    buf_deinit(&sentences);
}

/* Whether it decides: enforce, shadow or observe; until when it observes; and the document in shadow beside it. */
static void put_mode(struct json_writer *w, const struct policy_entry *e, wall_t now)
{
    wall_t until = policy_observes_until(e->policy, now);
    enum policy_mode mode = policy_mode(e->policy);
    jw_put_str(w, STR("mode"), policy_mode_text(mode == POLICY_OBSERVE && !until ? POLICY_ENFORCE : mode));
    jw_put_wall_or_null(w, STR("observe_until"), until);
    jw_key(w, STR("shadow"));
    if (!e->shadow) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_put_i64(w, STR("version"), policy_version(e->shadow));
    jw_put_str(w, STR("digest"), policy_digest(e->shadow));
    jw_put_wall_or_null(w, STR("applied_at"), e->shadow_at);
    jw_put_raw(w, STR("document"), policy_text(e->shadow));
    jw_object_end(w);
}

int core_policies_json(struct core *c, struct buf *out)
{
    struct json_writer w;
    size_t i = 0;
    struct str name;
    void *v;

    jw_init(&w, out);
    jw_array(&w);
    core_lock(c);
    while (map_next(&c->policies, &i, &name, &v)) {
        const struct policy_entry *e = v;
        jw_object(&w);
        jw_put_str(&w, STR("name"), name);
        jw_put_i64(&w, STR("version"), policy_version(e->policy));
        jw_put_str(&w, STR("digest"), policy_digest(e->policy));
        jw_put_wall_or_null(&w, STR("applied_at"), e->active ? e->applied_at : e->shadow_at);
        put_mode(&w, e, c->clock->wall(c->clock->ctx));
        jw_put_raw(&w, STR("document"), policy_text(e->policy));
        put_sentences(&w, e->policy);
        jw_object_end(&w);
    }
    core_unlock(c);
    jw_array_end(&w);
    jw_end(&w);
    return buf_ok(out);
}

bool core_counter(struct core *c, struct str counter, struct str bucket, struct counter_state *ret)
{
    struct ledger_row row;
    wall_t now = c->clock->wall(c->clock->ctx);
    core_lock(c);
    bool is_there = ledger_row_of(c->ledger, now, counter, bucket, &row);
    core_unlock(c);
    if (is_there)
        *ret = (struct counter_state){row.settled, row.held, row.resets_at};
    return is_there;
}

#define OBSERVED_BYTES_MAX (1u << 20)

/* Under the mutex. */
static void put_observed(struct core *c, struct json_writer *w)
{
    wall_t now = c->clock->wall(c->clock->ctx);
    size_t i = 0;
    struct str name;
    void *v;
    jw_key(w, STR("observe"));
    jw_array(w);
    while (map_next(&c->policies, &i, &name, &v)) {
        const struct policy *p = ((struct policy_entry *)v)->policy;
        wall_t until = policy_observes_until(p, now);
        struct arena a;
        if (!until)
            continue;
        arena_init(&a, OBSERVED_BYTES_MAX);
        jw_object(w);
        jw_put_str(w, STR("policy"), name);
        jw_put_str(w, STR("vendors"), policy_observed_text(p, &a));
        jw_put_wall_or_null(w, STR("until"), until);
        jw_object_end(w);
        arena_deinit(&a);
    }
    jw_array_end(w);
}

size_t core_observed_json(struct core *c, struct json_writer *w)
{
    size_t n = 0, i = 0;
    void *v;
    core_lock(c);
    wall_t now = c->clock->wall(c->clock->ctx);
    for (struct str name; map_next(&c->policies, &i, &name, &v);)
        n += policy_observes_until(((struct policy_entry *)v)->policy, now) != 0;
    if (n)
        put_observed(c, w);
    core_unlock(c);
    return n;
}

int core_health_json(struct core *c, struct buf *out, bool *ret_is_ready)
{
    struct json_writer w;
    uint64_t last = journal_last_seq(c->journal), stored = atomic_load(&c->store_seq);
    bool has_failed = core_has_failed(c);

    jw_init(&w, out);
    jw_object(&w);
    core_lock(c);
    bool is_full = !list_is_empty(&c->late);
    core_approvals_sweep(c, c->clock->wall(c->clock->ctx));
    jw_put_str(&w, STR("status"),
               has_failed     ? STR("failed")
               : is_full      ? STR("full")
               : c->is_killed ? STR("killed")
                              : STR("ok"));
    jw_put_bool(&w, STR("killed"), c->is_killed);
    jw_put_i64(&w, STR("keys"), (int64_t)c->keys_by_id.n);
    jw_put_i64(&w, STR("policies"), (int64_t)c->policies.n);
    jw_put_i64(&w, STR("vendors_without_secret"), (int64_t)core_vendors_without_secret(c));
    jw_put_i64(&w, STR("buckets"), (int64_t)ledger_buckets(c->ledger));
    jw_put_i64(&w, STR("open_calls"), (int64_t)c->n_open);
    jw_put_i64(&w, STR("unknown_outcomes"), (int64_t)c->n_unknown);
    jw_put_i64(&w, STR("approvals_pending"), (int64_t)c->approvals.n_pending);
    jw_put_bool(&w, STR("ledger_balances"), ledger_check(c->ledger));
    put_observed(c, &w);
    core_unlock(c);
    jw_put_i64(&w, STR("journal_seq"), (int64_t)last);
    jw_put_i64(&w, STR("journal_synced_seq"), (int64_t)journal_synced_seq(c->journal));
    jw_put_i64(&w, STR("store_seq"), (int64_t)stored);
    jw_put_i64(&w, STR("store_lag_frames"), (int64_t)(last - stored));
    jw_put_i64(&w, STR("journal_bytes"), (int64_t)journal_bytes(c->journal));
    jw_object_end(&w);
    jw_end(&w);
    *ret_is_ready = !has_failed && !is_full;
    return buf_ok(out);
}
