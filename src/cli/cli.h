/*
 * cli/cli.h - what every command is, and what it gets: its options, arguments, environment and the two streams.
 *
 * Results go to `out`, everything said to a person beside them (errors, notes, questions) to `err`. Text that came from
 * the daemon is printed through print.h only: records hold what strangers wrote.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <stdio.h>

/* Exit codes, the same for every command (CONTRACT 8). */
enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,      /* no, or it did not work */
    CLI_USAGE = 2,       /* used wrongly */
    CLI_UNREACHABLE = 3, /* cannot reach the daemon */
};

struct option_spec {
    const char *name;  /* without dashes; NULL ends a list */
    const char *value; /* what stands for it in help: "FILE"; NULL: a switch */
    const char *help;
    bool is_repeatable;
    const char *words; /* all values that it can have, with a space between; NULL: any */
};

struct cli;

struct command {
    const char *name; /* one or two words: "key create" */
    const char *args; /* as help shows them: "KEY_ID" */
    const char *arg_words; /* all that the first argument can be, with a space between; NULL: anything */
    int args_min, args_max;
    const char *summary;               /* one line */
    const char *text;                  /* more, for --help and the man page; may be NULL */
    const char *examples;              /* one a line, without "flyball " and prompt */
    const struct option_spec *options; /* its own; may be NULL */
    bool needs_daemon;                 /* also takes --admin and --dir */
    int (*run)(struct cli *c);
};

struct given {
    const struct option_spec *spec;
    struct str value;
};

struct cli {
    const struct command *command;
    const char *const *env; /* "NAME=value", NULL at the end */
    struct arena arena;
    struct given *given;
    size_t n_given;
    struct str *args;
    size_t n_args;
    FILE *out, *err;
    bool is_json;
    bool has_color; /* of `out` */
    bool is_tty;    /* of `out` */
    bool has_said_where; /* which daemon was found, where nothing named one */
    bool has_waited;     /* a line on `err` says so */
    bool is_waiting;     /* for a daemon that went away, which is said */
};

/* All commands, in the order of help. */
const struct command *const *cli_commands(size_t *ret_n);
/* Options that a command takes beside its own: --json and --help, for the daemon's also --admin and --dir. */
const struct option_spec *cli_common_options(const struct command *c);

/* The whole program: an exit status. `env` as main's third argument. */
int cli_main(int argc, const char *const *argv, const char *const *env);

/*
 * Finds the command in argv[1...] and reads options and arguments into *c (whose arena, env and streams are set).
 * 0; CLI_USAGE: `error` says what is wrong and what was perhaps meant; CLI_R_HELP: help is wanted for c->command (NULL:
 * for all that begins with argv[1], or, where nothing does, for all).
 */
int cli_parse(struct cli *c, int argc, const char *const *argv, struct buf *error);
#define CLI_R_HELP 100

/* An option's value; STR_NONE: not given. The i-th of a repeatable one. */
struct str cli_option(const struct cli *c, const char *name);
struct str cli_option_at(const struct cli *c, const char *name, size_t i);
bool cli_has(const struct cli *c, const char *name);
struct str cli_env(const struct cli *c, const char *name);

/* "flyball: ..." on err. Returns CLI_FAILED, so that commands can return it. */
int cli_fail(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same of a daemon that cannot be reached; not while c->is_waiting. Returns CLI_UNREACHABLE. */
int cli_unreachable(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for wrong use; points to --help. Returns CLI_USAGE. */
int cli_usage(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* CLI_USAGE: that is no key's id but a key, which is said without repeating it. */
int cli_check_key_id(struct cli *c, struct str id);
/* A note on err, not with --json. */
void cli_note(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A file of at most `bytes_max` bytes into the arena ("-": standard input). CLI_FAILED: said. */
int cli_read_file(struct cli *c, struct str path, size_t bytes_max, struct str *ret_text);

/* help.c */
void help_all(FILE *f);
bool help_group(FILE *f, struct str word); /* commands of two words whose first it is; false: there are none */
void help_command(FILE *f, const struct command *c);
void help_man(FILE *f);
