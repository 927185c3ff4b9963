/*
 * cli/cmd_calls.c - `flyball calls`: what happened, newest first; --follow prints each call once it is over.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/near.h"
#include "cli/print.h"
#include "cli/tokens.h"
#include "cli/whom.h"
#include "codec/sse.h"

#include <string.h>
#include <time.h>

#define FOLLOW_PAUSE_S 1
#define RECORD_DEPTH_MAX 64
#define FOLLOW_ARENA_BYTES_MAX (256u << 20)

/* What a table of calls shows beside the columns that each has. */
struct columns {
    bool has_models, has_people, has_shadow;
};
#define COLUMNS_MAX 15

#define N(table) (sizeof(table) / sizeof(table[0]))

/* What it cost, else what stands held for it. */
static struct str cost(struct cli *c, struct json call)
{
    struct str settled = show_money(c, call, "settled"), held = show_money(c, call, "held");
    if (settled.n)
        return settled;
    if (!held.n || str_eq(show_text(call, "outcome"), STR("released")) ||
        str_eq(show_text(call, "outcome"), STR("none")))
        return STR("");
    return arena_printf(&c->arena, "held " STR_FMT, STR_ARG(held));
}

static struct str model_of(struct json call)
{
    struct str sent = show_text(call, "model_sent");
    return sent.n ? sent : show_text(call, "model_asked");
}

static struct str tokens(struct cli *c, struct json call, enum token_direction d)
{
    int64_t n;
    return tokens_of(call, d, &n) ? arena_printf(&c->arena, "%lld", (long long)n) : STR_NONE;
}

/* What the parts in shadow, or an observed document, would have said. */
static struct str would_be(struct json call)
{
    return show_text(json_get(call, STR("shadow")), "verdict");
}

static void add_call(struct table *t, struct json call, const struct columns *has)
{
    struct str outcome = show_text(call, "outcome"), verdict = show_text(call, "verdict");
    table_add(t, show_time(t->cli, call, "started_at"));
    table_add_styled(t, verdict, style_of_verdict(verdict));
    if (has->has_shadow)
        table_add_styled(t, would_be(call), style_of_verdict(would_be(call)));
    table_add(t, show_text(call, "operation"));
    if (has->has_models) {
        table_add(t, model_of(call));
        table_add(t, tokens(t->cli, call, TOKENS_IN));
        table_add(t, tokens(t->cli, call, TOKENS_OUT));
        table_add(t, show_first_token(t->cli, call));
    }
    table_add(t, cost(t->cli, call));
    table_add_styled(t, outcome.n ? outcome : STR("open"), style_of_outcome(outcome));
    table_add(t, show_text(call, "code"));
    table_add(t, show_text(call, "agent"));
    if (has->has_people)
        table_add(t, whom_of(t->cli, call));
    table_add(t, show_text(call, "run_id"));
    table_add(t, show_text(call, "call_id"));
}

static void add_titles(const char **all, size_t *n, const char *const *more, size_t n_more)
{
    for (size_t i = 0; i < n_more; i++)
        all[(*n)++] = more[i];
}

static size_t titles_of(const struct columns *has, const char *ret[COLUMNS_MAX])
{
    static const char *const what[] = {"TIME", "VERDICT"}, *const shadow[] = {"IN SHADOW"},
                             *const call[] = {"OPERATION"}, *const model[] = {"MODEL", ">IN", ">OUT", ">FIRST TOKEN"};
    static const char *const end[] = {"COST", "OUTCOME", "CODE", "AGENT"}, *const whom[] = {"FOR"},
                             *const ids[] = {"RUN", "CALL"};
    size_t n = 0;
    add_titles(ret, &n, what, N(what));
    add_titles(ret, &n, shadow, has->has_shadow ? N(shadow) : 0);
    add_titles(ret, &n, call, N(call));
    add_titles(ret, &n, model, has->has_models ? N(model) : 0);
    add_titles(ret, &n, end, N(end));
    add_titles(ret, &n, whom, has->has_people ? N(whom) : 0);
    add_titles(ret, &n, ids, N(ids));
    return n;
}

