/*
 * saas/call.c - reads one request to a vendor: which operation, which values, what the canonical request is.
 *
 *   (1) what is forwarded is written from what was read here, in the order it was read: the vendor sees what was
 *       decided on.
 *   (2) a field that decides (a declared parameter) has one meaning: it stands once, as a plain field, under its exact
 *       name, with a value of its type. All other fields pass as they are.
 *   (3) nothing is repaired or skipped: what two readers could read differently is a problem that names the field.
 */
#include "saas/connector_impl.h"

#include "base/check.h"
#include "base/err.h"
#include "codec/media_type.h"

#include <string.h>

#define NUMBER_DIGITS_MAX 18
#define SHOWN_BYTES_MAX 64

int saas_fault(struct reading *rd, enum code code, uint16_t status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    *rd->problem = (struct saas_problem){code, status, arena_vprintf(rd->a, fmt, ap)};
    va_end(ap);
    return SAAS_R_PROBLEM;
}

struct str shown(struct reading *rd, struct str s)
{
    size_t n = s.n < SHOWN_BYTES_MAX ? s.n : SHOWN_BYTES_MAX;
    char *p = arena_alloc(rd->a, n + 1);
    for (size_t i = 0; i < n; i++)
        p[i] = s.p[i] >= ' ' && s.p[i] < 127 && s.p[i] != '`' ? s.p[i] : '?';
    return (struct str){p, n};
}

int fault(struct reading *rd, int r, const char *what, const struct input_fault *f)
{
    if (r == -ERR_TOO_LARGE)
        return saas_fault(rd, CODE_REQUEST_TOO_LARGE, 413, "The %s is too large: %s.", what, f->text);
    if (r == -ERR_AMBIGUOUS)
        return saas_fault(rd, CODE_REQUEST_AMBIGUOUS, 400, "The %s is ambiguous at byte %zu: %s.", what, f->at,
                          f->text);
    if (r == -ERR_INVALID)
        return saas_fault(rd, CODE_REQUEST_INVALID, 400, "The %s is malformed at byte %zu: %s.", what, f->at, f->text);
    return err_trace(r);
}

/* ---- head ---- */

static int check_head(struct reading *rd)
{
    const struct saas_request *r = rd->r;
    if (r->content_encoding.n && !str_eq_nocase(r->content_encoding, STR("identity")))
        return saas_fault(rd, CODE_REQUEST_INVALID, 415,
                          "The body has a content encoding; send it plain, so that it can be read.");
    if (!r->has_idempotency_key)
        return 0;
    if (!r->idempotency_key.n || r->idempotency_key.n > IDEMPOTENCY_KEY_BYTES_MAX)
        return saas_fault(rd, CODE_REQUEST_INVALID, 400, "The idempotency key must have 1 to %d bytes.",
                          IDEMPOTENCY_KEY_BYTES_MAX);
    for (size_t i = 0; i < r->idempotency_key.n; i++) {
        if (r->idempotency_key.p[i] < '!' || r->idempotency_key.p[i] > '~')
            return saas_fault(rd, CODE_REQUEST_INVALID, 400,
                              "The idempotency key has a byte that is not printable ASCII.");
    }
    return 0;
}

/* A form with files. Nothing in it decides: it goes on as it came, as the body of an unknown operation does. */
static bool is_multipart(struct str field)
{
    struct str type, parameters;
    return str_cut(field, ';', &type, &parameters) && str_eq_nocase(str_trim(type), STR("multipart/form-data")) &&
           str_starts(str_trim(parameters), STR("boundary="));
}

static int check_content_type(struct reading *rd)
{
    const struct operation *op = rd->call->op;
    bool is_json = op->encoding == BODY_JSON;
    struct str media = is_json ? STR("application/json") : STR("application/x-www-form-urlencoded");
    if (!rd->r->body.n && !rd->r->content_type.n)
        return 0;
    if (!media_type_is(rd->r->content_type, media))
        return saas_fault(rd, CODE_REQUEST_INVALID, 415,
                          "The body of " STR_FMT " must be " STR_FMT " (charset utf-8 or none named).",
                          STR_ARG(op->name), STR_ARG(media));
    return 0;
}

