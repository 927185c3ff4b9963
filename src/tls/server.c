/*
 * tls/server.c - see server.h. The context in use is replaced under a mutex that a handshake takes to get a reference.
 */
#include "tls/server.h"

#include "base/err.h"
#include "tls/tls_impl.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tls_server {
    pthread_mutex_t mutex;
    SSL_CTX *ctx; /* under mutex; has its own count of references */
};

/* As the library wants their names; NULL: none. */
struct file_names {
    char *cert_file, *key_file, *client_ca_file;
};

/* -------- context -------- */

/* http/1.1 or nothing: a client that insists on another protocol is told so by an alert. */
static int on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_n, const unsigned char *offered,
                   unsigned offered_n, void *ctx)
{
    unsigned char *found;

    (void)ssl;
    (void)ctx;
    if (SSL_select_next_proto(&found, ret_n, (const unsigned char *)TLS_ALPN_HTTP11, sizeof(TLS_ALPN_HTTP11) - 1,
                              offered, offered_n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret = found;
    return SSL_TLSEXT_ERR_OK;
}

static int complain(struct buf *error, const char *what, const char *file)
{
    buf_printf(error, "cannot use %s %s: %s", what, file, tls_file_reason(file));
    return -ERR_INVALID;
}

/* A passphrase cannot be asked for: there is nobody. */
static int on_passphrase(char *to, int n_max, int is_writing, void *ctx)
{
    (void)to;
    (void)n_max;
    (void)is_writing;
    (void)ctx;
    return -1;
}

static int load_files(const struct file_names *s, SSL_CTX *ctx, struct buf *error)
{
    SSL_CTX_set_default_passwd_cb(ctx, on_passphrase);
    if (!tls_is_regular(s->cert_file) || SSL_CTX_use_certificate_chain_file(ctx, s->cert_file) != 1)
        return complain(error, "the certificate", s->cert_file);
    if (!tls_is_regular(s->key_file) || SSL_CTX_use_PrivateKey_file(ctx, s->key_file, SSL_FILETYPE_PEM) != 1)
        return complain(error, "the key", s->key_file);
    if (SSL_CTX_check_private_key(ctx) != 1)
        return complain(error, "the key, which is not the certificate's:", s->key_file);
    if (!s->client_ca_file)
        return 0;
    bool is_file = tls_is_regular(s->client_ca_file);
    STACK_OF(X509_NAME) *names = is_file ? SSL_load_client_CA_file(s->client_ca_file) : NULL;
    if (!names || SSL_CTX_load_verify_file(ctx, s->client_ca_file) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return complain(error, "the certificates of clients' authorities in", s->client_ca_file);
    }
    SSL_CTX_set_client_CA_list(ctx, names); /* takes them over */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return 0;
}

static int context_new(const struct file_names *names, struct buf *error, SSL_CTX **ret)
{
    static const unsigned char id[] = "flyball";
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    ERR_clear_error();
    if (!ctx || tls_context_set_up(ctx) < 0 || SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) != 1) {
        buf_printf(error, "OpenSSL gives no TLS server: %s", tls_library_reason());
        SSL_CTX_free(ctx);
        return -ERR_UNSUPPORTED;
    }
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets need no memory of ours */
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    int r = load_files(names, ctx, error);
    if (r < 0) {
        SSL_CTX_free(ctx);
        return r;
    }
    *ret = ctx;
    return 0;
}

/* -------- life -------- */

static char *copy(struct str s) { return s.n ? strndup(s.p, s.n) : NULL; }

int tls_server_new(const struct tls_server_files *files, struct buf *error, struct tls_server **ret)
{
    struct tls_server *s = calloc(1, sizeof(*s));

    if (!s)
        return err_trace(-ERR_NOMEM);
    struct file_names names = {copy(files->cert_file), copy(files->key_file), copy(files->client_ca_file)};
    pthread_mutex_init(&s->mutex, NULL);
    int r = names.cert_file && names.key_file ? context_new(&names, error, &s->ctx) : -ERR_INVALID;
    free(names.cert_file);
    free(names.key_file);
    free(names.client_ca_file);
    if (r < 0) {
        tls_server_free(s);
        return err_trace(r);
    }
    *ret = s;
    return 0;
}

void tls_server_take(struct tls_server *s, struct tls_server *from)
{
    pthread_mutex_lock(&s->mutex);
    SSL_CTX *old = s->ctx;
    s->ctx = from->ctx;
    pthread_mutex_unlock(&s->mutex);
    from->ctx = old; /* connections hold it as long as they last */
    tls_server_free(from);
}

wall_t tls_server_ends(struct tls_server *s)
{
    struct tm tm = {.tm_year = 0};

    pthread_mutex_lock(&s->mutex);
    const X509 *x = SSL_CTX_get0_certificate(s->ctx);
    int r = ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm);
    pthread_mutex_unlock(&s->mutex);
    time_t at = r == 1 ? timegm(&tm) : 0;
    return at > INT64_MAX / NS_PER_S ? INT64_MAX : (wall_t)at * NS_PER_S; /* "99991231235959Z": for ever */
}

void tls_server_free(struct tls_server *s)
{
    if (!s)
        return;
    SSL_CTX_free(s->ctx);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

int tls_server_wrap(struct tls_server *s, struct stream *under, struct stream **ret_stream)
{
    pthread_mutex_lock(&s->mutex);
    SSL *ssl = SSL_new(s->ctx);
    pthread_mutex_unlock(&s->mutex);
    if (!ssl) {
        ERR_clear_error();
        stream_close(under, true);
        return err_trace(-ERR_NOMEM);
    }
    struct tls_stream *t = tls_stream_new(under, ssl, false);
    tls_stream_start(t, true);
    *ret_stream = &t->s;
    return 0;
}
