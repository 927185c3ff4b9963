/*
 * llm/request.c - reads one request to a model: head, the fields at the top, and what they decide.
 *
 *   (1) a null is as good as absent, for that is what vendors make of it.
 *   (2) what is wrong in a field that decides is refused here, by its name; what is wrong elsewhere is the vendor's to
 *       refuse.
 */
#include "llm/read_impl.h"

#include "base/check.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/media_type.h"

#include <string.h>

#define MODEL_BYTES_MAX 256
#define CHOICES_MAX 10000 /* beyond every vendor's own, and no product of it overflows */
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

/* What was read since: one value, to put another in its place. */
static struct llm_place place_since(struct reading *rd, size_t at)
{
    return (struct llm_place){at, scan_at(&rd->scan) - at, STR(""), STR("")};
}

/* ---- fields ---- */

static int read_model(struct reading *rd, struct str name)
{
    size_t at = value_at(rd);
    struct str model;
    int r = read_text(rd, name, &model);
    if (r || !model.p)
        return r;
    for (size_t i = 0; i < model.n; i++) {
        if (model.p[i] < '!' || model.p[i] > '~')
            return llm_fault(rd, CODE_REQUEST_INVALID, 400, "`model` has a byte that is not printable ASCII.");
    }
    if (!model.n || model.n > MODEL_BYTES_MAX)
        return llm_fault(rd, CODE_REQUEST_INVALID, 400, "`model` must have 1 to %d bytes.", MODEL_BYTES_MAX);
    rd->call->model = model;
    rd->call->place_model = place_since(rd, at);
    return 0;
}

static int read_stream(struct reading *rd, struct str name) { return read_bool(rd, name, &rd->call->is_stream); }

static int read_background(struct reading *rd, struct str name)
{
    return read_bool(rd, name, &rd->call->is_background);
}

static int read_output_max(struct reading *rd, struct str name)
{
    size_t at = value_at(rd);
    int64_t n = -1;
    bool is_there;
    int r = read_i64(rd, name, 0, &n, &is_there);
    if (r || (!is_there && rd->output_max_name.n))
        return r;
    if (is_there && rd->call->output_max >= 0)
        return llm_fault(rd, CODE_REQUEST_AMBIGUOUS, 400,
                         "`" STR_FMT "` and `" STR_FMT "` both say the most output; send one of them.",
                         STR_ARG(rd->output_max_name), STR_ARG(name));
    rd->call->output_max = n;
    rd->call->place_output_max = place_since(rd, at);
    if (is_there)
        rd->output_max_name = name;
    return 0;
}

