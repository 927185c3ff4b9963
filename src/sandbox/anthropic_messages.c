/*
 * sandbox/anthropic_messages.c - messages of the simulated Anthropic, whole and as a stream, and their count alone.
 * https://docs.anthropic.com/en/api/messages
 */
#include "base/err.h"
#include "sandbox/llm_impl.h"

#define IMAGE_TOKENS 1600
#define MESSAGE_TOKENS 4
#define THINKING_TOKENS 160 /* as long as the budget allows it */
#define THOUGHT "I look at what was said, and whether a tool answers it."
#define SIGNATURE "c2FuZGJveA=="

struct message {
    struct llm_turn *t;
    size_t marked;                /* bytes of the prompt up to the last cache mark; 0: none */
    bool is_long_kept;            /* the mark asks for an hour */
    int64_t input, read, written; /* tokens, apart from each other */
    struct llm_stream *st;
};

/* --- the request -------------------------------------------------------------------------------------------------- */

static void note_mark(struct message *m, struct json part)
{
    struct json mark = json_get(part, STR("cache_control"));
    struct str ttl = STR_NONE;
    if (json_type(mark) != JSON_OBJECT)
        return;
    (void)json_str(json_get(mark, STR("ttl")), &ttl); /* absent: five minutes */
    m->marked = m->t->prompt.n;
    m->is_long_kept = str_eq(ttl, STR("1h"));
}

/* A system prompt or a message's content: a text, or blocks. */
static void read_content(struct message *m, struct json content)
{
    struct json block;
    if (json_type(content) != JSON_ARRAY) {
        llm_prompt_add(m->t, content);
        return;
    }
    for (struct json_iter it = json_each(content); json_next(&it, NULL, &block);) {
        struct json input = json_get(block, STR("input"));
        struct json_writer w;
        llm_prompt_add(m->t, block);
        if (json_type(input) == JSON_OBJECT) { /* a tool's use */
            jw_init(&w, &m->t->prompt);
            jw_json(&w, input);
        }
        note_mark(m, block);
    }
}

/* The text of blocks of one type; results stand in messages of the user, perhaps beside a text. */
static void read_user(struct llm_turn *t, struct json content)
{
    struct json block;
    struct str type;
    bool has_result = false;
    for (struct json_iter it = json_each(content); json_type(content) == JSON_ARRAY && json_next(&it, NULL, &block);) {
        if (!json_str(json_get(block, STR("type")), &type) || !str_eq(type, STR("tool_result")))
            continue;
        t->ask.result = llm_text(t, json_get(block, STR("content")));
        has_result = true;
    }
    if (has_result)
        return;
    t->ask.user = llm_text(t, content);
    t->ask.result = STR_NONE;
}

static int read_message(struct message *m, struct json message, size_t i)
{
    struct llm_turn *t = m->t;
    struct json content = json_get(message, STR("content"));
    struct str role = STR_NONE;
    (void)json_str(json_get(message, STR("role")), &role); /* refused below */
    if (!str_eq(role, STR("user")) && !str_eq(role, STR("assistant")))
        return anthropic_refuse(t, 400, "invalid_request_error",
                                "messages.%zu.role: Input should be 'user' or 'assistant'", i);
    if (json_type(content) != JSON_STR && json_type(content) != JSON_ARRAY)
        return anthropic_refuse(t, 400, "invalid_request_error", "messages.%zu.content: Field required", i);
    read_content(m, content);
    if (str_eq(role, STR("user")))
        read_user(t, content);
    return 0;
}

static void read_tools(struct message *m)
{
    struct json choice = json_get(m->t->root, STR("tool_choice"));
    struct json tools = json_get(m->t->root, STR("tools"));
    struct str type = STR_NONE;
    (void)llm_tools(m->t, tools, "input_schema"); /* llm_say() looks */
    if (json_len(tools))
        note_mark(m, json_at(tools, json_len(tools) - 1));
    (void)json_str(json_get(choice, STR("type")), &type); /* absent: auto */
    if (str_eq(type, STR("none")))
        m->t->ask.n_tools = 0;
    (void)json_str(json_get(choice, STR("name")), &m->t->ask.tool); /* absent: any */
}

static void read_thinking(struct llm_turn *t)
{
    struct json thinking = json_get(t->root, STR("thinking"));
    struct str type = STR_NONE;
    (void)json_str(json_get(thinking, STR("type")), &type); /* absent: it does not think */
    int64_t budget = llm_count(thinking, "budget_tokens", THINKING_TOKENS);
    if (str_eq(type, STR("enabled")) || str_eq(type, STR("adaptive")))
        t->ask.reasoning = budget < THINKING_TOKENS ? budget : THINKING_TOKENS;
}

