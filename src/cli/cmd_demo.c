/*
 * cli/cmd_demo.c - `flyball demo`: one agent's run, from the model to the money, with what is allowed, what is refused,
 * and one call whose outcome nobody learns.
 */
#include "base/err.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/demo.h"
#include "cli/demo_agent.h"
#include "cli/print.h"
#include "cli/show_run.h"

#define DEPTH_MAX 64

enum expected { ALLOWED, DENIED, WAITING, UNKNOWN };

/*
 * CHARGE and CALL in a body stand for the charge that was made, and the last tool call that a model asked for; CUSTOMER
 * in a path for the customer that was made. What has no body is a DELETE.
 */
static const struct step {
    const char *says, *vendor, *path, *body;
    enum expected expected;
    bool is_tool_call; /* it carries the tool call out */
    const char *fault;
} steps[] = {
    {"makes a customer", "stripe", "/v1/customers", "email=ann%40example.com", ALLOWED, false, NULL},
    {"charges a customer 25 dollars", "stripe", "/v1/charges", "amount=2500&currency=usd&source=tok_visa", ALLOWED,
     false, NULL},
    {"asks a model to give 5 of them back", "openai", "/v1/chat/completions",
     "{\"model\":\"gpt-4o-mini\",\"max_tokens\":200,\"messages\":[{\"role\":\"user\",\"content\":\"Refund 5 dollars of "
     "charge CHARGE\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"create_refund\",\"parameters\":{"
     "\"type\":\"object\",\"required\":[\"charge\",\"amount\"],\"properties\":{\"charge\":{\"type\":\"string\"},"
     "\"amount\":{\"type\":\"integer\",\"description\":\"in cents\"}}}}}]}",
     ALLOWED, false, NULL},
    {"makes the refund that the model asked for", "stripe", "/v1/refunds", "charge=CHARGE&amount=500", ALLOWED, true,
     NULL},
    {"tells the model what came of it", "openai", "/v1/chat/completions",
     "{\"model\":\"gpt-4o-mini\",\"max_tokens\":200,\"messages\":[{\"role\":\"user\",\"content\":\"Refund 5 dollars of "
     "charge CHARGE\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"CALL\",\"type\":\"function\","
     "\"function\":{\"name\":\"create_refund\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"CALL\","
     "\"content\":\"succeeded\"}]}",
     ALLOWED, false, NULL},
    {"lets another model write to the customer", "anthropic", "/v1/messages",
     "{\"model\":\"claude-haiku-4-5\",\"max_tokens\":200,\"messages\":[{\"role\":\"user\",\"content\":\"Write 40 words "
     "about the refund\"}]}",
     ALLOWED, false, NULL},
    {"sends the e-mail", "resend", "/emails",
     "{\"from\":\"shop@example.com\",\"to\":[\"ann@example.com\"],\"subject\":\"Your refund\",\"text\":\"5 dollars\"}",
     ALLOWED, false, NULL},
    {"tries to pay the company's cash out", "stripe", "/v1/payouts", "amount=500&currency=usd", DENIED, false, NULL},
    {"tries a dearer model", "openai", "/v1/chat/completions",
     "{\"model\":\"gpt-4o\",\"max_tokens\":200,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}", DENIED,
     false, NULL},
    {"tries to refund 60 dollars at once", "stripe", "/v1/refunds", "charge=CHARGE&amount=6000", DENIED, false, NULL},
    {"wants to delete the customer", "stripe", "/v1/customers/CUSTOMER", "", WAITING, false, NULL},
    {"refunds 1 dollar, and no answer comes", "stripe", "/v1/refunds", "charge=CHARGE&amount=100", UNKNOWN, false,
     "drop"},
};

struct demo {
    struct cli *cli;
    struct demo_agent agent;
    struct str charge, customer, tool_call; /* empty: not known yet */
    size_t n_unexpected;
};

/* The text with each `name` replaced. */
static struct str filled(struct cli *c, struct str text, struct str name, struct str value)
{
    size_t at;
    struct str done = STR("");
    while (str_find(text, name, &at)) {
        struct str parts[] = {done, str_sub(text, 0, at), value};
        done = arena_join(&c->arena, parts, 3);
        text = str_sub(text, at + name.n, text.n);
    }
    return arena_join(&c->arena, (struct str[]){done, text}, 2);
}

/* What later steps need of an answer. */
static void learn(struct demo *d, const struct step *s, struct str body)
{
    struct json root;
    struct str id = STR_NONE;
    if (json_parse(&d->cli->arena, body, DEPTH_MAX, &root) < 0)
        return; /* a refusal says the rest */
    if (json_str(json_path(root, STR("choices[0].message.tool_calls[0].id")), &id))
        d->tool_call = arena_str(&d->cli->arena, id);
    if (!d->charge.n && json_str(json_get(root, STR("id")), &id) && str_starts(id, STR("ch_")))
        d->charge = arena_str(&d->cli->arena, id);
    if (!d->customer.n && str_starts(id, STR("cus_")))
        d->customer = arena_str(&d->cli->arena, id);
}

