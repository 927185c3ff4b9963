/*
 * tls/client.c - see client.h.
 */
#include "tls/client.h"

#include "base/err.h"
#include "tls/sessions.h"
#include "tls/tls_impl.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_client {
    SSL_CTX *ctx;
    struct tls_sessions *sessions;
    size_t ca_n;
    char ca[]; /* the CA file's name: whom a session's peer was believed by */
};

int tls_context_set_up(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_security_level(ctx, 2);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 ? 0 : -ERR_UNSUPPORTED;
}

/* -------- sessions -------- */

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_stream *t = SSL_get_app_data(ssl);

    if (!t || !t->sessions || !SSL_SESSION_is_resumable(session))
        return 0;
    SSL_SESSION *copy = SSL_SESSION_dup(session); /* the connection goes on writing to its own */
    if (copy)
        tls_sessions_put(t->sessions, t->session_key, copy);
    return 0;
}

static void resume(struct tls_stream *t)
{
    SSL_SESSION *session = tls_sessions_take(t->sessions, t->session_key);

    if (!session)
        return;
    (void)SSL_set_session(t->ssl, session); /* without it the handshake is a full one */
    SSL_SESSION_free(session);
}

static struct str session_key(const struct tls_client *c, struct str host, uint16_t port)
{
    size_t cap = host.n + c->ca_n + sizeof("65535\n\n");
    char *key = malloc(cap);

    if (!key)
        return STR_NONE;
    int n = snprintf(key, cap, STR_FMT "\n%u\n%.*s", STR_ARG(host), port, (int)c->ca_n, c->ca);
    return (struct str){key, (size_t)n};
}

/* -------- context -------- */

/* A server's wish for a certificate of ours: we have none, and remember it for the case that it insists. */
static int on_cert_wish(SSL *ssl, X509 **ret_cert, EVP_PKEY **ret_key)
{
    struct tls_stream *t = SSL_get_app_data(ssl);

    (void)ret_cert;
    (void)ret_key;
    t->was_asked = true;
    return 0;
}

static int load_authorities(SSL_CTX *ctx, const char *ca, struct buf *error)
{
    (void)SSL_CTX_set_default_verify_paths(ctx); /* a machine may have none */
    ERR_clear_error();
    if (!*ca || (tls_is_regular(ca) && SSL_CTX_load_verify_file(ctx, ca) == 1))
        return 0;
    buf_printf(error, "cannot read certificates of authorities from %s: %s", ca, tls_file_reason(ca));
    return -ERR_INVALID;
}

static int set_up(struct tls_client *c, struct buf *error)
{
    c->ctx = SSL_CTX_new(TLS_client_method());
    if (!c->ctx || tls_context_set_up(c->ctx) < 0 ||
        SSL_CTX_set_alpn_protos(c->ctx, (const unsigned char *)TLS_ALPN_HTTP11, sizeof(TLS_ALPN_HTTP11) - 1) != 0) {
        buf_printf(error, "OpenSSL gives no TLS client: %s", tls_library_reason());
        return -ERR_UNSUPPORTED;
    }
    SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_client_cert_cb(c->ctx, on_cert_wish);
    SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c->ctx, on_new_session);
    return load_authorities(c->ctx, c->ca, error);
}

int tls_client_new(struct str ca_file, struct tls_sessions *sessions, struct buf *error, struct tls_client **ret)
{
    struct tls_client *c = calloc(1, sizeof(*c) + ca_file.n + 1);

    if (!c)
        return err_trace(-ERR_NOMEM);
    c->sessions = sessions;
    c->ca_n = ca_file.n;
    if (ca_file.n)
        memcpy(c->ca, ca_file.p, ca_file.n);
    int r = set_up(c, error);
    if (r < 0) {
        tls_client_free(c);
        return err_trace(r);
    }
    *ret = c;
    return 0;
}

void tls_client_free(struct tls_client *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ctx);
    free(c);
}

/* -------- connections -------- */

/* Whose certificate we want to see. An address must stand in it as an address, and goes into no SNI (RFC 6066 3). */
static bool expect(SSL *ssl, struct str host)
{
    char name[NET_NAME_CHARS_MAX + 1];

    if (host.n == 0 || host.n >= sizeof(name) || str_has(host, '\0'))
        return false;
    memcpy(name, host.p, host.n);
    name[host.n] = 0;
    if (net_host_is_numeric(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

int tls_client_wrap(struct tls_client *c, struct stream *under, struct str host, uint16_t port,
                    struct stream **ret_stream)
{
    SSL *ssl = SSL_new(c->ctx);

    if (!ssl || !expect(ssl, host)) {
        SSL_free(ssl);
        ERR_clear_error();
        stream_close(under, true);
        return err_trace(-ERR_INVALID);
    }
    struct tls_stream *t = tls_stream_new(under, ssl, true);
    t->session_key = c->sessions ? session_key(c, host, port) : STR_NONE;
    t->sessions = t->session_key.n ? c->sessions : NULL;
    if (t->sessions)
        resume(t);
    tls_stream_start(t, false);
    *ret_stream = &t->s;
    return 0;
}

int tls_client_connect(struct tls_client *c, struct loop *l, const struct net_addr *addr, struct str host,
                       const struct stream_events *ev, void *ev_ctx, struct stream **ret_stream)
{
    struct stream *under, *s;
    int r = l->ops->connect(l, addr, NULL, NULL, &under);

    if (r < 0)
        return r;
    r = tls_client_wrap(c, under, host, addr->port, &s);
    if (r < 0)
        return r;
    stream_on(s, ev, ev_ctx);
    *ret_stream = s;
    return 0;
}

bool tls_client_is_shaking_hands(const struct stream *s)
{
    return ((const struct tls_stream *)(const void *)s)->state == TLS_HANDSHAKE;
}
