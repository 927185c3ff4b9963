/*
 * cli/client.c - drives our own HTTP client over a loop of its own, one request a loop: a command asks once or twice,
 * and a fresh connection to loopback costs less than keeping state between questions.
 */
#include "cli/client.h"

#include "base/err.h"
#include "cli/print.h"
#include "cli/where.h"
#include "codec/form.h"
#include "http/client.h"
#include "net/loop.h"
#include "tls/client.h"

#include <string.h>

#define ANSWER_BYTES_MAX (256u << 20)
#define ANSWER_DEPTH_MAX 64
#define CONNECT_MS 5000
#define ANSWER_MS 120000 /* doctor and audit verify read the whole history */

struct exchange {
    struct loop *loop;
    struct http_pool *pool;
    struct tls_client *tls; /* NULL: plain HTTP */
    struct http_exchange *x;
    struct buf body;
    int status;
    bool is_done, has_failed;
    enum http_reset why;
};

/* Behind the pool's own event, which must not see its pool freed. The loop ends with the pool's connection. */
static void wind_up(void *ctx)
{
    struct exchange *e = ctx;
    http_pool_free(e->pool);
    e->pool = NULL;
    loop_stop(e->loop);
}

static void end(struct exchange *e)
{
    http_release(e->x);
    e->x = NULL;
    loop_post(e->loop, (struct post){wind_up, e});
}

static void on_head(void *ctx, const struct http_head *head)
{
    struct exchange *e = ctx;
    e->status = head->status;
}

static void on_body(void *ctx, struct str bytes)
{
    struct exchange *e = ctx;
    (void)buf_add(&e->body, bytes); /* found at the end */
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n_trailers)
{
    struct exchange *e = ctx;
    e->is_done = true;
    end(e);
}

static void on_writable(void *ctx) {}

static void on_reset(void *ctx, enum http_reset why)
{
    struct exchange *e = ctx;
    e->has_failed = true;
    e->why = why;
    end(e);
}

static const struct http_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

static void send_request(struct exchange *e, const char *method, struct str path, const struct where *w,
                         struct str body, struct arena *a)
{
    bool is_post = strcmp(method, "POST") == 0;
    struct http_field fields[] = {
        {STR("authorization"), arena_printf(a, "Bearer " STR_FMT, STR_ARG(w->token))},
        {STR("accept"), STR("application/json")},
        {STR("content-type"), STR("application/json")},
    };
    struct http_head head = {.method = str_c(method),
                             .target = path,
                             .fields = fields,
                             .n_fields = is_post ? 3 : 2,
                             .body_bytes = (int64_t)body.n};
    http_send_head(e->x, &head);
    if (body.n)
        (void)http_write(e->x, body); /* small: policy documents at most */
    http_finish(e->x, NULL, 0);
    http_credit(e->x, SIZE_MAX);
}

static int run(struct exchange *e, const char *method, struct str path, const struct where *w, struct str body,
               struct arena *a)
{
    struct limits limits;
    struct http_target target = {.host = w->host, .port = w->port, .tls = e->tls, .allows_private = true};
    struct http_timeouts timeouts = {.connect_ms = CONNECT_MS, .first_byte_ms = ANSWER_MS, .idle_ms = ANSWER_MS};

    limits_default(&limits);
    int r = loop_uv_new(&e->loop);
    if (r < 0)
        return err_trace(r);
    r = http_pool_new(e->loop, &limits, &e->pool);
    if (r == 0) {
        e->x = http_pool_open(e->pool, &target, &timeouts, true, &events, e);
        send_request(e, method, path, w, body, a);
        r = loop_run(e->loop);
    }
    if (e->pool)
        http_pool_free(e->pool);
    loop_free(e->loop);
    return err_trace(r);
}

static int set_tls(struct cli *c, const struct where *w, struct exchange *e)
{
    struct buf error;
    int r = 0;
    if (!w->is_tls)
        return 0;
    buf_init(&error, 4096);
    if (tls_client_new(w->ca_file, NULL, &error, &e->tls) < 0)
        r = cli_usage(c, STR_FMT, STR_ARG(buf_str(&error)));
    buf_deinit(&error);
    return r;
}

