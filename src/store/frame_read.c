/*
 * store/frame_read.c - reads frames member by member, guided by tables.
 *
 * The writer's order of members is the tables' order, so that a member is found at the first or second comparison;
 * any other order is read as well, only slower.
 */
#include "store/frame_read.h"

#include "base/err.h"

#include <string.h>

enum pick_type { PICK_STR, PICK_I64, PICK_WALL, PICK_COST, PICK_BOOL, PICK_JSON };

struct pick {
    struct str name;
    enum pick_type type;
    size_t offset;
};
#define PICK(type, row, member, name) {STR_INIT(name), type, offsetof(struct row, member)}

static void pick_one(enum pick_type type, struct json v, void *to)
{
    struct str s;
    wall_t t;
    switch (type) {
    case PICK_STR:
        if (json_str(v, &s))
            *(struct str *)to = s;
        break;
    case PICK_I64:
        (void)json_i64(v, to); /* stays zero */
        break;
    case PICK_WALL:
        if (json_str(v, &s) && wall_parse(s, &t) == 0)
            *(wall_t *)to = t;
        break;
    case PICK_COST:
        *(struct cost_row *)to = cost_read(v);
        break;
    case PICK_BOOL:
        (void)json_bool(v, to); /* stays false */
        break;
    case PICK_JSON:
        *(struct json *)to = v;
        break;
    }
}

static void pick_all(struct json object, const struct pick *table, size_t n, void *ret)
{
    struct str key;
    struct json v;
    size_t at = 0;
    if (json_type(object) != JSON_OBJECT)
        return;
    for (struct json_iter it = json_each(object); json_next(&it, &key, &v);) {
        for (size_t tried = 0; tried < n; tried++) {
            const struct pick *p = &table[(at + tried) % n];
            if (p->name.n != key.n || memcmp(p->name.p, key.p, key.n) != 0)
                continue;
            pick_one(p->type, v, (char *)ret + p->offset);
            at += tried + 1;
            break;
        }
    }
}
#define PICK_ALL(object, table, ret) pick_all(object, table, sizeof table / sizeof table[0], ret)

struct cost_row cost_read(struct json v)
{
    struct str usd, how;
    struct cost_row c = {0};
    if (!json_str(json_get(v, STR("usd")), &usd) || money_parse(usd, &c.nano) < 0)
        return (struct cost_row){0};
    c.is_known = true;
    if (json_str(json_get(v, STR("how")), &how)) {
        for (enum how h = HOW_UNKNOWN; h <= HOW_PARSED; h++)
            if (str_eq(how, how_text(h)))
                c.how = h;
    }
    return c;
}

int frame_parse(struct arena *a, struct str text, struct json *ret)
{
    if (text.n == 0) {
        *ret = JSON_ABSENT;
        return 0;
    }
    int r = json_parse_own(a, text, ret);
    if (r == -ERR_TOO_LARGE)
        return err_trace(r);
    if (r < 0 || json_type(*ret) != JSON_OBJECT)
        return err_trace(-ERR_CORRUPT);
    return 0;
}

/* An array of rows read with one table; *ret_n is 0 and NULL returned for anything but an array with elements. */
static int rows_read(struct arena *a, struct json array, const struct pick *table, size_t n_table, size_t row_bytes,
                     const void *blank, void *ret_rows, size_t *ret_n)
{
    size_t n = json_type(array) == JSON_ARRAY ? json_len(array) : 0, i = 0;
    if (n == 0)
        return 0;
    char *rows = arena_try_alloc(a, n * row_bytes);
    if (!rows)
        return err_trace(-ERR_TOO_LARGE);
    struct json v;
    for (struct json_iter it = json_each(array); json_next(&it, NULL, &v); i++) {
        memcpy(rows + i * row_bytes, blank, row_bytes);
        pick_all(v, table, n_table, rows + i * row_bytes);
    }
    *(void **)ret_rows = rows;
    *ret_n = n;
    return 0;
}

