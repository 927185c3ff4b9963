/*
 * llm/read_responses.c - OpenAI's responses, streamed and whole.
 *
 * The last event of a stream holds the whole response once more. A response that is answered later (background) has no
 * usage yet.
 */
#include "llm/meter_impl.h"

#define GET(object, key) json_get(object, STR(key))

static bool is_over(struct json response)
{
    struct json status = GET(response, "status");
    return !meter_is(status, STR("queued")) && !meter_is(status, STR("in_progress"));
}

static void read_heading(struct llm_meter *m, struct json response)
{
    meter_text_once(&m->id, GET(response, "id"));
    meter_text_once(&m->model, GET(response, "model"));
    meter_tier(m, GET(response, "service_tier"));
}

/* ---- items of the output ---- */

static void read_tool(struct llm_meter *m, uint64_t place, struct json item)
{
    bool is_custom = meter_is(GET(item, "type"), STR("custom_tool_call"));
    if (!is_custom && !meter_is(GET(item, "type"), STR("function_call")))
        return;
    meter_tool(m, place, GET(item, "call_id"), GET(item, "name"), JSON_ABSENT);
    meter_tool_args(m, place, is_custom ? GET(item, "input") : GET(item, "arguments"));
}

/* Opening a page and looking for text in it are not billed. */
static bool is_search(struct json item)
{
    struct json action = json_path(item, STR("action.type"));
    return meter_is(GET(item, "type"), STR("web_search_call")) &&
           (json_type(action) != JSON_STR || meter_is(action, STR("search")));
}

static void read_items(struct llm_meter *m, struct json output)
{
    uint64_t place = 0;
    int64_t n_searches = 0;
    struct json item;
    if (json_type(output) != JSON_ARRAY || !json_len(output))
        return;
    for (struct json_iter it = json_each(output); json_next(&it, NULL, &item); place++) {
        read_tool(m, place, item);
        n_searches += is_search(item);
    }
    m->counts.n[COUNT_WEB_SEARCHES] = n_searches;
}

static void read_texts(struct llm_meter *m, struct json parts)
{
    struct json part;
    for (struct json_iter it = json_each(parts); json_next(&it, NULL, &part);) {
        meter_output(m, GET(part, "text"));
        meter_output(m, GET(part, "refusal"));
    }
}

static void read_end(struct llm_meter *m, struct json response)
{
    read_heading(m, response);
    note_text(&m->finish, GET(response, "status"));
    note_text(&m->finish, json_path(response, STR("incomplete_details.reason")));
    meter_error(m, GET(response, "error"));
    read_items(m, GET(response, "output"));
    meter_report(m, GET(response, "usage"), counts_openai_responses, true);
}

/* ---- events ---- */

static void read_delta(struct llm_meter *m, struct str type, struct json root)
{
    struct json delta = GET(root, "delta");
    uint64_t place = meter_index(GET(root, "output_index"));
    bool is_args = str_eq(type, STR("response.function_call_arguments.delta")) ||
                   str_eq(type, STR("response.custom_tool_call_input.delta"));
    if (is_args)
        meter_tool(m, place, JSON_ABSENT, JSON_ABSENT, delta);
    else if (str_eq(type, STR("response.audio.delta")))
        meter_audio(m, delta);
    else
        meter_output(m, delta);
}

static void read_item_event(struct llm_meter *m, struct json root, bool is_done)
{
    struct json item = GET(root, "item");
    read_tool(m, meter_index(GET(root, "output_index")), item);
    if (is_done && is_search(item))
        m->counts.n[COUNT_WEB_SEARCHES] = counts_has(&m->counts, COUNT_WEB_SEARCHES)
                                              ? m->counts.n[COUNT_WEB_SEARCHES] + 1
                                              : 1;
}

static void read_response_event(struct llm_meter *m, struct json root)
{
    struct json response = GET(root, "response");
    read_heading(m, response);
    if (json_type(response) != JSON_OBJECT || !is_over(response))
        return;
    read_end(m, response);
    m->is_complete = true;
}

static void responses_event(struct llm_meter *m, struct json root)
{
    struct str type = STR_NONE;
    uint64_t place = meter_index(GET(root, "output_index"));
    (void)json_str(GET(root, "type"), &type); /* without a type it is none of these */
    if (str_ends(type, STR(".delta"))) {
        read_delta(m, type, root);
    } else if (str_eq(type, STR("response.output_item.added"))) {
        read_item_event(m, root, false);
    } else if (str_eq(type, STR("response.output_item.done"))) {
        read_item_event(m, root, true);
    } else if (str_eq(type, STR("response.function_call_arguments.done"))) {
        meter_tool_args(m, place, GET(root, "arguments"));
    } else if (str_eq(type, STR("response.custom_tool_call_input.done"))) {
        meter_tool_args(m, place, GET(root, "input"));
    } else if (str_eq(type, STR("error")) || json_type(GET(root, "error")) == JSON_OBJECT) {
        meter_error(m, json_type(GET(root, "error")) == JSON_OBJECT ? GET(root, "error") : GET(root, "code"));
        m->is_complete = true;
    } else {
        read_response_event(m, root);
    }
}

static void responses_body(struct llm_meter *m, struct json root)
{
    struct json item;
    struct json output = GET(root, "output");
    if (json_type(output) == JSON_ARRAY)
        for (struct json_iter it = json_each(output); json_next(&it, NULL, &item);) {
            read_texts(m, GET(item, "content"));
            read_texts(m, GET(item, "summary"));
        }
    read_heading(m, root);
    meter_error(m, GET(root, "error"));
    if (is_over(root))
        read_end(m, root);
}

const struct llm_reader llm_reader_responses = {responses_event, responses_body, glance_responses};
