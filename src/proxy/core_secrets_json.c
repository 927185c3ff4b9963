/*
 * proxy/core_secrets_json.c - which secrets there are and who uses them. Never a value, nor a hash of one.
 */
#include "proxy/core_secrets_impl.h"

#include "codec/json_write.h"
#include "proxy/vendor.h"

static void put_users(struct json_writer *w, struct core *c, struct str name)
{
    jw_key(w, STR("vendors"));
    jw_array(w);
    for (size_t i = 0; c->secret_users && i < c->secret_users->n; i++)
        if (str_eq(c->secret_users->items[i].secret_name, name))
            jw_str(w, c->secret_users->items[i].name);
    jw_array_end(w);
}

/* `e` NULL: a vendor names it, and nobody set it. */
static void put_secret(struct json_writer *w, struct core *c, struct str name, const struct secret_entry *e, wall_t now)
{
    bool is_set = e && e->status != SECRET_UNSET, has_before = is_set && e->before.p && now < e->before_until;
    jw_object(w);
    jw_put_str(w, STR("name"), name);
    jw_put_str(w, STR("status"), secret_status_text(e ? e->status : SECRET_UNSET));
    jw_key(w, STR("version"));
    if (is_set)
        jw_i64(w, e->now.version);
    else
        jw_null(w);
    jw_put_wall_or_null(w, STR("set_at"), is_set ? e->set_at : 0);
    jw_key(w, STR("before_version"));
    if (has_before)
        jw_i64(w, e->before.version);
    else
        jw_null(w);
    jw_put_wall_or_null(w, STR("overlap_until"), has_before ? e->before_until : 0);
    put_users(w, c, name);
    jw_object_end(w);
}

/* Wanted by the vendor at `i`, not known, and not wanted by one before it. */
static bool is_first_unset(struct core *c, size_t i)
{
    struct str name = c->secret_users->items[i].secret_name;
    const struct secret_entry *e = name.n ? map_get(&c->secrets, name) : NULL;
    if (!name.n || (e && e->status != SECRET_UNSET))
        return false;
    for (size_t k = 0; k < i; k++)
        if (str_eq(c->secret_users->items[k].secret_name, name))
            return false;
    return true;
}

static void put_all(struct json_writer *w, struct core *c, struct str only, wall_t now)
{
    size_t i = 0;
    struct str name;
    void *v;
    while (map_next(&c->secrets, &i, &name, &v)) {
        const struct secret_entry *e = v;
        if (e->status != SECRET_UNSET && (!only.n || str_eq(only, name)))
            put_secret(w, c, name, e, now);
    }
    for (i = 0; c->secret_users && i < c->secret_users->n; i++) {
        name = c->secret_users->items[i].secret_name;
        if (is_first_unset(c, i) && (!only.n || str_eq(only, name)))
            put_secret(w, c, name, NULL, now);
    }
}

int core_secrets_json(struct core *c, struct str name, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_array(&w);
    core_lock(c);
    put_all(&w, c, name, c->clock->wall(c->clock->ctx));
    core_unlock(c);
    jw_array_end(&w);
    jw_end(&w);
    return buf_ok(out);
}

size_t core_vendors_without_secret(struct core *c)
{
    size_t n = 0;
    for (size_t i = 0; c->secret_users && i < c->secret_users->n; i++) {
        const struct vendor *v = &c->secret_users->items[i];
        n += v->secret_name.n && credential_status(v->credential) != SECRET_OK;
    }
    return n;
}
