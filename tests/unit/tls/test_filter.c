/*
 * tls/filter.c: what the owner of a stream sees of TLS, which is nothing but bytes in order, ends and errors.
 */
#include "tls/pair.h"

#include "base/err.h"

#include <openssl/ssl.h>

static struct pair_want usual(void) { return (struct pair_want){world.client, world.server, NULL}; }

static void open_pair(struct pair *p)
{
    struct pair_want w = usual();
    pair_init(p, &w);
    pair_open(p);
    assert_true(p->client.n_connects == 1 && p->client.n_errors == 0);
}

/* `n` bytes that tell their place. */
static char *pattern(size_t n)
{
    char *p = malloc(n);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 31 + i / 251);
    return p;
}

/* -------- bytes -------- */

static void bytes_of_any_size_arrive_as_they_were_written(void **state)
{
    static const size_t sizes[] = {1, 2, 16383, 16384, 16385, 65536, 100000, 5000000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct pair p;
        char *bytes = pattern(sizes[i]);
        open_pair(&p);
        side_write(&p.client, (struct str){bytes, sizes[i]});
        side_write(&p.server, (struct str){bytes, sizes[i]});
        wire_run(&p.wire);
        assert_true(str_eq(buf_str(&p.server.got), (struct str){bytes, sizes[i]}));
        assert_true(str_eq(buf_str(&p.client.got), (struct str){bytes, sizes[i]}));
        assert_int_equal(p.client.s->bytes_in, sizes[i]);
        assert_int_equal(p.client.s->bytes_out, sizes[i]);
        assert_true(p.client.n_drained == 1 && stream_queued(p.client.s) == 0);
        free(bytes);
        pair_deinit(&p);
    }
}

static void a_wire_that_moves_a_byte_at_a_time_changes_nothing(void **state)
{
    struct pair p;
    struct pair_want w = usual();
    char *bytes = pattern(20000);
    pair_init(&p, &w);
    wire_open(&p.wire);
    side_write(&p.client, (struct str){bytes, 20000});
    for (bool moves = true; moves;) {
        moves = wire_timers(&p.wire, 0);
        for (int k = 0; k < 2; k++)
            moves |= wire_send(&p.wire.ends[k], 1) | wire_deliver(&p.wire.ends[k], 1);
    }
    assert_true(str_eq(buf_str(&p.server.got), (struct str){bytes, 20000}));
    free(bytes);
    pair_deinit(&p);
}

static void what_is_written_before_the_handshake_waits_for_it(void **state)
{
    struct pair p;
    struct pair_want w = usual();
    pair_init(&p, &w);
    side_write(&p.client, STR("early"));
    assert_int_equal(stream_queued(p.client.s), 5);
    wire_open(&p.wire);
    (void)wire_send(&p.wire.ends[0], SIZE_MAX); /* the first flight is in the kernel, and nothing of ours with it */
    assert_int_equal(stream_queued(p.client.s), 5);
    assert_int_equal(p.client.s->bytes_out, 0);
    wire_run(&p.wire);
    assert_str(buf_str(&p.server.got), "early");
    assert_true(p.client.n_drained == 1 && p.client.s->bytes_out == 5);
    pair_deinit(&p);
}

static void small_parts_of_one_write_share_a_record(void **state)
{
    struct pair p;
    open_pair(&p);
    struct str parts[] = {STR("HTTP/1.1 200 OK\r\n"), STR(""), STR("\r\n"), STR("body")};
    size_t n = 17 + 2 + 4;
    stream_write(p.client.s, parts, 4);
    assert_int_equal(p.wire.ends[0].out.n, 5 + n + 1 + 16); /* header, bytes, type, tag (RFC 8446 5.2) */
    wire_run(&p.wire);
    assert_str(buf_str(&p.server.got), "HTTP/1.1 200 OK\r\n\r\nbody");
    pair_deinit(&p);
}

