/*
 * cli/cli.c - runs one command: streams, colour, errors.
 */
#include "cli/cli.h"

#include "cli/print.h"
#include "config/config.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLI_ARENA_BYTES_MAX (1ull << 30) /* 10,000 large records, parsed */
#define USAGE_BYTES_MAX 4096

struct str cli_env(const struct cli *c, const char *name) { return config_env(c->env, str_c(name)); }

static void say(struct cli *c, const char *prefix, const char *fmt, va_list ap)
{
    struct str text = arena_vprintf(&c->arena, fmt, ap);
    fflush(c->out); /* so that the two streams keep their order on a terminal */
    fputs(prefix, c->err);
    print_safe(c->err, text);
    fputc('\n', c->err);
}

int cli_fail(struct cli *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(c, "flyball: ", fmt, ap);
    va_end(ap);
    return CLI_FAILED;
}

int cli_unreachable(struct cli *c, const char *fmt, ...)
{
    va_list ap;
    if (c->is_waiting)
        return CLI_UNREACHABLE;
    va_start(ap, fmt);
    say(c, "flyball: ", fmt, ap);
    va_end(ap);
    return CLI_UNREACHABLE;
}

int cli_usage(struct cli *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(c, "flyball: ", fmt, ap);
    va_end(ap);
    if (c->command)
        fprintf(c->err, "See `flyball %s --help`.\n", c->command->name);
    return CLI_USAGE;
}

int cli_check_key_id(struct cli *c, struct str id)
{
    size_t at;
    if (!str_find(id, STR("fb_live_"), &at) && !str_find(id, STR("fb_test_"), &at))
        return 0;
    return cli_usage(c, "give the key's id, not the key: it is the part behind fb_live_ or fb_test_, up to the next "
                        "underscore");
}

void cli_note(struct cli *c, const char *fmt, ...)
{
    va_list ap;
    if (c->is_json)
        return;
    va_start(ap, fmt);
    say(c, "", fmt, ap);
    va_end(ap);
}

int cli_read_file(struct cli *c, struct str path, size_t bytes_max, struct str *ret_text)
{
    bool is_stdin = str_eq(path, STR("-"));
    FILE *f = is_stdin ? stdin : fopen(arena_str(&c->arena, path).p, "rbe");
    struct buf b;
    size_t n;
    char piece[16384];

    if (!f)
        return cli_fail(c, "cannot open " STR_FMT ": %s", STR_ARG(path), strerror(errno));
    buf_init(&b, bytes_max);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0 && buf_add(&b, (struct str){piece, n}) == 0)
        ;
    bool has_failed = ferror(f) != 0, is_too_large = buf_ok(&b) < 0;
    if (!is_stdin)
        fclose(f);
    if (!has_failed && !is_too_large)
        *ret_text = arena_str(&c->arena, buf_str(&b));
    buf_deinit(&b);
    if (is_too_large)
        return cli_fail(c, STR_FMT " is larger than %zu bytes", STR_ARG(path), bytes_max);
    return has_failed ? cli_fail(c, "cannot read " STR_FMT, STR_ARG(path)) : CLI_DONE;
}

/* Colour only where a person looks at it and did not ask for none (no-color.org). */
static bool wants_color(const struct cli *c)
{
    return c->is_tty && !cli_env(c, "NO_COLOR").n && !str_eq(cli_env(c, "TERM"), STR("dumb"));
}

/* A reader that has enough of it (`flyball calls | head`) is no fault to talk about; a full disk is. */
static bool is_all_written(struct cli *c)
{
    struct stat st;
    bool has_failed = fflush(c->out) != 0;
    if (!has_failed && !ferror(c->out))
        return true;
    if (fstat(STDOUT_FILENO, &st) == 0 && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
        cli_fail(c, "not all could be written to standard output");
    return false;
}

int cli_main(int argc, const char *const *argv, const char *const *env)
{
    struct cli c = {.env = env, .out = stdout, .err = stderr};
    struct buf error;

    signal(SIGPIPE, SIG_IGN); /* `flyball calls | head` ends with a failed write, found below */
    arena_init(&c.arena, CLI_ARENA_BYTES_MAX);
    buf_init(&error, USAGE_BYTES_MAX);
    c.is_tty = isatty(STDOUT_FILENO) == 1;
    c.has_color = wants_color(&c);

    int r = cli_parse(&c, argc, argv, &error);
    if (r == CLI_R_HELP && argc < 2) {
        help_all(stderr);
        r = CLI_USAGE;
    } else if (r == CLI_R_HELP) {
        if (c.command)
            help_command(stdout, c.command);
        else if (!help_group(stdout, str_c(argv[1])))
            help_all(stdout);
        r = CLI_DONE;
    } else if (r) {
        cli_usage(&c, STR_FMT, STR_ARG(buf_str(&error)));
    } else {
        r = c.command->run(&c);
    }
    if (!is_all_written(&c) && r == CLI_DONE)
        r = CLI_FAILED;
    buf_deinit(&error);
    arena_deinit(&c.arena);
    return r;
}
