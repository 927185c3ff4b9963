/*
 * store/run_sum.c - see run_sum.h. Few rows: they are searched from the start.
 */
#include "store/run_sum.h"

#include "base/err.h"
#include "store/limit_read.h"

#include <stdlib.h>
#include <string.h>

#define RUN_SUM_BYTES_MAX (16u << 20) /* texts of vendors and limits: as many as documents and config have */

void run_sum_init(struct run_sum *s)
{
    *s = (struct run_sum){0};
    arena_init(&s->arena, RUN_SUM_BYTES_MAX);
}

void run_sum_deinit(struct run_sum *s)
{
    free(s->rows);
    free(s->limits);
    arena_deinit(&s->arena);
}

/* Room for one more element; NULL: no memory. */
static void *grown(void *array, size_t n, size_t *cap, size_t element_bytes)
{
    if (n < *cap)
        return array;
    size_t more = *cap ? 2 * *cap : 8;
    void *p = reallocarray(array, more, element_bytes);
    if (p)
        *cap = more;
    return p;
}

static struct str text_of(struct json object, const char *name)
{
    return json_text_of(json_get(object, str_c(name)));
}

static bool is_set(struct json v)
{
    return json_type(v) != JSON_NONE && json_type(v) != JSON_NULL;
}

/* --- money -------------------------------------------------------------------------------------------------------- */

static int row_at(struct run_sum *s, struct str layer, struct str vendor, struct run_sum_row **ret)
{
    struct run_sum_row row = {.sum = ROLLUP_NONE};
    for (size_t i = 0; i < s->n_rows; i++) {
        *ret = &s->rows[i];
        if (str_eq((*ret)->layer, layer) && str_eq((*ret)->vendor, vendor))
            return 0;
    }
    void *p = grown(s->rows, s->n_rows, &s->rows_cap, sizeof(*s->rows));
    if (!p)
        return err_trace(-ERR_NOMEM);
    s->rows = p;
    if (arena_try_str(&s->arena, layer, &row.layer) < 0 || arena_try_str(&s->arena, vendor, &row.vendor) < 0)
        return err_trace(-ERR_TOO_LARGE);
    *ret = &s->rows[s->n_rows++];
    **ret = row;
    return 0;
}

/* The call as lists show it, from its frames. */
static int read_row(struct arena *a, const struct call_texts *t, struct call_row *ret)
{
    const struct frame closes[] = {{.seq = t->close_seq, .body = t->close, .personal = t->close_personal},
                                   {.seq = t->last_seq, .body = t->last, .personal = t->last_personal}};
    struct frame open = {.seq = t->open_seq, .body = t->open, .personal = t->open_personal};
    struct call_open o;
    int r = frame_read_open(a, &open, &o);
    if (r < 0)
        return r;
    call_row_open(ret, &open, &o);
    for (size_t i = 0; i < 2 && r == 0; i++) {
        struct call_close c;
        if (closes[i].body.n == 0)
            continue;
        r = frame_read_close(a, &closes[i], &c);
        if (r == 0)
            call_row_close(ret, &closes[i], &c);
    }
    return r;
}

