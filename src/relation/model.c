/*
 * relation/model.c - reads the modelling language: types, relations and conditions.
 *
 *     model      = "model" "schema" "1.1" { type | condition }
 *     type       = "type" name [ "relations" { "define" name ":" expression } ]
 *     expression = term { "or" term } | term { "and" term } | term "but" "not" term
 *     term       = "[" restriction { "," restriction } "]" | name [ "from" name ] | "(" expression ")"
 *     condition  = "condition" name "(" name ":" type { "," ... } ")" "{" CEL "}"
 *
 * As many faults as one pass can tell are said; names are looked up when all is read.
 */
#include "relation/relation_impl.h"

#include "base/err.h"

#define MODEL_DEPTH_MAX 16 /* of parentheses */

struct token {
    struct str text; /* empty: the end */
    int line, col;
};

struct reader {
    struct relations *r;
    struct str file, text;
    struct diag_list *diags;
    size_t at;
    int line, col;
    struct token now; /* not taken yet */
    int depth;
    bool is_failed;
};

static void fault(struct reader *x, const struct token *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void fault(struct reader *x, const struct token *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_vadd(x->diags, x->file, at->line, at->col, "relation_model", fmt, ap);
    va_end(ap);
    x->is_failed = true;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
}

static void step(struct reader *x)
{
    bool is_line_end = x->text.p[x->at++] == '\n';
    x->line += is_line_end;
    x->col = is_line_end ? 1 : x->col + 1;
}

static void skip_space(struct reader *x)
{
    while (x->at < x->text.n) {
        char c = x->text.p[x->at];
        if (c == '#' && (x->at == 0 || x->text.p[x->at - 1] == ' ' || x->text.p[x->at - 1] == '\n'))
            while (x->at < x->text.n && x->text.p[x->at] != '\n')
                step(x);
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            step(x);
        else
            return;
    }
}

static void read_token(struct reader *x)
{
    skip_space(x);
    size_t from = x->at;
    x->now = (struct token){STR_NONE, x->line, x->col};
    while (x->at < x->text.n && is_word_byte(x->text.p[x->at]))
        step(x);
    if (x->at == from && x->at < x->text.n)
        step(x); /* a sign by itself */
    x->now.text = (struct str){x->text.p + from, x->at - from};
}

static bool is_next(const struct reader *x, const char *word) { return str_eq(x->now.text, str_c(word)); }

static bool take(struct reader *x, const char *word)
{
    if (!is_next(x, word))
        return false;
    read_token(x);
    return true;
}

static void need(struct reader *x, const char *word)
{
    if (!x->is_failed && !take(x, word))
        fault(x, &x->now, "`%s` is needed here", word);
}

static struct str name(struct reader *x)
{
    struct str s = x->now.text;
    if (x->is_failed)
        return STR_NONE;
    if (s.n == 0 || !is_word_byte(s.p[0]) || s.n > 254) {
        fault(x, &x->now, "a name is needed here");
        return STR_NONE;
    }
    read_token(x);
    return arena_str(&x->r->arena, s);
}

/* --- expressions -------------------------------------------------------------------------------------------------- */

static struct rewrite *rewrite_new(struct reader *x, enum rewrite_kind kind)
{
    struct rewrite *w = arena_alloc(&x->r->arena, sizeof *w);
    w->kind = kind;
    return w;
}

static struct restriction restriction(struct reader *x)
{
    struct restriction t = {.type = name(x)};
    if (take(x, ":")) {
        need(x, "*");
        t.is_wildcard = true;
    } else if (take(x, "#")) {
        t.relation = name(x);
    }
    if (take(x, "with"))
        t.condition = name(x);
    return t;
}

#define RESTRICTIONS_MAX 32

static struct rewrite *direct(struct reader *x)
{
    struct rewrite *w = rewrite_new(x, REWRITE_DIRECT);
    struct restriction *all = arena_alloc(&x->r->arena, RESTRICTIONS_MAX * sizeof *all);
    do {
        if (w->n_restrictions == RESTRICTIONS_MAX)
            fault(x, &x->now, "a relation names at most %d types", RESTRICTIONS_MAX);
        else
            all[w->n_restrictions++] = restriction(x);
    } while (!x->is_failed && take(x, ","));
    need(x, "]");
    w->restrictions = all;
    return w;
}

static struct rewrite *expression(struct reader *x);

static struct rewrite *term(struct reader *x)
{
    if (take(x, "["))
        return direct(x);
    if (take(x, "(")) {
        struct rewrite *inner = expression(x);
        need(x, ")");
        return inner;
    }
    struct rewrite *w = rewrite_new(x, REWRITE_COMPUTED);
    w->relation = name(x);
    if (take(x, "from")) {
        w->kind = REWRITE_FROM;
        w->from = name(x);
    }
    return w;
}

/* A node with `first`, ready for more children. */
static struct rewrite *parent_of(struct reader *x, enum rewrite_kind kind, struct rewrite *first)
{
    struct rewrite *w = rewrite_new(x, kind);
    struct rewrite *copy = rewrite_new(x, first->kind); /* a child belongs to one parent */
    *copy = *first;
    copy->next = NULL;
    w->first = copy;
    return w;
}

static struct rewrite *list_of(struct reader *x, enum rewrite_kind kind, const char *word, struct rewrite *first)
{
    struct rewrite *w = parent_of(x, kind, first), *last = (struct rewrite *)w->first;
    while (!x->is_failed && take(x, word)) {
        struct rewrite *child = parent_of(x, kind, term(x));
        last->next = child->first;
        last = (struct rewrite *)child->first;
    }
    if (is_next(x, "or") || is_next(x, "and") || is_next(x, "but"))
        fault(x, &x->now, "`or`, `and` and `but not` stand together in parentheses only");
    return w;
}

static struct rewrite *expression(struct reader *x)
{
    if (++x->depth > MODEL_DEPTH_MAX)
        fault(x, &x->now, "parentheses are nested deeper than %d", MODEL_DEPTH_MAX);
    struct rewrite *w = x->is_failed ? rewrite_new(x, REWRITE_COMPUTED) : term(x);
    if (is_next(x, "or"))
        w = list_of(x, REWRITE_OR, "or", w);
    else if (is_next(x, "and"))
        w = list_of(x, REWRITE_AND, "and", w);
    if (!x->is_failed && take(x, "but")) {
        need(x, "not");
        w = parent_of(x, REWRITE_BUT_NOT, w);
        if (!x->is_failed)
            ((struct rewrite *)w->first)->next = parent_of(x, REWRITE_BUT_NOT, term(x))->first;
    }
    x->depth--;
    return w;
}

/* --- types and conditions ----------------------------------------------------------------------------------------- */

static void read_relation(struct reader *x, struct type_def *t)
{
    struct relation *r = arena_alloc(&x->r->arena, sizeof *r);
    struct token at = x->now;
    r->name = name(x);
    need(x, ":");
    r->rewrite = expression(x);
    if (!x->is_failed && relation_find(t, r->name))
        fault(x, &at, "`" STR_FMT "` has two relations `" STR_FMT "`", STR_ARG(t->name), STR_ARG(r->name));
    r->next = t->relations;
    t->relations = r;
}

static void read_type(struct reader *x)
{
    struct type_def *t = arena_alloc(&x->r->arena, sizeof *t);
    struct token at = x->now;
    t->name = name(x);
    if (!x->is_failed && type_find(x->r, t->name))
        fault(x, &at, "two types are called `" STR_FMT "`", STR_ARG(t->name));
    t->next = x->r->types;
    x->r->types = t;
    if (!take(x, "relations"))
        return;
    while (!x->is_failed && take(x, "define"))
        read_relation(x, t);
}

static const struct type *param_type(struct reader *x)
{
    static const struct {
        const char *name;
        enum type_kind kind;
    } types[] = {{"bool", TYPE_BOOL},     {"int", TYPE_INT},           {"string", TYPE_STRING},
                 {"uint", TYPE_UINT},     {"timestamp", TYPE_TIMESTAMP}, {"duration", TYPE_DURATION},
                 {"double", TYPE_DOUBLE}};
    struct token at = x->now;
    struct str s = name(x);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_eq(s, str_c(types[i].name)))
            return TYPE_PLAIN(types[i].kind);
    if (!x->is_failed)
        fault(x, &at, "a condition's parameter is a bool, int, uint, double, string, timestamp or duration");
    return TYPE_PLAIN(TYPE_DYN);
}

