/*
 * saas/affected.c - collects the ids of a request, and follows each to its customer.
 *
 * A list of references grows while it is walked along: what an answer names instead of a customer joins at its end.
 */
#include "saas/affected.h"

#include "base/err.h"
#include "saas/connector_impl.h"

#include <string.h>

#define REFERENCES_MAX 64

struct reference {
    struct str id;
    const struct owner_row *owner;
    int n_steps;
};

struct saas_affected {
    const struct saas_call *call;
    const struct connector *c;
    struct arena *a;
    struct reference refs[REFERENCES_MAX];
    size_t n_refs, i_next, n_lookups;
    struct affected_account accounts[AFFECTED_MAX];
    size_t n_accounts;
    bool has_customer_in_path;
    const char *why; /* cannot be told; NULL: can, until now */
};

static void untold(struct saas_affected *sa, const char *why)
{
    sa->why = sa->why ? sa->why : why;
}

static void add_account(struct saas_affected *sa, struct str id, bool is_customer)
{
    for (size_t i = 0; i < sa->n_accounts; i++)
        if (str_eq(sa->accounts[i].id, id))
            return;
    if (sa->n_accounts == AFFECTED_MAX || !str_is_token(id, "_-.+", 255))
        untold(sa, sa->n_accounts == AFFECTED_MAX ? "it acts on too many accounts at once"
                                                  : "a customer's id has bytes that ids do not have");
    else
        sa->accounts[sa->n_accounts++] = (struct affected_account){arena_str(sa->a, id), is_customer};
}

static void refer(struct saas_affected *sa, const struct owner_row *o, struct str id, int n_steps)
{
    for (size_t i = 0; i < sa->n_refs; i++)
        if (str_eq(sa->refs[i].id, id))
            return;
    if (n_steps > AFFECTED_STEPS_MAX || sa->n_refs == REFERENCES_MAX)
        untold(sa, "its objects lead to too many others");
    else
        sa->refs[sa->n_refs++] = (struct reference){arena_str(sa->a, id), o, n_steps};
}

static void note(struct saas_affected *sa, const struct owner_row *o, struct str id, int n_steps)
{
    switch (o->kind) {
    case OWNER_CUSTOMER:
        add_account(sa, id, true);
        return;
    case OWNER_OBJECT:
        refer(sa, o, id, n_steps);
        return;
    case OWNER_ELSEWHERE:
        untold(sa, "it names somebody who is no customer, to whom money or rights would go");
        return;
    case OWNER_SHARED:
    case OWNER_COUNT:
        return;
    }
}

/* A value that stands under that key. What a field is called counts where it names customers, else what the id says. */
static void note_value(struct saas_affected *sa, struct str key, struct str value)
{
    const struct owner_row *by_name = owner_of_field(sa->c, key), *by_id = owner_of_id(sa->c, value);
    bool is_named = by_name && (by_name->kind == OWNER_CUSTOMER || by_name->kind == OWNER_ELSEWHERE || !by_id);
    if (!value.n && by_name && by_name->kind == OWNER_SHARED)
        return;
    if (is_named || by_id)
        note(sa, is_named ? by_name : by_id, value, 0);
    else if (is_strange_id(value))
        untold(sa, "it names something of which the connector does not know whose it is");
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static void read_path(struct saas_affected *sa)
{
    const struct operation *op = sa->call->op;
    for (size_t pass = 0; pass < 2; pass++) { /* customers first: what stands below one is that customer's */
        for (size_t i = 0; i < op->n_params; i++) {
            const struct op_param *d = &op->params[i];
            const struct param *p = d->is_path ? param_get(sa->call, d->name) : NULL;
            const struct owner_row *o = p ? owner_of_field(sa->c, d->name) : NULL;
            bool is_customer = o && o->kind == OWNER_CUSTOMER;
            if (!p || is_customer != (pass == 0) || (pass == 1 && sa->has_customer_in_path))
                continue;
            sa->has_customer_in_path |= is_customer;
            if (o || owner_of_id(sa->c, p->s))
                note_value(sa, d->name, p->s);
            else
                untold(sa, "its path names something of which the connector does not know whose it is");
        }
    }
}

static bool is_index(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] < '0' || key.p[i] > '9')
            return false;
    return true;
}

