/*
 * import/draft.c - the document that grows: rules and limits as lines of YAML, each with where it is from.
 *
 * Every text is written as JSON writes it: what a stranger's file holds can be no more than a text.
 */
#include "import/import_impl.h"

#include <stdarg.h>

#include "base/check.h"
#include "codec/json_write.h"

#define SCOPE_KEYS 6

/* Results of buf_* are dropped here: too much is found by buf_ok() when the text is put together. */

static void put_names(struct buf *b, const struct names *l)
{
    (void)buf_add_byte(b, '[');
    for (size_t i = 0; i < l->n; i++) {
        (void)buf_add_c(b, i ? ", " : "");
        (void)json_quote(b, l->items[i]);
    }
    (void)buf_add_byte(b, ']');
}

static void put_match(struct buf *b, const struct scope *s)
{
    const struct {
        const char *key;
        const struct names *names;
    } parts[SCOPE_KEYS] = {{"agent", &s->agent},   {"tenant", &s->tenant},       {"customer", &s->customer},
                           {"vendor", &s->vendor}, {"operation", &s->operation}, {"model", &s->model}};
    (void)buf_add_c(b, ", match: {layer: [llm]");
    for (size_t i = 0; i < SCOPE_KEYS; i++) {
        if (parts[i].names->n == 0)
            continue;
        (void)buf_printf(b, ", %s: ", parts[i].key);
        put_names(b, parts[i].names);
    }
    (void)buf_add_byte(b, '}');
    if (s->when.n) {
        (void)buf_add_c(b, ", when: ");
        (void)json_quote(b, s->when);
    }
}

static void put_origin(struct import *x, struct buf *b, const struct yaml *from)
{
    if (x->n_files == 1)
        (void)buf_printf(b, "} # line %d\n", from->key_line ? from->key_line : from->line);
    else
        (void)buf_add_c(b, "}\n");
}

static struct str id_of(struct import *x, struct str wish)
{
    struct str slug = names_slug(x->a, wish), id = slug;
    for (int i = 2; map_get(&x->ids, id); i++)
        id = arena_printf(x->a, STR_FMT "-%d", STR_ARG(slug), i);
    check(map_put(&x->ids, id, x, NULL) == 0); /* room for one a node */
    return id;
}

void draft_rule(struct import *x, struct str id, const char *effect, const struct scope *s, struct str reason,
                const struct yaml *from)
{
    struct buf *b = &x->rules;
    struct str one = id_of(x, id);
    (void)buf_printf(b, "  - {id: " STR_FMT ", effect: %s", STR_ARG(one), effect);
    put_match(b, s);
    if (reason.n) {
        (void)buf_add_c(b, ", reason: ");
        (void)json_quote(b, reason);
    }
    put_origin(x, b, from);
}

void draft_limit(struct import *x, struct str id, const struct draft_limit *l, const struct scope *s,
                 const struct yaml *from)
{
    struct buf *b = &x->limits;
    bool is_usd = str_eq(str_c(l->meter), STR("usd"));
    const char *quote = is_usd ? "\"" : "";
    struct str one = id_of(x, id);
    (void)buf_printf(b, "  - {id: " STR_FMT ", meter: %s, max: %s" STR_FMT "%s", STR_ARG(one), l->meter, quote,
                     STR_ARG(l->max), quote);
    if (l->soft.n)
        (void)buf_printf(b, ", soft: %s" STR_FMT "%s", quote, STR_ARG(l->soft), quote);
    (void)buf_printf(b, ", window: %s", l->window);
    if (s->by)
        (void)buf_printf(b, ", by: %s", s->by);
    if (l->on_exceed)
        (void)buf_printf(b, ", on_exceed: %s", l->on_exceed);
    put_match(b, s);
    put_origin(x, b, from);
}

void draft_step(struct import *x, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    names_add(x->a, &x->steps, arena_vprintf(x->a, fmt, ap));
    va_end(ap);
}

static void put_section(struct buf *b, const char *title, const struct buf *lines)
{
    if (lines->n == 0)
        return;
    (void)buf_add_c(b, title);
    (void)buf_add(b, buf_str(lines));
}

struct str draft_text(struct import *x)
{
    struct buf b;
    buf_init(&b, x->rules.max_bytes * 4);
    (void)buf_add_c(&b, "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: ");
    (void)buf_add(&b, x->name);
    (void)buf_add_c(&b, "}\n");
    if (x->tz.n) {
        (void)buf_add_c(&b, "defaults: {tz: ");
        (void)json_quote(&b, x->tz);
        (void)buf_add_c(&b, "}\n");
    }
    (void)buf_add_c(&b, x->rules.n ? "rules:\n" : "rules: [] # nothing is permitted\n");
    (void)buf_add(&b, buf_str(&x->rules));
    put_section(&b, "limits:\n", &x->limits);
    (void)buf_printf(&b, x->carried.n ? "x-%s:\n" : "", import_source_text(x->source).p);
    (void)buf_add(&b, buf_str(&x->carried));
    struct str text = STR_NONE;
    if (buf_ok(&b) == 0 && buf_ok(&x->rules) == 0 && buf_ok(&x->limits) == 0 && buf_ok(&x->carried) == 0)
        text = arena_str(x->a, buf_str(&b));
    buf_deinit(&b);
    return text;
}
