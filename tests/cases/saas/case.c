/*
 * tests/cases/saas/case.c - reads one case and compares.
 */
#include "case.h"

#include "base/err.h"
#include "codec/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX 65536
#define OBJECTS_MAX 8

static void fault(struct case_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct case_run *run, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s: ", run->name);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    run->n_faults++;
}

/* ---- what a case states ---- */

static struct str text_at(struct case_run *run, const struct yaml *map, const char *key)
{
    const struct yaml *y = yaml_get(map, str_c(key));
    struct str s = STR_NONE;
    if (y && !yaml_str(y, &s) && !yaml_number_text(y, &s))
        fault(run, "line %d: `%s` must be a text", y->line, key);
    return s;
}

/* A body as text, or in hex where it has bytes that YAML does not take. */
static struct str body_at(struct case_run *run, const struct yaml *map)
{
    struct str hex = text_at(run, map, "body_hex");
    if (!hex.n)
        return text_at(run, map, "body");
    char *p = arena_alloc(&run->arena, hex.n / 2);
    if (hex_decode(hex, p, hex.n / 2) < 0)
        fault(run, "`body_hex` is no hex");
    return (struct str){p, hex.n / 2};
}

static void check_keys(struct case_run *run, const struct yaml *map, const char *const *names, size_t n)
{
    yaml_each(it, map)
    {
        size_t i = 0;
        while (i < n && !str_eq(it->key, str_c(names[i])))
            i++;
        if (i == n)
            fault(run, "line %d: `" STR_FMT "` is no key of a case", it->key_line, STR_ARG(it->key));
    }
}

static void want_text(struct case_run *run, const struct yaml *map, const char *key, struct str got)
{
    const struct yaml *y = yaml_get(map, str_c(key));
    struct str want = text_at(run, map, key);
    if (y && !str_eq(got, want))
        fault(run, "line %d: %s is `" STR_FMT "`, not `" STR_FMT "`", y->line, key, STR_ARG(got), STR_ARG(want));
}

/* ---- how values are written in cases ---- */

/* "500 USD 2", or "none" */
static struct str amount_text(struct case_run *run, const struct amount *m)
{
    return m->is_known ? arena_printf(&run->arena, "%lld %s %d", (long long)m->minor, m->currency, m->exponent)
                       : STR("none");
}

/* "5.000000000 estimated", or "unknown" */
static struct str cost_text(struct case_run *run, struct cost cost)
{
    char out[MONEY_TEXT_BYTES];
    if (cost.how == HOW_UNKNOWN)
        return STR("unknown");
    struct str usd = money_text(cost.usd, out), how = how_text(cost.how);
    return arena_printf(&run->arena, STR_FMT " " STR_FMT, STR_ARG(usd), STR_ARG(how));
}

/* "re_1 refund cus_1 ch_1 created": - for what is not known */
static struct str object_text(struct case_run *run, const struct saas_object *o)
{
    struct str none = STR("-"), customer = o->customer.n ? o->customer : none, parent = o->parent.n ? o->parent : none;
    return arena_printf(&run->arena, STR_FMT " " STR_FMT " " STR_FMT " " STR_FMT "%s", STR_ARG(o->id), STR_ARG(o->type),
                        STR_ARG(customer), STR_ARG(parent), o->is_created ? " created" : "");
}

static void want_objects(struct case_run *run, const struct yaml *map, const struct saas_object *objects, size_t n)
{
    const struct yaml *list = yaml_get(map, STR("objects"));
    if (!list)
        return;
    if (list->n != n)
        fault(run, "line %d: %zu objects were learned, not %zu", list->line, n, list->n);
    for (size_t i = 0; i < n && i < list->n; i++) {
        struct str got = object_text(run, &objects[i]), want = yaml_at(list, i)->text;
        if (!str_eq(got, want))
            fault(run, "line %d: learned `" STR_FMT "`, not `" STR_FMT "`", list->line, STR_ARG(got), STR_ARG(want));
    }
}

/* ---- the request ---- */

static struct saas_request request_of(struct case_run *run, const struct yaml *map)
{
    static const char *const keys[] = {
        "method", "path", "query", "content_type", "body", "body_hex", "content_encoding", "idempotency_key"};
    check_keys(run, map, keys, 8);
    struct saas_request r = {.method = text_at(run, map, "method"), .path = text_at(run, map, "path")};
    r.has_query = yaml_get(map, STR("query")) != NULL;
    r.query = text_at(run, map, "query");
    r.body = body_at(run, map);
    r.content_type = text_at(run, map, "content_type");
    if (!yaml_get(map, STR("content_type")) && r.body.n)
        r.content_type = STR("application/x-www-form-urlencoded");
    r.content_encoding = text_at(run, map, "content_encoding");
    r.has_idempotency_key = yaml_get(map, STR("idempotency_key")) != NULL;
    r.idempotency_key = text_at(run, map, "idempotency_key");
    return r;
}

