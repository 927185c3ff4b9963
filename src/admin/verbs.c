/*
 * admin/verbs.c - looks up verbs.tbl.h. Thirty lines of table need no index: a walk is a few microseconds.
 */
#include "admin/verbs.h"

#include "admin/handlers.h"
#include "base/err.h"

static const struct verb verbs[] = {
#define VERB(method, path, id, role, params, request, answer, what)                                                    \
    {METHOD_##method, STR_INIT(path), #id, ROLE_##role, params, request, answer, what, admin_on_##id},
#include "admin/verbs.tbl.h"
#undef VERB
};

static const struct param_info params[] = {
#define PARAM(name, type, help) {STR_INIT(#name), type, help},
#include "admin/params.tbl.h"
#undef PARAM
};

const struct verb *verbs_table(size_t *ret_n)
{
    *ret_n = sizeof(verbs) / sizeof(verbs[0]);
    return verbs;
}

const struct param_info *params_table(size_t *ret_n)
{
    *ret_n = sizeof(params) / sizeof(params[0]);
    return params;
}

const char *method_text(enum admin_method m)
{
    static const char *const texts[METHOD_COUNT] = {"GET", "POST", "DELETE"};
    return texts[m];
}

bool verb_keeps_tenant(const struct verb *v)
{
    static const char *const ids[] = {
#define TENANT(id) #id,
#include "admin/tenant.tbl.h"
#undef TENANT
    };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (str_eq(str_c(ids[i]), str_c(v->id)))
            return true;
    }
    return false;
}

bool verb_is_action(const struct verb *v)
{
    /* What asks about a policy document sends it, and changes nothing. */
    bool is_question = v->role == ROLE_VIEWER && str_starts(str_c(v->request), STR("Policy"));
    return v->method != METHOD_GET && !is_question;
}

/* Takes one segment off `path`, which starts with '/'. */
static struct str segment(struct str *path)
{
    size_t n = 1;
    while (n < path->n && path->p[n] != '/')
        n++;
    struct str s = str_sub(*path, 1, n - 1);
    *path = str_sub(*path, n, path->n - n);
    return s;
}

static bool path_fits(struct str template, struct str path, struct str ret_args[VERB_ARGS_MAX])
{
    size_t n_args = 0;
    struct str args[VERB_ARGS_MAX] = {{NULL, 0}};

    while (template.n && path.n && path.p[0] == '/') {
        struct str want = segment(&template), got = segment(&path);
        if (str_starts(want, STR("{"))) {
            if (!got.n || n_args == VERB_ARGS_MAX)
                return false;
            args[n_args++] = got;
        } else if (!str_eq(want, got)) {
            return false;
        }
    }
    if (template.n || path.n)
        return false;
    for (size_t i = 0; i < VERB_ARGS_MAX; i++)
        ret_args[i] = args[i];
    return true;
}

int verb_find(struct str method, struct str path, const struct verb **ret_verb, struct str ret_args[VERB_ARGS_MAX],
              unsigned *ret_allow)
{
    size_t n;
    unsigned allow = 0;
    const struct verb *v = verbs_table(&n);

    for (size_t i = 0; i < n; i++) {
        struct str args[VERB_ARGS_MAX];
        if (!path_fits(v[i].path, path, args))
            continue;
        if (str_eq(method, str_c(method_text(v[i].method)))) {
            *ret_verb = &v[i];
            for (size_t k = 0; k < VERB_ARGS_MAX; k++)
                ret_args[k] = args[k];
            return 0;
        }
        allow |= 1u << v[i].method;
    }
    if (!allow)
        return -ERR_NOT_FOUND;
    *ret_allow = allow;
    return VERB_R_METHOD;
}

bool verb_has_param(const struct verb *v, struct str name)
{
    struct str rest = str_c(v->params), one;
    while (str_cut(rest, ' ', &one, &rest)) {
        if (str_eq(one, name))
            return true;
    }
    return name.n && str_eq(rest, name);
}
