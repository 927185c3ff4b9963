/*
 * cli/cmd_completion.c - `flyball completion bash|zsh|fish`, from the table of commands.
 */
#include "cli/commands.h"

#include <string.h>

/* First words, each once. */
static void first_words(FILE *f)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    struct str last = STR("");
    for (size_t i = 0; i < n; i++) {
        struct str word = str_c(all[i]->name), rest;
        (void)str_cut(word, ' ', &word, &rest); /* one word: as it is */
        if (!str_eq(word, last))
            fprintf(f, "%s" STR_FMT, last.n ? " " : "", STR_ARG(word));
        last = word;
    }
}

static void options_of(FILE *f, const struct command *c)
{
    for (const struct option_spec *o = c->options; o && o->name; o++)
        fprintf(f, " --%s", o->name);
    for (const struct option_spec *o = cli_common_options(c); o->name; o++)
        fprintf(f, " --%s", o->name);
}

/* case "$words" in lines that both bash and zsh read: what may follow the words typed so far. */
static void cases(FILE *f)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    struct str last = STR("");
    for (size_t i = 0; i < n; i++) {
        struct str first, second;
        if (!str_cut(str_c(all[i]->name), ' ', &first, &second) || str_eq(first, last))
            continue;
        fprintf(f, "    '" STR_FMT "') next='", STR_ARG(first));
        for (size_t k = i; k < n; k++) {
            struct str other, word;
            if (str_cut(str_c(all[k]->name), ' ', &other, &word) && str_eq(other, first))
                fprintf(f, "%s" STR_FMT, k > i ? " " : "", STR_ARG(word));
        }
        fputs("' ;;\n", f);
        last = first;
    }
    for (size_t i = 0; i < n; i++) {
        fprintf(f, "    '%s'*) next='", all[i]->name);
        options_of(f, all[i]);
        fputs("' ;;\n", f);
    }
}

static void bash(FILE *f)
{
    fputs("# flyball completion for bash: source it, or put it into /usr/share/bash-completion/completions/flyball\n"
          "_flyball() {\n  local next typed=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\"\n  case \"$typed\" in\n    '') next='",
          f);
    first_words(f);
    fputs("' ;;\n", f);
    cases(f);
    fputs("  esac\n  COMPREPLY=($(compgen -W \"$next\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
          "complete -o default -F _flyball flyball\n",
          f);
}

static void zsh(FILE *f)
{
    fputs("#compdef flyball\n# flyball completion for zsh: put it into a folder of $fpath as _flyball\n"
          "_flyball() {\n  local next typed=\"${words[2,CURRENT-1]}\"\n  case \"$typed\" in\n    '') next='",
          f);
    first_words(f);
    fputs("' ;;\n", f);
    cases(f);
    fputs("  esac\n  compadd -- ${=next}\n  _files\n}\n_flyball \"$@\"\n", f);
}

static void fish(FILE *f)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    fputs("# flyball completion for fish: put it into ~/.config/fish/completions/flyball.fish\n", f);
    for (size_t i = 0; i < n; i++) {
        struct str first, second;
        if (str_cut(str_c(all[i]->name), ' ', &first, &second)) {
            fprintf(f, "complete -c flyball -n __fish_use_subcommand -a " STR_FMT "\n", STR_ARG(first));
            fprintf(f, "complete -c flyball -n '__fish_seen_subcommand_from " STR_FMT "' -a " STR_FMT " -d '%s'\n",
                    STR_ARG(first), STR_ARG(second), all[i]->summary);
        } else {
            first = str_c(all[i]->name);
            fprintf(f, "complete -c flyball -n __fish_use_subcommand -a %s -d '%s'\n", all[i]->name, all[i]->summary);
        }
        for (const struct option_spec *o = all[i]->options; o && o->name; o++)
            fprintf(f, "complete -c flyball -n '__fish_seen_subcommand_from " STR_FMT "' -l %s%s\n", STR_ARG(first),
                    o->name, o->value ? " -r" : "");
    }
}

static int run(struct cli *c)
{
    struct str shell = c->args[0];
    if (str_eq(shell, STR("bash")))
        bash(c->out);
    else if (str_eq(shell, STR("zsh")))
        zsh(c->out);
    else if (str_eq(shell, STR("fish")))
        fish(c->out);
    else
        return cli_usage(c, "`" STR_FMT "` is not known; choose bash, zsh or fish", STR_ARG(shell));
    return CLI_DONE;
}

const struct command cmd_completion = {
    .name = "completion",
    .args = "SHELL",
    .args_min = 1,
    .args_max = 1,
    .summary = "print completion for bash, zsh or fish",
    .examples = "completion bash > /usr/share/bash-completion/completions/flyball\ncompletion fish > "
                "~/.config/fish/completions/flyball.fish",
    .run = run,
};
