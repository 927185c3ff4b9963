/*
 * admin/why.c - the sentences of `why`, one small function a topic.
 */
#include "admin/why_impl.h"

#include "base/money.h"
#include "base/time.h"
#include "call/limit.h"
#include "call/window.h"

#include <string.h>

struct str why_text(struct json object, const char *name)
{
    struct str s = STR_NONE;
    (void)json_str(json_get(object, str_c(name)), &s); /* absent: empty */
    return s;
}

static bool number_of(struct json object, const char *name, int64_t *ret)
{
    return json_i64(json_get(object, str_c(name)), ret);
}

void why_say(struct why *y, const char *topic, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str text = arena_vprintf(y->a, fmt, ap);
    va_end(ap);
    jw_object(y->w);
    jw_put_str(y->w, STR("topic"), str_c(topic));
    jw_put_str(y->w, STR("text"), text);
    jw_object_end(y->w);
}

/* Money as "12.50 EUR", counts as they are. */
static const char *units(struct why *y, struct str meter, int64_t n)
{
    char text[MONEY_TEXT_BYTES], currency[CURRENCY_BYTES];
    enum limit_meter m;
    if (meter_parse(meter, &m, currency) == 0 && meter_is_money(m))
        return arena_printf(y->a, STR_FMT " " STR_FMT, STR_ARG(money_text_short(n, text)),
                            STR_ARG(meter_unit(m, currency)))
            .p;
    return arena_printf(y->a, "%lld", (long long)n).p;
}

static const char *how_sentence(struct str how)
{
    if (str_eq(how, STR("parsed")))
        return "parsed from the vendor's answer";
    if (str_eq(how, STR("priced")))
        return "priced by table";
    if (str_eq(how, STR("estimated")))
        return "estimated before the call";
    return "not known";
}

/* "12.50 USD (parsed from the vendor's answer)", or NULL when the record has none. */
static const char *cost(struct why *y, const char *name)
{
    struct json c = json_get(y->call, str_c(name));
    struct str usd = why_text(c, "usd"), how = why_text(c, "how");
    char text[MONEY_TEXT_BYTES];
    money_t m;
    if (!usd.n)
        return NULL;
    if (money_parse(usd, &m) == 0)
        usd = money_text_short(m, text);
    bool is_estimate = str_eq(how, STR("estimated"));
    bool is_after = strcmp(name, "settled") == 0;
    return arena_printf(y->a, STR_FMT " USD (%s)", STR_ARG(usd),
                        is_estimate && is_after ? "estimated" : how_sentence(how))
        .p;
}

static const char *policy_words(struct why *y)
{
    struct str name = why_text(y->call, "policy_name"), digest = why_text(y->call, "policy");
    if (!digest.n)
        return "";
    return arena_printf(y->a, " of policy " STR_FMT " (digest " STR_FMT "...)", STR_ARG(name.n ? name : STR("?")),
                        STR_ARG(str_sub(digest, 0, 12)))
        .p;
}

/* Refusals that a rule, or the lack of one, is the reason of; all others have reasons of their own. */
static bool is_of_rules(struct str code)
{
    return !code.n || str_eq(code, STR("policy_denied")) || str_eq(code, STR("scope_denied")) ||
           str_eq(code, STR("operation_unknown"));
}

/* Of a refusal: by which rule of which policy, or in spite of it. */
static const char *rule_words(struct why *y, struct str code, struct str rule)
{
    const char *policy = policy_words(y);
    if (str_starts(code, STR("approval_")))
        return policy; /* the reason says what asks: a rule, or a limit */
    if (is_of_rules(code) && rule.n)
        return arena_printf(y->a, " by rule " STR_FMT "%s", STR_ARG(rule), policy).p;
    if (is_of_rules(code))
        return arena_printf(y->a, ", no rule%s permits it", policy).p;
    return rule.n ? arena_printf(y->a, ", although rule " STR_FMT "%s permits it", STR_ARG(rule), policy).p : policy;
}