/* ---- values ---- */

static bool is_number(struct str s)
{
    if (!s.n || s.n > NUMBER_DIGITS_MAX || (s.n > 1 && s.p[0] == '0'))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return true;
}

static int read_number(struct reading *rd, struct param *p, enum param_type type)
{
    bool is_negative = type == PARAM_SIGNED && p->s.n && p->s.p[0] == '-';
    struct str digits = is_negative ? str_sub(p->s, 1, p->s.n) : p->s;
    if (!is_number(digits) || str_to_i64(digits, &p->i) < 0 || (is_negative && p->i == 0))
        return saas_fault(rd, CODE_REQUEST_INVALID, 400,
                          "`" STR_FMT "` must be an integer: digits only, no leading zero, at most %d of them.",
                          STR_ARG(p->name), NUMBER_DIGITS_MAX);
    p->i = is_negative ? -p->i : p->i;
    return 0;
}

static int read_value(struct reading *rd, struct param *p, enum param_type type)
{
    char code[4];
    switch (type) {
    case PARAM_INT:
    case PARAM_SIGNED:
        return read_number(rd, p, type);
    case PARAM_BOOL:
        if (str_eq(p->s, STR("true")) || str_eq(p->s, STR("false")))
            return 0;
        return saas_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` must be true or false.", STR_ARG(p->name));
    case PARAM_CURRENCY:
        if (currency_code(p->s, code))
            return 0;
        return saas_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` must be three letters, like usd.",
                          STR_ARG(p->name));
    case PARAM_ID:
        if (str_is_token(p->s, "_", 255))
            return 0;
        return saas_fault(rd, CODE_REQUEST_INVALID, 400,
                          "`" STR_FMT "` must be an id of letters, digits and underscores.", STR_ARG(p->name));
    case PARAM_TEXT:
    case PARAM_CONTENT:
    case PARAM_LIST:
    case PARAM_ADDRESSES:
        return 0;
    }
    return 0;
}

/* One more text of a list, behind those that are there. */
static int add_to_list(struct reading *rd, struct param *p, struct str value)
{
    size_t n = p->s.n + 1 + value.n;
    char *to = arena_try_alloc(rd->a, n);
    if (!to)
        return saas_fault(rd, CODE_REQUEST_TOO_LARGE, 413, "`" STR_FMT "` is too long a list.", STR_ARG(p->name));
    memcpy(to, p->s.p, p->s.n);
    to[p->s.n] = ',';
    if (value.n)
        memcpy(to + p->s.n + 1, value.p, value.n);
    p->s = (struct str){to, n};
    return 0;
}

int add_param(struct reading *rd, size_t i, struct str value)
{
    struct saas_call *call = rd->call;
    const struct op_param *d = &call->op->params[i];
    struct param *there = (struct param *)param_get(call, d->name);
    rd->counts[i]++;
    if (there && (d->type == PARAM_LIST || d->type == PARAM_ADDRESSES))
        return add_to_list(rd, there, value);
    if (there)
        return saas_fault(rd, CODE_REQUEST_AMBIGUOUS, 400, "`" STR_FMT "` stands twice: in the path and as a field.",
                          STR_ARG(d->name));
    struct param *p = d->type == PARAM_CONTENT ? &call->contents[call->n_contents++] : &call->params[call->n_params++];
    *p = (struct param){.name = d->name, .kind = param_type_kind(d->type), .s = value};
    return read_value(rd, p, d->type);
}

static bool is_base_name(struct str s, struct str more)
{
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        bool is_letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
        if (i > 0 && str_has(more, ch))
            continue;
        if (!is_letter && (i == 0 || ch < '0' || ch > '9'))
            return false;
    }
    return s.n > 0;
}

/* True when a lenient reader could take a field for the declared one: other case, more or fewer brackets. */
static bool could_be(struct str field, struct str declared)
{
    struct str less = field.n < declared.n ? field : declared, more = field.n < declared.n ? declared : field;
    return str_eq_nocase(less, str_sub(more, 0, less.n)) && (more.n == less.n || more.p[less.n] == '[');
}

