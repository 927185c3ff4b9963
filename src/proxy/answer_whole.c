/*
 * proxy/answer_whole.c - an answer that is read whole before any of it is passed on: collected, and sent.
 */
#include "proxy/forward.h"
#include "proxy/keep.h"

bool answer_collect(struct call *c, struct str bytes)
{
    size_t cap = c->answer.cap;
    if (buf_add(&c->answer, bytes) < 0)
        return false;
    atomic_fetch_add(&c->w->shared->body_bytes, (int_fast64_t)(c->answer.cap - cap));
    return true;
}

void answer_send_whole(struct call *c)
{
    keep_answer(c, buf_str(&c->answer));
    if (!c->client) {
        call_done(c);
        return;
    }
    struct http_head head = c->answer_head;
    call_our_fields(c, head.fields, &head.n_fields);
    head.body_bytes = (int64_t)c->answer.n;
    http_send_head(c->client, &head);
    if (c->answer.n)
        (void)http_write(c->client, buf_str(&c->answer));
    http_finish(c->client, NULL, 0);
    http_release(c->client);
    c->client = NULL;
    call_go(c, CALL_REPLYING);
    call_done(c);
}
