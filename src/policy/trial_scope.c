/*
 * policy/trial_scope.c - what a test gives for scopes: whose accounts, and what is answered about them. What it gives
 * is all there is: a relation that is not among those given is none.
 */
#include "policy/trial_impl.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct key_row creator_keys[] = {
    {STR_INIT("key"), KEY_OPTIONAL}, {STR_INIT("agent"), KEY_OPTIONAL}, {STR_INIT("run"), KEY_OPTIONAL}};

static void check_texts(struct parse *x, const struct yaml *list, struct str name)
{
    if (parse_type(x, list, YAML_SEQ, name))
        yaml_each(item, list)
            parse_type(x, item, YAML_STR, name);
}

/* "agent:support-bot can_act_for customer:cus_1" */
static void check_relations(struct parse *x, const struct yaml *list)
{
    struct str subject, relation, object, rest;
    check_texts(x, list, STR("relations"));
    yaml_each(item, list)
        if (yaml_is(item, YAML_STR) &&
            (!str_cut(item->text, ' ', &subject, &rest) || !str_cut(rest, ' ', &relation, &object) ||
             !str_starts(object, STR("customer:"))))
            parse_fault(x, item, "bad_value", "a relation reads `agent:support-bot can_act_for customer:cus_1`");
}

static void check_maps(struct parse *x, const struct yaml *map, struct str name, bool are_creators)
{
    if (!parse_type(x, map, YAML_MAP, name))
        return;
    yaml_each(one, map) {
        if (!parse_type(x, one, YAML_MAP, one->key))
            continue;
        if (are_creators)
            parse_keys(x, one, "who created it", creator_keys, N(creator_keys));
        yaml_each(value, one)
            parse_type(x, value, YAML_STR, value->key);
    }
}

void check_given_scope(struct parse *x, const struct yaml *given)
{
    const struct yaml *customers = yaml_get(given, STR("customers")), *queries = yaml_get(given, STR("queries"));
    check_texts(x, customers, STR("customers"));
    if (customers && (customers->n == 0 || customers->n > AFFECTED_MAX))
        parse_fault(x, customers, "bad_value", "a call acts on the accounts of 1 to %d customers", AFFECTED_MAX);
    check_relations(x, yaml_get(given, STR("relations")));
    check_maps(x, yaml_get(given, STR("created_by")), STR("created_by"), true);
    check_maps(x, yaml_get(given, STR("metadata")), STR("metadata"), false);
    if (parse_type(x, queries, YAML_MAP, STR("queries")))
        yaml_each(source, queries)
            check_texts(x, source, source->key);
}

void read_affected(const struct yaml *given, struct arena *a, struct facts *f)
{
    const struct yaml *customers = yaml_get(given, STR("customers"));
    size_t n = customers ? customers->n : f->customer.n ? 1 : 0, i = 0;
    struct affected_account *items = arena_alloc(a, (n + 1) * sizeof *items);
    items[0] = (struct affected_account){f->customer, true};
    yaml_each(item, customers)
        items[i++] = (struct affected_account){item->text, true};
    f->affected = (struct affected){n ? AFFECTED_TOLD : AFFECTED_UNTOLD, items, n,
                                    STR("it names no customer, and nothing that belongs to one")};
}

static bool has_text(const struct yaml *list, struct str s)
{
    yaml_each(item, list)
        if (str_eq(item->text, s))
            return true;
    return false;
}

static struct str yes_or_no(bool is_so) { return is_so ? STR("yes") : STR("no"); }

static struct scope_answer answer(const struct yaml *given, const struct question *q, struct arena *a)
{
    const struct yaml *of = yaml_get(given, question_text(q->kind)); /* created_by, metadata */
    struct scope_answer r = {.q = *q, .from = STR("test"), .why = STR("the test gives none"), .value = STR("")};
    if (q->kind == QUESTION_RELATION) {
        of = yaml_get(given, STR("relations"));
        struct str text = arena_printf(a, STR_FMT " " STR_FMT " customer:" STR_FMT, STR_ARG(q->subject),
                                       STR_ARG(q->name), STR_ARG(q->about));
        r.value = yes_or_no(has_text(of, text));
    } else if (q->kind == QUESTION_QUERY) {
        of = yaml_get(yaml_get(given, STR("queries")), q->source);
        r.value = yes_or_no(has_text(of, q->about));
    } else {
        (void)yaml_str(yaml_get(yaml_get(of, q->about), q->name), &r.value); /* absent: nobody, nothing */
    }
    r.is_known = of != NULL;
    return r;
}

bool answer_questions(const struct yaml *given, const struct verdict *v, struct arena *a, struct facts *f)
{
    struct scope_answer *all = arena_alloc(a, (f->n_answers + v->n_questions + 1) * sizeof *all);
    for (size_t i = 0; i < f->n_answers; i++)
        all[i] = f->answers[i];
    for (size_t i = 0; i < v->n_questions; i++)
        all[f->n_answers++] = answer(given, &v->questions[i], a);
    f->answers = all;
    return v->n_questions > 0;
}
