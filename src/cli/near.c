/*
 * cli/near.c - codec/diag.h's nearest name, as the end of a sentence.
 */
#include "cli/near.h"

#include "cli/client.h"
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

/* False: it is there, or that cannot be told; else *ret_near is the end of a sentence that says it is not. */
static bool is_missing(struct cli *c, const char *path, const char *list, struct str name, struct str *ret_near)
{
    struct answer a;
    if (c->is_json) /* for programs there are no notes */
        return false;
    if (client_request(c, "GET", str_c(path), STR_NONE, &a) != 0 || a.status != 200)
        return false; /* a person of one tenant may not look */
    struct json all = json_get(a.json, str_c(list));
    *ret_near = near_in(c, name, all, "name");
    return !near_has(name, all, "name");
}

void near_say_vendor(struct cli *c, struct str vendor)
{
    struct str near;
    if (is_missing(c, "/api/v1/vendors", "vendors", vendor, &near))
        cli_note(c, "There is no vendor `" STR_FMT "`" STR_FMT, STR_ARG(vendor), STR_ARG(near));
}

void near_say_policy(struct cli *c, struct str name)
{
    struct str near;
    if (is_missing(c, "/api/v1/policies", "policies", name, &near))
        cli_note(c,
                 "There is no policy named `" STR_FMT
                 "` yet, and until there is, all calls of this key are denied" STR_FMT,
                 STR_ARG(name), STR_ARG(near));
}
