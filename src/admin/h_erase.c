/*
 * admin/h_erase.c - personal values of a customer, a user or a run go for good. The answer says what went, never whose:
 * it is the one who asked that knows.
 */
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/err.h"
#include "proxy/core_erase.h"
#include "store/find.h"

static void put_count(struct json_writer *w, struct str name, int64_t n) { jw_put_i64(w, name, n); }

static void put_report(struct json_writer *w, const struct erase_job *job)
{
    jw_object(w);
    jw_put_str(w, STR("what"), erase_what_text(job->what.what));
    jw_put_bool(w, STR("dry_run"), job->what.is_dry_run);
    put_count(w, STR("calls"), job->done.calls);
    put_count(w, STR("frames"), job->done.frames);
    put_count(w, STR("objects"), job->done.objects);
    put_count(w, STR("counters"), job->done.counters);
    put_count(w, STR("bodies"), job->done.bodies);
    put_count(w, STR("kept"), job->done.kept);
    put_count(w, STR("in_force"), job->done.in_force);
    jw_object_end(w);
}

static void on_erased(void *ctx)
{
    struct request *r = ctx;
    struct json_writer w;
    if (r->erase->result < 0) {
        request_fail_err(r, r->erase->result);
    } else {
        jw_init(&w, &r->out);
        put_report(&w, r->erase);
        (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
        request_answer(r, 200);
    }
    request_let_go(r);
}

static bool read_job(struct request *r, struct erase_job *job)
{
    static const struct str names[] = {STR_INIT("what"), STR_INIT("value"), STR_INIT("dry_run")};
    struct str what, value;
    if (!request_members_known(r, names, 3) || !request_member(r, STR("what"), &what) ||
        !request_member(r, STR("value"), &value))
        return false;
    (void)json_bool(json_get(r->json, STR("dry_run")), &job->what.is_dry_run); /* absent: not */
    job->what.value = value;
    job->by = r->who.name;
    if (erase_what_parse(what, &job->what.what) < 0) {
        request_fail(r, 400, "request_invalid", "what must be customer, user, run or before");
        return false;
    }
    wall_t at;
    if (job->what.what == ERASE_BEFORE && wall_parse(value, &at) < 0) {
        request_fail(r, 400, "request_invalid", "value must be a time such as 2026-11-24T00:00:00Z");
        return false;
    }
    if (value.n == 0 || value.n > FIND_BYTES_MAX) {
        request_fail(r, 400, "request_invalid", "value is the name of it, 1 to %d bytes", FIND_BYTES_MAX);
        return false;
    }
    return true;
}

void admin_on_erase(struct request *r)
{
    r->erase = arena_alloc(&r->arena, sizeof *r->erase);
    if (!read_job(r, r->erase))
        return;
    r->target = erase_what_text(r->erase->what.what); /* on record is what, not whose */
    r->erase->box = &r->admin->loop->box;
    r->erase->post = (struct post){on_erased, r};
    request_hold(r);
    if (core_erase(r->admin->core, r->erase) < 0) {
        request_fail(r, 409, "erase_under_way", "another erasure is under way: try again when it has ended");
        request_let_go(r);
    }
}
