/*
 * cli/cmd_serve.c - `flyball serve` and `flyball dev`: the daemon in the foreground, logs on stderr.
 */
#include "cli/commands.h"
#include "cli/settings.h"
#include "daemon/daemon.h"

static int start(struct cli *c, bool is_dev)
{
    const struct config *config;
    struct settings settings;
    int r = settings_load(c, is_dev, &settings, &config);
    if (r)
        return r;
    if (cli_has(c, "watch") && !settings.is_file)
        r = cli_usage(c, "--watch watches a configuration file, and there is none");
    if (r) {
        config_unref(config);
        return r;
    }
    fflush(c->out);
    struct daemon_options o = {.config = config,
                               .make_config = settings_again,
                               .make_config_ctx = &settings,
                               .watched = cli_has(c, "watch") ? settings.in.file : STR_NONE,
                               .is_dev = is_dev,
                               .has_sandbox = is_dev && !cli_has(c, "no-sandbox"),
                               .wants_json = c->is_json};
    r = daemon_run(&o);
    config_unref(config);
    return r;
}

static int serve(struct cli *c) { return start(c, false); }

static int dev(struct cli *c) { return start(c, true); }

/* clang-format off */
#define WATCH_OPTION {"watch", NULL, "take the configuration file over when it changes, as reload does", false}
/* clang-format on */

static const struct option_spec serve_options[] = {SETTINGS_OPTIONS, WATCH_OPTION, {NULL, NULL, NULL, false}};
static const struct option_spec dev_options[] = {
    SETTINGS_OPTIONS,
    WATCH_OPTION,
    {"live", "VENDORS", "these vendors are real, comma between them; secrets come from the environment", false},
    {"no-sandbox", NULL, "start without simulated vendors", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_serve = {
    .name = "serve",
    .args = "",
    .summary = "run the daemon",
    .text = "Runs in the foreground, logs on standard error. SIGTERM and Ctrl-C let open calls end,\n"
            "for drain_timeout_ms at most. SIGHUP does what `flyball reload` does, and with --watch a change of the\n"
            "configuration file too.\n"
            "With --json it prints one line when ready: data, admin, ui, dir, key, pid.",
    .examples = "serve --config /etc/flyball/flyball.yaml\nserve --dir ./data --listen-data 127.0.0.1:0 --json\n"
                "serve --config /etc/flyball/flyball.yaml --watch",
    .options = serve_options,
    .run = serve,
};
const struct command cmd_dev = {
    .name = "dev",
    .args = "",
    .summary = "run everything on this machine with simulated vendors: no real money can move",
    .text =
        "An embedded store, a starter policy named `default`, a new test key at each start, a data folder of its own.\n"
        "With --live the vendors that it names are real, and real money can move: OPENAI_API_KEY, ANTHROPIC_API_KEY,\n"
        "STRIPE_SECRET_KEY, TWILIO_SECRET (user:password) and RESEND_API_KEY hold their secrets. Where a secret is a\n"
        "live one, a live key is printed beside the test key.\n"
        "With --json it prints one line when ready: data, admin, ui, dir, key, live_key, pid.",
    .examples = "dev\ndev --live openai,anthropic\ndev --dir ./trial --json\ndev --no-sandbox --config flyball.yaml",
    .options = dev_options,
    .run = dev,
};