/* Every part of a path that an answer is expanded by must lead to what is the same customer's. */
static void read_expansion(struct saas_affected *sa, struct str path)
{
    struct str part, rest = path;
    for (bool is_last = false; !is_last;) {
        is_last = !str_cut(rest, '.', &part, &rest);
        if (!strs_has(&sa->c->scope.expands, is_last ? rest : part))
            untold(sa, "it asks for an expanded answer that could show other accounts");
    }
}

static void read_form_field(struct saas_affected *sa, const struct form_field *f)
{
    struct str key = f->keys[0];
    if (strs_has(&sa->c->scope.ignored, key))
        return;
    if (str_eq(key, STR("expand"))) {
        read_expansion(sa, f->value);
        return;
    }
    for (size_t i = 1; i < f->n_keys; i++)
        if (!is_index(f->keys[i]))
            key = f->keys[i];
    note_value(sa, key, f->value);
}

static void read_form(struct saas_affected *sa, struct str text, const struct limits *limits)
{
    struct form form;
    if (form_parse_lists(sa->a, text, limits->form_fields_max, limits->form_depth_max, sa->c->list_fields.items,
                         sa->c->list_fields.n, &form, NULL) < 0) {
        untold(sa, "the request is too large to be read twice"); /* it is canonical text of our own */
        return;
    }
    for (size_t i = 0; i < form.n; i++)
        read_form_field(sa, &form.fields[i]);
}

static void read_json_value(struct saas_affected *sa, struct str key, struct json v, int depth)
{
    struct str name, s;
    struct json child;
    if (depth > CONNECTOR_JSON_DEPTH_MAX) {
        untold(sa, "the request is nested too deep");
        return;
    }
    if (json_str(v, &s))
        note_value(sa, key, s);
    bool is_object = json_type(v) == JSON_OBJECT;
    for (struct json_iter it = json_each(v); json_next(&it, &name, &child);)
        if (depth > 0 || !is_object || !strs_has(&sa->c->scope.ignored, name))
            read_json_value(sa, is_object ? name : key, child, depth + 1);
}

static void read_json_body(struct saas_affected *sa)
{
    struct json root;
    if (json_parse(sa->a, sa->call->body, CONNECTOR_JSON_DEPTH_MAX, &root) < 0)
        untold(sa, "the request is too large to be read twice");
    else
        read_json_value(sa, STR(""), root, 0);
}

/* Vendors that say nothing of scopes: the customers that the request declares, or the one that is known. */
static void read_declared(struct saas_affected *sa)
{
    const struct saas_call *call = sa->call;
    for (size_t i = 0; i < call->op->customer.n; i++) {
        const struct param *p = param_get(call, call->op->customer.items[i]);
        struct str item, rest = p ? p->s : STR_NONE;
        for (bool is_last = !p; !is_last;) {
            is_last = p->kind != KIND_LIST || !str_cut(rest, ',', &item, &rest);
            add_account(sa, is_last ? rest : item, true);
        }
    }
    if (sa->n_accounts == 0 && call->customer.n)
        add_account(sa, call->customer, true);
}

static bool is_whole_body_read(const struct saas_call *call)
{
    return !call->body.n || call->op->encoding == BODY_JSON ||
           str_starts(call->content_type, STR("application/x-www-form-urlencoded"));
}

static void read_request(struct saas_affected *sa, const struct limits *limits)
{
    const struct saas_call *call = sa->call;
    if (!call->op)
        untold(sa, "the connector does not know this operation");
    else if (acts_on_nobody(sa->c, call->op))
        untold(sa, "this operation is not on the account of one customer");
    else if (!is_whole_body_read(call))
        untold(sa, "its body goes on unread");
    else if (!sa->c->scope.n_owners)
        read_declared(sa);
    if (sa->why || !sa->c->scope.n_owners)
        return;
    read_path(sa);
    read_form(sa, call->query, limits);
    if (call->op->encoding == BODY_JSON && call->body.n)
        read_json_body(sa);
    else
        read_form(sa, call->body, limits);
}