static const struct pick ATTEMPT[] = {
    PICK(PICK_I64, attempt_row, n, "n"),
    PICK(PICK_STR, attempt_row, kind, "kind"),
    PICK(PICK_STR, attempt_row, method, "method"),
    PICK(PICK_STR, attempt_row, path, "path"),
    PICK(PICK_STR, attempt_row, target, "target"),
    PICK(PICK_I64, attempt_row, started_us, "started_us"),
    PICK(PICK_I64, attempt_row, total_us, "total_us"),
    PICK(PICK_I64, attempt_row, status, "status"),
    PICK(PICK_I64, attempt_row, bytes_out, "bytes_out"),
    PICK(PICK_I64, attempt_row, bytes_in, "bytes_in"),
    PICK(PICK_STR, attempt_row, error, "error"),
};

static int attempts_read(struct arena *a, struct json v, const struct attempt_row **ret, size_t *ret_n)
{
    static const struct attempt_row blank = {.started_us = -1, .total_us = -1, .status = -1};
    return rows_read(a, v, ATTEMPT, sizeof ATTEMPT / sizeof ATTEMPT[0], sizeof blank, &blank, ret, ret_n);
}

/* --- OPEN ------------------------------------------------------------------------------------------------------- */

struct open_members {
    struct call_open open;
    struct json idempotency, limits, attempts;
    struct str model_sent; /* where it is not the one asked for */
};
#define OPEN_STR(member, name) PICK(PICK_STR, open_members, open.member, name)
static const struct pick OPEN[] = {
    OPEN_STR(call_id, "call_id"),
    PICK(PICK_WALL, open_members, open.started_at, "started_at"),
    OPEN_STR(run_id, "run_id"),
    OPEN_STR(vendor, "vendor"),
    OPEN_STR(operation, "operation"),
    OPEN_STR(class, "class"),
    OPEN_STR(mode, "mode"),
    OPEN_STR(key, "key"),
    OPEN_STR(agent, "agent"),
    OPEN_STR(model, "model_asked"),
    PICK(PICK_STR, open_members, model_sent, "model_sent"),
    OPEN_STR(verdict, "verdict"),
    OPEN_STR(code, "code"),
    OPEN_STR(shares, "shares"),
    PICK(PICK_JSON, open_members, idempotency, "idempotency"),
    PICK(PICK_COST, open_members, open.held, "held"),
    PICK(PICK_JSON, open_members, limits, "limits"),
    PICK(PICK_WALL, open_members, open.ended_at, "ended_at"),
    OPEN_STR(outcome, "outcome"),
    PICK(PICK_JSON, open_members, attempts, "attempts"),
};

static const struct pick IDEMPOTENCY[] = {
    PICK(PICK_STR, call_open, idempotency_scope, "scope"),
    PICK(PICK_STR, call_open, idempotency_digest, "digest"),
    PICK(PICK_STR, call_open, idempotency_body, "body"),
};

static const struct pick LIMIT[] = {
    PICK(PICK_STR, hold_row, counter, "counter"),
    PICK(PICK_STR, hold_row, meter, "meter"),
    PICK(PICK_STR, hold_row, window, "window"),
    PICK(PICK_I64, hold_row, window_start, "window_start"),
    PICK(PICK_I64, hold_row, n, "n"),
};

/* Limits of one call are compared only ("call" has no counter): they take nothing, and their place stays. */
static int holds_read(struct arena *a, struct json limits, struct json buckets, struct call_open *ret)
{
    static const struct hold_row blank = {0};
    struct hold_row *rows = NULL;
    size_t n = 0, n_taken = 0;
    int r = rows_read(a, limits, LIMIT, sizeof LIMIT / sizeof LIMIT[0], sizeof blank, &blank, &rows, &n);
    if (r < 0)
        return r;
    ret->n_limits = n;
    if (ret->ended_at !=
        0) /* refused: nothing was taken. A sharing call takes requests and slots, and no money (n 0). */
        return 0;
    for (size_t i = 0; i < n; i++) {
        struct hold_row row = rows[i];
        if (row.counter.n == 0 || row.n < 0)
            return err_trace(-ERR_CORRUPT);
        if ((row.n == 0 && ret->shares.n > 0) || str_eq(row.window, STR("call")))
            continue; /* a call that meant to cost nothing may cost something all the same: its limits book it */
        row.i = i;
        (void)json_str(json_at(buckets, i), &row.bucket); /* erased: empty */
        rows[n_taken++] = row;
    }
    ret->holds = rows;
    ret->n_holds = n_taken;
    return 0;
}

