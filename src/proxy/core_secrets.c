/*
 * proxy/core_secrets.c - setting, rotating, going back, removing: sealed, written as EVENT, then in force.
 *
 * secret.set and secret.rotate have "name", "version", and in their personal half "sealed"; the second also
 * "before_version", "before_sealed", and "overlap_until", so that the last event alone says all that a restart needs.
 * The chain covers digests of the sealed bytes: they can be erased, and the chain stays whole.
 */
#include "proxy/core_secrets_impl.h"

#include "codec/b64.h"
#include "proxy/core_members.h"
#include "proxy/vendor.h"

#include <stdlib.h>

static wall_t now_of(struct core *c) { return c->clock->wall(c->clock->ctx); }

/* Under the mutex; NULL: not set, or removed. */
static struct secret_entry *find(struct core *c, struct str name)
{
    struct secret_entry *e = map_get(&c->secrets, name);
    return e && e->status != SECRET_UNSET ? e : NULL;
}

/* --- the key ------------------------------------------------------------------------------------------------------ */

static size_t n_set(struct core *c)
{
    size_t i = 0, n = 0;
    struct str key;
    void *v;
    while (map_next(&c->secrets, &i, &key, &v))
        n += ((struct secret_entry *)v)->status != SECRET_UNSET;
    return n;
}

static struct str problem(struct core *c)
{
    if (c->keyring)
        return STR_NONE;
    if (c->secrets_problem.n)
        return c->secrets_problem;
    if (n_set(c) > 0)
        return STR("the key that sealed the secrets in the store is not there; put it back and restart, or remove "
                   "them");
    return c->make_key ? STR_NONE : STR("there is no key to seal with");
}

struct str core_secrets_problem(struct core *c)
{
    core_lock(c);
    struct str s = problem(c);
    core_unlock(c);
    return s;
}

/* The first secret makes the key. It is written to disk, so not under the mutex. */
static int need_key(struct core *c)
{
    struct keyring *made = NULL;
    core_lock(c);
    bool has_key = c->keyring != NULL, has_problem = problem(c).n > 0;
    core_unlock(c);
    if (has_key || has_problem)
        return has_key ? 0 : SECRET_R_NO_KEY;
    int r = c->make_key(c->make_key_ctx, &made);
    if (r < 0)
        return err_trace(r);
    core_lock(c);
    if (!c->keyring) {
        c->keyring = made;
        made = NULL;
    }
    core_unlock(c);
    keyring_free(made);
    return 0;
}

/* --- sealing, and what is written --------------------------------------------------------------------------------- */

static void seal(struct core *c, struct str name, int64_t version, struct str value, struct sealed *ret)
{
    struct seal_place at = {name, version};
    *ret = (struct sealed){.version = version, .n = KEYRING_SEALED_BYTES(value.n)};
    ret->p = malloc(ret->n);
    check(ret->p != NULL);
    keyring_seal(c->keyring, c->rng, &at, value, (uint8_t *)ret->p);
}

static void member_sealed(struct member_text *t, struct str name, const struct sealed *s)
{
    char *text = malloc(B64_SIZE(s->n));
    check(text != NULL);
    member_str(t, name, b64_encode((struct str){s->p, s->n}, text), true);
    free(text);
}

/* What a change is about to make of an entry. */
struct change {
    struct str event, by;
    struct secret_entry *e;
    struct sealed now;
    bool keeps_before; /* what is in force now stays known */
    wall_t before_until;
    int64_t back_to; /* the version whose value this is again; 0: a new value */
};

static int write_event(struct core *c, const struct change *g, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    char until[WALL_TEXT_BYTES];
    member_str(&t, STR("name"), g->e->name, false);
    member_i64(&t, STR("version"), g->now.version);
    member_sealed(&t, STR("sealed"), &g->now);
    if (g->keeps_before) {
        member_i64(&t, STR("before_version"), g->e->now.version);
        member_str(&t, STR("overlap_until"), wall_text(g->before_until, until), false);
        member_sealed(&t, STR("before_sealed"), &g->e->now);
    }
    if (g->back_to)
        member_i64(&t, STR("back_to"), g->back_to);
    int r = core_event(c, g->event, g->by, t.m, t.n, ret_seq);
    members_free(&t);
    return r;
}

/* Written first: nothing is in force that a restart would forget. Takes g->now over. */
static int make_change(struct core *c, struct change *g, uint64_t *ret_seq)
{
    struct secret_entry *e = g->e;
    int r = write_event(c, g, ret_seq);
    if (r < 0) {
        sealed_free(&g->now);
        return err_trace(r);
    }
    sealed_free(&e->before);
    if (g->keeps_before)
        e->before = e->now;
    else
        sealed_free(&e->now);
    e->now = g->now;
    e->before_until = g->before_until;
    e->set_at = now_of(c);
    secret_publish(c, e, e->set_at);
    return 0;
}

/* --- set ---------------------------------------------------------------------------------------------------------- */

