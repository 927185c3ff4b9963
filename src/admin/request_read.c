/*
 * admin/request_read.c - what a request asks for: parameters of its query, members of its body. What cannot be read is
 * answered here, with the name of what is wrong.
 */
#include "admin/request.h"
#include "base/err.h"

struct str request_param(const struct request *r, struct str name)
{
    const struct form_field *f = form_get(&r->query, name);
    return f ? f->value : STR_NONE;
}

bool request_limit(struct request *r, int64_t *ret_n)
{
    struct str text = request_param(r, STR("limit"));
    int64_t n = 100, most = r->admin->limits->query_rows_max;

    if (text.n && (str_to_i64(text, &n) < 0 || n < 1 || n > most)) {
        request_fail(r, 400, "parameter_invalid", "limit must be a number from 1 to %lld", (long long)most);
        return false;
    }
    *ret_n = n < most ? n : most;
    return true;
}

bool request_seq(struct request *r, struct str name, uint64_t *ret_seq)
{
    struct str text = request_param(r, name);
    int64_t n = 0;
    if (text.n && str_to_i64(text, &n) < 0) {
        request_fail(r, 400, "parameter_invalid", STR_FMT " must be a seq: a whole number", STR_ARG(name));
        return false;
    }
    *ret_seq = (uint64_t)n;
    return true;
}

static bool read_time(struct request *r, struct str text, const char *code, struct str name, wall_t *ret_at)
{
    wall_t at = 0;
    int64_t back;

    if (text.n && duration_parse(text, &back) == 0)
        at = loop_wall(r->admin->loop) - back;
    else if (text.n && wall_parse(text, &at) < 0) {
        request_fail(r, 400, code, STR_FMT " must be a time like 2026-11-23T12:00:00Z, or a duration like 24h",
                     STR_ARG(name));
        return false;
    }
    *ret_at = at;
    return true;
}

bool request_time(struct request *r, struct str name, wall_t *ret_at)
{
    return read_time(r, request_param(r, name), "parameter_invalid", name, ret_at);
}

bool request_member_time(struct request *r, struct str name, wall_t *ret_at)
{
    struct str text;
    return request_member(r, name, &text) && read_time(r, text, "request_invalid", name, ret_at);
}

bool request_member(struct request *r, struct str name, struct str *ret)
{
    struct json v = json_get(r->json, name);
    struct str s = STR("");
    if (json_type(v) != JSON_NONE && json_type(v) != JSON_NULL && !json_str(v, &s)) {
        request_fail(r, 400, "request_invalid", "`" STR_FMT "` must be a string", STR_ARG(name));
        return false;
    }
    *ret = s;
    return true;
}

bool request_members_known(struct request *r, const struct str *names, size_t n)
{
    struct str key;
    struct json value;
    for (struct json_iter it = json_each(r->json); json_next(&it, &key, &value);) {
        bool is_known = false;
        for (size_t i = 0; i < n; i++)
            is_known |= str_eq(key, names[i]);
        if (is_known)
            continue;
        struct str near = diag_nearest(key, names, n);
        if (near.n)
            request_fail(r, 400, "request_invalid", "`" STR_FMT "` is not known here; did you mean `" STR_FMT "`?",
                         STR_ARG(str_sub(key, 0, 64)), STR_ARG(near));
        else if (r->has_secret)
            request_fail(r, 400, "request_invalid", "a member is not known here"); /* a secret may stand in its place */
        else
            request_fail(r, 400, "request_invalid", "`" STR_FMT "` is not known here", STR_ARG(str_sub(key, 0, 64)));
        return false;
    }
    return true;
}

bool request_member_strings(struct request *r, struct str name, const struct str **ret, size_t *ret_n)
{
    struct json list = json_get(r->json, name), v;
    size_t n = 0;
    if (json_type(list) == JSON_NONE || json_type(list) == JSON_NULL)
        return true;
    struct str *all = arena_alloc(&r->arena, (json_len(list) + 1) * sizeof(*all));
    for (struct json_iter it = json_each(list); json_type(list) == JSON_ARRAY && json_next(&it, NULL, &v);) {
        if (!json_str(v, &all[n]))
            break;
        n++;
    }
    if (json_type(list) != JSON_ARRAY || n != json_len(list)) {
        request_fail(r, 400, "request_invalid", "`" STR_FMT "` must be a list of strings", STR_ARG(name));
        return false;
    }
    *ret = all;
    *ret_n = n;
    return true;
}

bool request_member_expires(struct request *r, wall_t *ret)
{
    struct str text;
    int64_t ahead;
    wall_t now = loop_wall(r->admin->loop), at = 0;

    if (!request_member(r, STR("expires"), &text))
        return false;
    if (text.n && duration_parse(text, &ahead) == 0)
        at = now + ahead;
    else if (text.n && (wall_parse(text, &at) < 0 || at <= now)) {
        request_fail(r, 400, "request_invalid",
                     "`expires` must be a time to come like 2030-01-31T12:00:00Z, or a duration like 30d");
        return false;
    }
    *ret = at;
    return true;
}
