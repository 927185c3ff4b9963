/* proxy/agent_fields.c - each field of the head is looked for in the table once; most names differ in length. */
#include "proxy/agent_fields.h"

#include "base/check.h"

static const struct {
    struct str text;
    enum field_often often;
} fields[AGENT_FIELD_COUNT] = {
#define FIELD(name, text, often) {STR_INIT(text), often},
#include "proxy/agent_field.tbl.h"
#undef FIELD
};

struct str agent_field_text(enum agent_field f)
{
    check(f < AGENT_FIELD_COUNT);
    return fields[f].text;
}

enum field_often agent_field_often(enum agent_field f)
{
    check(f < AGENT_FIELD_COUNT);
    return fields[f].often;
}

enum agent_field agent_field_find(struct str name)
{
    enum agent_field f = 0;
    while (f < AGENT_FIELD_COUNT && (fields[f].text.n != name.n || !str_eq_nocase(fields[f].text, name)))
        f++;
    return f;
}

static void note_twice(struct agent_fields *s, enum agent_field f)
{
    enum field_often often = fields[f].often;
    if (often < FIELD_ANY && f < s->twice[often])
        s->twice[often] = f;
}

void agent_fields_read(const struct http_head *h, struct agent_fields *ret)
{
    *ret = (struct agent_fields){.twice = {AGENT_FIELD_COUNT, AGENT_FIELD_COUNT}};
    for (size_t i = 0; i < h->n_fields; i++) {
        enum agent_field f = agent_field_find(h->fields[i].name);
        if (f == AGENT_FIELD_COUNT)
            continue;
        if (ret->n[f]++ == 0)
            ret->first[f] = h->fields[i].value;
        else
            note_twice(ret, f);
    }
}