static int read_request(struct message *m)
{
    struct llm_turn *t = m->t;
    struct json messages = json_get(t->root, STR("messages")), message;
    size_t i = 0;
    int r = 0;
    if (json_type(messages) != JSON_ARRAY || json_len(messages) == 0)
        return anthropic_refuse(t, 400, "invalid_request_error", "messages: at least one message is required");
    read_tools(m);
    read_content(m, json_get(t->root, STR("system")));
    for (struct json_iter it = json_each(messages); r == 0 && json_next(&it, NULL, &message);)
        r = read_message(m, message, i++);
    read_thinking(t);
    return r;
}

/* Only what stands before a mark is cached: read where it was seen, written where it was not. */
static void count_input(struct message *m)
{
    struct llm_turn *t = m->t;
    struct str marked = str_sub(buf_str(&t->prompt), 0, m->marked);
    int64_t keep_ns = (m->is_long_kept ? 3600 : 300) * NS_PER_S, kept = brain_tokens(marked.n);
    m->input = brain_tokens(t->prompt.n) + MESSAGE_TOKENS + t->n_images * IMAGE_TOKENS;
    if (kept < PROMPT_CACHED_TOKENS_MIN)
        return;
    m->read = prompt_cache_see(&t->s->cache, t->served, marked, t->r->now, keep_ns);
    if (kept - m->read < PROMPT_BLOCK_TOKENS)
        m->read = kept; /* all of its blocks: what is left is shorter than one */
    m->written = kept - m->read;
    m->input -= kept;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static struct str stop_reason(const struct message *m)
{
    const struct brain_said *s = &m->t->said;
    return s->tool ? STR("tool_use") : s->is_cut ? STR("max_tokens") : STR("end_turn");
}

static void put_input(struct json_writer *w, const struct message *m)
{
    jw_key(w, STR("usage"));
    jw_object(w);
    jw_put_i64(w, STR("input_tokens"), m->input);
    jw_put_i64(w, STR("cache_creation_input_tokens"), m->written);
    jw_put_i64(w, STR("cache_read_input_tokens"), m->read);
}

/* `n`: made so far. */
static void put_output(struct json_writer *w, const struct message *m, int64_t n)
{
    jw_put_i64(w, STR("output_tokens"), n);
    if (n < m->t->said.reasoning || !m->t->said.reasoning)
        return;
    jw_key(w, STR("output_tokens_details"));
    jw_object(w);
    jw_put_i64(w, STR("thinking_tokens"), m->t->said.reasoning);
    jw_object_end(w);
}

static void put_usage(struct json_writer *w, const struct message *m, int64_t output)
{
    put_input(w, m);
    jw_key(w, STR("cache_creation"));
    jw_object(w);
    jw_put_i64(w, STR("ephemeral_5m_input_tokens"), m->is_long_kept ? 0 : m->written);
    jw_put_i64(w, STR("ephemeral_1h_input_tokens"), m->is_long_kept ? m->written : 0);
    jw_object_end(w);
    put_output(w, m, output);
    jw_put_str(w, STR("service_tier"), STR("standard"));
    jw_object_end(w);
}

static int64_t output_tokens(const struct message *m) { return m->t->said.output + m->t->said.reasoning; }

static void put_thinking(struct json_writer *w, bool is_begin)
{
    jw_object(w);
    jw_put_str(w, STR("type"), STR("thinking"));
    jw_put_str(w, STR("thinking"), is_begin ? STR("") : STR(THOUGHT));
    jw_put_str(w, STR("signature"), is_begin ? STR("") : STR(SIGNATURE));
    jw_object_end(w);
}

/* The block of text, or of the tool's use; empty where a stream begins. */
static void put_block(struct json_writer *w, struct message *m, bool is_begin)
{
    const struct brain_said *s = &m->t->said;
    jw_object(w);
    jw_put_str(w, STR("type"), s->tool ? STR("tool_use") : STR("text"));
    if (s->tool) {
        jw_put_str(w, STR("id"), llm_id(m->t, "toolu_01", 22, 0));
        jw_put_str(w, STR("name"), s->tool->name);
        jw_put_raw(w, STR("input"), is_begin ? STR("{}") : s->text);
    } else {
        jw_put_str(w, STR("text"), is_begin ? STR("") : s->text);
    }
    jw_object_end(w);
}

static void put_head(struct json_writer *w, struct message *m)
{
    jw_object(w);
    jw_put_str(w, STR("model"), m->t->served);
    jw_put_str(w, STR("id"), llm_id(m->t, "msg_01", 22, 0));
    jw_put_str(w, STR("type"), STR("message"));
    jw_put_str(w, STR("role"), STR("assistant"));
}

static int reply_whole(struct message *m)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    jw_init(&w, &b);
    put_head(&w, m);
    jw_key(&w, STR("content"));
    jw_array(&w);
    if (m->t->said.reasoning)
        put_thinking(&w, false);
    if (m->t->said.tool || m->t->said.n_pieces)
        put_block(&w, m, false);
    jw_array_end(&w);
    jw_put_str(&w, STR("stop_reason"), stop_reason(m));
    jw_put_null(&w, STR("stop_sequence"));
    put_usage(&w, m, output_tokens(m));
    jw_object_end(&w);
    jw_end(&w);
    return llm_reply(m->t, 200, &b);
}

