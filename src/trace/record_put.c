/*
 * trace/record_put.c - pieces that bodies of several kinds have.
 */
#include "trace/record_impl.h"

void record_put_cost(struct json_writer *w, struct str key, struct cost c)
{
    if (c.how == HOW_UNKNOWN)
        return;
    char text[MONEY_TEXT_BYTES];
    jw_key(w, key);
    jw_object(w);
    jw_put_str(w, STR("usd"), money_text(c.usd, text));
    jw_put_str(w, STR("how"), how_text(c.how));
    jw_object_end(w);
}

static void put_attempt(struct json_writer *w, const struct record_attempt *a)
{
    jw_object(w);
    if (a->is_lookup)
        jw_put_bool(w, STR("lookup"), true);
    jw_put_str(w, STR("method"), a->method);
    jw_put_str(w, STR("path"), a->path);
    jw_put_str(w, STR("target"), a->target);
    record_put_us(w, STR("started_us"), a->started_us);
    record_put_us(w, STR("connect_us"), a->connect_us);
    record_put_us(w, STR("first_byte_us"), a->first_byte_us);
    record_put_us(w, STR("total_us"), a->total_us);
    if (a->status)
        jw_put_i64(w, STR("status"), a->status);
    jw_put_i64(w, STR("bytes_out"), (int64_t)a->bytes_out);
    jw_put_i64(w, STR("bytes_in"), (int64_t)a->bytes_in);
    record_put_str(w, STR("error"), str_c(a->error));
    jw_put_bool(w, STR("reused"), a->is_reused);
    jw_object_end(w);
}

void record_put_attempts(struct json_writer *w, const struct record_attempt *a, size_t n)
{
    jw_key(w, STR("attempts"));
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        put_attempt(w, &a[i]);
    jw_array_end(w);
}
