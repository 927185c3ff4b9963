/*
 * llm/meter.c - the way of an answer's bytes: in, through a reader of its shape, and on.
 *
 * Where no event may have to be hidden, a piece goes on as it came. Else whole events go on, and the bytes of one that
 * is not whole wait: a client can do nothing with them yet.
 */
#include "llm/meter_impl.h"

#include "base/check.h"

/* What a tree of JSON takes for each byte of text, by far (codec/json_read.h). */
#define SCRATCH_PER_BYTE 8

static const struct llm_reader *const readers[SHAPE_COUNT] = {
    [SHAPE_CHAT] = &llm_reader_chat,
    [SHAPE_RESPONSES] = &llm_reader_responses,
    [SHAPE_EMBEDDINGS] = &llm_reader_embeddings,
    [SHAPE_MESSAGES] = &llm_reader_messages,
    [SHAPE_COUNT_TOKENS] = &llm_reader_count_tokens,
};

struct llm_meter *llm_meter_new(const struct llm_call *call, const struct limits *limits, struct arena *a)
{
    check(call->shape < SHAPE_COUNT && readers[call->shape]);
    size_t event_bytes_max = (size_t)limits->llm_event_bytes_max;
    struct llm_meter *m = arena_alloc(a, sizeof(*m));
    *m = (struct llm_meter){.call = call,
                            .reader = readers[call->shape],
                            .arena = a,
                            .depth_max = limits->json_depth_max,
                            .hides_usage = call->shape == SHAPE_CHAT && !call->wants_usage,
                            .tier = call->tier};
    arena_init(&m->scratch, event_bytes_max * SCRATCH_PER_BYTE);
    sse_init(&m->sse, event_bytes_max);
    buf_init(&m->pass, SIZE_MAX / 2); /* never more than the piece and one event */
    counts_init(&m->counts);
    tool_calls_init(&m->tools, a);
    return m;
}

void llm_meter_free(struct llm_meter *m)
{
    if (!m)
        return;
    arena_deinit(&m->scratch);
    sse_deinit(&m->sse);
    buf_deinit(&m->pass);
    tool_calls_deinit(&m->tools);
}

/* What cannot be read may be output: it counts as such. */
static void pass_unread(struct llm_meter *m, struct str bytes)
{
    m->is_blind = true;
    m->output_bytes += (int64_t)bytes.n;
    m->is_output_now = m->is_output_now || bytes.n > 0;
}

static bool parse(struct llm_meter *m, struct str text, struct json *ret_root)
{
    struct json root;
    arena_reset(&m->scratch);
    if (json_parse(&m->scratch, text, m->depth_max, &root) < 0 || json_type(root) != JSON_OBJECT)
        return false;
    *ret_root = root;
    return true;
}

/* The chunk that OpenAI sends for include_usage: usage, and no choice that has anything. */
static bool is_usage_chunk(struct json root)
{
    struct json choices = json_get(root, STR("choices"));
    bool has_no_choice = json_type(choices) == JSON_NULL || (json_type(choices) == JSON_ARRAY && !json_len(choices));
    return has_no_choice && json_type(json_get(root, STR("usage"))) == JSON_OBJECT &&
           json_type(json_get(root, STR("error"))) == JSON_NONE;
}

/* True: the event goes on to the client. */
static bool take_event(struct llm_meter *m, const struct sse_event *e)
{
    struct json root;
    if (!e->has_data || !e->data.n)
        return true;
    if (str_starts(e->data, STR("[DONE]"))) {
        m->is_complete = true;
        return true;
    }
    if (!parse(m, e->data, &root)) {
        pass_unread(m, e->data);
        return true;
    }
    m->reader->event(m, root);
    return !m->hides_usage || !is_usage_chunk(root);
}

static void keep_to_pass(struct llm_meter *m, struct str bytes)
{
    int r = buf_add(&m->pass, bytes);
    check(r == 0); /* else the machine is out of memory */
}

void llm_meter_add(struct llm_meter *m, struct str bytes, struct str *ret_pass, bool *ret_is_first)
{
    struct sse_event e;
    struct str rest = bytes;
    enum sse_result r;
    buf_reset(&m->pass);
    m->is_output_now = false;
    while ((r = sse_next(&m->sse, &rest, &e)) != SSE_MORE) {
        bool goes_on = true;
        if (r == SSE_PART)
            pass_unread(m, e.raw);
        else
            goes_on = take_event(m, &e);
        if (m->hides_usage && goes_on)
            keep_to_pass(m, e.raw);
    }
    *ret_pass = m->hides_usage ? buf_str(&m->pass) : bytes;
    *ret_is_first = m->is_output_now && !m->is_output_seen;
    m->is_output_seen = m->is_output_seen || m->is_output_now;
}

struct str llm_meter_end(struct llm_meter *m)
{
    struct sse_event e;
    bool goes_on = sse_rest(&m->sse, &e) && take_event(m, &e);
    return m->hides_usage && goes_on ? e.raw : STR_NONE;
}

bool llm_meter_is_open(const struct llm_meter *m)
{
    return !m->hides_usage && sse_is_open(&m->sse);
}

void llm_meter_whole(struct llm_meter *m, uint16_t status, struct str body)
{
    struct json root;
    m->is_complete = true;
    m->is_refused = status >= 400;
    if (parse(m, body, &root))
        m->reader->body(m, root);
    else if (m->is_refused)
        m->is_blind = true;
    else
        pass_unread(m, body);
}
