/*
 * tls/client.c, tls/fault.c: whose certificates are believed, and what is said of those that are not.
 */
#include "tls/pair.h"

#include "base/err.h"

/* One handshake; what the client said of it. 0: it was content. */
static int shake_hands(const struct cert *c, const char *host)
{
    struct tls_server *server = server_of(c, NULL);
    struct pair p;
    struct pair_want w = {world.client, server, host};
    pair_init(&p, &w);
    side_write(&p.client, STR("secret"));
    pair_open(&p);
    int err = p.client.err;
    assert_int_equal(p.client.n_connects, err == 0);
    assert_str(buf_str(&p.server.got), err ? "" : "secret");
    assert_int_equal(p.client.s->bytes_out, err ? 0 : 6);
    if (err)
        assert_int_equal(p.server.n_errors, 1);
    pair_deinit(&p);
    tls_server_free(server);
    return err;
}

static void check_cert(const char *what, const struct cert_want *want, const char *host, int err)
{
    struct cert c = cert_make(host, want);
    int got = shake_hands(&c, host);
    if (got != -err)
        print_error("%s: %s\n", what, err_name(got));
    assert_int_equal(got, -err);
    cert_free(&c);
}

static void a_certificate_must_be_in_its_time(void **state)
{
    struct cert_want w = {.by = &world.authority, .hosts = "DNS:a.example", .from_days = -10, .to_days = -1};
    check_cert("expired", &w, "a.example", ERR_TLS_EXPIRED);
    w.from_days = 1;
    w.to_days = 10;
    check_cert("not yet", &w, "a.example", ERR_TLS_NOT_YET_VALID);
}