struct saas_affected *saas_affected_begin(const struct saas_call *call, const struct limits *limits, struct arena *a)
{
    struct saas_affected *sa = arena_alloc(a, sizeof(*sa));
    sa->call = call;
    sa->c = call->connector;
    sa->a = a;
    read_request(sa, limits);
    return sa;
}

/* --- objects ------------------------------------------------------------------------------------------------------ */

static bool get_of(const struct owner_row *o, struct str id, struct arena *a, struct saas_owner_get *ret)
{
    struct str before, name, after;
    if (!o->get.n || !str_is_token(id, "_", 255) || !str_cut(o->get, '{', &before, &name) ||
        !str_cut(name, '}', &name, &after))
        return false;
    *ret = (struct saas_owner_get){arena_join(a, (struct str[]){before, id, after}, 3), o->get, id, o->is_kept};
    return true;
}

bool saas_affected_next(struct saas_affected *sa, struct saas_owner_get *ret)
{
    if (sa->why || sa->i_next == sa->n_refs)
        return false;
    const struct reference *r = &sa->refs[sa->i_next];
    if (sa->n_lookups == AFFECTED_LOOKUPS_MAX)
        untold(sa, "it names more objects than are looked up for one call");
    else if (!get_of(r->owner, r->id, sa->a, ret))
        untold(sa, "an object's id has bytes that ids do not have");
    return !sa->why;
}

void saas_affected_remembered(struct saas_affected *sa, struct str customer)
{
    sa->i_next++;
    add_account(sa, customer, true);
}

/* The object names another one instead; false: it does not. */
static bool follow(struct saas_affected *sa, const struct reference *r, struct json root)
{
    struct str next = json_first_text(root, &r->owner->via);
    const struct owner_row *o = next.n ? owner_of_id(sa->c, next) : NULL;
    if (next.n && !o)
        untold(sa, "an object leads to another of which the connector does not know whose it is");
    if (o)
        note(sa, o, next, r->n_steps + 1);
    return next.n > 0;
}

void saas_affected_answer(struct saas_affected *sa, uint16_t status, struct str body, struct str *ret_customer)
{
    const struct reference r = sa->refs[sa->i_next++];
    struct json root;
    struct str id;
    *ret_customer = STR_NONE;
    sa->n_lookups++;
    if (status != 200 || json_parse(sa->a, body, CONNECTOR_JSON_DEPTH_MAX, &root) < 0 ||
        !json_str(json_get(root, sa->c->object_id), &id) || !str_eq(id, r.id)) {
        untold(sa, status == 404 ? "the vendor knows no such object" : "the vendor did not say whose an object is");
        return;
    }
    struct str customer = json_first_text(root, &r.owner->customers);
    if (customer.n) {
        add_account(sa, customer, true);
        *ret_customer = arena_str(sa->a, customer);
    } else if (!follow(sa, &r, root) && !r.owner->may_be_free) {
        add_account(sa, r.id, false);
    }
}

void saas_affected_result(const struct saas_affected *sa, struct affected *ret)
{
    const char *why = sa->why                ? sa->why
                      : sa->n_accounts == 0 ? "it names no customer, and nothing that belongs to one"
                                            : NULL;
    *ret = (struct affected){.state = why ? AFFECTED_UNTOLD : AFFECTED_TOLD, .why = str_c(why)};
    if (why)
        return;
    ret->items = sa->accounts;
    ret->n = sa->n_accounts;
}

/* --- a customer's own record -------------------------------------------------------------------------------------- */

bool saas_customer_get(const struct connector *c, struct str customer, struct arena *a, struct saas_owner_get *ret)
{
    for (size_t i = 0; i < c->scope.n_owners; i++)
        if (c->scope.owners[i].kind == OWNER_CUSTOMER && c->scope.owners[i].get.n)
            return get_of(&c->scope.owners[i], customer, a, ret);
    return false;
}

bool saas_customer_metadata(struct str body, struct str field, struct arena *a, struct str *ret)
{
    struct json root;
    struct str text = STR_NONE;
    if (json_parse(a, body, CONNECTOR_JSON_DEPTH_MAX, &root) < 0 || json_type(root) != JSON_OBJECT)
        return false;
    (void)json_str(json_get(json_get(root, STR("metadata")), field), &text); /* absent is empty */
    *ret = arena_str(a, text);
    return true;
}
