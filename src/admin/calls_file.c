/*
 * admin/calls_file.c - see calls_file.h.
 */
#include "admin/calls_file.h"

#include "base/err.h"
#include "codec/csv.h"

#include <stdio.h>

#define PAGE_ROWS 500
#define PAGE_BYTES_MAX (64u << 20)
#define RECORD_DEPTH_MAX 64

struct calls_file {
    bool is_csv, is_begun;
    int64_t rows_left;
};

bool calls_file_wanted(struct request *r)
{
    struct str format = request_param(r, STR("format"));
    return str_eq(format, STR("csv")) || str_eq(format, STR("ndjson"));
}

/* --- as a table --------------------------------------------------------------------------------------------------- */

static const struct {
    struct str title, path;
} columns[] = {
#define CSV(title, path) {STR_INIT(title), STR_INIT(path)},
#include "admin/csv.tbl.h"
#undef CSV
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

int calls_csv_titles(struct buf *out)
{
    for (size_t i = 0; i < N_COLUMNS; i++) {
        if (i)
            (void)csv_next(out); /* a full buf is found at the end, here and below */
        (void)csv_text(out, columns[i].title);
    }
    return csv_end(out);
}

/* Money is text in the record, and a number in the table: nobody but us wrote it. */
static bool is_number(struct str path) { return str_ends(path, STR(".usd")); }

static void put_list(struct buf *out, struct arena *a, struct json list)
{
    struct str all = STR(""), one;
    struct json v;
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &v);) {
        if (json_str(v, &one))
            all = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(all), all.n ? " " : "", STR_ARG(one));
    }
    (void)csv_text(out, all);
}

static void put_cell(struct buf *out, struct arena *a, struct str path, struct json v)
{
    struct str text;
    if (json_number_text(v, &text) || (is_number(path) && json_str(v, &text)))
        (void)csv_number(out, text);
    else if (json_str(v, &text))
        (void)csv_text(out, text);
    else if (json_type(v) == JSON_ARRAY)
        put_list(out, a, v);
}

int calls_csv(struct arena *a, struct json page, struct buf *out)
{
    struct json call;
    if (json_type(page) != JSON_ARRAY)
        return err_trace(-ERR_CORRUPT);
    for (struct json_iter it = json_each(page); json_next(&it, NULL, &call);) {
        for (size_t i = 0; i < N_COLUMNS; i++) {
            if (i)
                (void)csv_next(out);
            put_cell(out, a, columns[i].path, json_path(call, columns[i].path));
        }
        (void)csv_end(out);
    }
    return buf_ok(out);
}

static int put_csv(struct str answer, struct buf *out)
{
    struct arena a;
    struct json page;
    arena_init(&a, ADMIN_REQUEST_BYTES_MAX);
    int r = json_parse(&a, answer, RECORD_DEPTH_MAX, &page);
    if (r == 0)
        r = calls_csv(&a, page, out);
    arena_deinit(&a);
    return r;
}

/* --- page by page ------------------------------------------------------------------------------------------------- */

static void send_head(struct request *r, const struct calls_file *f)
{
    char name[128], when[WALL_TEXT_BYTES];
    struct str at = wall_text(loop_wall(r->admin->loop), when);
    int n = snprintf(name, sizeof(name), "attachment; filename=\"flyball-calls-%.10s.%s\"", at.p,
                     f->is_csv ? "csv" : "ndjson");
    struct http_field fields[] = {
        {STR("content-type"), f->is_csv ? STR("text/csv; charset=utf-8; header=present") : STR("application/x-ndjson")},
        {STR("content-disposition"), {name, (size_t)n}},
        {STR("cache-control"), STR("no-store")},
        {STR("x-content-type-options"), STR("nosniff")},
    };
    struct http_head head = {.status = 200, .fields = fields, .n_fields = 4, .body_bytes = HTTP_BODY_UNKNOWN};
    http_send_head(r->x, &head);
}

static void then_page(struct request *r);

static void ask_page(struct request *r)
{
    struct calls_file *f = r->stream;
    r->ask.q.rows_max = f->rows_left < PAGE_ROWS ? f->rows_left : PAGE_ROWS;
    request_ask(r, then_page);
}

static void on_writable(struct request *r)
{
    r->on_writable = NULL;
    ask_page(r);
}

/* Writes the page; *ret_is_last when none comes behind it. */
static int write_page(struct request *r, struct buf *text, bool *ret_is_last)
{
    struct calls_file *f = r->stream;
    struct str answer = buf_str(&r->ask.json);
    int64_t n, last = 0;
    int e = request_walk_rows(answer, &n, &last, f->is_csv ? NULL : text);
    if (e == 0 && f->is_csv && !f->is_begun)
        e = calls_csv_titles(text);
    if (e == 0 && f->is_csv)
        e = put_csv(answer, text);
    f->rows_left -= n;
    r->ask.q.before_seq = r->stopped_at ? r->stopped_at : (uint64_t)last;
    *ret_is_last = (n < r->ask.q.rows_max && !r->stopped_at) || f->rows_left <= 0;
    return e < 0 ? e : buf_ok(text);
}

static void then_page(struct request *r)
{
    struct calls_file *f = r->stream;
    struct buf text;
    bool is_last = false;
    buf_init(&text, PAGE_BYTES_MAX);
    int e = r->ask.result < 0 ? r->ask.result : write_page(r, &text, &is_last);
    buf_deinit(&r->ask.json);
    if (e < 0 && !f->is_begun) {
        request_fail_err(r, e);
    } else if (e < 0) {
        request_break(r);
    } else {
        if (!f->is_begun)
            send_head(r, f);
        f->is_begun = true;
        size_t queued = http_write(r->x, buf_str(&text));
        if (is_last)
            request_finish(r);
        else if (queued > (size_t)r->admin->limits->stream_window_bytes)
            r->on_writable = on_writable;
        else
            ask_page(r);
    }
    buf_deinit(&text);
}

void calls_file_send(struct request *r, int64_t rows_max)
{
    struct calls_file *f = arena_alloc(&r->arena, sizeof(*f));
    *f = (struct calls_file){.is_csv = str_eq(request_param(r, STR("format")), STR("csv")),
                             .rows_left = rows_max ? rows_max : INT64_MAX};
    r->stream = f;
    r->takes_errors = true;
    ask_page(r);
}