static int read_field(struct reading *rd, const struct form_field *f)
{
    const struct operation *op = rd->call->op;
    if (!is_base_name(f->keys[0], rd->c->field_more))
        return saas_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` is no name of a field.",
                          STR_ARG(shown(rd, f->name)));
    if (strs_has(&rd->c->refuse_fields, f->keys[0]))
        return saas_fault(rd, CODE_REQUEST_INVALID, 400,
                          "`" STR_FMT "` is refused: it could change what the request means.", STR_ARG(f->keys[0]));
    for (size_t i = 0; i < op->n_params; i++) {
        const struct op_param *d = &op->params[i];
        if (!could_be(f->name, d->name))
            continue;
        if (d->is_path)
            return saas_fault(rd, CODE_REQUEST_AMBIGUOUS, 400,
                              "`" STR_FMT "` stands twice: in the path and as a field.", STR_ARG(d->name));
        if (str_eq(d->name, f->name))
            return add_param(rd, i, f->value);
        return saas_fault(rd, CODE_REQUEST_AMBIGUOUS, 400,
                          "`" STR_FMT "` could be read as `" STR_FMT "`; send that, once.", STR_ARG(shown(rd, f->name)),
                          STR_ARG(d->name));
    }
    return 0;
}

static int parse_form(struct reading *rd, struct str text, const char *what, struct form *ret)
{
    struct input_fault f = {"it does not fit", 0};
    int r = form_parse_lists(rd->a, text, rd->limits->form_fields_max, rd->limits->form_depth_max,
                             rd->c->list_fields.items, rd->c->list_fields.n, ret, &f);
    return r < 0 ? fault(rd, r, what, &f) : 0;
}

static int write_form(struct reading *rd, const struct form *form, struct str text, struct str *ret_canonical)
{
    struct buf b;
    buf_init(&b, text.n * 3 + 1); /* nothing grows by more than its encoding */
    int r = form_write(form, &b);
    if (r == 0)
        r = arena_try_str(rd->a, buf_str(&b), ret_canonical);
    buf_deinit(&b);
    return err_trace(r);
}

static int read_form(struct reading *rd, struct str text, const char *what, struct str *ret_canonical)
{
    struct form form;
    if (!text.n) {
        *ret_canonical = STR_NONE;
        return 0;
    }
    int r = parse_form(rd, text, what, &form);
    for (size_t i = 0; !r && i < form.n; i++)
        r = read_field(rd, &form.fields[i]);
    return r ? r : write_form(rd, &form, text, ret_canonical);
}

/* The query beside a body: only flags that the connector lists, because they decide nothing. */
static int read_flags(struct reading *rd)
{
    struct form form;
    int r = parse_form(rd, rd->r->query, "query", &form);
    for (size_t i = 0; !r && i < form.n; i++) {
        if (!strs_has(&rd->c->query_fields, form.fields[i].name))
            r = saas_fault(rd, CODE_REQUEST_AMBIGUOUS, 400, "A " STR_FMT " must not have a query beside its body.",
                           STR_ARG(rd->call->op->method));
    }
    return r ? r : write_form(rd, &form, rd->r->query, &rd->call->query);
}

/* ---- steps ---- */

static int read_path(struct reading *rd, const struct str *segs)
{
    const struct operation *op = rd->call->op;
    for (size_t i = 0; i < op->n_segs; i++) {
        const struct segment *s = &op->segs[i];
        if (!s->is_param)
            continue;
        struct str id = str_sub(segs[i], 0, segs[i].n - s->suffix.n);
        if (!str_is_token(id, s->is_free ? rd->c->id_bytes : "_", 255))
            return saas_fault(rd, CODE_REQUEST_INVALID, 400,
                              "The id `" STR_FMT "` in the path has a byte that ids do not have.",
                              STR_ARG(shown(rd, segs[i])));
        size_t d = 0;
        while (!op->params[d].is_path || !str_eq(op->params[d].name, s->text))
            d++;
        int r = add_param(rd, d, id);
        if (r)
            return r;
    }
    return 0;
}

/* Some SDKs of JSON APIs send an empty object with every request: it says nothing, and does not go on. */
static bool says_nothing(const struct reading *rd)
{
    return rd->c->encoding == BODY_JSON && (str_eq(rd->r->body, STR("{}")) || str_eq(rd->r->body, STR("null")));
}

static int read_content(struct reading *rd)
{
    struct saas_call *call = rd->call;
    const struct saas_request *r = rd->r;
    if (call->op->encoding == BODY_NONE) {
        if (r->body.n && !says_nothing(rd))
            return saas_fault(rd, CODE_REQUEST_INVALID, 400, "A " STR_FMT " must not have a body.",
                              STR_ARG(call->op->method));
        return read_form(rd, r->query, "query", &call->query);
    }
    int err = r->query.n ? read_flags(rd) : 0;
    if (err)
        return err;
    if (call->op->takes_multipart && is_multipart(r->content_type)) {
        call->body = r->body;
        call->content_type = r->content_type;
        return 0;
    }
    err = check_content_type(rd);
    if (err)
        return err;
    if (call->op->encoding == BODY_JSON && r->body.n)
        return read_json(rd);
    call->content_type = call->op->encoding == BODY_FORM ? STR("application/x-www-form-urlencoded") : STR_NONE;
    return read_form(rd, r->body, "body", &call->body);
}

static int check_one_of(struct reading *rd)
{
    const struct strs *l = &rd->call->op->one_of;
    const struct param *seen = NULL;
    for (size_t i = 0; i < l->n; i++) {
        const struct param *p = param_get(rd->call, l->items[i]);
        if (p && seen)
            return saas_fault(rd, CODE_REQUEST_AMBIGUOUS, 400,
                              "`" STR_FMT "` and `" STR_FMT "` must not stand together.", STR_ARG(seen->name),
                              STR_ARG(p->name));
        seen = p ? p : seen;
    }
    return 0;
}

static void choose_class(struct saas_call *call)
{
    call->class = call->op->class;
    for (size_t i = 0; i < call->op->n_class_rules; i++) {
        const struct class_rule *r = &call->op->class_rules[i];
        const struct param *p = param_get(call, r->param);
        if (p && (!r->has_equals || str_eq(p->s, r->equals))) {
            call->class = r->class;
            break;
        }
    }
    call->direction = call->op->direction;
    if (call->class != call->op->class && call->class == CLASS_MONEY_IN)
        call->direction = STR("in");
    else if (call->class != call->op->class && call->class == CLASS_COST)
        call->direction = STR("out");
}

static const struct lookup *choose_lookup(const struct saas_call *call)
{
    for (size_t i = 0; i < call->op->n_lookups; i++) {
        const struct lookup *l = &call->op->lookups[i];
        size_t n = 0;
        while (n < l->with.n && param_get(call, l->with.items[n]))
            n++;
        if (n == l->with.n)
            return l;
    }
    return NULL;
}

static const struct param *first_param(const struct saas_call *call, const struct strs *names)
{
    for (size_t i = 0; i < names->n; i++) {
        const struct param *p = param_get(call, names->items[i]);
        if (p)
            return p;
    }
    return NULL;
}

static int read_amount(struct reading *rd)
{
    struct saas_call *call = rd->call;
    const struct param *amount = param_get(call, call->op->amount), *currency = param_get(call, call->op->currency);
    if (currency)
        (void)currency_code(currency->s, call->asked_currency); /* its type was checked */
    if (amount && amount->kind == KIND_INT && amount->i >= 0) {
        call->has_asked_amount = true;
        call->asked_minor = amount->i;
    }
    if (!call->has_asked_amount || !call->asked_currency[0])
        return 0;
    const struct currency_rule *rule = currency_rule(call->connector, call->op, call->asked_currency);
    if (rule && amount->i % rule->multiple_of != 0)
        return saas_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` in %s must be a multiple of %lld.",
                          STR_ARG(amount->name), call->asked_currency, (long long)rule->multiple_of);
    call->amount = (struct amount){true, amount->i, rule ? rule->exponent : call->connector->exponent_default, {0}};
    memcpy(call->amount.currency, call->asked_currency, 4);
    return 0;
}

