/*
 * call/label.c - what a label may look like.
 */
#include "call/label.h"

#include "base/err.h"

bool label_name_is_valid(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return s.n > 0 && s.n <= LABEL_NAME_CHARS_MAX;
}

int label_parse(struct str text, struct label *ret)
{
    struct label l;
    if (!str_cut(text, '=', &l.name, &l.value) || !label_name_is_valid(l.name) ||
        !str_is_token(l.value, "._:@/+-", LABEL_VALUE_CHARS_MAX))
        return -ERR_INVALID;
    *ret = l;
    return 0;
}
