/*
 * sandbox/openai_chat.c - chat completions of the simulated OpenAI, whole and as a stream.
 * https://platform.openai.com/docs/api-reference/chat
 */
#include "base/err.h"
#include "sandbox/llm_impl.h"

#define CHOICES_MAX 128

struct chat {
    struct llm_turn *t;
    struct openai_input in;
    int64_t n; /* choices */
    bool wants_usage;
};

/* --- the request -------------------------------------------------------------------------------------------------- */

static int read_message(struct llm_turn *t, struct json message, size_t i)
{
    static const char *const silent[] = {"system", "developer", "assistant"};
    struct str role = STR_NONE;
    struct json content = json_get(message, STR("content")), calls = json_get(message, STR("tool_calls"));
    struct json_writer w;
    bool is_known = false;
    (void)json_str(json_get(message, STR("role")), &role); /* refused below */
    for (size_t k = 0; k < sizeof(silent) / sizeof(silent[0]); k++)
        is_known |= str_eq(role, str_c(silent[k]));
    bool is_user = str_eq(role, STR("user")), is_tool = str_eq(role, STR("tool")) || str_eq(role, STR("function"));
    if (!is_known && !is_user && !is_tool)
        return openai_refuse(t, 400, "invalid_request_error", arena_printf(t->a, "messages[%zu].role", i).p,
                             "invalid_value",
                             "Invalid value: '" STR_FMT "'. A role is one of 'system', 'developer', 'user', "
                             "'assistant' and 'tool'.",
                             STR_ARG(str_sub(role, 0, 100)));
    llm_prompt_add(t, content);
    if (json_len(calls)) {
        jw_init(&w, &t->prompt);
        jw_json(&w, calls);
    }
    if (is_user)
        t->ask.user = llm_text(t, content);
    if (is_user || is_tool)
        t->ask.result = is_tool ? llm_text(t, content) : STR_NONE;
    return 0;
}

static int read_format(struct llm_turn *t)
{
    struct json format = json_get(t->root, STR("response_format"));
    struct str type;
    if (!json_str(json_get(format, STR("type")), &type))
        return 0;
    if (str_eq(type, STR("json_schema")))
        t->ask.answer_schema = json_path(format, STR("json_schema.schema"));
    if (str_eq(type, STR("json_object")))
        return json_parse(t->a, STR("{\"properties\":{\"answer\":{\"type\":\"string\"}},\"required\":[\"answer\"]}"), 8,
                          &t->ask.answer_schema);
    return 0;
}

static int read_max(struct llm_turn *t)
{
    int64_t old = llm_count(t->root, "max_tokens", -1);
    if (old >= 0 && openai_reasoning(t, JSON_ABSENT) > 0)
        return openai_refuse(t, 400, "invalid_request_error", "max_tokens", "unsupported_parameter",
                             "'max_tokens' is not supported with this model; use 'max_completion_tokens'.");
    t->ask.output_max = llm_count(t->root, "max_completion_tokens", old);
    return 0;
}

