/* tests/unit/tls/pair.c - see pair.h. */
#include "tls/pair.h"

struct tls_world world;

/* -------- owners -------- */

static void after(struct side *s)
{
    if (s->on_event)
        s->on_event(s);
}

static void on_connect(void *ctx)
{
    struct side *s = ctx;
    s->n_connects++;
    after(s);
}

static void on_bytes(void *ctx, struct str bytes)
{
    struct side *s = ctx;
    assert_true(bytes.n > 0);
    assert_int_equal(buf_add(&s->got, bytes), 0);
    s->n_events++;
    after(s);
}

static void on_eof(void *ctx)
{
    struct side *s = ctx;
    s->n_eofs++;
    after(s);
}

static void on_drained(void *ctx)
{
    struct side *s = ctx;
    s->n_drained++;
    after(s);
}

static void on_error(void *ctx, int err)
{
    struct side *s = ctx;
    s->n_errors++;
    s->err = err;
    after(s);
}

static const struct stream_events events = {
    .on_connect = on_connect, .on_bytes = on_bytes, .on_eof = on_eof, .on_drained = on_drained, .on_error = on_error};

void side_write(struct side *s, struct str bytes) { stream_write(s->s, &bytes, 1); }

void side_close(struct side *s, bool now)
{
    struct stream *st = s->s;
    s->s = NULL;
    stream_close(st, now);
}

SSL *side_ssl(const struct side *s) { return tls_of(s->s)->ssl; }

/* -------- both -------- */

static void own(struct pair *p, struct side *s)
{
    s->pair = p;
    stream_on(s->s, &events, s);
    stream_read_start(s->s);
}

void pair_init(struct pair *p, const struct pair_want *w)
{
    memset(p, 0, sizeof(*p));
    wire_init(&p->wire);
    buf_init(&p->client.got, 64u << 20);
    buf_init(&p->server.got, 64u << 20);
    assert_int_equal(
        tls_client_wrap(w->client, &p->wire.ends[0].s, str_c(w->host ? w->host : "a.example"), 443, &p->client.s), 0);
    own(p, &p->client);
    if (!w->server)
        return;
    assert_int_equal(tls_server_wrap(w->server, &p->wire.ends[1].s, &p->server.s), 0);
    own(p, &p->server);
}

void pair_open(struct pair *p)
{
    wire_open(&p->wire);
    wire_run(&p->wire);
}

void pair_deinit(struct pair *p)
{
    p->client.on_event = p->server.on_event = NULL;
    if (p->client.s)
        stream_close(p->client.s, true);
    if (p->server.s)
        stream_close(p->server.s, true);
    wire_run(&p->wire);
    while (wire_timers(&p->wire, 10000))
        ;
    buf_deinit(&p->client.got);
    buf_deinit(&p->server.got);
    wire_deinit(&p->wire);
}

/* -------- contexts -------- */

struct tls_client *client_of(const struct cert *authority)
{
    struct tls_client *c;
    struct buf error;
    buf_init(&error, 1024);
    int r = tls_client_new(authority ? str_c(authority->file) : STR_NONE, world.sessions, &error, &c);
    assert_str(buf_str(&error), "");
    assert_int_equal(r, 0);
    buf_deinit(&error);
    return c;
}

struct tls_server *server_of(const struct cert *c, const struct cert *client_authority)
{
    struct tls_server *s;
    struct buf error;
    struct tls_server_files files = {.cert_file = str_c(c->file), .key_file = str_c(c->key_file)};
    if (client_authority)
        files.client_ca_file = str_c(client_authority->file);
    buf_init(&error, 1024);
    int r = tls_server_new(&files, &error, &s);
    assert_str(buf_str(&error), "");
    assert_int_equal(r, 0);
    buf_deinit(&error);
    return s;
}

int world_begin(void **state)
{
    certs_begin();
    world.authority = cert_make("authority", &(struct cert_want){.is_authority = true});
    world.cert = cert_make("a.example", &(struct cert_want){.by = &world.authority, .hosts = "DNS:a.example"});
    world.client = client_of(&world.authority);
    world.server = server_of(&world.cert, NULL);
    return 0;
}

void world_keep_sessions(void)
{
    tls_client_free(world.client);
    tls_sessions_free(world.sessions);
    assert_int_equal(tls_sessions_new(&world.sessions), 0);
    world.client = client_of(&world.authority);
}

int world_end(void **state)
{
    tls_client_free(world.client);
    tls_server_free(world.server);
    tls_sessions_free(world.sessions);
    cert_free(&world.authority);
    cert_free(&world.cert);
    certs_end();
    return 0;
}
