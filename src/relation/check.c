/*
 * relation/check.c - answers one question: a walk over rewrites and tuples, with what is on its way remembered, so that
 * a cycle is found. Inside, an answer is yes, no, no because of a cycle, or an error.
 */
#include "relation/relation_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <stdlib.h>

#define RELATIONS_ARENA_BYTES (512u << 20)

/* No, because it would go round in a circle; what is taken away by `but not` by way of one is taken away. */
#define WALK_CYCLE 2

/* What is being asked on the way from the question to here: the user stays the same. */
struct way {
    struct str object, relation;
    const struct way *before;
};

struct walk {
    const struct relations *r;
    const struct relation_ask *q;
    struct str type, id, userset; /* of the user; userset: its relation */
    struct arena *scratch;
    int n_steps;
    const char *why; /* of the first error */
};

static int failed(struct walk *w, const char *why)
{
    w->why = w->why ? w->why : why;
    return -ERR_INVALID;
}

static int ask(struct walk *w, struct str object, struct str relation, int depth, const struct way *before);

/* What is left to say when nothing said yes: an error before a cycle, before a plain no. */
static int graver(int a, int b) { return a < 0 ? a : b < 0 ? b : a == WALK_CYCLE ? a : b; }

/* --- direct ------------------------------------------------------------------------------------------------------- */

/* The tuple names the user itself, or everybody of its type. */
static bool names_user(const struct walk *w, struct str subject)
{
    struct str type, id, relation;
    if (str_eq(subject, w->q->user))
        return true;
    return !w->userset.n && subject_split(subject, &type, &id, &relation) && str_eq(type, w->type) &&
           str_eq(id, STR("*")) && !str_eq(w->id, STR("*"));
}

/* What a tuple comes to whose end has what is asked for: its condition decides. */
static int if_condition(struct walk *w, const struct relation_tuple *t, int has)
{
    if (has != RELATION_YES || !t->condition.n)
        return has;
    has = condition_true(w->r, t, &w->q->context, w->scratch);
    return has < 0 ? failed(w, "a condition of a tuple cannot be evaluated") : has;
}

static int by_tuple(struct walk *w, const struct relation_tuple *t, int depth, const struct way *way)
{
    struct str type, id, relation;
    int has = RELATION_NO;
    if (names_user(w, t->user))
        has = RELATION_YES;
    else if (subject_split(t->user, &type, &id, &relation) && relation.n)
        has = ask(w, (struct str){t->user.p, t->user.n - relation.n - 1}, relation, depth, way);
    return if_condition(w, t, has);
}

/* --- x from y ----------------------------------------------------------------------------------------------------- */

static int through(struct walk *w, const struct relation_tuple *t, struct str relation, int depth,
                   const struct way *way)
{
    struct str type, id, userset;
    if (!subject_split(t->user, &type, &id, &userset) || userset.n || str_eq(id, STR("*")) ||
        !relation_find(type_find(w->r, type), relation))
        return RELATION_NO;
    return if_condition(w, t, ask(w, t->user, relation, depth, way));
}

/* --- both --------------------------------------------------------------------------------------------------------- */

/* Tuples on file, then those that came with the question. */
struct each_tuple {
    const struct tuple *on_file;
    size_t i_more;
};

static const struct relation_tuple *next_tuple(const struct walk *w, struct str object, struct str relation,
                                               struct each_tuple *e)
{
    const struct tuple *t = e->on_file;
    if (t) {
        e->on_file = t->next;
        return &t->t;
    }
    while (e->i_more < w->q->n_more) {
        const struct relation_tuple *more = &w->q->more[e->i_more++];
        if (str_eq(more->object, object) && str_eq(more->relation, relation))
            return more;
    }
    return NULL;
}

/* `or` over tuples: one that holds decides, whatever others failed. */
static int over_tuples(struct walk *w, const struct rewrite *r, int depth, const struct way *way)
{
    bool is_from = r->kind == REWRITE_FROM;
    struct str relation = is_from ? r->from : way->relation;
    struct each_tuple e = {.on_file = tuples_of(w->r, way->object, relation)};
    const struct relation_tuple *t;
    int all = RELATION_NO;
    while ((t = next_tuple(w, way->object, relation, &e))) {
        if (++w->n_steps > RELATION_STEPS_MAX)
            return failed(w, "it takes too many steps");
        int has = is_from ? through(w, t, r->relation, depth, way) : by_tuple(w, t, depth, way);
        if (has == RELATION_YES)
            return has;
        all = graver(all, has);
    }
    return all;
}

/* --- rewrites ----------------------------------------------------------------------------------------------------- */

static int rewritten(struct walk *w, const struct rewrite *rewrite, int depth, const struct way *way);

static int one_of(struct walk *w, const struct rewrite *parent, int depth, const struct way *way)
{
    int all = RELATION_NO;
    for (const struct rewrite *child = parent->first; child; child = child->next) {
        int has = rewritten(w, child, depth, way);
        if (has == RELATION_YES)
            return has;
        all = graver(all, has);
    }
    return all;
}