static void print_calls(struct cli *c, struct json calls)
{
    const char *titles[COLUMNS_MAX];
    struct columns has = {0};
    struct table t;
    struct json call;
    for (struct json_iter it = json_each(calls); json_next(&it, NULL, &call);) {
        has.has_models |= model_of(call).n > 0;
        has.has_people |= show_text(call, "user").n > 0;
        has.has_shadow |= would_be(call).n > 0;
    }
    table_init(&t, c, titles, titles_of(&has, titles));
    for (struct json_iter it = json_each(calls); json_next(&it, NULL, &call);)
        add_call(&t, call, &has);
    table_print(&t);
}

static struct str filtered(struct cli *c, struct str path)
{
    static const char *const names[] = {"run",     "agent",   "tenant", "key",   "vendor",  "model", "operation",
                                        "verdict", "outcome", "since",  "until", "unknown", NULL};
    return client_options(c, path, names);
}

/* --- following ---------------------------------------------------------------------------------------------------- */

static void print_one(struct cli *c, struct json call)
{
    struct str outcome = show_text(call, "outcome"), verdict = show_text(call, "verdict"),
               code = show_text(call, "code");
    struct str money = cost(c, call);
    print_safe(c->out, show_time(c, call, "started_at"));
    fputs("  ", c->out);
    print_styled(c, style_of_verdict(verdict), verdict);
    fputs("  ", c->out);
    print_safe(c->out, show_text(call, "operation"));
    if (model_of(call).n) {
        fputs("  ", c->out);
        print_safe(c->out, model_of(call));
        fputs(show_tokens(c, call).n ? "  " : "", c->out);
        print_safe(c->out, show_tokens(c, call));
    }
    fputs(money.n ? "  " : "", c->out);
    print_safe(c->out, money);
    fputs("  ", c->out);
    print_styled(c, style_of_outcome(outcome), code.n ? code : outcome);
    fputs("  agent ", c->out);
    print_safe(c->out, show_text(call, "agent"));
    fputs("  run ", c->out);
    print_safe(c->out, show_text(call, "run_id"));
    fputs("  ", c->out);
    print_safe(c->out, show_text(call, "call_id"));
    fputc('\n', c->out);
}

struct follow {
    struct cli *c;
    struct arena arena; /* of one message: this goes on for days */
    char after[24];     /* id of the last message; empty: none yet */
};

/* What is printed of a message: a call that is over, once, and not again when its outcome is learned later. */
static bool is_ended_call(const struct sse_event *e, struct arena *a, struct json *ret)
{
    return e->has_data && str_eq(e->event, STR("call")) && json_parse(a, e->data, RECORD_DEPTH_MAX, ret) == 0 &&
           json_type(json_get(*ret, STR("ended_at"))) == JSON_STR &&
           json_type(json_get(*ret, STR("resolved_at"))) != JSON_STR;
}

static bool on_message(void *ctx, const struct sse_event *e)
{
    struct follow *f = ctx;
    struct cli one = *f->c;
    struct json call;
    if (e->id.n && e->id.n < sizeof(f->after))
        snprintf(f->after, sizeof(f->after), STR_FMT, STR_ARG(e->id));
    arena_reset(&f->arena);
    one.arena = f->arena;
    if (is_ended_call(e, &one.arena, &call)) {
        if (one.is_json)
            fprintf(one.out, STR_FMT "\n", STR_ARG(e->data));
        else
            print_one(&one, call);
    }
    f->arena = one.arena;
    return fflush(one.out) == 0; /* else nobody reads any more */
}

static int follow_once(struct cli *c, struct follow *f)
{
    struct str after = f->after[0] ? str_c(f->after) : STR_NONE;
    return client_watch(c, client_query(c, filtered(c, STR("/api/v1/feed")), "after", after), on_message, f);
}

