/*
 * export/trace.c - a record read as spans.
 */
#include "export/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/uuid.h"
#include "codec/hex.h"
#include "crypto/hash.h"

#define FINISH_REASONS_MAX 1

/* --- names -------------------------------------------------------------------------------------------------------- */

static const struct {
    struct str text, schema_url;
} VERSIONS[SEMCONV_VERSION_COUNT] = {
    [SEMCONV_1_42] = {STR_INIT("1.42"), STR_INIT("https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev")},
    [SEMCONV_1_36] = {STR_INIT("1.36"), STR_INIT("https://opentelemetry.io/schemas/1.36.0")},
};

enum semconv {
#define SEMCONV(name, v1_42, v1_36) SEMCONV_##name,
#include "export/semconv.tbl.h"
#undef SEMCONV
};

static const struct str NAMES[][SEMCONV_VERSION_COUNT] = {
#define SEMCONV(name, v1_42, v1_36) {STR_INIT(v1_42), STR_INIT(v1_36)},
#include "export/semconv.tbl.h"
#undef SEMCONV
};

enum privacy { PLAIN, PERSONAL };

static const struct {
    struct str name, path;
    enum privacy privacy;
} COPIES[] = {
#define COPY(name, path, privacy) {STR_INIT(name), STR_INIT(path), privacy},
#include "export/field.tbl.h"
#undef COPY
};

static const struct {
    struct str end, name;
} OPERATIONS[] = {
#define OPERATION(end, name) {STR_INIT(end), STR_INIT(name)},
#include "export/operation.tbl.h"
#undef OPERATION
};

struct str semconv_text(enum semconv_version v) { return VERSIONS[v].text; }

struct str semconv_schema_url(enum semconv_version v) { return VERSIONS[v].schema_url; }

