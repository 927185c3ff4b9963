/*
 * llm/glance.h - the events of which a stream mostly consists: some more of the model's text, and nothing else that
 * counts. A glance reads such an event without a tree, in a fraction of the time.
 *
 * It never guesses: an event that says anything else (a tool call, usage, an error, the end, a field with parts that it
 * does not know) or that is not strict JSON is left to the reader, and nothing of it has been counted.
 */
#pragma once

#include "base/arena.h"

/* A place whose content changes from event to event: the inside of a string, or digits. */
enum slot_kind { SLOT_TEXT, SLOT_OTHER, SLOT_NUMBER }; /* TEXT: of the model */
struct glance_slot {
    enum slot_kind kind;
    size_t at, n;
};
#define GLANCE_SLOTS_MAX 4

struct glance {
    size_t text_bytes;   /* of output, unescaped */
    bool has_null_usage; /* usage is null */
    size_t n_slots;      /* in order; beyond GLANCE_SLOTS_MAX they are only counted */
    struct glance_slot slots[GLANCE_SLOTS_MAX];
};

/* `a` is scratch. False: the reader has to read it. */
typedef bool glance_fn(struct str data, int64_t depth_max, struct arena *a, struct glance *ret);

glance_fn glance_chat;      /* chat.completion.chunk */
glance_fn glance_responses; /* response.output_text.delta */
glance_fn glance_messages;  /* content_block_delta with text */
