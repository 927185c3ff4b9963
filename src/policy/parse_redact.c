/*
 * policy/parse_redact.c - `redact`: named redactors, each with what it looks for, where, and what it puts there.
 */
#include "policy/policy_impl.h"

#include "base/err.h"
#include "expr/regex.h"

#define REPLACE_BYTES_MAX 64
#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct key_row redactor_keys[] = {{STR_INIT("detect"), KEY_OPTIONAL},
                                               {STR_INIT("patterns"), KEY_OPTIONAL},
                                               {STR_INIT("at"), KEY_REQUIRED},
                                               {STR_INIT("replace"), KEY_OPTIONAL}};
static const struct str places[] = {STR_INIT("request"), STR_INIT("response"), STR_INIT("log")};

int parse_word_of(struct parse *x, const struct yaml *item, const char *what, const struct str *names, size_t n)
{
    struct str word;
    if (!parse_type(x, item, YAML_STR, str_c(what)) || !yaml_str(item, &word))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], word))
            return (int)i;
    diag_add_unknown(x->diags, x->file, item->line, item->col, "bad_value", what, word, names, n);
    return -1;
}

static void add_source(struct parse *x, const struct yaml *at, struct redactor *r, enum redact_kind kind,
                       const struct regex *pattern, struct str name)
{
    size_t n = 0;
    for (size_t i = 0; i < x->p->n_redactors; i++)
        n += x->p->redactors[i].n_sources;
    if (n >= REDACT_SOURCES_MAX) {
        parse_fault(x, at, "too_many", "the redactors of a document look for at most %d things together",
                    REDACT_SOURCES_MAX);
        return;
    }
    struct str replace = redact_replacement(&x->p->arena, r->replace, name);
    r->names[r->n_sources] = arena_str(&x->p->arena, name);
    r->sources[r->n_sources++] = (struct redact_source){kind, pattern, replace};
}

static void parse_detect(struct parse *x, const struct yaml *list, struct redactor *r)
{
    struct str kinds[REDACT_KINDS];
    for (enum redact_kind k = 0; k < REDACT_KINDS; k++)
        kinds[k] = redact_kind_text(k);
    if (!parse_type(x, list, YAML_SEQ, STR("detect")))
        return;
    yaml_each(item, list) {
        int k = parse_word_of(x, item, "detector", kinds, REDACT_KINDS);
        if (k >= 0)
            add_source(x, item, r, (enum redact_kind)k, NULL, kinds[k]);
    }
}

static void parse_pattern(struct parse *x, const struct yaml *y, struct redactor *r)
{
    const struct regex *regex;
    const char *why;
    struct str text;
    size_t at;
    if (!id_is_valid(y->key))
        diag_add(x->diags, x->file, y->key_line, y->key_col, "bad_id",
                 "a pattern's name must be 1 to 64 of a-z 0-9 - _");
    if (!parse_type(x, y, YAML_STR, y->key) || !yaml_str(y, &text))
        return;
    if (regex_compile(&x->p->arena, text, &regex, &why, &at) < 0) {
        parse_fault(x, y, "bad_pattern", "the pattern is wrong at byte %zu: %s", at, why);
        return;
    }
    if ((why = redact_pattern_fault(regex)))
        parse_fault(x, y, "bad_pattern", "the pattern cannot be looked for: %s", why);
    else
        add_source(x, y, r, REDACT_KINDS, regex, y->key);
}

static void parse_places(struct parse *x, const struct yaml *list, struct redactor *r)
{
    if (!parse_type(x, list, YAML_SEQ, STR("at")))
        return;
    yaml_each(item, list) {
        int i = parse_word_of(x, item, "place", places, N(places));
        r->at |= i < 0 ? 0 : 1u << i;
    }
    if (list->n == 0)
        parse_fault(x, list, "bad_value", "`at` names one place at least: request, response, log");
}

static void parse_replace(struct parse *x, const struct yaml *map, struct redactor *r)
{
    struct str text;
    r->replace = STR("[{kind}]");
    if (!parse_text(x, map, STR("replace"), &text))
        return;
    bool is_line = text.n <= REPLACE_BYTES_MAX;
    for (size_t i = 0; i < text.n; i++)
        is_line &= (unsigned char)text.p[i] >= 0x20 && text.p[i] != 0x7f;
    if (is_line)
        r->replace = arena_str(&x->p->arena, text);
    else
        parse_fault(x, yaml_get(map, STR("replace")), "bad_value", "`replace` is one line of at most %d bytes",
                    REPLACE_BYTES_MAX);
}