static void explain_verdict(struct why *y)
{
    struct str verdict = why_text(y->call, "verdict"), rule = why_text(y->call, "rule");
    struct str code = why_text(y->call, "code"), reason = why_text(y->call, "reason");
    bool is_permit = str_eq(verdict, STR("permit"));

    struct json shadow = json_get(y->call, STR("shadow"));
    bool is_observed = is_permit && str_eq(why_text(shadow, "of"), STR("observe"));

    if (is_observed)
        why_say(y, "verdict", "Permitted, since the vendor is observed and not governed yet%s.", policy_words(y));
    else if (is_permit)
        why_say(y, "verdict", "Permitted%s" STR_FMT "%s.", rule.n ? " by rule " : "", STR_ARG(rule), policy_words(y));
    else
        why_say(y, "verdict", "%s%s" STR_FMT "%s.",
                str_eq(verdict, STR("approve")) ? "A person must decide" : "Refused", code.n ? ", " : "", STR_ARG(code),
                rule_words(y, code, rule));
    if (reason.n)
        why_say(y, "reason", STR_FMT, STR_ARG(reason));
}

/* What the parts in shadow, or an observed document, would have said. */
static void explain_shadow(struct why *y)
{
    struct json shadow = json_get(y->call, STR("shadow"));
    struct str verdict = why_text(shadow, "verdict"), rule = why_text(shadow, "rule");
    struct str reason = why_text(shadow, "reason"), limit = why_text(shadow, "limit");
    if (!verdict.n)
        return;
    bool is_permit = str_eq(verdict, STR("permit")), is_ask = str_eq(verdict, STR("approve"));
    struct str by = rule.n && !limit.n ? arena_printf(y->a, " by rule " STR_FMT, STR_ARG(rule)) : STR("");
    why_say(y, "shadow", "In shadow: it would be %s" STR_FMT ".%s" STR_FMT,
            is_permit ? "permitted" : is_ask ? "asked of a person" : "refused", STR_ARG(by), reason.n ? " " : "",
            STR_ARG(reason));
}

/* Who said yes. */
static void explain_approval(struct why *y)
{
    struct json approval = json_get(y->call, STR("approval")), one;
    struct str id = why_text(approval, "id"), at = why_text(approval, "at"), name;
    struct str by = STR_NONE;
    for (struct json_iter it = json_each(json_get(approval, STR("by"))); json_next(&it, NULL, &one);)
        if (json_str(one, &name))
            by = arena_printf(y->a, STR_FMT "%s" STR_FMT, STR_ARG(by), by.n ? ", " : "", STR_ARG(name));
    if (id.n)
        why_say(y, "approval",
                "Approved by " STR_FMT " at " STR_FMT " (approval " STR_FMT ", " STR_FMT "), for this one call.",
                STR_ARG(by), STR_ARG(at), STR_ARG(id), STR_ARG(why_text(approval, "name")));
}

/* Enum texts of records in words; what is not listed stands as it is. */
struct wording {
    const char *text, *words;
};
static const struct wording value_sources[] = {{"key", "named by the key"},
                                                  {"request", "named in the request"},
                                                  {"lookup", "found by a look-up"},
                                                  {"learned", "learned from earlier answers"},
                                                  {"token", "proven by the identity token"},
                                                  {"header", "only claimed, in a header"},
                                                  {"body", "only claimed, in the body"},
                                                  {NULL, NULL}};
static const struct wording run_sources[] = {{"header", "x-agent-run-id"},
                                             {"key_suffix", "the key's suffix"},
                                             {"path", "the path /r/ID/"},
                                             {"session", "X-Claude-Code-Session-Id"},
                                             {"made", "one for this key and its idle gap"},
                                             {NULL, NULL}};

static struct str in_words(const struct wording *table, struct str text)
{
    for (; table->text; table++) {
        if (str_eq(text, str_c(table->text)))
            return str_c(table->words);
    }
    return text;
}

