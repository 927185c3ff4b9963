/*
 * tests/fuzz/fuzz_tls.c - the glue around OpenSSL: a client and a server filter back to back over a wire in memory,
 * moved, stopped, closed and lied to in any order that the input says.
 *
 * Each input byte is one step: the low half says what, the high half how much. Whatever happens, each owner hears a
 * prefix of what the other wrote, hears it only while reading, never from inside a call, nothing after an error or a
 * close; and hears of an end only when the other said so and all of it came.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "tls/client.h"
#include "tls/server.h"
#include "tls/tls_impl.h"
#include "tls/wire.h"

#define WRITTEN_BYTES_MAX (1u << 20)
#define STEPS_MAX 400

/* -------- contexts, made once -------- */

static struct tls_client *client_context;
static struct tls_server *server_context;

static char *memory_file(void (*put)(FILE *f, void *ctx), void *ctx)
{
    static char paths[2][32];
    static int n;
    int fd = memfd_create("pem", 0);
    FILE *f = fdopen(fd, "w");

    fuzz_check(f != NULL);
    put(f, ctx);
    fflush(f); /* stays open: its path is a descriptor's */
    snprintf(paths[n], sizeof(paths[n]), "/proc/self/fd/%d", fd);
    return paths[n++];
}

static void put_cert(FILE *f, void *ctx) { fuzz_check(PEM_write_X509(f, ctx) == 1); }
static void put_key(FILE *f, void *ctx) { fuzz_check(PEM_write_PrivateKey(f, ctx, NULL, NULL, 0, NULL, NULL) == 1); }

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509V3_CTX ctx;

    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -86400);
    X509_gmtime_adj(X509_getm_notAfter(x), 864000);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"a", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, "DNS:a.example");
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    fuzz_check(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static void make_contexts(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *cert = self_signed(key);
    struct tls_sessions *sessions;
    struct buf error;

    buf_init(&error, 4096);
    char *cert_file = memory_file(put_cert, cert), *key_file = memory_file(put_key, key);
    fuzz_check(tls_sessions_new(&sessions) == 0);
    fuzz_check(tls_client_new(str_c(cert_file), sessions, &error, &client_context) == 0);
    struct tls_server_files files = {.cert_file = str_c(cert_file), .key_file = str_c(key_file)};
    fuzz_check(tls_server_new(&files, &error, &server_context) == 0);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* -------- owners -------- */

struct owner {
    struct stream *s; /* NULL: closed */
    struct wire_end *end;
    struct owner *peer;
    struct buf written, got;
    bool is_reading, has_connected, has_ended, has_failed, said_end;
    bool wants_to_close; /* in the next event */
};

static bool in_call; /* of an owner into its stream */

static void leave(struct owner *o, bool now)
{
    struct stream *s = o->s;

    if (!s)
        return;
    o->s = NULL;
    o->said_end = !o->has_failed;
    in_call = true;
    stream_close(s, now);
    in_call = false;
}

static struct owner *event(void *ctx)
{
    struct owner *o = ctx;

    fuzz_check(!in_call && o->s && !o->has_failed);
    return o;
}

static void after(struct owner *o)
{
    if (o->wants_to_close)
        leave(o, o->written.n % 2);
}

static void on_connect(void *ctx)
{
    struct owner *o = event(ctx);

    fuzz_check(!o->has_connected && o->got.n == 0);
    o->has_connected = true;
    after(o);
}

static void on_bytes(void *ctx, struct str bytes)
{
    struct owner *o = event(ctx);

    fuzz_check(o->is_reading && !o->has_ended && bytes.n > 0);
    fuzz_check(o->got.n + bytes.n <= o->peer->written.n);
    fuzz_check(memcmp(o->peer->written.p + o->got.n, bytes.p, bytes.n) == 0);
    fuzz_check(buf_add(&o->got, bytes) == 0);
    after(o);
}

static void on_eof(void *ctx)
{
    struct owner *o = event(ctx);

    fuzz_check(o->is_reading && !o->has_ended && o->peer->said_end && o->got.n == o->peer->written.n);
    o->has_ended = true;
    after(o);
}

static void on_drained(void *ctx)
{
    struct owner *o = event(ctx);

    fuzz_check(stream_queued(o->s) == 0);
    after(o);
}

static void on_error(void *ctx, int err)
{
    struct owner *o = event(ctx);

    fuzz_check(err < 0);
    o->has_failed = true;
    after(o);
}

static const struct stream_events events = {
    .on_connect = on_connect, .on_bytes = on_bytes, .on_eof = on_eof, .on_drained = on_drained, .on_error = on_error};

/* -------- steps -------- */

static void write_some(struct owner *o, size_t n)
{
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    size_t from = o->written.n;

    if (!o->s || o->written.n + n > WRITTEN_BYTES_MAX)
        return;
    for (size_t i = 0; i < n; i++)
        fuzz_check(buf_add_byte(&o->written, text[(from + i * 7) % (sizeof(text) - 1)]) == 0);
    struct str parts[] = {{o->written.p + from, n / 3}, {o->written.p + from + n / 3, n - n / 3}};
    in_call = true;
    stream_write(o->s, parts, 2);
    in_call = false;
    fuzz_check(stream_queued(o->s) <= o->written.n);
}

static void set_reading(struct owner *o, bool is_on)
{
    if (!o->s || o->has_failed)
        return;
    o->is_reading = is_on;
    in_call = true;
    if (is_on)
        stream_read_start(o->s);
    else
        stream_read_stop(o->s);
    in_call = false;
}

/* Bytes that nobody of ours wrote. */
static void lie(struct owner *to, unsigned how)
{
    static const struct str lies[] = {STR_INIT("\x15\x03\x03\x00\x02\x02\x28"), /* alerts: handshake_failure, */
                                      STR_INIT("\x15\x03\x03\x00\x02\x01\x00"), /* close_notify, unencrypted */
                                      STR_INIT("\x17\x03\x03\x00\x13" "nineteen random byte"),
                                      STR_INIT("\x16\x03\x01\x40\x00"),
                                      STR_INIT("\x14\x03\x03\x00\x01\x01"),
                                      STR_INIT("GET / HTTP/1.1\r\n")};

    if (how < 6)
        (void)buf_add(&to->end->in, lies[how]);
    else if (to->end->in.n)
        to->end->in.p[(size_t)how * 131 % to->end->in.n] ^= (char)(1 << how % 8);
}

static void talk_tls(struct owner *o, unsigned how)
{
    if (!o->s || tls_of(o->s)->state != TLS_OPEN)
        return;
    SSL *ssl = tls_of(o->s)->ssl;

    in_call = true;
    if (how % 3 == 0)
        (void)SSL_new_session_ticket(ssl);
    else
        (void)SSL_key_update(ssl, how % 3 == 1 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    (void)SSL_do_handshake(ssl);
    in_call = false;
}

static void ask_quiet(struct owner *o)
{
    if (!o->s || o->has_failed)
        return;
    in_call = true;
    (void)stream_is_quiet(o->s);
    in_call = false;
}

static void step(struct wire *w, struct owner *owners, uint8_t byte)
{
    unsigned what = byte & 15, how = byte >> 4;
    struct owner *o = &owners[how & 1];

    switch (what) {
    case 0: case 1:
        write_some(o, (size_t)1 << (how >> 1) * 2);
        break;
    case 2:
        set_reading(o, false);
        break;
    case 3:
        set_reading(o, true);
        break;
    case 4: case 5:
        (void)wire_send(o->end, (size_t)1 << (how >> 1) * 2);
        break;
    case 6: case 7:
        (void)wire_deliver(o->end, (size_t)1 << (how >> 1) * 2);
        break;
    case 8:
        (void)wire_timers(w, how & 8 ? 6000 : 0);
        break;
    case 9: case 10:
        wire_run(w);
        break;
    case 11:
        talk_tls(o, how >> 1);
        break;
    case 12:
        lie(o, how >> 1);
        break;
    case 13:
        ask_quiet(o);
        break;
    case 14:
        o->wants_to_close = true;
        break;
    default:
        if (how & 8 && !o->has_failed && !o->end->is_closed)
            wire_break(o->end, -1);
        else
            leave(o, how & 4);
    }
}

static void owner_init(struct owner *o, struct wire *w, int i, struct owner *peer)
{
    *o = (struct owner){.end = &w->ends[i], .peer = peer};
    buf_init(&o->written, WRITTEN_BYTES_MAX);
    buf_init(&o->got, WRITTEN_BYTES_MAX);
    int r = i == 0 ? tls_client_wrap(client_context, &o->end->s, STR("a.example"), 443, &o->s)
                   : tls_server_wrap(server_context, &o->end->s, &o->s);
    fuzz_check(r == 0);
    stream_on(o->s, &events, o);
    set_reading(o, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct wire wire;
    struct owner owners[2];

    if (!client_context)
        make_contexts();
    wire_init(&wire);
    for (int i = 0; i < 2; i++)
        owner_init(&owners[i], &wire, i, &owners[!i]);
    if (n && data[0] & 1)
        write_some(&owners[0], 10); /* before it is open */
    wire_open(&wire);
    if (n && data[0] & 2)
        wire_run(&wire);
    for (size_t i = 1; i < n && i < STEPS_MAX; i++)
        step(&wire, owners, data[i]);
    for (int i = 0; i < 2; i++) {
        owners[i].wants_to_close = false;
        leave(&owners[i], i);
    }
    wire_run(&wire);
    while (wire_timers(&wire, 6000)) /* what lingers, ends */
        ;
    for (int i = 0; i < 2; i++) {
        fuzz_check(owners[i].end->is_closed);
        buf_deinit(&owners[i].written);
        buf_deinit(&owners[i].got);
    }
    wire_deinit(&wire);
    return 0;
}
