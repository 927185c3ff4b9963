/*
 * cli/documents.c - documents from files, found by name and digest.
 */
#include "cli/documents.h"

#include <stddef.h>

#include "cli/settings.h"
#include "policy/policy.h"

#define DIAGS_MAX 200

static const struct policy *find(const struct documents *d, struct str name, struct str digest)
{
    const struct document_files *files = (const void *)((uintptr_t)d - offsetof(struct document_files, documents));
    for (size_t i = 0; i < files->n; i++) {
        const struct policy *p = files->items[i];
        if (!str_eq(policy_name(p), name) || !str_eq(policy_digest(p), digest))
            continue;
        policy_ref(p);
        return p;
    }
    return NULL;
}

static int read_one(struct document_files *d, struct cli *c, struct str file, const struct limits *limits,
                    const struct known *known)
{
    struct str text;
    struct diag_list diags;
    struct policy *p;
    int r = cli_read_file(c, file, (size_t)limits->policy_bytes_max, &text);
    if (r)
        return r;
    diag_list_init(&diags, &c->arena, DIAGS_MAX);
    r = policy_parse(text, file, limits, known, &diags, &p);
    settings_print_diags(c, c->err, &diags);
    if (r < 0)
        return cli_fail(c, "the document cannot be read: " STR_FMT, STR_ARG(file));
    d->items[d->n++] = p;
    return CLI_DONE;
}

int documents_init(struct document_files *d, struct cli *c, const struct limits *limits, struct known *known)
{
    struct str file;
    int r = CLI_DONE;
    *d = (struct document_files){.documents = {find}};
    known->documents = &d->documents;
    for (size_t i = 0; r == CLI_DONE && (file = cli_option_at(c, "extends", i)).n; i++)
        r = d->n < DOCUMENTS_MAX ? read_one(d, c, file, limits, known)
                                 : cli_usage(c, "at most %d documents can be given with --extends", DOCUMENTS_MAX);
    return r;
}

void documents_deinit(struct document_files *d)
{
    for (size_t i = 0; i < d->n; i++)
        policy_unref(d->items[i]);
}
