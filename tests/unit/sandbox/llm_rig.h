/*
 * tests/unit/sandbox/llm_rig.h - asks a simulated vendor of models, and reads its answer or its stream.
 */
#pragma once

#include "codec/json_read.h"
#include "codec/sse.h"
#include "sandbox/vendors.h"
#include "unit.h"

#define START (1795000000LL * NS_PER_S)
#define EVENTS_MAX 256

static struct sandbox_vendor vendor;
static struct sandbox_answer answer;
static struct arena arena;
static struct json root;               /* of an answer that is no stream */
static struct json events[EVENTS_MAX]; /* of a stream; JSON_ABSENT: [DONE] */
static struct str event_names[EVENTS_MAX];
static size_t n_events;
static wall_t now;

static void rig_start(sandbox_make_fn *make)
{
    static struct limits limits;
    limits_default(&limits);
    arena_init(&arena, 256 << 20);
    now = START;
    assert_int_equal(make(&limits, now, &vendor), 0);
}

static void rig_stop(void)
{
    vendor.free(vendor.state);
    arena_deinit(&arena);
}

static void read_events(void)
{
    struct sse s;
    struct sse_event e;
    sse_init(&s, 1 << 20);
    for (size_t i = 0; i < answer.n_pieces; i++) {
        struct str piece = answer.pieces[i];
        assert_int_equal(sse_next(&s, &piece, &e), SSE_EVENT); /* each piece is one event */
        assert_int_equal(piece.n, 0);
        assert_true(n_events < EVENTS_MAX);
        event_names[n_events] = arena_str(&arena, e.event);
        events[n_events] = JSON_ABSENT;
        if (!str_eq(e.data, STR("[DONE]")))
            assert_int_equal(json_parse(&arena, arena_str(&arena, e.data), 32, &events[n_events]), 0);
        n_events++;
    }
    sse_deinit(&s);
}

/* `fields`: pairs of name and value, NULL at the end. The status. */
static int rig_ask(const char *method, const char *path, const char *body, const char *const *fields)
{
    struct http_field f[8];
    struct http_head head = {.fields = f};
    for (; *fields; fields += 2)
        f[head.n_fields++] = (struct http_field){str_c(fields[0]), str_c(fields[1])};
    struct sandbox_request r = {
        .method = str_c(method), .path = str_c(path), .body = str_c(body), .head = &head, .now = now};
    answer = (struct sandbox_answer){.status = 0};
    n_events = 0;
    root = JSON_ABSENT;
    assert_int_equal(vendor.answer(vendor.state, &r, &arena, &answer), 0);
    if (answer.is_stream)
        read_events();
    else
        assert_int_equal(json_parse(&arena, answer.pieces[0], 64, &root), 0);
    return answer.status;
}

static struct str field(const char *name)
{
    for (size_t i = 0; i < answer.n_fields; i++)
        if (str_eq_nocase(answer.fields[i].name, str_c(name)))
            return answer.fields[i].value;
    return STR_NONE;
}

static struct str text_in(struct json v, const char *path)
{
    struct str s = STR_NONE;
    (void)json_str(json_path(v, str_c(path)), &s); /* null: empty */
    return s;
}
static struct str text(const char *path) { return text_in(root, path); }

static int64_t number_in(struct json v, const char *path)
{
    int64_t n = -1;
    (void)json_i64(json_path(v, str_c(path)), &n); /* -1 is no count */
    return n;
}
static int64_t number(const char *path) { return number_in(root, path); }

/* All texts at `path` of the stream's events, joined. */
static const char *joined(const char *path)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < n_events; i++)
        assert_int_equal(buf_add(&b, text_in(events[i], path)), 0);
    const char *p = arena_str(&arena, buf_str(&b)).p;
    buf_deinit(&b);
    return p;
}

/* A conversation that begins with `n` times "word ". */
static const char *long_text(size_t n)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    while (n--)
        assert_int_equal(buf_add_c(&b, "word "), 0);
    const char *p = arena_str(&arena, buf_str(&b)).p;
    buf_deinit(&b);
    return p;
}
