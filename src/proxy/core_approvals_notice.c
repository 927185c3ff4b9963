/*
 * proxy/core_approvals_notice.c - questions that persons are still to be told of.
 */
#include "codec/base62.h"
#include "crypto/hash.h"
#include "proxy/core_approvals_impl.h"

void core_on_approval(struct core *c, struct post_box *box, struct post p)
{
    core_lock(c);
    c->approvals.box = box;
    c->approvals.asked = p;
    core_unlock(c);
}

static void show(const struct approval *x, struct arena *a, struct approval_question *ret)
{
    *ret = (struct approval_question){.id = arena_str(a, str_c(x->id)),
                                      .action = arena_str(a, x->action),
                                      .who = arena_str(a, x->who),
                                      .quorum = x->terms.quorum,
                                      .expires_at = x->expires_at};
}

static void make_link(struct core *c, struct approval *x, char token[APPROVAL_LINK_CHARS + 1])
{
    base62_random(c->rng, token, APPROVAL_LINK_CHARS);
    token[APPROVAL_LINK_CHARS] = 0;
    sha256((struct str){token, APPROVAL_LINK_CHARS}, x->link_hash);
    x->has_link = true;
}

struct approval *core_approval_linked(const struct core *c, struct str token)
{
    uint8_t hash[SHA256_BYTES];
    sha256(token, hash);
    list_each(n, &c->approvals.all) {
        struct approval *x = list_entry(n, struct approval, node);
        if (x->state == APPROVAL_PENDING && x->has_link && bytes_equal(x->link_hash, hash, sizeof hash))
            return x;
    }
    return NULL;
}

bool core_approval_by_link(struct core *c, struct str token, struct arena *a, struct approval_question *ret)
{
    core_lock(c);
    core_approvals_sweep(c, c->clock->wall(c->clock->ctx));
    const struct approval *x = core_approval_linked(c, token);
    if (x)
        show(x, a, ret);
    core_unlock(c);
    return x != NULL;
}

bool core_approval_untold(struct core *c, struct str name, bool with_link, struct arena *a,
                          struct approval_question *ret)
{
    bool has_one = false;
    core_lock(c);
    core_approvals_sweep(c, c->clock->wall(c->clock->ctx));
    list_each(n, &c->approvals.all) {
        struct approval *x = list_entry(n, struct approval, node);
        if (x->state != APPROVAL_PENDING || x->was_told || !str_eq(x->terms.name, name))
            continue;
        show(x, a, ret);
        if (with_link)
            make_link(c, x, ret->link);
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