/* A feed that was cut goes on behind the last message; a daemon that restarts is waited for. */
static int follow(struct cli *c)
{
    static const char *const lists_only[] = {"since", "until", "before", "limit", "csv", "ndjson", NULL};
    struct follow f = {.c = c};
    struct timespec pause = {.tv_sec = FOLLOW_PAUSE_S};
    bool goes_on = true;
    int r = 0;
    for (const char *const *name = lists_only; *name; name++)
        if (cli_has(c, *name))
            return cli_usage(c, "--follow shows what is new: --%s is for lists", *name);
    arena_init(&f.arena, FOLLOW_ARENA_BYTES_MAX);
    cli_note(c, "Following; Ctrl-C ends.");
    while (goes_on) {
        r = follow_once(c, &f);
        if (ferror(c->out))
            r = CLI_FAILED;
        goes_on = r == 0 || (r == CLI_UNREACHABLE && f.after[0]);
        if (r == CLI_UNREACHABLE && goes_on && !c->is_waiting)
            cli_note(c, "Waiting for it to come back; Ctrl-C ends.");
        c->is_waiting = r == CLI_UNREACHABLE;
        if (goes_on)
            nanosleep(&pause, NULL);
    }
    arena_deinit(&f.arena);
    return r;
}

static int run(struct cli *c)
{
    static const char *const page[] = {"limit", "before", NULL};
    struct answer a;
    int r = cli_check_key_id(c, cli_option(c, "key"));
    if (r)
        return r;
    if (cli_has(c, "follow"))
        return follow(c);
    if (cli_has(c, "csv") + cli_has(c, "ndjson") + c->is_json > 1)
        return cli_usage(c, "--csv, --ndjson and --json are three forms of the same: name one");
    struct str path = client_options(c, filtered(c, STR("/api/v1/calls")), page);
    if (cli_has(c, "csv") || cli_has(c, "ndjson"))
        return client_copy(c, client_query(c, path, "format", cli_has(c, "csv") ? STR("csv") : STR("ndjson")));
    r = client_call(c, "GET", path, STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    struct json calls = json_get(a.json, STR("calls"));
    if (json_len(calls))
        print_calls(c, calls);
    else
        cli_note(c, "No calls.");
    if (!json_len(calls) && cli_has(c, "vendor"))
        near_say_vendor(c, cli_option(c, "vendor"));
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"follow", NULL, "print each new call once it is over, until Ctrl-C; with --json one line a call", false},
    {"csv", NULL, "all that fit, as a table for spreadsheets; --limit when fewer are wanted", false},
    {"ndjson", NULL, "all that fit, one record a line", false},
    {"unknown", NULL, "only calls whose outcome is unknown: their holds stand", false},
    {"run", "ID", "only this run", false},
    {"agent", "NAME", "only this agent", false},
    {"tenant", "NAME", "only this tenant", false},
    {"key", "ID", "only this key", false},
    {"vendor", "NAME", "only this vendor", false},
    {"model", "NAME", "only this model, such as gpt-4o-mini", false},
    {"operation", "NAME", "only this operation, such as stripe.refunds.create", false},
    {"verdict", "WORD", "permit, deny or approve", false, "permit deny approve"},
    {"outcome", "WORD", "settled, released, unknown or none", false, "settled released unknown none"},
    {"since", "WHEN", "a time (RFC 3339), or a duration back from now: 15m, 24h, 7d", false},
    {"until", "WHEN", "the same", false},
    {"before", "SEQ", "only older than this seq: the next page", false},
    {"limit", "N", "rows at most, 1 to 10000; 100 when not given", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_calls = {
    .name = "calls",
    .args = "",
    .summary = "list calls, newest first",
    .examples =
        "calls --since 1h --verdict deny\ncalls --unknown\ncalls --run run_42 --json\ncalls --follow --agent support\n"
        "calls --since 30d --csv > calls.csv",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
