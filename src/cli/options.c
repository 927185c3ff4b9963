/*
 * cli/options.c - finds the command, reads its options and arguments, and says what was perhaps meant.
 *
 * Words that name the command come first; options and arguments follow in any order; "--" ends the options.
 */
#include "cli/commands.h"
#include "codec/diag.h"

#include <limits.h>
#include <string.h>

static const struct command *const commands[] = {
#define COMMAND(name) &cmd_##name,
#include "cli/commands.tbl.h"
#undef COMMAND
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option_spec common_options[] = {
    {"json", NULL, "print JSON", false},
    {"help", NULL, "show this help", false},
    {NULL, NULL, NULL, false},
};
static const struct option_spec daemon_options[] = {
    {"admin", "URL", "the daemon's admin address; else FLYBALL_ADMIN, else the data folder says", false},
    {"ca", "FILE", "authorities to believe for an https admin address, beside the system's; else FLYBALL_CA", false},
    {"dir", "DIR", "the daemon's data folder; else FLYBALL_DIR, else the default", false},
    {"json", NULL, "print JSON", false},
    {"help", NULL, "show this help", false},
    {NULL, NULL, NULL, false},
};

const struct command *const *cli_commands(size_t *ret_n)
{
    *ret_n = N_COMMANDS;
    return commands;
}

const struct option_spec *cli_common_options(const struct command *c)
{
    return c->needs_daemon ? daemon_options : common_options;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* The command of those words: two words before one. *ret_n: words it takes. */
static const struct command *find_command(int argc, const char *const *argv, int *ret_n)
{
    for (int n = argc > 2 ? 2 : argc - 1; n >= 1; n--) {
        for (size_t i = 0; i < N_COMMANDS; i++) {
            struct str name = str_c(commands[i]->name), first = name, second = STR("");
            (void)str_cut(name, ' ', &first, &second); /* one word: second stays empty */
            if (!str_eq(first, str_c(argv[1])) || (n == 2) != (second.n > 0) ||
                (n == 2 && !str_eq(second, str_c(argv[2]))))
                continue;
            *ret_n = n;
            return commands[i];
        }
    }
    return NULL;
}

/* Second words of commands whose first word is that. */
static size_t words_behind(struct str word, struct str out[N_COMMANDS])
{
    size_t n = 0;
    for (size_t i = 0; i < N_COMMANDS; i++) {
        struct str first, second;
        if (str_cut(str_c(commands[i]->name), ' ', &first, &second) && str_eq(first, word))
            out[n++] = second;
    }
    return n;
}

static bool is_group(const char *word)
{
    struct str names[N_COMMANDS];
    return words_behind(str_c(word), names) > 0;
}

static size_t first_words(struct str out[N_COMMANDS])
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        struct str rest;
        out[i] = str_c(commands[i]->name);
        (void)str_cut(out[i], ' ', &out[i], &rest); /* one word: as it is */
    }
    return N_COMMANDS;
}

static int no_command(int argc, const char *const *argv, struct buf *error)
{
    struct str names[N_COMMANDS], word = str_c(argv[1]), near;
    size_t n = words_behind(word, names);

    if (n && argc > 2 && argv[2][0] != '-') {
        near = diag_nearest(str_c(argv[2]), names, n);
        (void)buf_printf(error, "`%s %s` is no command", argv[1], argv[2]); /* cut short at worst, here and below */
        if (near.n)
            (void)buf_printf(error, "; did you mean `flyball %s " STR_FMT "`?", argv[1], STR_ARG(near));
        return CLI_USAGE;
    }
    if (n) {
        (void)buf_printf(error, "`%s` needs one more word:", argv[1]);
        for (size_t i = 0; i < n; i++)
            (void)buf_printf(error, "%s " STR_FMT, i ? "," : "", STR_ARG(names[i]));
        return CLI_USAGE;
    }
    near = diag_nearest(word, names, first_words(names));
    (void)buf_printf(error, "`%s` is no command", argv[1]);
    if (near.n)
        (void)buf_printf(error, "; did you mean `flyball " STR_FMT "`?", STR_ARG(near));
    else
        (void)buf_printf(error, "; `flyball help` lists them");
    return CLI_USAGE;
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static const struct option_spec *find_option(const struct command *c, struct str name)
{
    const struct option_spec *lists[2] = {c->options, cli_common_options(c)};
    for (size_t l = 0; l < 2; l++) {
        for (const struct option_spec *o = lists[l]; o && o->name; o++) {
            if (str_eq(str_c(o->name), name))
                return o;
        }
    }
    return NULL;
}

static int no_option(const struct command *c, struct str name, struct buf *error)
{
    struct str names[64];
    size_t n = 0;
    const struct option_spec *lists[2] = {c->options, cli_common_options(c)};
    for (size_t l = 0; l < 2; l++) {
        for (const struct option_spec *o = lists[l]; o && o->name && n < 64; o++)
            names[n++] = str_c(o->name);
    }
    struct str near = diag_nearest(name, names, n);
    (void)buf_printf(error, "`--" STR_FMT "` is no option of `flyball %s`", STR_ARG(name), c->name);
    if (near.n)
        (void)buf_printf(error, "; did you mean `--" STR_FMT "`?", STR_ARG(near));
    return CLI_USAGE;
}

static bool is_given(const struct cli *c, const struct option_spec *o)
{
    for (size_t i = 0; i < c->n_given; i++) {
        if (c->given[i].spec == o)
            return true;
    }
    return false;
}

#define WORDS_MAX 32

/* Whether `words` has the value. If not, `error` says which there are. */
static bool is_word(const char *what, struct str value, const char *words, struct buf *error)
{
    struct str all[WORDS_MAX], rest = str_c(words);
    size_t n = 0;
    for (bool has_more = true; has_more && n < WORDS_MAX; n++) {
        all[n] = rest;
        has_more = str_cut(rest, ' ', &all[n], &rest);
        if (str_eq(all[n], value))
            return true;
    }
    struct str near = diag_nearest(value, all, n);
    (void)buf_printf(error, "%s cannot be `" STR_FMT "`; it is one of: %s", what, STR_ARG(value), words);
    if (near.n)
        (void)buf_printf(error, "; did you mean `" STR_FMT "`?", STR_ARG(near));
    return false;
}

/* `--agent "$NAME"` without a NAME would mean every agent; only a TEXT for people may be empty. */
static int check_value(const struct option_spec *o, struct str value, struct buf *error)
{
    char what[64];
    if (o->value && value.n == 0 && strcmp(o->value, "TEXT") != 0) {
        (void)buf_printf(error, "`--%s` is empty: --%s %s", o->name, o->name, o->value);
        return CLI_USAGE;
    }
    snprintf(what, sizeof(what), "`--%s`", o->name);
    return o->words && !is_word(what, value, o->words, error) ? CLI_USAGE : 0;
}

/* One word that starts with "--"; *i moves on over a value that stands behind it. */
static int read_option(struct cli *c, int argc, const char *const *argv, int *i, struct buf *error)
{
    struct str word = str_c(argv[*i] + 2), name = word, value = STR_NONE;
    bool has_value = str_cut(word, '=', &name, &value);
    const struct option_spec *o = find_option(c->command, name);

    if (!o)
        return no_option(c->command, name, error);
    if (!o->value && has_value) {
        (void)buf_printf(error, "`--%s` takes no value", o->name);
        return CLI_USAGE;
    }
    if (o->value && !has_value) {
        if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0) {
            (void)buf_printf(error, "`--%s` needs a value: --%s %s", o->name, o->name, o->value);
            return CLI_USAGE;
        }
        value = str_c(argv[++*i]);
    }
    if (!o->is_repeatable && o->value && is_given(c, o)) {
        (void)buf_printf(error, "`--%s` is given twice", o->name);
        return CLI_USAGE;
    }
    c->given[c->n_given++] = (struct given){o, value};
    return check_value(o, value, error);
}

