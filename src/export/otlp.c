/*
 * export/otlp.c - one shape, two encodings.
 *
 * A message is put together by calls that name a field of otlp_field.tbl.h; `struct sink` writes each as protobuf or as
 * JSON, so that the two cannot drift apart. In JSON ids are hex, 64-bit numbers are text, enums are numbers (OTLP's own
 * rules, which are not those of proto3).
 */
#include "export/otlp.h"

#include <math.h>
#include <stdio.h>

#include "base/check.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/json_write.h"
#include "codec/protobuf.h"

#define ANSWER_DEPTH_MAX 16
#define MESSAGES_DEEP_MAX 16

enum field {
#define FIELD(message, name, number, json) FIELD_##message##_##name,
#include "export/otlp_field.tbl.h"
#undef FIELD
};

static const struct {
    unsigned number;
    struct str json;
} FIELDS[] = {
#define FIELD(message, name, number, json) {number, STR_INIT(json)},
#include "export/otlp_field.tbl.h"
#undef FIELD
};

/* --- the sink ----------------------------------------------------------------------------------------------------- */

struct sink {
    enum otlp_protocol protocol;
    struct buf *out;
    struct json_writer w;
    size_t begun[MESSAGES_DEEP_MAX];
    size_t depth;
};

static bool is_json(const struct sink *s) { return s->protocol == OTLP_JSON; }

static void message(struct sink *s, enum field f)
{
    check(s->depth < MESSAGES_DEEP_MAX);
    if (is_json(s)) {
        jw_key(&s->w, FIELDS[f].json);
        jw_object(&s->w);
    } else {
        s->begun[s->depth] = pb_begin(s->out, FIELDS[f].number);
    }
    s->depth++;
}

static void message_end(struct sink *s)
{
    s->depth--;
    if (is_json(s))
        jw_object_end(&s->w);
    else
        pb_end(s->out, s->begun[s->depth]);
}

/* Repeated messages stand in an array, in JSON only. */
static void list(struct sink *s, enum field f)
{
    if (!is_json(s))
        return;
    jw_key(&s->w, FIELDS[f].json);
    jw_array(&s->w);
}

static void list_end(struct sink *s)
{
    if (is_json(s))
        jw_array_end(&s->w);
}

static void item(struct sink *s, enum field f)
{
    check(s->depth < MESSAGES_DEEP_MAX);
    if (is_json(s))
        jw_object(&s->w);
    else
        s->begun[s->depth] = pb_begin(s->out, FIELDS[f].number);
    s->depth++;
}

static void put_text(struct sink *s, enum field f, struct str text)
{
    if (is_json(s))
        jw_put_str(&s->w, FIELDS[f].json, text);
    else
        pb_bytes(s->out, FIELDS[f].number, text);
}

static void put_id(struct sink *s, enum field f, const uint8_t *id, size_t n)
{
    char hex[2 * SPAN_TRACE_ID_BYTES];
    if (is_json(s))
        jw_put_str(&s->w, FIELDS[f].json, hex_encode(id, n, hex));
    else
        pb_bytes(s->out, FIELDS[f].number, (struct str){(const char *)id, n});
}

static void put_enum(struct sink *s, enum field f, int n)
{
    if (is_json(s))
        jw_put_i64(&s->w, FIELDS[f].json, n);
    else
        pb_varint(s->out, FIELDS[f].number, (uint64_t)n);
}

static void put_time(struct sink *s, enum field f, wall_t at)
{
    char digits[U64_DIGITS_MAX];
    if (is_json(s))
        jw_put_str(&s->w, FIELDS[f].json, (struct str){digits, u64_digits((uint64_t)at, digits)});
    else
        pb_fixed64(s->out, FIELDS[f].number, (uint64_t)at);
}

static void put_int(struct sink *s, enum field f, int64_t n)
{
    char digits[32];
    if (is_json(s))
        jw_put_str(&s->w, FIELDS[f].json,
                   (struct str){digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)n)});
    else
        pb_varint(s->out, FIELDS[f].number, (uint64_t)n);
}

