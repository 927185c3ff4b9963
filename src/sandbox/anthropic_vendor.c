/*
 * sandbox/anthropic_vendor.c - a simulated Anthropic: who may ask, which models there are, and what a refusal looks
 * like. Messages: anthropic_messages.c. https://docs.anthropic.com/en/api/overview
 */
#include "base/err.h"
#include "sandbox/llm_impl.h"
#include "sandbox/vendors.h"

#include <stdarg.h>

int anthropic_refuse(struct llm_turn *t, uint16_t status, const char *type, const char *fmt, ...)
{
    struct buf b;
    struct json_writer w;
    va_list ap;
    va_start(ap, fmt);
    struct str message = arena_vprintf(t->a, fmt, ap);
    va_end(ap);
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("type"), STR("error"));
    jw_key(&w, STR("error"));
    jw_object(&w);
    jw_put_str(&w, STR("type"), str_c(type));
    jw_put_str(&w, STR("message"), message);
    jw_object_end(&w);
    jw_put_str(&w, STR("request_id"), llm_id(t, "req_011C", 20, 0));
    jw_object_end(&w);
    jw_end(&w);
    int r = llm_reply(t, status, &b);
    return r < 0 ? err_trace(r) : LLM_R_REFUSED;
}

static int no_model(struct llm_turn *t, struct str name)
{
    return anthropic_refuse(t, 404, "not_found_error", "model: " STR_FMT, STR_ARG(str_sub(name, 0, 200)));
}

int anthropic_begin(struct llm_turn *t)
{
    struct str name;
    if (json_parse(t->a, t->r->body, LLM_BODY_DEPTH_MAX, &t->root) < 0 || json_type(t->root) != JSON_OBJECT)
        return anthropic_refuse(t, 400, "invalid_request_error", "The request body is not valid JSON");
    if (!json_str(json_get(t->root, STR("model")), &name) || !name.n)
        return anthropic_refuse(t, 400, "invalid_request_error", "model: Field required");
    const struct model *m = llm_find(t->s, name);
    if (!m)
        return no_model(t, name);
    t->served = llm_served(m);
    t->ask.model = model_name(m);
    (void)json_bool(json_get(t->root, STR("stream")), &t->is_stream); /* absent: no */
    return 0;
}

/* --- models ------------------------------------------------------------------------------------------------------- */

static void put_model(struct json_writer *w, const struct model *m)
{
    jw_object(w);
    jw_put_str(w, STR("type"), STR("model"));
    jw_put_str(w, STR("id"), llm_served(m));
    jw_put_str(w, STR("display_name"), model_name(m));
    jw_put_str(w, STR("created_at"), STR("2025-10-01T00:00:00Z"));
    jw_object_end(w);
}

static int list_models(struct llm_turn *t)
{
    struct buf b;
    struct json_writer w;
    const struct model *first = NULL, *last = NULL;
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_key(&w, STR("data"));
    jw_array(&w);
    for (size_t i = 0; i < catalog_models(t->s->catalog); i++) {
        const struct model *m = catalog_model(t->s->catalog, i);
        if (!str_eq(model_vendor(m), t->s->vendor))
            continue;
        put_model(&w, m);
        first = first ? first : m;
        last = m;
    }
    jw_array_end(&w);
    jw_put_bool(&w, STR("has_more"), false);
    jw_put_str_or_null(&w, STR("first_id"), first ? llm_served(first) : STR_NONE);
    jw_put_str_or_null(&w, STR("last_id"), last ? llm_served(last) : STR_NONE);
    jw_object_end(&w);
    jw_end(&w);
    return llm_reply(t, 200, &b);
}

static int retrieve_model(struct llm_turn *t, struct str name)
{
    struct buf b;
    struct json_writer w;
    const struct model *m = llm_find(t->s, name);
    if (!m)
        return no_model(t, name);
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    jw_init(&w, &b);
    put_model(&w, m);
    jw_end(&w);
    return llm_reply(t, 200, &b);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static int route(struct llm_turn *t)
{
    struct str path = t->r->path;
    bool is_get = str_eq(t->r->method, STR("GET")), is_post = str_eq(t->r->method, STR("POST"));
    if (!str_starts(sandbox_field(t->r, STR("x-api-key")), STR("sk-ant-sandbox-")))
        return anthropic_refuse(t, 401, "authentication_error", "invalid x-api-key");
    if (!sandbox_field(t->r, STR("anthropic-version")).n)
        return anthropic_refuse(t, 400, "invalid_request_error", "anthropic-version: header is required");
    if (is_get && str_eq(path, STR("/v1/models")))
        return list_models(t);
    if (is_get && str_starts(path, STR("/v1/models/")))
        return retrieve_model(t, str_sub(path, 11, path.n));
    if (is_post && str_eq(path, STR("/v1/messages")))
        return anthropic_messages(t);
    if (is_post && str_eq(path, STR("/v1/messages/count_tokens")))
        return anthropic_count_tokens(t);
    return anthropic_refuse(t, 404, "not_found_error", "Not Found");
}

static int answer(void *state, const struct sandbox_request *r, struct arena *a, struct sandbox_answer *ret)
{
    struct llm_turn t;
    llm_turn_begin(&t, state, r, a, ret);
    sandbox_put_field(ret, STR("request-id"), llm_id(&t, "req_011C", 20, 0));
    sandbox_put_field(ret, STR("anthropic-organization-id"), STR("00000000-0000-4000-8000-000000000000"));
    int e = route(&t);
    llm_turn_end(&t);
    return e < 0 ? err_trace(e) : 0;
}

int sandbox_anthropic(const struct limits *limits, wall_t now, struct sandbox_vendor *ret)
{
    struct llm_sim *s;
    int r = llm_sim_new(STR("anthropic"), limits, &s);
    if (r == 0)
        *ret = (struct sandbox_vendor){.state = s, .answer = answer, .free = llm_sim_free};
    return err_trace(r);
}
