/*
 * cli/cmd_secret.c - `flyball secret set|list|rotate|remove`: vendors' credentials, put in by hand, never shown again.
 *
 * A value comes from a prompt without echo, or from standard input: never from the command line, which stands in the
 * shell's history and is shown to every user of the machine.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "codec/json_write.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "daemon/harden.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* --- the value ---------------------------------------------------------------------------------------------------- */

/* Up to the end. */
static int read_all(char *out, size_t n_max, size_t *ret_n)
{
    size_t n = 0;
    while (n < n_max) {
        ssize_t got = read(STDIN_FILENO, out + n, n_max - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_from_errno(errno);
        if (got == 0)
            break;
        n += (size_t)got;
    }
    *ret_n = n;
    return 0;
}

/* What stops a program, but for what this one was told to ignore. */
static sigset_t stops(void)
{
    static const int STOPS[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP};
    struct sigaction now;
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof STOPS / sizeof STOPS[0]; i++)
        if (sigaction(STOPS[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&set, STOPS[i]);
    return set;
}

/* A line from the terminal; or *ret_signal, of those that `signals` tells (signalfd(2)), with nothing read. */
static int read_line(int signals, char *out, size_t n_max, size_t *ret_n, int *ret_signal)
{
    struct pollfd either[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    struct signalfd_siginfo came;
    size_t n = 0;
    while (n < n_max && !memchr(out, '\n', n)) {
        if (poll(either, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return err_from_errno(errno);
        }
        if (read(signals, &came, sizeof came) == sizeof came) {
            *ret_signal = (int)came.ssi_signo;
            return 0;
        }
        if (!either[0].revents)
            continue;
        ssize_t got = read(STDIN_FILENO, out + n, n_max - n);
        if (got < 0)
            return err_from_errno(errno);
        if (got == 0)
            break;
        n += (size_t)got;
    }
    *ret_n = n;
    return 0;
}

/* One question; nothing that is typed is shown before it is answered, or left by *ret_signal. */
static int ask_silently(struct cli *c, struct str name, int signals, char *out, size_t n_max, size_t *ret_n,
                        int *ret_signal)
{
    struct termios was, silent;
    if (tcgetattr(STDIN_FILENO, &was) < 0)
        return err_from_errno(errno);
    silent = was;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(c->err, "Value of " STR_FMT " (not shown): ", STR_ARG(name));
    fflush(c->err);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0)
        return err_from_errno(errno); /* it would be seen */
    int r = read_line(signals, out, n_max, ret_n, ret_signal);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was); /* a terminal that is gone echoes nothing */
    fputc('\n', c->err);
    return r;
}

/* A signal waits until the terminal shows again what is typed; behind one that stops for a while, it asks again. */
static int read_at_prompt(struct cli *c, struct str name, char *out, size_t n_max, size_t *ret_n)
{
    sigset_t stopping = stops(), before;
    int signals = signalfd(-1, &stopping, SFD_CLOEXEC | SFD_NONBLOCK), came, r;
    if (signals < 0)
        return err_from_errno(errno);
    do {
        came = 0;
        (void)sigprocmask(SIG_BLOCK, &stopping, &before); /* fails for no set that can be made */
        r = ask_silently(c, name, signals, out, n_max, ret_n, &came);
        if (came)
            (void)raise(came);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
    } while (came && r == 0);
    close(signals);
    return r;
}

static struct str cut_line_end(struct str s)
{
    s.n -= str_ends(s, STR("\n"));
    s.n -= str_ends(s, STR("\r"));
    return s;
}

/* The caller frees it. */
static int read_secret(struct cli *c, struct str name, struct secret **ret)
{
    char bytes[SECRET_BYTES_MAX + 3]; /* a line end, and one to see that there is more */
    size_t n = 0;
    int r = isatty(STDIN_FILENO) ? read_at_prompt(c, name, bytes, sizeof(bytes), &n)
                                 : read_all(bytes, sizeof(bytes), &n);
    struct str value = cut_line_end((struct str){bytes, n});
    if (r < 0)
        r = cli_fail(c, "the value cannot be read: %s", err_text(r));
    else if (!value.n)
        r = cli_usage(c, "standard input holds no value; type it at the prompt, or: printf %%s \"$VALUE\" | flyball %s "
                         STR_FMT, c->command->name, STR_ARG(name));
    else if ((r = secret_new(value, ret)) == -ERR_TOO_LARGE)
        r = cli_usage(c, "the value is longer than %d bytes", SECRET_BYTES_MAX);
    else if (r < 0)
        r = cli_usage(c, "the value holds a byte that no header can carry (a line end, a control byte, a space at an "
                         "end, or not ASCII)");
    bytes_wipe(bytes, sizeof(bytes));
    return r;
}

/* A second word can only be a value: it was seen already, so say what that means. It is not repeated. */
static int refuse_value(struct cli *c)
{
    return cli_usage(c, "a value never stands on the command line: the shell's history keeps it, and ps shows it to "
                        "everyone on this machine. Take that value out of use at the vendor; then give the new one at "
                        "the prompt, or on standard input");
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

/* The text of the request, in one place that is wiped. */
#define REQUEST_BYTES_MAX (2 * SECRET_BYTES_MAX + 1024)

static int post_value(struct cli *c, struct str path, struct str name, const struct secret *value, struct str overlap,
                      struct answer *ret)
{
    struct json_writer w;
    struct buf body;
    buf_init(&body, REQUEST_BYTES_MAX);
    check(buf_reserve(&body, REQUEST_BYTES_MAX) == 0);
    jw_init(&w, &body);
    jw_object(&w);
    if (name.n)
        jw_put_str(&w, STR("name"), name);
    jw_put_str(&w, STR("value"), secret_reveal(value));
    if (overlap.n)
        jw_put_str(&w, STR("overlap"), overlap);
    jw_object_end(&w);
    int r = client_call(c, "POST", path, buf_str(&body), ret);
    bytes_wipe(body.p, body.cap);
    buf_deinit(&body);
    return r;
}

static int say_changed(struct cli *c, const struct answer *a, const char *what)
{
    struct str users = show_list(c, a->json, "vendors"), name = show_text(a->json, "name");
    if (c->is_json)
        return client_print(c, a);
    cli_note(c, "%s: version " STR_FMT " of " STR_FMT ".", what, STR_ARG(show_number(c, a->json, "version")),
             STR_ARG(name));
    if (users.n)
        cli_note(c, "Used from the next call on by: " STR_FMT, STR_ARG(users));
    else
        cli_note(c, "No vendor uses it yet; in flyball.yaml: secret: \"store:" STR_FMT "\"", STR_ARG(name));
    return CLI_DONE;
}

/* --- set ---------------------------------------------------------------------------------------------------------- */

static int set(struct cli *c)
{
    struct secret *value;
    struct answer a;
    if (c->n_args > 1)
        return refuse_value(c);
    harden_memory();
    int r = read_secret(c, c->args[0], &value);
    if (r)
        return r;
    r = post_value(c, STR("/api/v1/secrets"), c->args[0], value, STR_NONE, &a);
    secret_free(value);
    return r ? r : say_changed(c, &a, "Set");
}

const struct command cmd_secret_set = {
    .name = "secret set",
    .args = "NAME",
    .args_min = 1,
    .args_max = 2, /* the second is refused with an explanation */
    .summary = "put a vendor's credential in, from a prompt or standard input",
    .text = "The next call uses it, without a restart. What stood under the name is replaced and forgotten; to keep it "
            "for a while, use `flyball secret rotate`. Vendors name it in flyball.yaml: secret: \"store:NAME\". No "
            "command, answer or file shows the value again.",
    .examples = "secret set stripe\nsecret set stripe < stripe.key",
    .needs_daemon = true,
    .run = set,
};

/* --- list --------------------------------------------------------------------------------------------------------- */

static struct str age_of(struct cli *c, struct json secret)
{
    wall_t at;
    char text[DURATION_TEXT_BYTES];
    if (wall_parse(show_text(secret, "set_at"), &at) < 0)
        return STR("");
    int64_t s = (clock_system.wall(clock_system.ctx) - at) / NS_PER_S;
    int64_t unit = s >= 86400 ? 86400 : s >= 3600 ? 3600 : s >= 60 ? 60 : 1; /* the largest one alone */
    if (s < 1)
        return STR("0s");
    return arena_str(&c->arena, duration_text(s / unit * unit * NS_PER_S, text));
}

static int list(struct cli *c)
{
    static const char *const titles[] = {"NAME", "STATUS", ">VERSION", "AGE", ">BEFORE", "UNTIL", "VENDORS"};
    struct answer a;
    struct table t;
    struct json secret;
    int r = client_call(c, "GET", STR("/api/v1/secrets"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(json_get(a.json, STR("secrets"))); json_next(&it, NULL, &secret);) {
        struct str status = show_text(secret, "status");
        table_add(&t, show_text(secret, "name"));
        table_add_styled(&t, status, str_eq(status, STR("ok")) ? STYLE_GOOD : STYLE_BAD);
        table_add(&t, show_number(c, secret, "version"));
        table_add(&t, age_of(c, secret));
        table_add(&t, show_number(c, secret, "before_version"));
        table_add(&t, show_time(c, secret, "overlap_until"));
        table_add(&t, show_list(c, secret, "vendors"));
    }
    if (t.n_cells)
        table_print(&t);
    else
        cli_note(c, "No secrets in the store; `flyball secret set NAME` puts one in.");
    return CLI_DONE;
}

const struct command cmd_secret_list = {
    .name = "secret list",
    .args = "",
    .summary = "list secrets of the store, and which vendors use them; never a value",
    .text = "STATUS is ok, or why their vendors refuse: unset (nobody put it in), no_key and other_key (the key that "
            "sealed it is not there), damaged. BEFORE is the version that `flyball secret rotate NAME --back` goes "
            "back to, until the time beside it.",
    .examples = "secret list\nsecret list --json",
    .needs_daemon = true,
    .run = list,
};

/* --- rotate ------------------------------------------------------------------------------------------------------- */

static int go_back(struct cli *c)
{
    struct answer a;
    if (cli_has(c, "overlap"))
        return cli_usage(c, "--back goes on with the overlap that there is; --overlap does not go with it");
    int r = client_call(c, "POST", client_path(c, "/api/v1/secrets/", c->args[0], "/back"), STR_NONE, &a);
    return r ? r : say_changed(c, &a, "The value before is in force again");
}

static int rotate(struct cli *c)
{
    struct secret *value;
    struct answer a;
    int64_t ns;
    struct str overlap = cli_option(c, "overlap");
    if (c->n_args > 1)
        return refuse_value(c);
    if (cli_has(c, "back"))
        return go_back(c);
    if (overlap.p && duration_parse(overlap, &ns) < 0)
        return cli_usage(c, "--overlap must be a duration like 15m, 24h or 7d");
    harden_memory();
    int r = read_secret(c, c->args[0], &value);
    if (r)
        return r;
    r = post_value(c, client_path(c, "/api/v1/secrets/", c->args[0], "/rotate"), STR_NONE, value, overlap, &a);
    secret_free(value);
    if (r || c->is_json)
        return r ? r : client_print(c, &a);
    r = say_changed(c, &a, "Rotated");
    cli_note(c, "The old one stays known until " STR_FMT ": concealed in answers, and back in force with",
             STR_ARG(show_time(c, a.json, "overlap_until")));
    cli_note(c, "`flyball secret rotate " STR_FMT " --back`. Keep it valid at the vendor until then.",
             STR_ARG(c->args[0]));
    return r;
}

static const struct option_spec rotate_options[] = {
    {"overlap", "DURATION", "how long the old value stays known; 24h when not given", false},
    {"back", NULL, "put the value before in force again", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_secret_rotate = {
    .name = "secret rotate",
    .args = "NAME",
    .args_min = 1,
    .args_max = 2, /* the second is refused with an explanation */
    .summary = "exchange a vendor's credential while calls are under way",
    .text = "The next call uses the new value; calls under way end with the one that they took. The old one is not "
            "tried again, whatever the vendor says to the new one: it stays known for the overlap, so that it is "
            "concealed in answers, and --back can put it in force again.",
    .examples = "secret rotate stripe\nsecret rotate stripe --overlap 1h < new.key\nsecret rotate stripe --back",
    .options = rotate_options,
    .needs_daemon = true,
    .run = rotate,
};

/* --- remove ------------------------------------------------------------------------------------------------------- */

static int remove_secret(struct cli *c)
{
    struct answer a;
    int r = client_call(c, "POST", client_path(c, "/api/v1/secrets/", c->args[0], "/remove"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    cli_note(c, "Removed. Vendors that use it refuse from now on. Take the value out of use at the vendor too.");
    return CLI_DONE;
}

const struct command cmd_secret_remove = {
    .name = "secret remove",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "take a secret away: its vendors refuse from now on",
    .examples = "secret remove stripe",
    .needs_daemon = true,
    .run = remove_secret,
};