static struct secret_entry *entry_new(struct core *c, struct str name)
{
    struct secret_entry *e = calloc(1, sizeof(*e));
    check(e != NULL);
    e->name = (struct str){core_dup(name), name.n};
    e->status = SECRET_UNSET;
    check(map_put(&c->secrets, name, e, NULL) == 0); /* below secrets_max: only memory can be short */
    return e;
}

static int set_locked(struct core *c, struct str name, struct str value, struct str by, uint64_t *ret_seq)
{
    struct secret_entry *e = map_get(&c->secrets, name);
    bool is_new = e == NULL;
    if (is_new && c->secrets.n >= c->secrets.n_max)
        return SECRET_R_FULL;
    if (is_new)
        e = entry_new(c, name);
    struct change g = {.event = STR("secret.set"), .by = by, .e = e};
    seal(c, name, e->now.version + 1, value, &g.now);
    int r = make_change(c, &g, ret_seq);
    if (r < 0 && is_new) {
        map_remove(&c->secrets, name);
        secret_entry_free(e);
    }
    return r;
}

static bool is_too_long(const struct core *c, const struct secret *value)
{
    return (int64_t)secret_reveal(value).n > c->limits->secret_bytes_max;
}

int core_secret_set(struct core *c, struct str name, const struct secret *value, struct str by, uint64_t *ret_seq)
{
    check(secret_name_is_valid(name));
    if (is_too_long(c, value))
        return SECRET_R_TOO_LONG;
    int r = need_key(c);
    if (r)
        return r;
    core_lock(c);
    r = set_locked(c, name, secret_reveal(value), by, ret_seq);
    core_unlock(c);
    return r;
}

/* --- rotate ------------------------------------------------------------------------------------------------------- */

static int rotate_locked(struct core *c, struct str name, struct str value, int64_t overlap_ns, struct str by,
                         uint64_t *ret_seq)
{
    struct secret_entry *e = find(c, name);
    if (!e)
        return -ERR_NOT_FOUND;
    if (e->status != SECRET_OK)
        return SECRET_R_CLOSED;
    struct change g = {.event = STR("secret.rotate"),
                       .by = by,
                       .e = e,
                       .keeps_before = true,
                       .before_until = now_of(c) + overlap_ns};
    seal(c, name, e->now.version + 1, value, &g.now);
    return make_change(c, &g, ret_seq);
}

int core_secret_rotate(struct core *c, struct str name, const struct secret *value, int64_t overlap_ns, struct str by,
                       uint64_t *ret_seq)
{
    if (is_too_long(c, value))
        return SECRET_R_TOO_LONG;
    if (overlap_ns < 0 || overlap_ns / NS_PER_MS > c->limits->secret_overlap_ms_max)
        return SECRET_R_OVERLAP;
    core_lock(c);
    int r = rotate_locked(c, name, secret_reveal(value), overlap_ns, by, ret_seq);
    core_unlock(c);
    return r;
}

static int back_locked(struct core *c, struct str name, struct str by, uint64_t *ret_seq)
{
    struct secret_entry *e = find(c, name);
    struct secret *value = NULL;
    if (!e)
        return -ERR_NOT_FOUND;
    if (!e->before.p || now_of(c) >= e->before_until)
        return SECRET_R_NO_BEFORE;
    if (e->status != SECRET_OK || secret_open(c, name, &e->before, &value) != SECRET_OK)
        return SECRET_R_CLOSED;
    struct change g = {.event = STR("secret.rotate"),
                       .by = by,
                       .e = e,
                       .keeps_before = true,
                       .before_until = e->before_until,
                       .back_to = e->before.version};
    seal(c, name, e->now.version + 1, secret_reveal(value), &g.now);
    secret_free(value);
    return make_change(c, &g, ret_seq);
}

int core_secret_back(struct core *c, struct str name, struct str by, uint64_t *ret_seq)
{
    core_lock(c);
    int r = back_locked(c, name, by, ret_seq);
    core_unlock(c);
    return r;
}

/* --- remove ------------------------------------------------------------------------------------------------------- */

static int remove_locked(struct core *c, struct str name, struct str by, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    struct secret_entry *e = find(c, name);
    if (!e)
        return -ERR_NOT_FOUND;
    member_str(&t, STR("name"), name, false);
    member_i64(&t, STR("version"), e->now.version);
    int r = core_event_late(c, STR("secret.remove"), by, t.m, t.n, ret_seq);
    members_free(&t);
    if (r < 0 && r != -ERR_NO_SPACE)
        return r;
    sealed_free(&e->before); /* on a full disk too */
    free(e->now.p);
    e->now.p = NULL;
    secret_publish(c, e, now_of(c));
    return r;
}

int core_secret_remove(struct core *c, struct str name, struct str by, uint64_t *ret_seq)
{
    core_lock(c);
    int r = remove_locked(c, name, by, ret_seq);
    core_unlock(c);
    return err_trace(r);
}
