/*
 * admin/h_bodies.c - what calls said, where it is kept: shown call by call, and searched for words. Both take the role
 * `bodies`, which no other role but owner has in it.
 */
#include "admin/filters.h"
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/err.h"
#include "store/body.h"

#define TEXT_BYTES_MAX 512
#define ANSWER_DEPTH_MAX 64

/* False: the store's answer is no list; answered. */
static bool read_rows(struct request *r, struct json *ret)
{
    int e = json_parse(&r->arena, buf_str(&r->ask.json), ANSWER_DEPTH_MAX, ret);
    if (e == 0 && json_type(*ret) == JSON_ARRAY)
        return true;
    request_fail_err(r, -ERR_CORRUPT);
    return false;
}

/* --- of one call -------------------------------------------------------------------------------------------------- */

#define NONE \
    STR("no body of this call is here: no rule that permitted it asks for one (obligation `log`), or it is not over " \
        "yet, or was refused; or they were erased, grew old (bodies_keep_days), or made room (bodies_bytes_max)")

static void put_body(struct json_writer *w, struct json body)
{
    struct str name;
    struct json v;
    struct str why = body_lack_help(json_text_of(json_get(body, STR("not_kept"))));
    jw_object(w);
    for (struct json_iter it = json_each(body); json_next(&it, &name, &v);) {
        jw_key(w, name);
        jw_json(w, v);
    }
    jw_put_str_or_null(w, STR("why"), why);
    jw_object_end(w);
}

static void then_bodies(struct request *r)
{
    struct json_writer w;
    struct json rows, body;
    if (!read_rows(r, &rows))
        return;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str(&w, STR("call_id"), r->args[0]);
    jw_key(&w, STR("bodies"));
    jw_array(&w);
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &body);)
        put_body(&w, body);
    jw_array_end(&w);
    jw_put_str_or_null(&w, STR("why"), json_len(rows) ? STR_NONE : NONE);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    request_answer(r, 200);
}

static void then_call(struct request *r)
{
    struct json rows;
    if (!read_rows(r, &rows))
        return;
    if (json_len(rows) == 0) {
        request_fail(r, 404, "not_found", "there is no call `" STR_FMT "`", STR_ARG(str_sub(r->args[0], 0, 64)));
        return;
    }
    r->ask.q.kind = QUERY_BODIES;
    request_ask(r, then_bodies);
}

void admin_on_call_bodies(struct request *r)
{
    r->ask.q = (struct query){.kind = QUERY_CALL, .id = r->args[0], .tenant = r->who.tenant, .rows_max = 1};
    request_ask(r, then_call);
}

/* --- of all ------------------------------------------------------------------------------------------------------- */

/* The last row says what was looked at. */
static void then_found(struct request *r)
{
    struct json_writer w;
    struct json rows;
    if (!read_rows(r, &rows))
        return;
    size_t n = json_len(rows);
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_key(&w, STR("found"));
    jw_array(&w);
    for (size_t i = 0; i + 1 < n; i++)
        jw_json(&w, json_at(rows, i));
    jw_array_end(&w);
    jw_key(&w, STR("searched"));
    jw_json(&w, json_at(rows, n - 1));
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    request_answer(r, 200);
}

void admin_on_bodies(struct request *r)
{
    struct query *q = &r->ask.q;
    *q = (struct query){.kind = QUERY_BODY_TEXT,
                        .text = str_trim(request_param(r, STR("text"))),
                        .tenant = request_param(r, STR("tenant")),
                        .search_bytes = r->admin->limits->body_search_bytes_max};
    if (q->text.n == 0 || q->text.n > TEXT_BYTES_MAX) {
        request_fail(r, 400, "parameter_invalid", "text must be words of 1 to %d bytes", TEXT_BYTES_MAX);
        return;
    }
    if (!request_limit(r, &q->rows_max) || !request_seq(r, STR("before"), &q->before_seq) ||
        !request_time(r, STR("since"), &q->since) || !request_time(r, STR("until"), &q->until))
        return;
    if (filters_keep_to_tenant(r, q)) {
        request_ask(r, then_found);
    } else {
        (void)buf_add(&r->ask.json, STR("[{\"bodies\":0,\"bytes\":0,\"since\":null,\"next\":null}]"));
        then_found(r);
    }
}
