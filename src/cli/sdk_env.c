/*
 * cli/sdk_env.c - an agent's environment, from ours.
 *
 *   (1) no variable that a table names keeps its old value,
 *   (2) and no value in which a vendor's real key can be seen is passed on, whatever its name,
 *   (3) but for those of vendors that are called directly: they stay as they are.
 */
#include "cli/sdk_env.h"

#define DRESS_CHARS_MAX 8
#define KEY_CHARS_MIN 20 /* shorter than any real key of these vendors */

struct env_row {
    const char *variable, *vendor, *value;
};
static const struct env_row rows[] = {
#define SDK_ENV(variable, vendor, value) {variable, vendor, value},
#include "cli/sdk_env.tbl.h"
#undef SDK_ENV
};
static const struct {
    const char *variable, *vendor;
} hidden_rows[] = {
#define SDK_HIDE(variable, vendor) {variable, vendor},
#include "cli/sdk_env.tbl.h"
#undef SDK_HIDE
};
enum mark_where { ANYWHERE, START };
static const struct mark {
    const char *text;
    enum mark_where where;
    const char *vendor;
} marks[] = {
#define SDK_MARK(text, where, vendor) {text, where, vendor},
#include "cli/sdk_env.tbl.h"
#undef SDK_MARK
};
#define N(table) (sizeof(table) / sizeof(table[0]))

/* --- templates ---------------------------------------------------------------------------------------------------- */

static const struct str *value_of(const struct sdk_word *words, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(words[i].name, name))
            return &words[i].value;
    return NULL;
}

struct str sdk_fill(struct arena *a, struct str text, const struct sdk_word *words, size_t n)
{
    struct str done = STR("");
    size_t open, close;
    while (str_find(text, STR("{"), &open)) {
        struct str behind = str_sub(text, open + 1, text.n);
        bool is_closed = str_find(behind, STR("}"), &close);
        const struct str *value = is_closed ? value_of(words, n, str_sub(behind, 0, close)) : NULL;
        size_t n_taken = value ? open + close + 2 : open + 1;
        struct str parts[] = {done, str_sub(text, 0, open), value ? *value : STR("{")};
        done = arena_join(a, parts, N(parts));
        text = str_sub(text, n_taken, text.n);
    }
    return arena_join(a, (struct str[]){done, text}, 2);
}

static struct str fill_row(struct arena *a, const struct env_row *row, const struct sdk_values *v, struct str base)
{
    const struct sdk_word words[] = {
        {STR("base"), base}, {STR("key"), v->key}, {STR("run"), v->run}, {STR("mode"), v->mode}};
    return sdk_fill(a, str_c(row->value), words, N(words));
}

struct str sdk_dressed_key(struct arena *a, const char *variable, const struct sdk_values *v)
{
    for (size_t i = 0; i < N(rows); i++)
        if (str_eq(str_c(rows[i].variable), str_c(variable)))
            return fill_row(a, &rows[i], v, STR(""));
    return v->key;
}

/* --- real keys ---------------------------------------------------------------------------------------------------- */

/* Whether a key of ours, in the vendor's dress, stands behind a mark. */
static bool is_ours(struct str behind)
{
    return str_starts(behind, STR("fb_live_")) || str_starts(behind, STR("fb_test_"));
}

/* Without "test_" or "ant-" and such between the mark and our key. */
static struct str dressed(struct str behind)
{
    size_t at;
    return str_find(behind, STR("fb_"), &at) && at <= DRESS_CHARS_MAX ? str_sub(behind, at, behind.n) : behind;
}

static bool has_mark(const struct mark *m, struct str value)
{
    struct str text = str_c(m->text), rest = value;
    size_t at;
    if (m->where == START)
        return str_starts(value, text) && value.n >= KEY_CHARS_MIN && str_is_token(value, "_-", SIZE_MAX) &&
               !is_ours(dressed(str_sub(value, text.n, value.n)));
    while (str_find(rest, text, &at)) {
        rest = str_sub(rest, at + text.n, rest.n);
        if (!is_ours(rest))
            return true;
    }
    return false;
}

const char *sdk_real_key(struct str value)
{
    for (size_t i = 0; i < N(marks); i++)
        if (has_mark(&marks[i], value))
            return marks[i].vendor;
    return NULL;
}

/* --- the environment ---------------------------------------------------------------------------------------------- */

/* The tables write a vendor's name as config does, marks as people do. */
static bool is_direct(const struct sdk_values *v, const char *vendor)
{
    for (size_t i = 0; i < v->n_direct; i++)
        if (str_eq_nocase(v->direct[i], str_c(vendor)))
            return true;
    return false;
}

/* The vendor of a variable that a table names; NULL: none does. */
static const char *vendor_of(struct str name)
{
    for (size_t i = 0; i < N(rows); i++)
        if (str_eq(str_c(rows[i].variable), name))
            return rows[i].vendor;
    for (size_t i = 0; i < N(hidden_rows); i++)
        if (str_eq(str_c(hidden_rows[i].variable), name))
            return hidden_rows[i].vendor;
    return NULL;
}

static bool is_passed_on(const char *entry, const struct sdk_values *v, void *ctx, sdk_hidden_cb hidden)
{
    struct str name = str_c(entry), value = STR("");
    (void)str_cut(name, '=', &name, &value); /* without one: a name alone */
    const char *vendor = vendor_of(name);
    if (vendor)
        return is_direct(v, vendor);
    vendor = sdk_real_key(value);
    if (!vendor || is_direct(v, vendor))
        return true;
    hidden(ctx, name, vendor);
    return false;
}

const char **sdk_env(struct arena *a, const char *const *env, const struct sdk_values *v, void *ctx, sdk_base_cb base,
                     sdk_hidden_cb hidden)
{
    size_t n_env = 0, n = 0;
    while (env[n_env])
        n_env++;
    const char **all = arena_alloc(a, (n_env + N(rows) + 1) * sizeof(*all));
    for (size_t i = 0; i < n_env; i++)
        if (is_passed_on(env[i], v, ctx, hidden))
            all[n++] = env[i];
    for (size_t i = 0; i < N(rows); i++) {
        if (is_direct(v, rows[i].vendor))
            continue;
        struct str value = fill_row(a, &rows[i], v, base(ctx, rows[i].vendor));
        all[n++] = arena_printf(a, "%s=" STR_FMT, rows[i].variable, STR_ARG(value)).p;
    }
    all[n] = NULL;
    return all;
}
