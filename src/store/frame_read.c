/*
 * store/frame_read.c - reads frames member by member, guided by tables.
 *
 * The writer's order of members is the tables' order, so that a member is found at the first or second comparison;
 * any other order is read as well, only slower.
 */
#include "store/frame_read.h"

#include "base/err.h"
#include "codec/json_walk.h"

#include <string.h>

enum pick_type { PICK_STR, PICK_I64, PICK_WALL, PICK_COST, PICK_BOOL, PICK_RAW };

struct pick {
    struct str name;
    enum pick_type type;
    size_t offset;
};
#define PICK(type, row, member, name) {STR_INIT(name), type, offsetof(struct row, member)}

struct pick_table {
    const struct pick *picks;
    size_t n;
};
#define TABLE(picks) ((struct pick_table){picks, sizeof picks / sizeof picks[0]})

static int pick_all(struct arena *a, struct str object, struct pick_table table, void *ret);

struct cost_members {
    struct str usd, how;
};
static const struct pick COST[] = {
    PICK(PICK_STR, cost_members, usd, "usd"),
    PICK(PICK_STR, cost_members, how, "how"),
};

static struct cost_row cost_of(const struct cost_members *m)
{
    struct cost_row c = {.is_known = true};
    if (money_parse(m->usd, &c.nano) < 0)
        return (struct cost_row){0};
    for (enum how h = HOW_UNKNOWN; h <= HOW_PARSED; h++)
        if (str_eq(m->how, how_text(h)))
            c.how = h;
    return c;
}

struct cost_row cost_read(struct json v)
{
    struct cost_members m = {0};
    (void)json_str(json_get(v, STR("usd")), &m.usd); /* absent: not known */
    (void)json_str(json_get(v, STR("how")), &m.how);
    return cost_of(&m);
}

static struct cost_row cost_pick(struct arena *a, struct str v)
{
    struct cost_members m = {0};
    return pick_all(a, v, TABLE(COST), &m) < 0 ? (struct cost_row){0} : cost_of(&m);
}

static void pick_one(struct arena *a, enum pick_type type, struct str v, void *to)
{
    struct str s;
    wall_t t;
    switch (type) {
    case PICK_STR:
        (void)json_raw_str(a, v, to); /* stays empty */
        break;
    case PICK_I64:
        (void)json_raw_i64(v, to); /* stays zero */
        break;
    case PICK_WALL:
        if (json_raw_str(a, v, &s) && wall_parse(s, &t) == 0)
            *(wall_t *)to = t;
        break;
    case PICK_COST:
        *(struct cost_row *)to = cost_pick(a, v);
        break;
    case PICK_BOOL:
        (void)json_raw_bool(v, to); /* stays false */
        break;
    case PICK_RAW:
        *(struct str *)to = v;
        break;
    }
}

/* Fills what the table names. Anything but an object has no members; -ERR_CORRUPT: it does not end as it begins. */
static int pick_all(struct arena *a, struct str object, struct pick_table table, void *ret)
{
    struct json_walk w;
    struct str key, v;
    size_t at = 0;
    int r = json_walk(&w, object) && w.close == '}' ? 1 : 0;
    while (r > 0 && (r = json_walk_next(&w, &key, &v)) > 0) {
        for (size_t tried = 0; tried < table.n; tried++) {
            const struct pick *p = &table.picks[at + tried < table.n ? at + tried : at + tried - table.n];
            if (p->name.n != key.n || memcmp(p->name.p, key.p, key.n) != 0)
                continue;
            pick_one(a, p->type, v, (char *)ret + p->offset);
            at = (size_t)(p - table.picks) + 1;
            break;
        }
    }
    return r < 0 ? err_trace(-ERR_CORRUPT) : 0;
}

