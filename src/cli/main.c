/*
 * cli/main.c - the one executable.
 */
#include "cli/cli.h"

#include <unistd.h>

int main(int argc, char **argv) { return cli_main(argc, (const char *const *)argv, (const char *const *)environ); }