static enum expected happened(const struct told *t)
{
    if (t->has_failed || str_eq(t->code, STR("outcome_unknown")))
        return UNKNOWN;
    if (str_eq(t->code, STR("approval_pending")))
        return WAITING;
    return t->status >= 200 && t->status < 300 ? ALLOWED : DENIED;
}

static void print_step(struct demo *d, const struct step *s, const struct told *t)
{
    static const struct {
        struct str text;
        enum style style;
    } words[] = {[ALLOWED] = {STR_INIT("allowed  "), STYLE_GOOD},
                 [DENIED] = {STR_INIT("denied   "), STYLE_BAD},
                 [WAITING] = {STR_INIT("waiting  "), STYLE_WARN},
                 [UNKNOWN] = {STR_INIT("unknown  "), STYLE_WARN}};
    enum expected what = happened(t);
    if (d->cli->is_json)
        return;
    print_styled(d->cli, words[what].style, words[what].text);
    fprintf(d->cli->out, "%s", s->says);
    if (t->code.n)
        fprintf(d->cli->out, " (" STR_FMT ")", STR_ARG(t->code));
    else if (what == DENIED)
        fprintf(d->cli->out, " (%s answered %d)", s->vendor, t->status);
    fputc('\n', d->cli->out);
    fflush(d->cli->out);
}

static int take_step(struct demo *d, const struct step *s)
{
    struct cli *c = d->cli;
    struct told t;
    struct str body = filled(c, filled(c, str_c(s->body), STR("CHARGE"), d->charge), STR("CALL"), d->tool_call);
    struct demo_call call = {.vendor = s->vendor,
                             .method = body.n ? "POST" : "DELETE",
                             .path = filled(c, str_c(s->path), STR("CUSTOMER"), d->customer).p,
                             .is_impatient = s->expected == WAITING,
                             .body = body,
                             .tool_call = s->is_tool_call ? d->tool_call : STR_NONE,
                             .fault = s->fault};
    int r = demo_agent_call(&d->agent, &call, &c->arena, &t);
    if (r < 0) {
        ask_end(&t);
        return cli_fail(c, "the agent could not call: %s", err_text(r));
    }
    learn(d, s, buf_str(&t.body));
    d->n_unexpected += happened(&t) != s->expected;
    print_step(d, s, &t);
    ask_end(&t);
    return 0;
}

static int run(struct cli *c)
{
    static const char *const vendors[] = {"openai", "anthropic", "stripe", "resend", NULL};
    struct demo d = {.cli = c, .charge = STR(""), .customer = STR(""), .tool_call = STR("")};
    int r = demo_agent_start(c, "demo", vendors, &d.agent);
    if (r)
        return r;
    cli_note(c, "The agent `demo`, in the run " STR_FMT ":", STR_ARG(d.agent.run));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && r == 0; i++)
        r = take_step(&d, &steps[i]);
    int stopped = demo_agent_stop(&d.agent, false);
    r = r ? r : stopped;
    if (r)
        return r;
    if (!c->is_json)
        fputc('\n', c->out);
    r = show_run(c, d.agent.run, d.agent.agent, STR_NONE);
    if (r == 0 && d.n_unexpected)
        return cli_fail(c,
                        "%zu calls went another way than under the starter policy: `default` is another one, or its "
                        "limits of the day are used up",
                        d.n_unexpected);
    return r;
}

const struct command cmd_demo = {
    .name = "demo",
    .args = "",
    .summary = "let a sample agent run: calls that are allowed, denied, waiting and unknown, and its timeline",
    .text =
        "The agent has a key of its own for the run, and calls simulated vendors only: OpenAI, Anthropic, Stripe and "
        "Resend of `flyball dev`. One call waits for a person: `flyball approvals list` shows it. At the end stands "
        "what `flyball runs show` says of the run.",
    .examples = "demo\ndemo --json",
    .needs_daemon = true,
    .run = run,
};
const struct command cmd_demo_runaway = {
    .name = "demo runaway",
    .args = "",
    .summary = "let a sample agent run in a loop, revoke it, and say what it cost",
    .text =
        "The loop asks a model and refunds ten cents, over and over, until its key is revoked after a second and a "
        "half. What was lost stands beside what the same rate would have cost in 45 s and in 3 m 12 s, which is how "
        "long it can take until a new key of a vendor is everywhere.",
    .examples = "demo runaway\ndemo runaway --json",
    .needs_daemon = true,
    .run = demo_runaway,
};
