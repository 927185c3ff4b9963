/*
 * policy/parse_match.c - `match` and `sets`: lists of literals and globs, each checked where it stands.
 *
 * A pattern that can never match is refused, not kept: in a forbid it would silently forbid nothing.
 */
#include "policy/policy_impl.h"

#include <string.h>

#include "base/err.h"

#define PATTERN_BYTES_MAX 256
#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct str methods[] = {STR_INIT("GET"),   STR_INIT("HEAD"),   STR_INIT("POST"),   STR_INIT("PUT"),
                                     STR_INIT("PATCH"), STR_INIT("DELETE"), STR_INIT("OPTIONS")};
static const struct str layers[] = {STR_INIT("saas"), STR_INIT("llm")}, later_layers[] = {STR_INIT("mcp")};

static bool has_name(const struct str *names, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], s))
            return true;
    return false;
}

/* `*` at the end, or for a whole segment. */
static bool is_glob_valid(struct str s, char separator)
{
    for (size_t i = 0; i < s.n; i++) {
        bool starts_segment = i == 0 || s.p[i - 1] == separator;
        if (s.p[i] == '*' && i + 1 < s.n && !(starts_segment && s.p[i + 1] == separator))
            return false;
    }
    return true;
}

static bool is_pattern_text_valid(struct parse *x, const struct yaml *item, enum match_key key)
{
    struct str s = item->text;
    bool is_printable = true;
    for (size_t i = 0; i < s.n; i++)
        is_printable &= (unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f;
    if (s.n == 0 || s.n > PATTERN_BYTES_MAX || !is_printable) {
        parse_fault(x, item, "bad_value", "must be 1 to %d bytes without control characters", PATTERN_BYTES_MAX);
        return false;
    }
    if (is_glob_valid(s, match_key_separator(key)))
        return true;
    parse_fault(x, item, "bad_glob", "`" STR_FMT "`: `*` may stand at the end, or for a whole segment between %s",
                STR_ARG(s),
                key == MATCH_MODEL ? "slashes: openai/*, */gpt-4o" : "dots: stripe.*.create");
    return false;
}

static void warn_unknown_vendor(struct parse *x, const struct yaml *item, struct str vendor)
{
    struct pattern p = {vendor, str_has(vendor, '*')};
    const struct known *known = x->known;
    if (known->n_vendors == 0)
        return;
    for (size_t i = 0; i < known->n_vendors; i++)
        if (pattern_match(&p, known->vendors[i]))
            return;
    struct str near = diag_nearest(vendor, known->vendors, known->n_vendors);
    if (near.n)
        diag_warn(x->diags, x->file, item->line, item->col, "unknown_vendor",
                  "no vendor is called `" STR_FMT "`; did you mean `" STR_FMT "`?", STR_ARG(vendor), STR_ARG(near));
    else
        diag_warn(x->diags, x->file, item->line, item->col, "unknown_vendor", "no vendor is called `" STR_FMT "`",
                  STR_ARG(vendor));
}

static bool belongs_to(struct str operation, struct str vendor)
{
    struct str first, rest;
    return str_cut(operation, '.', &first, &rest) && str_eq(first, vendor);
}

/* As much of an operation's name as a pattern that ends with a star says: "stripe.payouts.*". */
static struct str cut_like(struct parse *x, struct str name, struct str pattern)
{
    size_t n_dots = 0, end = 0;
    if (!str_ends(pattern, STR(".*")))
        return name;
    for (size_t i = 0; i < pattern.n; i++)
        n_dots += pattern.p[i] == '.';
    for (; end < name.n && n_dots > 0; end++)
        n_dots -= name.p[end] == '.';
    char *p = arena_try_alloc(x->scratch, end + 1);
    if (!p)
        return name;
    memcpy(p, name.p, end);
    p[end] = '*';
    return (struct str){p, end + 1};
}

/* The nearest of a vendor's operations, or of the patterns that take some. */
static struct str near_operation(struct parse *x, struct str vendor, struct str text)
{
    struct str *names = arena_try_alloc(x->scratch, (x->known->n_operations + 1) * sizeof *names);
    size_t n = 0;
    if (x->diags->n == x->diags->n_max)
        return STR_NONE; /* nobody reads it */
    for (size_t i = 0; names && i < x->known->n_operations; i++)
        if (belongs_to(x->known->operations[i].name, vendor))
            names[n++] = cut_like(x, x->known->operations[i].name, text);
    return names ? diag_nearest(text, names, n) : STR_NONE;
}

/* A warning only: another version of the connector may know it. */
static void warn_unknown_operation(struct parse *x, const struct yaml *item, struct str vendor, struct str rest)
{
    struct pattern p = {item->text, str_has(item->text, '*')};
    bool is_vendor_known = false;
    if (is_operation_known(x, item->text))
        return;
    for (size_t i = 0; i < x->known->n_operations; i++) {
        struct str name = x->known->operations[i].name;
        if (pattern_match(&p, name))
            return;
        is_vendor_known |= belongs_to(name, vendor);
    }
    if (!is_vendor_known || str_eq(rest, STR("unknown")))
        return;
    struct str near = near_operation(x, vendor, item->text);
    diag_warn(x->diags, x->file, item->line, item->col, "unknown_operation",
              STR_FMT " has no operation `" STR_FMT "`%s" STR_FMT "%s", STR_ARG(vendor), STR_ARG(item->text),
              near.n ? "; did you mean `" : "", STR_ARG(near), near.n ? "`?" : "");
}

static bool is_operation_valid(struct parse *x, const struct yaml *item)
{
    struct str vendor, rest;
    bool has_dot = str_cut(item->text, '.', &vendor, &rest);
    if (!has_dot && item->text.p[item->text.n - 1] != '*') {
        parse_fault(x, item, "bad_value", "an operation is written with its vendor: stripe.refunds.create");
        return false;
    }
    if (has_dot) {
        warn_unknown_vendor(x, item, vendor);
        warn_unknown_operation(x, item, vendor, rest);
    }
    return true;
}

static bool is_model_valid(struct parse *x, const struct yaml *item)
{
    struct str vendor, name;
    if (!str_cut(item->text, '/', &vendor, &name))
        return true;
    if (vendor.n == 0 || name.n == 0 || (str_has(vendor, '*') && vendor.n > 1)) {
        parse_fault(x, item, "bad_value", "a model is written with its vendor, or bare for any: openai/gpt-4o, gpt-4o");
        return false;
    }
    if (!str_eq(vendor, STR("*")))
        warn_unknown_vendor(x, item, vendor);
    return true;
}

static bool is_word_valid(struct parse *x, const struct yaml *item, enum match_key key)
{
    if (key == MATCH_LAYER && has_name(later_layers, N(later_layers), item->text)) {
        parse_later(x, item, "layer", item->text);
        return false;
    }
    const struct str *names = key == MATCH_LAYER ? layers : methods;
    size_t n = key == MATCH_LAYER ? N(layers) : N(methods);
    if (has_name(names, n, item->text))
        return true;
    diag_add_unknown(x->diags, x->file, item->line, item->col, "bad_value", key == MATCH_LAYER ? "layer" : "method",
                     item->text, names, n);
    return false;
}

static bool is_item_valid(struct parse *x, const struct yaml *item, enum match_key key)
{
    if (key == MATCH_LAYER || key == MATCH_METHOD)
        return is_word_valid(x, item, key);
    if (!is_pattern_text_valid(x, item, key))
        return false;
    if (key == MATCH_OPERATION)
        return is_operation_valid(x, item);
    if (key == MATCH_MODEL)
        return is_model_valid(x, item);
    if (key == MATCH_VENDOR)
        warn_unknown_vendor(x, item, item->text);
    return true;
}

/* --- lists, with sets put in their place ---------------------------------------------------------------------- */

/* The list that `set:name` stands for, or NULL after a diag. */
static const struct yaml *find_set(struct parse *x, const struct yaml *item)
{
    struct str name = str_sub(item->text, 4, SIZE_MAX);
    const struct yaml *set = yaml_get(x->sets, name);
    if (set)
        return yaml_is(set, YAML_SEQ) ? set : NULL; /* another type was refused where it stands */
    struct str names[64];
    size_t n = 0;
    yaml_each(child, x->sets)
        if (n < N(names))
            names[n++] = child->key;
    diag_add_unknown(x->diags, x->file, item->line, item->col, "unknown_set", "set", name, names, n);
    return NULL;
}

static bool is_set_ref(const struct yaml *item)
{
    return item->type == YAML_STR && str_starts(item->text, STR("set:"));
}

static bool is_list_sound(struct parse *x, const struct yaml *list, struct str name)
{
    if (!parse_type(x, list, YAML_SEQ, name))
        return false;
    if (list->n == 0) {
        parse_fault(x, list, "empty_list",
                    "`" STR_FMT "` names nothing, so nothing would ever match; leave it out to match all",
                    STR_ARG(name));
        return false;
    }
    return true;
}

/* Calls fn for each item, and for each item of the sets that are named. */
static void each_item(struct parse *x, const struct yaml *list, struct str name,
                      void (*fn)(struct parse *x, const struct yaml *item, void *ctx), void *ctx)
{
    yaml_each(item, list) {
        if (!parse_type(x, item, YAML_STR, name))
            continue;
        if (!is_set_ref(item)) {
            fn(x, item, ctx);
            continue;
        }
        const struct yaml *set = find_set(x, item);
        yaml_each(inner, set)
            if (inner->type == YAML_STR && !is_set_ref(inner))
                fn(x, inner, ctx);
    }
}

static void count_item(struct parse *x, const struct yaml *item, void *ctx)
{
    ++*(size_t *)ctx;
}

struct pattern_sink {
    enum match_key key;
    struct pattern *items;
    size_t n;
};

static void add_pattern(struct parse *x, const struct yaml *item, void *ctx)
{
    struct pattern_sink *sink = ctx;
    if (is_item_valid(x, item, sink->key))
        sink->items[sink->n++] = (struct pattern){arena_str(&x->p->arena, item->text), str_has(item->text, '*')};
}

/* `name`: the key as it is written. */
static void parse_patterns(struct parse *x, const struct yaml *list, enum match_key key, struct str name,
                           struct patterns *ret)
{
    size_t n = 0;
    if (!is_list_sound(x, list, name))
        return;
    size_t n_errors = x->diags->n_errors;
    each_item(x, list, name, count_item, &n);
    if (x->diags->n_errors > n_errors || n == 0)
        return; /* said once already */
    struct pattern_sink sink = {key, arena_try_alloc(&x->p->arena, n * sizeof(struct pattern)), 0};
    if (!sink.items) {
        parse_fault(x, list, "too_large", "the document's lists are too large together");
        return;
    }
    each_item(x, list, name, add_pattern, &sink);
    *ret = (struct patterns){sink.items, sink.n};
}

/* --- literals --------------------------------------------------------------------------------------------------- */

static void add_literal(struct parse *x, const struct yaml *item, void *ctx)
{
    struct pattern_sink *sink = ctx;
    struct str s = item->text;
    bool is_printable = s.n > 0 && s.n <= PATTERN_BYTES_MAX;
    for (size_t i = 0; i < s.n; i++)
        is_printable &= (unsigned char)s.p[i] > 0x20 && (unsigned char)s.p[i] < 0x7f && s.p[i] != '*';
    if (!is_printable)
        parse_fault(x, item, "bad_value", "must be an id of 1 to %d visible bytes, and no pattern", PATTERN_BYTES_MAX);
    else
        sink->items[sink->n++] = (struct pattern){arena_str(&x->p->arena, s), false};
}

void parse_literals(struct parse *x, const struct yaml *list, struct str name, struct patterns *ret)
{
    size_t n = 0, n_errors = x->diags->n_errors;
    if (!is_list_sound(x, list, name))
        return;
    each_item(x, list, name, count_item, &n);
    if (x->diags->n_errors > n_errors || n == 0)
        return; /* said once already */
    struct pattern_sink sink = {MATCH_CUSTOMER, arena_try_alloc(&x->p->arena, n * sizeof(struct pattern)), 0};
    if (!sink.items) {
        parse_fault(x, list, "too_large", "the document's lists are too large together");
        return;
    }
    each_item(x, list, name, add_literal, &sink);
    *ret = (struct patterns){sink.items, sink.n};
}

static void add_class(struct parse *x, const struct yaml *item, void *ctx)
{
    struct str names[CLASS_COUNT];
    size_t n = 0;
    enum op_class class;
    if (class_parse(item->text, &class) == 0) {
        *(uint32_t *)ctx |= 1u << class;
        return;
    }
    if (str_eq(item->text, STR("unknown"))) {
        parse_fault(x, item, "bad_value", "unknown operations have no class; name them: operation: [stripe.unknown]");
        return;
    }
    for (enum op_class c = 0; c < CLASS_COUNT; c++)
        if (c != CLASS_UNKNOWN)
            names[n++] = class_text(c);
    diag_add_unknown(x->diags, x->file, item->line, item->col, "bad_value", "class", item->text, names, n);
}

static void refuse_key(struct parse *x, const struct yaml *child)
{
    struct str names[MATCH_COUNT + 2] = {[MATCH_COUNT] = STR_INIT("class"), STR_INIT("label.<name>")};
    for (enum match_key k = 0; k < MATCH_COUNT; k++)
        names[k] = match_key_text(k);
    diag_add_unknown(x->diags, x->file, child->key_line, child->key_col, "unknown_key", "match key", child->key, names,
                     N(names));
}

static void parse_classes(struct parse *x, const struct yaml *list, uint32_t *ret)
{
    if (is_list_sound(x, list, list->key))
        each_item(x, list, list->key, add_class, ret);
}

static void parse_label(struct parse *x, const struct yaml *list, struct match *m)
{
    struct str name = str_sub(list->key, LABEL_PREFIX.n, SIZE_MAX);
    if (!m->labels)
        m->labels = arena_alloc(&x->p->arena, LABELS_MAX * sizeof *m->labels);
    if (!label_name_is_valid(name))
        diag_add(x->diags, x->file, list->key_line, list->key_col, "bad_id",
                 "`" STR_FMT "`: a label's name is 1 to %d of a-z 0-9 - _", STR_ARG(list->key), LABEL_NAME_CHARS_MAX);
    else if (m->n_labels == LABELS_MAX)
        parse_fault(x, list, "too_many", "a `match` names at most %d labels, as many as a key has", LABELS_MAX);
    else {
        struct label_match *l = &m->labels[m->n_labels++];
        *l = (struct label_match){.name = arena_str(&x->p->arena, name)};
        parse_patterns(x, list, MATCH_KEY, list->key, &l->values);
    }
}

void parse_match(struct parse *x, const struct yaml *map, struct match *ret)
{
    if (!parse_type(x, map, YAML_MAP, STR("match")))
        return;
    yaml_each(child, map) {
        enum match_key k = 0;
        while (k < MATCH_COUNT && !str_eq(match_key_text(k), child->key))
            k++;
        if (k < MATCH_COUNT) {
            parse_patterns(x, child, k, child->key, &ret->by_key[k]);
            ret->named |= ret->by_key[k].n ? 1u << k : 0;
        } else if (str_eq(child->key, STR("class")))
            parse_classes(x, child, &ret->classes);
        else if (str_starts(child->key, LABEL_PREFIX))
            parse_label(x, child, ret);
        else
            refuse_key(x, child);
    }
}

void parse_vendors(struct parse *x, const struct yaml *list, struct match *ret)
{
    parse_patterns(x, list, MATCH_VENDOR, match_key_text(MATCH_VENDOR), &ret->by_key[MATCH_VENDOR]);
}

void parse_sets(struct parse *x)
{
    if (!parse_type(x, x->sets, YAML_MAP, STR("sets"))) {
        x->sets = NULL;
        return;
    }
    yaml_each(set, x->sets) {
        if (!id_is_valid(set->key))
            diag_add(x->diags, x->file, set->key_line, set->key_col, "bad_id",
                     "a set's name must be 1 to 64 of a-z 0-9 - _");
        if (!is_list_sound(x, set, set->key))
            continue;
        yaml_each(item, set) {
            if (parse_type(x, item, YAML_STR, set->key) && is_set_ref(item))
                parse_fault(x, item, "bad_value", "a set cannot name another set");
        }
    }
}
