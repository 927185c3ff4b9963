/*
 * llm/meter_impl.h - a meter's state, and what the readers of the shapes (read_chat.c, read_responses.c,
 * read_messages.c) put into it.
 */
#pragma once

#include "codec/json_read.h"
#include "codec/sse.h"
#include "llm/counts.h"
#include "llm/glance.h"
#include "llm/meter.h"
#include "llm/repeat.h"
#include "llm/tool_calls.h"

/* What an answer says in a word, kept without growth whatever it says. */
struct short_text {
    size_t n;
    char p[LLM_NAME_BYTES_MAX];
};

struct llm_meter {
    const struct llm_call *call;
    const struct llm_reader *reader;
    struct arena *arena;
    struct arena scratch; /* JSON of one event */
    int64_t depth_max;
    struct sse sse;
    struct buf pass;
    bool hides_usage; /* an event that is not whole may have to be kept back */
    bool has_null_usage; /* the event at hand says so */
    bool drops_null;  /* usage was asked for by us: OpenAI then says `usage: null` in every chunk before it */

    struct repeat *repeat; /* NULL: no event was glanced at yet */

    struct counts counts;
    struct counts beside; /* what was used beside the totals */
    struct short_text model, id, finish, error;
    enum price_tier tier;
    struct tool_calls tools;
    int64_t output_bytes, audio_bytes;
    int64_t reported_bytes; /* output_bytes when the vendor last reported its output */
    bool is_reported;       /* a report that can be the last one was seen */
    bool is_complete, is_blind, is_refused, is_us_inference;
    bool is_output_now, is_output_seen; /* the first output is in this piece; was in this or an earlier one */
};

struct llm_reader {
    /* One event of a stream, or the whole body. `root` is an object; its texts are valid during the call. */
    void (*event)(struct llm_meter *m, struct json root);
    void (*body)(struct llm_meter *m, struct json root);
    glance_fn *glance; /* NULL: every event is read as a whole */
};
extern const struct llm_reader llm_reader_chat, llm_reader_responses, llm_reader_embeddings, llm_reader_messages,
    llm_reader_count_tokens;

/* ---- meter_note.c: what readers found ---- */

/* `text` is a string: sets what is not set yet, or replaces. */
void meter_text_once(struct short_text *t, struct json text);
void note_text(struct short_text *t, struct json text);
/* Output of the model: text that counts for estimates, and for the time to the first token. */
void meter_output(struct llm_meter *m, struct json text);
void meter_output_bytes(struct llm_meter *m, size_t n);
void meter_audio(struct llm_meter *m, struct json base64);
/* A usage object, if it is one. `is_last`: it holds all output so far. */
void meter_report(struct llm_meter *m, struct json usage, const struct count_place *places, bool is_last);
void meter_tier(struct llm_meter *m, struct json name);
/* An error object (or a text), if it is one. */
void meter_error(struct llm_meter *m, struct json error);
/* A call that begins at `place`; `args` is a text (a piece when the call is not new), or an object to be written. */
void meter_tool(struct llm_meter *m, uint64_t place, struct json id, struct json name, struct json args);
/* The arguments of the call at `place` as a whole; nothing when there is no such call or `args` is no text. */
void meter_tool_args(struct llm_meter *m, uint64_t place, struct json args);

/* A number that says where something stands; 0 when it is none. */
uint64_t meter_index(struct json n);
bool meter_is(struct json text, struct str want);
