/*
 * proxy/question.c - stage question: what scopes ask about accounts, one question after another. Each gets an answer,
 * known or not; then the call is decided again.
 */
#include "proxy/creators.h"
#include "proxy/lookup.h"
#include "proxy/question_remote.h"

#include "codec/json_read.h"
#include "saas/affected.h"

#define CREATOR_BYTES_MAX 4096

static void next(struct call *c);

static const struct question *asked(const struct call *c) { return &c->verdict.questions[c->i_question]; }

static void give(struct call *c, struct scope_answer answer)
{
    struct facts *f = &c->facts;
    if (!c->answers)
        c->answers = arena_alloc(&c->arena, QUESTIONS_MAX * sizeof(*c->answers));
    check(f->n_answers < QUESTIONS_MAX); /* policy_decide() asks no more */
    answer.q = *asked(c);
    c->answers[f->n_answers++] = answer;
    f->answers = c->answers;
    c->i_question++;
}

static void give_unknown(struct call *c, struct str from, struct str why)
{
    give(c, (struct scope_answer){.from = from, .why = why});
}

/* --- who made it -------------------------------------------------------------------------------------------------- */

static void on_creator(void *ctx)
{
    struct call *c = ctx;
    struct json text;
    struct str value;
    if (!call_go_on(c))
        return;
    if (c->ask.result == 0 && json_parse(&c->arena, buf_str(&c->ask.json), 4, &text) == 0 && json_str(text, &value))
        give(c, (struct scope_answer){.is_known = true, .value = value, .from = STR("record")});
    else
        give_unknown(c, STR("record"), STR("the store could not say who created it"));
    next(c);
}

static void ask_creator(struct call *c)
{
    struct creators_question *q = arena_alloc(&c->arena, sizeof(*q));
    *q = (struct creators_question){c->object_scope, asked(c)->about, asked(c)->name, c->facts.tenant, c->facts.agent};
    call_ask_store(c, &(struct ask){.work = creators_ask, .work_ctx = q}, CREATOR_BYTES_MAX, on_creator);
}

/* --- metadata ----------------------------------------------------------------------------------------------------- */

static void read_metadata(struct call *c, uint16_t status, struct str body)
{
    struct str value;
    if (status == 200 && saas_customer_metadata(body, asked(c)->name, &c->arena, &value))
        give(c, (struct scope_answer){.is_known = true, .value = value, .from = STR("vendor")});
    else
        give_unknown(c, STR("vendor"), STR("the vendor did not show the customer's record"));
}

static void on_customer(struct call *c, uint16_t status, struct str body)
{
    read_metadata(c, status, body);
    next(c);
}

/* True: the answer is there, or it is over; false: on_customer() comes. */
static bool ask_metadata(struct call *c, bool *ret_is_over)
{
    struct saas_owner_get get;
    struct str body;
    if (c->llm || !saas_customer_get(c->vendor->connector, asked(c)->about, &c->arena, &get))
        give_unknown(c, STR("vendor"), STR("the connector knows no metadata of customers"));
    else if (lookup_cached(c, get.path, &body))
        read_metadata(c, 200, body);
    else if (lookup_get(c, get.path, get.path_template, ret_is_over, on_customer))
        return false;
    else if (!*ret_is_over)
        read_metadata(c, 0, STR_NONE);
    return true;
}

/* --- relations and sources ---------------------------------------------------------------------------------------- */

static void on_answered(struct call *c, const struct scope_answer *answer)
{
    give(c, *answer);
    next(c);
}

/* True: the answer is there; false: on_answered() comes. */
static bool ask_remote(struct call *c)
{
    struct scope_answer answer;
    const struct question *q = asked(c);
    bool is_there = q->kind == QUESTION_RELATION ? ask_relation(c, q, &answer, on_answered)
                                                 : ask_source(c, q, &answer, on_answered);
    if (is_there)
        give(c, answer);
    return is_there;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

/* False: whoever answers goes on, or the call is over. */
static bool ask(struct call *c)
{
    bool is_over = false;
    switch (asked(c)->kind) {
    case QUESTION_CREATED_BY:
        ask_creator(c);
        return false;
    case QUESTION_METADATA:
        return ask_metadata(c, &is_over) && !is_over;
    case QUESTION_RELATION:
    case QUESTION_QUERY:
        return ask_remote(c);
    case QUESTION_COUNT:
        break;
    }
    check(!"a question of no kind");
    return false;
}

static void next(struct call *c)
{
    while (c->i_question < c->verdict.n_questions)
        if (!ask(c))
            return;
    stage_decide(c);
}

void stage_question(struct call *c)
{
    c->i_question = 0;
    next(c);
}
