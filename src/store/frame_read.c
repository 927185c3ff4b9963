/*
 * store/frame_read.c - reads frames of calls member by member, guided by tables.
 *
 * The writer's order of members is the tables' order, so that a member is found where the table expects it, by its
 * first bytes; any other order is read as well, only slower.
 */
#include "store/frame_read.h"

#include "base/err.h"
#include "base/uuid.h"
#include "call/counter.h"
#include "codec/json_walk.h"

#include <string.h>

enum pick_type {
    PICK_STR,
    PICK_I64,
    PICK_WALL,
    PICK_COST,
    PICK_BOOL,
    PICK_PASS, /* nobody here needs it: named, so that it is passed as fast as others are found */
    PICK_MEMBERS,
    PICK_VALUES, /* texts that an object's members are, whatever their names */
    /* of arrays */
    PICK_ROWS,
    PICK_TEXTS, /* a number stands for the text at that place before it */
    PICK_NUMBERS,
    PICK_LIMITS, /* each an array of places: struct limit_rows, of struct hold_row */
};

struct pick {
    struct str name;
    enum pick_type type;
    size_t offset;
    const struct pick_table *of; /* PICK_MEMBERS: of the same row; PICK_ROWS: of each element, into a struct rows */
};
#define PICK(type, row, member, name) {STR_INIT(name), type, offsetof(struct row, member), NULL}
#define PICK_OF(type, row, member, name, table) {STR_INIT(name), type, offsetof(struct row, member), &table}
#define PASS(name) {STR_INIT(name), PICK_PASS, 0, NULL}

struct pick_table {
    const struct pick *picks;
    size_t n, row_bytes;
};
#define TABLE(picks) {picks, sizeof picks / sizeof picks[0], 0}
#define TABLE_OF_ROWS(picks, row) {picks, sizeof picks / sizeof picks[0], sizeof(struct row)}

struct rows {
    void *p;
    size_t n;
};
/* Lists by place. One that stands in a frame twice would be mixed of both: it is corrupt. */
struct texts {
    struct str *p;
    size_t n;
    bool is_there;
};
struct numbers {
    int64_t *p;
    size_t n;
    bool is_there;
};

static int pick_all(struct arena *a, struct json_walk *w, const struct pick_table *table, void *ret);
static int pick_one(struct arena *a, const struct pick *p, struct json_walk *w, struct str v, char *row);

struct cost_members {
    struct str usd, how;
};
static const struct pick COST_PICKS[] = {
    PICK(PICK_STR, cost_members, usd, "usd"),
    PICK(PICK_STR, cost_members, how, "how"),
};
static const struct pick_table COST = TABLE(COST_PICKS);

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

#define ROWS_FIRST 4

/* Room for twice as many rows as there are. */
static char *rows_grow(struct arena *a, char *rows, size_t n, size_t row_bytes)
{
    char *more = arena_try_alloc(a, (n ? 2 * n : ROWS_FIRST) * row_bytes);
    if (more && n)
        memcpy(more, rows, n * row_bytes);
    return more;
}

/* The next row of an array that grows: like `blank`, or zeros. NULL: no room. */
static char *rows_add(struct arena *a, struct rows *rows, size_t row_bytes, const void *blank)
{
    bool is_full = rows->n == 0 || (rows->n >= ROWS_FIRST && (rows->n & (rows->n - 1)) == 0);
    if (is_full && !(rows->p = rows_grow(a, rows->p, rows->n, row_bytes)))
        return NULL;
    char *row = (char *)rows->p + rows->n++ * row_bytes;
    if (blank)
        memcpy(row, blank, row_bytes);
    else
        memset(row, 0, row_bytes);
    return row;
}

/* Elements that are no objects are rows without members. */
static int rows_read(struct arena *a, struct json_walk *w, const struct pick_table *table, struct rows *ret)
{
    struct str key, v;
    int r;
    while ((r = json_walk_next(w, &key, &v)) > 0) {
        struct json_walk inner;
        char *row = rows_add(a, ret, table->row_bytes, NULL);
        if (!row)
            return err_trace(-ERR_TOO_LARGE);
        if (!json_walk_in(&inner, w) || inner.close != '}')
            continue;
        r = pick_all(a, &inner, table, row);
        if (r < 0)
            return r;
        json_walk_after(w, &inner);
    }
    return r < 0 ? err_trace(-ERR_CORRUPT) : 0;
}

