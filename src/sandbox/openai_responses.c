/*
 * sandbox/openai_responses.c - responses of the simulated OpenAI, whole and as a stream.
 * https://platform.openai.com/docs/api-reference/responses
 *
 * Nothing is kept: `previous_response_id` is repeated and not looked up, so a conversation is what `input` says.
 */
#include "base/err.h"
#include "sandbox/llm_impl.h"

struct response {
    struct llm_turn *t;
    struct openai_input in;
    struct llm_stream *st; /* NULL: whole */
};

/* --- the request -------------------------------------------------------------------------------------------------- */

static void read_item(struct llm_turn *t, struct json item)
{
    struct str type = STR_NONE, role = STR_NONE, text;
    (void)json_str(json_get(item, STR("type")), &type); /* messages may have none */
    (void)json_str(json_get(item, STR("role")), &role);
    llm_prompt_add(t, item);
    if (json_str(json_get(item, STR("arguments")), &text))
        (void)buf_add(&t->prompt, text); /* llm_say() looks */
    if (str_eq(role, STR("user"))) {
        t->ask.user = llm_text(t, json_get(item, STR("content")));
        t->ask.result = STR_NONE;
    }
    if (str_eq(type, STR("function_call_output")))
        t->ask.result = llm_text(t, json_get(item, STR("output")));
}

static int read_format(struct llm_turn *t)
{
    struct json format = json_path(t->root, STR("text.format"));
    struct str type = STR_NONE;
    (void)json_str(json_get(format, STR("type")), &type); /* absent: text */
    if (str_eq(type, STR("json_schema")))
        t->ask.answer_schema = json_get(format, STR("schema"));
    if (str_eq(type, STR("json_object")))
        return json_parse(t->a, STR("{\"properties\":{\"answer\":{\"type\":\"string\"}},\"required\":[\"answer\"]}"), 8,
                          &t->ask.answer_schema);
    return 0;
}

static int read_request(struct llm_turn *t)
{
    struct json input = json_get(t->root, STR("input")), item;
    int r = llm_tools(t, json_get(t->root, STR("tools")), "parameters");
    if (json_type(input) != JSON_STR && json_len(input) == 0)
        return openai_refuse(t, 400, "invalid_request_error", "input", "missing_required_parameter",
                             "Missing required parameter: 'input'.");
    llm_prompt_add(t, json_get(t->root, STR("instructions")));
    if (json_str(input, &t->ask.user))
        llm_prompt_add(t, input);
    for (struct json_iter it = json_each(input); json_type(input) == JSON_ARRAY && json_next(&it, NULL, &item);)
        read_item(t, item);
    openai_tool_choice(t, json_get(t->root, STR("tool_choice")));
    t->ask.output_max = llm_count(t->root, "max_output_tokens", -1);
    t->ask.reasoning = openai_reasoning(t, json_path(t->root, STR("reasoning.effort")));
    return r ? r : read_format(t);
}

/* --- parts of the answer ------------------------------------------------------------------------------------------ */

enum stage { BEGUN, DONE };

static void put_part(struct json_writer *w, struct str text)
{
    jw_object(w);
    jw_put_str(w, STR("type"), STR("output_text"));
    jw_put_raw(w, STR("annotations"), STR("[]"));
    jw_put_raw(w, STR("logprobs"), STR("[]"));
    jw_put_str(w, STR("text"), text);
    jw_object_end(w);
}

static struct str item_id(struct response *p) { return llm_id(p->t, p->t->said.tool ? "fc_" : "msg_", 48, 0); }

static const char *item_status(const struct response *p, enum stage s)
{
    return s == BEGUN ? "in_progress" : p->t->said.is_cut ? "incomplete" : "completed";
}

static void put_reasoning(struct json_writer *w, struct response *p)
{
    jw_object(w);
    jw_put_str(w, STR("id"), llm_id(p->t, "rs_", 48, 0));
    jw_put_str(w, STR("type"), STR("reasoning"));
    jw_put_raw(w, STR("summary"), STR("[]"));
    jw_object_end(w);
}

