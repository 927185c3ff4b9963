/*
 * cli/demo_runaway.c - `flyball demo runaway`: an agent in a loop, and somebody who takes its key away.
 *
 *   (1) the key is taken away between two turns, after TURNS of them: every demo loses the same, to the nano-dollar, on
 *       any machine. What a loop that goes on meanwhile gets through is another measurement (tests/crash/stops.py).
 *   (2) a turn is one question to a model and CENTS_A_TURN of simulated money, of a charge that was made before.
 */
#include "base/err.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/demo.h"
#include "cli/demo_agent.h"
#include "cli/print.h"
#include "codec/form.h"
#include "codec/json_write.h"

#include <time.h>

#define TURNS 60
#define TURN_NS (25 * NS_PER_MS) /* the agent's pace: it thinks, too */
#define CENTS_A_TURN 10
#define CHARGE_CENTS 2000 /* more than TURNS refund */
#define TURN_ARENA_BYTES (32u << 20)
#define DEPTH_MAX 64

struct loop_agent {
    struct demo_agent *agent;
    struct str charge;
    struct demo_call ask, pay;
    int64_t n_turns; /* whole ones */
    char code[64];   /* of the refusal that ended it; empty: none */
    int error;
};

struct loss {
    money_t lost;
    int64_t revoke_ns;
    int64_t permitted;
};

money_t demo_lost_in(money_t lost, int64_t elapsed_ns, int64_t window_ns)
{
    __int128 n = (__int128)lost * window_ns / elapsed_ns;
    return n > INT64_MAX ? INT64_MAX : (money_t)n;
}

static int64_t mono_now(void) { return clock_system.mono(clock_system.ctx); }

static void sleep_until(int64_t at)
{
    int64_t ns = at - mono_now();
    struct timespec left = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
    while (ns > 0 && nanosleep(&left, &left) < 0)
        ;
}

/* --- the agent ---------------------------------------------------------------------------------------------------- */

/* True: it may go on. */
static bool call_once(struct loop_agent *l, const struct demo_call *call)
{
    struct arena a;
    struct told t;
    arena_init(&a, TURN_ARENA_BYTES);
    l->error = demo_agent_call(l->agent, call, &a, &t);
    bool goes_on = l->error == 0 && !t.has_failed && t.status == 200;
    if (!goes_on && t.code.n)
        (void)snprintf(l->code, sizeof(l->code), STR_FMT, STR_ARG(t.code));
    ask_end(&t);
    arena_deinit(&a);
    return goes_on;
}

static void learn_calls(struct loop_agent *l)
{
    l->ask = (struct demo_call){.vendor = "openai", .method = "POST", .path = "/v1/chat/completions"};
    l->ask.body = STR("{\"model\":\"gpt-4o-mini\",\"max_tokens\":400,\"messages\":[{\"role\":\"user\","
                      "\"content\":\"Write 300 words\"}]}");
    l->pay = (struct demo_call){.vendor = "stripe", .method = "POST", .path = "/v1/refunds"};
    l->pay.body = arena_printf(&l->agent->cli->arena, "charge=" STR_FMT "&amount=%d", STR_ARG(l->charge), CENTS_A_TURN);
}

/* True: it may go on. */
static bool turn(struct loop_agent *l) { return call_once(l, &l->ask) && call_once(l, &l->pay); }

static void run_loop(struct loop_agent *l)
{
    int64_t since = mono_now();
    learn_calls(l);
    while (l->n_turns < TURNS && turn(l))
        sleep_until(since + ++l->n_turns * TURN_NS);
}

static int make_charge(struct demo_agent *d, struct str *ret)
{
    struct cli *c = d->cli;
    struct told t;
    struct json root;
    struct str id = STR_NONE;
    struct demo_call charge = {.vendor = "stripe", .method = "POST", .path = "/v1/charges"};
    charge.body = arena_printf(&c->arena, "amount=%d&currency=usd&source=tok_visa", CHARGE_CENTS);
    int r = demo_agent_call(d, &charge, &c->arena, &t);
    if (r == 0 && t.status == 200 && json_parse(&c->arena, buf_str(&t.body), DEPTH_MAX, &root) == 0)
        (void)json_str(json_get(root, STR("id")), &id); /* looked at below */
    *ret = arena_str(&c->arena, id);
    struct str code = t.code;
    ask_end(&t);
    if (id.n)
        return 0;
    return cli_fail(c, "the agent could not make its charge (" STR_FMT "): is `default` the starter policy?",
                    STR_ARG(code));
}

/* --- what it cost ------------------------------------------------------------------------------------------------- */

/* Sums up the calls of the loop; what came in before it began is no loss. */
static int count(struct demo_agent *d, struct loss *l)
{
    struct answer a;
    struct json call;
    struct str path = arena_printf(&d->cli->arena, "/api/v1/runs/" STR_FMT "?limit=10000", STR_ARG(d->run));
    int r = client_call(d->cli, "GET", path, STR_NONE, &a);
    if (r)
        return r;
    for (struct json_iter it = json_each(json_get(a.json, STR("calls"))); json_next(&it, NULL, &call);) {
        money_t usd = 0;
        struct str class = show_text(call, "class");
        if (str_eq(class, STR("money_in")))
            continue;
        l->permitted += str_eq(show_text(call, "verdict"), STR("permit"));
        if (money_parse(show_text(json_get(call, STR("settled")), "usd"), &usd) == 0 && usd > 0)
            l->lost += usd;
    }
    return 0;
}

