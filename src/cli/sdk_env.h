/*
 * cli/sdk_env.h - the environment in which an agent's SDKs call us and nobody else (sdk_env.tbl.h). No I/O.
 */
#pragma once

#include "base/arena.h"

struct sdk_word {
    struct str name, value;
};
/* The text with each {name} of the words replaced; another {word} stays as it is. In the arena. */
struct str sdk_fill(struct arena *a, struct str text, const struct sdk_word *words, size_t n);

struct sdk_values {
    struct str key, run, mode;
    const struct str *direct; /* vendors that are called directly, around us */
    size_t n_direct;
};
/* The key in the dress of that variable of the table: "sk-ant-fb_live_..."; a variable of no table: as it is. */
struct str sdk_dressed_key(struct arena *a, const char *variable, const struct sdk_values *v);

/*
 * The vendor whose real key this value is, or holds; NULL: none can be seen. A key of ours in a vendor's dress is none.
 */
const char *sdk_real_key(struct str value);

/* A variable that was taken out although no table names it, because its value is a key of `vendor`. */
typedef void (*sdk_hidden_cb)(void *ctx, struct str variable, const char *vendor);
/* Where a vendor (by connector) is behind us: http://127.0.0.1:4747/openai. */
typedef struct str (*sdk_base_cb)(void *ctx, const char *vendor);

/*
 * `env` without what leads around us and with what leads to us: "NAME=value", NULL at the end, in the arena like all
 * texts of it. What belongs to a vendor that is called directly stays as it is. `hidden` is called once for each
 * variable that was taken out and is in no table, before this returns.
 */
const char **sdk_env(struct arena *a, const char *const *env, const struct sdk_values *v, void *ctx, sdk_base_cb base,
                     sdk_hidden_cb hidden);
