/*
 * admin/feed.c - watchers: each asks the store for what is behind its place whenever there is more, at its own pace.
 */
#include "admin/feed.h"

#include "admin/filters.h"
#include "admin/handlers.h"
#include "admin/limit_news.h"
#include "admin/request.h"
#include "base/err.h"
#include "codec/json_walk.h"

#include <stdio.h>
#include <stdlib.h>

#define TICK_MS 100       /* how late news may be */
#define ROWS_AT_ONCE 200  /* of one answer: what a watcher makes us hold */
#define TEXT_BYTES_MAX (32u << 20)

struct watcher {
    struct list node; /* of admin->watchers */
    struct request *r;
    uint64_t after;     /* told up to here */
    bool is_asking;     /* an answer is on its way */
    bool is_blocked;    /* its connection takes nothing just now */
    mono_t blocked_at, told_at;
};

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void block(struct watcher *w, size_t queued)
{
    struct admin *a = w->r->admin;
    w->told_at = loop_now(a->loop);
    if (queued <= (size_t)a->limits->stream_window_bytes || w->is_blocked)
        return;
    w->is_blocked = true;
    w->blocked_at = w->told_at;
}

static void tell(struct watcher *w, struct buf *text)
{
    if (text->n)
        block(w, http_write(w->r->x, buf_str(text)));
}

/* The last words; `w` is gone. */
static void let_go(struct watcher *w, struct str last_words)
{
    struct request *r = w->r;
    if (last_words.n)
        (void)http_write(r->x, last_words); /* however much is queued: it is the last */
    request_finish(r);
}

static void message(struct buf *out, uint64_t seq, struct str kind, struct str json)
{
    (void)buf_printf(out, "id: %llu\nevent: " STR_FMT "\ndata: ", (unsigned long long)seq, STR_ARG(kind));
    (void)buf_add(out, json); /* one line: JSON of ours has no line ends. A full buf is found by then_tell() */
    (void)buf_add(out, STR("\n\n"));
}

/* --- what the store said ------------------------------------------------------------------------------------------ */

struct piece {
    int64_t seq;
    struct str kind, row, counters;
};

/* One element: seq, kind, counters and row, in any order. */
static bool read_piece(struct str element, struct piece *ret, struct json_walk *outer)
{
    struct json_walk w;
    struct str key, value;
    int r;
    *ret = (struct piece){.seq = -1};
    if (!json_walk(&w, element))
        return false;
    while ((r = json_walk_next(&w, &key, &value)) > 0) {
        if (str_eq(key, STR("seq")))
            (void)json_raw_i64(value, &ret->seq);
        else if (str_eq(key, STR("kind")))
            (void)json_raw_str(NULL, value, &ret->kind); /* ours, and without escapes */
        else if (str_eq(key, STR("row")))
            (void)json_raw_whole(value, &ret->row);
        else if (str_eq(key, STR("counters")))
            (void)json_raw_whole(value, &ret->counters);
    }
    json_walk_after(outer, &w);
    return r == 0 && ret->seq >= 0 && ret->kind.n;
}

struct told_limit {
    struct buf *out;
    uint64_t seq;
};

static void on_limit(void *ctx, struct str json)
{
    const struct told_limit *t = ctx;
    message(t->out, t->seq, STR("limit"), json);
}

/* Messages for an answer's elements; moves the watcher's place. */
static int read_elements(struct watcher *w, struct str answer, struct limit_news *limits, struct buf *out)
{
    struct json_walk rows;
    struct piece p;
    struct str key, element;
    int r = json_walk(&rows, answer) ? 1 : -ERR_CORRUPT;
    while (r > 0 && (r = json_walk_next(&rows, &key, &element)) > 0) {
        if (!read_piece(element, &p, &rows))
            return err_trace(-ERR_CORRUPT);
        w->after = (uint64_t)p.seq;
        if (p.row.n)
            message(out, w->after, p.kind, p.row);
        if (p.counters.n && limit_news_add(limits, p.counters, w->r->who.tenant) < 0)
            return err_trace(-ERR_CORRUPT);
    }
    return err_trace(r);
}

/* The counters come last: they stand as they are now, which is behind all of these calls. */
static int read_answer(struct watcher *w, struct str answer, struct buf *out)
{
    struct limit_news limits;
    struct told_limit told = {.out = out};
    limit_news_init(&limits);
    int r = read_elements(w, answer, &limits, out);
    told.seq = w->after;
    if (r == 0)
        limit_news_tell(&limits, w->r->admin->core, on_limit, &told);
    limit_news_deinit(&limits);
    return r < 0 ? r : buf_ok(out);
}

static void look_for_more(struct watcher *w);

static void then_tell(struct request *r)
{
    struct watcher *w = r->watcher;
    struct buf text;
    w->is_asking = false;
    buf_init(&text, TEXT_BYTES_MAX);
    int e = r->ask.result < 0 ? r->ask.result : read_answer(w, buf_str(&r->ask.json), &text);
    buf_deinit(&r->ask.json);
    if (e < 0) {
        let_go(w, STR("")); /* it comes again, and goes on behind what it has */
    } else {
        tell(w, &text);
        look_for_more(w);
    }
    buf_deinit(&text);
}

/* --- when to ask -------------------------------------------------------------------------------------------------- */

