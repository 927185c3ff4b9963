/*
 * llm/meter_result.c - what a call used: as the vendor says, or estimated from what was seen where it does not.
 */
#include "llm/counts_impl.h"
#include "llm/meter_impl.h"

/* The vendor's own numbers, and nothing came after them. */
static bool is_exact(const struct llm_meter *m)
{
    if (m->is_refused && !m->is_reported)
        return true; /* an error answer that names no usage has none */
    bool has_ended = m->is_complete || m->finish.n;
    return m->is_reported && counts_has(&m->counts, COUNT_INPUT) && has_ended &&
           m->output_bytes == m->reported_bytes && m->audio_bytes == 0;
}

static void anthropic(const struct llm_meter *m, struct usage *ret)
{
    struct usage beside = {.how = HOW_PARSED};
    counts_usage_anthropic(&m->counts, m->call->may_write_cache_1h, ret);
    counts_usage_anthropic(&m->beside, m->call->may_write_cache_1h, &beside);
    for (size_t i = 0; i < TOKEN_CLASS_COUNT; i++) {
        int64_t sum = ret->tokens[i] + beside.tokens[i];
        ret->tokens[i] = sum < TOKENS_MAX ? sum : TOKENS_MAX;
    }
}

static void normalise(const struct llm_meter *m, struct usage *ret)
{
    const struct llm_call *call = m->call;
    if (llm_shape_dialect(call->shape) == DIALECT_ANTHROPIC)
        anthropic(m, ret);
    else
        counts_usage_openai(&m->counts, ret);
    /* Models that search before every answer do not report it. */
    if (call->shape == SHAPE_CHAT && call->web_searches > 0 && !m->is_refused)
        ret->web_searches = call->web_searches;
}

static int64_t tokens_of(int64_t bytes, int64_t bytes_per_token)
{
    int64_t n = bytes / bytes_per_token + (bytes % bytes_per_token > 0);
    return n < TOKENS_MAX ? n : TOKENS_MAX;
}

/*
 * What may have been made without being shown: all of an answer that comes later, and reasoning. An agent that leaves a
 * stream before its usage comes must not make that free.
 */
static int64_t unseen(const struct llm_meter *m, int64_t room)
{
    int64_t one = m->call->unseen_output, choices = m->call->choices > 0 ? m->call->choices : 1;
    if (m->call->is_background || one < 0 || one > room / choices)
        return room;
    return one * choices;
}

/* What was delivered after the last report is added to it, up to the most that there can be. */
static void estimate_output(const struct llm_meter *m, const struct token_bound *bound, struct usage *u)
{
    int64_t room = TOKENS_MAX - usage_tokens(u, TOKENS_OUT);
    if (bound && bound->is_known)
        room = bound->output - usage_tokens(u, TOKENS_OUT);
    if (room <= 0)
        return;
    if (!m->is_reported && bound && bound->is_known)
        u->tokens[TOKEN_OUTPUT] += counts_take(unseen(m, room), &room);
    u->tokens[TOKEN_AUDIO_OUT] += counts_take(tokens_of(m->audio_bytes, LLM_AUDIO_BYTES_PER_TOKEN), &room);
    u->tokens[TOKEN_OUTPUT] += counts_take(tokens_of(m->output_bytes - m->reported_bytes, LLM_BYTES_PER_TOKEN), &room);
}

static void measure(const struct llm_meter *m, const struct token_bound *bound, struct usage *ret)
{
    struct usage u = {.how = HOW_PARSED, .is_us_inference = m->is_us_inference};
    normalise(m, &u);
    if (!is_exact(m)) {
        u.how = HOW_ESTIMATED;
        if (!counts_has(&m->counts, COUNT_INPUT) && bound && bound->is_known)
            u.tokens[TOKEN_INPUT] = bound->input;
        else if (!counts_has(&m->counts, COUNT_INPUT))
            u.how = HOW_UNKNOWN;
        estimate_output(m, bound, &u);
    }
    if (u.how == HOW_UNKNOWN)
        u = (struct usage){.how = HOW_UNKNOWN};
    *ret = u;
}

static struct str text_of(const struct short_text *t)
{
    return (struct str){t->p, t->n};
}

bool llm_meter_is_complete(const struct llm_meter *m)
{
    return m->is_complete;
}

void llm_meter_result(const struct llm_meter *m, const struct token_bound *bound, struct llm_result *ret)
{
    struct llm_result r = {
        .model = text_of(&m->model),
        .response_id = text_of(&m->id),
        .finish = text_of(&m->finish),
        .error = text_of(&m->error),
        .tier = m->tier,
        .tool_calls = tool_calls_result(&m->tools),
        .n_tool_calls = m->tools.n,
        .is_complete = m->is_complete,
        .is_blind = m->is_blind || m->tools.is_cut,
        .output_bytes = m->output_bytes,
    };
    measure(m, bound, &r.usage);
    *ret = r;
}
