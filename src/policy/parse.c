/*
 * policy/parse.c - a document's text to a compiled policy: the top level, and the digest.
 *
 * As many faults as can be found are reported in one go; a document with one is refused whole. What this version does
 * not do is refused by name, so that no document is half obeyed.
 */
#include "policy/trial_impl.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"
#include "codec/hex.h"
#include "crypto/hash.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define NODES_MAX 100000
#define DEPTH_MAX 32
#define SCRATCH_BYTES_PER_BYTE 40 /* of the tree and its canonical text, for dense documents */
#define SCRATCH_BYTES_MIN (1u << 20)

static const struct key_row top_keys[] = {
    {STR_INIT("apiVersion"), KEY_REQUIRED}, {STR_INIT("kind"), KEY_REQUIRED},     {STR_INIT("metadata"), KEY_REQUIRED},
    {STR_INIT("mode"), KEY_OPTIONAL},       {STR_INIT("defaults"), KEY_OPTIONAL}, {STR_INIT("sets"), KEY_OPTIONAL},
    {STR_INIT("rules"), KEY_REQUIRED},      {STR_INIT("limits"), KEY_OPTIONAL},   {STR_INIT("approvals"), KEY_OPTIONAL},
    {STR_INIT("extends"), KEY_OPTIONAL},    {STR_INIT("identity"), KEY_OPTIONAL}, {STR_INIT("redact"), KEY_OPTIONAL},
    {STR_INIT("routes"), KEY_OPTIONAL},     {STR_INIT("guardrails"), KEY_LATER},  {STR_INIT("tests"), KEY_OPTIONAL}};

static const struct key_row metadata_keys[] = {
    {STR_INIT("name"), KEY_REQUIRED}, {STR_INIT("version"), KEY_OPTIONAL}, {STR_INIT("owner"), KEY_OPTIONAL},
    {STR_INIT("labels"), KEY_OPTIONAL}};

static const struct key_row default_keys[] = {
    {STR_INIT("effect"), KEY_OPTIONAL}, {STR_INIT("on_error"), KEY_OPTIONAL}, {STR_INIT("currency"), KEY_OPTIONAL},
    {STR_INIT("tz"), KEY_OPTIONAL}};

/* Keys of the reader's own, which mean nothing to us: x-team, x-ticket. */
static bool is_extension(struct str key)
{
    struct str rest = str_sub(key, 2, SIZE_MAX);
    bool is_ok = str_starts(key, STR("x-")) && rest.n > 0;
    for (size_t i = 0; is_ok && i < rest.n; i++)
        is_ok = (rest.p[i] >= 'a' && rest.p[i] <= 'z') || (rest.p[i] >= '0' && rest.p[i] <= '9') || rest.p[i] == '-';
    return is_ok;
}

/* The top level without its extensions: a shallow copy of the map's nodes. */
static const struct yaml *without_extensions(struct parse *x, const struct yaml *root)
{
    struct yaml *copy = arena_alloc(x->scratch, sizeof *copy), *last = NULL;
    *copy = *root;
    copy->first = NULL;
    copy->n = 0;
    yaml_each(child, root) {
        if (is_extension(child->key))
            continue;
        struct yaml *c = arena_alloc(x->scratch, sizeof *c);
        *c = *child;
        c->next = NULL;
        *(last ? &last->next : &copy->first) = c;
        last = c;
        copy->n++;
    }
    return copy;
}

static void parse_const(struct parse *x, const struct yaml *map, struct str key, struct str only)
{
    parse_word(x, map, key, &only, 1, NULL, 0);
}

static void parse_metadata(struct parse *x, const struct yaml *map)
{
    struct policy *p = x->p;
    struct str owner;
    if (!parse_type(x, map, YAML_MAP, STR("metadata")))
        return;
    parse_keys(x, map, "metadata", metadata_keys, N(metadata_keys));
    parse_id(x, map, STR("name"), &p->name);
    p->version = 1;
    const struct yaml *version = yaml_get(map, STR("version"));
    if (parse_type(x, version, YAML_INT, STR("version")) && yaml_i64(version, &p->version) && p->version < 1)
        parse_fault(x, version, "bad_value", "`version` is 1 or more");
    if (parse_text(x, map, STR("owner"), &owner))
        p->owner = arena_str(&p->arena, owner);
    const struct yaml *labels = yaml_get(map, STR("labels"));
    if (parse_type(x, labels, YAML_MAP, STR("labels")))
        yaml_each(label, labels)
            parse_type(x, label, YAML_STR, label->key);
}

static bool is_currency(struct str s)
{
    bool is_ok = s.n == 3;
    for (size_t i = 0; is_ok && i < s.n; i++)
        is_ok = s.p[i] >= 'A' && s.p[i] <= 'Z';
    return is_ok;
}