int semconv_parse(struct str s, enum semconv_version *ret)
{
    for (size_t i = 0; i < SEMCONV_VERSION_COUNT; i++) {
        if (!str_eq(s, VERSIONS[i].text))
            continue;
        *ret = (enum semconv_version)i;
        return 0;
    }
    return -ERR_NOT_FOUND;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* One record on its way. */
struct reading {
    const struct trace_options *o;
    struct json record;
    struct span *span;
};

static struct str text_at(struct json v, struct str path)
{
    struct str s = STR_NONE;
    (void)json_str(json_path(v, path), &s); /* absent is empty */
    return s;
}
#define TEXT(v, path) text_at((v), STR(path))

static int64_t count_at(struct json v, struct str path)
{
    int64_t n = 0;
    (void)json_i64(json_path(v, path), &n); /* absent is 0 */
    return n;
}
#define COUNT(v, path) count_at((v), STR(path))

static bool time_at(struct json v, struct str path, wall_t *ret)
{
    struct str s;
    return json_str(json_path(v, path), &s) && wall_parse(s, ret) == 0;
}

static bool is_zero(const uint8_t *p, size_t n)
{
    uint8_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= p[i];
    return all == 0;
}

static void put_named(struct reading *r, enum semconv name, struct str value)
{
    struct str attribute = NAMES[name][r->o->semconv];
    if (attribute.n)
        attr_str(&r->span->attrs, attribute, value);
}

static void put_named_int(struct reading *r, enum semconv name, int64_t value)
{
    struct str attribute = NAMES[name][r->o->semconv];
    if (attribute.n)
        attr_int(&r->span->attrs, attribute, value);
}

/* --- ids ---------------------------------------------------------------------------------------------------------- */

void trace_id_of(struct str tenant, struct str agent, struct str run_id, uint8_t ret[SPAN_TRACE_ID_BYTES])
{
    const struct str zero = {"", 1};
    const struct str parts[] = {STR("flyball/run"), zero, tenant, zero, agent, zero, run_id};
    uint8_t hash[SHA256_BYTES];
    struct uuid u;
    if (uuid_parse(run_id, &u) == 0 && !is_zero(u.b, sizeof u.b)) {
        memcpy(ret, u.b, SPAN_TRACE_ID_BYTES);
        return;
    }
    if (hex_decode(run_id, ret, SPAN_TRACE_ID_BYTES) == 0 && !is_zero(ret, SPAN_TRACE_ID_BYTES))
        return;
    sha256_parts(parts, sizeof parts / sizeof parts[0], hash);
    memcpy(ret, hash, SPAN_TRACE_ID_BYTES);
}

/* Of what has no span id on record: `n`-th part of what has the id `of`. */
static void span_id_of(struct str of, int64_t n, uint8_t ret[SPAN_ID_BYTES])
{
    const struct str parts[] = {STR("flyball/span"), {"", 1}, of, {(const char *)&n, sizeof n}};
    uint8_t hash[SHA256_BYTES];
    sha256_parts(parts, sizeof parts / sizeof parts[0], hash);
    memcpy(ret, hash, SPAN_ID_BYTES);
}

static void run_span_id(const uint8_t trace_id[SPAN_TRACE_ID_BYTES], uint8_t ret[SPAN_ID_BYTES])
{
    span_id_of((struct str){(const char *)trace_id, SPAN_TRACE_ID_BYTES}, 0, ret);
}

/* --- a call ------------------------------------------------------------------------------------------------------- */

/* As a child of its cause where that is a fact, else of the run. */
static void set_parent(struct reading *r)
{
    struct span *s = r->span;
    struct str how = TEXT(r->record, "caused_by.how");
    uint8_t cause[SPAN_ID_BYTES];
    bool has_cause = hex_decode(TEXT(r->record, "cause_span_id"), cause, SPAN_ID_BYTES) == 0;
    s->has_parent = true;
    if (has_cause && !str_eq(how, STR("inferred"))) {
        memcpy(s->parent_id, cause, SPAN_ID_BYTES);
        return;
    }
    run_span_id(s->trace_id, s->parent_id);
    if (!has_cause)
        return;
    s->has_link = true;
    s->link.how = STR("caused_by, inferred");
    memcpy(s->link.trace_id, s->trace_id, SPAN_TRACE_ID_BYTES);
    memcpy(s->link.span_id, cause, SPAN_ID_BYTES);
}

static void put_copies(struct reading *r)
{
    for (size_t i = 0; i < sizeof COPIES / sizeof COPIES[0]; i++) {
        struct json v = json_path(r->record, COPIES[i].path);
        struct str s;
        int64_t n;
        bool b;
        if (COPIES[i].privacy == PERSONAL && !r->o->has_personal)
            continue;
        if (json_str(v, &s))
            attr_str(&r->span->attrs, COPIES[i].name, s);
        else if (json_i64(v, &n))
            attr_int(&r->span->attrs, COPIES[i].name, n);
        else if (json_bool(v, &b))
            attr_bool(&r->span->attrs, COPIES[i].name, b);
    }
}

/* Ids of limits and what was left in each: buckets have names of people. */
static void put_limits(struct reading *r, struct arena *a)
{
    struct json limits = json_get(r->record, STR("limits")), limit;
    size_t n = 0;
    struct str *ids = arena_alloc(a, (json_len(limits) + 1) * sizeof *ids);
    for (struct json_iter it = json_each(limits); json_next(&it, NULL, &limit);)
        ids[n++] = TEXT(limit, "id");
    attr_strs(&r->span->attrs, STR("flyball.limits"), ids, n);
}

static struct str operation_name(struct str operation)
{
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++)
        if (str_ends(operation, OPERATIONS[i].end))
            return OPERATIONS[i].name;
    return STR_NONE;
}

/* Input includes what was read from and written to a cache, output includes reasoning: so OpenTelemetry counts. */
static void put_tokens(struct reading *r)
{
    struct json t = json_get(r->record, STR("tokens"));
    if (json_type(t) != JSON_OBJECT)
        return;
    int64_t read = COUNT(t, "cache_read"), written = COUNT(t, "cache_write_5m") + COUNT(t, "cache_write_1h");
    put_named_int(r, SEMCONV_INPUT_TOKENS, COUNT(t, "input") + read + written);
    put_named_int(r, SEMCONV_OUTPUT_TOKENS, COUNT(t, "output") + COUNT(t, "reasoning"));
    put_named_int(r, SEMCONV_CACHE_READ, read);
    put_named_int(r, SEMCONV_CACHE_WRITE, written);
    put_named_int(r, SEMCONV_REASONING, COUNT(t, "reasoning"));
}

