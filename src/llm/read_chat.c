/*
 * llm/read_chat.c - chat completions, streamed and whole, and embeddings; OpenAI's and of those who speak its dialect.
 *
 * Usage stands beside the choices in any chunk: OpenAI's last one has no choices, others put it on the last content, on
 * every chunk, or (Groq, Moonshot) one level deeper.
 */
#include "llm/meter_impl.h"

#define GET(object, key) json_get(object, STR(key))

/* Without an index, an id begins a call, and what has none goes on with the last. */
static uint64_t place_of(struct llm_meter *m, uint64_t choice, struct json tool)
{
    uint64_t index = meter_index(GET(tool, "index"));
    if (json_type(GET(tool, "index")) != JSON_NUMBER)
        index = json_type(GET(tool, "id")) == JSON_STR || !m->tools.n ? m->tools.n : m->tools.n - 1;
    return choice << 32 | index;
}

static void read_tool(struct llm_meter *m, uint64_t choice, struct json tool)
{
    struct json function = GET(tool, "function"), custom = GET(tool, "custom");
    uint64_t place = place_of(m, choice, tool);
    if (json_type(custom) == JSON_OBJECT)
        meter_tool(m, place, GET(tool, "id"), GET(custom, "name"), GET(custom, "input"));
    else
        meter_tool(m, place, GET(tool, "id"), GET(function, "name"), GET(function, "arguments"));
}

/* A text, or a list of parts with one each. */
static void read_content(struct llm_meter *m, struct json content)
{
    struct json part;
    meter_output(m, content);
    if (json_type(content) == JSON_ARRAY)
        for (struct json_iter it = json_each(content); json_next(&it, NULL, &part);)
            meter_output(m, GET(part, "text"));
}

/* `message` is a whole one or the delta of one. */
static void read_message(struct llm_meter *m, uint64_t choice, struct json message)
{
    struct json tool, old = GET(message, "function_call"), audio = GET(message, "audio");
    read_content(m, GET(message, "content"));
    meter_output(m, GET(message, "refusal"));
    /* Two names of one thing; who sends both sends the same text twice. */
    meter_output(m, json_type(GET(message, "reasoning_content")) == JSON_STR ? GET(message, "reasoning_content")
                                                                             : GET(message, "reasoning"));
    meter_audio(m, GET(audio, "data"));
    meter_output(m, GET(audio, "transcript"));
    if (json_type(old) == JSON_OBJECT)
        meter_tool(m, choice << 32, JSON_ABSENT, GET(old, "name"), GET(old, "arguments"));
    if (json_type(GET(message, "tool_calls")) == JSON_ARRAY)
        for (struct json_iter it = json_each(GET(message, "tool_calls")); json_next(&it, NULL, &tool);)
            read_tool(m, choice, tool);
}

static void read_choice(struct llm_meter *m, struct json choice)
{
    uint64_t index = meter_index(GET(choice, "index"));
    struct json delta = GET(choice, "delta");
    read_message(m, index, json_type(delta) == JSON_OBJECT ? delta : GET(choice, "message"));
    note_text(&m->finish, GET(choice, "finish_reason"));
}

static void read_heading(struct llm_meter *m, struct json root)
{
    meter_text_once(&m->id, GET(root, "id"));
    meter_text_once(&m->model, GET(root, "model"));
    meter_tier(m, GET(root, "service_tier"));
    meter_error(m, GET(root, "error"));
}

static void read_usage(struct llm_meter *m, struct json root)
{
    meter_report(m, GET(GET(root, "x_groq"), "usage"), counts_openai_chat, true);
    meter_report(m, GET(json_at(GET(root, "choices"), 0), "usage"), counts_openai_chat, true);
    meter_report(m, GET(root, "usage"), counts_openai_chat, true);
}

static void read_completion(struct llm_meter *m, struct json root)
{
    struct json choice;
    read_heading(m, root);
    if (json_type(GET(root, "choices")) == JSON_ARRAY)
        for (struct json_iter it = json_each(GET(root, "choices")); json_next(&it, NULL, &choice);)
            read_choice(m, choice);
    read_usage(m, root); /* after the text that it counts */
}

static void chat_event(struct llm_meter *m, struct json root)
{
    read_completion(m, root);
    m->is_complete = m->is_complete || m->error.n > 0; /* nothing comes after an error */
}

static void embeddings_body(struct llm_meter *m, struct json root)
{
    read_heading(m, root);
    read_usage(m, root);
    m->counts.n[COUNT_OUTPUT] = 0; /* there is none, and mostly it does not say so */
    m->is_reported = counts_has(&m->counts, COUNT_INPUT);
}

const struct llm_reader llm_reader_chat = {chat_event, read_completion, glance_chat};
const struct llm_reader llm_reader_embeddings = {embeddings_body, embeddings_body};
