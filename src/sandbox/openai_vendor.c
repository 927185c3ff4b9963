/*
 * sandbox/openai_vendor.c - a simulated OpenAI: who may ask, which models there are, and what a refusal looks like. The
 * endpoints themselves: openai_chat.c, openai_responses.c, openai_embeddings.c.
 * https://platform.openai.com/docs/api-reference
 */
#include "base/err.h"
#include "sandbox/llm_impl.h"
#include "sandbox/vendors.h"

#include <stdarg.h>

#define KEEP_NS (600 * NS_PER_S) /* of a prompt's beginning, since it was last seen */
#define IMAGE_TOKENS 85
#define MESSAGE_TOKENS 4 /* what the vendor writes around a conversation */
#define CREATED_S 1715367049

int openai_refuse(struct llm_turn *t, uint16_t status, const char *type, const char *param, const char *code,
                  const char *fmt, ...)
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
    jw_key(&w, STR("error"));
    jw_object(&w);
    jw_put_str(&w, STR("message"), message);
    jw_put_str(&w, STR("type"), str_c(type));
    jw_put_str_or_null(&w, STR("param"), str_c(param));
    jw_put_str_or_null(&w, STR("code"), str_c(code));
    jw_object_end(&w);
    jw_object_end(&w);
    jw_end(&w);
    int r = llm_reply(t, status, &b);
    return r < 0 ? err_trace(r) : LLM_R_REFUSED;
}

static int no_model(struct llm_turn *t, struct str name)
{
    return openai_refuse(t, 404, "invalid_request_error", NULL, "model_not_found",
                         "The model `" STR_FMT "` does not exist or you do not have access to it.",
                         STR_ARG(str_sub(name, 0, 200)));
}

/* --- what the endpoints share ------------------------------------------------------------------------------------- */

int openai_begin(struct llm_turn *t)
{
    struct str name;
    if (json_parse(t->a, t->r->body, LLM_BODY_DEPTH_MAX, &t->root) < 0 || json_type(t->root) != JSON_OBJECT)
        return openai_refuse(t, 400, "invalid_request_error", NULL, NULL,
                             "We could not parse the JSON body of your request.");
    if (!json_str(json_get(t->root, STR("model")), &name) || !name.n)
        return openai_refuse(t, 400, "invalid_request_error", NULL, NULL, "you must provide a model parameter");
    const struct model *m = llm_find(t->s, name);
    if (!m)
        return no_model(t, name);
    t->served = llm_served(m);
    t->ask.model = model_name(m);
    (void)json_bool(json_get(t->root, STR("stream")), &t->is_stream); /* absent: no */
    return 0;
}

/* o1, o3-mini, gpt-5 and such; the chat models of the same families do not. */
static bool reasons(struct str model)
{
    size_t at;
    if (str_find(model, STR("chat"), &at))
        return false;
    return str_starts(model, STR("gpt-5")) ||
           (model.n > 1 && model.p[0] == 'o' && model.p[1] >= '1' && model.p[1] <= '9');
}

int64_t openai_reasoning(const struct llm_turn *t, struct json effort)
{
    struct str text = STR("medium");
    (void)json_str(effort, &text); /* absent: medium */
    if (!reasons(t->ask.model) || str_eq(text, STR("none")))
        return 0;
    return str_eq(text, STR("minimal")) ? 0 : str_eq(text, STR("low")) ? 64 : str_eq(text, STR("high")) ? 512 : 192;
}

void openai_tool_choice(struct llm_turn *t, struct json choice)
{
    struct str text;
    struct json f = json_get(choice, STR("function"));
    if (json_str(choice, &text) && str_eq(text, STR("none")))
        t->ask.n_tools = 0;
    (void)json_str(json_get(json_type(f) == JSON_OBJECT ? f : choice, STR("name")), &t->ask.tool); /* else any */
}

struct openai_input openai_input(struct llm_turn *t)
{
    struct openai_input in = {.tokens = brain_tokens(t->prompt.n) + MESSAGE_TOKENS + t->n_images * IMAGE_TOKENS};
    in.cached = prompt_cache_see(&t->s->cache, t->served, buf_str(&t->prompt), t->r->now, KEEP_NS);
    return in;
}

/* --- models ------------------------------------------------------------------------------------------------------- */

static void put_model(struct json_writer *w, const struct model *m)
{
    jw_object(w);
    jw_put_str(w, STR("id"), model_name(m));
    jw_put_str(w, STR("object"), STR("model"));
    jw_put_i64(w, STR("created"), CREATED_S);
    jw_put_str(w, STR("owned_by"), STR("system"));
    jw_object_end(w);
}

static int list_models(struct llm_turn *t)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("object"), STR("list"));
    jw_key(&w, STR("data"));
    jw_array(&w);
    for (size_t i = 0; i < catalog_models(t->s->catalog); i++) {
        const struct model *m = catalog_model(t->s->catalog, i);
        if (str_eq(model_vendor(m), t->s->vendor))
            put_model(&w, m);
    }
    jw_array_end(&w);
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
    static const struct {
        struct str path;
        int (*run)(struct llm_turn *t);
    } posts[] = {{STR_INIT("/v1/chat/completions"), openai_chat},
                 {STR_INIT("/v1/responses"), openai_responses},
                 {STR_INIT("/v1/embeddings"), openai_embeddings}};
    struct str path = t->r->path;
    bool is_get = str_eq(t->r->method, STR("GET"));
    if (!str_starts(sandbox_field(t->r, STR("authorization")), STR("Bearer sk-sandbox-")))
        return openai_refuse(t, 401, "invalid_request_error", NULL, "invalid_api_key",
                             "Incorrect API key provided. Simulated keys begin with sk-sandbox-.");
    if (is_get && str_eq(path, STR("/v1/models")))
        return list_models(t);
    if (is_get && str_starts(path, STR("/v1/models/")))
        return retrieve_model(t, str_sub(path, 11, path.n));
    for (size_t i = 0; i < sizeof(posts) / sizeof(posts[0]); i++)
        if (str_eq(t->r->method, STR("POST")) && str_eq(path, posts[i].path))
            return posts[i].run(t);
    return openai_refuse(t, 404, "invalid_request_error", NULL, NULL, "Invalid URL (" STR_FMT " " STR_FMT ")",
                         STR_ARG(t->r->method), STR_ARG(str_sub(path, 0, 200)));
}

static int answer(void *state, const struct sandbox_request *r, struct arena *a, struct sandbox_answer *ret)
{
    struct llm_turn t;
    llm_turn_begin(&t, state, r, a, ret);
    sandbox_put_field(ret, STR("x-request-id"), llm_id(&t, "req_", 32, 0));
    sandbox_put_field(ret, STR("openai-version"), STR("2020-10-01"));
    sandbox_put_field(ret, STR("openai-processing-ms"), STR("12"));
    int e = route(&t);
    llm_turn_end(&t);
    return e < 0 ? err_trace(e) : 0;
}

int sandbox_openai(const struct limits *limits, wall_t now, struct sandbox_vendor *ret)
{
    struct llm_sim *s;
    int r = llm_sim_new(STR("openai"), limits, &s);
    if (r == 0)
        *ret = (struct sandbox_vendor){.state = s, .answer = answer, .free = llm_sim_free};
    return err_trace(r);
}
