/*
 * daemon/listener_tls.c - see listener_tls.h.
 */
#include "daemon/listener_tls.h"

#include "base/check.h"
#include "base/err.h"
#include "tls/server.h"

static int load_one(const char *what, struct str cert, struct str key, struct str client_ca, struct buf *error,
                    struct tls_server **ret)
{
    if (!cert.n)
        return 0;
    buf_printf(error, "listen.%s_tls: ", what);
    int r = tls_server_new(&(struct tls_server_files){cert, key, client_ca}, error, ret);
    if (r == 0)
        buf_reset(error);
    return err_trace(r);
}

int listener_tls_load(const struct config *c, struct buf *error, struct listener_tls *ret)
{
    int r = load_one("data", c->data_cert_file, c->data_key_file, c->data_client_ca_file, error, &ret->data);
    if (r == 0)
        r = load_one("admin", c->admin_cert_file, c->admin_key_file, c->admin_client_ca_file, error, &ret->admin);
    return r;
}

static void take_one(struct tls_server *s, struct tls_server *from)
{
    check(!s == !from); /* TLS comes and goes at a restart only */
    if (s)
        tls_server_take(s, from);
}

void listener_tls_take(struct listener_tls *t, struct listener_tls *from)
{
    take_one(t->data, from->data);
    take_one(t->admin, from->admin);
    *from = (struct listener_tls){NULL, NULL};
}

void listener_tls_free(struct listener_tls *t)
{
    tls_server_free(t->data);
    tls_server_free(t->admin);
    *t = (struct listener_tls){NULL, NULL};
}
