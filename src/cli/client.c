/*
 * cli/client.c - what a command asks the admin API, and what is said when no answer comes.
 */
#include "cli/client.h"

#include "base/err.h"
#include "cli/ask.h"
#include "cli/print.h"
#include "cli/where.h"
#include "codec/form.h"
#include "codec/sse.h"
#include "tls/client.h"

#include <string.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX (256u << 20)
#define ANSWER_DEPTH_MAX 64
#define MESSAGE_BYTES_MAX (16u << 20)

int client_tls(struct cli *c, const struct where *w, struct tls_client **ret)
{
    struct buf error;
    int r = 0;
    if (!w->is_tls)
        return 0;
    buf_init(&error, 4096);
    if (tls_client_new(w->ca_file, NULL, &error, ret) < 0)
        r = cli_usage(c, STR_FMT, STR_ARG(buf_str(&error)));
    buf_deinit(&error);
    return r;
}

static int say_unreachable(struct cli *c, const struct where *w, enum http_reset why)
{
    if (why == HTTP_RESET_TLS_UNKNOWN_ISSUER || why == HTTP_RESET_TLS_SELF_SIGNED)
        return cli_unreachable(c,
                               STR_FMT ": %s; name the authority's certificate with --ca FILE, or FLYBALL_CA",
                               STR_ARG(w->url), http_reset_text(why));
    if (why == HTTP_RESET_CONNECT_FAILED)
        return cli_unreachable(
            c,
            "no daemon answers at " STR_FMT
            "; start it with `flyball serve` or `flyball dev`, or name another with --admin or --dir",
            STR_ARG(w->url));
    return cli_unreachable(c, "the daemon at " STR_FMT " did not answer: %s", STR_ARG(w->url), http_reset_text(why));
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

#define PATIENCE_S 2

/* A person who waits sees that something goes on, on a line that is gone when the answer comes. */
static void on_second(void *ctx, int64_t n)
{
    struct cli *c = ctx;
    if (n < PATIENCE_S)
        return;
    fprintf(c->err, "\rwaiting for the daemon, %lld s ", (long long)n);
    fflush(c->err);
    c->has_waited = true;
}

static void end_wait(struct cli *c)
{
    if (c->has_waited)
        fputs("\r\033[K", c->err);
    c->has_waited = false;
}

static bool shows_waiting(const struct cli *c)
{
    return isatty(fileno(c->err)) == 1 && !str_eq(cli_env(c, "TERM"), STR("dumb"));
}

/* One request with the credential, to where `w` says; a POST without a body sends {}. */
static int ask_admin(struct cli *c, const struct where *w, struct ask what, struct told *ret)
{
    bool is_post = strcmp(what.method, "POST") == 0;
    struct http_field fields[] = {
        {STR("authorization"), arena_printf(&c->arena, "Bearer " STR_FMT, STR_ARG(w->token))},
        {STR("accept"), STR("application/json")},
        {STR("content-type"), STR("application/json")},
    };
    what.host = w->host;
    what.port = w->port;
    what.fields = fields;
    what.n_fields = is_post ? 3 : 2;
    what.body = is_post && !what.body.n ? STR("{}") : what.body;
    int r = client_tls(c, w, &what.tls);
    if (r)
        return r;
    if (!what.on_piece && shows_waiting(c)) {
        what.on_second = on_second;
        what.on_second_ctx = c;
    }
    r = ask_once(&what, ANSWER_BYTES_MAX, &c->arena, ret);
    end_wait(c);
    tls_client_free(what.tls);
    if (r < 0)
        r = cli_fail(c, "the request could not be made: %s", err_text(r));
    else if (ret->has_failed)
        r = say_unreachable(c, w, ret->why);
    else if (buf_ok(&ret->body) < 0)
        r = cli_fail(c, "the answer is larger than %u MiB; ask for fewer rows with --limit", ANSWER_BYTES_MAX >> 20);
    if (r)
        ask_end(ret);
    return r;
}

static int find_daemon(struct cli *c, struct where *ret)
{
    int r = where_find(c, ret);
    if (r)
        return r;
    if (ret->is_dev_folder && !c->has_said_where)
        cli_note(c, "(the daemon of `flyball dev` at " STR_FMT ")", STR_ARG(ret->url));
    c->has_said_where = true;
    return 0;
}

int client_request(struct cli *c, const char *method, struct str path, struct str body, struct answer *ret)
{
    struct where w;
    struct told told;
    int r = find_daemon(c, &w);
    if (r == 0)
        r = ask_admin(c, &w, (struct ask){.method = method, .path = path, .body = body}, &told);
    if (r)
        return r;
    *ret = (struct answer){
        .status = told.status, .body = arena_str(&c->arena, buf_str(&told.body)), .json = JSON_ABSENT};
    ask_end(&told);
    if (json_parse(&c->arena, ret->body, ANSWER_DEPTH_MAX, &ret->json) < 0)
        return cli_fail(c, STR_FMT " answers, but not as a Flyball admin API does", STR_ARG(w.url));
    return 0;
}

/* --- watching ----------------------------------------------------------------------------------------------------- */

struct watching {
    struct sse sse;
    bool (*on_message)(void *ctx, const struct sse_event *e);
    void *ctx;
};

static bool on_piece(void *ctx, struct str bytes)
{
    struct watching *w = ctx;
    struct sse_event e;
    enum sse_result r;
    while ((r = sse_next(&w->sse, &bytes, &e)) != SSE_MORE) {
        if (r == SSE_EVENT && !w->on_message(w->ctx, &e))
            return false;
    }
    return true;
}

/* An answer that is not what was to come says why. */
static int say_no_success(struct cli *c, const struct told *told)
{
    struct answer a = {.status = told->status, .body = arena_str(&c->arena, buf_str(&told->body))};
    a.json = JSON_ABSENT;
    (void)json_parse(&c->arena, a.body, ANSWER_DEPTH_MAX, &a.json); /* what is no JSON has no sentence */
    return client_say_failure(c, &a);
}

static int get_pieces(struct cli *c, struct str path, bool (*on_bytes)(void *ctx, struct str bytes), void *ctx)
{
    struct where w;
    struct told told;
    int r = find_daemon(c, &w);
    if (r == 0)
        r = ask_admin(c, &w, (struct ask){.method = "GET", .path = path, .on_piece = on_bytes, .on_piece_ctx = ctx},
                      &told);
    if (r)
        return r;
    if (told.status < 200 || told.status > 299)
        r = say_no_success(c, &told);
    ask_end(&told);
    return r;
}

int client_watch(struct cli *c, struct str path, bool (*on_message)(void *ctx, const struct sse_event *e), void *ctx)
{
    struct watching watching = {.on_message = on_message, .ctx = ctx};
    sse_init(&watching.sse, MESSAGE_BYTES_MAX);
    int r = get_pieces(c, path, on_piece, &watching);
    sse_deinit(&watching.sse);
    return r;
}

static bool on_copy(void *ctx, struct str bytes)
{
    struct cli *c = ctx;
    return fwrite(bytes.p, 1, bytes.n, c->out) == bytes.n;
}

int client_copy(struct cli *c, struct str path)
{
    int r = get_pieces(c, path, on_copy, c);
    return r == 0 && ferror(c->out) ? CLI_FAILED : r;
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

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

/* --- paths -------------------------------------------------------------------------------------------------------- */

struct str client_path(struct cli *c, const char *before, struct str text, const char *after)
{
    struct buf quoted, path;
    buf_init(&quoted, 3 * text.n);
    buf_init(&path, strlen(before) + 3 * text.n + strlen(after)); /* each byte is %XX at most: it fits */
    (void)form_quote(&quoted, text);
    (void)buf_add_c(&path, before);
    for (size_t i = 0; i < quoted.n; i++) /* in a path a plus is no space */
        (void)(quoted.p[i] == '+' ? buf_add_c(&path, "%20") : buf_add_byte(&path, quoted.p[i]));
    (void)buf_add_c(&path, after);
    struct str s = arena_str(&c->arena, buf_str(&path));
    buf_deinit(&quoted);
    buf_deinit(&path);
    return s;
}

struct str client_query(struct cli *c, struct str path, const char *name, struct str value)
{
    if (!value.p)
        return path;
    char mark = str_has(path, '?') ? '&' : '?';
    return client_path(c, arena_printf(&c->arena, STR_FMT "%c%s=", STR_ARG(path), mark, name).p, value, "");
}

struct str client_options(struct cli *c, struct str path, const char *const *names)
{
    for (; *names; names++)
        for (size_t i = 0; i < c->n_given; i++)
            if (strcmp(c->given[i].spec->name, *names) == 0)
                path = client_query(c, path, *names, c->given[i].spec->value ? c->given[i].value : STR("1"));
    return path;
}

int client_get(struct cli *c, struct str path, const char *const *names, struct answer *ret)
{
    return client_call(c, "GET", client_options(c, path, names), STR_NONE, ret);
}
