/*
 * daemon/file_secrets.c - see file_secrets.h. What did not change is left in its slot: nobody's connection or cache
 * notices.
 */
#include "daemon/file_secrets.h"

#include "base/check.h"
#include "base/err.h"

#include <stdlib.h>

static bool is_in_force(const struct vendor *v, const struct secret *secret)
{
    struct credential *now = credential_take(v->credential, clock_system.wall(clock_system.ctx));
    bool is_same = now && secret_equals(now->value, secret_reveal(secret));
    credential_unref(now);
    return is_same;
}

/* Takes `secret` over. */
static int to_credential(const struct vendor *v, const struct config_vendor *cv, struct secret *secret,
                         struct buf *error, struct credential **ret)
{
    enum mode mode = MODE_LIVE;
    if (is_in_force(v, secret)) {
        secret_free(secret);
        return 0;
    }
    int r = vendor_secret_mode(v, cv->mode, secret, &mode);
    if (r == 0 && mode == v->mode)
        return credential_new(secret, NULL, 0, mode, ret);
    secret_free(secret);
    (void)buf_printf(error, STR_FMT " has a " STR_FMT " secret, and before it was a " STR_FMT
                     " one: that needs a restart", STR_ARG(cv->secret), STR_ARG(mode_text(mode)),
                     STR_ARG(mode_text(v->mode)));
    return -ERR_INVALID;
}

static int read_one(const struct vendor *v, const struct config *c, struct buf *error, struct credential **ret)
{
    const struct config_vendor *cv = config_vendor(c, v->name);
    struct secret *secret;
    if (!cv || !str_starts(cv->secret, STR("file:")))
        return 0;
    size_t n = error->n;
    (void)buf_printf(error, "vendors." STR_FMT ".secret: ", STR_ARG(v->name)); /* cut short at worst */
    int r = secret_load(cv->secret, error, &secret);
    if (r == 0)
        r = to_credential(v, cv, secret, error, ret);
    if (r == 0)
        error->n = n;
    return r;
}

int file_secrets_read(const struct vendor_set *v, const struct config *c, struct buf *error, struct file_secrets *ret)
{
    struct file_secrets f = {calloc(v->vendors.n + 1, sizeof *f.items), v->vendors.n};
    int r = 0;
    check(f.items != NULL);
    for (size_t i = 0; i < f.n && r == 0; i++)
        r = read_one(&v->vendors.items[i], c, error, &f.items[i]);
    if (r == 0)
        *ret = f;
    else
        file_secrets_drop(&f);
    return err_trace(r);
}

void file_secrets_put(const struct vendor_set *v, struct file_secrets *f)
{
    check(f->n == v->vendors.n);
    for (size_t i = 0; i < f->n; i++) {
        if (f->items[i])
            credential_put(v->vendors.items[i].credential, f->items[i], SECRET_OK);
        f->items[i] = NULL;
    }
}

void file_secrets_drop(struct file_secrets *f)
{
    for (size_t i = 0; i < f->n; i++)
        credential_unref(f->items[i]);
    free(f->items);
    *f = (struct file_secrets){NULL, 0};
}
