/*
 * llm/meter.h - reads usage, tool calls and the rest off a model's answer while it passes.
 *
 *   (1) what comes out is what went in, byte for byte, but for the usage chunk of an OpenAI stream that the client did
 *       not ask for (llm_call.wants_usage false), and where we asked, the `usage: null` of every other chunk.
 *   (2) the newest cumulative report of the vendor replaces the one before, field by field; absent or null changes
 *       nothing. Usage is read wherever it stands, in any chunk.
 *   (3) a stream without usage is estimated from what was seen: bytes of text delivered, and the prediction's input.
 *       Bytes after a report are added to it. Where reasoning may be made without being shown, its most is in it.
 *   (4) memory is bounded: an event larger than llm_event_bytes_max passes unread (and is_blind says so). What passes
 *       unread counts as output for an estimate.
 *
 * No socket, no clock. One meter a call; strings of the result live in the arena given at the start.
 */
#pragma once

#include "base/buf.h"
#include "llm/request.h"

#define LLM_TOOL_CALLS_MAX 64
#define LLM_TOOL_ARGS_BYTES_MAX 1048576 /* of all tool calls of an answer */
/*
 * For estimates. Tokenisers of both vendors take 3 to 5 bytes a token of prose in any script and of code; 2 errs
 * towards more. Audio is 20 tokens a second, at 64,000 bytes of base64 a second or, compressed, at some thousands.
 */
#define LLM_BYTES_PER_TOKEN 2
#define LLM_AUDIO_BYTES_PER_TOKEN 100

struct llm_result {
    struct usage usage;
    struct str model;       /* as the answer says */
    struct str response_id;
    struct str finish;      /* the vendor's own word: stop, tool_calls, end_turn, max_tokens, ... */
    struct str error;       /* error type of an error answer or event, never its message */
    enum price_tier tier;   /* served */
    struct tool_call *tool_calls; /* arguments are valid until llm_meter_free(); cut ones have no hash (zeros) */
    size_t n_tool_calls;
    bool is_complete;       /* the terminal event (or the whole body) was seen */
    bool is_blind;          /* some of it could not be read */
    int64_t output_bytes;   /* of text, tool arguments and reasoning delivered: for estimates */
};

struct llm_meter;
/* In the arena; `call` outlives the meter. */
struct llm_meter *llm_meter_new(const struct llm_call *call, const struct limits *limits, struct arena *a);
void llm_meter_free(struct llm_meter *m); /* buffers that are not in the arena; NULL is fine */

/*
 * A piece of a stream. *ret_pass: what goes on now, valid until the next call; may be empty while an event is not whole
 * that may have to be hidden. *ret_is_first: the first output of the model is in it (time to first token).
 */
void llm_meter_add(struct llm_meter *m, struct str bytes, struct str *ret_pass, bool *ret_is_first);
/* The stream ended: what was kept back goes on. */
struct str llm_meter_end(struct llm_meter *m);
/* The terminal event (or the whole body) was seen: what the agent has of it by now, it can act on. */
bool llm_meter_is_complete(const struct llm_meter *m);
/* Part of an event has gone on to the client, so that an event of ours must come behind an empty line. */
bool llm_meter_is_open(const struct llm_meter *m);
/* A whole answer that is no stream: a body, or any error answer. */
void llm_meter_whole(struct llm_meter *m, uint16_t status, struct str body);
/* What it was, so far. `bound` fills in what the vendor did not report; usage.how says which. Callable when cut. */
void llm_meter_result(const struct llm_meter *m, const struct token_bound *bound, struct llm_result *ret);

/* An event that ends an open stream with an error in its dialect, for a stream that we must end ourselves. */
void llm_error_event(enum llm_shape s, struct str type, struct str message, struct str call_id, struct buf *out);
