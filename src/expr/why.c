/*
 * expr/why.c - which part of a condition was not true, in the words of its author.
 *
 * Texts of facts are never shown: a refusal's sentence is kept for good, and they may be personal.
 */
#include "expr/expr_impl.h"

#include <string.h>

#include "base/check.h"
#include "base/money.h"
#include "expr/instant.h"

#define SHOWN_BYTES_MAX 160 /* of a part, and of the values behind it */

/* A node's own words on one line, cut where they are long. */
static struct str words_of(const struct expr *e, const struct node *n, struct arena *a)
{
    struct str s = str_sub(e->text, n->at, n->end - n->at);
    bool is_cut = s.n > SHOWN_BYTES_MAX;
    char *to = arena_alloc(a, SHOWN_BYTES_MAX + 4);
    size_t k = 0;
    for (size_t i = 0; i < s.n && k < SHOWN_BYTES_MAX; i++) {
        bool is_blank = s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\t' || s.p[i] == '\r';
        if (!is_blank)
            to[k++] = s.p[i];
        else if (k > 0 && to[k - 1] != ' ')
            to[k++] = ' ';
    }
    while (is_cut && k > 0 && ((unsigned char)to[k - 1] & 0xc0) == 0x80)
        k--; /* not in the middle of a character: its first byte goes below */
    if (is_cut) {
        k -= k > 0 && (unsigned char)to[k - 1] >= 0xc0;
        memcpy(to + k, "...", 3);
        k += 3;
    }
    return (struct str){to, k};
}

struct str expr_error_text(const struct expr *e, const struct value *error, struct arena *a)
{
    check(error->kind == TYPE_ERROR);
    const struct node *at = error->error.at ? error->error.at : e->root;
    return arena_printf(a, "`" STR_FMT "`: %s", STR_ARG(words_of(e, at, a)), error->error.text);
}

/* --- the values behind a part --- */

static struct str value_words(const struct value *v, struct arena *a)
{
    char text[INSTANT_TEXT_BYTES > MONEY_TEXT_BYTES ? INSTANT_TEXT_BYTES : MONEY_TEXT_BYTES];
    switch (v->kind) {
    case TYPE_BOOL:
        return v->b ? STR("true") : STR("false");
    case TYPE_INT:
        return arena_i64(a, v->i);
    case TYPE_MONEY:
        return arena_printf(a, STR_FMT " USD", STR_ARG(money_text_short(v->i, text)));
    case TYPE_TIMESTAMP:
        return arena_str(a, instant_text((struct instant){v->i, v->ns}, text));
    default:
        return STR_NONE;
    }
}

struct shown {
    const struct expr_facts *facts;
    struct arena *a;
    struct str text;
};

/* " (params.amount is 50000, ...": each fact once. */
static void show_values(struct shown *s, const struct node *n)
{
    struct value v;
    size_t at;
    if (n->kind == NODE_VAR && s->text.n < SHOWN_BYTES_MAX &&
        s->facts->get(s->facts->ctx, n->slot, n->name, s->a, &v)) {
        struct str words = value_words(&v, s->a);
        struct str one = words.n ? arena_printf(s->a, STR_FMT " is " STR_FMT, STR_ARG(n->name), STR_ARG(words))
                                 : STR_NONE;
        if (one.n && !str_find(s->text, one, &at))
            s->text = arena_printf(s->a, STR_FMT "%s" STR_FMT, STR_ARG(s->text), s->text.n ? ", " : " (", STR_ARG(one));
    }
    for (const struct node *child = n->first; child; child = child->next)
        show_values(s, child);
}

static bool is_true(const struct node *n, const struct expr_facts *facts, struct arena *a)
{
    struct eval ev;
    struct value v;
    eval_init(&ev, facts, a);
    eval_node(&ev, n, &v);
    return v.kind == TYPE_BOOL && v.b;
}

/* The first part that is not true, as deep as `&&` goes. */
static const struct node *culprit(const struct node *n, const struct expr_facts *facts, struct arena *a)
{
    if (n->kind != NODE_AND)
        return n;
    for (const struct node *part = n->first; part; part = part->next)
        if (!is_true(part, facts, a))
            return culprit(part, facts, a);
    return n;
}

struct str expr_why(const struct expr *e, const struct expr_facts *facts, struct arena *a)
{
    if (is_true(e->root, facts, a))
        return STR("");
    const struct node *n = culprit(e->root, facts, a);
    struct shown s = {facts, a, STR_NONE};
    show_values(&s, n);
    return arena_printf(a, "`" STR_FMT "`" STR_FMT "%s", STR_ARG(words_of(e, n, a)), STR_ARG(s.text),
                        s.text.n ? ")" : "");
}