static void parts_around_a_records_size_keep_their_order(void **state)
{
    static const size_t sizes[][3] = {{16384, 1, 1}, {1, 16384, 1}, {16383, 1, 1}, {1, 16383, 16385}, {40000, 0, 5}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct pair p;
        size_t n = sizes[i][0] + sizes[i][1] + sizes[i][2];
        char *b = pattern(n);
        open_pair(&p);
        struct str parts[] = {{b, sizes[i][0]}, {b + sizes[i][0], sizes[i][1]}, {b + n - sizes[i][2], sizes[i][2]}};
        stream_write(p.client.s, parts, 3);
        wire_run(&p.wire);
        assert_true(str_eq(buf_str(&p.server.got), (struct str){b, n}));
        free(b);
        pair_deinit(&p);
    }
}

/* -------- what is queued -------- */

static void nothing_counts_as_sent_until_a_whole_record_has_left(void **state)
{
    struct pair p;
    open_pair(&p);
    for (int i = 0; i < 20; i++)
        side_write(&p.client, STR("x")); /* 20 records of 23 bytes: mostly overhead */
    assert_int_equal(stream_queued(p.client.s), 20);
    size_t before = 20;
    for (size_t n_left = 0; p.wire.ends[0].out.n; n_left++) {
        size_t queued = stream_queued(p.client.s), n_whole = n_left / 23;
        assert_true(queued <= before && queued <= 20);
        assert_true(n_whole == 0 || queued < 20); /* a record that left may have been read */
        assert_true(n_left > 0 || queued == 20);
        assert_true(queued > 0);
        before = queued;
        (void)wire_send(&p.wire.ends[0], 1);
    }
    assert_int_equal(stream_queued(p.client.s), 0);
    side_write(&p.client, STR("next"));
    assert_int_equal(stream_queued(p.client.s), 4);
    pair_deinit(&p);
}

static void a_broken_wire_counts_all_as_sent(void **state)
{
    struct pair p;
    open_pair(&p);
    side_write(&p.client, STR("hello"));
    wire_break(&p.wire.ends[0], -ERR_RESET);
    wire_run(&p.wire);
    assert_true(p.client.n_errors == 1 && p.client.err == -ERR_RESET);
    assert_int_equal(stream_queued(p.client.s), 0);
    pair_deinit(&p);
}

/* -------- the four stalls -------- */

static void stop_reading(struct side *s) { stream_read_stop(s->s); }

/* First: plaintext that OpenSSL already holds, and ciphertext that we hold, when reading starts again. */
static void reading_that_starts_again_finds_what_came_before(void **state)
{
    struct pair p;
    char *bytes = pattern(50000);
    open_pair(&p);
    p.client.on_event = stop_reading;
    side_write(&p.server, (struct str){bytes, 50000});
    wire_run(&p.wire);
    assert_int_equal(p.client.n_events, 1);
    assert_true(p.client.got.n < 50000 && p.wire.ends[0].in.n == 0 && p.wire.ends[1].out.n == 0);
    for (size_t i = 1; p.client.got.n < 50000; i++) { /* nothing more will come of the wire */
        assert_int_equal(p.client.n_events, i);
        stream_read_start(p.client.s);
        assert_int_equal(p.client.n_events, i); /* not inside the call */
        wire_run(&p.wire);
    }
    assert_true(str_eq(buf_str(&p.client.got), (struct str){bytes, 50000}));
    free(bytes);
    pair_deinit(&p);
}

static void backpressure_reaches_the_wire(void **state)
{
    struct pair p;
    char *bytes = pattern(1000000);
    open_pair(&p);
    stream_read_stop(p.client.s);
    assert_false(p.wire.ends[0].is_reading);
    side_write(&p.server, (struct str){bytes, 1000000});
    wire_run(&p.wire);
    assert_int_equal(p.client.got.n, 0);
    assert_true(p.wire.ends[0].in.n > 1000000);
    stream_read_start(p.client.s);
    wire_run(&p.wire);
    assert_true(str_eq(buf_str(&p.client.got), (struct str){bytes, 1000000}));
    free(bytes);
    pair_deinit(&p);
}