static void explain_what(struct why *y)
{
    struct str operation = why_text(y->call, "operation"), class = why_text(y->call, "class");
    struct str method = why_text(y->call, "method"), path = why_text(y->call, "path"), mode = why_text(y->call, "mode");
    struct str currency = why_text(y->call, "currency"), customer = why_text(y->call, "customer");
    int64_t amount, exponent = 2;

    why_say(y, "call", STR_FMT "%s" STR_FMT "%s: " STR_FMT " " STR_FMT ", " STR_FMT " mode.",
            STR_ARG(operation.n ? operation : STR("no operation known")), class.n ? " (class " : "", STR_ARG(class),
            class.n ? ")" : "", STR_ARG(method), STR_ARG(path.n ? path : STR("(path not kept)")),
            STR_ARG(mode.n ? mode : STR("no")));
    if (number_of(y->call, "amount", &amount)) {
        (void)number_of(y->call, "exponent", &exponent); /* 2 unless the record says otherwise */
        int64_t unit = 1;
        for (int64_t i = 0; i < exponent && i < 9; i++)
            unit *= 10;
        if (unit > 1)
            why_say(y, "amount", "%lld.%0*lld " STR_FMT ", as the request or a look-up says.",
                    (long long)(amount / unit), (int)exponent, (long long)(amount % unit), STR_ARG(currency));
        else
            why_say(y, "amount", "%lld " STR_FMT ", as the request or a look-up says.", (long long)amount,
                    STR_ARG(currency));
    }
    struct str source = why_text(y->call, "customer_source");
    if (customer.n)
        why_say(y, "customer", STR_FMT "%s" STR_FMT ".", STR_ARG(customer), source.n ? ", " : "",
                STR_ARG(in_words(value_sources, source)));
}

static const struct wording questions[] = {{"created_by", "created by its"},
                                           {"metadata", "metadata field"},
                                           {"relation", "relation"},
                                           {"query", "allowed"},
                                           {NULL, NULL}};

static void explain_answer(struct why *y, struct json answer)
{
    struct str name = why_text(answer, "name"), subject = why_text(answer, "subject"), from = why_text(answer, "from");
    struct str about = why_text(answer, "about"), unknown = why_text(answer, "unknown");
    struct str value = why_text(answer, "value");
    int64_t age_ms = 0;
    (void)number_of(answer, "age_ms", &age_ms); /* absent: asked for this call */
    const char *age = age_ms ? arena_printf(y->a, ", %lld ms before", (long long)age_ms).p : "";
    why_say(y, "scope", STR_FMT ": " STR_FMT "%s" STR_FMT "%s" STR_FMT "%s: " STR_FMT " (" STR_FMT "%s).",
            STR_ARG(about), STR_ARG(in_words(questions, why_text(answer, "question"))), name.n ? " " : "",
            STR_ARG(name), subject.n ? " of " : "", STR_ARG(subject), unknown.n ? ", not known" : "",
            STR_ARG(unknown.n ? unknown : value.n ? value : STR("none")), STR_ARG(from.n ? from : STR("nobody")), age);
}

/* On whose accounts, and what was answered about them, where a scope hung on it. */
static void explain_scope(struct why *y)
{
    struct json affected = json_get(y->call, STR("affected")), one;
    struct str untold = why_text(affected, "untold"), all = STR_NONE;
    for (struct json_iter it = json_each(json_get(affected, STR("accounts"))); json_next(&it, NULL, &one);) {
        bool is_customer = false;
        (void)json_bool(json_get(one, STR("customer")), &is_customer); /* a frame of ours has it */
        all = arena_printf(y->a, STR_FMT "%s" STR_FMT "%s", STR_ARG(all), all.n ? ", " : "",
                           STR_ARG(why_text(one, "id")), is_customer ? "" : " (nobody's)");
    }
    if (untold.n)
        why_say(y, "accounts", "It cannot be told: " STR_FMT ".", STR_ARG(untold));
    else if (all.n)
        why_say(y, "accounts", "It acts on " STR_FMT ".", STR_ARG(all));
    for (struct json_iter it = json_each(json_get(y->call, STR("answers"))); json_next(&it, NULL, &one);)
        explain_answer(y, one);
}