int frame_read_open(struct arena *a, const struct frame *f, struct call_open *ret)
{
    struct json body, personal;
    int r = frame_parse(a, f->body, &body);
    if (r == 0)
        r = frame_parse(a, f->personal, &personal);
    if (r < 0)
        return r;

    struct open_members m = {0};
    PICK_ALL(body, OPEN, &m);
    PICK_ALL(m.idempotency, IDEMPOTENCY, &m.open);
    (void)json_str(json_get(personal, STR("tenant")), &m.open.tenant); /* absent: empty */
    if (m.open.call_id.n == 0 || m.open.verdict.n == 0)
        return err_trace(-ERR_CORRUPT);
    if (m.model_sent.n)
        m.open.model = m.model_sent;
    if (m.open.ended_at != 0 && m.open.outcome.n == 0)
        m.open.outcome = outcome_text(OUTCOME_NONE);
    if (m.open.ended_at == 0)
        m.open.outcome = STR_NONE;

    r = attempts_read(a, m.attempts, &m.open.attempts, &m.open.n_attempts);
    if (r == 0)
        r = holds_read(a, m.limits, json_get(personal, STR("buckets")), &m.open);
    if (r < 0)
        return r;
    *ret = m.open;
    return 0;
}

/* --- CLOSE ------------------------------------------------------------------------------------------------------ */

struct close_members {
    struct call_close close;
    int64_t open_seq;
    struct json moves, attempts;
};
static const struct pick CLOSE[] = {
    PICK(PICK_STR, close_members, close.call_id, "call_id"),
    PICK(PICK_I64, close_members, open_seq, "open_seq"),
    PICK(PICK_WALL, close_members, close.ended_at, "ended_at"),
    PICK(PICK_STR, close_members, close.outcome, "outcome"),
    PICK(PICK_COST, close_members, close.settled, "settled"),
    PICK(PICK_STR, close_members, close.code, "code"),
    PICK(PICK_JSON, close_members, attempts, "attempts"),
    PICK(PICK_JSON, close_members, moves, "moves"),
};

struct move_members {
    int64_t of, i, released, settled;
};
static const struct pick MOVE[] = {
    PICK(PICK_I64, move_members, of, "of"),
    PICK(PICK_I64, move_members, i, "i"),
    PICK(PICK_I64, move_members, released, "released"),
    PICK(PICK_I64, move_members, settled, "settled"),
};

static const struct pick OBJECT[] = {
    PICK(PICK_STR, object_row, id, "id"),
    PICK(PICK_STR, object_row, type, "type"),
    PICK(PICK_STR, object_row, customer, "customer"),
    PICK(PICK_STR, object_row, parent, "parent"),
    PICK(PICK_BOOL, object_row, is_created, "created"),
};

static int moves_read(struct arena *a, struct json v, const struct frame *f, struct call_close *ret)
{
    static const struct move_members blank = {.of = -1, .i = -1};
    struct move_members *in = NULL;
    size_t n = 0;
    int r = rows_read(a, v, MOVE, sizeof MOVE / sizeof MOVE[0], sizeof blank, &blank, &in, &n);
    if (r < 0 || n == 0)
        return r;
    struct move_row *out = arena_try_alloc(a, n * sizeof *out);
    if (!out)
        return err_trace(-ERR_TOO_LARGE);
    for (size_t i = 0; i < n; i++) {
        if (in[i].of <= 0 || (uint64_t)in[i].of >= f->seq || in[i].i < 0)
            return err_trace(-ERR_CORRUPT);
        out[i] = (struct move_row){(uint64_t)in[i].of, (size_t)in[i].i, in[i].released, in[i].settled};
    }
    ret->moves = out;
    ret->n_moves = n;
    return 0;
}

