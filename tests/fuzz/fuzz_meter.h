/*
 * tests/fuzz/fuzz_meter.h - what holds for every answer of a model, whatever it says: where it was cut changes nothing,
 * nothing is added to it, nothing is taken but usage that was not asked for, and counts are counts.
 */
#pragma once

#include "fuzz.h"
#include "llm/meter.h"

#include <string.h>

static const struct token_bound fuzz_bound = {.is_known = true, .input = 77, .output = 1000};

struct fuzz_seen {
    struct llm_result result;
    struct buf out;
    struct arena arena;
    struct llm_meter *meter;
};

static inline void fuzz_result_is_sane(const struct llm_result *r, const struct token_bound *bound)
{
    const struct usage *u = &r->usage;
    fuzz_check(u->how == HOW_PARSED || u->how == HOW_ESTIMATED || (u->how == HOW_UNKNOWN && !bound));
    for (int i = 0; i < TOKEN_CLASS_COUNT; i++)
        fuzz_check(u->tokens[i] >= 0 && u->tokens[i] <= TOKENS_MAX && (u->how != HOW_UNKNOWN || u->tokens[i] == 0));
    fuzz_check(u->web_searches >= 0 && r->output_bytes >= 0 && r->tier < TIER_COUNT);
    fuzz_check(r->n_tool_calls <= LLM_TOOL_CALLS_MAX);
    fuzz_check(r->model.n <= 128 && r->response_id.n <= 128 && r->finish.n <= 128 && r->error.n <= 128);
}

static inline void fuzz_stream(struct fuzz_seen *s, const struct llm_call *call, const struct limits *limits,
                               struct str in, size_t piece_bytes)
{
    int n_first = 0;
    buf_init(&s->out, in.n + 1);
    arena_init(&s->arena, 1 << 20);
    s->meter = llm_meter_new(call, limits, &s->arena);
    for (size_t at = 0; at < in.n; at += piece_bytes) {
        struct str pass;
        bool is_first = false;
        llm_meter_add(s->meter, str_sub(in, at, piece_bytes), &pass, &is_first);
        fuzz_check(buf_add(&s->out, pass) == 0);
        n_first += is_first;
    }
    fuzz_check(buf_add(&s->out, llm_meter_end(s->meter)) == 0 && n_first <= 1);
    llm_meter_result(s->meter, &fuzz_bound, &s->result);
    fuzz_result_is_sane(&s->result, &fuzz_bound);
}

static inline void fuzz_seen_free(struct fuzz_seen *s)
{
    llm_meter_free(s->meter);
    buf_deinit(&s->out);
    arena_deinit(&s->arena);
}

static inline void fuzz_same(const struct llm_result *a, const struct llm_result *b)
{
    fuzz_check(a->usage.how == b->usage.how && a->usage.web_searches == b->usage.web_searches);
    fuzz_check(memcmp(a->usage.tokens, b->usage.tokens, sizeof(a->usage.tokens)) == 0);
    fuzz_check(a->output_bytes == b->output_bytes);
    fuzz_check(str_eq(a->model, b->model) && str_eq(a->response_id, b->response_id));
    fuzz_check(str_eq(a->finish, b->finish) && str_eq(a->error, b->error));
    fuzz_check(a->tier == b->tier && a->is_complete == b->is_complete && a->is_blind == b->is_blind);
    fuzz_check(a->n_tool_calls == b->n_tool_calls);
    for (size_t i = 0; i < a->n_tool_calls; i++) {
        const struct tool_call *x = &a->tool_calls[i], *y = &b->tool_calls[i];
        fuzz_check(str_eq(x->id, y->id) && str_eq(x->name, y->name) && str_eq(x->args, y->args));
        fuzz_check(memcmp(x->args_hash, y->args_hash, sizeof(x->args_hash)) == 0);
    }
}

static inline void fuzz_streams(const struct llm_call *call, const struct limits *limits, struct str in, size_t cut)
{
    struct fuzz_seen whole, pieces;
    fuzz_stream(&whole, call, limits, in, in.n + 1);
    fuzz_stream(&pieces, call, limits, in, cut);
    fuzz_same(&whole.result, &pieces.result);
    fuzz_check(str_eq(buf_str(&whole.out), buf_str(&pieces.out)));
    if (call->shape != SHAPE_CHAT || call->wants_usage)
        fuzz_check(whole.out.n <= in.n && str_eq(buf_str(&whole.out), str_sub(in, 0, whole.out.n)));
    fuzz_seen_free(&whole);
    fuzz_seen_free(&pieces);
}

static inline void fuzz_whole(const struct llm_call *call, const struct limits *limits, struct str in)
{
    struct arena arena;
    struct llm_result r;
    for (uint16_t status = 200; status <= 500; status += 300) {
        arena_init(&arena, 1 << 20);
        struct llm_meter *m = llm_meter_new(call, limits, &arena);
        llm_meter_whole(m, status, in);
        llm_meter_result(m, NULL, &r);
        fuzz_result_is_sane(&r, NULL);
        llm_meter_free(m);
        arena_deinit(&arena);
    }
}

/* The first byte says how (its bits beyond the shape), the second where the stream is cut; the rest is the answer. */
static inline int fuzz_answer(struct llm_call call, uint8_t how, uint8_t cut, struct str in)
{
    struct limits limits;
    limits_default(&limits);
    limits.llm_event_bytes_max = how & 0x80 ? 100 : 65536;
    call.is_stream = true;
    call.wants_usage = how & 0x40;
    call.may_write_cache_1h = how & 0x20;
    fuzz_streams(&call, &limits, in, (size_t)cut + 1);
    fuzz_whole(&call, &limits, in);
    return 0;
}
