/*
 * call/names.c - texts of the shared enums, each table in the order of its enum.
 *
 * An enum value outside its table is a programmer's error, never an input: texts from outside go through the *_parse
 * functions.
 */
#include "call/names.h"

#include "base/check.h"
#include "base/err.h"
#include "call/duties.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

struct class_row {
    struct str text;
    bool is_money, needs_sync;
};

static const struct class_row classes[CLASS_COUNT] = {
#define CLASS(name, text, is_money, needs_sync, help) [CLASS_##name] = {STR_INIT(text), is_money, needs_sync},
#include "call/class.tbl.h"
#undef CLASS
};

struct code_row {
    struct str text;
    uint16_t status;
    enum retry retry;
};

static const struct code_row codes[CODE_COUNT] = {
    [CODE_NONE] = {{NULL, 0}, 0, RETRY_NO},
#define CODE(name, text, status, retry) [CODE_##name] = {STR_INIT(text), status, retry},
#include "call/code.tbl.h"
#undef CODE
};

static const struct str effects[] = {
    [EFFECT_DENY] = STR_INIT("deny"), [EFFECT_PERMIT] = STR_INIT("permit"), [EFFECT_APPROVE] = STR_INIT("approve")};
static const struct str outcomes[] = {
    [OUTCOME_OPEN] = {NULL, 0}, [OUTCOME_NONE] = STR_INIT("none"), [OUTCOME_SETTLED] = STR_INIT("settled"),
    [OUTCOME_RELEASED] = STR_INIT("released"), [OUTCOME_UNKNOWN] = STR_INIT("unknown")};
static const struct str hows[] = {
    [HOW_UNKNOWN] = STR_INIT("unknown"), [HOW_ESTIMATED] = STR_INIT("estimated"), [HOW_PRICED] = STR_INIT("priced"),
    [HOW_PARSED] = STR_INIT("parsed")};
static const struct str cause_hows[] = {
    [CAUSE_NONE] = {NULL, 0}, [CAUSE_EXPLICIT] = STR_INIT("explicit"), [CAUSE_OBSERVED] = STR_INIT("observed"),
    [CAUSE_INFERRED] = STR_INIT("inferred")};
static const struct str modes[] = {
    [MODE_TEST] = STR_INIT("test"), [MODE_LIVE] = STR_INIT("live"), [MODE_ANY] = STR_INIT("any")};
static const struct str run_sources[] = {
    [RUN_HEADER] = STR_INIT("header"), [RUN_KEY_SUFFIX] = STR_INIT("key_suffix"), [RUN_PATH] = STR_INIT("path"),
    [RUN_SESSION] = STR_INIT("session"), [RUN_TRACEPARENT] = STR_INIT("traceparent"), [RUN_MADE] = STR_INIT("made")};
static const struct str run_trusts[] = {
    [RUN_CLAIMED] = STR_INIT("claimed"), [RUN_MINTED] = STR_INIT("minted")};
static const struct str value_sources[] = {
    [SOURCE_NONE] = {NULL, 0}, [SOURCE_KEY] = STR_INIT("key"), [SOURCE_REQUEST] = STR_INIT("request"),
    [SOURCE_LOOKUP] = STR_INIT("lookup"), [SOURCE_LEARNED] = STR_INIT("learned"), [SOURCE_TOKEN] = STR_INIT("token"),
    [SOURCE_HEADER] = STR_INIT("header"), [SOURCE_BODY] = STR_INIT("body")};

/* The row of a text, or -ERR_NOT_FOUND; rows without a text are never found. */
static int find_text(const struct str *table, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++)
        if (table[i].n && str_eq(table[i], s))
            return (int)i;
    return -ERR_NOT_FOUND;
}

struct str class_text(enum op_class c)
{
    check(c < CLASS_COUNT);
    return classes[c].text;
}

bool class_is_money(enum op_class c)
{
    check(c < CLASS_COUNT);
    return classes[c].is_money;
}

bool class_needs_sync(enum op_class c)
{
    check(c < CLASS_COUNT);
    return classes[c].needs_sync;
}

int class_parse(struct str s, enum op_class *ret)
{
    for (enum op_class c = 0; c < CLASS_COUNT; c++) {
        if (c == CLASS_UNKNOWN || !str_eq(classes[c].text, s))
            continue;
        *ret = c;
        return 0;
    }
    return -ERR_NOT_FOUND;
}

struct str code_text(enum code c)
{
    check(c < CODE_COUNT);
    return codes[c].text;
}

uint16_t code_status(enum code c)
{
    check(c < CODE_COUNT);
    return codes[c].status;
}

enum retry code_retry(enum code c)
{
    check(c < CODE_COUNT);
    return codes[c].retry;
}

struct str effect_text(enum effect e)
{
    check(e < N(effects));
    return effects[e];
}

struct str outcome_text(enum outcome o)
{
    check(o < N(outcomes));
    return outcomes[o];
}

int outcome_parse(struct str s, enum outcome *ret)
{
    int i = find_text(outcomes, N(outcomes), s);
    if (i < 0)
        return i;
    *ret = (enum outcome)i;
    return 0;
}

struct str how_text(enum how h)
{
    check(h < N(hows));
    return hows[h];
}

struct str cause_how_text(enum cause_how h)
{
    check(h < N(cause_hows));
    return cause_hows[h];
}

struct str mode_text(enum mode m)
{
    check(m < N(modes));
    return modes[m];
}

int mode_parse(struct str s, enum mode *ret)
{
    int i = find_text(modes, N(modes), s);
    if (i < 0)
        return i;
    *ret = (enum mode)i;
    return 0;
}

struct str run_source_text(enum run_source s)
{
    check(s < N(run_sources));
    return run_sources[s];
}

struct str run_trust_text(enum run_trust t)
{
    check(t < N(run_trusts));
    return run_trusts[t];
}

struct str value_source_text(enum value_source s)
{
    check(s < N(value_sources));
    return value_sources[s];
}

bool value_source_is_claim(enum value_source s) { return s == SOURCE_HEADER || s == SOURCE_BODY; }

struct str duplicate_then_text(enum duplicate_then t)
{
    static const struct str texts[] = {
#define DUPLICATE_THEN(name, text) STR_INIT(text),
#include "call/duplicate.tbl.h"
#undef DUPLICATE_THEN
    };
    check(t < N(texts));
    return texts[t];
}
