/*
 * cli/vendors_known.c - the built-in connectors' operations, under the connectors' own names.
 */
#include "cli/vendors_known.h"

#include "base/check.h"

void vendors_known_init(struct vendors_known *v, struct arena *a, const struct limits *limits)
{
    struct diag_list diags;
    struct str text;
    size_t n = 0, at = 0;
    diag_list_init(&diags, a, 1);
    v->n = 0;
    v->zoneinfo = zoneinfo_new(io_system(), STR(ZONEINFO_FOLDER));
    check(v->zoneinfo != NULL);
    for (const struct str *name = connector_builtin_names(); name->p && v->n < VENDORS_KNOWN_MAX; name++) {
        bool is_there = connector_builtin(*name, &text);
        check(is_there && connector_parse(text, *name, limits, &diags, &v->connectors[v->n]) == 0);
        v->names[v->n++] = *name;
    }
    for (size_t i = 0; i < v->n; i++)
        n += connector_known(v->connectors[i], v->names[i], NULL, NULL);
    struct known_operation *operations = arena_alloc(a, (n + 1) * sizeof(*operations));
    for (size_t i = 0; i < v->n; i++)
        at += connector_known(v->connectors[i], v->names[i], a, &operations[at]);
    v->known = (struct known){v->names, v->n, operations, n, zoneinfo_zones(v->zoneinfo)};
}

void vendors_known_deinit(struct vendors_known *v)
{
    for (size_t i = 0; i < v->n; i++)
        connector_free(v->connectors[i]);
    zoneinfo_free(v->zoneinfo);
}