static int read_choices(struct reading *rd, struct str name)
{
    int64_t n = 1;
    bool is_there;
    int r = read_i64(rd, name, 1, &n, &is_there);
    if (r == 0 && n > CHOICES_MAX)
        return llm_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` must be at most %d.", STR_ARG(name),
                         CHOICES_MAX);
    if (n > rd->call->choices)
        rd->call->choices = n;
    return r;
}

/* The words of each dialect, and what they mean for the price. */
static const struct {
    enum llm_dialect dialect;
    struct str word;
    enum price_tier tier;
    bool is_auto;
} tiers[] = { /* any other word has a price that we do not know */
    {DIALECT_OPENAI, STR_INIT("auto"), TIER_STANDARD, true},
    {DIALECT_OPENAI, STR_INIT("default"), TIER_STANDARD, false},
    {DIALECT_OPENAI, STR_INIT("flex"), TIER_FLEX, false},
    {DIALECT_OPENAI, STR_INIT("priority"), TIER_PRIORITY, false},
    {DIALECT_OPENAI, STR_INIT("fast"), TIER_PRIORITY, false}, /* its newer name */
    {DIALECT_OPENAI, STR_INIT("scale"), TIER_STANDARD, true}, /* capacity that was bought before */
    {DIALECT_ANTHROPIC, STR_INIT("auto"), TIER_STANDARD, true},
    {DIALECT_ANTHROPIC, STR_INIT("standard_only"), TIER_STANDARD, false},
};

static int read_tier(struct reading *rd, struct str name)
{
    struct str word;
    int r = read_text(rd, name, &word);
    if (r || !word.p)
        return r;
    rd->call->is_tier_auto = false;
    for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++) {
        if (tiers[i].dialect != llm_shape_dialect(rd->call->shape) || !str_eq(tiers[i].word, word))
            continue;
        rd->call->tier = tiers[i].tier;
        rd->call->is_tier_auto = tiers[i].is_auto;
        return 0;
    }
    rd->call->is_unpriced = true;
    return 0;
}

/* True when the container that was just entered has a member: then what we insert needs a comma behind it. */
static bool has_member(struct reading *rd)
{
    size_t at = scan_at(&rd->scan);
    struct str rest = {rd->r->body.p + at, rd->r->body.n - at};
    while (rest.n && strchr(" \t\r\n", rest.p[0]))
        rest = (struct str){rest.p + 1, rest.n - 1};
    return rest.n && rest.p[0] != '}';
}

static int read_stream_options(struct reading *rd, struct str name)
{
    size_t at = value_at(rd);
    struct str key;
    bool is_in;
    int r = enter(rd, name, JSON_OBJECT, &is_in);
    if (r || !is_in) {
        size_t n = scan_at(&rd->scan) - at;
        rd->call->place_usage = (struct llm_place){at, n, STR("{\"include_usage\":"), STR("}")};
        return r;
    }
    rd->call->place_usage = (struct llm_place){scan_at(&rd->scan), 0, STR("\"include_usage\":"),
                                               has_member(rd) ? STR(",") : STR("")};
    while (!r && scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("include_usage"))) {
            at = value_at(rd);
            r = read_bool(rd, STR("stream_options.include_usage"), &rd->call->wants_usage);
            rd->call->place_usage = place_since(rd, at);
        } else {
            skip(rd);
        }
    }
    return r;
}

static int read_modalities(struct reading *rd, struct str name)
{
    struct str word;
    bool is_in;
    int r = enter(rd, name, JSON_ARRAY, &is_in);
    while (!r && is_in && scan_item(&rd->scan)) {
        r = read_text(rd, name, &word);
        rd->call->has_audio_out = rd->call->has_audio_out || str_eq(word, STR("audio"));
        rd->call->has_image_out = rd->call->has_image_out || str_eq(word, STR("image"));
    }
    return r;
}

/* An earlier response, a conversation, a stored prompt: by id or as an object. */
static int read_reference(struct reading *rd, struct str name)
{
    enum json_type type = scan_peek(&rd->scan);
    skip(rd);
    if (type != JSON_NULL)
        rd->call->is_input_open = true;
    return 0;
}

static int read_max_tool_calls(struct reading *rd, struct str name)
{
    bool is_there;
    return read_i64(rd, name, 0, &rd->max_tool_calls, &is_there);
}

/* A maximum must leave room for the thinking that was asked for. */
static int read_thinking(struct reading *rd, struct str name)
{
    struct str key;
    bool is_in, is_there;
    int r = enter(rd, name, JSON_OBJECT, &is_in);
    while (!r && is_in && scan_member(&rd->scan, &key)) {
        int64_t budget = 0;
        if (str_eq(key, STR("budget_tokens")))
            r = read_i64(rd, STR("thinking.budget_tokens"), 0, &budget, &is_there);
        else
            skip(rd);
        if (budget)
            rd->call->output_least = budget + 1;
    }
    return r;
}

static int read_speed(struct reading *rd, struct str name)
{
    struct str word;
    int r = read_text(rd, name, &word);
    if (word.p && !str_eq(word, STR("standard")))
        rd->call->is_unpriced = true; /* fast mode has prices of its own */
    return r;
}

static int read_inference_geo(struct reading *rd, struct str name)
{
    struct str word;
    int r = read_text(rd, name, &word);
    if (str_eq(word, STR("us")))
        rd->call->is_us_inference = true;
    else if (word.p && !str_eq(word, STR("global")))
        rd->call->is_unpriced = true; /* a region costs more, and we do not know how much */
    return r;
}

static int read_container(struct reading *rd, struct str name)
{
    enum json_type type = scan_peek(&rd->scan);
    skip(rd);
    if (type != JSON_NULL)
        rd->call->is_unpriced = true; /* its time is billed */
    return 0;
}

/* A conversation that the vendor keeps: begun by this request, or continued. */
static int read_thread(struct reading *rd, struct str name)
{
    struct str key, word = STR_NONE;
    bool is_in;
    int r = enter(rd, name, JSON_OBJECT, &is_in);
    while (!r && is_in && scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("type")))
            r = read_text(rd, STR("thread.type"), &word);
        else
            skip(rd);
    }
    if (is_in && !str_eq(word, STR("create")))
        rd->call->is_input_open = true;
    return r;
}

/* Models that answer where the one that was decided on declines: nobody would have asked a rule for them. */
static int read_fallbacks(struct reading *rd, struct str name)
{
    struct scan_value v;
    if (!scan_value(&rd->scan, &v) || v.type == JSON_NULL)
        return 0;
    return llm_fault(rd, CODE_REQUEST_INVALID, 400,
                     "`" STR_FMT "` would have another model answer, which no rule was asked about; leave it out.",
                     STR_ARG(name));
}

static int read_billing_policy(struct reading *rd, struct str name)
{
    struct str key, who = STR_NONE;
    bool is_in;
    int r = enter(rd, name, JSON_OBJECT, &is_in);
    while (!r && is_in && scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("bill_to")))
            r = read_text(rd, STR("billing_policy.bill_to"), &who);
        else
            skip(rd);
    }
    if (!r && who.n && !str_eq(who, STR("self")))
        return llm_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` changes who pays; leave it out.", STR_ARG(name));
    return r;
}