/* A text of a frame is an object, or not there. */
static int pick_text(struct arena *a, struct str text, struct pick_table table, void *ret)
{
    if (text.n && text.p[0] != '{')
        return err_trace(-ERR_CORRUPT);
    return pick_all(a, text, table, ret);
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

#define ROWS_FIRST 8

/* Room for twice as many rows as there are. */
static char *rows_grow(struct arena *a, char *rows, size_t n, size_t row_bytes)
{
    char *more = arena_try_alloc(a, (n ? 2 * n : ROWS_FIRST) * row_bytes);
    if (more && n)
        memcpy(more, rows, n * row_bytes);
    return more;
}

/* An array of rows read with one table; *ret_n is 0 and NULL returned for anything but an array with elements. */
static int rows_read(struct arena *a, struct str array, struct pick_table table, size_t row_bytes, const void *blank,
                     void *ret_rows, size_t *ret_n)
{
    struct json_walk w;
    struct str key, v;
    char *rows = NULL;
    size_t n = 0, n_max = 0;
    int r = json_walk(&w, array) && w.close == ']' ? 1 : 0;
    while (r > 0 && (r = json_walk_next(&w, &key, &v)) > 0) {
        if (n == n_max) {
            rows = rows_grow(a, rows, n, row_bytes);
            if (!rows)
                return err_trace(-ERR_TOO_LARGE);
            n_max = n ? 2 * n : ROWS_FIRST;
        }
        char *row = rows + n++ * row_bytes;
        memcpy(row, blank, row_bytes);
        if (pick_all(a, v, table, row) < 0)
            return -ERR_CORRUPT;
    }
    *(void **)ret_rows = rows;
    *ret_n = n;
    return r < 0 ? err_trace(-ERR_CORRUPT) : 0;
}

/* --- OPEN ------------------------------------------------------------------------------------------------------- */

struct open_members {
    struct call_open open;
    struct str idempotency, limits;
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
    PICK(PICK_RAW, open_members, idempotency, "idempotency"),
    PICK(PICK_COST, open_members, open.held, "held"),
    PICK(PICK_RAW, open_members, limits, "limits"),
    PICK(PICK_WALL, open_members, open.ended_at, "ended_at"),
    OPEN_STR(outcome, "outcome"),
};

struct open_personal {
    struct str tenant, buckets;
};
static const struct pick OPEN_PERSONAL[] = {
    PICK(PICK_STR, open_personal, tenant, "tenant"),
    PICK(PICK_RAW, open_personal, buckets, "buckets"),
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

/* A bucket a limit, in their order; erased ones stay empty. */
static int buckets_read(struct arena *a, struct str buckets, struct hold_row *rows, size_t n)
{
    struct json_walk w;
    struct str key, v;
    int r = json_walk(&w, buckets) ? 1 : 0;
    for (size_t i = 0; r > 0 && i < n && (r = json_walk_next(&w, &key, &v)) > 0; i++)
        (void)json_raw_str(a, v, &rows[i].bucket);
    return r < 0 ? err_trace(-ERR_CORRUPT) : 0;
}

/* Limits of one call are compared only ("call" has no counter): they take nothing, and their place stays. */
static int holds_read(struct arena *a, struct str limits, struct str buckets, struct call_open *ret)
{
    static const struct hold_row blank = {0};
    struct hold_row *rows = NULL;
    size_t n = 0, n_taken = 0;
    int r = rows_read(a, limits, TABLE(LIMIT), sizeof blank, &blank, &rows, &n);
    if (r == 0)
        r = buckets_read(a, buckets, rows, n);
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
        rows[n_taken++] = row;
    }
    ret->holds = rows;
    ret->n_holds = n_taken;
    return 0;
}

int frame_read_open(struct arena *a, const struct frame *f, struct call_open *ret)
{
    struct open_members m = {0};
    struct open_personal p = {0};
    int r = pick_text(a, f->body, TABLE(OPEN), &m);
    if (r == 0)
        r = pick_all(a, m.idempotency, TABLE(IDEMPOTENCY), &m.open);
    if (r == 0)
        r = pick_text(a, f->personal, TABLE(OPEN_PERSONAL), &p);
    if (r < 0)
        return r;
    m.open.tenant = p.tenant;
    if (m.open.call_id.n == 0 || m.open.verdict.n == 0)
        return err_trace(-ERR_CORRUPT);
    if (m.model_sent.n)
        m.open.model = m.model_sent;
    if (m.open.ended_at != 0 && m.open.outcome.n == 0)
        m.open.outcome = outcome_text(OUTCOME_NONE);
    if (m.open.ended_at == 0)
        m.open.outcome = STR_NONE;

    r = holds_read(a, m.limits, p.buckets, &m.open);
    if (r < 0)
        return r;
    *ret = m.open;
    return 0;
}

/* --- CLOSE ------------------------------------------------------------------------------------------------------ */

struct close_members {
    struct call_close close;
    int64_t open_seq;
    struct str moves;
};
static const struct pick CLOSE[] = {
    PICK(PICK_STR, close_members, close.call_id, "call_id"),
    PICK(PICK_I64, close_members, open_seq, "open_seq"),
    PICK(PICK_WALL, close_members, close.ended_at, "ended_at"),
    PICK(PICK_STR, close_members, close.outcome, "outcome"),
    PICK(PICK_COST, close_members, close.settled, "settled"),
    PICK(PICK_STR, close_members, close.code, "code"),
    PICK(PICK_RAW, close_members, moves, "moves"),
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

static const struct pick CLOSE_PERSONAL[] = {{STR_INIT("objects"), PICK_RAW, 0}};

static int moves_read(struct arena *a, struct str v, const struct frame *f, struct call_close *ret)
{
    static const struct move_members blank = {.of = -1, .i = -1};
    struct move_members *in = NULL;
    size_t n = 0;
    int r = rows_read(a, v, TABLE(MOVE), sizeof blank, &blank, &in, &n);
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
    struct close_members m = {0};
    struct str objects = STR_NONE;
    int r = pick_text(a, f->body, TABLE(CLOSE), &m);
    if (r == 0)
        r = pick_text(a, f->personal, TABLE(CLOSE_PERSONAL), &objects);
    if (r < 0)
        return r;
    if (m.open_seq <= 0 || (uint64_t)m.open_seq >= f->seq || m.close.outcome.n == 0)
        return err_trace(-ERR_CORRUPT);
    m.close.open_seq = (uint64_t)m.open_seq;

    r = moves_read(a, m.moves, f, &m.close);
    if (r == 0)
        r = rows_read(a, objects, TABLE(OBJECT), sizeof no_object, &no_object, &m.close.objects, &m.close.n_objects);
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
