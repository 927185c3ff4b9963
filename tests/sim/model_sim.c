/*
 * tests/sim/model_sim.c - see model_sim.h.
 *
 * A request becomes a job: its whole answer is made at once, as pieces (the events of a stream, or one body), and then
 * written a piece at a time. A job whose connection is gone ends: vendors stop when their reader leaves.
 */
#include "model_sim.h"

#include "base/check.h"
#include "net/timer.h"
#include "vendor_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX (1u << 20)
#define PIECES_MAX 96
#define OUTPUT_MAX 40

enum manner {
    ANSWERS,
    SAYS_LIMITED,    /* 429 */
    SAYS_BROKEN,     /* 500 */
    RESETS,          /* breaks the connection before its head */
    NEVER,           /* never answers */
    CUTS_PIECE,      /* ends the connection within an event, or within a whole answer */
    CUTS_BETWEEN,    /* between two events */
    CUTS_BEFORE_END, /* before the terminal event */
    CUTS_AFTER_END,  /* behind it, without the end of the message */
    STALLS,          /* stops within the answer */
    ANSWERS_TWICE,   /* a second answer that nobody asked for */
    TALKS_NONSENSE,  /* what it sends is not HTTP */
    CLOSES,          /* answers, and says that it closes */
    STREAMS_UNASKED, /* a stream where a whole answer was asked for */
    IGNORES_STREAM,  /* the other way round */
    SAYS_ERROR,      /* an error event in mid-stream, and no more */
    MANNERS
};
enum usage_manner { USAGE_AT_END, USAGE_NEVER, USAGE_ALWAYS, USAGE_MANNERS };

struct conn {
    struct list node;
    struct model_sim *m;
    struct stream *stream;
    struct buf in;
    struct job *job; /* that owes this connection an answer; NULL: none */
};

struct job {
    struct list node;
    struct conn *conn; /* NULL: gone */
    struct timer timer;
    struct model_run *run;
    enum manner manner;
    enum usage_manner usage;
    bool is_anthropic, is_stream, wants_usage, is_late;
    struct buf text;
    size_t ends[PIECES_MAX], n_pieces, i_piece, i_cut; /* i_cut: the piece that is not written whole */
};

struct model_sim {
    struct sim *sim;
    struct loop *loop;
    struct model_manners manners;
    struct model_sim_hooks hooks;
    struct net_listener *listener;
    struct list conns, jobs, runs;
    size_t n_jobs;
};

static uint64_t below(struct model_sim *m, uint64_t n) { return sim_below(m->sim, n); }

/* -------- ends -------- */

static void job_free(struct model_sim *m, struct job *j)
{
    if (j->conn)
        j->conn->job = NULL;
    timer_cancel(m->loop, &j->timer);
    list_remove(&j->node);
    m->n_jobs--;
    buf_deinit(&j->text);
    free(j);
}

static void conn_free(struct conn *c, bool is_reset)
{
    if (c->job) {
        c->job->conn = NULL;
        job_free(c->m, c->job);
    }
    list_remove(&c->node);
    if (is_reset)
        stream_reset(c->stream);
    else
        stream_close(c->stream, false);
    buf_deinit(&c->in);
    free(c);
}

/* -------- what is said -------- */

static void piece_ends(struct job *j)
{
    check(j->n_pieces < PIECES_MAX);
    j->ends[j->n_pieces++] = j->text.n;
}

static void put_tokens_text(struct job *j, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        buf_add_c(&j->text, MODEL_TOKEN_TEXT);
}

static void put_openai_usage(struct job *j, int64_t output)
{
    buf_printf(&j->text, "\"usage\":{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,\"total_tokens\":%lld}",
               (long long)j->run->input, (long long)output, (long long)(j->run->input + output));
}