static void put_prompt(struct reading *r)
{
    struct str name = TEXT(r->record, "prompt"), version = STR_NONE;
    (void)str_cut(name, '@', &name, &version); /* without a version it stays whole */
    put_named(r, SEMCONV_PROMPT_NAME, name);
    put_named(r, SEMCONV_PROMPT_VERSION, version);
}

static void put_first_chunk(struct reading *r)
{
    struct str name = NAMES[SEMCONV_FIRST_CHUNK][r->o->semconv];
    int64_t us;
    if (name.n && json_i64(json_path(r->record, STR("phases.first_token")), &us))
        attr_double(&r->span->attrs, name, (double)us / 1e6);
}

static void put_model(struct reading *r, struct arena *a)
{
    struct str finish = TEXT(r->record, "finish");
    put_named(r, SEMCONV_OPERATION, operation_name(TEXT(r->record, "operation")));
    put_named(r, SEMCONV_PROVIDER, TEXT(r->record, "vendor"));
    put_named(r, SEMCONV_REQUEST_MODEL, TEXT(r->record, "model_asked"));
    put_named(r, SEMCONV_RESPONSE_MODEL, TEXT(r->record, "model_returned"));
    if (finish.n) {
        struct str *reasons = arena_alloc(a, FINISH_REASONS_MAX * sizeof *reasons);
        reasons[0] = finish;
        attr_strs(&r->span->attrs, NAMES[SEMCONV_FINISH][r->o->semconv], reasons, FINISH_REASONS_MAX);
    }
    if (r->o->has_personal) /* it leads to the conversation at the vendor */
        put_named(r, SEMCONV_RESPONSE_ID, TEXT(r->record, "object_ids[0]"));
    put_tokens(r);
    put_prompt(r);
    put_first_chunk(r);
}

static void set_call_name(struct reading *r, struct arena *a, bool is_model)
{
    struct str operation = TEXT(r->record, "operation");
    struct str verb = operation_name(operation), model = TEXT(r->record, "model_asked");
    if (is_model && verb.n && model.n)
        r->span->name = arena_join(a, (const struct str[]){verb, STR(" "), model}, 3);
    else
        r->span->name = operation.n ? operation : STR("call");
}

/* What was refused or failed, and what may have happened. */
static void set_status(struct reading *r)
{
    struct str code = TEXT(r->record, "code"), error = TEXT(r->record, "error"), outcome = TEXT(r->record, "outcome");
    struct span *s = r->span;
    int64_t status = COUNT(r->record, "status");
    if (!code.n && !str_eq(outcome, STR("unknown")) && status < 400)
        return;
    s->status = SPAN_ERROR;
    s->message = code.n ? code : error;
    attr_str(&s->attrs, STR("error.type"), code.n ? code : error.n ? error : STR("_OTHER"));
}

static void put_attempt(struct reading *call, struct json attempt, struct spans *out)
{
    struct span *s = spans_add(out);
    struct str path = TEXT(attempt, "path"), error = TEXT(attempt, "error");
    int64_t total = 0, n = COUNT(attempt, "n"), status = COUNT(attempt, "status");
    memcpy(s->trace_id, call->span->trace_id, sizeof s->trace_id);
    memcpy(s->parent_id, call->span->span_id, sizeof s->parent_id);
    s->has_parent = true;
    bool is_lookup = str_eq(TEXT(attempt, "kind"), STR("lookup"));
    span_id_of(TEXT(call->record, "call_id"), is_lookup ? -n - 1 : n + 1, s->span_id);
    s->name = arena_join(out->arena, (const struct str[]){TEXT(attempt, "method"), STR(" "), path}, path.n ? 3 : 1);
    s->kind = SPAN_CLIENT;
    s->start = call->span->start + COUNT(attempt, "started_us") * NS_PER_US;
    bool has_end = json_i64(json_get(attempt, STR("total_us")), &total);
    s->end = has_end ? call->span->start + total * NS_PER_US : call->span->end;
    s->end = s->end < s->start ? s->start : s->end;
    attr_str(&s->attrs, STR("flyball.attempt.kind"), TEXT(attempt, "kind"));
    attr_int(&s->attrs, STR("http.request.resend_count"), n > 0 ? n - 1 : 0);
    attr_str(&s->attrs, STR("http.request.method"), TEXT(attempt, "method"));
    attr_str(&s->attrs, STR("url.template"), path);
    attr_str(&s->attrs, STR("server.address"), TEXT(attempt, "target"));
    if (status)
        attr_int(&s->attrs, STR("http.response.status_code"), status);
    if (status < 400 && !error.n)
        return;
    s->status = SPAN_ERROR;
    s->message = error;
    attr_str(&s->attrs, STR("error.type"), error.n ? error : arena_i64(out->arena, status));
}