static void put_item(struct json_writer *w, struct response *p, enum stage s)
{
    const struct brain_said *said = &p->t->said;
    jw_object(w);
    jw_put_str(w, STR("id"), item_id(p));
    jw_put_str(w, STR("type"), said->tool ? STR("function_call") : STR("message"));
    jw_put_str(w, STR("status"), str_c(item_status(p, s)));
    if (said->tool) {
        jw_put_str(w, STR("arguments"), s == DONE ? said->text : STR(""));
        jw_put_str(w, STR("call_id"), llm_id(p->t, "call_", 24, 0));
        jw_put_str(w, STR("name"), said->tool->name);
    } else {
        jw_key(w, STR("content"));
        jw_array(w);
        if (s == DONE)
            put_part(w, said->text);
        jw_array_end(w);
        jw_put_str(w, STR("role"), STR("assistant"));
    }
    jw_object_end(w);
}

static void put_usage(struct json_writer *w, const struct response *p)
{
    const struct brain_said *s = &p->t->said;
    jw_object(w);
    jw_put_i64(w, STR("input_tokens"), p->in.tokens);
    jw_key(w, STR("input_tokens_details"));
    jw_object(w);
    jw_put_i64(w, STR("cached_tokens"), p->in.cached);
    jw_object_end(w);
    jw_put_i64(w, STR("output_tokens"), s->output + s->reasoning);
    jw_key(w, STR("output_tokens_details"));
    jw_object(w);
    jw_put_i64(w, STR("reasoning_tokens"), s->reasoning);
    jw_object_end(w);
    jw_put_i64(w, STR("total_tokens"), p->in.tokens + s->output + s->reasoning);
    jw_object_end(w);
}

/* What the request said, or null. */
static void put_asked(struct json_writer *w, const struct llm_turn *t, const char *name, const char *otherwise)
{
    struct json v = json_get(t->root, str_c(name));
    jw_key(w, str_c(name));
    if (json_type(v) == JSON_NONE)
        jw_raw(w, str_c(otherwise));
    else
        jw_json(w, v);
}

static void put_output(struct json_writer *w, struct response *p, enum stage s)
{
    jw_key(w, STR("output"));
    jw_array(w);
    if (s == DONE && p->t->said.reasoning)
        put_reasoning(w, p);
    if (s == DONE && (p->t->said.tool || p->t->said.n_pieces || !p->t->said.reasoning))
        put_item(w, p, s);
    jw_array_end(w);
}

static void put_response(struct json_writer *w, struct response *p, enum stage s)
{
    struct llm_turn *t = p->t;
    bool is_cut = s == DONE && t->said.is_cut;
    jw_object(w);
    jw_put_str(w, STR("id"), llm_id(t, "resp_", 48, 0));
    jw_put_str(w, STR("object"), STR("response"));
    jw_put_i64(w, STR("created_at"), t->r->now / NS_PER_S);
    jw_put_str(w, STR("status"), str_c(item_status(p, s)));
    jw_put_bool(w, STR("background"), false);
    jw_put_null(w, STR("error"));
    jw_put_raw(w, STR("incomplete_details"), is_cut ? STR("{\"reason\":\"max_output_tokens\"}") : STR("null"));
    put_asked(w, t, "instructions", "null");
    put_asked(w, t, "max_output_tokens", "null");
    jw_put_str(w, STR("model"), t->served);
    put_output(w, p, s);
    put_asked(w, t, "parallel_tool_calls", "true");
    put_asked(w, t, "previous_response_id", "null");
    put_asked(w, t, "reasoning", "{\"effort\":null,\"summary\":null}");
    jw_put_str(w, STR("service_tier"), STR("default"));
    put_asked(w, t, "store", "true");
    put_asked(w, t, "temperature", "1.0");
    put_asked(w, t, "text", "{\"format\":{\"type\":\"text\"}}");
    put_asked(w, t, "tool_choice", "\"auto\"");
    put_asked(w, t, "tools", "[]");
    put_asked(w, t, "top_p", "1.0");
    put_asked(w, t, "truncation", "\"disabled\"");
    jw_key(w, STR("usage"));
    if (s == DONE)
        put_usage(w, p);
    else
        jw_null(w);
    put_asked(w, t, "user", "null");
    put_asked(w, t, "metadata", "{}");
    jw_object_end(w);
}

static int reply_whole(struct response *p)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    jw_init(&w, &b);
    put_response(&w, p, DONE);
    jw_end(&w);
    return llm_reply(p->t, 200, &b);
}

