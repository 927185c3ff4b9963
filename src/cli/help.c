/*
 * cli/help.c - help texts and the man page, from the same table as everything else.
 */
#include "cli/commands.h"

#include <string.h>

#define NAME_WIDTH 16

void help_all(FILE *f)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);

    fputs("Flyball stands between AI agents and the APIs they spend on: it decides, holds the money, and keeps the "
          "record.\n\n"
          "  flyball COMMAND [ARGUMENTS] [--json]\n\n",
          f);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "  %-*s %s\n", NAME_WIDTH, all[i]->name, all[i]->summary);
    fputs("\n`flyball COMMAND --help` shows options and examples.\n"
          "Start with:  flyball dev\n"
          "Exit status: 0 done, 1 no or failed, 2 used wrongly, 3 cannot reach the daemon.\n",
          f);
}

bool help_group(FILE *f, struct str word)
{
    size_t n, n_found = 0;
    const struct command *const *all = cli_commands(&n);
    for (size_t i = 0; i < n; i++) {
        struct str first = str_c(all[i]->name), second;
        if (!str_cut(first, ' ', &first, &second) || !str_eq(first, word))
            continue;
        fprintf(f, "  flyball %-*s %s\n", NAME_WIDTH, all[i]->name, all[i]->summary);
        n_found++;
    }
    if (n_found)
        fputs("\n`flyball COMMAND --help` shows options and examples.\n", f);
    return n_found > 0;
}

static void help_option(FILE *f, const struct option_spec *o)
{
    char left[64];
    snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    fprintf(f, "  %-26s %s%s\n", left, o->help, o->is_repeatable ? " (may be repeated)" : "");
}

/* One example a line. */
static void each_example(const struct command *c, void (*fn)(FILE *f, struct str line), FILE *f)
{
    struct str rest = str_c(c->examples), line;
    while (str_cut(rest, '\n', &line, &rest))
        fn(f, line);
    if (rest.n)
        fn(f, rest);
}

static void help_example(FILE *f, struct str line) { fprintf(f, "  flyball " STR_FMT "\n", STR_ARG(line)); }

void help_command(FILE *f, const struct command *c)
{
    fprintf(f, "flyball %s%s%s: %s\n", c->name, *c->args ? " " : "", c->args, c->summary);
    if (c->text)
        fprintf(f, "\n%s\n", c->text);
    fputs("\nOptions:\n", f);
    for (const struct option_spec *o = c->options; o && o->name; o++)
        help_option(f, o);
    for (const struct option_spec *o = cli_common_options(c); o->name; o++)
        help_option(f, o);
    fputs("\nExamples:\n", f);
    each_example(c, help_example, f);
}

/* --- man page ----------------------------------------------------------------------------------------------------- */

/* roff: backslashes and leading dots mean something, dashes are hyphens unless escaped. */
static void man_text(FILE *f, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_line_start = i == 0 || s.p[i - 1] == '\n';
        if (is_line_start && (s.p[i] == '.' || s.p[i] == '\''))
            fputs("\\&", f);
        if (s.p[i] == '\\')
            fputs("\\e", f);
        else if (s.p[i] == '-')
            fputs("\\-", f);
        else
            fputc(s.p[i], f);
    }
}

static void man_c(FILE *f, const char *s) { man_text(f, str_c(s)); }

static void man_option(FILE *f, const struct option_spec *o)
{
    fputs(".TP\n\\fB", f);
    man_c(f, "--");
    man_c(f, o->name);
    fputs("\\fR", f);
    if (o->value)
        fprintf(f, " \\fI%s\\fR", o->value);
    fputc('\n', f);
    man_c(f, o->help);
    fputs(o->is_repeatable ? " (may be repeated).\n" : ".\n", f);
}

static void man_example(FILE *f, struct str line)
{
    fputs("flyball ", f);
    man_text(f, line);
    fputc('\n', f);
}

