/*
 * store/limit_read.c - places by number, as trace/record.c writes them.
 */
#include "store/limit_read.h"

#include "base/money.h"

struct limit_read limit_read(struct json limit)
{
    struct limit_read l = {.counter = json_text_of(json_at(limit, 0)),
                           .window_start = json_i64_of(json_at(limit, 1)),
                           .n = json_i64_of(json_at(limit, 2)),
                           .max = json_i64_of(json_at(limit, 3)),
                           .before = json_i64_of(json_at(limit, 5)),
                           .held = json_i64_of(json_at(limit, 6)),
                           .soft = json_i64_of(json_at(limit, 7)),
                           .raised = json_i64_of(json_at(limit, 8)),
                           .is_shadow = json_i64_of(json_at(limit, 9)) != 0};
    int64_t lasts = json_i64_of(json_at(limit, 4));
    if (counter_name_parse(l.counter, &l.name) < 0)
        l.name = (struct counter_name){0};
    l.id = l.name.id.n ? l.name.id : l.name.name;
    l.resets_at = lasts ? add_capped(l.window_start, lasts) : 0;
    l.after = add_capped(add_capped(l.before, l.held), l.n);
    return l;
}
