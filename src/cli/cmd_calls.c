/*
 * cli/cmd_calls.c - `flyball calls`: what happened, newest first; --follow prints each call once it is over.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/near.h"
#include "cli/print.h"
#include "cli/tokens.h"
#include "cli/whom.h"
#include "codec/json_canon.h"

#include <string.h>
#include <time.h>

#define FOLLOW_MS 400
#define FOLLOW_ROWS "1000"
#define FOLLOW_PENDING_MAX 1024
#define FOLLOW_ARENA_BYTES_MAX (256u << 20)

/* What a table of calls shows beside the columns that each has. */
struct columns {
    bool has_models, has_people;
};
#define COLUMNS_MAX 14

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

static void add_call(struct table *t, struct json call, const struct columns *has)
{
    struct str outcome = show_text(call, "outcome"), verdict = show_text(call, "verdict");
    table_add(t, show_time(t->cli, call, "started_at"));
    table_add_styled(t, verdict, style_of_verdict(verdict));
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
    static const char *const what[] = {"TIME", "VERDICT", "OPERATION"}, *const model[] = {"MODEL", ">IN", ">OUT",
                                                                                         ">FIRST TOKEN"};
    static const char *const end[] = {"COST", "OUTCOME", "CODE", "AGENT"}, *const whom[] = {"FOR"},
                             *const ids[] = {"RUN", "CALL"};
    size_t n = 0;
    add_titles(ret, &n, what, N(what));
    add_titles(ret, &n, model, has->has_models ? N(model) : 0);
    add_titles(ret, &n, end, N(end));
    add_titles(ret, &n, whom, has->has_people ? N(whom) : 0);
    add_titles(ret, &n, ids, N(ids));
    return n;
}

static void print_calls(struct cli *c, struct json calls)
{
    const char *titles[COLUMNS_MAX];
    struct columns has = {false, false};
    struct table t;
    struct json call;
    for (struct json_iter it = json_each(calls); json_next(&it, NULL, &call);) {
        has.has_models |= model_of(call).n > 0;
        has.has_people |= show_text(call, "user").n > 0;
    }
    table_init(&t, c, titles, titles_of(&has, titles));
    for (struct json_iter it = json_each(calls); json_next(&it, NULL, &call);)
        add_call(&t, call, &has);
    table_print(&t);
}

static void filters(struct cli *c, struct buf *path)
{
    static const char *const names[] = {"run",       "agent",   "tenant",  "key",   "vendor", "model",
                                        "operation", "verdict", "outcome", "since", "until"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        client_query(path, names[i], cli_option(c, names[i]));
    if (cli_has(c, "unknown"))
        client_query(path, "unknown", STR("1"));
}

/* --- following ---------------------------------------------------------------------------------------------------- */

/* Calls seen and not yet over: they are asked for again until they are. */
struct follow {
    int64_t after;                       /* everything up to here was seen */
    int64_t printed[FOLLOW_PENDING_MAX]; /* seqs behind `after` that were printed already */
    size_t n_printed;
};

static bool was_printed(const struct follow *f, int64_t seq)
{
    for (size_t i = 0; i < f->n_printed; i++) {
        if (f->printed[i] == seq)
            return true;
    }
    return false;
}

/* With --json one line a call: RFC 8785, because a record read back has no other text of its own. */
static void print_json(struct cli *c, struct json call)
{
    struct buf line;
    buf_init(&line, 16u << 20);
    if (json_canon(&c->arena, call, &line) == 0)
        fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&line)));
    buf_deinit(&line);
}

