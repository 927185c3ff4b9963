/*
 * proxy/core_members.c - one buffer a member.
 */
#include "proxy/core_members.h"

#include "base/check.h"

struct json_writer member_begin(struct member_text *t, struct str name, bool is_personal)
{
    struct json_writer w;
    check(t->n < MEMBERS_MAX);
    buf_init(&t->bufs[t->n], 1 << 20);
    t->m[t->n] = (struct record_member){.name = name, .is_personal = is_personal};
    jw_init(&w, &t->bufs[t->n]);
    return w;
}

void member_end(struct member_text *t)
{
    t->m[t->n].json = buf_str(&t->bufs[t->n]);
    t->n++;
}

void member_str(struct member_text *t, struct str name, struct str value, bool is_personal)
{
    struct json_writer w = member_begin(t, name, is_personal);
    jw_str(&w, value);
    member_end(t);
}

void member_i64(struct member_text *t, struct str name, int64_t value)
{
    struct json_writer w = member_begin(t, name, false);
    jw_i64(&w, value);
    member_end(t);
}

void members_free(struct member_text *t)
{
    for (size_t i = 0; i < t->n; i++)
        buf_deinit(&t->bufs[i]);
}
