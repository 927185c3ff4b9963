/*
 * llm/request.c - reads one request to a model: head, body, and what they come to. What its fields mean: fields.c.
 */
#include "llm/read_impl.h"

#include "base/check.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/media_type.h"

#include <string.h>

#define RESPONSES_OUTPUT_LEAST 16 /* what the Responses API takes for max_output_tokens */

int llm_fault(struct reading *rd, enum code code, uint16_t status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    *rd->problem = (struct llm_problem){code, status, arena_vprintf(rd->a, fmt, ap)};
    va_end(ap);
    return LLM_R_PROBLEM;
}

/* ---- values ---- */

void skip(struct reading *rd)
{
    struct scan_value v;
    (void)scan_value(&rd->scan, &v); /* a failure stays with the scanner */
}

static int wrong_type(struct reading *rd, struct str name, const char *want, enum json_type got)
{
    return llm_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` must be %s, not %s.", STR_ARG(name), want,
                     json_type_name(got));
}

int read_i64(struct reading *rd, struct str name, int64_t least, int64_t *ret, bool *ret_is_there)
{
    struct scan_value v;
    int64_t n;
    *ret_is_there = false;
    if (!scan_value(&rd->scan, &v) || v.type == JSON_NULL)
        return 0;
    if (!scan_i64(&v, &n) || n < least || n > TOKENS_MAX)
        return llm_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` must be an integer from %lld to %lld.",
                         STR_ARG(name), (long long)least, (long long)TOKENS_MAX);
    *ret = n;
    *ret_is_there = true;
    return 0;
}

int read_bool(struct reading *rd, struct str name, bool *ret)
{
    struct scan_value v;
    if (!scan_value(&rd->scan, &v) || v.type == JSON_NULL || scan_bool(&v, ret))
        return 0;
    return wrong_type(rd, name, "true or false", v.type);
}

int read_text(struct reading *rd, struct str name, struct str *ret)
{
    struct scan_value v;
    *ret = STR_NONE;
    if (!scan_value(&rd->scan, &v) || v.type == JSON_NULL)
        return 0;
    if (v.type != JSON_STR)
        return wrong_type(rd, name, "a string", v.type);
    return scan_str(&v, rd->a, ret);
}

int enter(struct reading *rd, struct str name, enum json_type type, bool *ret_is_in)
{
    enum json_type got = scan_peek(&rd->scan);
    *ret_is_in = got == type && scan_enter(&rd->scan, type);
    if (got == type)
        return 0;
    skip(rd);
    if (got == JSON_NULL || got == JSON_NONE)
        return 0;
    return wrong_type(rd, name, json_type_name(type), got);
}

size_t value_at(struct reading *rd)
{
    (void)scan_peek(&rd->scan); /* past the space */
    return scan_at(&rd->scan);
}

bool has_member(struct reading *rd)
{
    size_t at = scan_at(&rd->scan);
    struct str rest = {rd->r->body.p + at, rd->r->body.n - at};
    while (rest.n && strchr(" \t\r\n", rest.p[0]))
        rest = (struct str){rest.p + 1, rest.n - 1};
    return rest.n && rest.p[0] != '}';
}

/* ---- the body ---- */

/* The member to insert where the client has none; at the front, so that one comma is always right. */
static void set_places(struct reading *rd)
{
    static const struct str output_names[SHAPE_COUNT] = {
        [SHAPE_CHAT] = STR_INIT("\"max_completion_tokens\":"),
        [SHAPE_RESPONSES] = STR_INIT("\"max_output_tokens\":"),
        [SHAPE_MESSAGES] = STR_INIT("\"max_tokens\":"),
    };
    size_t at = scan_at(&rd->scan);
    struct str comma = has_member(rd) ? STR(",") : STR("");
    struct llm_call *c = rd->call;
    c->place_output_max = (struct llm_place){at, 0, output_names[c->shape], comma};
    if (c->shape == SHAPE_CHAT)
        c->place_usage =
            (struct llm_place){at, 0, STR("\"stream_options\":{\"include_usage\":"), comma.n ? STR("},") : STR("}")};
}

static int read_body(struct reading *rd)
{
    struct str key;
    int r = 0;
    if (scan_peek(&rd->scan) != JSON_OBJECT) {
        skip(rd);
        return rd->scan.error ? 0 : llm_fault(rd, CODE_REQUEST_INVALID, 400, "The body must be a JSON object.");
    }
    if (scan_enter(&rd->scan, JSON_OBJECT))
        set_places(rd);
    while (!r && scan_member(&rd->scan, &key))
        r = read_member(rd, key);
    return r;
}

