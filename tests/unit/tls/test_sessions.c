/* tls/sessions.c: what is resumed, how often, by whom; and that the memory of it is bounded and shared by threads. */
#include "tls/sessions.h"

#include "tls/pair.h"

#include <pthread.h>

static int version_of_server;

/* One connection with an exchange on it; true when it resumed an earlier one. */
static bool connect_once(struct tls_client *client, const char *host)
{
    struct pair p;
    struct pair_want w = {client, world.server, host};
    pair_init(&p, &w);
    SSL_set_max_proto_version(side_ssl(&p.server), version_of_server);
    pair_open(&p);
    side_write(&p.server, STR("answer"));
    wire_run(&p.wire);
    assert_str(buf_str(&p.client.got), "answer");
    bool is_resumed = SSL_session_reused(side_ssl(&p.client));
    pair_deinit(&p);
    return is_resumed;
}

static int setup(void **state)
{
    world_keep_sessions();
    version_of_server = TLS1_3_VERSION;
    return 0;
}

static void the_second_connection_resumes_the_first(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        (void)setup(NULL);
        version_of_server = version;
        assert_false(connect_once(world.client, NULL));
        assert_true(connect_once(world.client, NULL));
        assert_true(connect_once(world.client, NULL));
    }
}

static void a_ticket_of_tls_1_3_is_used_once(void **state)
{
    (void)connect_once(world.client, NULL);
    size_t n = tls_sessions_count(world.sessions);
    assert_true(n > 0);
    SSL_SESSION *s = tls_sessions_take(world.sessions, STR("no such key"));
    assert_null(s);
    assert_int_equal(tls_sessions_count(world.sessions), n);
    struct pair p;
    struct pair_want w = {world.client, world.server, NULL};
    pair_init(&p, &w); /* takes one, and is never answered */
    assert_int_equal(tls_sessions_count(world.sessions), n - 1);
    pair_deinit(&p);
    assert_int_equal(tls_sessions_count(world.sessions), n - 1);
}

static void whom_we_believed_is_part_of_the_key(void **state)
{
    struct cert other = cert_make("other", &(struct cert_want){.is_authority = true});
    struct tls_client *same = client_of(&world.authority);
    assert_false(connect_once(world.client, NULL));
    assert_true(connect_once(same, NULL)); /* another context that believes the same */
    struct tls_client *stricter = client_of(&other);
    struct pair p;
    struct pair_want w = {stricter, world.server, NULL};
    pair_init(&p, &w);
    pair_open(&p);
    assert_true(p.client.n_connects == 0 && p.client.n_errors == 1); /* a session would have let it in */
    pair_deinit(&p);
    tls_client_free(same);
    tls_client_free(stricter);
    cert_free(&other);
}

/* -------- bounds -------- */

static void put(const char *key)
{
    SSL_SESSION *s = SSL_SESSION_new();
    assert_true(s && SSL_SESSION_set_protocol_version(s, TLS1_3_VERSION));
    tls_sessions_put(world.sessions, str_c(key), s);
}

static size_t drain(const char *key)
{
    size_t n = 0;
    for (SSL_SESSION *s; (s = tls_sessions_take(world.sessions, str_c(key))); n++)
        SSL_SESSION_free(s);
    return n;
}

static void one_key_has_eight_sessions_at_most(void **state)
{
    for (int i = 0; i < SESSIONS_OF_KEY_MAX; i++)
        put("a");
    put("b");
    assert_int_equal(tls_sessions_count(world.sessions), SESSIONS_OF_KEY_MAX + 1);
    put("a");
    assert_int_equal(tls_sessions_count(world.sessions), SESSIONS_OF_KEY_MAX + 1);
    assert_int_equal(drain("a"), SESSIONS_OF_KEY_MAX);
    assert_int_equal(drain("b"), 1);
}

static void all_keys_together_have_256_at_most_and_the_oldest_go(void **state)
{
    char key[16];
    for (int i = 0; i < SESSIONS_MAX; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        put(key);
    }
    assert_int_equal(tls_sessions_count(world.sessions), SESSIONS_MAX);
    put("one more");
    assert_int_equal(tls_sessions_count(world.sessions), SESSIONS_MAX);
    assert_int_equal(drain("k0"), 0);
    assert_int_equal(drain("k1"), 1);
    assert_int_equal(drain("one more"), 1);
}

/* -------- threads -------- */

static void *connect_often(void *ctx)
{
    size_t *n_resumed = ctx;
    for (int i = 0; i < 20; i++)
        *n_resumed += connect_once(world.client, NULL);
    return NULL;
}

static void workers_share_sessions(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        pthread_t threads[4];
        size_t n_resumed[4] = {0}, n = 0;
        version_of_server = version;
        for (int i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, connect_often, &n_resumed[i]), 0);
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
            n += n_resumed[i];
        }
        assert_true(n >= 76); /* all but each thread's first, at the most */
        assert_true(tls_sessions_count(world.sessions) <= SESSIONS_OF_KEY_MAX);
    }
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_second_connection_resumes_the_first),
        T(a_ticket_of_tls_1_3_is_used_once),
        T(whom_we_believed_is_part_of_the_key),
        T(one_key_has_eight_sessions_at_most),
        T(all_keys_together_have_256_at_most_and_the_oldest_go),
        T(workers_share_sessions),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
