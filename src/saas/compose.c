/*
 * saas/compose.c - what we send beyond what the agent sent (additions), and what we say when we refuse.
 */
#include "saas/connector_impl.h"

#include "base/err.h"
#include "codec/hex.h"
#include "codec/json_write.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <string.h>

#define TAG_HASH_BYTES 12 /* 24 hex digits */
#define ERROR_BODY_BYTES_MAX 65536
#define NUMBER_TEXT_BYTES 8

/* Stripe's shape, for refusals before a vendor is known. */
#define DEFAULT_ERROR_BODY "{\"error\":{\"type\":{type},\"code\":{code},\"message\":{message},\"call_id\":{call_id}}}\n"

static struct str tag_of(struct str scope, struct str key, struct str body, char out[2 * TAG_HASH_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    const struct str parts[] = {scope, STR("\0"), key, STR("\0"), body}; /* none of the three has a NUL */
    sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), digest);
    return hex_encode(digest, TAG_HASH_BYTES, out);
}

/*
 * False when the vendor would refuse one more field of that kind, when `metadata=` clears them all (a tag beside it
 * would be ambiguous), or when the agent set the tag itself: what was sent is what was decided on.
 */
static bool has_room_for_tag(const struct connector *c, struct str body)
{
    struct str base = c->tag_field, rest = body;
    int64_t n = 0;
    if (!str_cut(c->tag_field, '[', &base, &(struct str){0}))
        base = c->tag_field;
    while (rest.n) {
        struct str field = rest, name = rest, after = STR_NONE, value;
        (void)str_cut(rest, '&', &field, &after); /* the last one has none */
        rest = after;
        if (!str_cut(field, '=', &name, &value) || str_eq(name, base) || str_eq(name, c->tag_field))
            return false;
        n += str_starts(name, base) && name.p[base.n] == '[';
    }
    return n < c->tag_fields_max;
}

static int add_tag(const struct saas_call *call, struct str scope, struct str key, struct arena *a,
                   struct str *ret_body)
{
    char hex[2 * TAG_HASH_BYTES];
    struct str tag = tag_of(scope, key, call->body, hex), field = call->connector->tag_field;
    size_t n = call->body.n + 1 + field.n + 1 + tag.n;
    char *p = arena_try_alloc(a, n);
    if (!p)
        return err_trace(-ERR_TOO_LARGE);
    const struct str parts[] = {call->body, call->body.n ? STR("&") : STR_NONE, field, STR("="), tag};
    size_t at = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].n)
            memcpy(p + at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    *ret_body = (struct str){p, at};
    return 0;
}

int saas_compose(const struct saas_call *call, struct saas_additions add, struct str scope, struct str made_key,
                 struct arena *a, struct str *ret_body, struct str *ret_key, struct str ret_added[2],
                 size_t *ret_n_added)
{
    struct str body = call->body, key = call->idempotency_key;
    size_t n = 0;
    bool takes_key = call->op && call->op->takes_idempotency_key && call->connector->idempotency_header.n;
    if (!key.n && add.idempotency_key && takes_key && made_key.n) {
        key = made_key;
        ret_added[n++] = STR("idempotency_key");
    }
    if (add.tag && call->op && call->op->takes_tag && call->connector->tag_field.n &&
        has_room_for_tag(call->connector, call->body)) {
        int r = add_tag(call, scope, key, a, &body);
        if (r < 0)
            return err_trace(r);
        ret_added[n++] = STR("tag");
    }
    *ret_body = body;
    *ret_key = key;
    *ret_n_added = n;
    return 0;
}

/* By code where a row names it, else by status: the last row that fits. */
static struct str error_type(const struct connector *c, enum code code, uint16_t status)
{
    struct str type = status >= 500 ? STR("api_error") : STR("invalid_request_error");
    for (size_t i = 0; c && i < c->n_error_types; i++) {
        const struct error_type *t = &c->error_types[i];
        if (strs_has(&t->codes, code_text(code)))
            return t->type;
        if (!t->codes.n && status >= t->status_from)
            type = t->type;
    }
    return type;
}

static struct str number_text(uint16_t n, char out[NUMBER_TEXT_BYTES])
{
    return (struct str){out, (size_t)snprintf(out, NUMBER_TEXT_BYTES, "%u", n)};
}

/* Of vendors whose errors are numbered: the type when it is a number, else the status. */
static struct str error_number(const struct connector *c, enum code code, uint16_t status, char out[NUMBER_TEXT_BYTES])
{
    struct str type = error_type(c, code, status);
    int64_t n;
    return str_to_i64(type, &n) == 0 ? type : number_text(status, out);
}

int saas_refusal_body(const struct connector *c, enum code code, uint16_t status, struct str sentence,
                      struct str call_id, struct buf *out)
{
    char number[2][NUMBER_TEXT_BYTES];
    struct {
        struct str name, value;
        bool is_raw; /* digits: a number, or a part of a text */
    } holes[] = {
        {STR("type"), error_type(c, code, status), false},
        {STR("number"), error_number(c, code, status, number[0]), true},
        {STR("status"), number_text(status, number[1]), true},
        {STR("code"), code_text(code), false},
        {STR("message"), sentence, false},
        {STR("call_id"), call_id, false},
    };
    struct str rest = c ? c->error_body : STR(DEFAULT_ERROR_BODY);
    while (rest.n) {
        size_t i = 0, n = sizeof(holes) / sizeof(holes[0]);
        for (; rest.p[0] == '{' && i < n; i++) {
            struct str name = holes[i].name;
            if (rest.n > name.n + 1 && str_eq(str_sub(rest, 1, name.n), name) && rest.p[name.n + 1] == '}')
                break;
        }
        if (rest.p[0] == '{' && i < n) {
            int r = holes[i].is_raw ? buf_add(out, holes[i].value) : json_quote(out, holes[i].value);
            (void)r; /* buf_ok() below */
            rest = str_sub(rest, holes[i].name.n + 2, rest.n);
        } else {
            (void)buf_add_byte(out, rest.p[0]);
            rest = str_sub(rest, 1, rest.n);
        }
    }
    return err_trace(buf_ok(out));
}