static const char *actor_words(struct why *y)
{
    struct json actor;
    struct str name;
    const char *all = "";
    for (struct json_iter it = json_each(json_get(y->call, STR("actors"))); json_next(&it, NULL, &actor);)
        if (json_str(actor, &name))
            all = arena_printf(y->a, "%s%s" STR_FMT, all, *all ? ", for " : ", through ", STR_ARG(name)).p;
    return all;
}

/* For whom, and how that is known. */
static void explain_user(struct why *y)
{
    struct str user = why_text(y->call, "user"), source = why_text(y->call, "user_source");
    struct str issuer = why_text(y->call, "issuer");
    const char *actors = actor_words(y);
    if (user.n)
        why_say(y, "user", STR_FMT "%s" STR_FMT "%s" STR_FMT "%s.", STR_ARG(user), source.n ? ", " : "",
                STR_ARG(in_words(value_sources, source)), issuer.n ? " of issuer " : "", STR_ARG(issuer), actors);
    else if (issuer.n)
        why_say(y, "user", "Nobody: the identity token of issuer " STR_FMT " is the agent's own%s.", STR_ARG(issuer),
                actors);
}

static void explain_who(struct why *y)
{
    struct str agent = why_text(y->call, "agent"), key = why_text(y->call, "key"), owner = why_text(y->call, "owner");
    struct str tenant = why_text(y->call, "tenant"), run = why_text(y->call, "run_id"),
               source = why_text(y->call, "run_source");
    struct str trust = why_text(y->call, "run_trust"), parent = why_text(y->call, "parent_run_id");

    why_say(y, "who", "Agent " STR_FMT " with key " STR_FMT "%s" STR_FMT "%s" STR_FMT ".", STR_ARG(agent), STR_ARG(key),
            owner.n ? ", owner " : "", STR_ARG(owner), tenant.n ? ", tenant " : "", STR_ARG(tenant));
    explain_user(y);
    if (run.n)
        why_say(y, "run", STR_FMT ", %s (" STR_FMT ")%s" STR_FMT ".", STR_ARG(run),
                str_eq(trust, STR("minted")) ? "minted by us" : "as the agent claims",
                STR_ARG(in_words(run_sources, source)), parent.n ? ", under " : "", STR_ARG(parent));
}

/* "a day"; a word that is not known as it stands. */
static struct str words_of(struct str window, char out[WINDOW_TEXT_BYTES])
{
    enum limit_window w;
    int64_t sliding_ns;
    struct str zone;
    return window_parse(window, &w, &sliding_ns, &zone) == 0 ? window_words(w, sliding_ns, zone, out) : window;
}

/* Nothing of 0. */
static const char *with_units(struct why *y, const char *words, struct str meter, int64_t n)
{
    return n ? arena_printf(y->a, "%s%s", words, units(y, meter, n)).p : "";
}

/* By which rate an amount in another currency became dollars; why by none, the refusal says. */
static void explain_fx(struct why *y)
{
    struct json fx = json_get(y->call, STR("fx"));
    if (!str_eq(why_text(fx, "state"), STR("used")))
        return;
    why_say(y, "fx",
            "One " STR_FMT " was " STR_FMT " USD by the table of " STR_FMT ", and " STR_FMT " percent were added.",
            STR_ARG(why_text(fx, "currency")), STR_ARG(why_text(fx, "usd")), STR_ARG(why_text(fx, "date")),
            STR_ARG(why_text(fx, "margin_percent")));
}

