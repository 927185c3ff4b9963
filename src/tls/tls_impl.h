/*
 * tls/tls_impl.h - what the files of this folder share. Not for others.
 */
#pragma once

#include "base/buf.h"
#include "net/stream.h"
#include "net/timer.h"
#include "tls/client.h"

#include <openssl/ssl.h>

#define TLS_RECORD_BYTES 16384
#define TLS_ALPN_HTTP11 "\x08http/1.1"

/*
 *   CONNECTING --under is open--> HANDSHAKE --done, peer is right--> OPEN
 *        \------------------------------\------------------------------\--> FAILED
 *   closed by the owner, from any of them: lingering while plaintext waits for OpenSSL, then gone
 */
enum tls_state { TLS_CONNECTING, TLS_HANDSHAKE, TLS_OPEN, TLS_FAILED };

struct tls_stream {
    struct stream s; /* first: what the owner holds */
    struct stream *under;
    SSL *ssl;
    enum tls_state state;
    int err;                  /* FAILED: what is told, or was */
    struct str in;            /* ciphertext that OpenSSL has not taken: of the event under way, or `held` */
    struct buf held;          /* what of it outlives the event */
    struct buf pending;       /* plaintext that OpenSSL could not take yet */
    uint64_t cipher_bytes;    /* given to `under` */
    uint64_t batch_from, batch_to; /* of these, where the records of the batch under way begin and end */
    uint64_t batch_plain;     /* plaintext in them */
    uint64_t plain_bytes;     /* in all records */
    struct str session_key;   /* allocated; empty: sessions are not kept */
    struct tls_sessions *sessions;
    bool is_client, was_asked; /* was_asked: the server wanted a certificate of ours */
    bool wants_read, is_under_reading, wants_to_hear; /* wants_to_hear: OpenSSL cannot write before it has read */
    bool has_under_ended, is_under_broken, got_eof, wants_drained, is_told, is_closed;
    bool in_event;
    struct timer soon;  /* what must not happen inside a call */
    struct timer limit; /* of lingering */
};

static inline struct tls_stream *tls_of(struct stream *s) { return (struct tls_stream *)(void *)s; }

/* filter.c: takes `under` and `ssl` over, also when it fails. */
struct tls_stream *tls_stream_new(struct stream *under, SSL *ssl, bool is_client);
void tls_stream_start(struct tls_stream *t, bool is_connected); /* server: at once; client: on_connect is awaited */

/* bio.c: reads from t->in, writes to t->under. NULL: no memory. */
BIO *tls_bio_new(struct tls_stream *t);

/* fault.c: why OpenSSL's last call on t->ssl failed, as -ERR_TLS_x. Clears OpenSSL's queue of errors. */
int tls_fault(struct tls_stream *t);
/* The first reason in OpenSSL's queue, in its own words; clears the queue. */
const char *tls_library_reason(void);

/* regular.c: something else than a file has that name: false. True where nothing has. */
bool tls_is_regular(const char *path);
const char *tls_file_reason(const char *path); /* why it cannot be used, by that or by OpenSSL */

/* What both sides want of a context: versions, level, options, memory. */
int tls_context_set_up(SSL_CTX *ctx);