static void a_certificate_must_be_for_the_host(void **state)
{
    static const struct {
        const char *hosts, *asked;
        bool is_good;
    } cases[] = {
        {"DNS:a.example", "a.example", true},
        {"DNS:a.example", "A.EXAMPLE", true},
        {"DNS:a.example", "b.example", false},
        {"DNS:a.example", "a.example.evil", false},
        {"DNS:*.example.com", "api.example.com", true},
        {"DNS:*.example.com", "a.api.example.com", false},
        {"DNS:*.example.com", "example.com", false},
        {"DNS:ap*.example.com", "api.example.com", false},
        {"DNS:*.com", "example.com", false}, /* a wildcard for a whole suffix */
        {"IP:192.0.2.1", "192.0.2.1", true},
        {"IP:192.0.2.1", "192.0.2.2", false},
        {"DNS:192.0.2.1", "192.0.2.1", false}, /* an address must be listed as one */
        {"IP:2001:db8::1", "2001:db8::1", true},
        {NULL, "a.example", true}, /* the old way: the subject's name, where no other is listed */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_cert(cases[i].hosts ? cases[i].hosts : "subject",
                   &(struct cert_want){.by = &world.authority, .hosts = cases[i].hosts}, cases[i].asked,
                   cases[i].is_good ? 0 : ERR_TLS_WRONG_HOST);
}

static void a_chain_must_lead_to_someone_we_know(void **state)
{
    struct cert stranger = cert_make("stranger", &(struct cert_want){.is_authority = true});
    struct cert middle = cert_make("middle", &(struct cert_want){.by = &world.authority, .is_authority = true});
    check_cert("stranger", &(struct cert_want){.by = &stranger, .hosts = "DNS:a.example"}, "a.example",
               ERR_TLS_UNKNOWN_ISSUER);
    check_cert("self-signed", &(struct cert_want){.hosts = "DNS:a.example"}, "a.example", ERR_TLS_SELF_SIGNED);
    check_cert("chain", &(struct cert_want){.by = &middle, .hosts = "DNS:a.example"}, "a.example", 0);
    check_cert("half a chain", &(struct cert_want){.by = &middle, .hosts = "DNS:a.example", .hides_chain = true},
               "a.example", ERR_TLS_UNKNOWN_ISSUER);
    struct cert leaf = cert_make("leaf", &(struct cert_want){.by = &world.authority});
    check_cert("not an authority", &(struct cert_want){.by = &leaf, .hosts = "DNS:a.example"}, "a.example",
               ERR_TLS_BAD_CERTIFICATE);
    check_cert("a client's", &(struct cert_want){.by = &world.authority, .hosts = "DNS:a.example", .is_client = true},
               "a.example", ERR_TLS_BAD_CERTIFICATE);
    cert_free(&stranger);
    cert_free(&middle);
    cert_free(&leaf);
}

static void the_authority_is_asked_for_by_the_context(void **state)
{
    struct tls_client *no_file = client_of(NULL);
    struct pair p;
    struct pair_want w = {no_file, world.server, NULL};
    pair_init(&p, &w);
    pair_open(&p);
    assert_int_equal(p.client.err, -ERR_TLS_UNKNOWN_ISSUER); /* the system does not know ours */
    pair_deinit(&p);
    tls_client_free(no_file);
}

static void a_file_of_authorities_that_cannot_be_read_is_said(void **state)
{
    static const char *const contents[] = {NULL, "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
    for (size_t i = 0; i < 3; i++) {
        struct tls_client *c = NULL;
        struct buf error;
        size_t at;
        const char *file = contents[i] ? certs_put("bad.pem", contents[i]) : "/nonexistent/ca.pem";
        buf_init(&error, 1024);
        assert_true(tls_client_new(str_c(file), NULL, &error, &c) < 0);
        assert_null(c);
        assert_true(str_find(buf_str(&error), str_c(file), &at));
        assert_int_equal(str_find(buf_str(&error), STR("No such file"), &at), !contents[i]);
        buf_deinit(&error);
    }
}

static void hosts_that_cannot_be_are_refused_at_once(void **state)
{
    char longest[NET_NAME_CHARS_MAX + 2];
    memset(longest, 'a', sizeof(longest));
    const struct str hosts[] = {STR(""), {longest, sizeof(longest) - 1}, {"a\0b", 3}};
    for (size_t i = 0; i < 3; i++) {
        struct wire wire;
        struct stream *s;
        wire_init(&wire);
        assert_int_equal(tls_client_wrap(world.client, &wire.ends[0].s, hosts[i], 443, &s), -ERR_INVALID);
        assert_true(wire.ends[0].is_closed);
        wire_deinit(&wire);
    }
}

/* -------- what servers do wrong -------- */

/* A server as it should not be: OpenSSL's, changed by `spoil`. What the client said. */
static int shake_hands_with(const struct cert *c, void (*spoil)(SSL *ssl))
{
    struct pair p;
    struct tls_server *server = server_of(c, NULL);
    struct pair_want w = {world.client, server, NULL};
    pair_init(&p, &w);
    spoil(side_ssl(&p.server));
    pair_open(&p);
    int err = p.client.err;
    assert_int_equal(p.client.n_connects, err == 0);
    pair_deinit(&p);
    tls_server_free(server);
    return err;
}

static void only_tls_1_1(SSL *ssl)
{
    SSL_set_security_level(ssl, 0);
    SSL_set_min_proto_version(ssl, TLS1_VERSION);
    SSL_set_max_proto_version(ssl, TLS1_1_VERSION);
}

static void only_a_cipher_of_dsa(SSL *ssl)
{
    SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
    SSL_set_security_level(ssl, 0);
    assert_int_equal(SSL_set_cipher_list(ssl, "NULL:@SECLEVEL=0"), 1);
}

static void versions_and_ciphers_of_the_past_are_refused(void **state)
{
    assert_int_equal(shake_hands_with(&world.cert, only_tls_1_1), -ERR_TLS_TOO_OLD);
    assert_int_equal(shake_hands_with(&world.cert, only_a_cipher_of_dsa), -ERR_TLS_NOTHING_IN_COMMON);
}

/* Our own server would not load such certificates: it is given another context for the handshake. */
static int shake_hands_weakly(struct tls_client *client, const struct cert_want *want)
{
    struct cert c = cert_make("a.example", want);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    struct pair p;
    struct pair_want w = {client, world.server, NULL};
    pair_init(&p, &w);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_set_security_level(side_ssl(&p.server), 0);
    assert_int_equal(SSL_CTX_use_certificate(ctx, c.x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, c.key), 1);
    SSL_set_SSL_CTX(side_ssl(&p.server), ctx);
    pair_open(&p);
    int err = p.client.err;
    assert_int_equal(p.client.n_connects, err == 0);
    pair_deinit(&p);
    SSL_CTX_free(ctx);
    cert_free(&c);
    return err;
}

static void keys_and_signatures_of_the_past_are_refused(void **state)
{
    struct cert authority = cert_make("rsa", &(struct cert_want){.is_authority = true, .rsa_bits = 2048});
    struct tls_client *client = client_of(&authority);
    struct cert_want w = {.by = &authority, .hosts = "DNS:a.example", .rsa_bits = 1024};
    assert_int_equal(shake_hands_weakly(client, &w), -ERR_TLS_WEAK);
    w.rsa_bits = 2048;
    assert_int_equal(shake_hands_weakly(client, &w), 0);
    w.digest = "SHA1";
    assert_int_equal(shake_hands_weakly(client, &w), -ERR_TLS_WEAK);
    w.digest = "MD5";
    assert_int_equal(shake_hands_weakly(client, &w), -ERR_TLS_WEAK);
    tls_client_free(client);
    cert_free(&authority);
}

static int ask_for_h2(SSL *ssl, const unsigned char **ret, unsigned char *ret_n, const unsigned char *in, unsigned n,
                      void *ctx)
{
    (void)ssl;
    (void)in;
    (void)n;
    (void)ctx;
    *ret = (const unsigned char *)"h2";
    *ret_n = 2;
    return SSL_TLSEXT_ERR_OK;
}

static int refuse_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_n, const unsigned char *in, unsigned n,
                       void *ctx)
{
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int no_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_n, const unsigned char *in, unsigned n,
                   void *ctx)
{
    return SSL_TLSEXT_ERR_NOACK;
}

static void other_protocols_are_refused_and_silence_is_taken_for_ours(void **state)
{
    static const struct {
        SSL_CTX_alpn_select_cb_func fn;
        int err;
    } cases[] = {{ask_for_h2, 0 /* see below */}, {refuse_alpn, -ERR_TLS_WRONG_PROTOCOL}, {no_alpn, 0}};
    for (size_t i = 0; i < 3; i++) {
        struct tls_server *server = server_of(&world.cert, NULL);
        struct pair p;
        struct pair_want w = {world.client, server, NULL};
        pair_init(&p, &w);
        SSL_CTX_set_alpn_select_cb(SSL_get_SSL_CTX(side_ssl(&p.server)), cases[i].fn, NULL);
        pair_open(&p);
        if (cases[i].fn == ask_for_h2) /* newer OpenSSL finds that it was not offered before we do */
            assert_true(p.client.err == -ERR_TLS_WRONG_PROTOCOL || p.client.err == -ERR_TLS_FAILED);
        else
            assert_int_equal(p.client.err, cases[i].err);
        pair_deinit(&p);
        tls_server_free(server);
    }
}

static void only_tls_1_2(SSL *ssl) { SSL_set_max_proto_version(ssl, TLS1_2_VERSION); }

static void a_server_that_wants_a_certificate_is_told_apart(void **state)
{
    for (int is_old = 0; is_old < 2; is_old++) {
        struct tls_server *server = server_of(&world.cert, &world.authority);
        struct pair p;
        struct pair_want w = {world.client, server, NULL};
        pair_init(&p, &w);
        if (is_old)
            only_tls_1_2(side_ssl(&p.server));
        side_write(&p.client, STR("never read"));
        pair_open(&p);
        assert_int_equal(p.client.err, -ERR_TLS_CERT_REQUIRED);
        assert_int_equal(p.client.n_connects, !is_old); /* TLS 1.3: heard of behind the handshake */
        assert_int_equal(p.server.got.n, 0);
        pair_deinit(&p);
        tls_server_free(server);
    }
}

/* -------- names -------- */

static int see_name(SSL *ssl, int *alert, void *ctx)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(ctx, 64, "%s", name ? name : "-");
    return SSL_TLSEXT_ERR_OK;
}