/* Behind the text in quotes that begins here, as CEL reads it; or to the end. */
static void skip_quoted(struct reader *x)
{
    char quote = x->text.p[x->at];
    for (step(x); x->at < x->text.n && x->text.p[x->at] != quote; step(x))
        if (x->text.p[x->at] == '\\' && x->at + 1 < x->text.n)
            step(x);
}

/* The text up to the closing brace, as it stands. */
static struct str braced(struct reader *x)
{
    size_t from = x->at, depth = 1;
    if (!is_next(x, "{")) {
        fault(x, &x->now, "`{` is needed here");
        return STR_NONE;
    }
    while (x->at < x->text.n) {
        char c = x->text.p[x->at];
        depth += c == '{';
        depth -= c == '}';
        if (depth == 0)
            break;
        if (c == '"' || c == '\'')
            skip_quoted(x);
        if (x->at < x->text.n)
            step(x);
    }
    if (depth)
        fault(x, &x->now, "the condition does not end");
    struct str s = arena_str(&x->r->arena, (struct str){x->text.p + from, x->at - from});
    if (!x->is_failed)
        step(x);
    read_token(x);
    return s;
}

static void read_condition(struct reader *x)
{
    struct condition *c = arena_alloc(&x->r->arena, sizeof *c);
    int line = x->now.line;
    c->name = name(x);
    need(x, "(");
    while (!x->is_failed && !is_next(x, ")") && c->n_params < CONDITION_PARAMS_MAX) {
        struct expr_variable *p = &c->params[c->n_params];
        p->slot = (unsigned)c->n_params++;
        p->name = name(x);
        need(x, ":");
        p->type = param_type(x);
        if (!take(x, ","))
            break;
    }
    if (x->is_failed)
        return;
    if (!is_next(x, ")"))
        fault(x, &x->now, "`)` is needed here; a condition has at most %d parameters", CONDITION_PARAMS_MAX);
    read_token(x);
    c->text = braced(x);
    c->next = x->r->conditions;
    x->r->conditions = c;
    if (!x->is_failed && condition_compile(x->r, c, x->file, line, x->diags) < 0)
        x->is_failed = true;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

const struct type_def *type_find(const struct relations *r, struct str s)
{
    for (const struct type_def *t = r->types; t; t = t->next)
        if (str_eq(t->name, s))
            return t;
    return NULL;
}

const struct relation *relation_find(const struct type_def *t, struct str s)
{
    for (const struct relation *r = t ? t->relations : NULL; r; r = r->next)
        if (str_eq(r->name, s))
            return r;
    return NULL;
}

const struct condition *condition_find(const struct relations *r, struct str s)
{
    for (const struct condition *c = r->conditions; c; c = c->next)
        if (str_eq(c->name, s))
            return c;
    return NULL;
}

static void unknown(struct reader *x, const struct type_def *t, const struct relation *r, const char *what,
                    struct str s)
{
    diag_add(x->diags, x->file, 0, 0, "relation_model", "`" STR_FMT "#" STR_FMT "`: no %s is called `" STR_FMT "`",
             STR_ARG(t->name), STR_ARG(r->name), what, STR_ARG(s));
    x->is_failed = true;
}

static void check_direct(struct reader *x, const struct type_def *t, const struct relation *r, const struct rewrite *w)
{
    for (size_t i = 0; i < w->n_restrictions; i++) {
        const struct restriction *one = &w->restrictions[i];
        const struct type_def *named = type_find(x->r, one->type);
        if (!named)
            unknown(x, t, r, "type", one->type);
        else if (one->relation.n && !relation_find(named, one->relation))
            unknown(x, t, r, "relation", one->relation);
        if (one->condition.n && !condition_find(x->r, one->condition))
            unknown(x, t, r, "condition", one->condition);
    }
}

/* Depth is that of the text: bounded when it was read. */
static void check_names(struct reader *x, const struct type_def *t, const struct relation *r, const struct rewrite *w)
{
    if (w->kind == REWRITE_DIRECT)
        check_direct(x, t, r, w);
    if (w->kind == REWRITE_COMPUTED && !relation_find(t, w->relation))
        unknown(x, t, r, "relation", w->relation);
    if (w->kind == REWRITE_FROM && !relation_find(t, w->from))
        unknown(x, t, r, "relation", w->from);
    for (const struct rewrite *child = w->first; child; child = child->next)
        check_names(x, t, r, child);
}

int model_parse(struct relations *r, struct str text, struct str file, struct diag_list *diags)
{
    struct reader x = {.r = r, .file = file, .text = text, .diags = diags, .line = 1, .col = 1};
    read_token(&x);
    need(&x, "model");
    need(&x, "schema");
    need(&x, "1.1");
    while (!x.is_failed && x.now.text.n) {
        if (take(&x, "type"))
            read_type(&x);
        else if (take(&x, "condition"))
            read_condition(&x);
        else
            fault(&x, &x.now, "`type` or `condition` is needed here");
    }
    for (const struct type_def *t = r->types; t && !x.is_failed; t = t->next)
        for (const struct relation *one = t->relations; one; one = one->next)
            check_names(&x, t, one, one->rewrite);
    return x.is_failed ? err_trace(-ERR_INVALID) : 0;
}
