/*
 * policy/scope.c - `scope: {customer: ...}`: may this rule be used on these accounts?
 *
 *   (1) a scope holds when its predicate is true of every account that the call acts on, and there is at least one.
 *   (2) what cannot be told, and what nobody answered, is no: a scope never holds by default.
 *   (3) nothing is asked of an account once another one has failed.
 *   (4) an object that belongs to no customer is in no list and has no relations: only who created it can be asked.
 */
#include "policy/policy_impl.h"

#include "base/check.h"

static const struct str principal_texts[] = {
#define PRINCIPAL(name, text, field) STR_INIT(text),
#include "policy/principal.tbl.h"
#undef PRINCIPAL
};

struct str principal_text(enum principal_value v)
{
    check(v < PRINCIPAL_COUNT);
    return principal_texts[v];
}

static struct str principal_of(const struct facts *f, enum principal_value v)
{
    switch (v) {
#define PRINCIPAL(name, text, field) \
    case PRINCIPAL_##name: \
        return f->field;
#include "policy/principal.tbl.h"
#undef PRINCIPAL
    default:
        return STR_NONE;
    }
}

/* One evaluation. */
struct asking {
    const struct facts *f;
    bool may_ask;
    struct arena *a;
    struct lacking *lacks;
    struct str why; /* of a no */
};

static enum match_result no(struct asking *x, struct str why)
{
    x->why = why;
    return MATCH_NO;
}

static const struct scope_answer *find_answer(const struct facts *f, const struct question *q)
{
    for (size_t i = 0; i < f->n_answers; i++)
        if (question_eq(&f->answers[i].q, q))
            return &f->answers[i];
    return NULL;
}

/* Notes it among what is lacking; false: there are too many, or no memory. */
static bool note(struct asking *x, const struct question *q)
{
    struct lacking *l = x->lacks;
    if (!l->questions)
        l->questions = arena_try_alloc(x->a, QUESTIONS_MAX * sizeof *l->questions);
    for (size_t i = 0; l->questions && i < l->n_questions; i++)
        if (question_eq(&l->questions[i], q))
            return true;
    if (!l->questions || l->n_questions + x->f->n_answers >= QUESTIONS_MAX)
        return false;
    l->questions[l->n_questions++] = *q;
    return true;
}

/* YES: *ret is the answer's text. */
static enum match_result ask(struct asking *x, const struct question *q, struct str *ret)
{
    const struct scope_answer *answer = find_answer(x->f, q);
    if (answer && answer->is_known) {
        *ret = answer->value;
        return MATCH_YES;
    }
    if (answer)
        return no(x, arena_printf(x->a, "%s is not known (" STR_FMT ")",
                                  q->kind == QUESTION_RELATION ? "whether it may"
                                  : q->kind == QUESTION_QUERY  ? "what the source says of it"
                                                               : "what must be known of it",
                                  STR_ARG(answer->why.n ? answer->why : STR("no answer"))));
    if (!x->may_ask)
        return no(x, STR("what must be known of it was not asked"));
    return note(x, q) ? MATCH_MAYBE : no(x, STR("too much would have to be asked for one call"));
}

static bool is_listed(const struct patterns *in, struct str id)
{
    for (size_t i = 0; i < in->n; i++)
        if (str_eq(in->items[i].text, id))
            return true;
    return false;
}

static enum match_result created_by(const struct rule_scope *s, struct str id, struct asking *x)
{
    static const struct str names[] = {
        [CREATOR_KEY] = STR_INIT("key"), [CREATOR_AGENT] = STR_INIT("agent"), [CREATOR_RUN] = STR_INIT("run")};
    const struct facts *f = x->f;
    struct str who, self = s->creator == CREATOR_KEY     ? f->key
                           : s->creator == CREATOR_AGENT ? f->agent
                                                         : f->run_id;
    enum match_result r =
        ask(x, &(struct question){.kind = QUESTION_CREATED_BY, .name = names[s->creator], .about = id}, &who);
    if (r != MATCH_YES)
        return r;
    if (self.n && str_eq(who, self))
        return MATCH_YES;
    return no(x, arena_printf(x->a, "no call of this " STR_FMT " is on record as having created it",
                              STR_ARG(names[s->creator])));
}