static int say_unreachable(struct cli *c, const struct where *w, const struct exchange *e)
{
    if (e->why == HTTP_RESET_TLS_UNKNOWN_ISSUER || e->why == HTTP_RESET_TLS_SELF_SIGNED)
        cli_fail(c,
                 STR_FMT ": %s; name the authority's certificate with --ca FILE, or FLYBALL_CA", STR_ARG(w->url),
                 http_reset_text(e->why));
    else if (e->why == HTTP_RESET_CONNECT_FAILED)
        cli_fail(c,
                 "no daemon answers at " STR_FMT
                 "; start it with `flyball serve` or `flyball dev`, or name another with --admin or --dir",
                 STR_ARG(w->url));
    else
        cli_fail(c, "the daemon at " STR_FMT " did not answer: %s", STR_ARG(w->url), http_reset_text(e->why));
    return CLI_UNREACHABLE;
}

int client_request(struct cli *c, const char *method, struct str path, struct str body, struct answer *ret)
{
    struct where w;
    struct exchange e = {.loop = NULL};
    int r = where_find(c, &w);
    if (r)
        return r;
    if (w.is_dev_folder)
        cli_note(c, "(the daemon of `flyball dev` at " STR_FMT ")", STR_ARG(w.url));
    if (!body.n && strcmp(method, "POST") == 0)
        body = STR("{}");

    if ((r = set_tls(c, &w, &e)))
        return r;
    buf_init(&e.body, ANSWER_BYTES_MAX);
    r = run(&e, method, path, &w, body, &c->arena);
    tls_client_free(e.tls);
    if (r < 0)
        r = cli_fail(c, "the request could not be made: %s", err_text(r));
    else if (e.has_failed)
        r = say_unreachable(c, &w, &e);
    else if (buf_ok(&e.body) < 0)
        r = cli_fail(c, "the answer is larger than %u MiB; ask for fewer rows with --limit", ANSWER_BYTES_MAX >> 20);
    if (r == 0) {
        *ret = (struct answer){.status = e.status, .body = arena_str(&c->arena, buf_str(&e.body)), .json = JSON_ABSENT};
        if (json_parse(&c->arena, ret->body, ANSWER_DEPTH_MAX, &ret->json) < 0)
            r = cli_fail(c, STR_FMT " answers, but not as a Flyball admin API does", STR_ARG(w.url));
    }
    buf_deinit(&e.body);
    return r;
}

int client_print(struct cli *c, const struct answer *a)
{
    fwrite(a->body.p, 1, a->body.n, c->out);
    if (!str_ends(a->body, STR("\n")))
        fputc('\n', c->out);
    return CLI_DONE;
}

int client_say_failure(struct cli *c, const struct answer *a)
{
    struct json error = json_get(a->json, STR("error"));
    struct str message = show_text(error, "message");
    if (c->is_json)
        client_print(c, a);
    if (a->status == 401)
        return cli_fail(c, "the daemon does not take this credential: FLYBALL_TOKEN, or admin.token of the data "
                           "folder, is not its own");
    if (!message.n)
        return cli_fail(c, "the daemon answered %d", a->status);
    return cli_fail(c, STR_FMT, STR_ARG(message));
}

int client_call(struct cli *c, const char *method, struct str path, struct str body, struct answer *ret)
{
    struct answer a;
    int r = client_request(c, method, path, body, &a);
    if (r)
        return r;
    if (a.status < 200 || a.status > 299)
        return client_say_failure(c, &a);
    *ret = a;
    return 0;
}

void client_query(struct buf *path, const char *name, struct str value)
{
    if (!value.p)
        return;
    (void)buf_printf(path, "%c%s=", str_has(buf_str(path), '?') ? '&' : '?',
                     name); /* a full buf is found by its user */
    (void)form_quote(path, value);
}
