/*
 * llm/read_messages.c - Anthropic's messages, streamed and whole, and token counts.
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming
 *
 * A stream says its input at the start and its output at the end, in counts that replace those before. Tools that the
 * vendor runs (server_tool_use, mcp_tool_use) are no calls of the client.
 */
#include "llm/meter_impl.h"

#define GET(object, key) json_get(object, STR(key))

/* What else the price depends on: fast mode is a tier of its own, whatever the tier of service. */
static void read_terms(struct llm_meter *m, struct json usage)
{
    struct json geo = GET(usage, "inference_geo"), speed = GET(usage, "speed");
    bool was_fast = m->tier == TIER_FAST; /* asked for, or said before */
    meter_tier(m, GET(usage, "service_tier"));
    if (meter_is(speed, STR("fast")) || (was_fast && !meter_is(speed, STR("standard"))))
        m->tier = TIER_FAST;
    else if (was_fast && m->tier == TIER_FAST)
        m->tier = TIER_STANDARD;
    if (json_type(geo) == JSON_STR)
        m->is_us_inference = meter_is(geo, STR("us"));
}

static void read_heading(struct llm_meter *m, struct json message)
{
    meter_text_once(&m->id, GET(message, "id"));
    meter_text_once(&m->model, GET(message, "model"));
    note_text(&m->finish, GET(message, "stop_reason"));
    read_terms(m, GET(message, "usage"));
}

/*
 * What was sampled beside the message itself, such as a summary of a context that had grown too long, is billed and not
 * in the totals. Another model may have done it; its tokens are counted at this one's price, and the answer is blind.
 * https://platform.claude.com/docs/en/build-with-claude/compaction
 */
static void read_iterations(struct llm_meter *m, struct json list)
{
    struct json one;
    if (json_type(list) != JSON_ARRAY)
        return;
    m->beside = (struct counts){.n = {0}};
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);) {
        struct json type = GET(one, "type");
        if (json_type(type) != JSON_STR || meter_is(type, STR("message")))
            continue;
        if (!counts_add(&m->beside, one, counts_anthropic) || json_type(GET(one, "model")) == JSON_STR)
            m->is_blind = true;
    }
}

static void read_usage(struct llm_meter *m, struct json usage, bool is_last)
{
    read_iterations(m, GET(usage, "iterations"));
    meter_report(m, usage, counts_anthropic, is_last);
}

/* Until the vendor says how often it searched. */
static void count_search(struct llm_meter *m, struct json block)
{
    int64_t *n = &m->counts.n[COUNT_WEB_SEARCHES];
    if (meter_is(GET(block, "type"), STR("server_tool_use")) && meter_is(GET(block, "name"), STR("web_search")))
        *n = *n > 0 ? *n + 1 : 1;
}

/* A block of content: whole, or as it begins in a stream. */
static void read_block(struct llm_meter *m, uint64_t place, struct json block)
{
    meter_output(m, GET(block, "text"));
    meter_output(m, GET(block, "thinking"));
    count_search(m, block);
    if (meter_is(GET(block, "type"), STR("tool_use"))) {
        struct json input = GET(block, "input");
        bool is_empty = json_type(input) == JSON_OBJECT && !json_len(input); /* of a stream: it comes in pieces */
        meter_tool(m, place, GET(block, "id"), GET(block, "name"), is_empty ? JSON_ABSENT : input);
    }
}

static void read_delta(struct llm_meter *m, uint64_t place, struct json delta)
{
    struct json args = GET(delta, "partial_json");
    meter_output(m, GET(delta, "text"));
    meter_output(m, GET(delta, "thinking"));
    if (tool_calls_at(&m->tools, place))
        meter_tool(m, place, JSON_ABSENT, JSON_ABSENT, args);
    else
        meter_output(m, args); /* what the model says to a tool of the vendor */
}

/* A call without arguments has none in pieces either. */
static void end_block(struct llm_meter *m, uint64_t place)
{
    struct tool_call_build *call = tool_calls_at(&m->tools, place);
    if (call && !call->args.n && !call->is_cut)
        tool_calls_set_args(&m->tools, call, STR("{}"));
}

static void messages_event(struct llm_meter *m, struct json root)
{
    struct json type = GET(root, "type"), message = GET(root, "message");
    uint64_t place = meter_index(GET(root, "index"));
    if (meter_is(type, STR("message_start"))) {
        read_heading(m, message);
        read_usage(m, GET(message, "usage"), false);
    } else if (meter_is(type, STR("content_block_start"))) {
        read_block(m, place, GET(root, "content_block"));
    } else if (meter_is(type, STR("content_block_delta"))) {
        read_delta(m, place, GET(root, "delta"));
    } else if (meter_is(type, STR("content_block_stop"))) {
        end_block(m, place);
    } else if (meter_is(type, STR("message_delta"))) {
        note_text(&m->finish, json_path(root, STR("delta.stop_reason")));
        read_usage(m, GET(root, "usage"), true);
    } else if (meter_is(type, STR("message_stop"))) {
        m->is_complete = true;
    } else if (meter_is(type, STR("error"))) {
        meter_error(m, GET(root, "error"));
        m->is_complete = true;
    }
}

static void messages_body(struct llm_meter *m, struct json root)
{
    uint64_t place = 0;
    struct json block;
    read_heading(m, root);
    meter_error(m, GET(root, "error"));
    if (json_type(GET(root, "content")) == JSON_ARRAY)
        for (struct json_iter it = json_each(GET(root, "content")); json_next(&it, NULL, &block); place++) {
            read_block(m, place, block);
            end_block(m, place);
        }
    read_usage(m, GET(root, "usage"), true);
}

/* Counting tokens is free: what the body says is no usage. */
static void count_tokens_body(struct llm_meter *m, struct json root)
{
    meter_error(m, GET(root, "error"));
    for (size_t i = 0; i < COUNT_COUNT; i++)
        m->counts.n[i] = 0;
    m->is_reported = true;
}

const struct llm_reader llm_reader_messages = {messages_event, messages_body, glance_messages};
const struct llm_reader llm_reader_count_tokens = {count_tokens_body, count_tokens_body};
