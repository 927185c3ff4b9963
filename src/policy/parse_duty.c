/*
 * policy/parse_duty.c - a rule's `obligations`.
 */
#include "policy/policy_impl.h"

#include "base/err.h"

#define WINDOW_MS_MAX (7LL * 24 * 3600 * 1000)
#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct key_row obligation_keys[] = {{STR_INIT("type"), KEY_REQUIRED},
                                                 {STR_INIT("properties"), KEY_OPTIONAL}};
static const struct key_row key_properties[] = {{STR_INIT("required"), KEY_OPTIONAL}};
static const struct key_row duplicate_properties[] = {{STR_INIT("within"), KEY_REQUIRED},
                                                      {STR_INIT("then"), KEY_OPTIONAL},
                                                      {STR_INIT("approval"), KEY_OPTIONAL}};
static const struct key_row notify_properties[] = {{STR_INIT("name"), KEY_REQUIRED}};
static const struct key_row log_properties[] = {{STR_INIT("bodies"), KEY_REQUIRED}};

static const struct str types[] = {
#define DUTY(name, text, help) STR_INIT(text),
#include "call/duty.tbl.h"
#undef DUTY
};
/* Of the draft, and not built. */
static const struct str later_types[] = {STR_INIT("step-up"), STR_INIT("header"),
                                         STR_INIT("txn_token")};

static void parse_key(struct parse *x, const struct yaml *map, struct rule *r)
{
    bool is_required = true;
    parse_keys(x, map, "an idempotency_key", key_properties, N(key_properties));
    const struct yaml *required = yaml_get(map, STR("required"));
    if (parse_type(x, required, YAML_BOOL, STR("required")) && yaml_bool(required, &is_required) && !is_required)
        parse_fault(x, required, "bad_value", "`required` can only be true; without the obligation no key is");
    r->needs_idempotency_key = true;
}

static void parse_duplicate(struct parse *x, const struct yaml *map, struct rule *r)
{
    struct str text, words[DUPLICATE_THEN_COUNT];
    int64_t ns = 0;
    parse_keys(x, map, "a duplicate", duplicate_properties, N(duplicate_properties));
    if (parse_text(x, map, STR("within"), &text)) {
        if (duration_parse(text, &ns) < 0 || ns < NS_PER_S || ns / NS_PER_MS > WINDOW_MS_MAX)
            parse_fault(x, yaml_get(map, STR("within")), "bad_value",
                        "`within` is a duration of one second to 7 days: 90s, 10m, 24h");
    }
    r->duplicate_ms = ns / NS_PER_MS;
    for (enum duplicate_then t = 0; t < DUPLICATE_THEN_COUNT; t++)
        words[t] = duplicate_then_text(t);
    int then = parse_word(x, map, STR("then"), words, N(words), NULL, 0);
    r->duplicate_then = then < 0 ? DUPLICATE_DENY : (enum duplicate_then)then;
    parse_approval_of(x, map, "a duplicate with `then: approve`", r->duplicate_then == DUPLICATE_APPROVE,
                      &r->duplicate_approval);
}

static void parse_notify(struct parse *x, const struct yaml *map, struct rule *r)
{
    parse_keys(x, map, "a notify", notify_properties, N(notify_properties));
    parse_id(x, map, STR("name"), &r->notice);
}

static void parse_log(struct parse *x, const struct yaml *map, struct rule *r)
{
    struct str sides[BODY_SIDES];
    const struct yaml *list = yaml_get(map, STR("bodies"));
    for (enum body_side s = 0; s < BODY_SIDES; s++)
        sides[s] = body_side_text(s);
    parse_keys(x, map, "a log", log_properties, N(log_properties));
    if (!parse_type(x, list, YAML_SEQ, STR("bodies")))
        return;
    yaml_each(item, list) {
        int s = parse_word_of(x, item, "body", sides, BODY_SIDES);
        r->bodies |= s < 0 ? 0 : BODY_SIDE_BIT(s);
    }
    if (list->n == 0)
        parse_fault(x, list, "bad_value", "`bodies` names one at least: request, response");
}

static const struct yaml *properties_of(struct parse *x, const struct yaml *map)
{
    static const struct yaml none = {.type = YAML_MAP};
    const struct yaml *y = yaml_get(map, STR("properties"));
    return parse_type(x, y, YAML_MAP, STR("properties")) ? y : &none;
}

static void parse_obligation(struct parse *x, const struct yaml *map, struct rule *r, unsigned *seen)
{
    parse_keys(x, map, "an obligation", obligation_keys, N(obligation_keys));
    int type = parse_word(x, map, STR("type"), types, N(types), later_types, N(later_types));
    if (type < 0)
        return;
    if (*seen & 1u << type)
        parse_fault(x, map, "bad_value", "a rule has one obligation of a type");
    *seen |= 1u << type;
    struct yaml at = *properties_of(x, map);
    if (!at.line) {
        at.line = map->line;
        at.col = map->col;
    }
    if (type == DUTY_IDEMPOTENCY_KEY)
        parse_key(x, &at, r);
    else if (type == DUTY_DUPLICATE)
        parse_duplicate(x, &at, r);
    else if (type == DUTY_NOTIFY)
        parse_notify(x, &at, r);
    else
        parse_log(x, &at, r);
}

void parse_rule_obligations(struct parse *x, const struct yaml *list, struct rule *r)
{
    unsigned seen = 0;
    if (!parse_type(x, list, YAML_SEQ, STR("obligations")))
        return;
    if (r->effect == EFFECT_DENY)
        parse_fault(x, list, "bad_value", "`obligations` belong to a rule of effect permit or approve");
    yaml_each(item, list)
        if (parse_type(x, item, YAML_MAP, STR("obligations")))
            parse_obligation(x, item, r, &seen);
}
