/* call/affected.c - names of questions, and when two are the same one. */
#include "call/affected.h"

#include "base/err.h"

static const struct str texts[] = {
#define QUESTION(name, text, help) STR_INIT(text),
#include "call/question.tbl.h"
#undef QUESTION
};

struct str question_text(enum question_kind k) { return texts[k]; }

int question_parse(struct str s, enum question_kind *ret)
{
    for (enum question_kind k = 0; k < QUESTION_COUNT; k++) {
        if (!str_eq(texts[k], s))
            continue;
        *ret = k;
        return 0;
    }
    return err_trace(-ERR_NOT_FOUND);
}

bool question_eq(const struct question *a, const struct question *b)
{
    return a->kind == b->kind && str_eq(a->source, b->source) && str_eq(a->name, b->name) &&
           str_eq(a->subject, b->subject) && str_eq(a->about, b->about);
}
