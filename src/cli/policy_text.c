/*
 * cli/policy_text.c - where a policy document comes from, and how what is said about it is printed.
 */
#include "cli/policy_text.h"

#include <unistd.h>

#include "base/limits.h"
#include "cli/client.h"
#include "cli/print.h"
#include "codec/hex.h"
#include "codec/json_write.h"
#include "policy/diff.h"

/* --- where it comes from ------------------------------------------------------------------------------------------ */

bool policy_text_is_digest(struct str version)
{
    int64_t n;
    return str_to_i64(version, &n) < 0 && hex_is_digest_start(version);
}

/* What is in force, or a version by its number, or by the beginning of its digest. */
static bool is_wanted(struct cli *c, struct json p, struct str version)
{
    bool is_active = false;
    (void)json_bool(json_get(p, STR("is_active")), &is_active); /* absent is no */
    if (!version.n)
        return is_active;
    return policy_text_is_digest(version) ? str_starts(show_text(p, "digest"), version)
                                          : str_eq(show_number(c, p, "version"), version);
}

/* The newest of them; JSON_ABSENT: there is none. Those that a digest names must have the same one. */
static int find(struct cli *c, struct json all, struct str name, struct str version, struct json *ret)
{
    struct json found = JSON_ABSENT, p;
    for (struct json_iter it = json_each(all); json_next(&it, NULL, &p);) {
        if (!is_wanted(c, p, version))
            continue;
        if (json_type(found) == JSON_NONE)
            found = p;
        else if (policy_text_is_digest(version) && !str_eq(show_text(found, "digest"), show_text(p, "digest")))
            return cli_fail(c, "the digests of several versions of `" STR_FMT "` begin with " STR_FMT
                            ": write more of it", STR_ARG(name), STR_ARG(version));
    }
    *ret = found;
    return 0;
}

static int fetch(struct cli *c, struct str name, struct str version, struct str *ret_text)
{
    struct answer a;
    struct json p;
    int r = client_call(c, "GET", client_path(c, "/api/v1/policies/", name, "/history"), STR_NONE, &a);
    if (r)
        return r;
    r = find(c, json_get(a.json, STR("policies")), name, version, &p);
    if (r)
        return r;
    if (json_type(p) != JSON_NONE) {
        *ret_text = json_text_of(json_get(p, STR("document")));
        return CLI_DONE;
    }
    if (!version.n)
        return cli_fail(c, "policy " STR_FMT " is not in force", STR_ARG(name));
    return cli_fail(c, "policy " STR_FMT " has no version " STR_FMT "; see: flyball policy history " STR_FMT,
                    STR_ARG(name), STR_ARG(version), STR_ARG(name));
}

int policy_text_in_force(struct cli *c, struct str what, struct str *ret_text)
{
    struct str name = what, version = STR_NONE;
    (void)str_cut(what, '@', &name, &version); /* without one it is what is in force */
    if (!name.n || (version.p && !version.n))
        return cli_usage(c, "`" STR_FMT "` names no policy: write NAME, NAME@VERSION, or a file", STR_ARG(what));
    return fetch(c, name, version, ret_text);
}

int policy_text_of(struct cli *c, struct str what, struct str *ret_text, struct str *ret_file)
{
    struct limits limits;
    limits_default(&limits);
    *ret_file = what;
    if (str_eq(what, STR("-")) || str_has(what, '/') || access(arena_str(&c->arena, what).p, F_OK) == 0)
        return cli_read_file(c, what, (size_t)limits.policy_bytes_max, ret_text);
    if (!str_has(what, '@') && str_has(what, '.'))
        return cli_read_file(c, what, (size_t)limits.policy_bytes_max, ret_text); /* says that it is not there */
    return policy_text_in_force(c, what, ret_text);
}

struct str policy_text_json(struct cli *c, struct str text, struct str file, struct str name, struct str value)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 8 * (text.n + value.n) + 65536);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("document"), text);
    jw_put_str(&w, STR("file"), file);
    if (value.n)
        jw_put_str(&w, name, value);
    jw_object_end(&w);
    struct str s = arena_str(&c->arena, buf_str(&b));
    buf_deinit(&b);
    return s;
}

/* --- how it is printed -------------------------------------------------------------------------------------------- */

void policy_print_diags(struct cli *c, struct json diags)
{
    struct json d;
    for (struct json_iter it = json_each(diags); json_next(&it, NULL, &d);) {
        bool is_warning = false;
        int64_t line = json_i64_of(json_get(d, STR("line"))); /* 0: the document as a whole */
        (void)json_bool(json_get(d, STR("is_warning")), &is_warning);
        print_safe(c->err, show_text(d, "file"));
        if (line)
            fprintf(c->err, ":%lld:%lld", (long long)line, (long long)json_i64_of(json_get(d, STR("col"))));
        fputs(is_warning ? ": warning: " : ": ", c->err);
        print_safe(c->err, show_text(d, "code"));
        fputs(": ", c->err);
        print_safe(c->err, show_text(d, "message"));
        fputc('\n', c->err);
    }
}

static void print_line(struct cli *c, enum style style, const char *mark, struct str text)
{
    fputs("    ", c->out);
    print_styled(c, style, str_c(mark));
    print_safe(c->out, text);
    fputc('\n', c->out);
}

static void print_change(struct cli *c, struct json change)
{
    struct str before = show_text(change, "before"), after = show_text(change, "after");
    bool keeps_count = true;
    fputs("  ", c->out);
    print_safe(c->out, show_text(change, "id"));
    fputc('\n', c->out);
    if (before.n && !str_eq(before, after))
        print_line(c, STYLE_BAD, "- ", before);
    if (after.n)
        print_line(c, STYLE_GOOD, "+ ", after);
    (void)json_bool(json_get(change, STR("keeps_count")), &keeps_count); /* absent: it counts nothing */
    if (!keeps_count && before.n && after.n)
        print_line(c, STYLE_WARN, "! ", STR("counts from nothing: what it has counted so far is no longer looked at"));
}

static struct str heading(struct json change)
{
    for (enum diff d = 0; d < DIFF_COUNT; d++)
        if (str_eq(diff_text(d), show_text(change, "change")))
            return diff_heading(d);
    return show_text(change, "change");
}

void policy_print_diff(struct cli *c, struct json diff)
{
    struct json changes = json_get(diff, STR("changes")), change;
    struct str last = STR_NONE;
    if (json_len(changes) == 0)
        cli_note(c, "Both say the same.");
    for (struct json_iter it = json_each(changes); json_next(&it, NULL, &change);) {
        if (!str_eq(heading(change), last)) {
            last = heading(change);
            print_styled(c, STYLE_BOLD, last);
            fputs(":\n", c->out);
        }
        print_change(c, change);
    }
}
