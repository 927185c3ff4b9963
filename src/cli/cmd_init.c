/*
 * cli/cmd_init.c - `flyball init`: one commented configuration and one policy to begin with. Never overwrites.
 */
#include "cli/commands.h"
#include "cli/where.h"
#include "policy/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char config_text_starter[] =
    "# Flyball: where it listens, and what stands behind it. Keys and policies are not here: they live in the data "
    "folder, and\n"
    "# are changed by `flyball key` and `flyball policy`.\n"
    "#\n"
    "# Precedence: flags, FLYBALL_* environment, this file, defaults. `flyball config check` reads it, `flyball config "
    "show\n"
    "# --origin` says what is in force, `flyball config schema` prints the JSON Schema.\n"
    "\n"
    "listen:\n"
    "  data: 127.0.0.1:4747    # agents\n"
    "  admin: 127.0.0.1:4748   # people and scripts\n"
    "  # other machines reach a listener with a certificate only; admin_tls likewise\n"
    "  # data_tls: {cert_file: /etc/flyball/data.pem, key_file: /etc/flyball/data.key}\n"
    "\n"
    "# dir: /var/lib/flyball   # records, keys, policies, admin.token\n"
    "# workers: 4              # threads that carry traffic\n"
    "\n"
    "vendors:\n"
    "  stripe:\n"
    "    base_url: https://api.stripe.com   # plain http is for this machine: stripe-mock at http://127.0.0.1:12111\n"
    "    # Never the secret itself: env:NAME, or file:PATH (readable by the daemon's user only).\n"
    "    secret: env:STRIPE_SECRET_KEY\n"
    "    # mode: test            # which keys may use it; by default as the secret's prefix says\n"
    "    # additions: false      # send nothing but what the agent sent (no reconcile tag)\n"
    "\n"
    "# limits:                 # sizes, counts and times; `flyball config schema --markdown` lists them\n"
    "#   body_bytes_max: 1048576\n";

static int write_new(struct cli *c, struct str path, struct str text, bool *ret_is_new)
{
    int fd = open(path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    *ret_is_new = fd >= 0;
    if (fd < 0 && errno == EEXIST)
        return 0;
    if (fd < 0)
        return cli_fail(c, "cannot write " STR_FMT ": %s", STR_ARG(path), strerror(errno));
    bool is_written = write(fd, text.p, text.n) == (ssize_t)text.n;
    if (close(fd) != 0 || !is_written) {
        unlink(path.p);
        return cli_fail(c, "cannot write " STR_FMT, STR_ARG(path));
    }
    return 0;
}

static int write_file(struct cli *c, struct str path, struct str text, size_t *n_new)
{
    bool is_new;
    int r = write_new(c, path, text, &is_new);
    if (r)
        return r;
    *n_new += is_new;
    cli_note(c, is_new ? "wrote " STR_FMT : "kept " STR_FMT ": it is there already", STR_ARG(path));
    return 0;
}

static int run(struct cli *c)
{
    struct str dir = c->n_args ? c->args[0] : STR(".");
    struct str config = where_file(c, dir, "flyball.yaml"), policy = where_file(c, dir, "policy.yaml");
    size_t n_new = 0;

    if (mkdir(arena_str(&c->arena, dir).p, 0755) != 0 && errno != EEXIST)
        return cli_fail(c, "cannot make " STR_FMT ": %s", STR_ARG(dir), strerror(errno));
    int r = write_file(c, config, STR(config_text_starter), &n_new);
    if (r == 0)
        r = write_file(c, policy, policy_starter(), &n_new);
    if (r)
        return r;
    if (c->is_json)
        fprintf(c->out, "{\"written\":%zu}\n", n_new);
    cli_note(c,
             "Next:\n  flyball serve --config " STR_FMT "\n  flyball policy apply " STR_FMT
             "\n  flyball key create --agent my-agent",
             STR_ARG(config), STR_ARG(policy));
    return CLI_DONE;
}

const struct command cmd_init = {
    .name = "init",
    .args = "[DIR]",
    .args_max = 1,
    .summary = "write a commented flyball.yaml and policy.yaml to begin with; never overwrites",
    .examples = "init\ninit /etc/flyball",
    .run = run,
};