static void look_for_more(struct watcher *w)
{
    struct request *r = w->r;
    if (w->is_asking || w->is_blocked || core_last_seq(r->admin->core) <= w->after)
        return;
    w->is_asking = true;
    r->ask.q.after_seq = w->after;
    request_ask(r, then_tell);
}

static bool is_still_allowed(struct watcher *w)
{
    struct request *r = w->r;
    struct admin *a = r->admin;
    if (r->session_id.n && !sessions_look(a->sessions, r->session_id, loop_now(a->loop)))
        return false;
    return !r->who.person || core_person_look(a->core, r->who.person) == 0;
}

/* Says that it lives, and how far it is: who was told nothing for long need not look at all of that again. */
static void beat(struct watcher *w)
{
    struct buf text;
    buf_init(&text, 128);
    (void)buf_printf(&text, ": alive\nid: %llu\n\n", (unsigned long long)w->after);
    tell(w, &text);
    buf_deinit(&text);
}

static void drop_slow(struct watcher *w)
{
    struct buf text;
    char json[64];
    uint64_t to = core_last_seq(w->r->admin->core);
    int n = snprintf(json, sizeof(json), "{\"after\":%llu,\"to\":%llu}", (unsigned long long)w->after,
                     (unsigned long long)to);
    buf_init(&text, 256);
    message(&text, to, STR("gap"), (struct str){json, (size_t)n});
    let_go(w, buf_str(&text));
    buf_deinit(&text);
}

static void watch(struct watcher *w, mono_t now)
{
    const struct limits *l = w->r->admin->limits;
    if (!is_still_allowed(w))
        let_go(w, STR(""));
    else if (w->is_blocked && now - w->blocked_at > l->feed_stall_ms * NS_PER_MS)
        drop_slow(w);
    else if (!w->is_blocked && now - w->told_at > l->feed_heartbeat_ms * NS_PER_MS)
        beat(w);
    else
        look_for_more(w);
}

static void on_tick(struct timer *t)
{
    struct admin *a = list_entry(t, struct admin, feed_timer);
    mono_t now = loop_now(a->loop);
    list_each_safe(it, tmp, &a->watchers)
        watch(list_entry(it, struct watcher, node), now);
    if (!list_is_empty(&a->watchers))
        timer_arm(a->loop, &a->feed_timer, TICK_MS);
}

void feed_init(struct admin *a)
{
    list_init(&a->watchers);
    timer_init(&a->feed_timer, on_tick);
}

/* --- coming and going --------------------------------------------------------------------------------------------- */

void feed_writable(struct request *r)
{
    r->watcher->is_blocked = false;
    look_for_more(r->watcher);
}

void feed_left(struct request *r)
{
    struct watcher *w = r->watcher;
    struct admin *a = r->admin;
    list_remove(&w->node);
    a->n_watchers--;
    r->watcher = NULL;
    free(w);
    if (list_is_empty(&a->watchers))
        timer_cancel(a->loop, &a->feed_timer);
}

void feed_end_all(struct admin *a)
{
    list_each_safe(it, tmp, &a->watchers)
        let_go(list_entry(it, struct watcher, node), STR(""));
}

static void send_head(struct request *r)
{
    struct http_field fields[] = {
        {STR("content-type"), STR("text/event-stream")},
        {STR("cache-control"), STR("no-store")},
        {STR("x-content-type-options"), STR("nosniff")},
        {STR("x-accel-buffering"), STR("no")}, /* for a reverse proxy in between */
    };
    struct http_head head = {.status = 200, .fields = fields, .n_fields = 4, .body_bytes = HTTP_BODY_UNKNOWN};
    http_send_head(r->x, &head);
}

/* Where to go on: what the browser says that it has, else the parameter, else here and now. */
static bool read_place(struct request *r, uint64_t *ret)
{
    struct str last;
    uint64_t now = core_last_seq(r->admin->core), after = r->ask.q.after_seq;
    bool is_given = request_param(r, STR("after")).n > 0;
    if (http_head_get(r->head, STR("last-event-id"), &last) && last.n) {
        int64_t n;
        if (str_to_i64(last, &n) < 0) {
            request_fail(r, 400, "request_invalid", "Last-Event-ID must be a seq: a whole number");
            return false;
        }
        after = (uint64_t)n;
        is_given = true;
    }
    *ret = is_given && after < now ? after : now; /* an id of another data folder is no place in this one */
    return true;
}

static struct watcher *watcher_new(struct request *r, uint64_t after)
{
    struct admin *a = r->admin;
    struct watcher *w = calloc(1, sizeof(*w));
    check(w != NULL);
    w->r = r;
    w->after = after;
    w->told_at = loop_now(a->loop);
    r->watcher = w;
    list_add_tail(&a->watchers, &w->node);
    a->n_watchers++;
    if (!timer_is_armed(&a->feed_timer))
        timer_arm(a->loop, &a->feed_timer, TICK_MS);
    return w;
}

void admin_on_feed(struct request *r)
{
    uint64_t after;
    if (!filters_read(r, QUERY_FEED) || !read_place(r, &after))
        return;
    r->ask.q.rows_max = ROWS_AT_ONCE;
    if (r->admin->n_watchers >= (size_t)r->admin->limits->feed_watchers_max) {
        request_fail(r, 503, "watchers_max", "there are as many feeds open as feed_watchers_max allows");
        return;
    }
    struct watcher *w = watcher_new(r, after);
    send_head(r);
    beat(w);
    look_for_more(w);
}