static void names_are_told_to_the_server_and_addresses_are_not(void **state)
{
    static const char *const hosts[] = {"a.example", "192.0.2.1", "2001:db8::1"};
    struct cert c = cert_make(
        "any", &(struct cert_want){.by = &world.authority, .hosts = "DNS:a.example,IP:192.0.2.1,IP:2001:db8::1"});
    for (size_t i = 0; i < 3; i++) {
        struct tls_server *server = server_of(&c, NULL);
        struct pair p;
        struct pair_want w = {world.client, server, hosts[i]};
        char seen[64] = "";
        pair_init(&p, &w);
        SSL_CTX *ctx = SSL_get_SSL_CTX(side_ssl(&p.server));
        SSL_CTX_set_tlsext_servername_callback(ctx, see_name);
        SSL_CTX_set_tlsext_servername_arg(ctx, seen);
        pair_open(&p);
        assert_int_equal(p.client.err, 0);
        assert_string_equal(seen, i == 0 ? "a.example" : "-");
        pair_deinit(&p);
        tls_server_free(server);
    }
    cert_free(&c);
}

#define T(name) cmocka_unit_test(name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_certificate_must_be_in_its_time),
        T(a_certificate_must_be_for_the_host),
        T(a_chain_must_lead_to_someone_we_know),
        T(the_authority_is_asked_for_by_the_context),
        T(a_file_of_authorities_that_cannot_be_read_is_said),
        T(hosts_that_cannot_be_are_refused_at_once),
        T(versions_and_ciphers_of_the_past_are_refused),
        T(keys_and_signatures_of_the_past_are_refused),
        T(other_protocols_are_refused_and_silence_is_taken_for_ours),
        T(a_server_that_wants_a_certificate_is_told_apart),
        T(names_are_told_to_the_server_and_addresses_are_not),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
