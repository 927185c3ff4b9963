/*
 * store/limit_read.c - places by number, as trace/record.c writes them.
 */
#include "store/limit_read.h"

#include "base/money.h"
#include "call/window.h"

enum { COUNTER, WINDOW_START, N, MAX, BEFORE, HELD, IS_SHADOW, RAISED, SOFT, LASTS };

/* When the window ends, where the frame does not say: its name does. 0: never. */
static wall_t end_of(struct str window, wall_t start)
{
    enum limit_window w;
    int64_t sliding_ns;
    struct str zone;
    return window_parse(window, &w, &sliding_ns, &zone) < 0 ? 0 : window_end(w, sliding_ns, NULL, start);
}

struct limit_read limit_read(struct json limit)
{
    struct limit_read l = {.counter = json_text_of(json_at(limit, COUNTER)),
                           .window_start = json_i64_of(json_at(limit, WINDOW_START)),
                           .n = json_i64_of(json_at(limit, N)),
                           .max = json_i64_of(json_at(limit, MAX)),
                           .before = json_i64_of(json_at(limit, BEFORE)),
                           .held = json_i64_of(json_at(limit, HELD)),
                           .is_shadow = json_i64_of(json_at(limit, IS_SHADOW)) != 0,
                           .raised = json_i64_of(json_at(limit, RAISED)),
                           .soft = json_i64_of(json_at(limit, SOFT))};
    int64_t lasts;
    if (counter_name_parse(l.counter, &l.name) < 0)
        l.name = (struct counter_name){0};
    l.id = l.name.id.n ? l.name.id : l.name.name;
    if (json_i64(json_at(limit, LASTS), &lasts))
        l.resets_at = lasts ? add_capped(l.window_start, lasts) : 0;
    else
        l.resets_at = end_of(l.name.window, l.window_start);
    l.after = add_capped(add_capped(l.before, l.held), l.n);
    return l;
}

struct str limit_bucket(struct json buckets, size_t i)
{
    int64_t like;
    while (json_i64(json_at(buckets, i), &like) && like >= 0 && (uint64_t)like < i)
        i = (size_t)like;
    return json_text_of(json_at(buckets, i));
}
