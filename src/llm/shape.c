/*
 * llm/shape.c - the shapes as texts.
 */
#include "llm/shape.h"

#include "base/check.h"
#include "base/err.h"

static const struct {
    struct str text;
    enum llm_dialect dialect;
} shapes[] = {
#define SHAPE(name, text, dialect) {STR_INIT(text), dialect},
#include "llm/shape.tbl.h"
#undef SHAPE
};

struct str llm_shape_text(enum llm_shape s)
{
    check(s < SHAPE_COUNT);
    return shapes[s].text;
}

enum llm_dialect llm_shape_dialect(enum llm_shape s)
{
    check(s < SHAPE_COUNT);
    return shapes[s].dialect;
}

int llm_shape_parse(struct str s, enum llm_shape *ret)
{
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        if (!str_eq(shapes[i].text, s))
            continue;
        *ret = (enum llm_shape)i;
        return 0;
    }
    return -ERR_NOT_FOUND;
}
