/*
 * tls/bio.c - where OpenSSL meets our streams. Reading takes what the event under way brought; writing always succeeds,
 * because streams take everything.
 */
#include "tls/tls_impl.h"

#include "base/check.h"

#include <pthread.h>
#include <string.h>

static int bio_read(BIO *b, char *to, size_t n_max, size_t *ret_n)
{
    struct tls_stream *t = BIO_get_data(b);
    size_t n = t->in.n < n_max ? t->in.n : n_max;

    BIO_clear_retry_flags(b);
    if (n == 0) {
        BIO_set_retry_read(b); /* also at the end: filter.c knows better what an end means */
        return 0;
    }
    memcpy(to, t->in.p, n);
    t->in = str_sub(t->in, n, t->in.n);
    *ret_n = n;
    return 1;
}

static int bio_write(BIO *b, const char *from, size_t n, size_t *ret_n)
{
    struct tls_stream *t = BIO_get_data(b);

    BIO_clear_retry_flags(b);
    if (!t->is_under_broken)
        stream_write(t->under, &(struct str){from, n}, 1);
    t->cipher_bytes += n;
    *ret_n = n;
    return 1;
}

static long bio_ctrl(BIO *b, int command, long num, void *ptr)
{
    (void)b;
    (void)num;
    (void)ptr;
    return command == BIO_CTRL_FLUSH; /* the turn's end flushes */
}

/* OpenSSL wants its table made at run time: once, and never changed or freed, as a constant. */
static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");

    check(m && BIO_meth_set_read_ex(m, bio_read) && BIO_meth_set_write_ex(m, bio_write) &&
          BIO_meth_set_ctrl(m, bio_ctrl));
    method = m;
}

BIO *tls_bio_new(struct tls_stream *t)
{
    (void)pthread_once(&method_once, make_method);
    BIO *b = BIO_new(method);

    if (!b)
        return NULL;
    BIO_set_data(b, t);
    BIO_set_init(b, 1);
    return b;
}