static void want_problem(struct case_run *run, const struct yaml *want, const struct saas_problem *got)
{
    static const char *const keys[] = {"code", "status", "names"};
    size_t at;
    check_keys(run, want, keys, 3);
    want_text(run, want, "code", code_text(got->code));
    want_text(run, want, "status", arena_printf(&run->arena, "%d", got->status));
    struct str name = text_at(run, want, "names");
    if (name.n && !str_find(got->text, name, &at))
        fault(run, "the problem does not name `" STR_FMT "`: " STR_FMT, STR_ARG(name), STR_ARG(got->text));
}

static void want_params(struct case_run *run, const struct yaml *want, const struct saas_call *call)
{
    yaml_each(it, want)
    {
        size_t i = 0;
        while (i < call->n_params && !str_eq(call->params[i].name, it->key))
            i++;
        if (i == call->n_params)
            fault(run, "line %d: there is no parameter `" STR_FMT "`", it->line, STR_ARG(it->key));
        else if (call->params[i].kind == KIND_INT ? !yaml_is(it, YAML_INT) || it->i != call->params[i].i
                                        : !str_eq(it->text, call->params[i].s))
            fault(run, "line %d: `" STR_FMT "` is `" STR_FMT "`", it->line, STR_ARG(it->key),
                  STR_ARG(call->params[i].s));
    }
}

static void want_call(struct case_run *run, const struct yaml *want, const struct saas_call *call)
{
    static const char *const keys[] = {"operation", "class",   "direction", "amount", "predicted", "customer",
                                       "source",    "subject", "path",      "query",  "body",      "content_type",
                                       "key",       "lookup",  "template",  "params", "streamable",
                                       "host",      "sent_to"};
    struct str lookup = STR("none"), sent_to, host = saas_host(run->connector, call->path, &sent_to);
    check_keys(run, want, keys, sizeof(keys) / sizeof(keys[0]));
    (void)saas_lookup_path(call, true, true, &run->arena, &lookup); /* none stays */
    want_text(run, want, "operation", call->operation);
    want_text(run, want, "class", class_text(call->class));
    want_text(run, want, "direction", call->direction);
    want_text(run, want, "amount", amount_text(run, &call->amount));
    want_text(run, want, "predicted", cost_text(run, saas_predict(call)));
    want_text(run, want, "customer", call->customer);
    want_text(run, want, "source", value_source_text(call->customer_source));
    want_text(run, want, "subject", call->subject);
    want_text(run, want, "path", call->path);
    want_text(run, want, "query", call->query);
    want_text(run, want, "body", call->body);
    want_text(run, want, "content_type", call->content_type);
    want_text(run, want, "key", call->idempotency_key);
    want_text(run, want, "lookup", lookup);
    want_text(run, want, "template", saas_path_template(call));
    want_text(run, want, "host", host);
    want_text(run, want, "sent_to", sent_to);
    want_text(run, want, "streamable", call->is_streamable ? STR("yes") : STR("no"));
    want_params(run, yaml_get(want, STR("params")), call);
}

/* What we would forward means the same to us as what came in, and is its own canonical form. */
static void check_canonical(struct case_run *run, const struct saas_request *r, const struct saas_call *call)
{
    struct saas_request again = {.method = r->method,
                                 .path = call->path,
                                 .query = call->query,
                                 .has_query = call->query.n > 0,
                                 .content_type = call->content_type,
                                 .body = call->body,
                                 .idempotency_key = call->idempotency_key,
                                 .has_idempotency_key = call->idempotency_key.n > 0};
    struct saas_call back;
    struct saas_problem problem = {0};
    int err = saas_read(run->connector, saas_find(run->connector, again.method, again.path), &again, &run->limits,
                        &run->arena, &back, &problem);
    if (err != 0) {
        fault(run, "the canonical request is refused: " STR_FMT, STR_ARG(problem.text));
        return;
    }
    bool is_same = back.op == call->op && back.class == call->class && back.n_params == call->n_params &&
                   str_eq(back.body, call->body) && str_eq(back.query, call->query) &&
                   str_eq(back.customer, call->customer) && str_eq(back.subject, call->subject) &&
                   str_eq(amount_text(run, &back.amount), amount_text(run, &call->amount));
    for (size_t i = 0; is_same && i < call->n_params; i++)
        is_same = str_eq(back.params[i].s, call->params[i].s) && back.params[i].i == call->params[i].i;
    if (!is_same)
        fault(run, "the canonical request is read differently");
}

/* ---- look-up and answer ---- */

static uint16_t status_of(struct case_run *run, const struct yaml *map)
{
    int64_t status = 200;
    const struct yaml *y = yaml_get(map, STR("status"));
    if (y && !yaml_i64(y, &status))
        fault(run, "line %d: `status` must be a number", y->line);
    return (uint16_t)status;
}

