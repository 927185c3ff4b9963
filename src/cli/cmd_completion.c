/*
 * cli/cmd_completion.c - `flyball completion bash|zsh|fish`, from the table of commands.
 *
 * After the words typed so far may follow: a command's next word, its options, or the values of the option just typed.
 * Where that is nothing of ours, the shell offers files.
 */
#include "cli/commands.h"

#include <string.h>

/* --- what may follow ---------------------------------------------------------------------------------------------- */

/* "key create" in two; one word: the second is empty. */
static void split(const struct command *c, struct str *ret_first, struct str *ret_second)
{
    *ret_first = str_c(c->name);
    *ret_second = STR("");
    (void)str_cut(*ret_first, ' ', ret_first, ret_second); /* one word: as it is */
}

static bool is_first_of_its_word(const struct command *const *all, size_t i)
{
    struct str first, second, before;
    split(all[i], &first, &second);
    for (size_t k = 0; k < i; k++) {
        split(all[k], &before, &second);
        if (str_eq(before, first))
            return false;
    }
    return true;
}

/* First words, each once. */
static void first_words(FILE *f)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    for (size_t i = 0; i < n; i++) {
        struct str first, second;
        split(all[i], &first, &second);
        if (is_first_of_its_word(all, i))
            fprintf(f, "%s" STR_FMT, i ? " " : "", STR_ARG(first));
    }
}

/* Second words behind that first one, each with a space in front. */
static void second_words(FILE *f, struct str word)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    for (size_t i = 0; i < n; i++) {
        struct str first, second;
        split(all[i], &first, &second);
        if (second.n && str_eq(first, word))
            fprintf(f, " " STR_FMT, STR_ARG(second));
    }
}

static void each_option(FILE *f, const struct command *c,
                        void (*fn)(FILE *f, const struct command *c, const struct option_spec *o))
{
    for (const struct option_spec *o = c->options; o && o->name; o++)
        fn(f, c, o);
    for (const struct option_spec *o = cli_common_options(c); o->name; o++)
        fn(f, c, o);
}

/* --- bash and zsh ------------------------------------------------------------------------------------------------- */

static void option_name(FILE *f, const struct command *c, const struct option_spec *o) { fprintf(f, " --%s", o->name); }

/* The option stands last: its values follow, or whatever the shell offers. */
static void option_case(FILE *f, const struct command *c, const struct option_spec *o)
{
    if (o->value)
        fprintf(f, "    '%s'*' --%s') next='%s' ;;\n", c->name, o->name, o->words ? o->words : "");
}

/* Lines of `case "$typed" in`, which both shells read: commands of two words before the one they start with. */
static void cases(FILE *f, bool has_two_words)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    for (size_t i = 0; i < n; i++) {
        struct str first, second;
        split(all[i], &first, &second);
        if ((second.n > 0) != has_two_words)
            continue;
        each_option(f, all[i], option_case);
        fprintf(f, "    '%s'|'%s '*) next='%s", all[i]->name, all[i]->name, all[i]->arg_words ? all[i]->arg_words : "");
        if (!has_two_words)
            second_words(f, first);
        each_option(f, all[i], option_name);
        fputs("' ;;\n", f);
    }
}

/* Words that are no command without a second one. */
static void first_cases(FILE *f)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    for (size_t i = 0; i < n; i++) {
        struct str first, second;
        split(all[i], &first, &second);
        if (!second.n || !is_first_of_its_word(all, i))
            continue;
        fprintf(f, "    '" STR_FMT "') next='", STR_ARG(first));
        second_words(f, first);
        fputs("' ;;\n", f);
    }
}

static void body(FILE *f)
{
    fputs("  case \"$typed\" in\n    '') next='", f);
    first_words(f);
    fputs("' ;;\n", f);
    cases(f, true);
    cases(f, false);
    first_cases(f);
    fputs("  esac\n", f);
}