static int set_ids_and_times(struct reading *r)
{
    struct span *s = r->span;
    struct json rec = r->record;
    trace_id_of(TEXT(rec, "tenant"), TEXT(rec, "agent"), TEXT(rec, "run_id"), s->trace_id);
    if (hex_decode(TEXT(rec, "span_id"), s->span_id, SPAN_ID_BYTES) < 0)
        return err_trace(-ERR_CORRUPT);
    if (!time_at(rec, STR("started_at"), &s->start))
        return err_trace(-ERR_CORRUPT);
    if (!time_at(rec, STR("ended_at"), &s->end) || s->end < s->start)
        s->end = s->start;
    int64_t total;
    if (json_i64(json_path(rec, STR("phases.total")), &total) && total >= 0)
        s->end = s->start + total * NS_PER_US; /* times are in milliseconds, phases are not */
    return 0;
}

int trace_call(const struct trace_options *o, struct json record, struct spans *out)
{
    struct reading r = {o, record, spans_add(out)};
    struct json attempt;
    int e = set_ids_and_times(&r);
    if (e < 0) {
        out->n--;
        return e;
    }
    bool is_model = str_eq(TEXT(record, "layer"), STR("llm"));
    r.span->kind = SPAN_CLIENT;
    set_call_name(&r, out->arena, is_model);
    set_parent(&r);
    put_copies(&r);
    put_limits(&r, out->arena);
    put_named(&r, SEMCONV_TOOL_CALL_ID, TEXT(record, "caused_by.tool_call_id"));
    put_named(&r, SEMCONV_AGENT, TEXT(record, "agent"));
    if (is_model)
        put_model(&r, out->arena);
    if (o->has_session)
        attr_str(&r.span->attrs, STR("session.id"), TEXT(record, "run_id"));
    set_status(&r);
    for (struct json_iter it = json_each(json_get(record, STR("attempts"))); json_next(&it, NULL, &attempt);)
        put_attempt(&r, attempt, out);
    return 0;
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

int trace_run(const struct trace_options *o, struct json run, struct spans *out)
{
    struct span *s = spans_add(out);
    struct str run_id = TEXT(run, "run_id"), agent = TEXT(run, "agent"), tenant = TEXT(run, "tenant");
    if (!run_id.n || !time_at(run, STR("first"), &s->start) || !time_at(run, STR("last"), &s->end)) {
        out->n--;
        return err_trace(-ERR_CORRUPT);
    }
    wall_t ended;
    if (time_at(run, STR("ended"), &ended) && ended > s->end)
        s->end = ended;
    s->end = s->end < s->start ? s->start : s->end;
    trace_id_of(tenant, agent, run_id, s->trace_id);
    run_span_id(s->trace_id, s->span_id);
    s->kind = SPAN_INTERNAL;
    s->name = arena_join(out->arena, (const struct str[]){STR("run "), agent}, 2);
    attr_str(&s->attrs, STR("flyball.run.id"), run_id);
    attr_str(&s->attrs, STR("flyball.agent"), agent);
    attr_str(&s->attrs, NAMES[SEMCONV_AGENT][o->semconv], agent);
    if (o->has_personal)
        attr_str(&s->attrs, STR("flyball.tenant"), tenant);
    if (o->has_session)
        attr_str(&s->attrs, STR("session.id"), run_id);
    attr_int(&s->attrs, STR("flyball.run.calls"), COUNT(run, "calls"));
    attr_int(&s->attrs, STR("flyball.run.denied"), COUNT(run, "denied"));
    attr_int(&s->attrs, STR("flyball.run.unknown"), COUNT(run, "unknown"));
    attr_str(&s->attrs, STR("flyball.settled.usd"), TEXT(run, "settled.usd"));
    attr_str(&s->attrs, STR("flyball.settled.how"), TEXT(run, "settled.how"));
    return 0;
}
