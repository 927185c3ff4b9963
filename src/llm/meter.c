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

#define NULL_USAGE STR(",\"usage\":null")

static const struct llm_reader *const readers[SHAPE_COUNT] = {
    [SHAPE_CHAT] = &llm_reader_chat,
    [SHAPE_RESPONSES] = &llm_reader_responses,
    [SHAPE_EMBEDDINGS] = &llm_reader_embeddings,
    [SHAPE_MESSAGES] = &llm_reader_messages,
    [SHAPE_COUNT_TOKENS] = &llm_reader_count_tokens,
};

static bool was_asked_by_us(const struct llm_call *c)
{
    for (size_t i = 0; i < c->n_edits; i++)
        if (c->edits[i].kind == LLM_EDIT_USAGE)
            return true;
    return false;
}

struct llm_meter *llm_meter_new(const struct llm_call *call, const struct limits *limits, struct arena *a)
{
    check(call->shape < SHAPE_COUNT && readers[call->shape]);
    size_t event_bytes_max = (size_t)limits->llm_event_bytes_max;
    struct llm_meter *m = arena_alloc(a, sizeof(*m));
    *m = (struct llm_meter){.call = call,
                            .reader = readers[call->shape],
                            .arena = a,
                            .drops_null = was_asked_by_us(call),
                            .depth_max = limits->json_depth_max,
                            .hides_usage = call->shape == SHAPE_CHAT && !call->wants_usage,
                            .tier = call->tier,
                            .is_us_inference = call->is_us_inference};
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

/*
 * The place of `,"usage":null` in an event whose usage is null. The quotes are not escaped, so it is a member and no
 * text; where it stands twice, one of them is not the chunk's own, and both stay.
 */
static bool find_null_usage(struct str raw, size_t *ret_at)
{
    size_t at, again;
    if (!str_find(raw, NULL_USAGE, &at) ||
        str_find(str_sub(raw, at + NULL_USAGE.n, SIZE_MAX), NULL_USAGE, &again))
        return false;
    *ret_at = at;
    return true;
}

/* Behind the events that say what answers, most only bring more text. */
static bool glance(struct llm_meter *m, struct str data)
{
    struct glance g;
    if (!m->reader->glance || !m->id.n || !m->model.n)
        return false;
    if (!m->repeat || !repeat_match(m->repeat, data, &g)) {
        arena_reset(&m->scratch);
        if (!m->reader->glance(data, m->depth_max, &m->scratch, &g))
            return false;
        if (!m->repeat)
            m->repeat = arena_alloc(m->arena, sizeof(*m->repeat));
        repeat_learn(m->repeat, data, &g);
    }
    meter_output_bytes(m, g.text_bytes);
    m->has_null_usage = g.has_null_usage;
    return true;
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
    if (glance(m, e->data))
        return true;
    if (!parse(m, e->data, &root)) {
        pass_unread(m, e->data);
        return true;
    }
    m->reader->event(m, root);
    m->has_null_usage = json_type(json_get(root, STR("usage"))) == JSON_NULL;
    return !m->hides_usage || !is_usage_chunk(root);
}

static void keep_to_pass(struct llm_meter *m, struct str bytes)
{
    int r = buf_add(&m->pass, bytes);
    check(r == 0); /* else the machine is out of memory */
}

static void keep_event(struct llm_meter *m, struct str raw)
{
    size_t at;
    if (m->drops_null && m->has_null_usage && find_null_usage(raw, &at)) {
        keep_to_pass(m, str_sub(raw, 0, at));
        raw = str_sub(raw, at + NULL_USAGE.n, SIZE_MAX);
    }
    keep_to_pass(m, raw);
}

void llm_meter_add(struct llm_meter *m, struct str bytes, struct str *ret_pass, bool *ret_is_first)
{
    struct sse_event e;
    struct str rest = bytes;
    enum sse_result r;
    buf_reset(&m->pass);
    if (m->hides_usage)
        (void)buf_reserve(&m->pass, bytes.n); /* at once; without memory, keep_to_pass finds out */
    m->is_output_now = false;
    while ((r = sse_next(&m->sse, &rest, &e)) != SSE_MORE) {
        bool goes_on = true;
        m->has_null_usage = false;
        if (r == SSE_PART)
            pass_unread(m, e.raw);
        else
            goes_on = take_event(m, &e);
        if (m->hides_usage && goes_on)
            keep_event(m, e.raw);
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