/* Elements that are neither texts nor stand for one are empty ones. */
static int texts_read(struct arena *a, struct json_walk *w, struct texts *ret)
{
    struct rows rows = {NULL, 0};
    struct str key, v, text;
    int64_t like;
    int r;
    while ((r = json_walk_next(w, &key, &v)) > 0) {
        const struct str *before = rows.p;
        if (!json_walk_str(a, w, v, &text))
            text = json_raw_i64(v, &like) && like >= 0 && (uint64_t)like < rows.n ? before[like] : STR_NONE;
        if (!rows_add(a, &rows, sizeof text, &text))
            return err_trace(-ERR_TOO_LARGE);
    }
    r = r < 0 || ret->is_there ? err_trace(-ERR_CORRUPT) : 0;
    *ret = (struct texts){rows.p, rows.n, .is_there = true};
    return r;
}

static int numbers_read(struct arena *a, struct json_walk *w, struct numbers *ret)
{
    struct rows rows = {NULL, 0};
    int64_t number;
    int r;
    while ((r = json_walk_i64(w, &number)) > 0) {
        if (!rows_add(a, &rows, sizeof number, &number))
            return err_trace(-ERR_TOO_LARGE);
    }
    r = r < 0 || ret->is_there ? err_trace(-ERR_CORRUPT) : 0;
    *ret = (struct numbers){rows.p, rows.n, .is_there = true};
    return r;
}

/* Members that are no texts are passed over. */
static int values_read(struct arena *a, struct json_walk *w, struct texts *ret)
{
    struct rows rows = {NULL, 0};
    struct str key, v, text;
    int r;
    while ((r = json_walk_next(w, &key, &v)) > 0) {
        if (!json_walk_str(a, w, v, &text))
            continue;
        if (!rows_add(a, &rows, sizeof text, &text))
            return err_trace(-ERR_TOO_LARGE);
    }
    *ret = (struct texts){.p = rows.p, .n = rows.n};
    return r < 0 ? err_trace(-ERR_CORRUPT) : 0;
}

/* The integer behind a comma, and the place behind it; NULL: none stands there. */
static const char *take_place(const char *p, const char *end, int64_t *ret)
{
    size_t n = *p == ',' ? json_raw_i64_ahead(p + 1, end, ret) : 0;
    const char *behind = p + 1 + n;
    return n && behind < end && (*behind == ',' || *behind == ']') ? behind : NULL;
}

/* Up to its max, straight along: names of counters need no escapes, and only numbers follow. */
static const char *take_begin(const char *p, const char *end, struct hold_row *ret)
{
    const char *from = p, *quote = p < end && *p == '"' ? memchr(p + 1, '"', (size_t)(end - p - 1)) : NULL;
    if (!quote)
        return NULL;
    ret->counter = (struct str){p + 1, (size_t)(quote - p - 1)};
    p = quote + 1 < end ? take_place(quote + 1, end, &ret->window_start) : NULL;
    if (p)
        p = take_place(p, end, &ret->n);
    if (p)
        p = take_place(p, end, &ret->max);
    if (p && *p == ',')
        ret->begin = (struct str){from, (size_t)(p + 1 - from)};
    return p;
}

struct limit_rows {
    struct rows rows;
    bool is_there;
    const struct hold_row *like, *like_end; /* of a call read before; those that stand before a row are passed */
};

/* As the call before wrote it: its row, and the place behind what is the same. NULL: it did not, or not there. */
static const char *take_like(struct limit_rows *limits, size_t i, const char *p, const char *end, struct hold_row *ret)
{
    const struct hold_row *like = limits->like;
    while (like < limits->like_end && like->i < i)
        like++;
    limits->like = like;
    if (like == limits->like_end || like->i != i || !like->begin.n || like->begin.n > (size_t)(end - p) ||
        memcmp(like->begin.p, p, like->begin.n) != 0)
        return NULL;
    *ret = *like;
    return p + like->begin.n;
}

