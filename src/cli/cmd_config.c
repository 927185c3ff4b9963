/*
 * cli/cmd_config.c - `flyball config show|check|schema`: without a daemon, as serve would read it here and now.
 */
#include "base/err.h"
#include "cli/commands.h"
#include "cli/settings.h"

/* Prints what was written with result `r`, and frees it. The text is the person's own, or ours: no stranger's. */
static int print_text(struct cli *c, struct buf *text, int r)
{
    if (r < 0) {
        r = cli_fail(c, "it cannot be shown: %s", err_text(r));
    } else {
        fwrite(text->p, 1, text->n, c->out);
        if (text->n && text->p[text->n - 1] != '\n')
            fputc('\n', c->out);
    }
    buf_deinit(text);
    return r;
}

static int show(struct cli *c)
{
    const struct config *config;
    struct buf text;
    int r = settings_load(c, false, NULL, &config);
    if (r)
        return r;
    buf_init(&text, 1u << 20);
    r = c->is_json ? config_json(config, &text) : config_text(config, cli_has(c, "origin"), &text);
    config_unref(config);
    return print_text(c, &text, r);
}

static int check_file(struct cli *c)
{
    const struct config *config;
    struct diag_list diags;
    int r = settings_read(c, false, &diags, &config);
    if (c->is_json && (r == 0 || diags.n_errors))
        settings_print_diags_json(c, &diags, r == 0);
    else
        settings_print_diags(c, c->err, &diags);
    if (r == 0)
        cli_note(c, "ok: %zu vendors, data folder " STR_FMT, config->n_vendors, STR_ARG(config->dir));
    if (r == 0)
        config_unref(config);
    return r;
}

static int schema(struct cli *c)
{
    struct buf text;
    buf_init(&text, 1u << 20);
    return print_text(c, &text, cli_has(c, "markdown") ? config_markdown(&text) : config_schema(&text));
}

static const struct option_spec show_options[] = {
    {"origin", NULL, "say for each value where it comes from: flag, environment, file or default", false},
    SETTINGS_OPTIONS,
    {NULL, NULL, NULL, false},
};
static const struct option_spec check_options[] = {SETTINGS_OPTIONS, {NULL, NULL, NULL, false}};
static const struct option_spec schema_options[] = {
    {"markdown", NULL, "a table of all settings instead, for the docs", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_config_show = {
    .name = "config show",
    .args = "",
    .summary = "show the configuration that serve would use, with every default",
    .text = "Precedence: flags, FLYBALL_* environment, file, default. Secrets are references; none is shown.",
    .examples = "config show\nconfig show --origin --config /etc/flyball/flyball.yaml",
    .options = show_options,
    .run = show,
};
const struct command cmd_config_check = {
    .name = "config check",
    .args = "",
    .summary = "read the configuration and say what is wrong with it: exit 0 or 1",
    .examples = "config check\nconfig check --config new.yaml",
    .options = check_options,
    .run = check_file,
};
const struct command cmd_config_schema = {
    .name = "config schema",
    .args = "",
    .summary = "print the JSON Schema of flyball.yaml",
    .examples = "config schema > flyball.schema.json\nconfig schema --markdown",
    .options = schema_options,
    .run = schema,
};
