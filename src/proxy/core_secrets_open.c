/*
 * proxy/core_secrets_open.c - from sealed bytes to the slots of vendors, at start and after each change.
 */
#include "proxy/core_secrets_impl.h"

#include "base/log.h"
#include "codec/b64.h"
#include "proxy/vendor.h"

#include <stdlib.h>

void sealed_free(struct sealed *s)
{
    free(s->p);
    *s = (struct sealed){.p = NULL};
}

void secret_entry_free(struct secret_entry *e)
{
    sealed_free(&e->now);
    sealed_free(&e->before);
    free((char *)e->name.p);
    free(e);
}

void core_secrets_free(struct core *c)
{
    size_t i = 0;
    struct str key;
    void *v;
    while (map_next(&c->secrets, &i, &key, &v))
        secret_entry_free(v);
    map_deinit(&c->secrets);
    keyring_free(c->keyring);
}

enum secret_status secret_open(struct core *c, struct str name, const struct sealed *s, struct secret **ret)
{
    struct seal_place at = {name, s->version};
    if (!s->p)
        return SECRET_UNSET;
    if (!c->keyring)
        return SECRET_NO_KEY;
    int r = keyring_open(c->keyring, &at, (struct str){s->p, s->n}, ret);
    check(r != -ERR_NOMEM);
    return r == 0 ? SECRET_OK : r == KEYRING_R_OTHER_KEY ? SECRET_OTHER_KEY : SECRET_DAMAGED;
}

/* --- into the slots ----------------------------------------------------------------------------------------------- */

static struct secret *copy(const struct secret *s)
{
    struct secret *copy = NULL;
    check(!s || secret_new(secret_reveal(s), &copy) == 0);
    return copy;
}

static void give(const struct vendor *v, const struct secret *value, const struct secret *before, wall_t before_until)
{
    struct credential *credential;
    enum mode mode = v->mode;
    if (v->mode_follows_secret && !connector_secret_mode(v->connector, secret_reveal(value), &mode))
        mode = MODE_LIVE; /* CONTRACT 3: what the secret does not tell is live */
    check(credential_new(copy(value), copy(before), before_until, mode, &credential) == 0);
    credential_put(v->credential, credential, SECRET_OK);
}

void secret_publish(struct core *c, struct secret_entry *e, wall_t now)
{
    struct secret *value = NULL, *before = NULL;
    e->status = secret_open(c, e->name, &e->now, &value);
    if (value && now < e->before_until)
        (void)secret_open(c, e->name, &e->before, &before); /* it is not needed to go on */
    for (size_t i = 0; c->secret_users && i < c->secret_users->n; i++) {
        const struct vendor *v = &c->secret_users->items[i];
        if (!str_eq(v->secret_name, e->name))
            continue;
        if (value)
            give(v, value, before, e->before_until);
        else
            credential_put(v->credential, NULL, e->status);
    }
    secret_free(value);
    secret_free(before);
}

/* --- at start ----------------------------------------------------------------------------------------------------- */

/* Base64 of the record; absent: erased. */
static int load_sealed(struct json text, struct json version, struct sealed *ret)
{
    struct str s = json_text_of(text);
    (void)json_i64(version, &ret->version); /* absent is 0, which nothing was sealed for */
    if (!s.n)
        return 0;
    ret->p = malloc(s.n);
    check(ret->p != NULL);
    return b64_decode(s, ret->p, s.n, &ret->n) < 0 ? err_trace(-ERR_CORRUPT) : 0;
}

static int load_entry(struct secret_entry *e, const struct state_row *r, struct json body, struct json personal)
{
    struct str name = json_text_of(json_get(body, STR("name")));
    if (!secret_name_is_valid(name))
        return err_trace(-ERR_CORRUPT);
    e->name = (struct str){core_dup(name), name.n};
    (void)wall_parse(json_text_of(json_get(body, STR("at"))), &e->set_at);
    int x = load_sealed(json_get(personal, STR("sealed")), json_get(body, STR("version")), &e->now);
    if (x == 0 && !r->is_over && wall_parse(json_text_of(json_get(body, STR("overlap_until"))), &e->before_until) == 0)
        x = load_sealed(json_get(personal, STR("before_sealed")), json_get(body, STR("before_version")), &e->before);
    if (x == 0 && r->is_over) {
        free(e->now.p);
        e->now.p = NULL; /* the version stays: the next one is above it */
    }
    return x;
}

int core_secret_load(struct core *c, const struct state_row *r, struct json body, struct json personal)
{
    struct secret_entry *e = calloc(1, sizeof(*e));
    check(e != NULL);
    int x = load_entry(e, r, body, personal);
    if (x == 0)
        x = map_put(&c->secrets, e->name, e, NULL);
    if (x < 0) {
        secret_entry_free(e);
        return err_trace(x);
    }
    secret_publish(c, e, c->started_at);
    if (e->status != SECRET_OK && e->status != SECRET_UNSET)
        log_at(LOG_ERROR, "secret_not_available", "name=" STR_FMT " status=" STR_FMT " next=\"" STR_FMT "\"",
               STR_ARG(e->name), STR_ARG(secret_status_text(e->status)), STR_ARG(secret_status_fix(e->status)));
    return 0;
}