int frame_read_close(struct arena *a, const struct frame *f, struct call_close *ret)
{
    static const struct object_row no_object = {0};
    struct json body, personal;
    int r = frame_parse(a, f->body, &body);
    if (r == 0)
        r = frame_parse(a, f->personal, &personal);
    if (r < 0)
        return r;

    struct close_members m = {0};
    PICK_ALL(body, CLOSE, &m);
    if (m.open_seq <= 0 || (uint64_t)m.open_seq >= f->seq || m.close.outcome.n == 0)
        return err_trace(-ERR_CORRUPT);
    m.close.open_seq = (uint64_t)m.open_seq;

    r = moves_read(a, m.moves, f, &m.close);
    if (r == 0)
        r = attempts_read(a, m.attempts, &m.close.attempts, &m.close.n_attempts);
    if (r == 0)
        r = rows_read(a, json_get(personal, STR("objects")), OBJECT, sizeof OBJECT / sizeof OBJECT[0],
                      sizeof no_object, &no_object, &m.close.objects, &m.close.n_objects);
    if (r < 0)
        return r;
    *ret = m.close;
    return 0;
}

/* --- EVENT ------------------------------------------------------------------------------------------------------ */

/* Events that the next start must know of. `id` names the member that says which one; empty: there is one only. */
static const struct event_rule {
    struct str event, kind, id;
    enum event_does does;
} EVENT_RULES[] = {
    {STR_INIT("key.create"), STR_INIT("key"), STR_INIT("id"), EVENT_SETS},
    {STR_INIT("key.revoke"), STR_INIT("key"), STR_INIT("id"), EVENT_ENDS},
    {STR_INIT("policy.apply"), STR_INIT("policy"), STR_INIT("name"), EVENT_SETS},
    {STR_INIT("policy.remove"), STR_INIT("policy"), STR_INIT("name"), EVENT_ENDS},
    {STR_INIT("kill"), STR_INIT("kill"), STR_INIT(""), EVENT_SETS},
    {STR_INIT("unkill"), STR_INIT("kill"), STR_INIT(""), EVENT_ENDS},
    {STR_INIT("run.stop"), STR_INIT("run"), STR_INIT("run_id"), EVENT_SETS},
    {STR_INIT("run.resume"), STR_INIT("run"), STR_INIT("run_id"), EVENT_ENDS},
    {STR_INIT("agent.revoke"), STR_INIT("agent"), STR_INIT("agent"), EVENT_SETS},
    {STR_INIT("tenant.revoke"), STR_INIT("tenant"), STR_INIT("tenant"), EVENT_SETS},
};

static const struct event_rule *event_rule(struct str event)
{
    for (size_t i = 0; i < sizeof EVENT_RULES / sizeof EVENT_RULES[0]; i++)
        if (str_eq(EVENT_RULES[i].event, event))
            return &EVENT_RULES[i];
    return NULL;
}

int frame_read_event(struct arena *a, const struct frame *f, struct event_row *ret)
{
    struct json body, personal;
    int r = frame_parse(a, f->body, &body);
    if (r == 0)
        r = frame_parse(a, f->personal, &personal);
    if (r < 0)
        return r;

    struct event_row e = {.at = f->at};
    if (!json_str(json_get(body, STR("event")), &e.event) || e.event.n == 0)
        return err_trace(-ERR_CORRUPT);
    (void)json_str(json_get(body, STR("by")), &e.by); /* absent: empty */
    const struct event_rule *rule = event_rule(e.event);
    if (rule) {
        e.does = rule->does;
        e.kind = rule->kind;
        bool has_id = rule->id.n == 0 || json_str(json_get(body, rule->id), &e.id) ||
                      json_str(json_get(personal, rule->id), &e.id);
        if (!has_id)
            e.does = EVENT_NOTHING; /* names nothing: shown like any other event */
    }
    e.is_policy = e.does == EVENT_SETS && str_eq(e.kind, STR("policy"));
    (void)json_i64(json_get(body, STR("version")), &e.version); /* absent: 0 */
    (void)json_str(json_get(body, STR("digest")), &e.digest);   /* absent: empty */
    *ret = e;
    return 0;
}
