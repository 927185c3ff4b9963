/*
 * tests/fuzz/fuzz_llm_request.c - requests to models: what is accepted is JSON; counts are sane; and an edited body is
 * read as what it was edited to. The first byte chooses the shape.
 */
#include "codec/json_read.h"
#include "fuzz.h"
#include "llm/request.h"

static void check_counts(const struct llm_call *c, struct str body)
{
    fuzz_check(c->text_bytes >= 0 && c->text_bytes <= (int64_t)body.n);
    fuzz_check(c->audio_bytes >= 0 && c->audio_bytes <= (int64_t)body.n);
    fuzz_check(c->n_images >= 0 && c->n_images <= (int64_t)body.n);
    fuzz_check(c->token_ids >= 0 && c->token_ids <= (int64_t)body.n);
    fuzz_check(c->choices >= 1 && c->output_max >= -1 && c->overhead_tokens >= 0);
    fuzz_check(c->passes == -1 || c->passes >= 1);
    fuzz_check(c->prompt_hash[32] == '\0');
}

static void check_edits(struct llm_call c, const struct llm_request *r, const struct limits *limits, struct arena *a)
{
    struct str parts[2 * LLM_EDITS_MAX + 1];
    struct llm_problem problem;
    struct llm_call again;
    size_t bytes, at;
    /* Of the same kind: one that searches by itself reads more than what stands there. */
    struct str other = str_find(c.model, STR("-search-"), &at) ? STR("other-search-model") : STR("other");
    bool has_max = llm_set_output_max(&c, 1 << 20, a), has_model = llm_set_model(&c, other, a);
    (void)llm_ask_usage(&c, a);
    struct str body = arena_join(a, parts, llm_body_parts(&c, r->body, parts, &bytes));
    struct llm_request next = *r;
    next.body = body;
    fuzz_check(body.n == bytes);
    fuzz_check(llm_read(&next, limits, a, &again, &problem) == 0);
    fuzz_check(!has_model || str_eq(again.model, other));
    fuzz_check(!has_max || (again.output_max >= 0 && again.output_max <= 1 << 20));
    fuzz_check(again.is_stream == c.is_stream && again.choices == c.choices && again.tier == c.tier);
    fuzz_check(again.wants_usage || c.shape != SHAPE_CHAT || !c.is_stream);
    fuzz_check(again.n_images == c.n_images && again.is_input_open == c.is_input_open);
    fuzz_check(str_eq((struct str){again.prompt_hash, 33}, (struct str){c.prompt_hash, 33}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct limits limits;
    struct llm_call call;
    struct llm_problem problem = {0};
    struct json root;
    if (!n || n > 65536)
        return 0;
    limits_default(&limits);
    arena_init(&a, 32 << 20);
    struct llm_request r = {.shape = data[0] % SHAPE_COUNT, .content_type = STR("application/json"),
                            .body = fuzz_str(data + 1, n - 1)};
    int err = llm_read(&r, &limits, &a, &call, &problem);
    if (err == LLM_R_PROBLEM)
        fuzz_check(problem.text.n > 0 && problem.status >= 400);
    if (err == 0) {
        fuzz_check(json_parse_own(&a, r.body, &root) == 0);
        check_counts(&call, r.body);
        check_edits(call, &r, &limits, &a);
    }
    arena_deinit(&a);
    return 0;
}
