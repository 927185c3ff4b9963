/*
 * tests/cases/llm/answers/run.c - runs every case of a folder: run DIR [N_LEAST].
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

int main(int argc, char **argv)
{
    struct case_run run = {.catalog_text = catalog_builtin()};
    struct dirent **files;
    if (argc < 2) {
        fprintf(stderr, "usage: run DIR [N_LEAST]\n");
        return 2;
    }
    limits_default(&run.limits);
    int n = scandir(argv[1], &files, is_case, alphasort), n_failed = 0;
    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[1], files[i]->d_name);
        arena_init(&run.arena, 256 << 20);
        run.name = files[i]->d_name;
        int r = case_run_file(&run, path);
        if (r < 0)
            fprintf(stderr, "%s: %s\n", path, err_name(r));
        n_failed += r < 0 || run.n_faults > 0;
        arena_deinit(&run.arena);
        free(files[i]);
    }
    if (n >= 0)
        free(files);
    printf("%s: %d cases, %d failed\n", argv[1], n, n_failed);
    return n_failed || n < (argc > 2 ? atoi(argv[2]) : 1);
}