/* --- the same as a stream ----------------------------------------------------------------------------------------- */

/* Each event says its type twice, and which one it is. event_end() closes it. */
static struct json_writer *event(struct response *p, const char *type)
{
    struct json_writer *w = &p->st->w;
    llm_event(p->st, type);
    jw_object(w);
    jw_put_str(w, STR("type"), str_c(type));
    jw_put_i64(w, STR("sequence_number"), p->st->sequence++);
    return w;
}

static void event_end(struct response *p)
{
    jw_object_end(&p->st->w);
    llm_event_end(p->st);
}

static void say_response(struct response *p, const char *type, enum stage s)
{
    struct json_writer *w = event(p, type);
    jw_key(w, STR("response"));
    put_response(w, p, s);
    event_end(p);
}

static void say_item(struct response *p, int64_t at, enum stage s)
{
    struct json_writer *w = event(p, s == BEGUN ? "response.output_item.added" : "response.output_item.done");
    jw_put_i64(w, STR("output_index"), at);
    jw_key(w, STR("item"));
    put_item(w, p, s);
    event_end(p);
}

static void say_reasoning(struct response *p)
{
    static const char *const types[] = {"response.output_item.added", "response.output_item.done"};
    for (int i = 0; i < 2; i++) {
        struct json_writer *w = event(p, types[i]);
        jw_put_i64(w, STR("output_index"), 0);
        jw_key(w, STR("item"));
        put_reasoning(w, p);
        event_end(p);
    }
}

/* An event about a part of the item: where it stands, and one text more. */
static void say_text(struct response *p, const char *type, int64_t at, const char *member, struct str text)
{
    bool is_tool = p->t->said.tool != NULL;
    struct json_writer *w = event(p, type);
    jw_put_str(w, STR("item_id"), item_id(p));
    jw_put_i64(w, STR("output_index"), at);
    if (!is_tool)
        jw_put_i64(w, STR("content_index"), 0);
    jw_put_str(w, str_c(member), text);
    if (!is_tool)
        jw_put_raw(w, STR("logprobs"), STR("[]"));
    event_end(p);
}

static void say_part(struct response *p, const char *type, int64_t at, struct str text)
{
    struct json_writer *w = event(p, type);
    jw_put_str(w, STR("item_id"), item_id(p));
    jw_put_i64(w, STR("output_index"), at);
    jw_put_i64(w, STR("content_index"), 0);
    jw_key(w, STR("part"));
    put_part(w, text);
    event_end(p);
}

static void say_pieces(struct response *p, int64_t at)
{
    const struct brain_said *s = &p->t->said;
    const char *delta = s->tool ? "response.function_call_arguments.delta" : "response.output_text.delta";
    say_item(p, at, BEGUN);
    if (!s->tool)
        say_part(p, "response.content_part.added", at, STR(""));
    for (size_t i = 0; i < s->n_pieces; i++)
        say_text(p, delta, at, "delta", s->pieces[i]);
    if (s->tool) {
        say_text(p, "response.function_call_arguments.done", at, "arguments", s->text);
    } else {
        say_text(p, "response.output_text.done", at, "text", s->text);
        say_part(p, "response.content_part.done", at, s->text);
    }
    say_item(p, at, DONE);
}

static int reply_stream(struct response *p)
{
    const struct brain_said *s = &p->t->said;
    struct llm_stream st;
    llm_stream_begin(&st);
    p->st = &st;
    say_response(p, "response.created", BEGUN);
    say_response(p, "response.in_progress", BEGUN);
    if (s->reasoning)
        say_reasoning(p);
    if (s->tool || s->n_pieces || !s->reasoning)
        say_pieces(p, s->reasoning ? 1 : 0);
    say_response(p, s->is_cut ? "response.incomplete" : "response.completed", DONE);
    return llm_stream_reply(p->t, &st);
}

int openai_responses(struct llm_turn *t)
{
    struct response p = {.t = t};
    int r = openai_begin(t);
    if (r == 0)
        r = read_request(t);
    if (r == 0)
        r = llm_say(t);
    if (r)
        return r;
    p.in = openai_input(t);
    return t->is_stream ? reply_stream(&p) : reply_whole(&p);
}
