/*
 * saas/call_json.c - the declared parameters of a JSON body.
 *
 *   (1) the body goes on byte for byte: strict JSON without equal keys has one reading.
 *   (2) a declared name stands under its exact spelling: one that differs in case or underscores only is a problem.
 *   (3) the document is read in memory of its own, which ends here: attachments are large, what decides is small.
 */
#include "saas/connector_impl.h"

#include "base/err.h"

#include <string.h>

#define SCRATCH_BYTES_PER_BYTE 30
#define SCRATCH_BYTES_LEAST 65536

/* True when a lenient reader could take one name for the other. */
static bool could_be(struct str a, struct str b)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.n && (a.p[i] == '_' || a.p[i] == '-'))
            i++;
        while (k < b.n && (b.p[k] == '_' || b.p[k] == '-'))
            k++;
        if (i == a.n || k == b.n)
            return i == a.n && k == b.n;
        if (char_lower(a.p[i++]) != char_lower(b.p[k++]))
            return false;
    }
}

/* Addresses in one text: commas and semicolons outside of quotes and angle brackets part them. */
static int64_t count_addresses(struct str s)
{
    int64_t n = 1;
    bool is_quoted = false, is_angled = false;
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        if (ch == '"' && (i == 0 || s.p[i - 1] != '\\'))
            is_quoted = !is_quoted;
        else if (!is_quoted && (ch == '<' || ch == '>'))
            is_angled = ch == '<';
        n += !is_quoted && !is_angled && (ch == ',' || ch == ';');
    }
    return n;
}

static int add_text(struct reading *rd, size_t i, struct str s)
{
    struct str kept;
    if (arena_try_str(rd->a, s, &kept) < 0)
        return saas_fault(rd, CODE_REQUEST_TOO_LARGE, 413, "`" STR_FMT "` is too long.",
                          STR_ARG(rd->call->op->params[i].name));
    if (rd->call->op->params[i].type == PARAM_ADDRESSES)
        rd->counts[i] += count_addresses(s) - 1;
    return add_param(rd, i, kept);
}

static int wrong_type(struct reading *rd, const struct op_param *d, const char *want)
{
    return saas_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` must be %s.", STR_ARG(d->name), want);
}

static int read_texts(struct reading *rd, size_t i, struct json v)
{
    struct json item;
    struct str s;
    if (json_str(v, &s))
        return add_text(rd, i, s);
    if (json_type(v) != JSON_ARRAY)
        return wrong_type(rd, &rd->call->op->params[i], "a text or a list of texts");
    for (struct json_iter it = json_each(v); json_next(&it, NULL, &item);) {
        if (!json_str(item, &s))
            return wrong_type(rd, &rd->call->op->params[i], "a text or a list of texts");
        int r = add_text(rd, i, s);
        if (r)
            return r;
    }
    return 0;
}

static int read_member(struct reading *rd, size_t i, struct json v)
{
    const struct op_param *d = &rd->call->op->params[i];
    struct str s;
    bool b;
    if (json_type(v) == JSON_NULL)
        return 0; /* as if it were not there */
    switch (d->type) {
    case PARAM_LIST:
    case PARAM_ADDRESSES:
        return read_texts(rd, i, v);
    case PARAM_INT:
    case PARAM_SIGNED:
        return json_number_text(v, &s) ? add_text(rd, i, s) : wrong_type(rd, d, "an integer");
    case PARAM_BOOL:
        return json_bool(v, &b) ? add_param(rd, i, b ? STR("true") : STR("false")) : wrong_type(rd, d, "true or false");
    case PARAM_TEXT:
    case PARAM_CONTENT:
    case PARAM_CURRENCY:
    case PARAM_ID:
        return json_str(v, &s) ? add_text(rd, i, s) : wrong_type(rd, d, "a text");
    }
    return 0;
}

static int read_key(struct reading *rd, struct str key, struct json v)
{
    const struct operation *op = rd->call->op;
    for (size_t i = 0; i < op->n_params; i++) {
        const struct op_param *d = &op->params[i];
        if (d->is_path || !could_be(key, d->name))
            continue;
        if (str_eq(key, d->name))
            return read_member(rd, i, v);
        return saas_fault(rd, CODE_REQUEST_AMBIGUOUS, 400,
                          "`" STR_FMT "` could be read as `" STR_FMT "`; send that, once.", STR_ARG(shown(rd, key)),
                          STR_ARG(d->name));
    }
    return 0;
}

static int read_object(struct reading *rd, struct json object)
{
    struct str key;
    struct json v;
    int r = 0;
    if (json_type(object) != JSON_OBJECT)
        return saas_fault(rd, CODE_REQUEST_INVALID, 400,
                          rd->call->op->items_max ? "Each item of the body must be a JSON object."
                                                  : "The body must be a JSON object.");
    for (struct json_iter it = json_each(object); r == 0 && json_next(&it, &key, &v);)
        r = read_key(rd, key, v);
    return r;
}

static int read_root(struct reading *rd, struct json root)
{
    int64_t items_max = rd->call->op->items_max;
    struct json item;
    int r = 0;
    if (!items_max)
        return read_object(rd, root);
    size_t n = json_type(root) == JSON_ARRAY ? json_len(root) : 0;
    if (n < 1 || n > (size_t)items_max)
        return saas_fault(rd, CODE_REQUEST_INVALID, 400, "The body must be a JSON array of 1 to %lld objects.",
                          (long long)items_max);
    for (struct json_iter it = json_each(root); r == 0 && json_next(&it, NULL, &item);)
        r = read_object(rd, item);
    return r;
}

int read_json(struct reading *rd)
{
    struct arena scratch;
    struct json root;
    struct input_fault f = {"it does not fit", 0};
    arena_init(&scratch, rd->r->body.n * SCRATCH_BYTES_PER_BYTE + SCRATCH_BYTES_LEAST);
    int r = json_parse_fault(&scratch, rd->r->body, rd->limits->json_depth_max, &root, &f);
    r = r < 0 ? fault(rd, r, "body", &f) : read_root(rd, root);
    arena_deinit(&scratch);
    rd->call->body = rd->r->body;
    rd->call->content_type = STR("application/json");
    return r;
}
