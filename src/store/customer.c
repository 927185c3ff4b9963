/*
 * store/customer.c - decides of each call whether it is the customer's.
 */
#include "store/customer.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

#define ARENA_BYTES_MAX ((size_t)1 << 30)

/* --- what is the customer's --------------------------------------------------------------------------------------- */

int customer_init(struct customer *c, const struct query *q, int64_t rows_max)
{
    *c = (struct customer){.tenant = q->tenant, .rows_left = rows_max};
    arena_init(&c->arena, ARENA_BYTES_MAX);
    map_init(&c->ids, CUSTOMER_CALLS_MAX, NULL);
    map_init(&c->runs, CUSTOMER_CALLS_MAX, NULL);
    map_init(&c->rows, CUSTOMER_CALLS_MAX, NULL);
    c->last_run = &c->first_run;
    c->id = arena_str(&c->arena, q->id);
    return customer_object(c, c->id);
}

void customer_deinit(struct customer *c)
{
    map_deinit(&c->ids);
    map_deinit(&c->runs);
    map_deinit(&c->rows);
    arena_deinit(&c->arena);
    free(c->calls);
}

int customer_object(struct customer *c, struct str id) { return id.n ? map_put(&c->ids, id, c, NULL) : 0; }

bool customer_has(const struct customer *c, struct str id) { return id.n && map_get(&c->ids, id); }

/* --- which calls name it ------------------------------------------------------------------------------------------ */

static int note_call(struct customer *c, uint64_t open_seq)
{
    if (c->n_calls && c->calls[c->n_calls - 1] == open_seq)
        return 0;
    if (c->n_calls == CUSTOMER_CALLS_MAX)
        return err_trace(-ERR_TOO_LARGE);
    if (c->n_calls == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 256;
        uint64_t *p = realloc(c->calls, c->cap * sizeof *p);
        check(p != NULL);
        c->calls = p;
    }
    c->calls[c->n_calls++] = open_seq;
    return 0;
}

static int is_own(void *ctx, const struct find_value *v) { return customer_has(ctx, v->id); }

int customer_frame(struct customer *c, struct arena *a, const struct frame *f)
{
    struct call_open open;
    struct call_close close;
    uint64_t open_seq = f->seq;
    int r = 0;
    if (f->kind == FRAME_OPEN && (r = frame_read_open(a, f, &open)) == 0) {
        r = find_in_open(&open, is_own, c);
    } else if (f->kind == FRAME_CLOSE && (r = frame_read_close(a, f, &close)) == 0) {
        r = find_in_close(&close, is_own, c);
        open_seq = close.open_seq;
    }
    return r > 0 ? note_call(c, open_seq) : r;
}

