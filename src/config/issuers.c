/*
 * config/issuers.c - the `issuers:` section: whose identity tokens are believed, and what their claims mean here.
 */
#include "config/entry.h"

#include "base/err.h"
#include "base/time.h"

#define TEXT_BYTES_MAX 256
#define TYP_BYTES_MAX 64
#define AGE_DEFAULT_S 86400
#define CUSTOMERS_OF_MAX 16

/* One issuer on its way in. */
struct issuer_loader {
    struct entry e;
    struct config_issuer *i;
};

static const struct str algorithm_names[] = {STR_INIT("ES256"), STR_INIT("EdDSA"), STR_INIT("PS256"),
                                             STR_INIT("RS256")};
#define N_ALGORITHMS (sizeof algorithm_names / sizeof algorithm_names[0])

/* --- jwks --------------------------------------------------------------------------------------------------------- */

static void load_jwks_url(struct issuer_loader *il, const struct yaml *y)
{
    struct config_issuer *i = il->i;
    struct url u;
    const char *text = url_parse(y->text, il->e.l->arena, &u);
    if (!text && (str_has(u.path, '?') || str_has(u.path, '#') || !url_is_visible(u.path)))
        text = "scheme, host, port and path only";
    if (text) {
        entry_fault(&il->e, y, "bad_url", "jwks: %s", text);
        return;
    }
    if (!u.is_tls && !u.is_loopback && !i->is_insecure) {
        entry_fault(&il->e, y, "insecure_url",
              "jwks: over plain http anyone on the way could put their own keys in; use https, or say "
              "`insecure: true`");
        return;
    }
    i->jwks.is_tls = u.is_tls;
    i->jwks.host = u.host;
    i->jwks.port = u.port;
    i->jwks.path = u.path.n ? u.path : STR("/");
    i->is_private |= u.is_numeric; /* who writes an address means that one */
}

static void load_jwks(struct issuer_loader *il)
{
    const struct yaml *y = entry_get(&il->e, il->e.y, STR("jwks"), YAML_STR, "a string");
    struct str file = STR("file:");
    if (!y)
        return;
    il->i->jwks.text = arena_str(il->e.l->arena, y->text);
    if (str_starts(y->text, file) && y->text.n > file.n && y->text.n < 4096 && !str_has(y->text, '\0'))
        il->i->jwks.file = arena_str(il->e.l->arena, str_sub(y->text, file.n, y->text.n));
    else if (str_starts(y->text, STR("https://")) || str_starts(y->text, STR("http://")))
        load_jwks_url(il, y);
    else
        entry_fault(&il->e, y, "bad_url", "jwks: file:PATH or https://HOST/PATH is wanted");
}

/* --- algorithms, claims, the rest --------------------------------------------------------------------------------- */

static void load_algorithms(struct issuer_loader *il)
{
    const struct yaml *list = entry_get(&il->e, il->e.y, STR("algorithms"), YAML_SEQ, "a list");
    il->i->algorithms = algorithm_names;
    il->i->n_algorithms = N_ALGORITHMS;
    if (!list)
        return;
    if (list->n == 0 || list->n > N_ALGORITHMS) {
        entry_fault(&il->e, list, "bad_value", "algorithms: one to four of ES256, EdDSA, PS256, RS256");
        return;
    }
    struct str *names = arena_alloc(il->e.l->arena, list->n * sizeof *names);
    size_t n = 0;
    yaml_each (y, list) {
        size_t k = 0;
        while (k < N_ALGORITHMS && !(yaml_is(y, YAML_STR) && str_eq(y->text, algorithm_names[k])))
            k++;
        if (k < N_ALGORITHMS)
            names[n++] = algorithm_names[k];
        else
            diag_add_unknown(il->e.l->diags, il->e.l->file, y->line, y->col, "unknown_value", "the algorithm", y->text,
                             algorithm_names, N_ALGORITHMS);
    }
    il->i->algorithms = names;
    il->i->n_algorithms = n;
}

static void load_claims(struct issuer_loader *il)
{
    static const struct str keys[] = {STR_INIT("user"), STR_INIT("tenant"), STR_INIT("customer"), STR_INIT("agent")};
    const struct yaml *y = entry_get(&il->e, il->e.y, STR("claims"), YAML_MAP, "a map");
    struct config_issuer *i = il->i;
    i->claim_user = STR("sub");
    if (!y)
        return;
    yaml_check_keys(y, il->e.l->file, keys, 4, il->e.l->diags);
    entry_text(&il->e, y, keys[0], TEXT_BYTES_MAX, &i->claim_user);
    entry_text(&il->e, y, keys[1], TEXT_BYTES_MAX, &i->claim_tenant);
    entry_text(&il->e, y, keys[2], TEXT_BYTES_MAX, &i->claim_customer);
    entry_text(&il->e, y, keys[3], TEXT_BYTES_MAX, &i->claim_agent);
}

