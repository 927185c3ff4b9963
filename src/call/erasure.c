/*
 * call/erasure.c - the words.
 */
#include "call/erasure.h"

#include "base/err.h"

static const struct str TEXTS[ERASE_COUNT] = {
#define ERASE(name, text) STR_INIT(text),
#include "call/erasure.tbl.h"
#undef ERASE
};

struct str erase_what_text(enum erase_what w) { return TEXTS[w]; }

int erase_what_parse(struct str s, enum erase_what *ret)
{
    for (int i = 0; i < ERASE_COUNT; i++) {
        if (!str_eq(s, TEXTS[i]))
            continue;
        *ret = (enum erase_what)i;
        return 0;
    }
    return -ERR_NOT_FOUND;
}
