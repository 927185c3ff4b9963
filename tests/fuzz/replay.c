/*
 * tests/fuzz/replay.c FILE|FOLDER... - runs a fuzz target once for each file: the corpus as a regression test.
 *
 * The bytes are copied to a block of exactly their size, so that the address sanitizer sees a read past the end. The
 * last line says how many files were run; a run without any fails, since it would prove nothing.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define FILE_BYTES_MAX (16 << 20)

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *whole = f ? malloc(FILE_BYTES_MAX) : NULL;
    if (!whole) {
        perror(path);
        exit(2);
    }
    size_t n = fread(whole, 1, FILE_BYTES_MAX, f);
    fclose(f);
    uint8_t *exact = malloc(n ? n : 1);
    check(exact != NULL);
    memcpy(exact, whole, n);
    free(whole);
    printf("%s\n", path); /* before the run: the last name printed is the one that failed */
    fflush(stdout);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 1;
}

static int run_folder(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        perror(path);
        exit(2);
    }
    int n_run = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        char file[4096];
        struct stat st;
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
            n_run += run_file(file);
    }
    closedir(dir);
    return n_run;
}

int main(int argc, char **argv)
{
    int n_run = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        bool is_folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);
        n_run += is_folder ? run_folder(argv[i]) : run_file(argv[i]);
    }
    printf("%d inputs\n", n_run);
    return n_run > 0 ? 0 : 1;
}