static void stop_and_start(struct side *s)
{
    stream_read_stop(s->s);
    stream_read_start(s->s);
}

static void reading_may_stop_and_start_within_an_event(void **state)
{
    struct pair p;
    char *bytes = pattern(100000);
    open_pair(&p);
    p.client.on_event = stop_and_start;
    side_write(&p.server, (struct str){bytes, 100000});
    wire_run(&p.wire);
    assert_true(str_eq(buf_str(&p.client.got), (struct str){bytes, 100000}));
    free(bytes);
    pair_deinit(&p);
}

/* Second: while half of a message of the handshake is read, OpenSSL writes nothing before it has the rest. */
static void a_half_read_ticket_holds_writes_back_and_nothing_else(void **state)
{
    struct pair p;
    struct cert someone =
        cert_make("client", &(struct cert_want){.by = &world.authority, .is_client = true, .rsa_bits = 4096});
    struct tls_server *server = server_of(&world.cert, &world.authority);
    struct pair_want w = {world.client, server, NULL};
    pair_init(&p, &w);
    assert_int_equal(SSL_use_certificate_file(side_ssl(&p.client), someone.file, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_use_PrivateKey_file(side_ssl(&p.client), someone.key_file, SSL_FILETYPE_PEM), 1);
    pair_open(&p);
    assert_int_equal(p.client.n_connects, 1);

    SSL_set_max_send_fragment(side_ssl(&p.server), 512); /* a ticket with a client's certificate is longer */
    assert_int_equal(SSL_new_session_ticket(side_ssl(&p.server)), 1);
    assert_int_equal(SSL_do_handshake(side_ssl(&p.server)), 1);
    size_t all = p.wire.ends[1].out.n;
    assert_true(all > 700);
    (void)wire_send(&p.wire.ends[1], SIZE_MAX);
    (void)wire_deliver(&p.wire.ends[0], 512 + 22);

    stream_read_stop(p.client.s);
    side_write(&p.client, STR("held "));
    side_write(&p.client, STR("back"));
    assert_int_equal(p.wire.ends[0].out.n, 0);
    assert_int_equal(stream_queued(p.client.s), 9);
    assert_true(p.wire.ends[0].is_reading); /* although the owner does not want to */
    wire_run(&p.wire);
    assert_str(buf_str(&p.server.got), "held back");
    assert_false(p.wire.ends[0].is_reading);
    assert_int_equal(stream_queued(p.client.s), 0);
    assert_true(p.client.n_drained == 1 && p.client.n_events == 0);
    pair_deinit(&p);
    tls_server_free(server);
    cert_free(&someone);
}

static void key_updates_pass_unseen(void **state)
{
    struct pair p;
    open_pair(&p);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(SSL_key_update(side_ssl(&p.server), SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(side_ssl(&p.server)), 1);
        side_write(&p.client, STR("c"));
        side_write(&p.server, STR("s"));
        wire_run(&p.wire);
    }
    assert_str(buf_str(&p.server.got), "ccccc");
    assert_str(buf_str(&p.client.got), "sssss");
    assert_int_equal(p.client.s->bytes_in, 5);
    pair_deinit(&p);
}

/* Third: tickets are no bytes of an answer, and do not make an idle connection look unquiet. */
static void send_ticket(struct pair *p)
{
    assert_int_equal(SSL_new_session_ticket(side_ssl(&p->server)), 1);
    assert_int_equal(SSL_do_handshake(side_ssl(&p->server)), 1);
    (void)wire_send(&p->wire.ends[1], SIZE_MAX);
}

static void a_late_ticket_is_no_byte_of_an_answer(void **state)
{
    struct pair p;
    open_pair(&p);
    send_ticket(&p);
    assert_true(p.wire.ends[0].in.n > 0);
    wire_run(&p.wire);
    assert_true(p.client.n_events == 0 && p.client.s->bytes_in == 0 && p.client.n_errors == 0);
    pair_deinit(&p);
}

static void a_ticket_in_the_kernel_leaves_a_connection_quiet(void **state)
{
    struct pair p;
    open_pair(&p);
    assert_true(stream_is_quiet(p.client.s));
    send_ticket(&p);
    assert_false(stream_is_quiet(&p.wire.ends[0].s)); /* as the wire sees it */
    assert_true(stream_is_quiet(p.client.s));
    side_write(&p.client, STR("go on"));
    side_write(&p.server, STR("yes"));
    wire_run(&p.wire);
    assert_str(buf_str(&p.server.got), "go on");
    assert_str(buf_str(&p.client.got), "yes");
    pair_deinit(&p);
}

static void half_a_ticket_in_the_kernel_is_read_on_later(void **state)
{
    struct pair p;
    open_pair(&p);
    assert_int_equal(SSL_new_session_ticket(side_ssl(&p.server)), 1);
    assert_int_equal(SSL_do_handshake(side_ssl(&p.server)), 1);
    (void)wire_send(&p.wire.ends[1], 100);
    (void)stream_is_quiet(p.client.s);
    side_write(&p.server, STR("answer"));
    wire_run(&p.wire);
    assert_str(buf_str(&p.client.got), "answer");
    pair_deinit(&p);
}

static void bytes_in_the_kernel_make_a_connection_unquiet_and_are_not_lost(void **state)
{
    struct pair p;
    open_pair(&p);
    send_ticket(&p);
    side_write(&p.server, STR("surprise"));
    (void)wire_send(&p.wire.ends[1], SIZE_MAX);
    assert_false(stream_is_quiet(p.client.s));
    assert_int_equal(p.client.n_events, 0); /* not inside the call */
    wire_run(&p.wire);
    assert_str(buf_str(&p.client.got), "surprise");
    pair_deinit(&p);
}

static void an_end_in_the_kernel_makes_a_connection_unquiet(void **state)
{
    struct pair p;
    open_pair(&p);
    side_close(&p.server, false); /* close_notify */
    (void)wire_send(&p.wire.ends[1], SIZE_MAX);
    assert_false(stream_is_quiet(p.client.s));
    wire_run(&p.wire);
    assert_true(p.client.n_eofs == 1 && p.client.n_errors == 0);
    assert_false(stream_is_quiet(p.client.s));
    pair_deinit(&p);
}

static void a_bare_end_in_the_kernel_makes_a_connection_unquiet(void **state)
{
    struct pair p;
    open_pair(&p);
    p.wire.ends[0].has_ended = true;
    assert_false(stream_is_quiet(p.client.s));
    pair_deinit(&p);
}

static void a_fatal_alert_in_the_kernel_is_no_proper_end(void **state)
{
    struct pair p;
    open_pair(&p);
    side_write(&p.client, STR("x"));
    (void)wire_send(&p.wire.ends[0], SIZE_MAX);
    p.wire.ends[1].in.p[7] ^= 1;
    wire_deliver(&p.wire.ends[1], SIZE_MAX); /* the server finds it changed, and says so by an alert */
    (void)wire_send(&p.wire.ends[1], SIZE_MAX);
    assert_false(stream_is_quiet(p.client.s));
    wire_run(&p.wire);
    assert_true(p.client.n_eofs == 0 && p.client.n_errors == 1 && p.client.err == -ERR_TLS_BROKEN);
    pair_deinit(&p);
}

/* Fourth: an end that nobody announced. */
static void an_end_without_close_notify_is_an_error(void **state)
{
    struct pair p;
    open_pair(&p);
    side_write(&p.server, STR("some of it"));
    wire_run(&p.wire);
    p.wire.ends[0].has_ended = true;
    wire_run(&p.wire);
    assert_str(buf_str(&p.client.got), "some of it");
    assert_true(p.client.n_eofs == 0 && p.client.n_errors == 1 && p.client.err == -ERR_TLS_TRUNCATED);
    pair_deinit(&p);
}

static void an_end_without_close_notify_is_told_behind_the_bytes(void **state)
{
    struct pair p;
    char *bytes = pattern(40000);
    open_pair(&p);
    p.client.on_event = stop_reading;
    side_write(&p.server, (struct str){bytes, 40000});
    (void)wire_send(&p.wire.ends[1], SIZE_MAX);
    p.wire.ends[0].has_ended = true;
    wire_run(&p.wire);
    assert_int_equal(p.client.n_errors, 0);
    p.client.on_event = NULL;
    stream_read_start(p.client.s);
    wire_run(&p.wire);
    assert_true(p.client.got.n == 40000 && p.client.err == -ERR_TLS_TRUNCATED);
    free(bytes);
    pair_deinit(&p);
}

/* -------- ends -------- */

static void close_notify_is_an_end_and_the_other_way_stays_open(void **state)
{
    struct pair p;
    open_pair(&p);
    side_write(&p.client, STR("question"));
    wire_run(&p.wire);
    assert_int_equal(SSL_shutdown(side_ssl(&p.client)), 0); /* our direction only */
    wire_run(&p.wire);
    assert_true(p.server.n_eofs == 1 && p.server.n_errors == 0);
    side_write(&p.server, STR("answer"));
    wire_run(&p.wire);
    assert_str(buf_str(&p.client.got), "answer");
    pair_deinit(&p);
}

static void closing_says_so_and_sends_what_is_queued(void **state)
{
    for (int now = 0; now < 2; now++) {
        struct pair p;
        open_pair(&p);
        if (!now)
            side_write(&p.client, STR("last words"));
        side_close(&p.client, now);
        wire_run(&p.wire);
        assert_str(buf_str(&p.server.got), now ? "" : "last words");
        assert_true(p.server.n_eofs == 1 && p.server.n_errors == 0);
        pair_deinit(&p);
    }
}

static void closing_now_sends_nothing_of_what_is_queued(void **state)
{
    struct pair p;
    open_pair(&p);
    side_write(&p.client, STR("never mind"));
    assert_int_equal(stream_queued(p.client.s), 10);
    side_close(&p.client, true);
    wire_run(&p.wire);
    assert_true(p.wire.ends[0].was_closed_now && p.server.got.n == 0);
    assert_int_equal(p.server.err, -ERR_TLS_TRUNCATED);
    pair_deinit(&p);
}

static void what_is_dropped_before_the_handshake_is_over_has_no_proper_end(void **state)
{
    struct pair p;
    struct pair_want w = usual();
    pair_init(&p, &w);
    wire_open(&p.wire);
    side_write(&p.client, STR("dropped"));
    (void)wire_send(&p.wire.ends[0], SIZE_MAX);
    (void)wire_deliver(&p.wire.ends[1], SIZE_MAX);
    side_write(&p.server, STR("dropped too")); /* TLS 1.3 would let it speak already */
    side_close(&p.server, true);
    wire_run(&p.wire);
    assert_true(p.client.n_eofs == 0 && p.client.err == -ERR_TLS_CLOSED);
    pair_deinit(&p);
}

static void a_reset_says_nothing(void **state)
{
    struct pair p;
    open_pair(&p);
    struct stream *s = p.client.s;
    p.client.s = NULL;
    side_write(&p.server, STR("x"));
    stream_reset(s);
    assert_true(p.wire.ends[0].is_reset && p.wire.ends[0].out.n == 0);
    pair_deinit(&p);
}

static void what_waits_for_the_handshake_is_sent_after_a_close(void **state)
{
    struct pair p;
    struct pair_want w = usual();
    pair_init(&p, &w);
    side_write(&p.client, STR("fire and forget"));
    side_close(&p.client, false);
    pair_open(&p);
    assert_str(buf_str(&p.server.got), "fire and forget");
    assert_int_equal(p.server.n_eofs, 1);
    assert_int_equal(p.client.n_connects, 0); /* nobody is there to be told */
    pair_deinit(&p);
}

static void a_close_waits_five_seconds_for_the_handshake(void **state)
{
    struct pair p;
    struct pair_want w = usual();
    pair_init(&p, &w);
    side_write(&p.client, STR("never"));
    side_close(&p.client, false);
    wire_timers(&p.wire, 4900);
    assert_false(p.wire.ends[0].is_closed);
    wire_timers(&p.wire, 300);
    assert_true(p.wire.ends[0].is_closed && p.wire.ends[0].was_closed_now);
    pair_deinit(&p);
}

static void close_here(struct side *s)
{
    if (s->s)
        side_close(s, false);
}

static void the_owner_may_close_in_any_event(void **state)
{
    for (int i = 0; i < 5; i++) {
        struct pair p;
        struct pair_want w = usual();
        pair_init(&p, &w);
        if (i == 0)
            p.client.on_event = close_here; /* on_connect */
        pair_open(&p);
        if (i > 0)
            p.client.on_event = close_here;
        if (i == 1)
            side_write(&p.server, STR("bytes"));
        else if (i == 2)
            side_close(&p.server, false);
        else if (i == 3)
            side_write(&p.client, STR("drains"));
        else if (i == 4)
            p.wire.ends[0].has_ended = true;
        wire_run(&p.wire);
        assert_null(p.client.s);
        assert_true(p.wire.ends[0].is_closed);
        pair_deinit(&p);
    }
}

static void close_now_here(struct side *s) { side_close(s, true); }

static void reset_here(struct side *s)
{
    struct stream *st = s->s;
    s->s = NULL;
    stream_reset(st);
}

static void the_owner_may_drop_what_waited_when_it_hears_that_it_is_connected(void **state)
{
    void (*const ways[])(struct side *) = {close_here, close_now_here, reset_here};
    for (int i = 0; i < 3; i++) {
        struct pair p;
        struct pair_want w = usual();
        pair_init(&p, &w);
        p.client.on_event = ways[i];
        side_write(&p.client, STR("waited"));
        pair_open(&p);
        assert_str(buf_str(&p.server.got), i == 0 ? "waited" : "");
        assert_int_equal(p.server.n_eofs, i == 0);
        assert_true(p.wire.ends[0].is_closed);
        pair_deinit(&p);
    }
}

/* -------- errors -------- */

static void say(struct pair *p, const char *text)
{
    assert_int_equal(buf_add(&p->wire.ends[0].in, str_c(text)), 0);
}

static void what_is_no_tls_is_called_so(void **state)
{
    static const char *const texts[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "garbage!",
                                        "220 mail.example ESMTP\r\n", "\x16\xff\xff\x02\x01rubbish"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct pair p;
        struct pair_want w = {world.client, NULL, NULL};
        pair_init(&p, &w);
        pair_open(&p);
        say(&p, texts[i]);
        p.wire.ends[0].is_reading = true;
        wire_run(&p.wire);
        if (p.client.err != -ERR_TLS_NOT_TLS)
            print_error("%s: %s\n", texts[i], err_name(p.client.err));
        assert_int_equal(p.client.err, -ERR_TLS_NOT_TLS);
        assert_int_equal(p.client.n_errors, 1);
        pair_deinit(&p);
    }
}

static void an_end_in_the_handshake_is_called_so(void **state)
{
    for (int is_break = 0; is_break < 2; is_break++) {
        struct pair p;
        struct pair_want w = {world.client, NULL, NULL};
        pair_init(&p, &w);
        side_write(&p.client, STR("unsent"));
        pair_open(&p);
        say(&p, "\x16\x03\x03\x10"); /* a record that does not go on */
        wire_run(&p.wire);
        if (is_break)
            wire_break(&p.wire.ends[0], -ERR_RESET);
        else
            p.wire.ends[0].has_ended = true;
        wire_run(&p.wire);
        assert_int_equal(p.client.err, -ERR_TLS_CLOSED);
        assert_true(p.client.n_errors == 1 && p.client.s->bytes_out == 0 && stream_queued(p.client.s) == 6);
        pair_deinit(&p);
    }
}

static void a_connection_that_never_opened_is_no_matter_of_tls(void **state)
{
    struct pair p;
    struct pair_want w = usual();
    pair_init(&p, &w);
    wire_break(&p.wire.ends[0], -ERR_CONNECT);
    wire_run(&p.wire);
    assert_int_equal(p.client.err, -ERR_CONNECT);
    pair_deinit(&p);
}

static void a_changed_byte_is_found_and_told_outside_of_calls(void **state)
{
    struct pair p;
    open_pair(&p);
    side_write(&p.server, STR("refund 10 dollars"));
    (void)wire_send(&p.wire.ends[1], SIZE_MAX);
    p.wire.ends[0].in.p[9] ^= 1;
    (void)wire_deliver(&p.wire.ends[0], SIZE_MAX);
    assert_true(p.client.n_errors == 0 && p.client.n_events == 0);
    wire_run(&p.wire);
    assert_true(p.client.n_errors == 1 && p.client.err == -ERR_TLS_BROKEN);
    side_write(&p.client, STR("ignored")); /* after an error only close is left, and writing does no harm */
    wire_run(&p.wire);
    assert_int_equal(p.client.n_errors, 1);
    assert_int_equal(p.server.n_errors, 1); /* heard by an alert */
    pair_deinit(&p);
}

#define T(name) cmocka_unit_test(name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bytes_of_any_size_arrive_as_they_were_written),
        T(a_wire_that_moves_a_byte_at_a_time_changes_nothing),
        T(what_is_written_before_the_handshake_waits_for_it),
        T(small_parts_of_one_write_share_a_record),
        T(parts_around_a_records_size_keep_their_order),
        T(nothing_counts_as_sent_until_a_whole_record_has_left),
        T(a_broken_wire_counts_all_as_sent),
        T(reading_that_starts_again_finds_what_came_before),
        T(backpressure_reaches_the_wire),
        T(reading_may_stop_and_start_within_an_event),
        T(a_half_read_ticket_holds_writes_back_and_nothing_else),
        T(key_updates_pass_unseen),
        T(a_late_ticket_is_no_byte_of_an_answer),
        T(a_ticket_in_the_kernel_leaves_a_connection_quiet),
        T(half_a_ticket_in_the_kernel_is_read_on_later),
        T(bytes_in_the_kernel_make_a_connection_unquiet_and_are_not_lost),
        T(an_end_in_the_kernel_makes_a_connection_unquiet),
        T(a_bare_end_in_the_kernel_makes_a_connection_unquiet),
        T(a_fatal_alert_in_the_kernel_is_no_proper_end),
        T(an_end_without_close_notify_is_an_error),
        T(an_end_without_close_notify_is_told_behind_the_bytes),
        T(close_notify_is_an_end_and_the_other_way_stays_open),
        T(closing_says_so_and_sends_what_is_queued),
        T(closing_now_sends_nothing_of_what_is_queued),
        T(what_is_dropped_before_the_handshake_is_over_has_no_proper_end),
        T(a_reset_says_nothing),
        T(what_waits_for_the_handshake_is_sent_after_a_close),
        T(a_close_waits_five_seconds_for_the_handshake),
        T(the_owner_may_close_in_any_event),
        T(the_owner_may_drop_what_waited_when_it_hears_that_it_is_connected),
        T(what_is_no_tls_is_called_so),
        T(an_end_in_the_handshake_is_called_so),
        T(a_connection_that_never_opened_is_no_matter_of_tls),
        T(a_changed_byte_is_found_and_told_outside_of_calls),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
