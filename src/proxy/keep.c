/*
 * proxy/keep.c - copies.
 */
#include "proxy/keep.h"

#include "proxy/body.h"
#include "proxy/core_bodies.h"
#include "proxy/redaction.h"

static bool is_asked_for(const struct call *c, enum body_side side)
{
    return c->is_decided && (c->verdict.duties.bodies & BODY_SIDE_BIT(side));
}

static void give(struct call *c, struct kept_body *b, const struct str *parts, size_t n_parts)
{
    b->call_id = str_c(c->id);
    b->run_id = c->run.id;
    b->agent = c->facts.agent;
    b->tenant = c->facts.tenant;
    b->at = c->started_at;
    core_keep_body(c->w->shared->core, &(struct body_given){.body = *b,
                                                            .began_at = c->began_at,
                                                            .parts = parts,
                                                            .n_parts = n_parts,
                                                            .policy = c->adm.policy,
                                                            .redactors = redactors_of_record(c)});
}

void keep_request(struct call *c)
{
    struct kept_body b = {.side = BODY_REQUEST, .content_type = c->to.content_type};
    if (!is_asked_for(c, BODY_REQUEST))
        return;
    for (size_t i = 0; i < c->n_send_body; i++)
        b.bytes += (int64_t)c->send_body[i].n;
    give(c, &b, c->send_body, c->n_send_body);
}

/* Of what cannot be had in memory nothing more is kept: the body says that it is cut. */
void keep_answer(struct call *c, struct str bytes)
{
    if (!is_asked_for(c, BODY_RESPONSE))
        return;
    if (!c->is_kept)
        buf_init(&c->kept, BODY_COLLECT_BYTES((size_t)c->w->shared->limits->body_keep_bytes_max));
    c->is_kept = true;
    c->kept_bytes += (int64_t)bytes.n;
    size_t left = c->kept.max_bytes - c->kept.n;
    if (left > 0)
        (void)buf_add(&c->kept, str_sub(bytes, 0, bytes.n < left ? bytes.n : left));
}

void keep_end(struct call *c)
{
    struct kept_body b = {.side = BODY_RESPONSE, .bytes = c->kept_bytes};
    struct str content = buf_str(&c->kept);
    if (!c->is_kept)
        return;
    (void)http_head_get(&c->answer_head, STR("content-type"), &b.content_type); /* absent: empty */
    (void)http_head_get(&c->answer_head, STR("content-encoding"), &b.encoding);
    give(c, &b, &content, 1);
    buf_deinit(&c->kept);
}
