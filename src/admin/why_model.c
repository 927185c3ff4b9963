/*
 * admin/why_model.c - the sentences of `why` about models: which one, how many tokens at what price, what it asked for,
 * and which call carries that out.
 */
#include "admin/why_impl.h"

static void explain_names(struct why *y)
{
    struct str asked = why_text(y->call, "model_asked"), sent = why_text(y->call, "model_sent");
    struct str returned = why_text(y->call, "model_returned"), finish = why_text(y->call, "finish");
    struct str prompt = why_text(y->call, "prompt"), hash = why_text(y->call, "prompt_hash");
    struct str end = why_text(y->call, "stream_end"), by = why_text(y->call, "downgraded_by");

    why_say(y, "model", "Asked for " STR_FMT "%s" STR_FMT "%s" STR_FMT "%s" STR_FMT "%s" STR_FMT ".", STR_ARG(asked),
            sent.n ? ", sent as " : "", STR_ARG(sent), returned.n ? ", answered by " : "", STR_ARG(returned),
            finish.n ? "; it ended with " : "", STR_ARG(finish), end.n ? ", stream " : "", STR_ARG(end));
    if (by.n)
        why_say(y, "model", "Limit " STR_FMT " had no room for the one asked for, so its route led to this one.",
                STR_ARG(by));
    if (prompt.n || hash.n)
        why_say(y, "prompt", STR_FMT "%s" STR_FMT "%s.", STR_ARG(prompt.n ? prompt : STR("Without a name")),
                hash.n ? " (system prompt and tools have the hash " : "", STR_ARG(str_sub(hash, 0, 12)),
                hash.n ? "...)" : "");
}

static void explain_prediction(struct why *y)
{
    struct json bound = json_get(json_get(y->call, STR("facts")), STR("tokens"));
    int64_t input, output;
    if (json_i64(json_get(bound, STR("input")), &input) && json_i64(json_get(bound, STR("output")), &output))
        why_say(y, "tokens", "Predicted: at most %lld in and %lld out.", (long long)input, (long long)output);
}

static void explain_usage(struct why *y)
{
    struct str name, all = STR("");
    struct json tokens = json_get(y->call, STR("tokens")), v;
    bool is_estimated = str_eq(why_text(y->call, "tokens_how"), STR("estimated"));
    int64_t n, searches;

    if (json_type(tokens) != JSON_OBJECT)
        return;
    for (struct json_iter it = json_each(tokens); json_next(&it, &name, &v);) {
        if (json_i64(v, &n))
            all = arena_printf(y->a, STR_FMT "%s%lld " STR_FMT, STR_ARG(all), all.n ? ", " : "", (long long)n,
                               STR_ARG(name));
    }
    why_say(y, "tokens", "Used: " STR_FMT " (%s).", STR_ARG(all.n ? all : STR("none")),
            is_estimated ? "estimated from what was seen" : "counted by the vendor");
    if (json_i64(json_get(y->call, STR("web_searches")), &searches))
        why_say(y, "tokens", "The vendor searched the web %lld times, which it bills.", (long long)searches);
}

static void explain_price(struct why *y)
{
    struct str catalog = why_text(y->call, "catalog"), tier = why_text(y->call, "tier");
    if (catalog.n)
        why_say(y, "price", "By the catalog of " STR_FMT "%s" STR_FMT ".", STR_ARG(catalog), tier.n ? ", tier " : "",
                STR_ARG(tier));
    else
        why_say(y, "price", "No catalog has a price for this model.");
}

static void explain_tool_calls(struct why *y)
{
    struct json tool;
    for (struct json_iter it = json_each(json_get(y->call, STR("tool_calls"))); json_next(&it, NULL, &tool);) {
        struct str name = why_text(tool, "name"), id = why_text(tool, "id");
        why_say(y, "tool call", STR_FMT "%s" STR_FMT "%s.", STR_ARG(name.n ? name : STR("A tool without a name")),
                id.n ? " (" : "", STR_ARG(id), id.n ? ")" : "");
    }
}

void why_model(struct why *y)
{
    if (why_text(y->call, "model_asked").n == 0)
        return;
    explain_names(y);
    explain_prediction(y);
    explain_usage(y);
    explain_price(y);
    explain_tool_calls(y);
}

void why_cause(struct why *y)
{
    struct json cause = json_get(y->call, STR("caused_by"));
    struct str how = why_text(cause, "how"), id = why_text(cause, "tool_call_id"), call = why_text(cause, "call_id");
    if (how.n == 0)
        return;
    if (str_eq(how, STR("inferred")))
        why_say(y, "cause",
                "Perhaps tool call " STR_FMT " of call " STR_FMT
                ": its values stand in this call, which proves nothing.",
                STR_ARG(id), STR_ARG(call));
    else if (call.n)
        why_say(y, "cause", "Tool call " STR_FMT " of call " STR_FMT " (" STR_FMT ").", STR_ARG(id), STR_ARG(call),
                STR_ARG(how));
    else
        why_say(y, "cause", "Tool call " STR_FMT ", as the agent says; no model of this run was seen to ask for it.",
                STR_ARG(id));
}