/* ---- the body ---- */

#define CHAT (1u << SHAPE_CHAT)
#define RESPONSES (1u << SHAPE_RESPONSES)
#define EMBEDDINGS (1u << SHAPE_EMBEDDINGS)
#define MESSAGES (1u << SHAPE_MESSAGES)
#define COUNT_TOKENS (1u << SHAPE_COUNT_TOKENS)

static const struct field {
    unsigned shapes;
    struct str name;
    int (*read)(struct reading *rd, struct str name);
} fields[] = {
#define FIELD(shapes, name, reader) {shapes, STR_INIT(name), reader},
#include "llm/field.tbl.h"
#undef FIELD
};

static int read_member(struct reading *rd, struct str key)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct field *f = &fields[i];
        if (!(f->shapes & 1u << rd->call->shape) || !str_eq_nocase(f->name, key))
            continue;
        if (!str_eq(f->name, key))
            return llm_fault(rd, CODE_REQUEST_AMBIGUOUS, 400,
                             "`" STR_FMT "` could be read as `" STR_FMT "`; send that, once.", STR_ARG(key),
                             STR_ARG(f->name));
        return f->read(rd, f->name);
    }
    skip(rd);
    return 0;
}

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
    struct reading rd = {.r = r, .a = a, .call = &call, .problem = ret_problem, .max_tool_calls = -1};
    int64_t depth = limits->json_depth_max < SCAN_DEPTH_MAX ? limits->json_depth_max : SCAN_DEPTH_MAX;
    call.is_tier_auto = r->shape == SHAPE_CHAT || r->shape == SHAPE_RESPONSES || r->shape == SHAPE_MESSAGES;
    call.may_write_cache = is_openai && r->shape != SHAPE_EMBEDDINGS; /* unasked: newer models cache by themselves */
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