static int all_of(struct walk *w, const struct rewrite *parent, int depth, const struct way *way)
{
    int all = RELATION_YES;
    for (const struct rewrite *child = parent->first; child; child = child->next) {
        int has = rewritten(w, child, depth, way);
        if (has == RELATION_NO || has == WALK_CYCLE)
            return has;
        all = has < 0 ? has : all;
    }
    return all;
}

static int but_not(struct walk *w, const struct rewrite *parent, int depth, const struct way *way)
{
    int base = rewritten(w, parent->first, depth, way);
    if (base == RELATION_NO || base == WALK_CYCLE)
        return base;
    int except = rewritten(w, parent->first->next, depth, way);
    if (except == RELATION_YES)
        return RELATION_NO;
    return except == WALK_CYCLE ? except : base < 0 ? base : except < 0 ? except : RELATION_YES;
}

static int rewritten(struct walk *w, const struct rewrite *rewrite, int depth, const struct way *way)
{
    if (++w->n_steps > RELATION_STEPS_MAX)
        return failed(w, "it takes too many steps");
    switch (rewrite->kind) {
    case REWRITE_DIRECT:
    case REWRITE_FROM:
        return over_tuples(w, rewrite, depth, way);
    case REWRITE_COMPUTED:
        return ask(w, way->object, rewrite->relation, depth, way);
    case REWRITE_OR:
        return one_of(w, rewrite, depth, way);
    case REWRITE_AND:
        return all_of(w, rewrite, depth, way);
    case REWRITE_BUT_NOT:
        return but_not(w, rewrite, depth, way);
    }
    check(!"a rewrite of no kind");
    return RELATION_NO;
}

static bool is_on_the_way(const struct way *way, struct str object, struct str relation)
{
    for (; way; way = way->before)
        if (str_eq(way->object, object) && str_eq(way->relation, relation))
            return true;
    return false;
}

/* The user is itself the userset that is asked about. */
static bool is_itself(const struct walk *w, struct str object, struct str relation)
{
    struct str user = w->q->user;
    return w->userset.n && str_eq(w->userset, relation) && user.n == object.n + 1 + relation.n &&
           str_starts(user, object);
}

static int ask(struct walk *w, struct str object, struct str relation, int depth, const struct way *before)
{
    struct str type, id, none;
    struct way way = {object, relation, before};
    if (depth >= RELATION_DEPTH_MAX)
        return failed(w, "it leads too deep");
    if (is_itself(w, object, relation))
        return RELATION_YES;
    if (is_on_the_way(before, object, relation))
        return WALK_CYCLE;
    if (!subject_split(object, &type, &id, &none))
        return RELATION_NO;
    const struct relation *found = relation_find(type_find(w->r, type), relation);
    return found ? rewritten(w, found->rewrite, depth + 1, &way) : RELATION_NO;
}

static bool are_allowed(const struct relations *r, const struct relation_ask *q)
{
    for (size_t i = 0; i < q->n_more; i++)
        if (!tuple_allowed(r, &q->more[i]))
            return false;
    return true;
}

int relations_check(const struct relations *r, const struct relation_ask *q, struct arena *scratch,
                    const char **ret_why)
{
    struct walk w = {.r = r, .q = q, .scratch = scratch};
    struct str type, id, none;
    int has = -ERR_INVALID;
    if (!subject_split(q->object, &type, &id, &none) || none.n)
        w.why = "the object is not written type:id";
    else if (!relation_find(type_find(r, type), q->relation))
        w.why = "the model has no such relation";
    else if (!subject_split(q->user, &w.type, &w.id, &w.userset) || !type_find(r, w.type) ||
             (w.userset.n && !relation_find(type_find(r, w.type), w.userset)))
        w.why = "the model has no such user";
    else if (!are_allowed(r, q))
        w.why = "a tuple that came with the question is none that the model allows";
    else
        has = ask(&w, q->object, q->relation, 0, NULL);
    *ret_why = has < 0 ? w.why : NULL;
    return has == WALK_CYCLE ? RELATION_NO : has;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int relations_parse(struct str model, struct str model_file, struct str tuples, struct str tuples_file,
                    struct diag_list *diags, struct relations **ret)
{
    struct relations *r = calloc(1, sizeof *r);
    if (!r)
        return err_trace(-ERR_NOMEM);
    r->n_refs = 1;
    arena_init(&r->arena, RELATIONS_ARENA_BYTES);
    map_init(&r->tuples, RELATION_TUPLES_MAX, NULL);
    int err = model_parse(r, model, model_file, diags);
    if (err == 0)
        err = tuples_parse(r, tuples, tuples_file, diags);
    if (err < 0) {
        relations_unref(r);
        return err_trace(err);
    }
    *ret = r;
    return 0;
}

void relations_ref(const struct relations *r)
{
    if (r)
        __atomic_add_fetch(&((struct relations *)r)->n_refs, 1, __ATOMIC_RELAXED);
}

void relations_unref(const struct relations *r)
{
    struct relations *it = (struct relations *)r;
    if (!it || __atomic_sub_fetch(&it->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    map_deinit(&it->tuples);
    arena_deinit(&it->arena);
    free(it);
}

size_t relations_n_tuples(const struct relations *r) { return r->n_tuples; }
