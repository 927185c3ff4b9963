/*
 * daemon/listener_tls.c - see listener_tls.h.
 */
#include "daemon/listener_tls.h"

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

static int reload_one(const char *what, struct tls_server *s, struct buf *error)
{
    struct buf why;
    if (!s)
        return 0;
    buf_init(&why, error->max_bytes);
    int r = tls_server_reload(s, &why);
    if (r < 0)
        buf_printf(error, "%slisten.%s_tls keeps its certificate: " STR_FMT, error->n ? "; " : "", what,
                   STR_ARG(buf_str(&why)));
    buf_deinit(&why);
    return r;
}

int listener_tls_reload(struct listener_tls *t, struct buf *error)
{
    int r = reload_one("data", t->data, error), admin = reload_one("admin", t->admin, error);
    return err_trace(r < 0 ? r : admin);
}

void listener_tls_free(struct listener_tls *t)
{
    tls_server_free(t->data);
    tls_server_free(t->admin);
    *t = (struct listener_tls){NULL, NULL};
}
