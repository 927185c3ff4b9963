/*
 * tests/cases/saas/run.c - runs every case of one connector: run VENDOR DIR [N_LEAST].
 * Exit 1 when a case fails, or when fewer than N_LEAST were found (a folder that lost its cases must not pass).
 */
#include "case.h"

#include "base/err.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_case(const struct dirent *e)
{
    return strlen(e->d_name) > 5 && !strcmp(e->d_name + strlen(e->d_name) - 5, ".yaml");
}

static struct connector *load(struct str vendor, const struct limits *limits)
{
    struct connector *c = NULL;
    struct arena a;
    struct diag_list diags;
    struct buf out;
    struct str text;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, 50);
    buf_init(&out, 1 << 16);
    if (!connector_builtin(vendor, &text))
        fprintf(stderr, "there is no connector of that name\n");
    else if (connector_parse(text, STR("connector.yaml"), limits, &diags, &c) < 0 && diag_list_text(&diags, &out) == 0)
        fprintf(stderr, STR_FMT, STR_ARG(buf_str(&out)));
    buf_deinit(&out);
    arena_deinit(&a);
    return c;
}

int main(int argc, char **argv)
{
    struct case_run run = {0};
    struct dirent **files;
    if (argc < 3) {
        fprintf(stderr, "usage: run VENDOR DIR [N_LEAST]\n");
        return 2;
    }
    limits_default(&run.limits);
    struct connector *c = load(str_c(argv[1]), &run.limits);
    int n = scandir(argv[2], &files, is_case, alphasort), n_failed = 0;
    run.connector = c;
    for (int i = 0; c && i < n; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[2], files[i]->d_name);
        arena_init(&run.arena, 16 << 20);
        run.name = files[i]->d_name;
        int r = case_run_file(&run, path);
        if (r < 0)
            fprintf(stderr, "%s: %s\n", path, err_name(r));
        n_failed += r < 0 || run.n_faults > 0;
        arena_deinit(&run.arena);
    }
    for (int i = 0; i < n; i++)
        free(files[i]);
    if (n >= 0)
        free(files);
    connector_free(c);
    printf("%s: %d cases, %d failed\n", argv[1], n, n_failed);
    return !c || n_failed || n < (argc > 3 ? atoi(argv[3]) : 1);
}