static void bash(FILE *f)
{
    fputs("# flyball completion for bash: source it, or put it into /usr/share/bash-completion/completions/flyball\n"
          "_flyball() {\n  local next= typed=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\"\n",
          f);
    body(f);
    fputs("  COMPREPLY=($(compgen -W \"$next\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
          "complete -o default -F _flyball flyball\n",
          f);
}

static void zsh(FILE *f)
{
    fputs("#compdef flyball\n# flyball completion for zsh: put it into a folder of $fpath as _flyball\n"
          "_flyball() {\n  local next= typed=\"${words[2,CURRENT-1]}\"\n",
          f);
    body(f);
    fputs("  if [[ -n $next ]]; then compadd -- ${=next}; else _files; fi\n}\n_flyball \"$@\"\n", f);
}

/* --- fish --------------------------------------------------------------------------------------------------------- */

/* Between single quotes. */
static void fish_text(FILE *f, const char *s)
{
    fputc('\'', f);
    for (; *s; s++) {
        if (*s == '\'' || *s == '\\')
            fputc('\\', f);
        fputc(*s, f);
    }
    fputc('\'', f);
}

/* The command stands in the line. */
static void fish_when(FILE *f, const struct command *c)
{
    struct str first, second;
    split(c, &first, &second);
    fprintf(f, "complete -c flyball -n '__fish_seen_subcommand_from " STR_FMT, STR_ARG(first));
    if (second.n)
        fprintf(f, "; and __fish_seen_subcommand_from " STR_FMT, STR_ARG(second));
    fputc('\'', f);
}

static void fish_option(FILE *f, const struct command *c, const struct option_spec *o)
{
    fish_when(f, c);
    fprintf(f, " -l %s", o->name);
    if (o->words)
        fprintf(f, " -x -a '%s'", o->words);
    else if (o->value)
        fputs(" -r", f);
    fputs(" -d ", f);
    fish_text(f, o->help);
    fputc('\n', f);
}

static void fish_second(FILE *f, const struct command *c, struct str first, struct str second)
{
    fprintf(f,
            "complete -c flyball -f -n '__fish_seen_subcommand_from " STR_FMT "; and not __fish_seen_subcommand_from",
            STR_ARG(first));
    second_words(f, first);
    fprintf(f, "' -a " STR_FMT " -d ", STR_ARG(second));
    fish_text(f, c->summary);
    fputc('\n', f);
}

static void fish_first(FILE *f, const struct command *c, struct str first)
{
    fprintf(f, "complete -c flyball -f -n __fish_use_subcommand -a " STR_FMT " -d ", STR_ARG(first));
    fish_text(f, strchr(c->name, ' ') ? "" : c->summary);
    fputc('\n', f);
}

static void fish(FILE *f)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    fputs("# flyball completion for fish: put it into ~/.config/fish/completions/flyball.fish\n", f);
    for (size_t i = 0; i < n; i++) {
        struct str first, second;
        split(all[i], &first, &second);
        if (is_first_of_its_word(all, i))
            fish_first(f, all[i], first);
        if (second.n)
            fish_second(f, all[i], first, second);
        if (all[i]->arg_words) {
            fish_when(f, all[i]);
            fprintf(f, " -f -a '%s'\n", all[i]->arg_words);
        }
        each_option(f, all[i], fish_option);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int run(struct cli *c)
{
    struct str shell = c->args[0];
    if (str_eq(shell, STR("bash")))
        bash(c->out);
    else if (str_eq(shell, STR("zsh")))
        zsh(c->out);
    else
        fish(c->out);
    return CLI_DONE;
}

const struct command cmd_completion = {
    .name = "completion",
    .args = "SHELL",
    .arg_words = "bash zsh fish",
    .args_min = 1,
    .args_max = 1,
    .summary = "print completion for bash, zsh or fish",
    .examples = "completion bash > /usr/share/bash-completion/completions/flyball\ncompletion fish > "
                "~/.config/fish/completions/flyball.fish",
    .run = run,
};