static void man_command(FILE *f, const struct command *c)
{
    fprintf(f, ".SS flyball %s%s%s\n", c->name, *c->args ? " " : "", c->args);
    man_c(f, c->summary);
    fputs(".\n", f);
    if (c->text) {
        fputs(".PP\n", f);
        man_c(f, c->text);
        fputc('\n', f);
    }
    for (const struct option_spec *o = c->options; o && o->name; o++)
        man_option(f, o);
    fputs(".PP\n.nf\n.RS\n", f);
    each_example(c, man_example, f);
    fputs(".RE\n.fi\n", f);
}

void help_man(FILE *f)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);

    fprintf(f, ".\\\" Written by `flyball help --man`.\n.TH FLYBALL 1 \"\" \"flyball %s\" \"User commands\"\n",
            FLYBALL_VERSION);
    fputs(".SH NAME\nflyball \\- the governor for AI agents\n.SH SYNOPSIS\n.B flyball\n.I command\n[\\fIarguments\\fR] "
          "[\\fB\\-\\-json\\fR]\n"
          ".SH DESCRIPTION\nFlyball stands between AI agents and the APIs they spend on. It decides each call by one "
          "policy document, holds\n"
          "the money before the call leaves, and keeps a record that explains itself.\n"
          ".PP\nEvery command takes \\fB\\-\\-json\\fR and \\fB\\-\\-help\\fR. Those that ask the daemon also take:\n",
          f);
    struct command any = {.needs_daemon = true};
    for (const struct option_spec *o = cli_common_options(&any); o->name; o++)
        man_option(f, o);
    fputs(".SH COMMANDS\n", f);
    for (size_t i = 0; i < n; i++)
        man_command(f, all[i]);
    fputs(".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nNo, or it failed.\n.TP\n2\nUsed wrongly.\n.TP\n3\nThe daemon cannot "
          "be reached.\n"
          ".SH ENVIRONMENT\n"
          ".TP\nFLYBALL_ADMIN\nThe daemon's admin address, such as http://127.0.0.1:4748.\n"
          ".TP\nFLYBALL_CA\nCertificates (PEM) of authorities to believe for an https admin address.\n"
          ".TP\nFLYBALL_TOKEN\nThe admin credential; else the file admin.token of the data folder.\n"
          ".TP\nFLYBALL_DIR\nThe data folder.\n"
          ".TP\nFLYBALL_CONFIG\nThe configuration file of serve and dev.\n"
          ".TP\nNO_COLOR\nNo colour, also on a terminal.\n",
          f);
}

static int run(struct cli *c)
{
    const char *argv[4] = {"flyball"};
    struct buf error;
    struct cli other = {.env = c->env, .out = c->out, .err = c->err};

    if (cli_has(c, "man")) {
        help_man(c->out);
        return CLI_DONE;
    }
    if (!c->n_args) {
        help_all(c->out);
        return CLI_DONE;
    }
    /* The words of a command, looked up as if they had been typed. */
    for (size_t i = 0; i < c->n_args; i++)
        argv[1 + i] = arena_str(&c->arena, c->args[i]).p;
    buf_init(&error, 4096);
    arena_init(&other.arena, 1u << 20);
    (void)cli_parse(&other, (int)c->n_args + 1, argv, &error); /* what it lacks does not matter, only the command */
    int r = CLI_DONE;
    if (other.command)
        help_command(c->out, other.command);
    else if (c->n_args > 1 || !help_group(c->out, c->args[0]))
        r = cli_usage(c, STR_FMT, STR_ARG(buf_str(&error)));
    buf_deinit(&error);
    arena_deinit(&other.arena);
    return r;
}

static const struct option_spec options[] = {{"man", NULL, "print the manual page (roff)", false},
                                             {NULL, NULL, NULL, false}};

const struct command cmd_help = {
    .name = "help",
    .args = "[COMMAND]",
    .args_max = 2,
    .summary = "show the commands, or one of them",
    .examples = "help\nhelp key\nhelp key create",
    .options = options,
    .run = run,
};