static enum match_result metadata_fits(const struct rule_scope *s, struct str id, struct asking *x)
{
    enum match_result all = MATCH_YES;
    for (size_t i = 0; i < s->n_tests; i++) {
        const struct field_test *t = &s->tests[i];
        struct str got, want = t->principal == PRINCIPAL_LITERAL ? t->literal : principal_of(x->f, t->principal);
        enum match_result r =
            ask(x, &(struct question){.kind = QUESTION_METADATA, .name = t->field, .about = id}, &got);
        if (r == MATCH_YES && (!want.n || !str_eq(got, want)))
            return no(x, arena_printf(x->a, "its metadata field " STR_FMT " is not what the rule wants",
                                      STR_ARG(t->field)));
        if (r == MATCH_NO)
            return r;
        all = r == MATCH_MAYBE ? r : all;
    }
    return all;
}

static enum match_result is_related(const struct rule_scope *s, struct str type, struct str subject,
                                    struct str relation, struct str id, struct asking *x)
{
    struct str said;
    if (!subject.n)
        return no(x, arena_printf(x->a, "no " STR_FMT " is proven, whose relation " STR_FMT " it needs", STR_ARG(type),
                                  STR_ARG(relation)));
    struct question q = {.kind = QUESTION_RELATION, .source = s->source, .name = relation};
    q.subject = arena_join(x->a, (struct str[]){type, STR(":"), subject}, 3);
    q.about = id;
    enum match_result r = ask(x, &q, &said);
    if (r != MATCH_YES || str_eq(said, STR("yes")))
        return r;
    return no(x, arena_printf(x->a, "the " STR_FMT " has no relation " STR_FMT " to it", STR_ARG(type),
                              STR_ARG(relation)));
}

static enum match_result relations_hold(const struct rule_scope *s, struct str id, struct asking *x)
{
    enum match_result agent = is_related(s, STR("agent"), x->f->agent, s->relation, id, x);
    if (agent == MATCH_NO || !s->user_relation.n)
        return agent;
    enum match_result user = is_related(s, STR("user"), x->f->user, s->user_relation, id, x);
    return user == MATCH_YES ? agent : user;
}

static enum match_result source_allows(const struct rule_scope *s, struct str id, struct asking *x)
{
    struct str said;
    enum match_result r =
        ask(x, &(struct question){.kind = QUESTION_QUERY, .source = s->source, .about = id}, &said);
    if (r != MATCH_YES || str_eq(said, STR("yes")))
        return r;
    return no(x, arena_printf(x->a, "the source " STR_FMT " does not allow it", STR_ARG(s->source)));
}

static enum match_result holds_for(const struct rule_scope *s, const struct affected_account *account, struct asking *x)
{
    if (s->kind == SCOPE_CREATED_BY)
        return created_by(s, account->id, x);
    if (!account->is_customer)
        return no(x, STR("it belongs to no customer"));
    switch (s->kind) {
    case SCOPE_IN:
        return is_listed(&s->in, account->id) ? MATCH_YES : no(x, STR("it is not on the rule's list"));
    case SCOPE_METADATA:
        return metadata_fits(s, account->id, x);
    case SCOPE_RELATION:
        return relations_hold(s, account->id, x);
    case SCOPE_QUERY:
        return source_allows(s, account->id, x);
    default:
        check(!"a scope of no kind");
        return MATCH_NO;
    }
}

static enum match_result untold(const struct facts *f, bool may_ask, struct lacking *lacks, struct scope_miss *miss)
{
    if (f->affected.state == AFFECTED_UNASKED && may_ask) {
        lacks->affected = true;
        return MATCH_MAYBE;
    }
    miss->why = f->affected.state == AFFECTED_UNTOLD ? f->affected.why : STR("nobody looked whose account it is about");
    return MATCH_NO;
}

enum match_result scope_holds(const struct rule_scope *s, const struct facts *f, bool may_ask, struct arena *a,
                              struct lacking *lacks, struct scope_miss *ret_miss)
{
    enum match_result all = MATCH_YES;
    struct asking x = {.f = f, .may_ask = may_ask, .a = a, .lacks = lacks};
    struct lacking before = *lacks;
    *ret_miss = (struct scope_miss){STR_NONE, STR_NONE};
    if (s->kind == SCOPE_NONE)
        return MATCH_YES;
    if (f->affected.state != AFFECTED_TOLD || f->affected.n == 0)
        return untold(f, may_ask, lacks, ret_miss);
    for (size_t i = 0; i < f->affected.n; i++) {
        const struct affected_account *account = &f->affected.items[i];
        enum match_result r = holds_for(s, account, &x);
        if (r == MATCH_NO) {
            *ret_miss = (struct scope_miss){account->id, x.why};
            lacks->n_questions = before.n_questions; /* (3) */
            return r;
        }
        all = r == MATCH_MAYBE ? r : all;
    }
    return all;
}