/* An object that can be looked up speaks for its customer; only without one does the request's own word count. */
static void read_customer(struct saas_call *call)
{
    const struct param *customer = first_param(call, &call->op->customer),
                       *subject = first_param(call, &call->op->subject);
    call->lookup = choose_lookup(call);
    bool is_owned = call->lookup && call->lookup->customers.n;
    if (subject)
        call->subject = subject->s;
    if (customer)
        call->asked_customer = customer->s;
    if (customer && !is_owned) {
        call->customer = customer->s;
        call->customer_source = SOURCE_REQUEST;
    }
    call->can_look_up_customer = is_owned;
    call->can_look_up_amount = call->lookup && !call->amount.is_known && call->lookup->currency.n &&
                               (call->has_asked_amount || call->lookup->n_amounts);
}

static int read_known(struct reading *rd, const struct str *segs)
{
    struct saas_call *call = rd->call;
    const struct operation *op = call->op;
    call->operation = op->name;
    call->params = arena_alloc(rd->a, (op->n_params + op->n_derived + 1) * sizeof(*call->params));
    call->contents = arena_alloc(rd->a, (op->n_params + 1) * sizeof(*call->contents));
    rd->counts = arena_alloc(rd->a, (op->n_params + 1) * sizeof(*rd->counts));
    if (rd->r->has_idempotency_key && op->takes_idempotency_key)
        call->idempotency_key = rd->r->idempotency_key;
    int r = read_path(rd, segs);
    if (r == 0)
        r = read_content(rd);
    if (r == 0)
        r = check_one_of(rd);
    if (r == 0)
        r = derive_params(rd);
    if (r)
        return r;
    choose_class(call);
    call->is_streamable = call->class == CLASS_READ;
    r = read_amount(rd);
    if (r == 0)
        read_customer(call);
    return r;
}