static void put_openai_chunk(struct job *j, int64_t n, int64_t output, const char *finish)
{
    buf_printf(&j->text,
               "data: {\"id\":\"chatcmpl-%lld\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o-mini\","
               "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"",
               (long long)j->run->request);
    put_tokens_text(j, n);
    buf_printf(&j->text, "\"},\"finish_reason\":%s}]", finish);
    if (j->usage == USAGE_ALWAYS) {
        buf_add_c(&j->text, ",");
        put_openai_usage(j, output);
    } else if (j->usage == USAGE_AT_END && j->wants_usage)
        buf_add_c(&j->text, ",\"usage\":null");
    buf_add_c(&j->text, "}\n\n");
    piece_ends(j);
}

static void say_openai_error(struct job *j)
{
    buf_add_c(&j->text, "data: {\"error\":{\"type\":\"server_error\",\"message\":\"no more\"}}\n\n");
    piece_ends(j);
}

/* Terminal is the last piece; what is before it can be cut off from it. */
static void make_openai_stream(struct model_sim *m, struct job *j)
{
    int64_t said = 0, left = j->run->output;

    while (left > 0) {
        int64_t n = 1 + (int64_t)below(m, 3);
        n = n < left ? n : left;
        put_openai_chunk(j, n, said += n, "null");
        left -= n;
        if (j->manner == SAYS_ERROR && below(m, 4) == 0) {
            say_openai_error(j);
            return;
        }
    }
    put_openai_chunk(j, 0, said, "\"stop\"");
    if (j->usage == USAGE_AT_END && j->wants_usage) {
        buf_printf(&j->text, "data: {\"id\":\"chatcmpl-%lld\",\"model\":\"gpt-4o-mini\",\"choices\":[],",
                   (long long)j->run->request);
        put_openai_usage(j, said);
        buf_add_c(&j->text, "}\n\n");
        piece_ends(j);
    }
    buf_add_c(&j->text, "data: [DONE]\n\n");
    piece_ends(j);
}

static void put_anthropic_delta(struct job *j, int64_t n)
{
    buf_add_c(&j->text, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
                        "{\"type\":\"text_delta\",\"text\":\"");
    put_tokens_text(j, n);
    buf_add_c(&j->text, "\"}}\n\n");
    piece_ends(j);
}

static void put_anthropic_message_delta(struct job *j, int64_t output, bool is_end)
{
    buf_printf(&j->text,
               "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{%s},"
               "\"usage\":{\"output_tokens\":%lld}}\n\n",
               is_end ? "\"stop_reason\":\"end_turn\"" : "", (long long)output);
    piece_ends(j);
}

