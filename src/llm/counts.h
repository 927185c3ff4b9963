/*
 * llm/counts.h - what a vendor says it counted, read from its usage object as it is, and brought into the normal form.
 *
 *   (1) a report replaces the one before field by field; what is absent or null changes nothing.
 *   (2) what cannot be a count (negative, fractional, a text, past TOKENS_MAX) is not taken.
 */
#pragma once

#include "call/usage.h"
#include "codec/json_read.h"

enum count {
    COUNT_INPUT,
    COUNT_OUTPUT,
    COUNT_TOTAL,
    COUNT_CACHE_READ,
    COUNT_CACHE_WRITE, /* of any lifetime */
    COUNT_CACHE_WRITE_5M,
    COUNT_CACHE_WRITE_1H,
    COUNT_AUDIO_IN,
    COUNT_IMAGE_IN,
    COUNT_REASONING,
    COUNT_AUDIO_OUT,
    COUNT_IMAGE_OUT,
    COUNT_WEB_SEARCHES,
    COUNT_COUNT
};

struct counts {
    int64_t n[COUNT_COUNT]; /* -1: not said */
};
void counts_init(struct counts *c);
static inline bool counts_has(const struct counts *c, enum count i)
{
    return c->n[i] >= 0;
}

/* Where a vendor puts which count. Those of one object stand together; a table ends with an empty name. */
struct count_place {
    struct str of; /* an object in the usage; empty: the usage itself */
    struct str name;
    enum count count;
};
extern const struct count_place counts_openai_chat[], counts_openai_responses[], counts_anthropic[];

/* False: something that stood there could not be a count. */
bool counts_read(struct counts *c, struct json usage, const struct count_place *places);

/* Adds what stands there to what c has, at most up to TOKENS_MAX. False: as counts_read(). */
bool counts_add(struct counts *c, struct json usage, const struct count_place *places);

/*
 * Tokens of each class. What the vendor did not say is 0.
 * OpenAI's totals hold their parts: cached, cache_write, audio and image are of the input, reasoning, audio and image
 * of the output. A part larger than its total is a vendor that counts it beside; so is reasoning where total_tokens
 * says so.
 */
void counts_usage_openai(const struct counts *c, struct usage *ret);
/* Anthropic's input is beside its cache, thinking is part of its output. A cache write whose lifetime is not said is
 * one of an hour where the request allows that, for that is the dearer. */
void counts_usage_anthropic(const struct counts *c, bool may_write_cache_1h, struct usage *ret);