static void explain_limit(struct why *y, struct json limit)
{
    struct str id = why_text(limit, "id"), bucket = why_text(limit, "bucket"), meter = why_text(limit, "meter");
    struct str window = why_text(limit, "window"), resets = why_text(limit, "resets_at");
    char words[WINDOW_TEXT_BYTES];
    int64_t n = 0, before = 0, held = 0, max = 0, soft = 0, raised = 0;
    (void)number_of(limit, "n", &n); /* absent is 0 */
    (void)number_of(limit, "before", &before);
    (void)number_of(limit, "held", &held);
    (void)number_of(limit, "max", &max);
    (void)number_of(limit, "soft", &soft);
    __int128 after = (__int128)n + before + held;
    (void)number_of(limit, "raised", &raised);
    bool is_permitted = str_eq(why_text(y->call, "verdict"), STR("permit"));

    why_say(y, "limit",
            STR_FMT " (" STR_FMT " " STR_FMT ", " STR_FMT "): %s settled + %s held + %s for this call "
                    "%s max %s%s%s%s%s" STR_FMT ".",
            STR_ARG(id), STR_ARG(meter), STR_ARG(words_of(window, words)), STR_ARG(bucket.n ? bucket : STR("-")),
            units(y, meter, before), units(y, meter, held), units(y, meter, n),
            after > max ? ">" : "<=", units(y, meter, max), with_units(y, " with a raise of ", meter, raised),
            after <= max ? "" : is_permitted ? ": passed with the approval" : ": no room",
            with_units(y, "; beyond the soft threshold ", meter, soft && after > soft ? soft : 0),
            resets.n ? "; resets at " : "", STR_ARG(resets));
}

static void explain_cost(struct why *y)
{
    const char *predicted = cost(y, "predicted"), *held = cost(y, "held"), *settled = cost(y, "settled");
    struct str shares = why_text(y->call, "shares");
    bool is_overrun = false;

    explain_fx(y);
    if (predicted)
        why_say(y, "predicted", "At most %s.", predicted);
    if (held)
        why_say(y, "held", "%s.", held);
    if (shares.n)
        why_say(y, "held", "Shares the hold of call " STR_FMT ": same idempotency key, same body.", STR_ARG(shares));
    if (settled)
        why_say(y, "settled", "%s.", settled);
    if (json_bool(json_get(y->call, STR("overrun")), &is_overrun) && is_overrun)
        why_say(y, "overrun",
                "It cost more than was held; the excess is booked, and the limit refuses until there is room.");
}

static const char *ms(struct why *y, int64_t us)
{
    return arena_printf(y->a, "%lld.%03lld ms", (long long)(us / 1000), (long long)(us % 1000)).p;
}

static void explain_attempt(struct why *y, struct json attempt)
{
    int64_t n = 0, started = 0, total = -1, status = 0;
    struct str error = why_text(attempt, "error"), method = why_text(attempt, "method"),
               path = why_text(attempt, "path");
    (void)number_of(attempt, "n", &n); /* absent is 0 */
    (void)number_of(attempt, "started_us", &started);
    (void)number_of(attempt, "total_us", &total);
    (void)number_of(attempt, "status", &status);
    const char *kind = str_eq(why_text(attempt, "kind"), STR("lookup")) ? "look-up" : "sent";

    why_say(y, "attempt", "%lld: %s " STR_FMT " " STR_FMT " to " STR_FMT " after %s%s%s, %s%s" STR_FMT ".",
            (long long)n, kind, STR_ARG(method), STR_ARG(path), STR_ARG(why_text(attempt, "target")), ms(y, started),
            total >= started ? ", took " : "", total >= started ? ms(y, total - started) : "",
            status ? arena_printf(y->a, "answered %lld", (long long)status).p : "no answer", error.n ? ", " : "",
            STR_ARG(error));
}

/* A try at the vendor that was no look-up. */
static bool was_sent(struct json call)
{
    struct json one;
    for (struct json_iter it = json_each(json_get(call, STR("attempts"))); json_next(&it, NULL, &one);) {
        if (!str_eq(why_text(one, "kind"), STR("lookup")))
            return true;
    }
    return false;
}