static void print_one(struct cli *c, struct json call)
{
    struct str outcome = show_text(call, "outcome"), verdict = show_text(call, "verdict"),
               code = show_text(call, "code");
    struct str money = cost(c, call);
    if (c->is_json) {
        print_json(c, call);
        return;
    }
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

/* Oldest first; moves `after` up to the first call that is still open, so that its end is seen. */
static void follow_rows(struct cli *c, struct follow *f, struct json calls)
{
    bool is_gap = false;
    for (size_t i = json_len(calls); i-- > 0;) {
        struct json call = json_at(calls, i);
        int64_t seq;
        if (!json_i64(json_get(call, STR("seq")), &seq))
            continue;
        bool is_over = json_type(json_get(call, STR("ended_at"))) == JSON_STR;
        if (is_over && !was_printed(f, seq)) {
            print_one(c, call);
            if (f->n_printed < FOLLOW_PENDING_MAX)
                f->printed[f->n_printed++] = seq;
        }
        is_gap |= !is_over;
        if (!is_gap)
            f->after = seq;
    }
    size_t n = 0;
    for (size_t i = 0; i < f->n_printed; i++) {
        if (f->printed[i] > f->after)
            f->printed[n++] = f->printed[i];
    }
    f->n_printed = n;
}

static int ask_for_new(struct cli *c, const struct follow *f, struct answer *ret)
{
    struct buf path;
    char seq[24];
    buf_init(&path, 8192);
    (void)buf_add(&path, STR("/api/v1/calls?limit=" FOLLOW_ROWS));
    filters(c, &path);
    snprintf(seq, sizeof(seq), "%lld", (long long)f->after);
    client_query(&path, "after", str_c(seq));
    int r = client_call(c, "GET", buf_str(&path), STR_NONE, ret);
    buf_deinit(&path);
    return r;
}

/* One question, with memory of its own: this goes on for days. */
static int follow_once(struct cli *c, struct follow *f)
{
    struct cli round = *c;
    struct answer a;
    arena_init(&round.arena, FOLLOW_ARENA_BYTES_MAX);
    int r = ask_for_new(&round, f, &a);
    if (r == 0)
        follow_rows(&round, f, json_get(a.json, STR("calls")));
    if (r == 0 && fflush(c->out) != 0)
        r = CLI_FAILED; /* nobody reads any more */
    arena_deinit(&round.arena);
    return r;
}

static int follow(struct cli *c)
{
    struct follow f = {.after = 0};
    struct answer a;
    struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000L};

    /* Starts behind what is there already. */
    int r = client_call(c, "GET", STR("/api/v1/calls?limit=1"), STR_NONE, &a);
    if (r)
        return r;
    (void)json_i64(json_get(json_at(json_get(a.json, STR("calls")), 0), STR("seq")), &f.after); /* no call yet: 0 */
    cli_note(c, "Following; Ctrl-C ends.");
    while (r == 0) {
        r = follow_once(c, &f);
        nanosleep(&pause, NULL);
    }
    return r;
}

/* A vendor's name with a slip in it must not look like "nothing happened". */
static void say_none(struct cli *c)
{
    struct answer a;
    struct str vendor = cli_option(c, "vendor");
    cli_note(c, "No calls.");
    if (!vendor.n || client_call(c, "GET", STR("/api/v1/vendors"), STR_NONE, &a) != 0)
        return;
    struct json vendors = json_get(a.json, STR("vendors"));
    if (!near_has(vendor, vendors, "name"))
        cli_note(c, "There is no vendor `" STR_FMT "`" STR_FMT, STR_ARG(vendor),
                 STR_ARG(near_in(c, vendor, vendors, "name")));
}

static int run(struct cli *c)
{
    struct answer a;
    struct buf path;
    if (cli_has(c, "follow"))
        return follow(c);

    buf_init(&path, 8192);
    (void)buf_add(&path, STR("/api/v1/calls"));
    filters(c, &path);
    client_query(&path, "limit", cli_option(c, "limit"));
    client_query(&path, "before", cli_option(c, "before"));
    int r = client_call(c, "GET", buf_str(&path), STR_NONE, &a);
    buf_deinit(&path);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    struct json calls = json_get(a.json, STR("calls"));
    if (json_len(calls))
        print_calls(c, calls);
    else
        say_none(c);
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"follow", NULL, "print each new call once it is over, until Ctrl-C; with --json one line a call", false},
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
        "calls --since 1h --verdict deny\ncalls --unknown\ncalls --run run_42 --json\ncalls --follow --agent support",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
