/*
 * admin/request.c - the life of one admin request: refuse, collect the body, run the handler, wait, answer.
 */
#include "admin/request.h"

#include "admin/access.h"
#include "admin/feed.h"
#include "admin/guard.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/json_walk.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#define QUERY_FIELDS_MAX 32
#define WRITE_PIECE_BYTES 65536
#define ANSWER_OWN_FIELDS_MAX 8
#define SECRET_REQUEST_BYTES_MAX 65536 /* the longest secret, every byte of it escaped */

static void wipe(struct request *r)
{
    if (r->out.p)
        bytes_wipe(r->out.p, r->out.cap);
    if (r->body.p)
        bytes_wipe(r->body.p, r->body.cap);
    arena_wipe(&r->arena);
}

static void request_free(struct request *r)
{
    struct admin *a = r->admin;
    check(!r->x);
    list_remove(&r->node); /* fine when it is in no list any more */
    if (r->has_secret)
        wipe(r);
    buf_deinit(&r->body);
    buf_deinit(&r->out);
    buf_deinit(&r->ask.json);
    arena_deinit(&r->arena);
    free(r);
    admin_request_gone(a);
}

static void request_unref(struct request *r)
{
    check(r->n_refs > 0);
    if (--r->n_refs == 0)
        request_free(r);
}

/* The exchange is over for us: answered, or the client left. */
static void exchange_over(struct request *r)
{
    struct http_exchange *x = r->x;
    r->x = NULL;
    if (r->watcher)
        feed_left(r);
    http_release(x);
    request_unref(r);
}

/* A request that another thread still works for cannot be freed: its answer goes to a mailbox that nobody reads any
 * more. */
