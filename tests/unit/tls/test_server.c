/* tls/server.c: certificates from files, their replacement under way, and who is let in. */
#include "tls/pair.h"

#include "base/err.h"

#include <sys/stat.h>
#include <unistd.h>

/* The serial number of the certificate that a new connection is shown. */
static long shown_by(struct tls_server *s)
{
    struct pair p;
    struct pair_want w = {world.client, s, NULL};
    pair_init(&p, &w);
    pair_open(&p);
    assert_int_equal(p.client.err, 0);
    X509 *x = SSL_get1_peer_certificate(side_ssl(&p.client));
    long serial = ASN1_INTEGER_get(X509_get_serialNumber(x));
    X509_free(x);
    pair_deinit(&p);
    return serial;
}

static void copy_file(const char *to, const char *from)
{
    char text[16384];
    FILE *f = fopen(from, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = 0;
    fclose(f);
    f = fopen(to, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static long serial_of(const struct cert *c) { return ASN1_INTEGER_get(X509_get_serialNumber(c->x509)); }

/* As a reload does. */
static int read_again(struct tls_server *s, const struct cert *c, struct buf *error)
{
    struct tls_server *next;
    int r = tls_server_new(&(struct tls_server_files){str_c(c->file), str_c(c->key_file), STR_NONE}, error, &next);
    if (r == 0)
        tls_server_take(s, next);
    return r;
}

static void a_new_certificate_is_for_new_connections(void **state)
{
    struct cert_want want = {.by = &world.authority, .hosts = "DNS:a.example"};
    struct cert first = cert_make("first", &want), second = cert_make("second", &want);
    struct tls_server *s = server_of(&first, NULL);
    struct pair p;
    struct pair_want w = {world.client, s, NULL};
    struct buf error;
    long before = serial_of(&first);

    buf_init(&error, 1024);
    pair_init(&p, &w);
    pair_open(&p);
    copy_file(first.file, second.file);
    copy_file(first.key_file, second.key_file);
    assert_int_equal(shown_by(s), before); /* files are read when asked to */
    assert_int_equal(read_again(s, &first, &error), 0);
    assert_int_equal(shown_by(s), serial_of(&second));
    side_write(&p.client, STR("still here"));
    wire_run(&p.wire);
    assert_str(buf_str(&p.server.got), "still here");
    tls_server_free(s); /* a connection may outlive it */
    side_write(&p.server, STR("so am I"));
    wire_run(&p.wire);
    assert_str(buf_str(&p.client.got), "so am I");
    pair_deinit(&p);
    buf_deinit(&error);
    cert_free(&first);
    cert_free(&second);
}

static void a_bad_file_replaces_nothing_and_is_said(void **state)
{
    struct cert_want want = {.by = &world.authority, .hosts = "DNS:a.example"};
    struct cert c = cert_make("c", &want), other = cert_make("other", &want);
    struct tls_server *s = server_of(&c, NULL);
    struct buf error;
    size_t at;
    long before = serial_of(&c);
    char key[128];

    buf_init(&error, 4096);
    copy_file(c.file, other.file); /* a certificate whose key is another */
    assert_true(read_again(s, &c, &error) < 0);
    assert_true(str_find(buf_str(&error), str_c(c.key_file), &at));
    assert_int_equal(shown_by(s), before);
    buf_reset(&error);
    unlink(c.file);
    assert_true(read_again(s, &c, &error) < 0);
    assert_true(str_find(buf_str(&error), str_c(c.file), &at));
    assert_int_equal(shown_by(s), before);
    buf_reset(&error);
    assert_int_equal(mkfifo(c.file, 0600), 0); /* whose writer is not waited for */
    assert_true(read_again(s, &c, &error) < 0);
    assert_true(str_find(buf_str(&error), STR("not a regular file"), &at));
    unlink(c.file);
    buf_reset(&error);
    copy_file(c.file, other.file);
    snprintf(key, sizeof(key), "%s", certs_put("locked.key", "-----BEGIN ENCRYPTED " /* two words, as */
                                                             "PRIVATE KEY-----\nAAAA\n"    /* lint wants */
                                                             "-----END ENCRYPTED PRIVATE KEY-----\n"));
    copy_file(c.key_file, key);
    assert_true(read_again(s, &c, &error) < 0); /* and nobody is asked for a passphrase */
    assert_int_equal(shown_by(s), before);
    copy_file(c.key_file, other.key_file);
    assert_int_equal(read_again(s, &c, &error), 0);
    assert_int_equal(shown_by(s), serial_of(&other));
    tls_server_free(s);
    buf_deinit(&error);
    cert_free(&c);
    cert_free(&other);
}

static void a_server_knows_when_its_certificate_runs_out(void **state)
{
    struct cert c = cert_make("c", &(struct cert_want){.by = &world.authority, .from_days = -1, .to_days = 9});
    struct tls_server *s = server_of(&c, NULL);
    wall_t now = clock_system.wall(clock_system.ctx), in_9_days = now + 9LL * 86400 * NS_PER_S;
    assert_true(tls_server_ends(s) <= in_9_days && tls_server_ends(s) > in_9_days - 60LL * NS_PER_S);
    tls_server_free(s);
    cert_free(&c);
}

/* -------- clients' certificates -------- */

/* What the server said of a client with that certificate. */
static int let_in(struct tls_server *s, const struct cert *c)
{
    struct pair p;
    struct pair_want w = {world.client, s, NULL};
    pair_init(&p, &w);
    if (c) {
        assert_int_equal(SSL_use_certificate_file(side_ssl(&p.client), c->file, SSL_FILETYPE_PEM), 1);
        assert_int_equal(SSL_use_PrivateKey_file(side_ssl(&p.client), c->key_file, SSL_FILETYPE_PEM), 1);
    }
    side_write(&p.client, STR("hello"));
    pair_open(&p);
    int err = p.server.err;
    assert_str(buf_str(&p.server.got), err ? "" : "hello");
    pair_deinit(&p);
    return err;
}

static void with_a_client_authority_only_its_own_are_let_in(void **state)
{
    struct cert ours = cert_make("clients", &(struct cert_want){.is_authority = true});
    struct cert theirs = cert_make("strangers", &(struct cert_want){.is_authority = true});
    struct cert good = cert_make("good", &(struct cert_want){.by = &ours, .is_client = true});
    struct cert late =
        cert_make("late", &(struct cert_want){.by = &ours, .is_client = true, .from_days = -9, .to_days = -1});
    struct cert server = cert_make("server", &(struct cert_want){.by = &ours});
    struct cert stranger = cert_make("stranger", &(struct cert_want){.by = &theirs, .is_client = true});
    struct tls_server *s = server_of(&world.cert, &ours);
    assert_int_equal(let_in(s, &good), 0);
    assert_int_equal(let_in(s, NULL), -ERR_TLS_CERT_REQUIRED);
    assert_int_equal(let_in(s, &late), -ERR_TLS_EXPIRED);
    assert_int_equal(let_in(s, &stranger), -ERR_TLS_UNKNOWN_ISSUER);
    assert_int_equal(let_in(s, &server), -ERR_TLS_BAD_CERTIFICATE);
    tls_server_free(s);
    cert_free(&ours);
    cert_free(&theirs);
    cert_free(&good);
    cert_free(&late);
    cert_free(&server);
    cert_free(&stranger);
}

/* -------- protocol -------- */

static int with_client(void (*change)(SSL *ssl))
{
    struct pair p;
    struct pair_want w = {world.client, world.server, NULL};
    pair_init(&p, &w);
    change(side_ssl(&p.client));
    pair_open(&p);
    int err = p.server.err;
    pair_deinit(&p);
    return err;
}

static void offer_h2(SSL *ssl) { (void)SSL_set_alpn_protos(ssl, (const unsigned char *)"\x02h2", 3); }
static void offer_both(SSL *ssl) { (void)SSL_set_alpn_protos(ssl, (const unsigned char *)"\x02h2\x08http/1.1", 12); }
static void offer_none(SSL *ssl) { (void)SSL_set_alpn_protos(ssl, NULL, 0); }
static void be_old(SSL *ssl)
{
    SSL_set_security_level(ssl, 0);
    SSL_set_min_proto_version(ssl, TLS1_VERSION);
    SSL_set_max_proto_version(ssl, TLS1_1_VERSION);
}

static void clients_speak_http_1_1_over_tls_1_2_or_newer(void **state)
{
    assert_int_equal(with_client(offer_h2), -ERR_TLS_WRONG_PROTOCOL);
    assert_int_equal(with_client(offer_both), 0);
    assert_int_equal(with_client(offer_none), 0);
    assert_int_equal(with_client(be_old), -ERR_TLS_TOO_OLD);
}

static void nobody_negotiates_anew(void **state)
{
    struct pair p;
    struct pair_want w = {world.client, world.server, NULL};
    pair_init(&p, &w);
    SSL *client = side_ssl(&p.client);
    SSL_set_max_proto_version(client, TLS1_2_VERSION);
    pair_open(&p);
    SSL_clear_options(client, SSL_OP_NO_RENEGOTIATION); /* a client that would */
    long before = SSL_num_renegotiations(side_ssl(&p.server));
    assert_int_equal(SSL_renegotiate(client), 1);
    (void)SSL_do_handshake(client);
    wire_run(&p.wire);
    assert_true(p.client.n_errors == 1 && p.server.got.n == 0);
    assert_true(p.server.s && SSL_num_renegotiations(side_ssl(&p.server)) == before);
    pair_deinit(&p);
}

static void plain_http_on_a_tls_port_is_called_so(void **state)
{
    struct pair p;
    struct pair_want w = {world.client, world.server, NULL};
    pair_init(&p, &w);
    side_close(&p.client, true);
    assert_int_equal(buf_add(&p.wire.ends[1].in, STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n")), 0);
    wire_run(&p.wire);
    assert_int_equal(p.server.err, -ERR_TLS_NOT_TLS);
    assert_int_equal(p.server.n_events, 0);
    pair_deinit(&p);
}

#define T(name) cmocka_unit_test(name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_new_certificate_is_for_new_connections),
        T(a_bad_file_replaces_nothing_and_is_said),
        T(a_server_knows_when_its_certificate_runs_out),
        T(with_a_client_authority_only_its_own_are_let_in),
        T(clients_speak_http_1_1_over_tls_1_2_or_newer),
        T(nobody_negotiates_anew),
        T(plain_http_on_a_tls_port_is_called_so),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
