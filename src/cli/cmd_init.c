/*
 * cli/cmd_init.c - `flyball init`: one commented configuration for the vendors that this environment has secrets of,
 * its schema for editors, and one policy to begin with. Asks nothing, never overwrites, and writes no secret.
 */
#include "cli/commands.h"
#include "cli/live.h"
#include "cli/where.h"
#include "config/config.h"
#include "policy/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMA_NAME "flyball.schema.json"
#define FILE_BYTES_MAX (1u << 20)

static const char config_head[] =
    "# yaml-language-server: $schema=./" SCHEMA_NAME "\n"
    "# Flyball: where it listens, and what stands behind it. Keys and policies are not here: they live in the data\n"
    "# folder, and are changed by `flyball key` and `flyball policy`.\n"
    "#\n"
    "# Precedence: flags, FLYBALL_* environment, this file, defaults. `flyball config check` reads it, `flyball\n"
    "# config show --origin` says what is in force.\n"
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
    "# Never a secret itself: env:NAME, file:PATH (readable by the daemon's user only), or store:NAME (sealed in the\n"
    "# data folder: flyball secret set NAME). Beside them: mode: test (which keys may use it; by default as the\n"
    "# secret's prefix says), additions: false (send nothing but what the agent sent), timeouts:\n"
    "# {first_byte_ms: 60000}.\n";

static const char config_tail[] =
    "\n"
    "# limits:                 # sizes, counts and times; `flyball config schema --markdown` lists them\n"
    "#   body_bytes_max: 1048576\n";

/* A vendor whose secret is in this environment. A key of ours is none: an agent's environment is not the daemon's. */
static bool is_seen(const struct cli *c, const struct live_vendor *v)
{
    struct str value = cli_env(c, v->variable.p);
    size_t at;
    return value.n > 0 && !str_find(value, STR("fb_live_"), &at) && !str_find(value, STR("fb_test_"), &at);
}

static void put_vendor(struct cli *c, const struct live_vendor *v, const char *margin, struct buf *out)
{
    (void)buf_printf(out, /* cut short at worst, found by the caller, here and below */
                     "%s  " STR_FMT ":\n%s    base_url: " STR_FMT "\n%s    secret: env:" STR_FMT "\n", margin,
                     STR_ARG(v->vendor), margin, STR_ARG(live_base_url(c, v->vendor)), margin, STR_ARG(v->variable));
    if (str_eq(v->vendor, STR("twilio")))
        (void)buf_printf(out, "%s    # both parts: TWILIO_SECRET=$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN\n", margin);
}

/* Those seen, then the others as comments. */
static size_t put_vendors(struct cli *c, struct buf *out)
{
    size_t n, n_seen = 0;
    const struct live_vendor *all = live_vendors(&n);
    for (size_t i = 0; i < n; i++)
        n_seen += is_seen(c, &all[i]);
    (void)buf_printf(out, "%svendors:\n", n_seen ? "" : "# ");
    for (size_t i = 0; i < n; i++)
        if (is_seen(c, &all[i]))
            put_vendor(c, &all[i], "", out);
    if (n_seen < n)
        (void)buf_printf(out, "  # Their variables are not set here%s:\n",
                         n_seen ? "" : "; take the marks away where they will be");
    for (size_t i = 0; i < n; i++)
        if (!is_seen(c, &all[i]))
            put_vendor(c, &all[i], "# ", out);
    return n_seen;
}

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

/* Which vendors were seen, and where to begin. */
static void print_next(struct cli *c, struct str config, struct str policy, size_t n_seen)
{
    size_t n;
    (void)live_vendors(&n);
    if (n_seen)
        cli_note(c, "%zu of %zu vendors have their secret in this environment; the others are there as comments.",
                 n_seen, n);
    else
        cli_note(c, "No vendor's secret is in this environment: all of them are there as comments.");
    cli_note(c, "Next:  flyball serve --config " STR_FMT, STR_ARG(config));
    cli_note(c, "       flyball policy apply " STR_FMT, STR_ARG(policy));
    cli_note(c, "       flyball key create --agent my-agent");
}

static int write_all(struct cli *c, struct str dir, struct buf *text, size_t *ret_n_new)
{
    struct str config = where_file(c, dir, "flyball.yaml"), policy = where_file(c, dir, "policy.yaml");
    (void)buf_add(text, STR(config_head));
    size_t n_seen = put_vendors(c, text);
    (void)buf_add(text, STR(config_tail));
    int r = buf_ok(text) == 0 ? write_file(c, config, buf_str(text), ret_n_new) : cli_fail(c, "out of memory");
    buf_reset(text);
    if (r == 0 && config_schema(text) < 0)
        r = cli_fail(c, "out of memory");
    if (r == 0)
        r = write_file(c, where_file(c, dir, SCHEMA_NAME), buf_str(text), ret_n_new);
    if (r == 0)
        r = write_file(c, policy, policy_starter(), ret_n_new);
    if (r == 0)
        print_next(c, config, policy, n_seen);
    return r;
}

static int run(struct cli *c)
{
    struct str dir = c->n_args ? c->args[0] : STR(".");
    struct buf text;
    size_t n_new = 0;

    if (mkdir(arena_str(&c->arena, dir).p, 0755) != 0 && errno != EEXIST)
        return cli_fail(c, "cannot make " STR_FMT ": %s", STR_ARG(dir), strerror(errno));
    buf_init(&text, FILE_BYTES_MAX);
    int r = write_all(c, dir, &text, &n_new);
    buf_deinit(&text);
    if (r == 0 && c->is_json)
        fprintf(c->out, "{\"written\":%zu}\n", n_new);
    return r;
}

const struct command cmd_init = {
    .name = "init",
    .args = "[DIR]",
    .args_max = 1,
    .summary = "write a commented flyball.yaml and policy.yaml to begin with; never overwrites",
    .text = "Vendors whose secret is in this environment (OPENAI_API_KEY, ANTHROPIC_API_KEY, STRIPE_SECRET_KEY,\n"
            "TWILIO_SECRET, RESEND_API_KEY) are in force, by reference; the others are there as comments. Beside the\n"
            "file stands its schema, by which editors complete and check it.",
    .examples = "init\ninit /etc/flyball",
    .run = run,
};
