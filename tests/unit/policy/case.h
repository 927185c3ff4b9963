/*
 * tests/unit/policy/case.h - case files: a title, then sections that begin with "--- name". Lines of a section are
 * "key: value". Everything lives in the case's arena.
 */
#pragma once

#include <dirent.h>

#include "base/arena.h"
#include "unit.h"

struct case_file {
    struct arena a;
    struct str name, text;
};

static inline struct str case_read(struct arena *a, const char *path)
{
    char *p = arena_alloc(a, 65536);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("cannot read %s", path);
    size_t n = fread(p, 1, 65535, f);
    fclose(f);
    return (struct str){p, n};
}

/* The section's bytes; STR_NONE when there is none. */
static inline struct str case_section(const struct case_file *c, const char *name)
{
    char head[64];
    size_t at, end;
    snprintf(head, sizeof head, "--- %s\n", name);
    if (!str_find(c->text, str_c(head), &at))
        return STR_NONE;
    struct str s = str_sub(c->text, at + strlen(head), SIZE_MAX);
    if (str_starts(s, STR("--- ")))
        return STR("");
    return str_sub(s, 0, str_find(s, STR("\n--- "), &end) ? end + 1 : s.n);
}

/* The next line of *rest; false at the end. */
static inline bool case_line(struct str *rest, struct str *ret)
{
    struct str after;
    if (rest->n == 0)
        return false;
    if (!str_cut(*rest, '\n', ret, &after)) {
        *ret = *rest;
        after = STR_NONE;
    }
    *rest = after;
    return true;
}

static inline bool case_pair(struct str line, struct str *ret_key, struct str *ret_value)
{
    struct str value;
    if (!str_cut(line, ':', ret_key, &value))
        return false;
    *ret_value = str_trim(value);
    return true;
}

static inline int case_by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Runs fn for every *.case of a folder in name order; returns how many there were. fn prints what is wrong and returns
 * false. */
static inline int case_each(const char *dir, bool (*fn)(const char *dir, const struct case_file *c), int *ret_failed)
{
    struct dirent **names = NULL;
    int n_cases = 0, n = scandir(dir, &names, NULL, case_by_name);
    if (n < 0)
        fail_msg("cannot list %s", dir);
    *ret_failed = 0;
    for (int i = 0; i < n; i++) {
        if (str_ends(str_c(names[i]->d_name), STR(".case"))) {
            struct case_file c = {.name = str_c(names[i]->d_name)};
            arena_init(&c.a, 1 << 20);
            const char *path = arena_printf(&c.a, "%s/%s", dir, names[i]->d_name).p;
            c.text = case_read(&c.a, path);
            n_cases++;
            if (!fn(dir, &c)) {
                print_error("^ %s\n", path);
                ++*ret_failed;
            }
            arena_deinit(&c.a);
        }
        free(names[i]);
    }
    free(names);
    return n_cases;
}
