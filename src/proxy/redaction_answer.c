/*
 * proxy/redaction_answer.c - the answer without what is personal in it: unpacked, and event by event where it streams.
 */
#include "proxy/redaction.h"

#include "base/counter.h"
#include "codec/gzip.h"
#include "proxy/forward.h"
#include "redact/redact_body.h"
#include "redact/redact_events.h"

bool redaction_takes_answer(const struct call *c)
{
    return c->redaction && c->redaction->response.n;
}

static bool is_gzip(struct str encoding)
{
    return str_eq_nocase(encoding, STR("gzip")) || str_eq_nocase(encoding, STR("x-gzip"));
}

/* How the answer is packed; the field goes with the packing. Fields that speak of its bytes as they were go too. */
static bool passes_on(struct redaction *r, const struct http_field *f)
{
    if (!str_eq_nocase(f->name, STR("content-encoding")))
        return !str_eq_nocase(f->name, STR("content-md5")) && !str_eq_nocase(f->name, STR("digest")) &&
               !str_eq_nocase(f->name, STR("etag"));
    struct str encoding = str_trim(f->value);
    if (encoding.n == 0 || str_eq_nocase(encoding, STR("identity")))
        return false;
    if (!r->gunzip && is_gzip(encoding))
        r->gunzip = gunzip_new();
    else
        r->is_closed = true;
    r->is_closed |= !r->gunzip;
    return false;
}

void redaction_of_head(struct call *c)
{
    struct http_head *head = &c->answer_head;
    size_t n = 0;
    if (!redaction_takes_answer(c))
        return;
    for (size_t i = 0; i < head->n_fields; i++) {
        if (!passes_on(c->redaction, &head->fields[i]))
            continue;
        head->fields[n] = head->fields[i];
        head->fields[n].value = redaction_of_text(c, &c->redaction->response, head->fields[n].value);
        n++;
    }
    head->n_fields = n;
}

bool redaction_is_closed(const struct call *c)
{
    return redaction_takes_answer(c) && c->redaction->is_closed;
}

bool redaction_unpack(struct call *c, struct str bytes, struct str *ret)
{
    struct redaction *r = c->redaction;
    *ret = bytes;
    if (!r || !r->gunzip)
        return true;
    buf_reset(&r->unpacked);
    if (gunzip_add(r->gunzip, bytes, &r->unpacked) < 0)
        return false;
    *ret = buf_str(&r->unpacked);
    return true;
}

void redaction_unpack_answer(struct call *c)
{
    struct redaction *r = c->redaction;
    if (!r || !r->gunzip)
        return;
    if (gunzip_add(r->gunzip, buf_str(&c->answer), &r->unpacked) < 0 || !gunzip_is_whole(r->gunzip)) {
        r->is_closed = true;
        return;
    }
    struct str whole = buf_str(&r->unpacked);
    buf_reset(&c->answer);
    r->is_closed |= !answer_collect(c, whole);
}

static bool redact_whole(struct call *c)
{
    struct redaction *r = c->redaction;
    struct str type = STR_NONE, whole;
    size_t n_found = 0;
    (void)http_head_get(&c->answer_head, STR("content-type"), &type); /* absent: empty */
    if (r->is_closed)
        return false;
    if (!c->answer.n)
        return true;
    enum redact_form form = redact_form_of(type, buf_str(&c->answer));
    buf_reset(&r->out);
    int e = redact_body(&r->response, form, buf_str(&c->answer), &r->out, &n_found);
    if (e == -ERR_INVALID && form == REDACT_JSON) { /* words with JSON's name: as words */
        buf_reset(&r->out);
        e = redact_text(&r->response, buf_str(&c->answer), &r->out, &n_found);
    }
    if (e < 0)
        return false;
    whole = buf_str(&r->out);
    if (!n_found)
        return true;
    buf_reset(&c->answer);
    return answer_collect(c, whole);
}

bool redaction_of_answer(struct call *c)
{
    if (!redaction_takes_answer(c) || redact_whole(c))
        return true;
    call_reply_refusal(c, CODE_POLICY_DENIED, code_status(CODE_POLICY_DENIED),
                       arena_printf(&c->arena,
                                    STR_FMT " has answered, and policy " STR_FMT
                                            " takes what is personal out of answers, but cannot look into this one, so "
                                            "it is not passed on. What the call did is on record",
                                    STR_ARG(c->vendor->name), STR_ARG(policy_name(c->adm.policy))),
                       false, 0);
    return false;
}

void redaction_begin_events(struct call *c)
{
    if (!redaction_takes_answer(c))
        return;
    struct redaction *r = c->redaction;
    r->events = redact_events_new(&r->response, (size_t)c->w->shared->limits->llm_event_bytes_max);
    check(r->events);
}

bool redaction_of_events(struct call *c, struct str bytes, bool is_end, struct str *ret)
{
    struct redaction *r = c->redaction;
    *ret = bytes;
    if (!r || !r->events)
        return true;
    buf_reset(&r->out);
    if (redact_events_add(r->events, bytes, &r->out) < 0 || (is_end && redact_events_end(r->events, &r->out) < 0))
        return false;
    *ret = buf_str(&r->out);
    return true;
}