static void parse_redactor(struct parse *x, const struct yaml *map, struct redactor *r)
{
    parse_keys(x, map, "a redactor", redactor_keys, N(redactor_keys));
    parse_replace(x, map, r);
    parse_detect(x, yaml_get(map, STR("detect")), r);
    const struct yaml *patterns = yaml_get(map, STR("patterns"));
    if (parse_type(x, patterns, YAML_MAP, STR("patterns")))
        yaml_each(y, patterns)
            parse_pattern(x, y, r);
    parse_places(x, yaml_get(map, STR("at")), r);
    if (!yaml_get(map, STR("detect")) && !patterns)
        parse_fault(x, map, "missing_key", "a redactor needs `detect`, `patterns` or both");
}

static void parse_own(struct parse *x, const struct yaml *map)
{
    struct policy *p = x->p;
    if (!parse_type(x, map, YAML_MAP, STR("redact")))
        return;
    if (map->n > POLICY_REDACTORS_MAX) {
        parse_fault(x, map, "too_many", "%zu redactors; a document has at most %d", map->n, POLICY_REDACTORS_MAX);
        return;
    }
    yaml_each(y, map) {
        if (!id_is_valid(y->key))
            diag_add(x->diags, x->file, y->key_line, y->key_col, "bad_id",
                     "a redactor's name must be 1 to 64 of a-z 0-9 - _");
        if (!parse_type(x, y, YAML_MAP, y->key))
            continue;
        struct redactor *r = &p->redactors[p->n_redactors++];
        *r = (struct redactor){.name = arena_str(&p->arena, y->key), .line = y->key_line, .col = y->key_col};
        r->sources = arena_alloc(&p->arena, REDACT_SOURCES_MAX * sizeof *r->sources);
        r->names = arena_alloc(&p->arena, REDACT_SOURCES_MAX * sizeof *r->names);
        parse_redactor(x, y, r);
    }
}

/* Redactors of the documents above, which their rules name by their own order. */
static void inherit(struct parse *x, const struct yaml *at)
{
    struct policy *p = x->p;
    size_t n_sources = 0;
    for (size_t i = 0; i < p->n_parents; i++) {
        const struct policy *above = p->parents[i];
        p->parent_shift[i] = (unsigned)p->n_redactors;
        for (size_t k = 0; k < above->n_redactors && p->n_redactors < POLICY_REDACTORS_MAX + 1; k++)
            p->redactors[p->n_redactors++] = above->redactors[k];
    }
    for (size_t i = 0; i < p->n_redactors; i++)
        n_sources += p->redactors[i].n_sources;
    if (p->n_redactors > POLICY_REDACTORS_MAX || n_sources > REDACT_SOURCES_MAX)
        parse_fault(x, at, "too_many",
                    "with the documents above it has more than %d redactors, or they look for more than %d things",
                    POLICY_REDACTORS_MAX, REDACT_SOURCES_MAX);
}

void parse_redact(struct parse *x, const struct yaml *root)
{
    struct policy *p = x->p;
    p->redactors = arena_alloc(&p->arena, (POLICY_REDACTORS_MAX + 1) * sizeof *p->redactors);
    parse_own(x, yaml_get(root, STR("redact")));
    p->n_own_redactors = p->n_redactors;
    inherit(x, root);
}

/* A rule's `redact`: names of redactors. */
void parse_rule_redact(struct parse *x, const struct yaml *list, struct rule *r)
{
    struct str names[POLICY_REDACTORS_MAX];
    size_t n = x->p->n_own_redactors;
    for (size_t i = 0; i < n; i++)
        names[i] = x->p->redactors[i].name;
    if (!parse_type(x, list, YAML_SEQ, STR("redact")))
        return;
    yaml_each(item, list) {
        int i = parse_word_of(x, item, "redactor", names, n);
        r->redactors |= i < 0 ? 0 : 1u << i;
    }
}

void policy_redact_set(const struct policy *p, uint32_t redactors, enum redact_at at, struct redact_set *ret)
{
    *ret = (struct redact_set){.n = 0};
    for (size_t i = 0; p && i < p->n_redactors; i++) {
        const struct redactor *r = &p->redactors[i];
        if (!(redactors & 1u << i) || !(r->at & 1u << at))
            continue;
        for (size_t k = 0; k < r->n_sources; k++)
            (void)redact_set_add(ret, r->sources[k].kind, r->sources[k].pattern,
                                 r->sources[k].replace); /* there is room for all of a document's */
    }
}

static uint32_t first_bits(size_t n) { return n ? UINT32_MAX >> (32 - n) : 0; }

uint32_t policy_redactors(const struct policy *p) { return p ? first_bits(p->n_redactors) : 0; }

uint32_t policy_own_redactors(const struct policy *p) { return first_bits(p->n_own_redactors); }