static int add_money(struct run_sum *s, struct arena *a, const struct call_texts *t, struct json open)
{
    struct run_sum_row *row = NULL;
    struct call_row call;
    int r = read_row(a, t, &call);
    if (r == 0)
        r = row_at(s, text_of(open, "layer"), call.vendor, &row);
    if (r < 0)
        return r;
    struct rollup one = rollup_of(&call);
    return rollup_add(&row->sum, &one);
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

static void add_tokens(struct run_sum *s, struct json tokens)
{
    struct str name;
    struct json v;
    if (json_type(tokens) != JSON_OBJECT)
        return;
    s->has_tokens = true;
    for (struct json_iter it = json_each(tokens); json_next(&it, &name, &v);) {
        int64_t n = 0;
        enum token_class c = 0;
        while (c < TOKEN_CLASS_COUNT && !str_eq(name, token_class_recorded(c)))
            c++;
        if (c < TOKEN_CLASS_COUNT && json_i64(v, &n) && n > 0 && n <= TOKENS_MAX)
            s->tokens[c] += n;
    }
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

/* "key=k1,run=acme/support/run_1": a call counts on the bucket of its own run, and values have no separators. */
static bool is_of_run(struct str bucket)
{
    struct str rest = bucket, part;
    for (bool is_more = true; is_more;) {
        part = rest;
        is_more = str_cut(rest, ',', &part, &rest);
        if (str_starts(part, STR("run=")))
            return true;
    }
    return false;
}

static int limit_at(struct run_sum *s, const struct run_limit *like, struct run_limit **ret)
{
    struct run_limit l = {0};
    for (size_t i = 0; i < s->n_limits; i++) {
        *ret = &s->limits[i];
        if (str_eq((*ret)->counter, like->counter) && str_eq((*ret)->bucket, like->bucket))
            return 0;
    }
    void *p = grown(s->limits, s->n_limits, &s->limits_cap, sizeof(*s->limits));
    if (!p)
        return err_trace(-ERR_NOMEM);
    s->limits = p;
    if (arena_try_str(&s->arena, like->id, &l.id) < 0 || arena_try_str(&s->arena, like->counter, &l.counter) < 0 ||
        arena_try_str(&s->arena, like->bucket, &l.bucket) < 0 || arena_try_str(&s->arena, like->meter, &l.meter) < 0 ||
        arena_try_str(&s->arena, like->window, &l.window) < 0)
        return err_trace(-ERR_TOO_LARGE);
    *ret = &s->limits[s->n_limits++];
    **ret = l;
    return 0;
}

static int add_limits(struct run_sum *s, struct json open, struct json personal)
{
    struct json limit, buckets = json_get(personal, STR("buckets"));
    const struct str window_call = STR("call"); /* compared, and counted nowhere */
    size_t i = 0;
    int r = 0;
    for (struct json_iter it = json_each(json_get(open, STR("limits"))); json_next(&it, NULL, &limit) && r == 0; i++) {
        struct limit_read read = limit_read(limit);
        struct run_limit l = {
            .id = read.id, .counter = read.counter, .bucket = limit_bucket(buckets, i),
            .meter = read.name.meter, .window = read.name.window};
        struct run_limit *kept;
        if (!is_of_run(l.bucket) || read.window_start != 0 || str_eq(l.window, window_call))
            continue;
        r = limit_at(s, &l, &kept);
        if (r < 0)
            continue;
        kept->max = read.max;
    }
    return r;
}

/* ------------------------------------------------------------------------------------------------------------------ */

int run_sum_add(struct run_sum *s, struct arena *a, const struct call_texts *t)
{
    struct json open, personal, close, last;
    int r = frame_parse_both(a, t->open, t->open_personal, &open, &personal);
    if (r == 0)
        r = frame_parse(a, t->close, &close);
    if (r == 0)
        r = frame_parse(a, t->last, &last);
    if (r == 0)
        r = add_money(s, a, t, open);
    if (r == 0)
        r = add_limits(s, open, personal);
    if (r < 0)
        return r;
    struct json tokens = json_get(last, STR("tokens"));
    add_tokens(s, is_set(tokens) ? tokens : json_get(close, STR("tokens")));
    struct json calls = json_get(close, STR("tool_calls"));
    s->n_tool_calls += json_type(calls) == JSON_ARRAY ? (int64_t)json_len(calls) : 0;
    return 0;
}

static void put_tokens(const struct run_sum *s, struct json_writer *w)
{
    if (!s->has_tokens) {
        jw_put_null(w, STR("tokens"));
        return;
    }
    jw_key(w, STR("tokens"));
    jw_object(w);
    for (enum token_class c = 0; c < TOKEN_CLASS_COUNT; c++)
        if (s->tokens[c] > 0)
            jw_put_i64(w, token_class_recorded(c), s->tokens[c]);
    jw_object_end(w);
}

static void put_total(const struct run_sum_row *row, struct json_writer *w)
{
    jw_object(w);
    jw_put_str_or_null(w, STR("layer"), row->layer);
    jw_put_str_or_null(w, STR("vendor"), row->vendor);
    render_rollup(w, &row->sum);
    jw_object_end(w);
}

static int put_limit(const struct run_limit *l, struct json_writer *w, run_sum_look look, void *ctx)
{
    int64_t settled = 0, held = 0;
    int r = look(ctx, l, &settled, &held);
    if (r < 0)
        return r;
    jw_object(w);
    jw_put_str(w, STR("id"), l->id);
    jw_put_str(w, STR("bucket"), l->bucket);
    jw_put_str(w, STR("meter"), l->meter);
    jw_put_str(w, STR("window"), l->window);
    render_units(w, STR("settled"), l->meter, settled);
    render_units(w, STR("held"), l->meter, held);
    render_units(w, STR("max"), l->meter, l->max);
    jw_object_end(w);
    return 0;
}

int run_sum_render(struct run_sum *s, struct json_writer *w, run_sum_look look, void *ctx)
{
    int r = 0;
    jw_object(w);
    jw_key(w, STR("totals"));
    jw_array(w);
    for (size_t i = 0; i < s->n_rows; i++)
        put_total(&s->rows[i], w);
    jw_array_end(w);
    put_tokens(s, w);
    jw_put_i64(w, STR("tool_calls"), s->n_tool_calls);
    jw_key(w, STR("limits"));
    jw_array(w);
    for (size_t i = 0; i < s->n_limits && r == 0; i++)
        r = put_limit(&s->limits[i], w, look, ctx);
    jw_array_end(w);
    jw_object_end(w);
    return r;
}