/* As many as the command takes, and none is empty; but those of a program that it runs are the program's own. */
static int check_args(const struct cli *c, struct buf *error)
{
    const struct command *of = c->command;
    size_t n_own = of->args_max == INT_MAX && c->n_args ? 1 : c->n_args;
    bool is_empty = false;
    for (size_t i = 0; i < n_own; i++)
        is_empty |= c->args[i].n == 0;
    if (!is_empty && (int)c->n_args >= of->args_min && (int)c->n_args <= of->args_max)
        return 0;
    (void)buf_printf(error, "%suse it so: flyball %s%s%s", is_empty ? "an argument is empty; " : "", of->name,
                     *of->args ? " " : "", of->args);
    return CLI_USAGE;
}

static bool is_help(const char *word) { return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0; }

int cli_parse(struct cli *c, int argc, const char *const *argv, struct buf *error)
{
    int n_words = 0;
    if (argc < 2 || is_help(argv[1]))
        return CLI_R_HELP;
    if (strcmp(argv[1], "--version") == 0) {
        c->command = &cmd_version;
        return 0;
    }
    c->command = find_command(argc, argv, &n_words);
    if (!c->command && argc > 2 && is_help(argv[2]) && is_group(argv[1]))
        return CLI_R_HELP;
    if (!c->command)
        return no_command(argc, argv, error);

    c->given = arena_alloc(&c->arena, (size_t)argc * sizeof(*c->given));
    c->args = arena_alloc(&c->arena, (size_t)argc * sizeof(*c->args));
    bool is_over = false;
    for (int i = 1 + n_words; i < argc; i++) {
        if (is_over || argv[i][0] != '-' || argv[i][1] == 0) {
            c->args[c->n_args++] = str_c(argv[i]);
        } else if (strcmp(argv[i], "--") == 0) {
            is_over = true;
        } else if (is_help(argv[i])) {
            return CLI_R_HELP;
        } else if (argv[i][1] != '-') {
            (void)buf_printf(error, "`%s` is no option; options start with two dashes", argv[i]);
            return CLI_USAGE;
        } else {
            int r = read_option(c, argc, argv, &i, error);
            if (r)
                return r;
        }
    }
    c->is_json = cli_has(c, "json");
    if (check_args(c, error))
        return CLI_USAGE;
    if (c->n_args && c->command->arg_words && !is_word("the first argument", c->args[0], c->command->arg_words, error))
        return CLI_USAGE;
    return 0;
}

struct str cli_option_at(const struct cli *c, const char *name, size_t i)
{
    for (size_t k = 0; k < c->n_given; k++) {
        if (strcmp(c->given[k].spec->name, name) == 0 && i-- == 0)
            return c->given[k].value.p ? c->given[k].value : STR("");
    }
    return STR_NONE;
}

struct str cli_option(const struct cli *c, const char *name) { return cli_option_at(c, name, 0); }

bool cli_has(const struct cli *c, const char *name) { return cli_option(c, name).p != NULL; }
