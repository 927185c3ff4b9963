/*
 * tests/sim/vendor_sim.c - see vendor_sim.h.
 *
 * A request becomes a job: after one delay it is run in the book, after another it is answered. The job goes on when
 * the connection is gone, as a vendor's does.
 */
#include "vendor_sim.h"

#include "base/check.h"
#include "net/timer.h"
#include "vendor_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_BYTES_MAX (1u << 20)
#define ANSWER_BYTES_MAX (1u << 20)

enum manner {
    ANSWERS,
    SAYS_LIMITED,     /* 429 before it looks at anything */
    RESETS_BEFORE,    /* breaks the connection, and nothing ran */
    RESETS_AFTER,     /* breaks the connection when it ran */
    NEVER_BEFORE,     /* never runs, never answers */
    NEVER_AFTER,      /* runs, never answers */
    TRUNCATES,        /* ends the connection within the answer */
    STALLS,           /* stops within the answer */
    TALKS_NONSENSE,   /* what it sends is not HTTP */
    ANSWERS_TWICE,    /* a second answer that nobody asked for */
    CLOSES,           /* answers, and says that it closes */
    CLOSES_UNSAID,    /* answers, and closes a moment later */
    ENDS_BY_CLOSE,    /* an answer whose end is the connection's */
    CHUNKS,           /* an answer in chunks */
    HINTS,            /* 103 before the answer */
    MANNERS
};

struct conn {
    struct list node;
    struct vendor_sim *v;
    struct stream *stream;
    struct buf in;
    struct job *job; /* that owes this connection an answer; NULL: none */
    struct timer close_timer;
};

struct job {
    struct list node;
    struct vendor_sim *v;
    struct conn *conn; /* NULL: gone */
    struct timer timer;
    struct book_request q;
    char *bytes; /* what q points into; malloc'd */
    enum manner manner;
    enum book_fate fate;
    int64_t answer_ms;
    bool has_run;
    uint16_t status;
    bool is_replay;
    struct buf answer; /* the body */
};

struct vendor_sim {
    struct sim *sim;
    struct loop *loop;
    struct book *book;
    struct vendor_manners manners;
    struct vendor_sim_hooks hooks;
    struct net_listener *listener;
    struct list conns, jobs;
    size_t n_jobs;
};

/* -------- ends -------- */

static void conn_free(struct conn *c, bool is_reset)
{
    if (c->job)
        c->job->conn = NULL;
    timer_cancel(c->v->loop, &c->close_timer);
    list_remove(&c->node);
    if (is_reset)
        stream_reset(c->stream);
    else
        stream_close(c->stream, false);
    buf_deinit(&c->in);
    free(c);
}

static void job_free(struct job *j)
{
    if (j->conn)
        j->conn->job = NULL;
    timer_cancel(j->v->loop, &j->timer);
    list_remove(&j->node);
    j->v->n_jobs--;
    buf_deinit(&j->answer);
    free(j->bytes);
    free(j);
}

/* -------- answering -------- */

static void write_all(struct conn *c, struct str s) { stream_write(c->stream, &s, 1); }

static const char *reason_of(uint16_t status)
{
    return status == 200 ? "OK" : status >= 500 ? "Internal Server Error" : "Refused";
}

static void write_head(struct job *j, struct buf *out, const char *framing)
{
    buf_printf(out, "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nRequest-Id: req_sim\r\n%s", j->status,
               reason_of(j->status), j->is_replay ? "Idempotent-Replayed: true\r\n" : "");
    if (j->q.key.n)
        buf_printf(out, "Idempotency-Key: " STR_FMT "\r\n", STR_ARG(j->q.key));
    buf_add_c(out, framing);
}

