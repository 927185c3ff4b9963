/*
 * cli/whom.c - user and customer of a record. A value with the source header or body is only the agent's word.
 */
#include "cli/whom.h"

#include "cli/print.h"

static struct str marked(struct cli *c, struct json call, const char *name, const char *source_name)
{
    struct str value = show_text(call, name), source = show_text(call, source_name);
    bool is_claim = str_eq(source, STR("header")) || str_eq(source, STR("body"));
    return value.n && is_claim ? arena_printf(&c->arena, STR_FMT " (claimed)", STR_ARG(value)) : value;
}

struct str whom_of(struct cli *c, struct json call)
{
    struct str user = marked(c, call, "user", "user_source"),
               customer = marked(c, call, "customer", "customer_source");
    if (!user.n || !customer.n)
        return user.n ? user : customer;
    return arena_printf(&c->arena, STR_FMT ", " STR_FMT, STR_ARG(user), STR_ARG(customer));
}
