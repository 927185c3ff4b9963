/*
 * cli/near.c - codec/diag.h's nearest name, as the end of a sentence.
 */
#include "cli/near.h"

#include "cli/print.h"
#include "codec/diag.h"

struct str near_name(struct cli *c, struct str word, const struct str *names, size_t n)
{
    struct str near = diag_nearest(word, names, n);
    return near.n ? arena_printf(&c->arena, "; did you mean `" STR_FMT "`?", STR_ARG(near)) : STR("");
}

struct str near_in(struct cli *c, struct str word, struct json list, const char *member)
{
    struct str *names = arena_alloc(&c->arena, (json_len(list) + 1) * sizeof(*names));
    struct json one;
    size_t n = 0;
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);)
        names[n++] = show_text(one, member);
    return near_name(c, word, names, n);
}

bool near_has(struct str word, struct json list, const char *member)
{
    struct json one;
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);)
        if (str_eq(show_text(one, member), word))
            return true;
    return false;
}
