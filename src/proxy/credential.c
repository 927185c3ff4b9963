/*
 * proxy/credential.c - reference counts, and a slot that is exchanged under its own short mutex.
 */
#include "proxy/credential.h"

#include "base/check.h"
#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>

struct credential_slot {
    pthread_mutex_t mutex;
    struct credential *now; /* NULL: none */
    enum secret_status status;
};

/* --- how it stands ------------------------------------------------------------------------------------------------ */

static const struct status_info {
    struct str text, means, fix;
} status_infos[] = {
#define SECRET_STATUS(name, text, means, fix) {STR_INIT(text), STR_INIT(means), STR_INIT(fix)},
#include "proxy/secret_status.tbl.h"
#undef SECRET_STATUS
};

bool secret_name_is_valid(struct str name) { return str_is_token(name, "._-", SECRET_NAME_CHARS_MAX); }

struct str secret_status_text(enum secret_status s) { return status_infos[s].text; }
struct str secret_status_means(enum secret_status s) { return status_infos[s].means; }
struct str secret_status_fix(enum secret_status s) { return status_infos[s].fix; }

/* --- one ---------------------------------------------------------------------------------------------------------- */

int credential_new(struct secret *value, struct secret *before, wall_t before_until, enum mode mode,
                   struct credential **ret)
{
    struct credential *c = calloc(1, sizeof(*c));
    if (!c) {
        secret_free(value);
        secret_free(before);
        return err_trace(-ERR_NOMEM);
    }
    atomic_init(&c->n_refs, 1);
    c->value = value;
    c->before = before;
    c->before_until = before_until;
    c->mode = mode;
    int r = conceal_forms_init(&c->forms, value);
    if (r == 0)
        r = conceal_forms_add(&c->forms, before);
    if (r < 0) {
        credential_unref(c);
        return err_trace(r);
    }
    *ret = c;
    return 0;
}

static struct credential *ref(struct credential *c)
{
    if (c)
        atomic_fetch_add_explicit(&c->n_refs, 1, memory_order_relaxed);
    return c;
}

void credential_unref(struct credential *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->n_refs, 1, memory_order_acq_rel) > 1)
        return;
    conceal_forms_deinit(&c->forms);
    secret_free(c->value);
    secret_free(c->before);
    free(c);
}

bool credential_covers(const struct credential *c, const struct credential *other)
{
    struct str value = secret_reveal(other->value);
    return secret_equals(c->value, value) || (c->before && secret_equals(c->before, value));
}

/* --- slots -------------------------------------------------------------------------------------------------------- */

struct credential_slot *credential_slot_new(void)
{
    struct credential_slot *s = calloc(1, sizeof(*s));
    check(s != NULL);
    pthread_mutex_init(&s->mutex, NULL);
    s->status = SECRET_UNSET;
    return s;
}

void credential_slot_free(struct credential_slot *s)
{
    if (!s)
        return;
    credential_unref(s->now);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

void credential_put(struct credential_slot *s, struct credential *c, enum secret_status status)
{
    check(!c == (status != SECRET_OK));
    pthread_mutex_lock(&s->mutex);
    struct credential *old = s->now;
    s->now = c;
    s->status = status;
    pthread_mutex_unlock(&s->mutex);
    credential_unref(old);
}

/* Under the mutex: the value alone, without the one before. Without memory that one is kept a while longer. */
static void forget_before(struct credential_slot *s)
{
    struct credential *alone;
    struct secret *value;
    if (secret_new(secret_reveal(s->now->value), &value) < 0 ||
        credential_new(value, NULL, 0, s->now->mode, &alone) < 0)
        return;
    credential_unref(s->now);
    s->now = alone;
}

struct credential *credential_take(struct credential_slot *s, wall_t now)
{
    pthread_mutex_lock(&s->mutex);
    if (s->now && s->now->before && now >= s->now->before_until)
        forget_before(s);
    struct credential *c = ref(s->now);
    pthread_mutex_unlock(&s->mutex);
    return c;
}

enum secret_status credential_status(struct credential_slot *s)
{
    pthread_mutex_lock(&s->mutex);
    enum secret_status status = s->status;
    pthread_mutex_unlock(&s->mutex);
    return status;
}

enum mode credential_mode(struct credential_slot *s)
{
    pthread_mutex_lock(&s->mutex);
    enum mode mode = s->now ? s->now->mode : MODE_ANY;
    pthread_mutex_unlock(&s->mutex);
    return mode;
}