void request_drop(struct request *r)
{
    bool is_waiting = r->n_refs > (r->x != NULL);
    if (r->watcher)
        feed_left(r);
    if (r->x)
        http_release(r->x);
    r->x = NULL;
    list_remove(&r->node);
    if (!is_waiting)
        request_free(r);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* Sends what the window takes; on_writable brings us back. */
static void send_more(struct request *r)
{
    struct str all = buf_str(&r->out);
    while (r->n_sent < all.n) {
        struct str piece = str_sub(all, r->n_sent, WRITE_PIECE_BYTES);
        r->n_sent += piece.n;
        if (http_write(r->x, piece) > (size_t)r->admin->limits->stream_window_bytes && r->n_sent < all.n)
            return;
    }
    request_finish(r);
}

static void send_answer(struct request *r, int status)
{
    if (!r->x)
        return; /* the client left */
    if (buf_ok(&r->out) < 0) {
        buf_reset(&r->out);
        request_fail(r, 413, "answer_too_large", "the answer is larger than %u MiB: ask for fewer rows with limit",
                     ADMIN_ANSWER_BYTES_MAX >> 20);
        return;
    }
    struct http_field fields[6] = {
        {STR("content-type"), str_c(r->content_type)},
        {STR("cache-control"), STR("no-store")},
        {STR("x-content-type-options"), STR("nosniff")},
    };
    size_t n = 3;
    if (status == 401)
        fields[n++] = (struct http_field){STR("www-authenticate"), STR("Bearer realm=\"flyball\"")};
    if (status == 503 || status == 429)
        fields[n++] = (struct http_field){STR("retry-after"), status == 503 ? STR("1") : STR("60")};
    if (r->set_cookie.n)
        fields[n++] = (struct http_field){STR("set-cookie"), r->set_cookie};
    if (status == 405)
        fields[n++] = (struct http_field){STR("allow"), r->note};
    struct http_head head = {
        .status = (uint16_t)status, .fields = fields, .n_fields = n, .body_bytes = (int64_t)r->out.n};
    http_send_head(r->x, &head);
    send_more(r);
}

void request_answer_file(struct request *r, int status, const struct http_field *own, size_t n_own)
{
    struct http_field fields[2 + ANSWER_OWN_FIELDS_MAX] = {
        {STR("content-type"), str_c(r->content_type)},
        {STR("x-content-type-options"), STR("nosniff")},
    };
    check(n_own <= ANSWER_OWN_FIELDS_MAX && buf_ok(&r->out) == 0);
    if (!r->x)
        return; /* the client left */
    for (size_t i = 0; i < n_own; i++)
        fields[2 + i] = own[i];
    struct http_head head = {
        .status = (uint16_t)status, .fields = fields, .n_fields = 2 + n_own, .body_bytes = (int64_t)r->out.n};
    http_send_head(r->x, &head);
    send_more(r);
}

void request_break(struct request *r)
{
    http_reset(r->x, HTTP_RESET_CANCELLED);
    exchange_over(r);
}

/* Whether what was done stands on record with who did it; true where nothing is owed, or nobody waits. */
static bool is_on_record(const struct request *r, int status)
{
    return r->is_recorded || status >= 300 || !r->verb || !verb_is_action(r->verb);
}

void request_answer(struct request *r, int status)
{
    if (is_on_record(r, status))
        send_answer(r, status);
    else
        request_answer_synced(r, status, 0);
}

void request_finish(struct request *r)
{
    http_finish(r->x, NULL, 0);
    exchange_over(r);
}

void request_fail(struct request *r, int status, const char *code, const char *fmt, ...)
{
    struct json_writer w;
    va_list ap;
    va_start(ap, fmt);
    struct str text = arena_vprintf(&r->arena, fmt, ap);
    va_end(ap);

    buf_reset(&r->out);
    r->content_type = "application/json";
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_key(&w, STR("error"));
    jw_object(&w);
    jw_put_str(&w, STR("code"), str_c(code));
    jw_put_str(&w, STR("message"), text);
    jw_object_end(&w);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    request_answer(r, status);
}

void request_fail_err(struct request *r, int err)
{
    switch (err) {
    case -ERR_NOT_FOUND:
        request_fail(r, 404, "not_found", "there is no such thing");
        return;
    case -ERR_TOO_LARGE:
        request_fail(r, 413, "too_large", "a named limit was passed: see `limits` in flyball.yaml");
        return;
    case -ERR_INVALID:
    case -ERR_AMBIGUOUS:
        request_fail(r, 400, "request_invalid", "the request is malformed");
        return;
    case -ERR_NO_SPACE:
        request_fail(r, 503, "overloaded", "the journal cannot be written: the disk or journal_bytes_max is full");
        return;
    case -ERR_IO:
        request_fail(r, 503, "journal_failed", "the journal failed; the daemon stops and recovers at its next start");
        return;
    default:
        request_fail(r, 500, "internal", "%s", err_text(err));
    }
}

void request_fail_stop(struct request *r, int err)
{
    if (err == -ERR_NO_SPACE)
        request_fail(
            r, 503, "overloaded",
            "it is in force, but not on record yet: the disk or journal_bytes_max is full; make room, and do not "
            "restart before");
    else
        request_fail_err(r, err);
}

int request_walk_rows(struct str answer, int64_t *ret_n, int64_t *ret_last, struct buf *lines)
{
    struct json_walk rows, row;
    struct str key, element, value;
    int r = json_walk(&rows, answer) ? 1 : -ERR_CORRUPT;
    *ret_n = 0;
    while (r > 0 && (r = json_walk_next(&rows, &key, &element)) > 0) {
        if (!json_walk(&row, element))
            return err_trace(-ERR_CORRUPT);
        while ((r = json_walk_next(&row, &key, &value)) > 0)
            if (str_eq(key, STR("seq")))
                (void)json_raw_i64(value, ret_last);
        json_walk_after(&rows, &row);
        if (r < 0 || !json_raw_whole(element, &element))
            return err_trace(-ERR_CORRUPT);
        ++*ret_n;
        if (lines) {
            (void)buf_add(lines, element); /* a full buf is found at the end */
            (void)buf_add_byte(lines, '\n');
        }
        r = 1;
    }
    return err_trace(r);
}

void request_answer_page(struct request *r, struct str name)
{
    struct json_writer w;
    int64_t n, last = 0;
    if (request_walk_rows(buf_str(&r->ask.json), &n, &last, NULL) < 0) {
        request_fail_err(r, -ERR_CORRUPT);
        return;
    }
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_raw(&w, name, buf_str(&r->ask.json));
    if (n == r->ask.q.rows_max)
        jw_put_i64(&w, STR("next"), last);
    else if (r->stopped_at)
        jw_put_i64(&w, STR("next"), (int64_t)r->stopped_at);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

void request_answer_list(struct request *r, struct str name)
{
    struct json_writer w;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_raw(&w, name, buf_str(&r->ask.json));
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

/* --- waits -------------------------------------------------------------------------------------------------------- */

static void on_synced(void *ctx)
{
    struct request *r = ctx;
    if (r->sync.result < 0)
        request_fail_err(r, r->sync.result);
    else
        request_answer(r, r->status);
    request_unref(r);
}

struct str request_address(struct request *r, char text[64])
{
    struct net_addr peer;
    return r->x && http_peer(r->x, &peer) ? net_addr_text(&peer, text) : STR("");
}

/* The role by which it was done: the one it takes, else owner, else whichever there is. */
static struct str role_of(const struct request *r)
{
    enum role role = r->verb->role;
    if (!(r->who.roles & ROLE_BIT(role)))
        role = ROLE_OWNER;
    while (role > ROLE_VIEWER && !(r->who.roles & ROLE_BIT(role)))
        role--;
    return str_c(role_text(role));
}

/* Who did what to what, from where. *ret_seq stays where nothing could be written. */
static int record_action(struct request *r, uint64_t *ret_seq)
{
    char text[64];
    struct admin_action a = {
        .action = str_c(r->verb->id),
        .by = r->who.name,
        .role = role_of(r),
        .address = request_address(r, text),
        .tenant = r->who.tenant,
        .target = r->target.n ? r->target : r->args[0],
        .is_target_personal = r->is_target_personal,
        .before = r->before,
        .after = r->after,
    };
    r->is_recorded = true;
    return core_admin_action(r->admin->core, &a, ret_seq);
}

void request_answer_synced(struct request *r, int status, uint64_t seq)
{
    int e = is_on_record(r, status) ? 0 : record_action(r, &seq);
    if (e < 0) {
        request_fail_stop(r, e); /* it is done, and the journal says so at least with the name */
        return;
    }
    r->status = status;
    r->sync = (struct sync_wait){.seq = seq, .box = &r->admin->loop->box, .done = {on_synced, r}};
    r->n_refs++;
    if (core_synced(r->admin->core, &r->sync))
        on_synced(r);
}

struct str request_row_members(struct request *r, const struct str *names, size_t n)
{
    struct json rows, row;
    struct json_writer w;
    struct buf b;
    if (json_parse(&r->arena, buf_str(&r->ask.json), 16, &rows) < 0)
        return STR_NONE;
    row = json_at(rows, 0);
    if (json_type(row) != JSON_OBJECT)
        return STR_NONE;
    buf_init(&b, ADMIN_ANSWER_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    for (size_t i = 0; i < n; i++) {
        jw_key(&w, names[i]);
        jw_json(&w, json_get(row, names[i]));
    }
    jw_object_end(&w);
    struct str s = buf_ok(&b) == 0 ? arena_str(&r->arena, buf_str(&b)) : STR_NONE;
    buf_deinit(&b);
    return s;
}

void request_answer_row(struct request *r, int status, uint64_t seq)
{
    struct json rows;
    struct json_writer w;
    int e = json_parse(&r->arena, buf_str(&r->ask.json), 16, &rows);
    if (e < 0) {
        request_fail_err(r, e);
        return;
    }
    jw_init(&w, &r->out);
    jw_json(&w, json_at(rows, 0));
    jw_end(&w);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    request_answer_synced(r, status, seq);
}

void request_hold(struct request *r) { r->n_refs++; }

void request_let_go(struct request *r) { request_unref(r); }

static void on_asked(void *ctx)
{
    struct request *r = ctx;
    if (r->x && (r->watcher || r->takes_errors))
        r->then(r); /* whatever the result: it has an answer under way */
    else if (r->ask.result == -ERR_TOO_LARGE)
        request_fail(r, 413, "answer_too_large", "the answer is too large: ask for fewer rows with limit");
    else if (r->ask.result < 0)
        request_fail_err(r, r->ask.result);
    else if (r->x)
        r->then(r);
    request_unref(r);
}

void request_ask(struct request *r, void (*then)(struct request *r))
{
    r->then = then;
    r->n_refs++;
    buf_deinit(&r->ask.json);
    buf_init(&r->ask.json, ADMIN_ANSWER_BYTES_MAX);
    r->ask.result = 0;
    r->stopped_at = 0;
    r->ask.q.ret_stopped_at = &r->stopped_at;
    r->ask.box = &r->admin->loop->box;
    r->ask.done = (struct post){on_asked, r};
    core_ask(r->admin->core, &r->ask);
}

/* --- from head to handler ----------------------------------------------------------------------------------------- */

/* %XX decoded once; false: malformed, or a control byte. */
static bool decode_segment(struct arena *a, struct str s, struct str *ret)
{
    char *p = arena_try_alloc(a, s.n + 1);
    size_t n = 0;
    if (!p)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            if (s.n - i < 3)
                return false;
            int hi = hex_digit(s.p[i + 1]), lo = hex_digit(s.p[i + 2]);
            if (hi < 0 || lo < 0)
                return false;
            c = (char)(hi << 4 | lo);
            i += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return false;
        p[n++] = c;
    }
    *ret = (struct str){p, n};
    return true;
}

/* Query parameters are all known to the verb, each once. */
static bool read_query(struct request *r, const struct http_head *head)
{
    struct input_fault fault = {.text = "malformed"};
    if (form_parse(&r->arena, head->query, QUERY_FIELDS_MAX, 1, &r->query, &fault) < 0) {
        request_fail(r, 400, "request_invalid", "the query cannot be read: %s", fault.text);
        return false;
    }
    for (size_t i = 0; i < r->query.n; i++) {
        struct str name = r->query.fields[i].name;
        if (verb_has_param(r->verb, name) || strcmp(r->verb->answer, "redirect") == 0)
            continue; /* providers add what they like */
        request_fail(r, 400, "parameter_unknown", "`" STR_FMT "` is not a parameter of %s; it takes: %s",
                     STR_ARG(str_sub(name, 0, 64)), r->verb->id, *r->verb->params ? r->verb->params : "none");
        return false;
    }
    return true;
}

/* "GET, POST" */
static struct str methods_of(struct request *r, unsigned allow)
{
    struct str all = STR("");
    for (enum admin_method m = 0; m < METHOD_COUNT; m++) {
        if (allow & 1u << m)
            all = arena_printf(&r->arena, STR_FMT "%s%s", STR_ARG(all), all.n ? ", " : "", method_text(m));
    }
    return all;
}

static bool find_verb(struct request *r, const struct http_head *head)
{
    unsigned allow = 0;
    int found = verb_find(head->method, head->path, &r->verb, r->args, &allow);

    if (found == VERB_R_METHOD) {
        r->note = methods_of(r, allow);
        request_fail(r, 405, "method_not_allowed", "this path answers " STR_FMT " only", STR_ARG(r->note));
        return false;
    }
    if (found < 0) {
        request_fail(r, 404, "not_found", "no such path; /api/v1/openapi.json lists what there is");
        return false;
    }

    for (size_t i = 0; i < VERB_ARGS_MAX; i++) {
        if (!decode_segment(&r->arena, r->args[i], &r->args[i])) {
            request_fail(r, 400, "request_invalid", "the path is malformed");
            return false;
        }
    }
    return true;
}

/* A body that holds a secret stays in one place, so that it can be wiped there: no growing, which leaves copies. */
static void expect_secret(struct request *r)
{
    r->has_secret = true;
    buf_init(&r->body, SECRET_REQUEST_BYTES_MAX);
    check(buf_reserve(&r->body, SECRET_REQUEST_BYTES_MAX) == 0);
}

/* POST bodies are JSON (or a policy document as it is), which a plain HTML form can never send. */
static bool accepts_body(struct request *r, const struct http_head *head)
{
    if (r->verb->method != METHOD_POST)
        return true;
    struct str type = STR(""), rest;
    (void)http_head_get(head, STR("content-type"), &type); /* absent is "" */
    (void)str_cut(type, ';', &type, &rest);
    type = str_trim(type);
    r->is_yaml = str_eq(str_c(r->verb->request), STR("PolicyText")) && str_eq_nocase(type, STR("application/yaml"));
    if (!r->is_yaml && !str_eq_nocase(type, STR("application/json"))) {
        request_fail(r, 415, "content_type", "send content-type: application/json");
        return false;
    }
    if (head->body_bytes > (int64_t)r->body.max_bytes) {
        request_fail(r, 413, "request_too_large", "the body is larger than admin_body_bytes_max");
        return false;
    }
    return true;
}

/* The head is gone when the handler runs. */
static void keep_fields(struct request *r, const struct http_head *head)
{
    struct str value;
    if (http_head_get(head, STR("if-none-match"), &value))
        r->if_none_match = arena_str(&r->arena, value);
    if (http_head_get(head, STR("accept-encoding"), &value))
        r->accept_encoding = arena_str(&r->arena, value);
}

static bool accepts(struct request *r, const struct http_head *head)
{
    /* What a browser was led to by another name than ours cannot show our certificate: TLS is check enough. */
    if (!r->admin->tls && !host_is_ours(head->host, &r->admin->bound)) {
        request_fail(r, 421, "host_unknown",
                     "the Host field must be a loopback name or the address of the admin listener");
        return false;
    }
    if (!find_verb(r, head) || !access_allows(r, head))
        return false;
    if (r->verb->role == ROLE_SECRETS)
        expect_secret(r);
    keep_fields(r, head);
    return read_query(r, head) && accepts_body(r, head);
}

static void on_body(void *ctx, struct str bytes)
{
    struct request *r = ctx;
    size_t n = bytes.n;
    int e = buf_add(&r->body, bytes);
    if (r->has_secret)
        bytes_wipe((char *)bytes.p, bytes.n); /* where the connection was read to */
    if (e < 0)
        request_fail(r, 413, "request_too_large", "the body is larger than admin_body_bytes_max");
    else
        http_credit(r->x, n);
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n_trailers)
{
    struct request *r = ctx;
    struct input_fault fault = {.text = "malformed"};

    if (r->body.n && !r->is_yaml) {
        int e = json_parse_fault(&r->arena, buf_str(&r->body), r->admin->limits->json_depth_max, &r->json, &fault);
        if (e < 0) {
            request_fail(r, 400, "request_invalid", "the body is not JSON: %s (at byte %zu)", fault.text, fault.at);
            return;
        }
        if (json_type(r->json) != JSON_OBJECT) {
            request_fail(r, 400, "request_invalid", "the body must be a JSON object");
            return;
        }
    }
    r->verb->handle(r);
}

static void on_writable(void *ctx)
{
    struct request *r = ctx;
    if (r->watcher)
        feed_writable(r);
    else if (r->on_writable)
        r->on_writable(r);
    else if (r->n_sent)
        send_more(r);
}

static void on_reset(void *ctx, enum http_reset why) { exchange_over(ctx); }

static const struct http_events events = {
    .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

void request_start(struct admin *a, struct http_exchange *x, const struct http_head *head)
{
    struct request *r = calloc(1, sizeof(*r));
    if (!r) {
        http_release(x);
        return;
    }
    r->admin = a;
    r->x = x;
    r->head = head;
    r->n_refs = 1;
    r->content_type = "application/json";
    list_add_tail(&a->requests, &r->node);
    arena_init(&r->arena, ADMIN_REQUEST_BYTES_MAX);
    buf_init(&r->body, (size_t)a->limits->admin_body_bytes_max);
    buf_init(&r->out, ADMIN_ANSWER_BYTES_MAX);
    buf_init(&r->ask.json, ADMIN_ANSWER_BYTES_MAX);
    http_on(x, &events, r);

    if (accepts(r, head))
        http_credit(x, WRITE_PIECE_BYTES);
}
