/*
 * identity/run.c - the run id, from the first carrier that has one, and the W3C trace id beside it.
 *
 * Every carrier that is there must be well formed, chosen or not: an agent that means to name its run is told so, and
 * never ends up in a run that it did not mean.
 */
#include "identity/run.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "codec/hex.h"

#define TRACE_HEX 32
#define SPAN_HEX 16
#define TRACEPARENT_CHARS 55 /* 2 - 32 - 16 - 2 */

bool run_id_is_valid(struct str s)
{
    return str_is_token(s, "._:-", RUN_ID_CHARS_MAX);
}

static bool is_lower_hex(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (hex_digit(s.p[i]) < 0 || (s.p[i] >= 'A' && s.p[i] <= 'F'))
            return false;
    return true;
}

static bool is_zero(struct str hex)
{
    for (size_t i = 0; i < hex.n; i++)
        if (hex.p[i] != '0')
            return false;
    return true;
}

/* https://www.w3.org/TR/trace-context/#traceparent-header: later versions may append "-...", version ff is none. */
static int parse_traceparent(struct str s, struct str *ret_trace)
{
    if (s.n < TRACEPARENT_CHARS || s.p[2] != '-' || s.p[35] != '-' || s.p[52] != '-')
        return -ERR_INVALID;
    struct str version = str_sub(s, 0, 2), trace = str_sub(s, 3, TRACE_HEX), parent = str_sub(s, 36, SPAN_HEX);
    if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(str_sub(s, 53, 2)))
        return -ERR_INVALID;
    if (is_zero(trace) || is_zero(parent) || str_eq(version, STR("ff")))
        return -ERR_INVALID;
    if (s.n > TRACEPARENT_CHARS && (is_zero(version) || s.p[TRACEPARENT_CHARS] != '-'))
        return -ERR_INVALID;
    *ret_trace = trace;
    return 0;
}

/* Hex of random bytes, never all zero, with a NUL behind it. */
static void random_hex(struct rng *r, char *out, size_t n_hex)
{
    uint8_t bytes[TRACE_HEX / 2];
    check(n_hex / 2 <= sizeof bytes);
    rng_fill(r, bytes, n_hex / 2);
    bytes[0] |= 1;
    hex_encode(bytes, n_hex / 2, out);
    out[n_hex] = '\0';
}

static void choose_trace_id(struct str run_id, struct str trace, struct rng *r, char out[TRACE_HEX + 1])
{
    struct uuid u;
    if (uuid_parse(run_id, &u) == 0) {
        struct str hex = hex_encode(u.b, sizeof u.b, out);
        out[TRACE_HEX] = '\0';
        if (!is_zero(hex))
            return;
    }
    if (trace.n == TRACE_HEX) {
        memcpy(out, trace.p, TRACE_HEX);
        out[TRACE_HEX] = '\0';
        return;
    }
    random_hex(r, out, TRACE_HEX);
}

/* The first carrier that is there and malformed, or NULL. */
static const char *find_bad(const struct run_carriers *c, struct str *ret_trace)
{
    const struct {
        struct str value;
        const char *name;
    } ids[] = {
        {c->header, "x-agent-run-id"},
        {c->key_suffix, "the key's .run_ suffix"},
        {c->path, "the /r/<run-id>/ path"},
        {c->session, "x-claude-code-session-id"},
        {c->parent, "x-agent-parent-run-id"},
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if (ids[i].value.n > 0 && !run_id_is_valid(ids[i].value))
            return ids[i].name;
    if (c->traceparent.n > 0 && parse_traceparent(c->traceparent, ret_trace) < 0)
        return "traceparent";
    return NULL;
}

int run_choose(const struct run_carriers *c, struct str made, struct rng *r, struct arena *a, struct run *ret,
               const char **ret_bad)
{
    struct str trace = STR_NONE;
    const char *bad = find_bad(c, &trace);
    if (bad) {
        *ret_bad = bad;
        return -ERR_INVALID;
    }
    const struct {
        struct str id;
        enum run_source source;
    } carriers[] = {{c->header, RUN_HEADER}, {c->key_suffix, RUN_KEY_SUFFIX}, {c->path, RUN_PATH},
                    {c->session, RUN_SESSION}, {trace, RUN_TRACEPARENT}, {made, RUN_MADE}};
    size_t i = 0;
    while (carriers[i].id.n == 0 && i < sizeof carriers / sizeof carriers[0] - 1)
        i++;
    check(run_id_is_valid(carriers[i].id)); /* of outside ones it was found out above */
    *ret = (struct run){
        .id = arena_str(a, carriers[i].id),
        .source = carriers[i].source,
        .trust = carriers[i].source == RUN_MADE ? RUN_MINTED : RUN_CLAIMED,
        .parent = c->parent.n ? arena_str(a, c->parent) : STR_NONE,
    };
    choose_trace_id(ret->id, trace, r, ret->trace_id);
    random_hex(r, ret->span_id, SPAN_HEX);
    return 0;
}