static int read_request(struct chat *c)
{
    struct llm_turn *t = c->t;
    struct json messages = json_get(t->root, STR("messages")), message;
    size_t i = 0;
    int r = llm_tools(t, json_get(t->root, STR("tools")), "parameters");
    if (json_type(messages) != JSON_ARRAY || json_len(messages) == 0)
        return openai_refuse(t, 400, "invalid_request_error", "messages", "invalid_type",
                             "'messages' must be an array of at least one message.");
    for (struct json_iter it = json_each(messages); r == 0 && json_next(&it, NULL, &message);)
        r = read_message(t, message, i++);
    c->n = llm_count(t->root, "n", 1);
    if (r == 0 && (c->n < 1 || c->n > CHOICES_MAX))
        return openai_refuse(t, 400, "invalid_request_error", "n", "invalid_value", "'n' must be 1 to %d.",
                             CHOICES_MAX);
    openai_tool_choice(t, json_get(t->root, STR("tool_choice")));
    (void)json_bool(json_path(t->root, STR("stream_options.include_usage")), &c->wants_usage); /* absent: no */
    t->ask.reasoning = openai_reasoning(t, json_get(t->root, STR("reasoning_effort")));
    if (r == 0)
        r = read_max(t);
    return r ? r : read_format(t);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void put_usage(struct json_writer *w, const struct chat *c)
{
    const struct brain_said *s = &c->t->said;
    int64_t output = (s->output + s->reasoning) * c->n;
    jw_key(w, STR("usage"));
    jw_object(w);
    jw_put_i64(w, STR("prompt_tokens"), c->in.tokens);
    jw_put_i64(w, STR("completion_tokens"), output);
    jw_put_i64(w, STR("total_tokens"), c->in.tokens + output);
    jw_key(w, STR("prompt_tokens_details"));
    jw_object(w);
    jw_put_i64(w, STR("cached_tokens"), c->in.cached);
    jw_put_i64(w, STR("audio_tokens"), 0);
    jw_object_end(w);
    jw_key(w, STR("completion_tokens_details"));
    jw_object(w);
    jw_put_i64(w, STR("reasoning_tokens"), s->reasoning * c->n);
    jw_put_i64(w, STR("audio_tokens"), 0);
    jw_put_i64(w, STR("accepted_prediction_tokens"), 0);
    jw_put_i64(w, STR("rejected_prediction_tokens"), 0);
    jw_object_end(w);
    jw_object_end(w);
}

static struct str finish(const struct chat *c)
{
    const struct brain_said *s = &c->t->said;
    return s->tool ? STR("tool_calls") : s->is_cut ? STR("length") : STR("stop");
}

static void put_head(struct json_writer *w, struct chat *c, const char *object)
{
    struct llm_turn *t = c->t;
    jw_object(w);
    jw_put_str(w, STR("id"), llm_id(t, "chatcmpl-", 29, 0));
    jw_put_str(w, STR("object"), str_c(object));
    jw_put_i64(w, STR("created"), t->r->now / NS_PER_S);
    jw_put_str(w, STR("model"), t->served);
    jw_put_str(w, STR("service_tier"), STR("default"));
    jw_put_str(w, STR("system_fingerprint"), STR("fp_sandbox"));
}

/* `arguments` is all of it; empty where a stream begins. */
static void put_call(struct json_writer *w, struct chat *c, int64_t choice, struct str arguments, bool is_streamed)
{
    jw_key(w, STR("tool_calls"));
    jw_array(w);
    jw_object(w);
    if (is_streamed)
        jw_put_i64(w, STR("index"), 0);
    jw_put_str(w, STR("id"), llm_id(c->t, "call_", 24, (int)choice));
    jw_put_str(w, STR("type"), STR("function"));
    jw_key(w, STR("function"));
    jw_object(w);
    jw_put_str(w, STR("name"), c->t->said.tool->name);
    jw_put_str(w, STR("arguments"), arguments);
    jw_object_end(w);
    jw_object_end(w);
    jw_array_end(w);
}

static void put_choice(struct json_writer *w, struct chat *c, int64_t i)
{
    const struct brain_said *s = &c->t->said;
    jw_object(w);
    jw_put_i64(w, STR("index"), i);
    jw_key(w, STR("message"));
    jw_object(w);
    jw_put_str(w, STR("role"), STR("assistant"));
    if (s->tool)
        jw_put_null(w, STR("content"));
    else
        jw_put_str(w, STR("content"), s->text);
    if (s->tool)
        put_call(w, c, i, s->text, false);
    jw_put_null(w, STR("refusal"));
    jw_put_raw(w, STR("annotations"), STR("[]"));
    jw_object_end(w);
    jw_put_null(w, STR("logprobs"));
    jw_put_str(w, STR("finish_reason"), finish(c));
    jw_object_end(w);
}

static int reply_whole(struct chat *c)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    jw_init(&w, &b);
    put_head(&w, c, "chat.completion");
    jw_key(&w, STR("choices"));
    jw_array(&w);
    for (int64_t i = 0; i < c->n; i++)
        put_choice(&w, c, i);
    jw_array_end(&w);
    put_usage(&w, c);
    jw_object_end(&w);
    jw_end(&w);
    return llm_reply(c->t, 200, &b);
}

