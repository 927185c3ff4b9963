/*
 * proxy/core_notice.c - the event of a rule's `notify`, and the queue of those that somebody is to be told of.
 */
#include "proxy/core_notices.h"

#include "base/counter.h"
#include "base/err.h"
#include "codec/json_write.h"
#include "proxy/core_call.h"
#include "proxy/core_impl.h"
#include "proxy/core_members.h"

#include <stdio.h>
#include <stdlib.h>

#define NOTICE_ARENA_BYTES (64u << 10)
#define ID_BYTES 32 /* "ntc_<seq>" */

struct queued {
    struct list node;
    struct arena arena;
    char id[ID_BYTES];
    struct str name, text, reason, payload;
};

/* --- the queue ---------------------------------------------------------------------------------------------------- */

static void drop(struct core *c, struct queued *q)
{
    list_remove(&q->node);
    c->notices.n--;
    arena_deinit(&q->arena);
    free(q);
}

void core_notices_init(struct core *c) { list_init(&c->notices.waiting); }

void core_notices_free(struct core *c)
{
    list_each_safe(n, tmp, &c->notices.waiting)
        drop(c, list_entry(n, struct queued, node));
}

void core_on_notice(struct core *c, const struct str *names, size_t n, struct post_box *box, struct post p)
{
    core_lock(c);
    c->notices.names = names;
    c->notices.n_names = n;
    c->notices.box = box;
    c->notices.noted = p;
    core_unlock(c);
}

static bool is_wanted(const struct core *c, struct str name)
{
    for (size_t i = 0; c->notices.box && i < c->notices.n_names; i++)
        if (str_eq(c->notices.names[i], name))
            return true;
    return false;
}

static struct str payload_of(const struct policy_notice *n, struct arena *a)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, NOTICE_ARENA_BYTES);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("name"), n->name);
    jw_put_str(&w, STR("call_id"), n->call_id);
    jw_put_str(&w, STR("agent"), n->agent);
    jw_put_str(&w, STR("operation"), n->operation);
    jw_put_str(&w, STR("rule"), n->rule);
    jw_put_str(&w, STR("policy"), n->policy);
    jw_object_end(&w);
    jw_end(&w);
    struct str s = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return s;
}

static void enqueue(struct core *c, const struct policy_notice *n, uint64_t seq)
{
    if (c->notices.n >= (size_t)c->limits->notices_max) {
        counter_add(COUNTER_notices_dropped, 1);
        return;
    }
    struct queued *q = calloc(1, sizeof *q);
    check(q != NULL);
    arena_init(&q->arena, NOTICE_ARENA_BYTES);
    snprintf(q->id, sizeof q->id, "ntc_%llu", (unsigned long long)seq);
    q->name = arena_str(&q->arena, n->name);
    q->text = arena_printf(&q->arena, STR_FMT ": agent " STR_FMT " makes " STR_FMT, STR_ARG(n->name),
                           STR_ARG(n->agent), STR_ARG(n->operation));
    q->reason = arena_printf(&q->arena, "Rule \"" STR_FMT "\" of policy " STR_FMT " notes it: call " STR_FMT,
                             STR_ARG(n->rule), STR_ARG(n->policy), STR_ARG(n->call_id));
    q->payload = payload_of(n, &q->arena);
    list_init(&q->node);
    list_add_tail(&c->notices.waiting, &q->node);
    c->notices.n++;
    post_send(c->notices.box, c->notices.noted);
}

bool core_notice_next(struct core *c, struct str name, struct arena *a, struct waiting_notice *ret)
{
    bool has_one = false;
    core_lock(c);
    list_each(n, &c->notices.waiting) {
        const struct queued *q = list_entry(n, struct queued, node);
        if (!str_eq(q->name, name))
            continue;
        *ret = (struct waiting_notice){arena_str(a, str_c(q->id)), arena_str(a, q->text), arena_str(a, q->reason),
                                       arena_str(a, q->payload)};
        has_one = true;
        break;
    }
    core_unlock(c);
    return has_one;
}

void core_notice_done(struct core *c, struct str id)
{
    core_lock(c);
    list_each_safe(n, tmp, &c->notices.waiting) {
        struct queued *q = list_entry(n, struct queued, node);
        if (str_eq(str_c(q->id), id))
            drop(c, q);
    }
    core_unlock(c);
}

/* --- the event ---------------------------------------------------------------------------------------------------- */

int core_notice(struct core *c, const struct policy_notice *n)
{
    struct member_text t = {.n = 0};
    uint64_t seq;
    member_str(&t, STR("name"), n->name, false);
    member_str(&t, STR("call_id"), n->call_id, false);
    member_str(&t, STR("agent"), n->agent, false);
    member_str(&t, STR("operation"), n->operation, false);
    member_str(&t, STR("rule"), n->rule, false);
    member_str(&t, STR("policy"), n->policy, false);
    core_lock(c);
    int r = core_event(c, STR("policy.notice"), STR("policy"), t.m, t.n, &seq);
    if (r == 0 && is_wanted(c, n->name))
        enqueue(c, n, seq);
    core_unlock(c);
    members_free(&t);
    return err_trace(r);
}