/* --- the same as a stream ----------------------------------------------------------------------------------------- */

static struct json_writer *event(struct message *m, const char *type)
{
    struct json_writer *w = &m->st->w;
    llm_event(m->st, type);
    jw_object(w);
    jw_put_str(w, STR("type"), str_c(type));
    return w;
}

static void event_end(struct message *m)
{
    jw_object_end(&m->st->w);
    llm_event_end(m->st);
}

static void say_start(struct message *m)
{
    struct json_writer *w = event(m, "message_start");
    jw_key(w, STR("message"));
    put_head(w, m);
    jw_put_raw(w, STR("content"), STR("[]"));
    jw_put_null(w, STR("stop_reason"));
    jw_put_null(w, STR("stop_sequence"));
    put_usage(w, m, 1);
    jw_object_end(w);
    event_end(m);
}

static void say_block_start(struct message *m, int64_t i, bool is_thinking)
{
    struct json_writer *w = event(m, "content_block_start");
    jw_put_i64(w, STR("index"), i);
    jw_key(w, STR("content_block"));
    if (is_thinking)
        put_thinking(w, true);
    else
        put_block(w, m, true);
    event_end(m);
    if (i == 0) {
        (void)event(m, "ping");
        event_end(m);
    }
}

static void say_delta(struct message *m, int64_t i, const char *type, const char *member, struct str text)
{
    struct json_writer *w = event(m, "content_block_delta");
    jw_put_i64(w, STR("index"), i);
    jw_key(w, STR("delta"));
    jw_object(w);
    jw_put_str(w, STR("type"), str_c(type));
    jw_put_str(w, str_c(member), text);
    jw_object_end(w);
    event_end(m);
}

static void say_block_stop(struct message *m, int64_t i)
{
    struct json_writer *w = event(m, "content_block_stop");
    jw_put_i64(w, STR("index"), i);
    event_end(m);
}

static void say_thinking(struct message *m)
{
    say_block_start(m, 0, true);
    say_delta(m, 0, "thinking_delta", "thinking", STR(THOUGHT));
    say_delta(m, 0, "signature_delta", "signature", STR(SIGNATURE));
    say_block_stop(m, 0);
}

static void say_block(struct message *m, int64_t i)
{
    const struct brain_said *s = &m->t->said;
    say_block_start(m, i, false);
    if (s->tool)
        say_delta(m, i, "input_json_delta", "partial_json", STR(""));
    for (size_t k = 0; k < s->n_pieces; k++)
        say_delta(m, i, s->tool ? "input_json_delta" : "text_delta", s->tool ? "partial_json" : "text", s->pieces[k]);
    say_block_stop(m, i);
}

static void say_end(struct message *m)
{
    struct json_writer *w = event(m, "message_delta");
    jw_key(w, STR("delta"));
    jw_object(w);
    jw_put_str(w, STR("stop_reason"), stop_reason(m));
    jw_put_null(w, STR("stop_sequence"));
    jw_object_end(w);
    put_input(w, m);
    put_output(w, m, output_tokens(m));
    jw_object_end(w);
    event_end(m);
    (void)event(m, "message_stop");
    event_end(m);
}

static int reply_stream(struct message *m)
{
    struct llm_stream st;
    llm_stream_begin(&st);
    m->st = &st;
    say_start(m);
    if (m->t->said.reasoning)
        say_thinking(m);
    if (m->t->said.tool || m->t->said.n_pieces)
        say_block(m, m->t->said.reasoning ? 1 : 0);
    say_end(m);
    return llm_stream_reply(m->t, &st);
}

int anthropic_messages(struct llm_turn *t)
{
    struct message m = {.t = t};
    int r = anthropic_begin(t);
    if (r)
        return r;
    t->ask.output_max = llm_count(t->root, "max_tokens", -1);
    if (t->ask.output_max < 1)
        return anthropic_refuse(t, 400, "invalid_request_error", "max_tokens: Field required");
    r = read_request(&m);
    if (r == 0)
        r = llm_say(t);
    if (r)
        return r;
    count_input(&m);
    return t->is_stream ? reply_stream(&m) : reply_whole(&m);
}

int anthropic_count_tokens(struct llm_turn *t)
{
    struct message m = {.t = t};
    struct buf b;
    struct json_writer w;
    int r = anthropic_begin(t);
    if (r == 0)
        r = read_request(&m);
    if (r)
        return r;
    buf_init(&b, 1024);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_i64(&w, STR("input_tokens"), brain_tokens(t->prompt.n) + MESSAGE_TOKENS + t->n_images * IMAGE_TOKENS);
    jw_object_end(&w);
    jw_end(&w);
    return llm_reply(t, 200, &b);
}
