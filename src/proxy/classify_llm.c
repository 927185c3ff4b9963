/*
 * proxy/classify_llm.c - stages classify and predict of a call to a model: read strictly where it decides route or cost
 * (llm/request.h), and bounded before it is made (llm/bound.h).
 */
#include "proxy/identity.h"
#include "proxy/llm.h"

enum rate_dialect call_rate_dialect(const struct call *c)
{
    return llm_shape_dialect(c->llm->shape) == DIALECT_ANTHROPIC ? RATE_ANTHROPIC : RATE_OPENAI;
}

bool call_is_to_model(struct call *c)
{
    struct str operation, text;
    enum op_class class;
    enum llm_shape shape;
    if (!operation_shape(c->op, &operation, &class, &text))
        return false;
    check(llm_shape_parse(text, &shape) == 0); /* the connector was checked when it was loaded */
    c->llm = arena_alloc(&c->arena, sizeof(*c->llm));
    *c->llm = (struct call_llm){.shape = shape, .operation = operation, .class = class};
    buf_init(&c->body, (size_t)c->w->shared->limits->llm_body_bytes_max);
    return true;
}

/* Facts from what was read: again after a clamp. */
static void facts_of_model(struct call *c)
{
    const struct llm_shared *shared = c->w->shared->llm;
    struct call_llm *l = c->llm;
    struct facts *f = &c->facts;
    bool is_free = l->class == CLASS_READ; /* counting tokens uses none */
    l->bound = is_free ? (struct token_bound){.is_known = true}
                       : llm_bound(&l->request, l->model, shared->floors, shared->is_strict);
    f->layer = STR("llm");
    f->operation = l->operation;
    f->class = l->class;
    f->tokens = l->bound.is_known ? l->bound : (struct token_bound){.is_known = false};
    f->cost = is_free ? (struct cost){HOW_PRICED, 0} : llm_predict(&l->request, l->model, &l->bound);
    c->is_classified = true;
}

void call_facts_of_model_again(struct call *c) { facts_of_model(c); }

static bool read_request(struct call *c)
{
    struct call_llm *l = c->llm;
    struct llm_problem problem;
    struct llm_request r = {
        .shape = l->shape,
        .content_type = c->fields->first[AGENT_FIELD_CONTENT_TYPE],
        .content_encoding = c->fields->first[AGENT_FIELD_CONTENT_ENCODING],
        .body = buf_str(&c->body),
    };
    int ret = llm_read(&r, c->w->shared->limits, &c->arena, &l->request, &problem);
    if (ret == LLM_R_PROBLEM) {
        call_refuse(c, problem.code, problem.status, problem.text);
        return false;
    }
    if (ret < 0) {
        call_refuse(c, CODE_REQUEST_TOO_LARGE, 413,
                    STR("The request needs more than call_memory_bytes_max to be read"));
        return false;
    }
    return true;
}

static bool refuses_head(struct call *c)
{
    if (c->fields->n[AGENT_FIELD_CONTENT_TYPE] > 1) {
        call_refuse(c, CODE_REQUEST_AMBIGUOUS, 400, STR("Content-Type is there twice"));
        return true;
    }
    if (call_shows_key(c, buf_str(&c->body))) {
        call_refuse(c, CODE_REQUEST_INVALID, 400, CALL_SHOWS_KEY);
        return true;
    }
    return false;
}

/* Where the model is asked for in a stream and the agent did not ask what it used, we do (CONTRACT 7, additions). */
static void ask_usage(struct call *c)
{
    if (c->vendor->additions.usage && llm_ask_usage(&c->llm->request, &c->arena))
        c->additions[c->n_additions++] = STR("usage");
}

/* What the catalog knows of the model that the body names now. */
static void find_model(struct call *c)
{
    struct call_llm *l = c->llm;
    l->model = catalog_find(c->w->shared->llm->catalog, connector_name(c->vendor->connector), l->request.model);
    if (l->model && model_hides_reasoning(l->model))
        l->request.unseen_output = -1;
    c->facts.model = l->request.model;
}

void stage_classify_llm(struct call *c)
{
    struct call_llm *l = c->llm;
    if (c->state == CALL_READING)
        call_go(c, CALL_DECIDING);
    if (refuses_head(c) || !read_request(c))
        return;
    l->request.model = arena_str(&c->arena, l->request.model); /* the body may be gone before the answer is read */
    find_model(c);
    if (l->request.prompt_hash[0])
        c->facts.prompt_hash = str_c(l->request.prompt_hash);
    c->may_look_up = false;
    c->to = (struct send_to){
        .path = c->path, .path_template = c->path, .query = c->query, .content_type = STR("application/json")};
    ask_usage(c);
    call_claims_of_model(c);
    facts_of_model(c);
    stage_decide(c);
}

/* What is left of the limit, in its own units, for this call. */
static int64_t room_of(const struct limit_need *need)
{
    int64_t used = need->before + need->held;
    return used < need->max ? need->max - used : 0;
}

static int64_t output_that_fits(const struct call_llm *l, const struct limit_need *need)
{
    int64_t room = room_of(need), choices = l->request.choices > 0 ? l->request.choices : 1;
    switch (need->meter) {
    case METER_USD:
        return llm_output_for(&l->request, l->model, &l->bound, room);
    case METER_TOKENS:
        return room > l->bound.input ? (room - l->bound.input) / choices : 0;
    case METER_OUTPUT_TOKENS:
        return room / choices;
    default:
        return 0;
    }
}

/* Lowers the output maximum until that limit has room. False: it cannot. */
static bool clamp_output(struct call *c, const struct limit_need *need)
{
    struct call_llm *l = c->llm;
    if (!need->may_clamp || !l->bound.is_known)
        return false;
    int64_t most = output_that_fits(l, need);
    if (most < 1 || most * l->request.choices >= l->bound.output || !llm_set_output_max(&l->request, most, &c->arena))
        return false;
    if (!l->is_clamped)
        c->additions[c->n_additions++] = STR("output_max");
    l->is_clamped = true;
    facts_of_model(c);
    return true;
}

/* Once a call: the cheaper model that the limit falls back on. False: it has none, or the call has it already. */
static bool downgrade(struct call *c, const struct limit_need *need)
{
    struct call_llm *l = c->llm;
    if (need->downgrade.n == 0 || c->facts.model_asked.n || str_eq(need->downgrade, l->request.model))
        return false;
    struct str asked = l->request.model;
    if (!llm_set_model(&l->request, need->downgrade, &c->arena))
        return false;
    c->facts.model_asked = asked;
    c->facts.downgraded_by = need->id;
    c->additions[c->n_additions++] = STR("model");
    find_model(c);
    facts_of_model(c);
    return true;
}

bool call_make_smaller(struct call *c, const struct limit_need *need)
{
    return c->llm && c->n_decided++ < DECIDE_AGAIN_MAX && (clamp_output(c, need) || downgrade(c, need));
}
