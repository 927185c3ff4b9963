/*
 * cli/tokens.c - see tokens.h. The table of classes says which is which.
 */
#include "cli/tokens.h"

static bool is_first_of_name(enum token_class t)
{
    for (enum token_class i = 0; i < t; i++)
        if (str_eq(token_class_recorded(i), token_class_recorded(t)))
            return false;
    return true;
}

/* False: its name is recorded for both directions. */
static bool has_direction(enum token_class t)
{
    for (enum token_class i = 0; i < TOKEN_CLASS_COUNT; i++)
        if (str_eq(token_class_recorded(i), token_class_recorded(t)) &&
            token_class_direction(i) != token_class_direction(t))
            return false;
    return true;
}

static int64_t count(struct json tokens, enum token_class t)
{
    int64_t n = 0;
    if (is_first_of_name(t))
        (void)json_i64(json_get(tokens, token_class_recorded(t)), &n); /* left out: none */
    return n;
}

bool tokens_of(struct json object, enum token_direction d, int64_t *ret_n)
{
    struct json tokens = json_get(object, STR("tokens"));
    if (json_type(tokens) != JSON_OBJECT)
        return false;
    *ret_n = 0;
    for (enum token_class t = 0; t < TOKEN_CLASS_COUNT; t++)
        if (has_direction(t) && token_class_direction(t) == d)
            *ret_n += count(tokens, t);
    return true;
}

/* "400 cache_read, 12 cache_write_5m": what is not plain input or output. */
static struct str kinds(struct cli *c, struct json tokens, enum token_direction d)
{
    struct str text = STR("");
    for (enum token_class t = 0; t < TOKEN_CLASS_COUNT; t++) {
        int64_t n = count(tokens, t);
        if (n == 0 || !has_direction(t) || token_class_direction(t) != d || t == TOKEN_INPUT || t == TOKEN_OUTPUT)
            continue;
        text = arena_printf(&c->arena, STR_FMT "%s%lld " STR_FMT, STR_ARG(text), text.n ? ", " : "", (long long)n,
                            STR_ARG(token_class_recorded(t)));
    }
    return text;
}

static struct str side(struct cli *c, struct json object, enum token_direction d)
{
    struct str of = kinds(c, json_get(object, STR("tokens")), d);
    int64_t n = 0;
    (void)tokens_of(object, d, &n);
    return arena_printf(&c->arena, "%lld %s%s" STR_FMT "%s", (long long)n, d == TOKENS_IN ? "in" : "out",
                        of.n ? " (" : "", STR_ARG(of), of.n ? ")" : "");
}

struct str show_tokens(struct cli *c, struct json object)
{
    struct json tokens = json_get(object, STR("tokens"));
    if (json_type(tokens) != JSON_OBJECT)
        return STR("");
    struct str text = arena_printf(&c->arena, STR_FMT ", " STR_FMT, STR_ARG(side(c, object, TOKENS_IN)),
                                   STR_ARG(side(c, object, TOKENS_OUT)));
    for (enum token_class t = 0; t < TOKEN_CLASS_COUNT; t++)
        if (!has_direction(t) && count(tokens, t))
            text = arena_printf(&c->arena, STR_FMT ", %lld " STR_FMT, STR_ARG(text), (long long)count(tokens, t),
                                STR_ARG(token_class_recorded(t)));
    if (str_eq(show_text(object, "tokens_how"), STR("estimated")))
        text = arena_printf(&c->arena, STR_FMT " estimated", STR_ARG(text));
    return text;
}

struct str show_first_token(struct cli *c, struct json call)
{
    int64_t us;
    if (!json_i64(json_path(call, STR("phases.first_token")), &us))
        return STR("");
    if (us < 10000000)
        return arena_printf(&c->arena, "%lld ms", (long long)((us + 500) / 1000));
    return arena_printf(&c->arena, "%lld.%lld s", (long long)(us / 1000000), (long long)(us % 1000000 / 100000));
}