/*
 * One limit, the last row, from behind its bracket. What stands behind the first places is for readers of the record.
 * Returns the place behind it; NULL: it is no limit.
 */
static const char *take_limit(struct limit_rows *limits, const char *p, const char *end, struct hold_row *ret)
{
    const char *behind = take_like(limits, limits->rows.n - 1, p, end, ret);
    if (!behind)
        behind = take_begin(p, end, ret);
    behind = behind ? memchr(behind, ']', (size_t)(end - behind)) : NULL;
    return behind ? behind + 1 : NULL;
}

/* The limit that follows without a space, as we write them; NULL: none does. */
static const char *limit_behind(const char *p, const char *end)
{
    return end - p > 2 && p[0] == ',' && p[1] == '[' ? p + 1 : NULL;
}

static int limits_read(struct arena *a, struct json_walk *w, struct limit_rows *ret)
{
    struct str key, v;
    int r;
    while ((r = json_walk_next(w, &key, &v)) > 0) {
        const char *behind = NULL, *end = v.p + v.n;
        for (const char *p = v.p; p; p = limit_behind(behind, end)) {
            struct hold_row *row = (struct hold_row *)(void *)rows_add(a, &ret->rows, sizeof *row, NULL);
            if (!row)
                return err_trace(-ERR_TOO_LARGE);
            behind = *p == '[' ? take_limit(ret, p + 1, end, row) : NULL;
            if (!behind)
                return err_trace(-ERR_CORRUPT);
        }
        json_walk_behind(w, behind);
    }
    r = r < 0 || ret->is_there ? err_trace(-ERR_CORRUPT) : 0;
    ret->is_there = true;
    return r;
}

static int cost_pick(struct arena *a, struct json_walk *w, struct cost_row *ret)
{
    struct cost_members m = {0};
    int r = pick_all(a, w, &COST, &m);
    if (r == 0)
        *ret = cost_of(&m);
    return r;
}

/* What stands inside the value that `w` gave last. Another type than the table wants is passed over. */
static int pick_inner(struct arena *a, const struct pick *p, struct json_walk *w, char *row)
{
    struct json_walk inner;
    int r = 0;
    bool wants_array = p->type >= PICK_ROWS;
    if (!json_walk_in(&inner, w) || (inner.close == ']') != wants_array)
        return 0;
    if (p->type == PICK_ROWS)
        r = rows_read(a, &inner, p->of, (struct rows *)(void *)(row + p->offset));
    else if (p->type == PICK_TEXTS)
        r = texts_read(a, &inner, (struct texts *)(void *)(row + p->offset));
    else if (p->type == PICK_NUMBERS)
        r = numbers_read(a, &inner, (struct numbers *)(void *)(row + p->offset));
    else if (p->type == PICK_LIMITS)
        r = limits_read(a, &inner, (struct limit_rows *)(void *)(row + p->offset));
    else if (p->type == PICK_VALUES)
        r = values_read(a, &inner, (struct texts *)(void *)(row + p->offset));
    else if (p->type == PICK_COST)
        r = cost_pick(a, &inner, (struct cost_row *)(void *)(row + p->offset));
    else
        r = pick_all(a, &inner, p->of, row);
    if (r == 0)
        json_walk_after(w, &inner);
    return r;
}

static int pick_other(struct arena *a, const struct pick *p, struct json_walk *w, struct str v, char *row)
{
    void *to = row + p->offset;
    struct str s;
    wall_t t;
    switch (p->type) {
    case PICK_I64:
        (void)json_raw_i64(v, to); /* stays zero */
        return 0;
    case PICK_WALL:
        if (json_walk_str(a, w, v, &s) && wall_parse(s, &t) == 0)
            *(wall_t *)to = t;
        return 0;
    case PICK_BOOL:
        (void)json_raw_bool(v, to); /* stays false */
        return 0;
    default:
        return pick_inner(a, p, w, row);
    }
}

/* Most are texts, or nobody's. */
static inline int pick_one(struct arena *a, const struct pick *p, struct json_walk *w, struct str v, char *row)
{
    if (p->type == PICK_STR)
        (void)json_walk_str(a, w, v, (struct str *)(void *)(row + p->offset)); /* stays empty */
    else if (p->type != PICK_PASS)
        return pick_other(a, p, w, v, row);
    return 0;
}