static void write_answer(struct job *j, struct buf *out)
{
    char length[64];

    if (j->manner == ENDS_BY_CLOSE) {
        write_head(j, out, "\r\n");
        buf_add(out, buf_str(&j->answer));
        return;
    }
    if (j->manner == CHUNKS) {
        size_t half = j->answer.n / 2;
        write_head(j, out, "Transfer-Encoding: chunked\r\n\r\n");
        if (half)
            buf_printf(out, "%zx\r\n%.*s\r\n", half, (int)half, j->answer.p);
        buf_printf(out, "%zx\r\n%.*s\r\n0\r\n\r\n", j->answer.n - half, (int)(j->answer.n - half), j->answer.p + half);
        return;
    }
    snprintf(length, sizeof(length), "Content-Length: %zu\r\n%s\r\n", j->answer.n,
             j->manner == CLOSES ? "Connection: close\r\n" : "");
    if (j->manner == HINTS)
        buf_printf(out, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
    write_head(j, out, length);
    buf_add(out, buf_str(&j->answer));
}

static void on_close_timer(struct timer *t) { conn_free(list_entry(t, struct conn, close_timer), false); }

static void next_request(struct conn *c);

static void answer(struct job *j)
{
    struct vendor_sim *v = j->v;
    struct conn *c = j->conn;
    enum manner manner = j->manner;
    struct buf out;

    if (!c) {
        job_free(j);
        return;
    }
    buf_init(&out, ANSWER_BYTES_MAX);
    write_answer(j, &out);
    struct str all = buf_str(&out);
    if (manner == TALKS_NONSENSE)
        all = STR("HTTP/1.1 two hundred\r\n\r\n");
    else if (manner == TRUNCATES || manner == STALLS)
        all = str_sub(all, 0, 1 + (size_t)sim_below(v->sim, all.n - 1));
    write_all(c, all);
    if (manner == ANSWERS_TWICE)
        write_all(c, all);
    buf_deinit(&out);
    job_free(j);
    if (manner == STALLS)
        return; /* and the connection is never used again */
    if (manner == TRUNCATES || manner == ENDS_BY_CLOSE || manner == CLOSES || manner == TALKS_NONSENSE) {
        conn_free(c, manner == TALKS_NONSENSE && sim_below(v->sim, 2));
        return;
    }
    if (manner == CLOSES_UNSAID)
        timer_arm(v->loop, &c->close_timer, (int64_t)sim_below(v->sim, 40));
    next_request(c);
}

static void run_job(struct job *j)
{
    struct vendor_sim *v = j->v;

    if (j->manner == RESETS_BEFORE || j->manner == NEVER_BEFORE) {
        book_forget(v->book, &j->q);
        if (j->conn && j->manner == RESETS_BEFORE)
            conn_free(j->conn, true);
        job_free(j);
        return;
    }
    j->status = book_run(v->book, &j->q, j->fate, &j->answer);
    j->has_run = true;
    if (j->manner == RESETS_AFTER || j->manner == NEVER_AFTER) {
        if (j->conn && j->manner == RESETS_AFTER)
            conn_free(j->conn, true);
        job_free(j);
        return;
    }
    timer_arm(v->loop, &j->timer, j->answer_ms);
}

static void on_job_timer(struct timer *t)
{
    struct job *j = list_entry(t, struct job, timer);

    if (j->status)
        answer(j);
    else
        run_job(j);
}

/* -------- requests -------- */

static int64_t draw_ms(struct vendor_sim *v, bool is_late)
{
    int64_t ns = is_late ? v->manners.late_ns_max : v->manners.think_ns_max;

    return (int64_t)sim_below(v->sim, (uint64_t)(ns / NS_PER_MS) + 1);
}

static void choose(struct vendor_sim *v, struct job *j)
{
    static const enum book_fate fates[] = {BOOK_DECLINES, BOOK_FAILS_OBJECT, BOOK_BREAKS_BEFORE, BOOK_BREAKS_AFTER};
    bool is_bad = sim_chance(v->sim, v->manners.bad_ppm), is_late = is_bad && sim_below(v->sim, 6) == 0;

    j->manner = is_bad && sim_below(v->sim, 3) ? (enum manner)sim_below(v->sim, MANNERS) : ANSWERS;
    if (j->manner == ANSWERS_TWICE && j->q.key.n == 0)
        j->manner = ANSWERS; /* nothing tells such an answer from the next one's: no proxy could be right */
    j->fate = is_bad && sim_below(v->sim, 3) == 0 ? fates[sim_below(v->sim, 4)] : BOOK_DOES;
    j->answer_ms = draw_ms(v, is_late);
    timer_arm(v->loop, &j->timer, draw_ms(v, is_late && sim_below(v->sim, 2)));
}

static void take_job(struct conn *c, const struct book_request *q, char *bytes)
{
    struct vendor_sim *v = c->v;
    struct job *j = calloc(1, sizeof(*j));

    check(j);
    j->v = v;
    j->conn = c;
    c->job = j;
    j->q = *q;
    j->bytes = bytes;
    timer_init(&j->timer, on_job_timer);
    buf_init(&j->answer, ANSWER_BYTES_MAX);
    list_init(&j->node);
    list_add_tail(&v->jobs, &j->node);
    v->n_jobs++;
    choose(v, j);
    if (j->manner == SAYS_LIMITED) {
        j->status = 429;
        buf_printf(&j->answer, "{\"error\":{\"type\":\"rate_limit_error\"}}");
        j->manner = ANSWERS;
        return;
    }
    j->status = book_enter(v->book, q, &j->answer, &j->is_replay);
}

/* Takes a whole request off the front of what came, if there is one. */
static void next_request(struct conn *c)
{
    struct vendor_request r;

    if (c->job || !vendor_request_take(&c->in, &r))
        return;
    struct book_request q = {r.method, r.path, vendor_request_field(r.head, "idempotency-key"), r.body};
    if (c->v->hooks.on_request)
        c->v->hooks.on_request(c->v->hooks.ctx, &q, r.head);
    take_job(c, &q, r.bytes);
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
    struct vendor_sim *v = ctx;
    struct conn *c = calloc(1, sizeof(*c));

    check(c);
    c->v = v;
    timer_init(&c->close_timer, on_close_timer);
    buf_init(&c->in, REQUEST_BYTES_MAX);
    list_init(&c->node);
    list_add_tail(&v->conns, &c->node);
    check(v->loop->ops->adopt(v->loop, t, &c->stream) == 0);
    stream_on(c->stream, &events, c);
    stream_read_start(c->stream);
}

/* -------- life -------- */

struct vendor_sim *vendor_sim_new(struct sim *s, struct loop *l, struct book *b, const struct net_addr *addr,
                                  const struct vendor_manners *m, const struct vendor_sim_hooks *h)
{
    struct vendor_sim *v = calloc(1, sizeof(*v));

    check(v);
    v->sim = s;
    v->loop = l;
    v->book = b;
    v->manners = *m;
    v->hooks = *h;
    list_init(&v->conns);
    list_init(&v->jobs);
    check(l->ops->listen(l, addr, 128, on_accept, v, &v->listener, NULL) == 0);
    return v;
}

void vendor_sim_behave(struct vendor_sim *v)
{
    v->manners.bad_ppm = 0;
    v->manners.late_ns_max = v->manners.think_ns_max;
}

size_t vendor_sim_busy(const struct vendor_sim *v) { return v->n_jobs; }

void vendor_sim_free(struct vendor_sim *v)
{
    struct list *it;

    if (!v)
        return;
    while ((it = list_first(&v->jobs)))
        job_free(list_entry(it, struct job, node));
    while ((it = list_first(&v->conns)))
        conn_free(list_entry(it, struct conn, node), true);
    v->loop->ops->listener_close(v->listener);
    free(v);
}