static int by_seq(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

void customer_sort(struct customer *c)
{
    size_t n = 0;
    if (c->n_calls)
        qsort(c->calls, c->n_calls, sizeof *c->calls, by_seq);
    for (size_t i = 0; i < c->n_calls; i++)
        if (n == 0 || c->calls[n - 1] != c->calls[i])
            c->calls[n++] = c->calls[i];
    c->n_calls = n;
}

/* --- how it is known ---------------------------------------------------------------------------------------------- */

struct known {
    struct json open, open_personal, close, close_personal;
    struct str customer, source;
    bool is_concluded; /* before the call, from what other answers named */
    bool is_answer;    /* the vendor's answer to this very call named it, and its request did not */
};

static struct str text_of(struct json v, struct str name)
{
    return json_text_of(json_get(v, name));
}

static int read_known(struct arena *a, const struct call_texts *t, struct known *ret)
{
    struct known k = {.customer = STR_NONE};
    bool has_last = t->last_personal.n > 0;
    int r = frame_parse_both(a, t->open, t->open_personal, &k.open, &k.open_personal);
    if (r == 0)
        r = frame_parse(a, t->last.n ? t->last : t->close, &k.close);
    if (r == 0)
        r = frame_parse(a, has_last ? t->last_personal : t->close_personal, &k.close_personal);
    if (r < 0)
        return r;
    k.source = text_of(k.open_personal, STR("customer_source"));
    struct str answered = text_of(k.close_personal, STR("customer"));
    k.customer = text_of(k.open_personal, STR("customer"));
    k.is_concluded = str_eq(k.source, value_source_text(SOURCE_LEARNED));
    k.is_answer = answered.n && (k.is_concluded || !str_eq(answered, k.customer));
    if (k.is_answer)
        k.customer = answered;
    *ret = k;
    return 0;
}

enum attribution { NOT_ITS, INFERRED, PROVEN };

/* What was concluded from objects that other answers named is inferred; what nobody named, too. */
static enum attribution attribution_of(const struct customer *c, const struct known *k)
{
    if (k->customer.n && !str_eq(k->customer, c->id))
        return NOT_ITS;
    if (k->customer.n == 0)
        return INFERRED;
    return k->is_answer || !k->is_concluded ? PROVEN : INFERRED;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static void put_field(struct json_writer *w, struct str name, struct json first, struct json second)
{
    struct json v = json_get(first, name);
    if (json_type(v) == JSON_NONE || json_type(v) == JSON_NULL)
        v = json_get(second, name);
    jw_key(w, name);
    if (json_type(v) == JSON_NONE)
        jw_null(w);
    else
        jw_json(w, v);
}

static void put_objects(const struct customer *c, struct json_writer *w, const struct known *k)
{
    struct json object;
    struct str id;
    jw_key(w, STR("object_ids"));
    jw_array(w);
    for (struct json_iter it = json_each(json_get(k->close_personal, STR("objects"))); json_next(&it, NULL, &object);)
        if (json_str(json_get(object, STR("id")), &id) && customer_has(c, id))
            jw_str(w, id);
    jw_array_end(w);
}

static void put_row(const struct customer *c, struct json_writer *w, const struct call_texts *t, const struct known *k,
                    bool is_proven)
{
    static const struct str FIRST[] = {
        STR_INIT("call_id"),   STR_INIT("started_at"), STR_INIT("agent"),    STR_INIT("key"),
        STR_INIT("run_id"),    STR_INIT("layer"),      STR_INIT("vendor"),   STR_INIT("operation"),
        STR_INIT("class"),     STR_INIT("mode"),       STR_INIT("verdict"),  STR_INIT("rule"),
        STR_INIT("direction"), STR_INIT("amount"),     STR_INIT("currency"), STR_INIT("exponent")};
    static const struct str SECOND[] = {STR_INIT("ended_at"), STR_INIT("code"), STR_INIT("status"), STR_INIT("outcome"),
                                        STR_INIT("settled")};
    jw_object(w);
    jw_put_i64(w, STR("seq"), (int64_t)t->open_seq);
    jw_put_str(w, STR("attribution"), is_proven ? STR("proven") : STR("inferred"));
    jw_put_str(w, STR("source"), k->is_answer ? STR("answer") : k->customer.n ? k->source : STR("object"));
    for (size_t i = 0; i < sizeof FIRST / sizeof FIRST[0]; i++)
        put_field(w, FIRST[i], k->open, JSON_ABSENT);
    for (size_t i = 0; i < sizeof SECOND / sizeof SECOND[0]; i++)
        put_field(w, SECOND[i], k->close, k->open);
    put_objects(c, w, k);
    jw_object_end(w);
}

static int note_run(struct customer *c, const struct known *k)
{
    const struct str zero = {"", 1};
    struct str run_id = text_of(k->open, STR("run_id")), agent = text_of(k->open, STR("agent"));
    struct str tenant = text_of(k->open_personal, STR("tenant"));
    struct str key = arena_join(&c->arena, (const struct str[]){run_id, zero, agent, zero, tenant}, 5);
    if (map_get(&c->runs, key))
        return 0;
    struct customer_run *run = arena_alloc(&c->arena, sizeof *run);
    run->run_id = arena_str(&c->arena, run_id);
    run->agent = arena_str(&c->arena, agent);
    run->tenant = arena_str(&c->arena, tenant);
    *c->last_run = run;
    c->last_run = &run->next;
    return map_put(&c->runs, key, run, NULL);
}

static struct str seq_key(const uint64_t *seq) { return (struct str){(const char *)seq, sizeof *seq}; }

static bool is_of_tenant(const struct customer *c, const struct known *k)
{
    return c->tenant.n == 0 || str_eq(c->tenant, text_of(k->open_personal, STR("tenant")));
}

int customer_call(struct customer *c, struct arena *a, struct json_writer *w, const struct call_texts *t)
{
    struct known k;
    wall_t at;
    int r = read_known(a, t, &k);
    enum attribution its = r == 0 && is_of_tenant(c, &k) ? attribution_of(c, &k) : NOT_ITS;
    if (its == NOT_ITS)
        return r;
    if (its == PROVEN)
        c->n_proven++;
    else
        c->n_inferred++;
    if (wall_parse(text_of(k.open, STR("started_at")), &at) == 0) {
        c->first_at = c->first_at ? c->first_at : at;
        c->last_at = at;
    }
    if (c->rows_left-- > 0)
        put_row(c, w, t, &k, its == PROVEN);
    r = map_put(&c->rows, seq_key(&t->open_seq), c, NULL);
    return r == 0 ? note_run(c, &k) : r;
}

struct owned {
    bool (*is_owned)(void *ctx, struct str id);
    void *ctx;
};

static int is_somebodys(void *ctx, const struct find_value *v)
{
    const struct owned *o = ctx;
    return o->is_owned(o->ctx, v->id);
}

/* 1: the call names something that is known to be a customer's. */
static int names_somebody(struct arena *a, const struct call_texts *t, struct owned *o)
{
    struct frame open_frame = {.kind = FRAME_OPEN, .seq = t->open_seq, .body = t->open, .personal = t->open_personal};
    struct frame close_frame = {
        .kind = FRAME_CLOSE, .seq = t->close_seq, .body = t->close, .personal = t->close_personal};
    struct call_open open;
    struct call_close close;
    int r = frame_read_open(a, &open_frame, &open);
    if (r == 0)
        r = find_in_open(&open, is_somebodys, o);
    if (r != 0 || t->close.n == 0)
        return r;
    r = frame_read_close(a, &close_frame, &close);
    return r < 0 ? r : find_in_close(&close, is_somebodys, o);
}

int customer_other(struct customer *c, struct arena *a, const struct call_texts *t,
                   bool (*is_owned)(void *ctx, struct str id), void *ctx)
{
    struct owned o = {is_owned, ctx};
    struct known k;
    int r = read_known(a, t, &k);
    if (r < 0 || map_get(&c->rows, seq_key(&t->open_seq)))
        return r;
    if (k.customer.n || str_eq(text_of(k.open, STR("layer")), STR("llm")))
        return 0;
    r = names_somebody(a, t, &o);
    if (r == 0)
        c->n_unattributed++;
    return r < 0 ? r : 0;
}

void customer_render(const struct customer *c, struct json_writer *w)
{
    jw_object(w);
    jw_put_str(w, STR("customer"), c->id);
    jw_put_i64(w, STR("proven"), c->n_proven);
    jw_put_i64(w, STR("inferred"), c->n_inferred);
    jw_put_i64(w, STR("unattributed"), c->n_unattributed);
    jw_put_i64(w, STR("objects"), (int64_t)c->ids.n - 1);
    render_wall(w, STR("first_at"), c->first_at);
    render_wall(w, STR("last_at"), c->last_at);
    jw_object_end(w);
}