/* --- the same as a stream ----------------------------------------------------------------------------------------- */

/* A chunk up to its delta's members; chunk_end() closes it. */
static struct json_writer *chunk(struct llm_stream *st, struct chat *c, int64_t choice)
{
    llm_event(st, NULL);
    put_head(&st->w, c, "chat.completion.chunk");
    jw_key(&st->w, STR("choices"));
    jw_array(&st->w);
    jw_object(&st->w);
    jw_put_i64(&st->w, STR("index"), choice);
    jw_key(&st->w, STR("delta"));
    jw_object(&st->w);
    return &st->w;
}

static void chunk_end(struct llm_stream *st, const struct chat *c, struct str finish_reason)
{
    jw_object_end(&st->w);
    jw_put_null(&st->w, STR("logprobs"));
    jw_put_str_or_null(&st->w, STR("finish_reason"), finish_reason);
    jw_object_end(&st->w);
    jw_array_end(&st->w);
    if (c->wants_usage)
        jw_put_null(&st->w, STR("usage"));
    jw_object_end(&st->w);
    llm_event_end(st);
}

static void put_piece(struct json_writer *w, const struct chat *c, struct str piece)
{
    if (!c->t->said.tool) {
        jw_put_str(w, STR("content"), piece);
        return;
    }
    jw_key(w, STR("tool_calls"));
    jw_array(w);
    jw_object(w);
    jw_put_i64(w, STR("index"), 0);
    jw_key(w, STR("function"));
    jw_object(w);
    jw_put_str(w, STR("arguments"), piece);
    jw_object_end(w);
    jw_object_end(w);
    jw_array_end(w);
}

static void stream_choice(struct llm_stream *st, struct chat *c, int64_t i)
{
    const struct brain_said *s = &c->t->said;
    struct json_writer *w = chunk(st, c, i);
    jw_put_str(w, STR("role"), STR("assistant"));
    if (s->tool) {
        jw_put_null(w, STR("content"));
        put_call(w, c, i, STR(""), true);
    } else {
        jw_put_str(w, STR("content"), STR(""));
    }
    jw_put_null(w, STR("refusal"));
    chunk_end(st, c, STR_NONE);
    for (size_t k = 0; k < s->n_pieces; k++) {
        put_piece(chunk(st, c, i), c, s->pieces[k]);
        chunk_end(st, c, STR_NONE);
    }
    (void)chunk(st, c, i);
    chunk_end(st, c, finish(c));
}

static int reply_stream(struct chat *c)
{
    struct llm_stream st;
    llm_stream_begin(&st);
    for (int64_t i = 0; i < c->n; i++)
        stream_choice(&st, c, i);
    if (c->wants_usage) {
        llm_event(&st, NULL);
        put_head(&st.w, c, "chat.completion.chunk");
        jw_put_raw(&st.w, STR("choices"), STR("[]"));
        put_usage(&st.w, c);
        jw_object_end(&st.w);
        llm_event_end(&st);
    }
    llm_event_text(&st, "[DONE]");
    return llm_stream_reply(c->t, &st);
}

int openai_chat(struct llm_turn *t)
{
    struct chat c = {.t = t};
    int r = openai_begin(t);
    if (r == 0)
        r = read_request(&c);
    if (r == 0)
        r = llm_say(t);
    if (r)
        return r;
    c.in = openai_input(t);
    return t->is_stream ? reply_stream(&c) : reply_whole(&c);
}
