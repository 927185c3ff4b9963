/*
 * daemon/models.c - loads the catalog at start: a bad one is a sentence then, and not an unpriced call later.
 */
#include "daemon/models.h"

#include "base/err.h"
#include "io/files.h"
#include "io/whole_file.h"

#define CATALOG_BYTES_MAX (8u << 20)

static int parse(struct str text, struct str file, const struct limits *limits, struct buf *error, struct catalog **ret)
{
    struct arena a;
    struct diag_list diags;
    arena_init(&a, 1u << 20);
    diag_list_init(&diags, &a, 20);
    int r = catalog_parse(text, file, limits, &diags, ret);
    if (r < 0)
        (void)diag_list_text(&diags, error);
    arena_deinit(&a);
    return err_trace(r);
}

/* The user's own models: added, and instead of those of the same name. */
static int load_own(const struct config *c, const struct limits *limits, struct buf *error, struct catalog *catalog)
{
    struct buf text;
    struct catalog *own;
    buf_init(&text, CATALOG_BYTES_MAX);
    int r = io_read_file(io_system(), c->llm_catalog, CATALOG_BYTES_MAX, &text);
    if (r < 0)
        buf_printf(error, "llm.catalog: cannot read " STR_FMT ": %s", STR_ARG(c->llm_catalog), err_text(r));
    else
        r = parse(buf_str(&text), c->llm_catalog, limits, error, &own);
    buf_deinit(&text);
    if (r == 0)
        r = catalog_merge(catalog, own);
    return err_trace(r);
}

int models_load(const struct config *c, const struct limits *limits, struct buf *error, struct models *ret)
{
    *ret = (struct models){.catalog = NULL};
    int r = parse(catalog_builtin(), STR("catalog/models.yaml"), limits, error, &ret->catalog);
    if (r == 0 && c->llm_catalog.n)
        r = load_own(c, limits, error, ret->catalog);
    if (r == 0)
        r = llm_floors_new(ret->catalog, &ret->floors);
    ret->shared = (struct llm_shared){
        .catalog = ret->catalog, .floors = ret->floors, .is_strict = c->llm_input_bound == INPUT_BOUND_STRICT};
    return err_trace(r);
}

wall_t models_priced_at(const struct models *m)
{
    char text[] = "yyyy-mm-ddT00:00:00Z";
    struct str day = catalog_priced_at(m->catalog);
    wall_t at;
    if (day.n != 10)
        return 0;
    for (size_t i = 0; i < day.n; i++)
        text[i] = day.p[i];
    return wall_parse((struct str){text, sizeof text - 1}, &at) == 0 ? at : 0;
}

void models_free(struct models *m)
{
    llm_floors_free(m->floors);
    catalog_free(m->catalog);
}