static int check_text(struct reading *rd)
{
    struct input_fault f = {"it does not fit", 0};
    int r = scan_end(&rd->scan, &f);
    if (r == -ERR_TOO_LARGE)
        return llm_fault(rd, CODE_REQUEST_TOO_LARGE, 413, "The body is too large at byte %zu: %s.", f.at, f.text);
    if (r == -ERR_AMBIGUOUS)
        return llm_fault(rd, CODE_REQUEST_AMBIGUOUS, 400, "The body is ambiguous at byte %zu: %s.", f.at, f.text);
    if (r == -ERR_INVALID)
        return llm_fault(rd, CODE_REQUEST_INVALID, 400, "The body is malformed at byte %zu: %s.", f.at, f.text);
    return err_trace(r);
}

/* ---- what it comes to ---- */

static void finish_hash(struct reading *rd)
{
    uint8_t sum[SHA256_BYTES];
    if (!rd->prompt && !rd->tools.n)
        return;
    if (!rd->prompt)
        rd->prompt = sha256_new();
    sha256_add(rd->prompt, STR("tools\0"));
    sha256_add(rd->prompt, rd->tools);
    sha256_end(rd->prompt, sum);
    (void)hex_encode(sum, 16, rd->call->prompt_hash);
    rd->call->prompt_hash[32] = '\0';
}

static int finish(struct reading *rd)
{
    struct llm_call *c = rd->call;
    bool is_stored = c->shape == SHAPE_RESPONSES && c->is_input_open;
    if (!c->model.n && !is_stored)
        return llm_fault(rd, CODE_REQUEST_INVALID, 400, "`model` is missing.");
    if (c->shape == SHAPE_RESPONSES)
        c->output_least = RESPONSES_OUTPUT_LEAST;
    if (c->shape != SHAPE_CHAT || !c->is_stream)
        c->wants_usage = true;
    if (rd->is_fast) {
        c->tier = TIER_FAST;
        c->is_tier_auto = false;
    }
    c->text_bytes = (int64_t)rd->r->body.n - rd->binary_bytes;
    check(c->text_bytes >= 0);
    count_uses(rd);
    finish_hash(rd);
    return 0;
}

static int check_head(struct reading *rd, const struct limits *limits)
{
    const struct llm_request *r = rd->r;
    if (r->content_encoding.n && !str_eq_nocase(r->content_encoding, STR("identity")))
        return llm_fault(rd, CODE_REQUEST_INVALID, 415,
                         "The body has a content encoding; send it plain, so that it can be read.");
    if (!media_type_is(r->content_type, STR("application/json")))
        return llm_fault(rd, CODE_REQUEST_INVALID, 415,
                         "The body must be application/json (charset utf-8 or none named).");
    if ((int64_t)r->body.n > limits->llm_body_bytes_max)
        return llm_fault(rd, CODE_REQUEST_TOO_LARGE, 413, "The body has more than %lld bytes (llm_body_bytes_max).",
                         (long long)limits->llm_body_bytes_max);
    return 0;
}

int llm_read(const struct llm_request *r, const struct limits *limits, struct arena *a, struct llm_call *ret,
             struct llm_problem *ret_problem)
{
    bool is_openai = llm_shape_dialect(r->shape) == DIALECT_OPENAI;
    struct llm_call call = {.shape = r->shape, .choices = 1, .output_max = -1, .passes = 1};
    struct reading rd;
    int64_t depth = limits->json_depth_max < SCAN_DEPTH_MAX ? limits->json_depth_max : SCAN_DEPTH_MAX;
    call.is_tier_auto = r->shape == SHAPE_CHAT || r->shape == SHAPE_RESPONSES || r->shape == SHAPE_MESSAGES;
    call.may_write_cache = is_openai && r->shape != SHAPE_EMBEDDINGS; /* unasked: newer models cache by themselves */
    memset(&rd, 0, offsetof(struct reading, scan));
    rd.r = r;
    rd.a = a;
    rd.call = &call;
    rd.problem = ret_problem;
    rd.max_tool_calls = -1;
    int err = check_head(&rd, limits);
    if (err)
        return err;
    scan_init(&rd.scan, r->body, depth, a);
    err = read_body(&rd);
    if (!err)
        err = check_text(&rd);
    if (!err)
        err = finish(&rd);
    sha256_free(rd.prompt);
    if (!err)
        *ret = call;
    return err;
}
