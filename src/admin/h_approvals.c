/*
 * admin/h_approvals.c - questions to persons: listed, and answered by people who are named.
 */
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/err.h"
#include "proxy/core_approvals.h"

static bool list(struct request *r, struct str id, bool has_over, int64_t rows_max)
{
    const struct approval_filter f = {.id = id, .tenant = r->who.tenant, .has_over = has_over, .rows_max = rows_max};
    buf_reset(&r->ask.json);
    int e = core_approvals_json(r->admin->core, &f, &r->ask.json);
    if (e < 0)
        request_fail_err(r, e);
    return e == 0;
}

void admin_on_approvals(struct request *r)
{
    int64_t n;
    if (request_limit(r, &n) && list(r, STR_NONE, str_eq(request_param(r, STR("all")), STR("1")), n))
        request_answer_list(r, STR("approvals"));
}

static void fail_unknown(struct request *r)
{
    request_fail(r, 404, "not_found", "there is no approval `" STR_FMT "`; flyball approvals list --all shows them",
                 STR_ARG(str_sub(r->args[0], 0, 64)));
}

void admin_on_approval(struct request *r)
{
    if (!list(r, r->args[0], true, 1))
        return;
    if (str_eq(buf_str(&r->ask.json), STR("[]")))
        fail_unknown(r);
    else
        request_answer_row(r, 200, core_last_seq(r->admin->core));
}

/* --- decided ------------------------------------------------------------------------------------------------------ */

static void fail_decision(struct request *r, int e)
{
    struct str who = r->who.name;
    if (e == -ERR_NOT_FOUND)
        fail_unknown(r);
    else if (e == APPROVAL_R_OVER)
        request_fail(r, 409, "approval_over", "it is decided already, or its time is over");
    else if (e == APPROVAL_R_SELF)
        request_fail(r, 403, "approval_self", STR_FMT " stands behind the call: nobody decides an own one",
                     STR_ARG(who));
    else if (e == APPROVAL_R_TWICE)
        request_fail(r, 409, "approval_twice", STR_FMT " has said yes already; another person is wanted", STR_ARG(who));
    else if (e == APPROVAL_R_SERVICE)
        request_fail(r, 403, "approval_service", STR_FMT " is a service: a person decides", STR_ARG(who));
    else
        request_fail_err(r, e);
}

/* A person with a name: the data folder's token may be anybody's. */
static bool is_person(struct request *r)
{
    if (r->who.person)
        return true;
    request_fail(r, 403, "approval_nameless",
                 "an approval records a person, and this token is nobody's own: use a credential of `flyball admin "
                 "create NAME --role approver`");
    return false;
}

static bool read_note(struct request *r, const char *name, struct str *ret)
{
    const struct str names[] = {str_c(name)};
    if (!request_members_known(r, names, 1) || !request_member(r, names[0], ret))
        return false;
    if (ret->n <= APPROVAL_NOTE_BYTES_MAX)
        return true;
    request_fail(r, 400, "request_invalid", "`%s` has at most %d bytes", name, APPROVAL_NOTE_BYTES_MAX);
    return false;
}

static void decide(struct request *r, bool is_yes, const char *note_name)
{
    struct approval_decision d = {.id = r->args[0], .is_yes = is_yes, .by = r->who.person};
    uint64_t seq = 0;
    if (!is_person(r) || !read_note(r, note_name, &d.note))
        return;
    int e = core_approval_decide(r->admin->core, &d, &seq);
    if (e)
        fail_decision(r, e);
    else if (list(r, d.id, true, 1))
        request_answer_row(r, 200, seq);
}

void admin_on_approval_approve(struct request *r) { decide(r, true, "note"); }

void admin_on_approval_deny(struct request *r) { decide(r, false, "reason"); }
