/*
 * llm/tool_calls.h - the tool calls that a model asks for, put together from the pieces of a stream.
 *
 *   (1) at most LLM_TOOL_CALLS_MAX calls, and LLM_TOOL_ARGS_BYTES_MAX bytes of arguments of all of them; what is more
 *       is dropped, and is_cut says so.
 *   (2) arguments that were cut have no hash: a hash of half a text would look like one of the whole.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "llm/meter.h"

struct tool_call_build {
    uint64_t place; /* where the vendor says it stands: choice, index */
    struct str id, name;
    struct buf args;
    bool is_cut;
};

struct tool_calls {
    struct arena *arena;
    struct tool_call_build *items; /* in the arena, from the first call on */
    size_t n, args_bytes;
    bool is_cut;
};

void tool_calls_init(struct tool_calls *t, struct arena *a);
void tool_calls_deinit(struct tool_calls *t);
/* The call that stands at `place`; NULL: there is none. */
struct tool_call_build *tool_calls_at(struct tool_calls *t, uint64_t place);
/*
 * The call at `place`, begun when there is none there, or when `id` is another one's: some vendors send all calls with
 * index 0. Empty `id` or `name`: not said here. NULL: there are too many.
 */
struct tool_call_build *tool_calls_begin(struct tool_calls *t, uint64_t place, struct str id, struct str name);
void tool_calls_add_args(struct tool_calls *t, struct tool_call_build *call, struct str piece);
/* The arguments whole, instead of what came in pieces. */
void tool_calls_set_args(struct tool_calls *t, struct tool_call_build *call, struct str args);
/* Into the arena; arguments are valid until deinit or the next piece. */
struct tool_call *tool_calls_result(const struct tool_calls *t);
