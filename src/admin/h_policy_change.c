/*
 * admin/h_policy_change.c - what a change of a policy document would mean, and the way back to an older one.
 */
#include "admin/handlers.h"
#include "admin/policy_request.h"
#include "base/err.h"
#include "codec/hex.h"
#include "policy/diff.h"

#define DEPTH_MAX 64

/* --- diff --------------------------------------------------------------------------------------------------------- */

static void answer_diff(struct request *r, const struct policy *old, const struct policy *new)
{
    int e = policy_diff_json(old, new, &r->out);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    if (e < 0)
        request_fail_err(r, e);
    else
        request_answer(r, 200);
}

void admin_on_policy_diff(struct request *r)
{
    static const struct str names[] = {STR_INIT("document"), STR_INIT("file"), STR_INIT("old")};
    struct policy *new, *old = NULL;
    struct str text, file, old_text = STR("");

    if (!policy_request_text(r, names, 3, &text, &file) ||
        (!r->is_yaml && !request_member(r, STR("old"), &old_text)) || !policy_request_parse(r, text, file, &new))
        return;
    if (!old_text.n) {
        const struct policy *in_force = core_policy_named(r->admin->core, policy_name(new));
        answer_diff(r, in_force, new);
        policy_unref(in_force);
    } else if (policy_request_parse(r, old_text, STR("old"), &old)) {
        answer_diff(r, old, new);
        policy_unref(old);
    }
    policy_unref(new);
}

/* --- rollback ---------------------------------------------------------------------------------------------------- */

/* A document's metadata with another version. */
static void put_metadata(struct json_writer *w, struct json metadata, int64_t version)
{
    struct json value;
    struct str key;
    jw_object(w);
    for (struct json_iter it = json_each(metadata); json_next(&it, &key, &value);) {
        if (str_eq(key, STR("version")))
            continue;
        jw_key(w, key);
        jw_json(w, value);
    }
    jw_put_i64(w, STR("version"), version);
    jw_object_end(w);
}

static bool with_version(struct request *r, struct str document, int64_t version, struct str *ret)
{
    struct json root, value;
    struct json_writer w;
    struct buf b;
    struct str key;
    if (json_parse(&r->arena, document, DEPTH_MAX, &root) < 0)
        return false;
    buf_init(&b, document.n + 4096);
    jw_init(&w, &b);
    jw_object(&w);
    for (struct json_iter it = json_each(root); json_next(&it, &key, &value);) {
        jw_key(&w, key);
        if (str_eq(key, STR("metadata")))
            put_metadata(&w, value, version);
        else
            jw_json(&w, value);
    }
    jw_object_end(&w);
    bool is_whole = buf_ok(&b) == 0 && arena_try_str(&r->arena, buf_str(&b), ret) == 0;
    buf_deinit(&b);
    return is_whole;
}

static bool is_wanted(struct request *r, struct json row)
{
    struct str digest = json_text_of(json_get(r->json, STR("digest")));
    if (digest.n)
        return str_starts(json_text_of(json_get(row, STR("digest"))), digest);
    return json_i64_of(json_get(row, STR("version"))) == json_i64_of(json_get(r->json, STR("to")));
}

/* Two texts with one beginning can be looked for, 2^16 tries for eight digits: which one is meant must be said. */
static bool is_ambiguous(struct request *r, struct json rows)
{
    struct str first = STR_NONE, digest;
    struct json row;
    if (!json_text_of(json_get(r->json, STR("digest"))).n)
        return false;
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        if (!is_wanted(r, row))
            continue;
        digest = json_text_of(json_get(row, STR("digest")));
        if (first.n && !str_eq(first, digest))
            return true;
        first = digest;
    }
    return false;
}

static void no_such_version(struct request *r)
{
    struct str digest = json_text_of(json_get(r->json, STR("digest"))), name = str_sub(r->args[0], 0, 64);
    if (digest.n)
        request_fail(r, 404, "not_found", "there is no version with the digest " STR_FMT " of a policy named `" STR_FMT
                     "`", STR_ARG(digest), STR_ARG(name));
    else
        request_fail(r, 404, "not_found", "there is no version %lld of a policy named `" STR_FMT "`",
                     (long long)json_i64_of(json_get(r->json, STR("to"))), STR_ARG(name));
}

static void then_rollback(struct request *r)
{
    struct json rows, row;
    struct str text = STR_NONE, document;
    int64_t newest = 0;
    bool is_in_force = false;

    if (json_parse(&r->arena, buf_str(&r->ask.json), DEPTH_MAX, &rows) < 0) {
        request_fail_err(r, -ERR_TOO_LARGE);
        return;
    }
    for (struct json_iter it = json_each(rows); json_next(&it, NULL, &row);) {
        int64_t version = json_i64_of(json_get(row, STR("version")));
        bool is_active = false;
        newest = version > newest ? version : newest;
        (void)json_bool(json_get(row, STR("is_active")), &is_active); /* absent is no */
        /* Newest first: of several with that number the last that is not in force already. */
        if (!is_wanted(r, row) || (text.n && !is_in_force))
            continue;
        text = json_text_of(json_get(row, STR("document")));
        is_in_force = is_active;
    }
    if (is_ambiguous(r, rows))
        request_fail(r, 409, "digest_ambiguous", "the digests of several versions of `" STR_FMT "` begin with " STR_FMT
                     ": write more of it", STR_ARG(str_sub(r->args[0], 0, 64)),
                     STR_ARG(json_text_of(json_get(r->json, STR("digest")))));
    else if (!text.n)
        no_such_version(r);
    else if (!with_version(r, text, newest + 1, &document))
        request_fail_err(r, -ERR_TOO_LARGE);
    else
        policy_request_apply(r, document, STR("rollback"));
}

void admin_on_policy_rollback(struct request *r)
{
    static const struct str names[] = {STR_INIT("to"), STR_INIT("digest")};
    struct str digest;
    int64_t to;
    if (!request_members_known(r, names, 2) || !request_member(r, STR("digest"), &digest))
        return;
    struct json number = json_get(r->json, STR("to"));
    bool is_one = digest.n ? hex_is_digest_start(digest) && json_type(number) <= JSON_NULL : json_i64(number, &to);
    if (!is_one) {
        request_fail(r, 400, "request_invalid",
                     "`to` is required, the number of a version as history shows it, or `digest`, eight of its first "
                     "digits or more");
        return;
    }
    r->ask.q = (struct query){.kind = QUERY_POLICIES, .id = r->args[0], .rows_max = r->admin->limits->query_rows_max};
    request_ask(r, then_rollback);
}