static void run_lookup(struct case_run *run, const struct yaml *map, struct saas_call *call)
{
    static const char *const keys[] = {"status",   "body",   "amount",  "predicted",
                                       "customer", "source", "objects", "names"};
    struct saas_object objects[OBJECTS_MAX];
    struct saas_problem problem = {0};
    size_t n = 0, at;
    check_keys(run, map, keys, 8);
    int r = saas_lookup_apply(call, status_of(run, map), text_at(run, map, "body"), &run->arena, objects, OBJECTS_MAX,
                              &n, &problem);
    struct str names = text_at(run, map, "names");
    if ((r == SAAS_R_PROBLEM) != (names.n > 0) || r < 0)
        fault(run, "the look-up ended with %d: " STR_FMT, r, STR_ARG(problem.text));
    else if (names.n && !str_find(problem.text, names, &at))
        fault(run, "the problem does not name `" STR_FMT "`: " STR_FMT, STR_ARG(names), STR_ARG(problem.text));
    want_text(run, map, "amount", amount_text(run, &call->amount));
    want_text(run, map, "predicted", cost_text(run, saas_predict(call)));
    want_text(run, map, "customer", call->customer);
    want_text(run, map, "source", value_source_text(call->customer_source));
    want_objects(run, map, objects, n);
}

static void run_answer(struct case_run *run, const struct yaml *map, const struct saas_call *call)
{
    static const char *const keys[] = {"status", "body",   "body_hex", "replay", "outcome",
                                       "cost",   "amount", "customer", "error",  "objects", "poll"};
    struct saas_result got;
    bool is_replay = false;
    check_keys(run, map, keys, 11);
    (void)yaml_bool(yaml_get(map, STR("replay")), &is_replay); /* absent: no */
    int r =
        saas_confirm(call, status_of(run, map), body_at(run, map), is_replay, saas_predict(call), &run->arena, &got);
    if (r < 0) {
        fault(run, "saas_confirm: %s", err_name(r));
        return;
    }
    want_text(run, map, "outcome", outcome_text(got.outcome));
    want_text(run, map, "cost", cost_text(run, got.cost));
    want_text(run, map, "amount", amount_text(run, &got.amount));
    want_text(run, map, "customer", got.customer);
    want_text(run, map, "error", got.error);
    want_text(run, map, "poll", got.poll);
    want_objects(run, map, got.objects, got.n_objects);
    if (got.is_replay != is_replay)
        fault(run, "the replay mark was lost");
}

/* "sent" is what goes out with both additions on. */
static void run_compose(struct case_run *run, const struct yaml *map, const struct saas_call *call)
{
    static const char *const keys[] = {"body", "key", "added"};
    struct str body, key, added[2];
    size_t n = 0;
    check_keys(run, map, keys, 3);
    if (saas_compose(call, (struct saas_additions){true, true}, STR("scope"), STR("made"), &run->arena, &body, &key,
                     added, &n) < 0) {
        fault(run, "saas_compose failed");
        return;
    }
    want_text(run, map, "body", body);
    want_text(run, map, "key", key);
    struct str all = arena_printf(&run->arena, STR_FMT "%s" STR_FMT, STR_ARG(n ? added[0] : STR("none")),
                                  n > 1 ? " " : "", STR_ARG(n > 1 ? added[1] : STR_NONE));
    want_text(run, map, "added", all);
}

static void run_case(struct case_run *run, const struct yaml *root)
{
    static const char *const keys[] = {"case", "request", "call", "problem", "lookup", "answer", "sent"};
    struct saas_call call;
    struct saas_problem problem = {0};
    check_keys(run, root, keys, 7);
    if (!text_at(run, root, "case").n)
        fault(run, "`case` must say what the case shows");
    struct saas_request r = request_of(run, yaml_get(root, STR("request")));
    int err = saas_read(run->connector, saas_find(run->connector, r.method, r.path), &r, &run->limits,
                        &run->arena, &call, &problem);
    const struct yaml *want = yaml_get(root, STR("problem"));
    if (err < 0 || (err == SAAS_R_PROBLEM) != (want != NULL)) {
        fault(run, "reading ended with %d (%s): " STR_FMT, err, err < 0 ? err_name(err) : "", STR_ARG(problem.text));
        return;
    }
    if (want) {
        want_problem(run, want, &problem);
        return;
    }
    want_call(run, yaml_get(root, STR("call")), &call);
    if (call.op)
        check_canonical(run, &r, &call);
    if (yaml_get(root, STR("lookup")))
        run_lookup(run, yaml_get(root, STR("lookup")), &call);
    if (yaml_get(root, STR("sent")))
        run_compose(run, yaml_get(root, STR("sent")), &call);
    if (yaml_get(root, STR("answer")))
        run_answer(run, yaml_get(root, STR("answer")), &call);
}

int case_run_file(struct case_run *run, const char *path)
{
    static char text[FILE_BYTES_MAX];
    struct diag_list diags;
    struct buf out;
    const struct yaml *root;
    FILE *f = fopen(path, "rb");
    if (!f)
        return -ERR_NOT_FOUND;
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    run->n_faults = 0;
    diag_list_init(&diags, &run->arena, 20);
    int r = yaml_parse(&run->arena, str_c(path), (struct str){text, n}, &yaml_limits_default, &diags, &root);
    if (r == 0) {
        run_case(run, root);
        return 0;
    }
    buf_init(&out, 1 << 16);
    (void)diag_list_text(&diags, &out); /* cut at the buffer's end */
    fprintf(stderr, STR_FMT, STR_ARG(buf_str(&out)));
    buf_deinit(&out);
    return r;
}
