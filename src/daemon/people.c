/*
 * daemon/people.c - fails at start, with a sentence, rather than at the first sign-in.
 */
#include "daemon/people.h"

#include "base/err.h"
#include "crypto/secret.h"
#include "tls/client.h"

static int load_secret(const struct config_oidc *o, struct buf *error, struct people_set *s)
{
    if (!o->client_secret.n)
        return 0;
    int r = secret_load(o->client_secret, error, &s->secret);
    if (r < 0)
        (void)buf_printf(error, " (people.oidc.client_secret)");
    secret_env_wipe(o->client_secret);
    return r;
}

int people_set_load(const struct config *c, struct buf *error, struct people_set *ret)
{
    struct people_set s = {.tls = NULL};
    if (!c->oidc.issuer.n)
        return 0;
    int r = load_secret(&c->oidc, error, &s);
    if (r == 0 && (r = tls_client_new(c->oidc.ca_file, NULL, error, &s.tls)) < 0)
        (void)buf_printf(error, " (people.oidc.ca_file)");
    if (r < 0)
        people_set_free(&s);
    else
        *ret = s;
    return err_trace(r);
}

void people_set_free(struct people_set *s)
{
    tls_client_free(s->tls);
    secret_free(s->secret);
    *s = (struct people_set){.tls = NULL};
}
