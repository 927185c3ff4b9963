/*
 * call/usage.c - sums over the classes of tokens.
 */
#include "call/usage.h"

#include "base/check.h"

static const struct {
    struct str text, recorded;
    enum token_direction direction;
} classes[] = {
#define TOKEN(name, text, direction, recorded) {STR_INIT(text), STR_INIT(recorded), direction},
#include "call/token.tbl.h"
#undef TOKEN
};

struct str token_class_text(enum token_class t)
{
    check(t < TOKEN_CLASS_COUNT);
    return classes[t].text;
}

struct str token_class_recorded(enum token_class t)
{
    check(t < TOKEN_CLASS_COUNT);
    return classes[t].recorded;
}

enum token_direction token_class_direction(enum token_class t)
{
    check(t < TOKEN_CLASS_COUNT);
    return classes[t].direction;
}

int64_t usage_tokens(const struct usage *u, enum token_direction d)
{
    int64_t n = 0;
    for (int i = 0; i < TOKEN_CLASS_COUNT; i++)
        if (classes[i].direction == d)
            n += u->tokens[i];
    return n;
}
