/*
 * llm/tool_calls.c - a short list that grows at its end; the newest call at a place is the one meant.
 */
#include "llm/tool_calls.h"

#include "base/check.h"
#include "codec/hex.h"
#include "crypto/hash.h"

void tool_calls_init(struct tool_calls *t, struct arena *a)
{
    *t = (struct tool_calls){.arena = a};
}

void tool_calls_deinit(struct tool_calls *t)
{
    for (size_t i = 0; i < t->n; i++)
        buf_deinit(&t->items[i].args);
    t->n = 0;
}

struct tool_call_build *tool_calls_at(struct tool_calls *t, uint64_t place)
{
    for (size_t i = t->n; i > 0; i--)
        if (t->items[i - 1].place == place)
            return &t->items[i - 1];
    return NULL;
}

static struct tool_call_build *append(struct tool_calls *t, uint64_t place)
{
    if (t->n == LLM_TOOL_CALLS_MAX) {
        t->is_cut = true;
        return NULL;
    }
    if (!t->items)
        t->items = arena_alloc(t->arena, LLM_TOOL_CALLS_MAX * sizeof(*t->items));
    struct tool_call_build *call = &t->items[t->n++];
    *call = (struct tool_call_build){.place = place};
    buf_init(&call->args, LLM_TOOL_ARGS_BYTES_MAX);
    return call;
}

/* The first that is said stays. */
static void set_once(struct tool_calls *t, struct str *text, struct str said)
{
    if (text->n || !said.n)
        return;
    struct str kept = str_sub(said, 0, LLM_NAME_BYTES_MAX);
    t->is_cut = t->is_cut || kept.n < said.n;
    *text = arena_str(t->arena, kept);
}

struct tool_call_build *tool_calls_begin(struct tool_calls *t, uint64_t place, struct str id, struct str name)
{
    struct tool_call_build *call = tool_calls_at(t, place);
    bool is_other = call && id.n && call->id.n && !str_eq(call->id, str_sub(id, 0, LLM_NAME_BYTES_MAX));
    if (!call || is_other)
        call = append(t, place);
    if (!call)
        return NULL;
    set_once(t, &call->id, id);
    set_once(t, &call->name, name);
    return call;
}

void tool_calls_add_args(struct tool_calls *t, struct tool_call_build *call, struct str piece)
{
    if (call->is_cut || piece.n > LLM_TOOL_ARGS_BYTES_MAX - t->args_bytes) {
        call->is_cut = true;
        t->is_cut = true;
        return;
    }
    int r = buf_add(&call->args, piece);
    check(r == 0); /* it fits, so the machine is out of memory */
    t->args_bytes += piece.n;
}

void tool_calls_set_args(struct tool_calls *t, struct tool_call_build *call, struct str args)
{
    t->args_bytes -= call->args.n;
    buf_reset(&call->args);
    call->is_cut = false;
    tool_calls_add_args(t, call, args);
}

struct tool_call *tool_calls_result(const struct tool_calls *t)
{
    struct tool_call *calls = arena_alloc(t->arena, (t->n + 1) * sizeof(*calls));
    for (size_t i = 0; i < t->n; i++) {
        const struct tool_call_build *b = &t->items[i];
        uint8_t hash[SHA256_BYTES];
        calls[i] = (struct tool_call){.id = b->id, .name = b->name, .args = buf_str(&b->args)};
        if (b->is_cut)
            continue;
        sha256(calls[i].args, hash);
        hex_encode(hash, sizeof(calls[i].args_hash) / 2, calls[i].args_hash);
    }
    return calls;
}