static void put_double(struct sink *s, enum field f, double d)
{
    char text[40];
    if (!is_json(s))
        pb_double(s->out, FIELDS[f].number, d);
    else if (isfinite(d))
        jw_put_raw(&s->w, FIELDS[f].json, (struct str){text, (size_t)snprintf(text, sizeof text, "%.17g", d)});
    else
        jw_put_str(&s->w, FIELDS[f].json, isnan(d) ? STR("NaN") : d > 0 ? STR("Infinity") : STR("-Infinity"));
}

static void put_bool(struct sink *s, enum field f, bool b)
{
    if (is_json(s))
        jw_put_bool(&s->w, FIELDS[f].json, b);
    else
        pb_varint(s->out, FIELDS[f].number, b);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

static void put_strs(struct sink *s, const struct str *items, size_t n)
{
    message(s, FIELD_VALUE_array);
    list(s, FIELD_ARRAY_values);
    for (size_t i = 0; i < n; i++) {
        item(s, FIELD_ARRAY_values);
        put_text(s, FIELD_VALUE_string, items[i]);
        message_end(s);
    }
    list_end(s);
    message_end(s);
}

static void put_value(struct sink *s, const struct attr *a)
{
    message(s, FIELD_KEY_VALUE_value);
    switch (a->type) {
    case ATTR_STR:
        put_text(s, FIELD_VALUE_string, a->s);
        break;
    case ATTR_INT:
        put_int(s, FIELD_VALUE_integer, a->n);
        break;
    case ATTR_DOUBLE:
        put_double(s, FIELD_VALUE_real, a->d);
        break;
    case ATTR_BOOL:
        put_bool(s, FIELD_VALUE_boolean, a->n);
        break;
    case ATTR_STRS:
        put_strs(s, a->items, a->n_items);
        break;
    }
    message_end(s);
}

static void put_attrs(struct sink *s, enum field f, const struct attr *attrs, size_t n)
{
    if (n == 0)
        return;
    list(s, f);
    for (size_t i = 0; i < n; i++) {
        item(s, f);
        put_text(s, FIELD_KEY_VALUE_key, attrs[i].name);
        put_value(s, &attrs[i]);
        message_end(s);
    }
    list_end(s);
}

static void put_link(struct sink *s, const struct span_link *l)
{
    struct attr how = {.name = STR("flyball.link"), .type = ATTR_STR, .s = l->how};
    list(s, FIELD_SPAN_links);
    item(s, FIELD_SPAN_links);
    put_id(s, FIELD_LINK_trace_id, l->trace_id, sizeof l->trace_id);
    put_id(s, FIELD_LINK_span_id, l->span_id, sizeof l->span_id);
    put_attrs(s, FIELD_LINK_attributes, &how, 1);
    message_end(s);
    list_end(s);
}

static void put_status(struct sink *s, const struct span *span)
{
    if (span->status == SPAN_UNSET)
        return;
    message(s, FIELD_SPAN_status);
    if (span->message.n)
        put_text(s, FIELD_STATUS_message, span->message);
    put_enum(s, FIELD_STATUS_code, span->status);
    message_end(s);
}

static void put_span(struct sink *s, const struct span *span)
{
    item(s, FIELD_SCOPE_SPANS_spans);
    put_id(s, FIELD_SPAN_trace_id, span->trace_id, sizeof span->trace_id);
    put_id(s, FIELD_SPAN_span_id, span->span_id, sizeof span->span_id);
    if (span->has_parent)
        put_id(s, FIELD_SPAN_parent_span_id, span->parent_id, sizeof span->parent_id);
    put_text(s, FIELD_SPAN_name, span->name);
    put_enum(s, FIELD_SPAN_kind, span->kind);
    put_time(s, FIELD_SPAN_start_time, span->start);
    put_time(s, FIELD_SPAN_end_time, span->end);
    put_attrs(s, FIELD_SPAN_attributes, span->attrs.items, span->attrs.n);
    if (span->has_link)
        put_link(s, &span->link);
    put_status(s, span);
    message_end(s);
}

static void put_resource(struct sink *s, const struct otlp_resource *r)
{
    const struct attr attrs[] = {
        {.name = STR("service.name"), .type = ATTR_STR, .s = STR("flyball")},
        {.name = STR("service.version"), .type = ATTR_STR, .s = r->version},
    };
    message(s, FIELD_RESOURCE_SPANS_resource);
    put_attrs(s, FIELD_RESOURCE_attributes, attrs, 2);
    message_end(s);
}

static void put_scope(struct sink *s, const struct otlp_resource *r)
{
    message(s, FIELD_SCOPE_SPANS_scope);
    put_text(s, FIELD_SCOPE_name, STR("flyball"));
    put_text(s, FIELD_SCOPE_version, r->version);
    message_end(s);
}

static void put_request(struct sink *s, const struct otlp_resource *r, const struct spans *spans)
{
    list(s, FIELD_REQUEST_resource_spans);
    item(s, FIELD_REQUEST_resource_spans);
    put_resource(s, r);
    list(s, FIELD_RESOURCE_SPANS_scope_spans);
    item(s, FIELD_RESOURCE_SPANS_scope_spans);
    put_scope(s, r);
    list(s, FIELD_SCOPE_SPANS_spans);
    for (size_t i = 0; i < spans->n; i++)
        put_span(s, spans->items[i]);
    list_end(s);
    if (r->schema_url.n)
        put_text(s, FIELD_SCOPE_SPANS_schema_url, r->schema_url);
    message_end(s);
    list_end(s);
    message_end(s);
    list_end(s);
}

struct str otlp_content_type(enum otlp_protocol p)
{
    return p == OTLP_JSON ? STR("application/json") : STR("application/x-protobuf");
}

int otlp_write(enum otlp_protocol p, const struct otlp_resource *r, const struct spans *spans, struct buf *out)
{
    struct sink s = {.protocol = p, .out = out};
    if (spans->n == 0)
        return 0;
    if (is_json(&s)) {
        jw_init(&s.w, out);
        jw_object(&s.w);
    }
    put_request(&s, r, spans);
    if (is_json(&s)) {
        jw_object_end(&s.w);
        jw_end(&s.w);
    }
    return err_trace(buf_ok(out));
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static int read_partial(struct str text, struct otlp_answer *ret)
{
    struct pb_field f;
    int r;
    while ((r = pb_next(&text, &f)) == 0) {
        if (f.number == FIELDS[FIELD_PARTIAL_rejected_spans].number && f.wire == PB_VARINT)
            ret->n_rejected = (int64_t)f.n;
        else if (f.number == FIELDS[FIELD_PARTIAL_error_message].number && f.wire == PB_BYTES)
            ret->message = f.bytes;
    }
    return r == PB_R_END ? 0 : r;
}

static int read_protobuf(struct str text, struct otlp_answer *ret)
{
    struct pb_field f;
    int r;
    while ((r = pb_next(&text, &f)) == 0) {
        bool is_partial = f.number == FIELDS[FIELD_ANSWER_partial_success].number && f.wire == PB_BYTES;
        if (is_partial && (r = read_partial(f.bytes, ret)) < 0)
            return r;
    }
    return r == PB_R_END ? 0 : r;
}

/* int64 is text in JSON, but numbers are seen too. */
static int64_t read_count(struct json v)
{
    struct str digits;
    int64_t n = 0;
    if (!json_i64(v, &n) && json_str(v, &digits))
        (void)str_to_i64(digits, &n); /* what is none counts as 0 */
    return n;
}

static int read_json(struct arena *a, struct str text, struct otlp_answer *ret)
{
    struct json root;
    if (text.n == 0)
        return 0;
    int r = json_parse(a, text, ANSWER_DEPTH_MAX, &root);
    if (r < 0)
        return -ERR_INVALID;
    struct json partial = json_get(root, FIELDS[FIELD_ANSWER_partial_success].json);
    ret->n_rejected = read_count(json_get(partial, FIELDS[FIELD_PARTIAL_rejected_spans].json));
    (void)json_str(json_get(partial, FIELDS[FIELD_PARTIAL_error_message].json), &ret->message); /* may be absent */
    return 0;
}

int otlp_read(enum otlp_protocol p, struct arena *a, struct str text, struct otlp_answer *ret)
{
    struct otlp_answer answer = {.n_rejected = 0};
    int r = p == OTLP_JSON ? read_json(a, text, &answer) : read_protobuf(text, &answer);
    if (r == 0)
        *ret = answer;
    return r;
}
