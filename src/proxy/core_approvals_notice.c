/*
 * proxy/core_approvals_notice.c - questions that persons are still to be told of.
 */
#include "proxy/core_approvals_impl.h"

void core_on_approval(struct core *c, struct post_box *box, struct post p)
{
    core_lock(c);
    c->approvals.box = box;
    c->approvals.asked = p;
    core_unlock(c);
}

bool core_approval_untold(struct core *c, struct str name, struct arena *a, struct approval_question *ret)
{
    bool has_one = false;
    core_lock(c);
    core_approvals_sweep(c, c->clock->wall(c->clock->ctx));
    list_each(n, &c->approvals.all) {
        const struct approval *x = list_entry(n, struct approval, node);
        if (x->state != APPROVAL_PENDING || x->was_told || !str_eq(x->terms.name, name))
            continue;
        *ret = (struct approval_question){.id = arena_str(a, str_c(x->id)),
                                          .action = arena_str(a, x->action),
                                          .who = arena_str(a, x->who),
                                          .quorum = x->terms.quorum,
                                          .expires_at = x->expires_at};
        has_one = true;
        break;
    }
    core_unlock(c);
    return has_one;
}

bool core_approval_is_pending(struct core *c, struct str id)
{
    core_lock(c);
    core_approvals_sweep(c, c->clock->wall(c->clock->ctx));
    const struct approval *x = core_approval_find(c, id);
    bool is = x && x->state == APPROVAL_PENDING;
    core_unlock(c);
    return is;
}

void core_approval_told(struct core *c, struct str id, bool was_told)
{
    uint64_t seq;
    core_lock(c);
    struct approval *x = core_approval_find(c, id);
    if (x && !x->was_told && approval_is_live(x)) {
        x->was_told = true; /* given up counts too: a restart must not begin anew */
        const char *event = was_told ? "approval.notice" : "approval.notice_failed";
        (void)core_approval_event(c, x, x->state, event, STR("daemon"), true, &seq); /* else a restart tells again */
    }
    core_unlock(c);
}
