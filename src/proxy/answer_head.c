/*
 * proxy/answer_head.c - a vendor's head, kept: the call may outlive the connection that it came on.
 *
 * All its texts are copied into one block, each behind a NUL, and the block is searched for our secret once: a vendor
 * that echoes what it was sent gives nothing away, and no secret has a NUL.
 */
#include "proxy/forward.h"
#include "proxy/llm.h"
#include "proxy/present.h"
#include "proxy/redaction.h"

#include <string.h>

/* Vendor fields that would be taken for ours, or contradict them. */
static bool passes_on(const struct call *c, struct str name)
{
    if (name.n >= 9 && str_eq_nocase(str_sub(name, 0, 9), STR("x-flyball")))
        return false;
    if (c->llm && rate_replaces(c->verdict.needs, c->verdict.n_needs, call_rate_dialect(c), name))
        return false;
    return !str_eq_nocase(name, STR("x-agent-run-id"));
}

static struct str put(char **at, struct str s)
{
    struct str copy = {*at, s.n};
    if (s.n)
        memcpy(*at, s.p, s.n);
    (*at)[s.n] = 0;
    *at += s.n + 1;
    return copy;
}

static size_t bytes_of(const struct http_head *head)
{
    size_t n = head->reason.n + 1;
    for (size_t i = 0; i < head->n_fields; i++)
        n += head->fields[i].name.n + head->fields[i].value.n + 2;
    return n;
}

/* What may pass of a head, in `a`, with room for n_more fields. False: no memory. */
static bool copy_head(struct call *c, const struct http_head *head, struct arena *a, size_t n_more,
                      struct http_head *ret)
{
    struct http_field *fields = arena_try_alloc(a, (head->n_fields + n_more) * sizeof(*fields));
    char *block = arena_try_alloc(a, bytes_of(head)), *at = block;
    size_t n = 0;
    if (!fields || !block)
        return false;
    struct str reason = put(&at, head->reason);
    for (size_t i = 0; i < head->n_fields; i++) {
        const struct http_field *f = &head->fields[i];
        if (!passes_on(c, f->name))
            continue;
        struct str name = put(&at, f->name);
        fields[n++] = (struct http_field){name, put(&at, f->value)};
    }
    call_present_newest(c);
    (void)conceal_text(call_forms(c), block, (size_t)(at - block));
    *ret = (struct http_head){
        .status = head->status, .reason = reason, .fields = fields, .n_fields = n, .body_bytes = head->body_bytes};
    return true;
}

bool answer_keep_head(struct call *c, const struct http_head *head)
{
    if (!copy_head(c, head, &c->arena, OUR_FIELDS_MAX, &c->answer_head))
        return false;
    redaction_of_head(c);
    return true;
}

void answer_pass_info(struct call *c, const struct http_head *head)
{
    struct arena a; /* there may be many: they take nothing of the call's memory */
    struct http_head copy;
    arena_init(&a, (size_t)c->w->shared->limits->call_memory_bytes_max);
    if (copy_head(c, head, &a, 0, &copy))
        http_send_info(c->client, &copy);
    arena_deinit(&a);
}
