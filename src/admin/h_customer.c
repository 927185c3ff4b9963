/*
 * admin/h_customer.c - every action on one customer's account, as JSON, a line a row, or a page to hand over.
 *
 * A page stands alone: no script, nothing loaded, every text escaped.
 */
#include "admin/filters.h"
#include "admin/handlers.h"
#include "admin/html.h"
#include "admin/request.h"
#include "base/err.h"
#include "store/find.h"

#define ANSWER_DEPTH_MAX 16

static struct str text_at(struct json v, struct str path)
{
    struct str s = STR_NONE;
    if (!json_str(json_path(v, path), &s))
        (void)json_number_text(json_path(v, path), &s); /* absent is empty */
    return s;
}
#define TEXT(v, path) text_at((v), STR(path))

/* --- as JSON, and a line a row ------------------------------------------------------------------------------------ */

static void put_json(struct request *r, struct json rows, struct json summary)
{
    struct json_writer w;
    size_t n = json_len(rows) - 1;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_key(&w, STR("customer"));
    jw_json(&w, summary);
    jw_key(&w, STR("calls"));
    jw_array(&w);
    for (size_t i = 0; i < n; i++)
        jw_json(&w, json_at(rows, i));
    jw_array_end(&w);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf, here and below */
}

static void put_lines(struct request *r, struct json rows)
{
    struct json row;
    r->content_type = "application/x-ndjson";
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        struct json_writer w;
        jw_init(&w, &r->out);
        jw_json(&w, row);
        (void)buf_add_byte(&r->out, '\n');
    }
}

/* --- as a page ---------------------------------------------------------------------------------------------------- */

static const char PAGE_HEAD[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Actions on a customer's account</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#111;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #bbb;padding:.3rem .5rem;text-align:left}"
    "th{background:#eee}dt{font-weight:600}dd{margin:0 0 .5rem}code{font-size:.9em}</style></head><body>\n";

static const struct column {
    const char *title;
    struct str path;
} COLUMNS[] = {{"Time", STR_INIT("started_at")},     {"Agent", STR_INIT("agent")},
               {"Operation", STR_INIT("operation")}, {"Verdict", STR_INIT("verdict")},
               {"Outcome", STR_INIT("outcome")},     {"Amount (minor units)", STR_INIT("amount")},
               {"Currency", STR_INIT("currency")},   {"Attribution", STR_INIT("attribution")},
               {"Known from", STR_INIT("source")},   {"Run", STR_INIT("run_id")},
               {"Call", STR_INIT("call_id")}};

static void put_term(struct buf *out, const char *term, struct str value)
{
    (void)buf_printf(out, "<dt>%s</dt><dd>", term);
    html_text(out, value.n ? value : STR("-"));
    (void)buf_add(out, STR("</dd>"));
}

static void put_row(struct buf *out, struct json row)
{
    (void)buf_add(out, STR("<tr>"));
    for (size_t i = 0; i < sizeof COLUMNS / sizeof COLUMNS[0]; i++) {
        (void)buf_add(out, STR("<td>"));
        html_text(out, text_at(row, COLUMNS[i].path));
        (void)buf_add(out, STR("</td>"));
    }
    (void)buf_add(out, STR("</tr>\n"));
}

static void put_page(struct request *r, struct json rows, struct json summary)
{
    struct buf *out = &r->out;
    size_t n = json_len(rows) - 1;
    r->content_type = "text/html; charset=utf-8";
    (void)buf_add(out, STR(PAGE_HEAD));
    (void)buf_add(out, STR("<h1>Actions of agents on the account <code>"));
    html_text(out, TEXT(summary, "customer"));
    (void)buf_add(out, STR("</code></h1><dl>"));
    put_term(out, "Proven", TEXT(summary, "proven"));
    put_term(out, "Inferred", TEXT(summary, "inferred"));
    put_term(out, "Unattributed calls in the same runs (not shown)", TEXT(summary, "unattributed"));
    put_term(out, "First", TEXT(summary, "first_at"));
    put_term(out, "Last", TEXT(summary, "last_at"));
    (void)buf_add(out, STR("</dl><table><thead><tr>"));
    for (size_t i = 0; i < sizeof COLUMNS / sizeof COLUMNS[0]; i++)
        (void)buf_printf(out, "<th>%s</th>", COLUMNS[i].title);
    (void)buf_add(out, STR("</tr></thead><tbody>\n"));
    for (size_t i = 0; i < n; i++)
        put_row(out, json_at(rows, i));
    (void)buf_add(out, STR("</tbody></table></body></html>\n"));
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static void then_customer(struct request *r)
{
    struct str format = request_param(r, STR("format"));
    struct json rows;
    if (json_parse(&r->arena, buf_str(&r->ask.json), ANSWER_DEPTH_MAX, &rows) < 0 || json_len(rows) == 0) {
        request_fail_err(r, -ERR_CORRUPT);
        return;
    }
    struct json summary = json_at(rows, json_len(rows) - 1);
    if (str_eq(format, STR("html")))
        put_page(r, rows, summary);
    else if (str_eq(format, STR("ndjson")))
        put_lines(r, rows);
    else
        put_json(r, rows, summary);
    request_answer(r, 200);
}

void admin_on_customer(struct request *r)
{
    struct str format = request_param(r, STR("format")), id = r->args[0];
    if (format.n && !str_eq(format, STR("json")) && !str_eq(format, STR("html")) && !str_eq(format, STR("ndjson"))) {
        request_fail(r, 400, "parameter_invalid", "format must be json, ndjson or html");
        return;
    }
    if (id.n == 0 || id.n > FIND_BYTES_MAX) {
        request_fail(r, 400, "parameter_invalid", "a customer is 1 to %d bytes", FIND_BYTES_MAX);
        return;
    }
    r->ask.q = (struct query){.kind = QUERY_CUSTOMER, .id = id, .tenant = request_param(r, STR("tenant"))};
    if (!request_limit(r, &r->ask.q.rows_max))
        return;
    if (filters_keep_to_tenant(r, &r->ask.q))
        request_ask(r, then_customer);
    else /* another tenant's: there is nothing to see */
        request_fail(r, 403, "tenant_denied", "this credential is for another tenant");
}
