/*
 * proxy/creators.c - the call that created an object, and of it the key, the agent or the run.
 *
 * Agents and runs of two tenants may have the same name, so the call's tenant must be the same; and a run's agent too.
 */
#include "proxy/creators.h"

#include "codec/json_read.h"
#include "codec/json_write.h"

#define ROWS_BYTES_MAX 65536
#define ROWS_DEPTH_MAX 32
#define ROWS_ARENA_BYTES (1u << 20)

/* The first row of what the store says, or nothing. */
static int first_row(struct store *s, struct store_reader *r, const struct query *q, struct arena *a,
                     struct json *ret_row)
{
    struct buf rows;
    struct json all;
    buf_init(&rows, ROWS_BYTES_MAX);
    int err = s->ops->ask(r, q, &rows);
    if (err == 0)
        err = json_parse(a, buf_str(&rows), ROWS_DEPTH_MAX, &all);
    if (err == 0)
        *ret_row = json_at(all, 0);
    buf_deinit(&rows);
    return err_trace(err);
}

static bool is_created(struct json object)
{
    bool b = false;
    return json_bool(json_get(object, STR("created")), &b) && b;
}

/* Of the call that made it; empty where that was another tenant's, or another agent's run. */
static int value_of(const struct creators_question *q, struct json object, struct store *s, struct store_reader *r,
                    struct arena *a, struct str *ret)
{
    bool is_key = str_eq(q->name, STR("key")), is_run = str_eq(q->name, STR("run"));
    struct json call = JSON_ABSENT;
    *ret = json_text_of(json_get(object, is_run ? STR("run_id") : q->name));
    if (is_key)
        return 0;
    int err = first_row(
        s, r, &(struct query){.kind = QUERY_CALL, .id = json_text_of(json_get(object, STR("call_id"))), .rows_max = 1},
        a, &call);
    bool is_ours = str_eq(json_text_of(json_get(call, STR("tenant"))), q->tenant) &&
                   (!is_run || str_eq(json_text_of(json_get(call, STR("agent"))), q->agent));
    if (!is_ours)
        *ret = STR_NONE;
    return err_trace(err);
}

int creators_ask(void *ctx, struct store *s, struct store_reader *r, struct buf *out)
{
    const struct creators_question *q = ctx;
    struct arena a;
    struct json object = JSON_ABSENT;
    struct str value = STR_NONE;
    struct json_writer w;
    arena_init(&a, ROWS_ARENA_BYTES);
    int err = first_row(
        s, r, &(struct query){.kind = QUERY_OBJECT, .id = q->id, .scope = q->object_scope, .rows_max = 1}, &a, &object);
    if (err == 0 && is_created(object))
        err = value_of(q, object, s, r, &a, &value);
    jw_init(&w, out);
    jw_str(&w, value.n ? value : STR(""));
    jw_end(&w);
    arena_deinit(&a);
    return err_trace(err < 0 ? err : buf_ok(out));
}