static void parse_defaults(struct parse *x, const struct yaml *map)
{
    struct str text;
    if (!parse_type(x, map, YAML_MAP, STR("defaults")))
        return;
    parse_keys(x, map, "defaults", default_keys, N(default_keys));
    parse_const(x, map, STR("effect"), STR("deny"));
    parse_const(x, map, STR("on_error"), STR("deny"));
    if (parse_text(x, map, STR("currency"), &text) && !str_eq(text, STR("USD"))) {
        if (is_currency(text))
            parse_later(x, yaml_get(map, STR("currency")), "currency", text);
        else
            parse_fault(x, yaml_get(map, STR("currency")), "bad_value",
                        "`currency` is a code of three capital letters: USD");
    }
    (void)parse_zone(x, map, &x->zone); /* without one it is UTC */
}

static void parse_top(struct parse *x, const struct yaml *root)
{
    if (root->type != YAML_MAP) {
        parse_fault(x, root, "wrong_type", "a policy document is an object, not %s", yaml_type_name(root->type));
        return;
    }
    root = without_extensions(x, root);
    parse_keys(x, root, "a policy document", top_keys, N(top_keys));
    parse_const(x, root, STR("apiVersion"), STR("agentpolicy/v1"));
    parse_const(x, root, STR("kind"), STR("Policy"));
    parse_metadata(x, yaml_get(root, STR("metadata")));
    parse_defaults(x, yaml_get(root, STR("defaults")));
    parse_extends(x, yaml_get(root, STR("extends")));
    x->sets = yaml_get(root, STR("sets"));
    parse_sets(x);
    parse_mode(x, root);
    parse_approvals(x, yaml_get(root, STR("approvals")));
    parse_identity(x, yaml_get(root, STR("identity")));
    parse_redact(x, root);
    parse_rules(x, yaml_get(root, STR("rules")));
    parse_routes(x, yaml_get(root, STR("routes")));
    parse_limits(x, yaml_get(root, STR("limits")));
    check_inherited_ids(x);
    (void)check_tests(x, yaml_get(root, STR("tests"))); /* said in diags */
}

/* Canonical text and digest. What JSON's numbers cannot say exactly has no digest, and is refused. */
static int seal(struct parse *x, const struct yaml *root)
{
    struct policy *p = x->p;
    struct buf text;
    uint8_t hash[SHA256_BYTES];
    buf_init(&text, (size_t)x->limits->policy_bytes_max * 8);
    int r = yaml_canon(x->scratch, root, &text);
    if (r < 0) {
        buf_deinit(&text);
        parse_fault(x, root, "bad_value", "the document has no canonical JSON: %s", err_text(r));
        return -ERR_INVALID;
    }
    p->text = arena_str(&p->arena, buf_str(&text));
    buf_deinit(&text);
    sha256(p->text, hash);
    char *hex = arena_alloc(&p->arena, 2 * SHA256_BYTES + 1);
    p->digest = hex_encode(hash, sizeof hash, hex);
    return 0;
}

static void name_limit(struct limit *l, struct policy *p)
{
    limit_name_counter(l, p->name, &p->arena);
    if (l->runs)
        limit_name_runs((struct limit *)(uintptr_t)l->runs, l, p->name, &p->arena);
}

static int compile(struct parse *x, const struct yaml *root)
{
    size_t n_errors = x->diags->n_errors;
    parse_top(x, root);
    if (x->diags->n_errors > n_errors)
        return -ERR_INVALID;
    int r = seal(x, root);
    if (r < 0)
        return r;
    for (size_t i = 0; i < x->p->n_limits; i++)
        name_limit(&x->p->limits[i], x->p);
    analyse(x);
    return 0;
}

int policy_parse(struct str text, struct str file, const struct limits *limits, const struct known *known,
                 struct diag_list *diags, struct policy **ret)
{
    size_t bytes_max = (size_t)limits->policy_bytes_max, n_diags = diags->n;
    const struct yaml_limits bounds = {.bytes_max = bytes_max, .depth_max = DEPTH_MAX, .nodes_max = NODES_MAX};
    struct policy *p = calloc(1, sizeof *p);
    if (!p)
        return err_trace(-ERR_NOMEM);
    p->n_refs = 1;
    struct arena scratch;
    arena_init(&p->arena, SCRATCH_BYTES_MIN + bytes_max * SCRATCH_BYTES_PER_BYTE);
    arena_init(&scratch, SCRATCH_BYTES_MIN + bytes_max * SCRATCH_BYTES_PER_BYTE);

    static const struct known nothing;
    struct parse x = {.p = p, .scratch = &scratch, .file = file, .text = text, .diags = diags, .limits = limits,
                      .known = known ? known : &nothing};
    const struct yaml *root;
    int r = yaml_parse(&scratch, file, text, &bounds, diags, &root);
    if (r == -ERR_TOO_LARGE)
        r = -ERR_INVALID; /* said in diags */
    if (r == 0)
        r = candidates_init(&x);
    if (r == 0)
        r = compile(&x, root);
    diag_sort(diags, n_diags);
    map_deinit(&x.by_name);
    arena_deinit(&scratch);
    if (r < 0) {
        policy_unref(p);
        return err_trace(r);
    }
    *ret = p;
    return 0;
}