/* Whether two runs of n bytes, 4 to 16, are equal: as two words of each that may overlap. */
static inline bool same_words(const char *a, const char *b, size_t n)
{
    uint64_t x, y, v, w;
    uint32_t x4, y4, v4, w4;
    if (n < 8) {
        memcpy(&x4, a, 4), memcpy(&y4, b, 4);
        memcpy(&v4, a + n - 4, 4), memcpy(&w4, b + n - 4, 4);
        return ((x4 ^ y4) | (v4 ^ w4)) == 0;
    }
    memcpy(&x, a, 8), memcpy(&y, b, 8);
    memcpy(&v, a + n - 8, 8), memcpy(&w, b + n - 8, 8);
    return ((x ^ y) | (v ^ w)) == 0;
}

/* Names are short: most are compared without a call. */
static inline bool is_name(struct str name, const char *p)
{
    size_t n = name.n;
    return n < 4 || n > 16 ? memcmp(name.p, p, n) == 0 : same_words(name.p, p, n);
}

/* The pick at or behind `at` whose name, quote and colon the text begins with; NULL: none. */
static inline const struct pick *pick_ahead(const struct pick_table *table, size_t at, struct str text)
{
    for (size_t i = at; i < table->n && text.n; i++) {
        struct str name = table->picks[i].name;
        if (*name.p == *text.p && name.n + 2 <= text.n && text.p[name.n] == '"' && text.p[name.n + 1] == ':' &&
            is_name(name, text.p))
            return &table->picks[i];
    }
    return NULL;
}

static const struct pick *pick_named(const struct pick_table *table, struct str name)
{
    for (size_t i = 0; i < table->n; i++)
        if (str_eq(table->picks[i].name, name))
            return &table->picks[i];
    return NULL;
}

/* Fills what the table names, to the end of the object. -ERR_CORRUPT: it does not end as it begins. */
static int pick_all(struct arena *a, struct json_walk *w, const struct pick_table *table, void *ret)
{
    struct str text, key, v;
    size_t at = 0;
    int r;
    for (;;) {
        const struct pick *p = pick_ahead(table, at, text = json_walk_peek(w));
        r = p ? json_walk_take(w, text.p + p->name.n + 2, &v) : json_walk_next(w, &key, &v);
        if (r <= 0)
            return r < 0 ? err_trace(-ERR_CORRUPT) : 0;
        if (!p && !(p = pick_named(table, key)))
            continue;
        r = pick_one(a, p, w, v, ret);
        if (r < 0)
            return r;
        at = (size_t)(p - table->picks) + 1;
    }
}

