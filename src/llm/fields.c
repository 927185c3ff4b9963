/*
 * llm/fields.c - the members at the top of a request that decide, one reader each; field.tbl.h: which shape has which.
 *
 *   (1) a null is as good as absent, for that is what vendors make of it.
 *   (2) what is wrong in a field that decides is refused here, by its name; what is wrong elsewhere is the vendor's to
 *       refuse.
 *   (3) a word that we do not know has a price that we do not know.
 */
#include "llm/read_impl.h"

#define MODEL_BYTES_MAX 256
#define CHOICES_MAX 10000 /* beyond every vendor's own, and no product of it overflows */

/* What was read since: one value, to put another in its place. */
static struct llm_place place_since(struct reading *rd, size_t at)
{
    return (struct llm_place){at, scan_at(&rd->scan) - at, STR(""), STR("")};
}

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

/*
 * A maximum must leave room for the thinking that was asked for. Of it at most a summary is shown: up to its budget,
 * where it has one (`adaptive` has none).
 */
static int read_thinking(struct reading *rd, struct str name)
{
    struct str key, type = STR_NONE;
    bool is_in, is_there;
    int64_t budget = 0;
    int r = enter(rd, name, JSON_OBJECT, &is_in);
    while (!r && is_in && scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("budget_tokens")))
            r = read_i64(rd, STR("thinking.budget_tokens"), 0, &budget, &is_there);
        else if (str_eq(key, STR("type")))
            r = read_text(rd, STR("thinking.type"), &type);
        else
            skip(rd);
    }
    if (budget)
        rd->call->output_least = budget + 1;
    if (!r && is_in && !str_eq(type, STR("disabled")))
        rd->call->unseen_output = budget ? budget : -1;
    return r;
}

static int read_speed(struct reading *rd, struct str name)
{
    struct str word;
    int r = read_text(rd, name, &word);
    if (str_eq(word, STR("fast")))
        rd->is_fast = true;
    else if (word.p && !str_eq(word, STR("standard")))
        rd->call->is_unpriced = true;
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

/* Whom the client says it is for. Anything but a string is the vendor's to refuse. */
static int read_user(struct reading *rd, struct str name)
{
    struct scan_value v;
    if (!scan_value(&rd->scan, &v) || v.type != JSON_STR || rd->call->user.n)
        return 0;
    return scan_str(&v, rd->a, &rd->call->user);
}

static int read_metadata(struct reading *rd, struct str name)
{
    struct str key;
    int r = 0;
    if (scan_peek(&rd->scan) != JSON_OBJECT || !scan_enter(&rd->scan, JSON_OBJECT)) {
        skip(rd);
        return 0;
    }
    while (!r && scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("user_id")))
            r = read_user(rd, key);
        else
            skip(rd);
    }
    return r;
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

/* ---- all of them ---- */

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

int read_member(struct reading *rd, struct str key)
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