/* Not in the connector: nothing is read, all is passed on as it came, if a rule names it. */
static void read_unknown(struct reading *rd)
{
    struct saas_call *call = rd->call;
    call->operation = arena_printf(rd->a, STR_FMT ".unknown", STR_ARG(rd->c->name));
    call->class = CLASS_UNKNOWN;
    call->query = rd->r->query;
    call->body = rd->r->body;
    call->content_type = rd->r->content_type;
    call->idempotency_key = rd->r->has_idempotency_key ? rd->r->idempotency_key : STR_NONE;
}

int saas_read(const struct connector *c, const struct operation *op, const struct saas_request *r,
              const struct limits *limits, struct arena *a, struct saas_call *ret, struct saas_problem *ret_problem)
{
    struct saas_call call = {.connector = c, .op = op, .path = r->path};
    struct reading rd = {c, r, limits, a, &call, ret_problem, NULL};
    struct str segs[CONNECTOR_SEGMENTS_MAX + 1];
    size_t n_segs;
    const char *why;
    if (path_split(r->path, c->path_more, segs, &n_segs, &why) != 0)
        return saas_fault(&rd, CODE_REQUEST_INVALID, 400, "The request is refused: %s.", why);
    int err = check_head(&rd);
    if (err)
        return err;
    check(!op || op->n_segs == n_segs);
    if (op)
        err = read_known(&rd, segs);
    else
        read_unknown(&rd);
    if (err)
        return err;
    *ret = call;
    return 0;
}

struct cost saas_predict(const struct saas_call *call)
{
    struct cost cost = {HOW_UNKNOWN, 0};
    if (!class_is_money(call->class))
        return (struct cost){HOW_PRICED, 0};
    if (call->op && call->op->n_prices)
        return price_predict(call);
    if (call->amount.is_known && memcmp(call->amount.currency, "USD", 4) == 0 &&
        money_from_minor(call->amount.minor, call->amount.exponent, &cost.usd) == 0)
        cost.how = HOW_ESTIMATED;
    return cost;
}