/* A text of a frame is an object, or not there. */
static int pick_text(struct arena *a, struct str text, const struct pick_table *table, void *ret)
{
    struct json_walk w;
    if (text.n == 0)
        return 0;
    if (!json_walk(&w, text) || w.close != '}')
        return err_trace(-ERR_CORRUPT);
    return pick_all(a, &w, table, ret);
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

int frame_parse_both(struct arena *a, struct str body, struct str personal, struct json *ret_body,
                     struct json *ret_personal)
{
    int r = frame_parse(a, body, ret_body);
    return r < 0 ? r : frame_parse(a, personal, ret_personal);
}

/* --- OPEN ------------------------------------------------------------------------------------------------------- */

struct open_members {
    struct call_open open;
    struct limit_rows limits;
    struct str model_sent; /* where it is not the one asked for */
};
static const struct pick IDEMPOTENCY_PICKS[] = {
    PICK(PICK_STR, open_members, open.idempotency_scope, "scope"),
    PICK(PICK_STR, open_members, open.idempotency_digest, "digest"),
    PICK(PICK_STR, open_members, open.idempotency_body, "body"),
};
static const struct pick_table IDEMPOTENCY = TABLE(IDEMPOTENCY_PICKS);

static const struct pick CAUSE_PICKS[] = {
    PICK(PICK_STR, open_members, open.tool_call_id, "tool_call_id"),
};
static const struct pick_table CAUSE = TABLE(CAUSE_PICKS);

#define OPEN_STR(member, name) PICK(PICK_STR, open_members, open.member, name)
static const struct pick OPEN_PICKS[] = {
    OPEN_STR(call_id, "call_id"),
    PICK(PICK_WALL, open_members, open.started_at, "started_at"),
    OPEN_STR(run_id, "run_id"),
    PASS("run_source"),
    PASS("run_trust"),
    OPEN_STR(parent_run_id, "parent_run_id"),
    OPEN_STR(root_run_id, "root_run_id"),
    OPEN_STR(trace_id, "trace_id"),
    PASS("span_id"),
    OPEN_STR(layer, "layer"),
    OPEN_STR(vendor, "vendor"),
    OPEN_STR(operation, "operation"),
    OPEN_STR(class, "class"),
    PASS("method"),
    OPEN_STR(mode, "mode"),
    OPEN_STR(key, "key"),
    OPEN_STR(agent, "agent"),
    PASS("user_source"),
    PASS("tenant_source"),
    PASS("issuer"),
    OPEN_STR(model, "model_asked"),
    PICK(PICK_STR, open_members, model_sent, "model_sent"),
    PASS("downgraded_by"),
    PASS("prompt"),
    PASS("prompt_hash"),
    PASS("catalog"),
    PICK_OF(PICK_MEMBERS, open_members, open, "caused_by", CAUSE),
    OPEN_STR(verdict, "verdict"),
    OPEN_STR(code, "code"),
    OPEN_STR(rule, "rule"),
    PASS("reason"),
    PASS("policy"),
    PASS("policy_name"),
    PASS("predicted"),
    PASS("direction"),
    PASS("amount"),
    PASS("currency"),
    PASS("exponent"),
    PASS("fx"),
    PASS("facts"),
    PICK_OF(PICK_MEMBERS, open_members, open, "idempotency", IDEMPOTENCY),
    PASS("additions"),
    PASS("personal"),
    PICK(PICK_COST, open_members, open.held, "held"),
    OPEN_STR(shares, "shares"),
    PASS("shadow"),
    PICK(PICK_LIMITS, open_members, limits, "limits"),
    PICK(PICK_WALL, open_members, open.ended_at, "ended_at"),
    OPEN_STR(outcome, "outcome"),
    PICK(PICK_I64, open_members, open.status, "status"),
    OPEN_STR(error, "error"),
};

static const struct pick_table OPEN = TABLE(OPEN_PICKS);

/* One member each, so that the rows are texts. */
struct account_members {
    struct str id;
};
static const struct pick ACCOUNT_PICKS[] = {
    PICK(PICK_STR, account_members, id, "id"),
    PASS("customer"),
};
static const struct pick_table ACCOUNT = TABLE_OF_ROWS(ACCOUNT_PICKS, account_members);

struct open_personal {
    struct rows accounts;
    struct str tenant, user, customer, owner, path, idempotency_key;
    struct texts params;
    struct texts buckets; /* one a limit, in their order; erased: fewer, or empty */
};
static const struct pick AFFECTED_PICKS[] = {
    PASS("untold"),
    PICK_OF(PICK_ROWS, open_personal, accounts, "accounts", ACCOUNT),
};
static const struct pick_table AFFECTED = TABLE(AFFECTED_PICKS);

static const struct pick OPEN_PERSONAL_PICKS[] = {
    PASS("salt"),
    PICK(PICK_STR, open_personal, tenant, "tenant"),
    PICK(PICK_STR, open_personal, user, "user"),
    PICK(PICK_STR, open_personal, customer, "customer"),
    PASS("customer_source"),
    PASS("actors"),
    PICK(PICK_STR, open_personal, owner, "owner"),
    PICK(PICK_STR, open_personal, path, "path"),
    PICK(PICK_STR, open_personal, idempotency_key, "idempotency_key"),
    PASS("duplicate"),
    PICK_OF(PICK_MEMBERS, open_personal, accounts, "affected", AFFECTED),
    PASS("answers"),
    PICK(PICK_VALUES, open_personal, params, "params"),
    PICK(PICK_TEXTS, open_personal, buckets, "buckets"),
};
static const struct pick_table OPEN_PERSONAL = TABLE(OPEN_PERSONAL_PICKS);

/* Limits of one call are compared only ("call" has no counter): they take nothing, and their place stays. */
static int holds_read(const struct rows *limits, const struct texts *buckets, struct call_open *ret)
{
    struct hold_row *rows = limits->p;
    size_t n = limits->n, n_taken = 0;
    ret->n_limits = n;
    if (ret->ended_at !=
        0) /* refused: nothing was taken. A sharing call takes requests and slots, and no money (n 0). */
        return 0;
    for (size_t i = 0; i < n; i++) {
        struct hold_row *row = &rows[n_taken];
        struct counter_name name;
        if (n_taken < i)
            *row = rows[i];
        if (!row->meter.n) { /* not known from the call before */
            if (row->n < 0 || counter_name_parse(row->counter, &name) < 0)
                return err_trace(-ERR_CORRUPT);
            row->meter = name.meter;
            row->window = name.window;
        }
        if ((row->n == 0 && ret->shares.n > 0) || str_eq(row->window, STR("call")))
            continue; /* a call that meant to cost nothing may cost something all the same: its limits book it */
        row->i = i;
        row->bucket = i < buckets->n ? buckets->p[i] : STR_NONE;
        n_taken++;
    }
    ret->holds = rows;
    ret->n_holds = n_taken;
    return 0;
}

/* Of a frame that does not say it: the digits of its run. */
static struct str trace_of_run(struct arena *a, struct str run_id)
{
    char *digits = arena_try_alloc(a, UUID_DIGITS);
    return digits ? uuid_digits(run_id, digits) : STR_NONE;
}

int frame_read_open(struct arena *a, const struct frame *f, struct call_open *ret)
{
    return frame_read_open_like(a, f, NULL, 0, ret);
}

int frame_read_open_like(struct arena *a, const struct frame *f, const struct hold_row *like, size_t n_like,
                         struct call_open *ret)
{
    struct open_members m = {.limits = {.like = like, .like_end = like ? like + n_like : NULL}};
    struct open_personal p = {0};
    int r = pick_text(a, f->body, &OPEN, &m);
    if (r == 0)
        r = pick_text(a, f->personal, &OPEN_PERSONAL, &p);
    if (r < 0)
        return r;
    m.open.tenant = p.tenant;
    m.open.user = p.user;
    m.open.customer = p.customer;
    m.open.owner = p.owner;
    m.open.path = p.path;
    m.open.idempotency_key = p.idempotency_key;
    m.open.params = p.params.p;
    m.open.n_params = p.params.n;
    m.open.affected = p.accounts.p;
    m.open.n_affected = p.accounts.n;
    if (m.open.call_id.n == 0 || m.open.verdict.n == 0)
        return err_trace(-ERR_CORRUPT);
    if (m.model_sent.n)
        m.open.model = m.model_sent;
    if (m.open.trace_id.n == 0)
        m.open.trace_id = trace_of_run(a, m.open.run_id);
    if (m.open.ended_at != 0 && m.open.outcome.n == 0)
        m.open.outcome = outcome_text(OUTCOME_NONE);
    if (m.open.ended_at == 0)
        m.open.outcome = STR_NONE;

    r = holds_read(&m.limits.rows, &p.buckets, &m.open);
    if (r < 0)
        return r;
    *ret = m.open;
    return 0;
}

/* --- CLOSE ------------------------------------------------------------------------------------------------------ */

struct close_members {
    struct call_close close;
    int64_t open_seq;
    struct numbers moves, shared_moves;
    struct rows tool_calls;
};

static const struct pick TOOL_CALL_PICKS[] = {{STR_INIT("id"), PICK_STR, 0, NULL}};
static const struct pick_table TOOL_CALL = {TOOL_CALL_PICKS, 1, sizeof(struct str)};

static const struct pick CLOSE_PICKS[] = {
    PICK(PICK_I64, close_members, open_seq, "open_seq"),
    PICK(PICK_WALL, close_members, close.ended_at, "ended_at"),
    PICK(PICK_STR, close_members, close.code, "code"),
    PICK(PICK_I64, close_members, close.status, "status"),
    PICK(PICK_STR, close_members, close.error, "error"),
    PICK(PICK_STR, close_members, close.vendor_request_id, "vendor_request_id"),
    PASS("stream_end"),
    PASS("replay"),
    PASS("bytes_in"),
    PASS("bytes_out"),
    PASS("resolved_by"),
    PASS("phases"),
    PASS("model_sent"),
    PASS("model_returned"),
    PASS("finish"),
    PASS("tier"),
    PASS("catalog"),
    PASS("tokens"),
    PASS("tokens_how"),
    PASS("web_searches"),
    PICK_OF(PICK_ROWS, close_members, tool_calls, "tool_calls", TOOL_CALL),
    PASS("attempts"),
    PASS("personal"),
    PICK(PICK_STR, close_members, close.outcome, "outcome"),
    PICK(PICK_COST, close_members, close.settled, "settled"),
    PASS("settled_amount"),
    PASS("overrun"),
    PICK(PICK_NUMBERS, close_members, moves, "moves"),
    PICK(PICK_NUMBERS, close_members, shared_moves, "shared_moves"),
};
static const struct pick_table CLOSE = TABLE(CLOSE_PICKS);

static const struct pick OBJECT_PICKS[] = {
    PICK(PICK_STR, object_row, id, "id"),
    PICK(PICK_STR, object_row, type, "type"),
    PICK(PICK_STR, object_row, customer, "customer"),
    PICK(PICK_STR, object_row, parent, "parent"),
    PICK(PICK_BOOL, object_row, is_created, "created"),
};
static const struct pick_table OBJECT = TABLE_OF_ROWS(OBJECT_PICKS, object_row);

struct close_personal {
    struct str customer;
    struct rows objects;
};
static const struct pick CLOSE_PERSONAL_PICKS[] = {
    PICK(PICK_STR, close_personal, customer, "customer"),
    PICK_OF(PICK_ROWS, close_personal, objects, "objects", OBJECT),
};
static const struct pick_table CLOSE_PERSONAL = TABLE(CLOSE_PERSONAL_PICKS);

/* Two numbers a limit of the hold of `of`. Returns how many moves they are; those of nothing are none. */
static size_t moves_of(uint64_t of, const int64_t *in, size_t n, struct move_row *out)
{
    size_t n_out = 0;
    for (size_t i = 0; i < n; i++)
        if (in[2 * i] || in[2 * i + 1])
            out[n_out++] = (struct move_row){of, i, in[2 * i], in[2 * i + 1]};
    return n_out;
}

static int moves_read(struct arena *a, const struct close_members *m, const struct frame *f, struct call_close *ret)
{
    const struct numbers *own = &m->moves, *shared = &m->shared_moves;
    size_t n = own->n / 2 + shared->n / 2;
    if (own->n % 2 || (shared->n && (shared->n % 2 == 0 || shared->p[0] <= 0 || (uint64_t)shared->p[0] >= f->seq)))
        return err_trace(-ERR_CORRUPT);
    struct move_row *out = n ? arena_try_alloc(a, n * sizeof *out) : NULL;
    if (n && !out)
        return err_trace(-ERR_TOO_LARGE);
    ret->moves = out;
    ret->n_moves = moves_of(ret->open_seq, own->p, own->n / 2, out);
    if (shared->n)
        ret->n_moves += moves_of((uint64_t)shared->p[0], shared->p + 1, shared->n / 2, out + ret->n_moves);
    return 0;
}

int frame_read_close(struct arena *a, const struct frame *f, struct call_close *ret)
{
    struct close_members m = {0};
    struct close_personal p = {0};
    int r = pick_text(a, f->body, &CLOSE, &m);
    if (r == 0)
        r = pick_text(a, f->personal, &CLOSE_PERSONAL, &p);
    if (r < 0)
        return r;
    if (m.open_seq <= 0 || (uint64_t)m.open_seq >= f->seq || m.close.outcome.n == 0)
        return err_trace(-ERR_CORRUPT);
    m.close.open_seq = (uint64_t)m.open_seq;
    m.close.objects = p.objects.p;
    m.close.n_objects = p.objects.n;
    m.close.customer = p.customer;
    m.close.tool_calls = m.tool_calls.p;
    m.close.n_tool_calls = m.tool_calls.n;
    r = moves_read(a, &m, f, &m.close);
    if (r == 0)
        *ret = m.close;
    return r;
}