static void make_anthropic_stream(struct model_sim *m, struct job *j)
{
    char usage[64] = "";
    int64_t said = 0, left = j->run->output;

    if (j->usage != USAGE_NEVER)
        snprintf(usage, sizeof(usage), ",\"usage\":{\"input_tokens\":%lld,\"output_tokens\":1}",
                 (long long)j->run->input);
    buf_printf(&j->text,
               "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_%lld\",\"type\":"
               "\"message\",\"role\":\"assistant\",\"model\":\"claude-haiku-4-5\",\"content\":[]%s}}\n\n"
               "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
               "{\"type\":\"text\",\"text\":\"\"}}\n\n",
               (long long)j->run->request, usage);
    piece_ends(j);
    while (left > 0) {
        int64_t n = 1 + (int64_t)below(m, 3);
        n = n < left ? n : left;
        put_anthropic_delta(j, n);
        said += n;
        left -= n;
        if (j->usage == USAGE_ALWAYS && left > 0)
            put_anthropic_message_delta(j, said, false);
        if (j->manner == SAYS_ERROR && below(m, 4) == 0) {
            buf_add_c(&j->text, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
                                "\"message\":\"no more\"}}\n\n");
            piece_ends(j);
            return;
        }
    }
    buf_add_c(&j->text, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n");
    piece_ends(j);
    if (j->usage != USAGE_NEVER)
        put_anthropic_message_delta(j, said, true);
    buf_add_c(&j->text, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    piece_ends(j);
}

static void make_whole(struct job *j)
{
    const struct model_run *r = j->run;

    if (r->status != 200)
        buf_printf(&j->text, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"no\"}}",
                   r->status == 429 ? "rate_limit_error" : "api_error");
    else if (j->is_anthropic) {
        buf_printf(&j->text,
                   "{\"id\":\"msg_%lld\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-haiku-4-5\","
                   "\"content\":[{\"type\":\"text\",\"text\":\"",
                   (long long)r->request);
        put_tokens_text(j, r->output);
        buf_add_c(&j->text, "\"}],\"stop_reason\":\"end_turn\"");
        if (j->usage != USAGE_NEVER)
            buf_printf(&j->text, ",\"usage\":{\"input_tokens\":%lld,\"output_tokens\":%lld}", (long long)r->input,
                       (long long)r->output);
        buf_add_c(&j->text, "}");
    } else {
        buf_printf(&j->text,
                   "{\"id\":\"chatcmpl-%lld\",\"object\":\"chat.completion\",\"model\":\"gpt-4o-mini\",\"choices\":"
                   "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"",
                   (long long)r->request);
        put_tokens_text(j, r->output);
        buf_add_c(&j->text, "\"},\"finish_reason\":\"stop\"}]");
        if (j->usage != USAGE_NEVER) {
            buf_add_c(&j->text, ",");
            put_openai_usage(j, r->output);
        }
        buf_add_c(&j->text, "}");
    }
    piece_ends(j);
}

/* Where the answer is cut: the piece of which only a part is written; n_pieces: behind all of them. */
static size_t draw_cut(struct model_sim *m, const struct job *j)
{
    switch (j->manner) {
    case CUTS_PIECE:
    case CUTS_BETWEEN:
    case STALLS:
        return (size_t)below(m, j->n_pieces);
    case CUTS_BEFORE_END:
        return j->n_pieces - 1;
    case CUTS_AFTER_END:
        return j->n_pieces;
    default:
        return SIZE_MAX;
    }
}

static void make_answer(struct model_sim *m, struct job *j)
{
    struct model_run *r = j->run;

    r->status = j->manner == SAYS_LIMITED ? 429 : j->manner == SAYS_BROKEN ? 500 : 200;
    j->is_stream &= r->status == 200 && j->manner != IGNORES_STREAM;
    if (j->manner == STREAMS_UNASKED && r->status == 200)
        j->is_stream = true;
    r->is_reporting = r->status == 200 && j->usage != USAGE_NEVER && j->manner != SAYS_ERROR &&
                      (!j->is_stream || j->is_anthropic || j->wants_usage || j->usage == USAGE_ALWAYS);
    if (!j->is_stream)
        make_whole(j);
    else if (j->is_anthropic)
        make_anthropic_stream(m, j);
    else
        make_openai_stream(m, j);
    j->i_cut = draw_cut(m, j);
    r->input += m->manners.lies;
}

/* -------- saying it -------- */

static void write_all(struct conn *c, struct str s) { stream_write(c->stream, &s, 1); }

static struct str piece(const struct job *j, size_t i)
{
    size_t from = i ? j->ends[i - 1] : 0;

    return str_sub(buf_str(&j->text), from, j->ends[i] - from);
}

static void write_head(struct job *j)
{
    char head[256];
    const char *close = j->manner == CLOSES || j->manner == ANSWERS_TWICE ? "Connection: close\r\n" : "";
    int n;

    if (j->is_stream)
        n = snprintf(head, sizeof(head),
                     "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%sTransfer-Encoding: chunked\r\n\r\n",
                     close);
    else
        n = snprintf(head, sizeof(head),
                     "HTTP/1.1 %u X\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n",
                     j->run->status, close, j->text.n);
    write_all(j->conn, (struct str){head, (size_t)n});
}

/* Of a stream, a chunk of HTTP. `n` bytes of it are the most that is written. */
static void write_piece(struct job *j, struct str s, size_t n)
{
    char size[24];
    bool is_whole = n >= s.n;

    if (!j->is_stream) {
        write_all(j->conn, str_sub(s, 0, n));
        return;
    }
    (void)snprintf(size, sizeof(size), "%zx\r\n", s.n);
    write_all(j->conn, str_c(size));
    write_all(j->conn, str_sub(s, 0, n));
    if (is_whole)
        write_all(j->conn, STR("\r\n"));
}

static void next_request(struct conn *c);

static void end_answer(struct model_sim *m, struct job *j)
{
    struct conn *c = j->conn;
    bool closes = j->manner == CLOSES || j->manner == ANSWERS_TWICE;

    if (j->is_stream)
        write_all(c, STR("0\r\n\r\n"));
    j->run->is_whole = true;
    if (j->manner == ANSWERS_TWICE) {
        write_head(j);
        write_piece(j, piece(j, 0), SIZE_MAX);
    }
    job_free(m, j);
    if (closes)
        conn_free(c, false);
    else
        next_request(c);
}

static void cut(struct model_sim *m, struct job *j)
{
    struct conn *c = j->conn;

    if (j->i_cut < j->n_pieces && (j->manner == CUTS_PIECE || j->manner == STALLS || !j->is_stream)) {
        struct str s = piece(j, j->i_cut);
        write_piece(j, s, 1 + (size_t)below(m, s.n - 1));
    }
    bool stalls = j->manner == STALLS;
    job_free(m, j);
    if (!stalls) /* else the connection is never used again */
        conn_free(c, below(m, 2));
}

static void arm(struct model_sim *m, struct job *j)
{
    int64_t ns = j->is_late && below(m, 4) == 0 ? m->manners.late_ns_max : m->manners.think_ns_max;

    timer_arm(m->loop, &j->timer, (int64_t)below(m, (uint64_t)(ns / NS_PER_MS) + 1));
}

/* True: the job is over. */
static bool begins_badly(struct model_sim *m, struct job *j)
{
    struct conn *c = j->conn;

    if (j->manner != RESETS && j->manner != NEVER && j->manner != TALKS_NONSENSE)
        return false;
    if (j->manner == TALKS_NONSENSE)
        write_all(c, STR("HTTP/1.1 two hundred\r\n\r\n"));
    bool stays = j->manner == NEVER;
    job_free(m, j);
    if (!stays)
        conn_free(c, below(m, 2));
    return true;
}

static void on_job_timer(struct timer *t)
{
    struct job *j = list_entry(t, struct job, timer);
    struct model_sim *m = j->conn->m;

    if (!j->run->status) {
        if (begins_badly(m, j))
            return;
        make_answer(m, j);
        write_head(j);
    }
    size_t at_once = 1 + (size_t)below(m, 4);
    while (at_once-- && j->i_piece < j->n_pieces && j->i_piece != j->i_cut) {
        write_piece(j, piece(j, j->i_piece), SIZE_MAX);
        j->i_piece++;
    }
    if (j->i_piece == j->i_cut)
        cut(m, j);
    else if (j->i_piece == j->n_pieces)
        end_answer(m, j);
    else
        arm(m, j);
}

/* -------- requests -------- */

int64_t model_request_number(struct str body)
{
    size_t at, end;
    int64_t n = 0;

    if (!str_find(body, STR("sim="), &at))
        return 0;
    struct str rest = str_sub(body, at + 4, SIZE_MAX);
    if (!str_find(rest, STR(";"), &end) || str_to_i64(str_sub(rest, 0, end), &n) < 0)
        return 0;
    return n;
}

static int64_t output_max(struct str body)
{
    size_t at, n = 0;
    int64_t most = 0;

    check(str_find(body, STR("\"max_tokens\":"), &at));
    struct str rest = str_sub(body, at + 13, SIZE_MAX);
    while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
        n++;
    check(str_to_i64(str_sub(rest, 0, n), &most) == 0 && most > 0);
    return most < OUTPUT_MAX ? most : OUTPUT_MAX;
}

static void take_job(struct conn *c, const struct vendor_request *q)
{
    struct model_sim *m = c->m;
    struct job *j = calloc(1, sizeof(*j));
    size_t at;
    bool is_bad = sim_chance(m->sim, m->manners.bad_ppm);

    check(j);
    j->run = calloc(1, sizeof(*j->run));
    check(j->run);
    *j->run = (struct model_run){.request = model_request_number(q->body),
                                 .input = 1 + (int64_t)(q->body.n / 8),
                                 .output = 1 + (int64_t)below(m, (uint64_t)output_max(q->body))};
    list_init(&j->run->node);
    list_add_tail(&m->runs, &j->run->node);
    j->conn = c;
    c->job = j;
    j->is_anthropic = str_find(q->path, STR("messages"), &at);
    j->is_stream = str_find(q->body, STR("\"stream\":true"), &at);
    j->wants_usage = str_find(q->body, STR("\"include_usage\":true"), &at);
    j->manner = is_bad ? (enum manner)below(m, MANNERS) : ANSWERS;
    j->usage = is_bad ? (enum usage_manner)below(m, USAGE_MANNERS) : USAGE_AT_END;
    j->is_late = is_bad && below(m, 4) == 0;
    timer_init(&j->timer, on_job_timer);
    buf_init(&j->text, BYTES_MAX);
    list_init(&j->node);
    list_add_tail(&m->jobs, &j->node);
    m->n_jobs++;
    arm(m, j);
}

static void next_request(struct conn *c)
{
    struct vendor_request q;

    if (c->job || !vendor_request_take(&c->in, &q))
        return;
    c->m->hooks.on_request(c->m->hooks.ctx, model_request_number(q.body), q.head, q.body);
    take_job(c, &q);
    free(q.bytes);
}

static void on_bytes(void *ctx, struct str bytes)
{
    struct conn *c = ctx;

    check(buf_add(&c->in, bytes) == 0);
    next_request(c);
}

static void on_eof(void *ctx) { conn_free(ctx, false); }

static void on_error(void *ctx, int err)
{
    (void)err;
    conn_free(ctx, false);
}

static const struct stream_events events = {.on_bytes = on_bytes, .on_eof = on_eof, .on_error = on_error};

static void on_accept(void *ctx, struct net_ticket t)
{
    struct model_sim *m = ctx;
    struct conn *c = calloc(1, sizeof(*c));

    check(c);
    c->m = m;
    buf_init(&c->in, BYTES_MAX);
    list_init(&c->node);
    list_add_tail(&m->conns, &c->node);
    check(m->loop->ops->adopt(m->loop, t, &c->stream) == 0);
    stream_on(c->stream, &events, c);
    stream_read_start(c->stream);
}

/* -------- life -------- */

struct model_sim *model_sim_new(struct sim *s, struct loop *l, const struct net_addr *addr,
                                const struct model_manners *m, const struct model_sim_hooks *h)
{
    struct model_sim *v = calloc(1, sizeof(*v));

    check(v);
    v->sim = s;
    v->loop = l;
    v->manners = *m;
    v->hooks = *h;
    list_init(&v->conns);
    list_init(&v->jobs);
    list_init(&v->runs);
    check(l->ops->listen(l, addr, 128, on_accept, v, &v->listener, NULL) == 0);
    return v;
}

size_t model_sim_busy(const struct model_sim *m) { return m->n_jobs; }

const struct model_run *model_sim_last(const struct model_sim *m, int64_t request)
{
    for (struct list *it = m->runs.prev; it != &m->runs; it = it->prev)
        if (list_entry(it, struct model_run, node)->request == request)
            return list_entry(it, struct model_run, node);
    return NULL;
}

void model_sim_free(struct model_sim *m)
{
    struct list *it;

    if (!m)
        return;
    while ((it = list_first(&m->conns)))
        conn_free(list_entry(it, struct conn, node), true);
    check(m->n_jobs == 0);
    while ((it = list_first(&m->runs))) {
        list_remove(it);
        free(list_entry(it, struct model_run, node));
    }
    m->loop->ops->listener_close(m->listener);
    free(m);
}
