/*
 * call/kept_body.c - the words, and copies.
 */
#include "call/kept_body.h"

static const struct str SIDES[] = {
#define BODY_SIDE(name, text) STR_INIT(text),
#include "call/body_side.tbl.h"
#undef BODY_SIDE
};

static const struct {
    struct str text, help;
} LACKS[] = {
    {STR_INIT(""), STR_INIT("")},
#define BODY_LACK(name, text, help) {STR_INIT(text), STR_INIT(help)},
#include "call/body_lack.tbl.h"
#undef BODY_LACK
};

struct str body_side_text(enum body_side s) { return SIDES[s]; }

struct str body_lack_text(enum body_lack l) { return LACKS[l].text; }

struct str body_lack_help(struct str lack)
{
    for (size_t i = 1; i < BODY_LACKS; i++)
        if (str_eq(LACKS[i].text, lack))
            return LACKS[i].help;
    return STR_NONE;
}

size_t kept_body_bytes(const struct kept_body *b)
{
    return b->call_id.n + b->run_id.n + b->agent.n + b->tenant.n + b->content_type.n + b->encoding.n;
}

struct kept_body kept_body_copy(const struct kept_body *b, char **at)
{
    struct kept_body made = *b;
    made.call_id = str_put(at, b->call_id);
    made.run_id = str_put(at, b->run_id);
    made.agent = str_put(at, b->agent);
    made.tenant = str_put(at, b->tenant);
    made.content_type = str_put(at, b->content_type);
    made.encoding = str_put(at, b->encoding);
    return made;
}