static const char *outcome_sentence(struct json call)
{
    struct str outcome = why_text(call, "outcome"), verdict = why_text(call, "verdict");
    if (!outcome.n)
        return "Open: the call is not over, its hold stands.";
    if (str_eq(outcome, STR("settled"))) {
        struct str how = why_text(json_get(call, STR("settled")), "how");
        return str_eq(how, STR("priced"))      ? "Settled: what the vendor counted has a price."
               : str_eq(how, STR("estimated")) ? "Settled at an estimate: the answer did not say what it cost."
                                               : "Settled: the vendor's answer said what it cost.";
    }
    if (str_eq(outcome, STR("released")))
        return "Released: proven that it cost nothing, the hold was given back.";
    if (str_eq(outcome, STR("unknown")))
        return "Unknown: it was sent, and what the vendor did is not known. The hold stays until that is learned; look "
               "at the vendor "
               "before sending it again.";
    if (was_sent(call))
        return "None: it was sent, and moves no money.";
    return str_eq(verdict, STR("permit")) ? "None: nothing was sent to the vendor."
                                          : "None: refused, nothing was sent to the vendor.";
}

static void explain_outcome(struct why *y)
{
    struct str error = why_text(y->call, "error"), code = why_text(y->call, "code");
    struct str request_id = why_text(y->call, "vendor_request_id");
    struct str resolved_by = why_text(y->call, "resolved_by"), resolved_at = why_text(y->call, "resolved_at");
    int64_t status;
    bool is_replay = false;

    why_say(y, "outcome", "%s", outcome_sentence(y->call));
    if (resolved_by.n)
        why_say(y, "outcome", "Was unknown; call " STR_FMT " brought it%s" STR_FMT ".", STR_ARG(resolved_by),
                resolved_at.n ? " at " : "", STR_ARG(resolved_at));
    if (json_bool(json_get(y->call, STR("replay")), &is_replay) && is_replay)
        why_say(y, "replay", "The vendor gave an earlier answer again: nothing happened twice.");
    if (number_of(y->call, "status", &status))
        why_say(y, "answer", "The agent got %lld%s" STR_FMT "%s" STR_FMT "%s" STR_FMT ".", (long long)status,
                code.n ? ", code " : "", STR_ARG(code), error.n ? ", " : "", STR_ARG(error),
                request_id.n ? ", vendor's request id " : "", STR_ARG(request_id));
    else if (error.n)
        why_say(y, "error", STR_FMT ".", STR_ARG(error));
}

static void explain_times(struct why *y)
{
    struct str started = why_text(y->call, "started_at"), ended = why_text(y->call, "ended_at"), name;
    struct json phases = json_get(y->call, STR("phases")), value;
    int64_t us;
    const char *all = "";

    for (struct json_iter it = json_each(phases); json_next(&it, &name, &value);) {
        if (json_i64(value, &us))
            all = arena_printf(y->a, "%s%s" STR_FMT " %s", all, *all ? ", " : "", STR_ARG(name), ms(y, us)).p;
    }
    if (started.n)
        why_say(y, "time", "Started " STR_FMT "%s" STR_FMT "%s%s.", STR_ARG(started), ended.n ? ", ended " : "",
                STR_ARG(ended), *all ? "; from its start: " : "", all);
}

static void explain_record(struct why *y)
{
    int64_t seq;
    struct str chain = why_text(y->call, "chain");
    if (number_of(y->call, "seq", &seq))
        why_say(y, "record", "Frame %lld of the journal%s" STR_FMT "%s.", (long long)seq, chain.n ? ", chain " : "",
                STR_ARG(str_sub(chain, 0, 16)), chain.n ? "..." : "");
}

void why_explain(struct arena *a, struct json call, struct json_writer *w)
{
    struct why y = {.a = a, .call = call, .w = w};
    struct json one;

    jw_array(w);
    explain_verdict(&y);
    explain_shadow(&y);
    explain_approval(&y);
    explain_what(&y);
    explain_scope(&y);
    why_cause(&y);
    explain_who(&y);
    for (struct json_iter it = json_each(json_get(call, STR("limits"))); json_next(&it, NULL, &one);)
        explain_limit(&y, one);
    why_model(&y);
    explain_cost(&y);
    for (struct json_iter it = json_each(json_get(call, STR("attempts"))); json_next(&it, NULL, &one);)
        explain_attempt(&y, one);
    explain_outcome(&y);
    explain_times(&y);
    explain_record(&y);
    jw_array_end(w);
}