static void put_usd(struct json_writer *w, const char *name, money_t usd)
{
    char text[MONEY_TEXT_BYTES];
    jw_key(w, str_c(name));
    jw_object(w);
    jw_put_str(w, STR("usd"), money_text(usd, text));
    jw_object_end(w);
}

static void print_json(struct cli *c, const struct demo_agent *d, const struct loop_agent *a, const struct loss *l)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("run"), d->run);
    jw_put_i64(&w, STR("permitted"), l->permitted);
    jw_put_str_or_null(&w, STR("stopped_by"), str_c(a->code));
    jw_put_i64(&w, STR("revoke_us"), l->revoke_ns / NS_PER_US);
    jw_put_i64(&w, STR("turns"), a->n_turns);
    jw_put_i64(&w, STR("turns_per_s"), NS_PER_S / TURN_NS);
    put_usd(&w, "lost", l->lost);
    put_usd(&w, "lost_in_45s", demo_lost_in(l->lost, a->n_turns * TURN_NS, 45 * NS_PER_S));
    put_usd(&w, "lost_in_192s", demo_lost_in(l->lost, a->n_turns * TURN_NS, 192 * NS_PER_S));
    jw_object_end(&w);
    fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&b)));
    buf_deinit(&b);
}

/* Whole cents: the rest says nothing here. */
static void print_usd(struct cli *c, const char *title, money_t usd, const char *more)
{
    money_t cents = usd / (MONEY_PER_USD / 100);
    fprintf(c->out, "%-24s%8lld.%02lld USD%s\n", title, (long long)(cents / 100), (long long)(cents % 100), more);
}

static void print_loss(struct cli *c, const struct demo_agent *d, const struct loop_agent *a, const struct loss *l)
{
    fprintf(c->out, "calls                   %lld went through, then %s\n", (long long)l->permitted,
            a->code[0] ? a->code : "no refusal");
    fprintf(c->out, "revoke                  %lld.%lld ms until the next call was refused\n",
            (long long)(l->revoke_ns / NS_PER_MS), (long long)(l->revoke_ns / (100 * NS_PER_US) % 10));
    print_usd(c, "lost, as recorded", l->lost,
              arena_printf(&c->arena, " in %lld turns, %lld a second", (long long)a->n_turns,
                           (long long)(NS_PER_S / TURN_NS))
                  .p);
    print_usd(c, "the same for 45 s", demo_lost_in(l->lost, a->n_turns * TURN_NS, 45 * NS_PER_S), "");
    print_usd(c, "the same for 3 m 12 s", demo_lost_in(l->lost, a->n_turns * TURN_NS, 192 * NS_PER_S), "");
    cli_note(
        c, "The last two are arithmetic, not measured: what was lost a turn x the turns of the time that a new vendor "
           "key can take to be everywhere, on simulated vendors, and as if no limit of the policy stood in between.");
    cli_note(c, "All of it: flyball runs show " STR_FMT, STR_ARG(d->run));
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* Lets the loop run, takes its key away, and lets it try once more. */
static int run_and_revoke(struct demo_agent *d, struct loop_agent *a, struct loss *l)
{
    run_loop(a);
    int64_t asked = mono_now();
    int r = demo_agent_revoke(d);
    l->revoke_ns = mono_now() - asked;
    if (r == 0 && a->n_turns == TURNS)
        (void)turn(a); /* its refusal is what a->code says */
    if (r == 0 && a->error < 0)
        return cli_fail(d->cli, "the agent could not call: %s", err_text(a->error));
    return r;
}

int demo_runaway(struct cli *c)
{
    static const char *const vendors[] = {"openai", "stripe", NULL};
    struct demo_agent d;
    struct loss loss = {.lost = 0};
    int r = demo_agent_start(c, "runaway", vendors, &d);
    if (r)
        return r;
    struct loop_agent a = {.agent = &d};
    bool is_revoked = false;
    r = make_charge(&d, &a.charge);
    if (r == 0) {
        cli_note(c, "An agent asks a model and refunds ten cents, over and over. Its key is revoked after %d turns.",
                 TURNS);
        r = run_and_revoke(&d, &a, &loss);
        is_revoked = r == 0;
    }
    int stopped = demo_agent_stop(&d, is_revoked);
    if (r == 0)
        r = stopped ? stopped : count(&d, &loss);
    if (r)
        return r;
    if (c->is_json)
        print_json(c, &d, &a, &loss);
    else
        print_loss(c, &d, &a, &loss);
    return str_eq(str_c(a.code), STR("key_revoked"))
               ? CLI_DONE
               : cli_fail(c, "the loop ended before it was revoked: %s", a.code[0] ? a.code : "it was done");
}