static void load_max_age(struct issuer_loader *il)
{
    const struct yaml *y = entry_get(&il->e, il->e.y, STR("max_age"), YAML_STR, "a duration like 1h");
    int64_t ns;
    il->i->age_s_max = AGE_DEFAULT_S;
    if (y && duration_parse(y->text, &ns) < 0)
        entry_fault(&il->e, y, "bad_value", "max_age: a duration like 90s, 15m, 1h or 7d");
    else if (y)
        il->i->age_s_max = ns / NS_PER_S;
}

static void load_customers_of(struct issuer_loader *il)
{
    static const struct str stripe[] = {STR_INIT("stripe")};
    const struct yaml *list = entry_get(&il->e, il->e.y, STR("customers_of"), YAML_SEQ, "a list of vendors");
    il->i->customers_of = stripe;
    il->i->n_customers_of = 1;
    if (!list)
        return;
    if (list->n > CUSTOMERS_OF_MAX) {
        entry_fault(&il->e, list, "too_many", "customers_of: at most %d", CUSTOMERS_OF_MAX);
        return;
    }
    struct str *names = arena_alloc(il->e.l->arena, (list->n + 1) * sizeof *names);
    size_t n = 0;
    yaml_each (y, list) {
        if (yaml_is(y, YAML_STR) && config_name_is_valid(y->text))
            names[n++] = arena_str(il->e.l->arena, y->text);
        else
            entry_fault(&il->e, y, "bad_name", "customers_of: each is the name of a vendor, like stripe");
    }
    il->i->customers_of = names;
    il->i->n_customers_of = n;
}

static void load_ca_file(struct issuer_loader *il)
{
    entry_text(&il->e, il->e.y, STR("ca_file"), 4095, &il->i->ca_file);
    if (il->i->ca_file.n && !il->i->jwks.is_tls)
        entry_fault(&il->e, yaml_get(il->e.y, STR("ca_file")), "no_tls",
              "ca_file: there is nothing to check without https in jwks");
}

/* --- the section -------------------------------------------------------------------------------------------------- */

static void load_issuer(struct loader *l, const struct yaml *y, const struct entry_kind *kind, struct config_issuer *i)
{
    struct issuer_loader il = {.i = i};
    bool is_map = entry_begin(&il.e, l, y, kind);
    i->name = il.e.name;
    i->line = y->key_line;
    i->typ = STR("at+jwt");
    if (!is_map)
        return;
    entry_text(&il.e, y, STR("issuer"), TEXT_BYTES_MAX, &i->issuer);
    entry_text(&il.e, y, STR("audience"), TEXT_BYTES_MAX, &i->audience);
    entry_text(&il.e, y, STR("typ"), TYP_BYTES_MAX, &i->typ);
    entry_bool(&il.e, STR("private"), &i->is_private);
    entry_bool(&il.e, STR("insecure"), &i->is_insecure);
    entry_bool(&il.e, STR("single_use"), &i->is_single_use);
    load_jwks(&il);
    load_ca_file(&il);
    load_algorithms(&il);
    load_claims(&il);
    load_max_age(&il);
    load_customers_of(&il);
}

/* A token names its issuer by `iss` alone. */
static void check_distinct(struct loader *l, const struct config_issuer *issuers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (issuers[i].issuer.n && str_eq(issuers[i].issuer, issuers[k].issuer))
                diag_add(l->diags, l->file, issuers[i].line, 1, "same_issuer",
                         "issuers." STR_FMT " and issuers." STR_FMT " have the same `issuer`",
                         STR_ARG(issuers[k].name), STR_ARG(issuers[i].name));
}

void load_issuers(struct loader *l, const struct yaml *root)
{
    const struct entry_kind kind = {"issuers",        "a map from names to issuers", "an issuer's", issuer_key_infos,
                                    n_issuer_key_infos, CONFIG_ISSUERS_MAX};
    const struct yaml *section = entries_of(l, root, &kind);
    if (!section)
        return;
    struct config_issuer *issuers = arena_alloc(l->arena, section->n * sizeof *issuers);
    size_t n = 0;
    yaml_each (y, section)
        load_issuer(l, y, &kind, &issuers[n++]);
    check_distinct(l, issuers, n);
    l->config->issuers = issuers;
    l->config->n_issuers = n;
}
