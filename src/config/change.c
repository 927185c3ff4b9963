/*
 * config/change.c - two snapshots, value by value, as `config show` has them: what is shown there is compared here.
 */
#include "config/config.h"

#include "base/err.h"
#include "codec/json_write.h"

#define TEXT_BYTES_MAX (4u << 20)
#define ARENA_BYTES_MAX (64u << 20)
#define DEPTH_MAX 8

enum taken_when { TAKEN_ALWAYS, TAKEN_CHANGED, TAKEN_FILE };

static const struct taken {
    struct str keys;
    enum taken_when when;
} takens[] = {
#define TAKEN(keys, when, how) {STR_INIT(keys), TAKEN_##when},
#include "config/reload.tbl.h"
#undef TAKEN
};

/* --- which keys --------------------------------------------------------------------------------------------------- */

/* One part of a key; at most one `*` in `pattern`. */
static bool part_matches(struct str pattern, struct str part)
{
    struct str before, after;
    if (!str_cut(pattern, '*', &before, &after))
        return str_eq(pattern, part);
    return part.n >= before.n + after.n && str_starts(part, before) && str_ends(part, after);
}

static bool key_matches(struct str pattern, struct str key)
{
    struct str p, k;
    while (str_cut(pattern, '.', &p, &pattern)) {
        if (!str_cut(key, '.', &k, &key) || !part_matches(p, k))
            return false;
    }
    return !str_has(key, '.') && part_matches(pattern, key);
}

/* --- which values ------------------------------------------------------------------------------------------------- */

static struct json value_of(struct json entry) { return json_get(entry, STR("value")); }

static bool is_file(struct json value) { return str_starts(json_text_of(value), STR("file:")); }

/* Absent, or null, which stands for a setting that has no value. */
static bool is_none(struct json value) { return json_type(value) <= JSON_NULL; }

static bool is_taken(struct str key, struct json from, struct json to)
{
    size_t i = 0, n = sizeof takens / sizeof takens[0];
    while (i < n && !key_matches(takens[i].keys, key))
        i++;
    if (i == n)
        return false;
    if (takens[i].when == TAKEN_FILE)
        return is_file(from) && is_file(to);
    return takens[i].when == TAKEN_ALWAYS || (!is_none(from) && !is_none(to));
}

static bool is_same(struct json a, struct json b)
{
    struct buf text[2];
    struct json_writer w;
    const struct json values[] = {a, b};
    if (is_none(a) || is_none(b))
        return is_none(a) && is_none(b);
    for (int i = 0; i < 2; i++) {
        buf_init(&text[i], TEXT_BYTES_MAX);
        jw_init(&w, &text[i]);
        jw_json(&w, values[i]);
    }
    bool is_same = str_eq(buf_str(&text[0]), buf_str(&text[1]));
    buf_deinit(&text[0]);
    buf_deinit(&text[1]);
    return is_same;
}

/* --- what is said ------------------------------------------------------------------------------------------------- */

/* "vendors.stripe" of "vendors.stripe.mode": an entry that comes or goes is named once, not key by key. */
static struct str entry_of(struct str key)
{
    size_t n_dots = 0, n = 0;
    while (n < key.n && (n_dots += key.p[n] == '.') < 2)
        n++;
    return str_sub(key, 0, n);
}

struct refusals {
    struct buf *error;
    struct str last;
};

static void refuse(struct refusals *f, struct json origin, struct str name)
{
    if (str_eq(name, f->last))
        return;
    f->last = name;
    (void)buf_printf(f->error, "%s" STR_FMT ": restart: `" STR_FMT "` changes at a restart only",
                     f->error->n ? "\n" : "", STR_ARG(json_text_of(origin)), STR_ARG(name)); /* cut short at worst */
}

/* Each key of `in` that `other` has not, or, where they are `compared`, has otherwise. */
static void compare(struct json in, struct json other, bool are_compared, struct refusals *f)
{
    struct str key;
    struct json entry;
    for (struct json_iter it = json_each(in); json_next(&it, &key, &entry);) {
        struct json there = json_get(other, key), now = value_of(entry), then = value_of(there);
        bool is_alone = json_type(there) == JSON_NONE;
        if ((!is_alone && !are_compared) || is_same(now, then) || is_taken(key, then, now))
            continue;
        refuse(f, json_get(entry, STR("origin")), is_alone ? entry_of(key) : key);
    }
}

static int shown(const struct config *c, struct arena *a, struct json *ret)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    int r = config_json(c, &text);
    if (r == 0)
        r = json_parse(a, buf_str(&text), DEPTH_MAX, ret);
    buf_deinit(&text);
    return r;
}

int config_takes(const struct config *from, const struct config *to, struct buf *error)
{
    struct refusals f = {error, STR_NONE};
    struct json then, now;
    struct arena a;
    size_t n = error->n;
    arena_init(&a, ARENA_BYTES_MAX);
    int r = shown(from, &a, &then);
    if (r == 0)
        r = shown(to, &a, &now);
    if (r == 0) {
        compare(now, then, true, &f);
        compare(then, now, false, &f);
        r = error->n > n ? -ERR_INVALID : 0;
    }
    arena_deinit(&a);
    return err_trace(r);
}
