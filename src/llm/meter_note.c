/*
 * llm/meter_note.c - what readers found, put where the result is made from. Every function takes any JSON value and
 * does nothing with one of another type.
 */
#include "llm/meter_impl.h"

#include <string.h>

#include "codec/json_write.h"

void note_text(struct short_text *t, struct json text)
{
    struct str s;
    if (!json_str(text, &s) || !s.n)
        return;
    t->n = s.n < LLM_NAME_BYTES_MAX ? s.n : LLM_NAME_BYTES_MAX;
    memcpy(t->p, s.p, t->n);
}

void meter_text_once(struct short_text *t, struct json text)
{
    if (!t->n)
        note_text(t, text);
}

void meter_output_bytes(struct llm_meter *m, size_t n)
{
    m->output_bytes += (int64_t)n;
    m->is_output_now = m->is_output_now || n > 0;
}

void meter_output(struct llm_meter *m, struct json text)
{
    struct str s;
    if (json_str(text, &s))
        meter_output_bytes(m, s.n);
}

void meter_audio(struct llm_meter *m, struct json base64)
{
    struct str s;
    if (!json_str(base64, &s))
        return;
    m->audio_bytes += (int64_t)s.n;
    m->is_output_now = m->is_output_now || s.n > 0;
}

/* A report without output says nothing about what was delivered so far. */
void meter_report(struct llm_meter *m, struct json usage, const struct count_place *places, bool is_last)
{
    int64_t before = m->counts.n[COUNT_OUTPUT];
    if (json_type(usage) != JSON_OBJECT)
        return;
    m->counts.n[COUNT_OUTPUT] = -1;
    if (!counts_read(&m->counts, usage, places))
        m->is_blind = true;
    if (!counts_has(&m->counts, COUNT_OUTPUT)) {
        m->counts.n[COUNT_OUTPUT] = before;
    } else if (is_last) {
        m->is_reported = true;
        m->reported_bytes = m->output_bytes;
        m->audio_bytes = 0;
    }
}

static const struct {
    enum llm_dialect dialect;
    struct str word;
    enum price_tier tier;
} served[] = {
    {DIALECT_OPENAI, STR_INIT("default"), TIER_STANDARD},
    {DIALECT_OPENAI, STR_INIT("standard"), TIER_STANDARD},
    {DIALECT_OPENAI, STR_INIT("scale"), TIER_STANDARD}, /* bought beforehand, and worth what standard is */
    {DIALECT_OPENAI, STR_INIT("flex"), TIER_FLEX},
    {DIALECT_OPENAI, STR_INIT("priority"), TIER_PRIORITY},
    {DIALECT_OPENAI, STR_INIT("fast"), TIER_PRIORITY}, /* its newer name */
    {DIALECT_OPENAI, STR_INIT("batch"), TIER_BATCH},
    {DIALECT_ANTHROPIC, STR_INIT("standard"), TIER_STANDARD},
    {DIALECT_ANTHROPIC, STR_INIT("priority"), TIER_PRIORITY},
    {DIALECT_ANTHROPIC, STR_INIT("batch"), TIER_BATCH},
};

/* A word that is new leaves the tier that was asked for. */
void meter_tier(struct llm_meter *m, struct json name)
{
    enum llm_dialect dialect = llm_shape_dialect(m->call->shape);
    for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
        if (served[i].dialect == dialect && meter_is(name, served[i].word))
            m->tier = served[i].tier;
}

static void code_number(struct short_text *t, struct json code)
{
    struct str s;
    if (t->n || !json_number_text(code, &s) || s.n > LLM_NAME_BYTES_MAX)
        return;
    memcpy(t->p, s.p, s.n);
    t->n = s.n;
}

void meter_error(struct llm_meter *m, struct json error)
{
    bool is_text = json_type(error) == JSON_STR;
    if (m->error.n || (!is_text && json_type(error) != JSON_OBJECT))
        return;
    meter_text_once(&m->error, json_get(error, STR("type")));
    meter_text_once(&m->error, json_get(error, STR("code")));
    code_number(&m->error, json_get(error, STR("code")));
    if (!m->error.n)
        m->error = (struct short_text){.n = 5, .p = "error"}; /* its text may be anything, so it is not kept */
}

static struct str text_or_none(struct json v)
{
    struct str s = STR_NONE;
    (void)json_str(v, &s); /* another type: not said */
    return s;
}

/* A value that the model wrote as JSON, and the vendor sends as a part of its own. */
static void add_value(struct llm_meter *m, struct tool_call_build *call, struct json value)
{
    struct json_writer w;
    struct buf text;
    buf_init(&text, LLM_TOOL_ARGS_BYTES_MAX);
    jw_init(&w, &text);
    jw_json(&w, value);
    meter_output_bytes(m, text.n);
    if (buf_ok(&text) == 0)
        tool_calls_add_args(&m->tools, call, buf_str(&text));
    else
        call->is_cut = m->tools.is_cut = true;
    buf_deinit(&text);
}

void meter_tool(struct llm_meter *m, uint64_t place, struct json id, struct json name, struct json args)
{
    size_t n_before = m->tools.n;
    struct tool_call_build *call = tool_calls_begin(&m->tools, place, text_or_none(id), text_or_none(name));
    if (!call || m->tools.n > n_before)
        meter_output(m, name);
    if (json_type(args) == JSON_STR)
        meter_output(m, args);
    if (call && json_type(args) == JSON_STR)
        tool_calls_add_args(&m->tools, call, text_or_none(args));
    else if (call && json_type(args) == JSON_OBJECT)
        add_value(m, call, args);
}

void meter_tool_args(struct llm_meter *m, uint64_t place, struct json args)
{
    struct tool_call_build *call = tool_calls_at(&m->tools, place);
    struct str s;
    if (!call || !json_str(args, &s))
        return;
    if (s.n > call->args.n)
        meter_output_bytes(m, s.n - call->args.n); /* what did not come in pieces */
    tool_calls_set_args(&m->tools, call, s);
}

uint64_t meter_index(struct json n)
{
    int64_t i;
    return json_i64(n, &i) && i >= 0 && i <= INT32_MAX ? (uint64_t)i : 0;
}

bool meter_is(struct json text, struct str want)
{
    struct str s;
    return json_str(text, &s) && str_eq(s, want);
}
