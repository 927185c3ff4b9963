/*
 * llm/request.h - one request to a model, read strictly where it decides route or cost, and left alone elsewhere.
 *
 *   (1) the body goes on as it came, byte for byte, but for `edits`: what we add or change is a list of places.
 *   (2) a field that decides (model, stream, maxima, choices, tier, tools, ...) stands at most once, with the type its
 *       vendor documents; what two parsers could read differently is refused.
 *   (3) no tree is built: one pass over the bytes, with ranges into them. 32 MiB bodies are fine.
 *
 * Ranges point into the body, which outlives the llm_call.
 */
#pragma once

#include "base/arena.h"
#include "call/facts.h"
#include "llm/catalog.h"
#include "llm/shape.h"

struct llm_request {
    enum llm_shape shape;
    struct str content_type, content_encoding;
    struct str body; /* whole */
};

/* Instead of bytes [at, at + n) of the body, `text`. Ascending, not overlapping. */
struct llm_edit {
    size_t at, n;
    struct str text;
};
#define LLM_EDITS_MAX 6

struct llm_call {
    enum llm_shape shape;
    struct str model;    /* unescaped; may live in the arena */
    bool is_stream;
    bool wants_usage;    /* the client itself asked for usage in its stream (or the dialect always sends it) */
    int64_t choices;     /* n; 1 unless said otherwise */
    int64_t output_max;  /* the client's own maximum for one choice; -1: it said none */
    enum price_tier tier;
    bool is_tier_auto;   /* the vendor chooses the tier by the account's settings */
    /* what the input can be */
    int64_t text_bytes;  /* bytes of the body that can become text tokens: all but the base64 of images, audio, files */
    int64_t n_images;    /* images, by data or by URL */
    bool is_input_open;  /* it refers to content kept elsewhere (earlier response, stored prompt, file, document URL) */
    int64_t overhead_tokens; /* what the vendor adds by itself: system text for tools and the like */
    bool may_write_cache, may_write_cache_1h, has_audio_in, has_audio_out, has_image_out;
    bool has_server_tools; /* tools that the vendor runs and bills by use */
    int64_t web_searches;  /* the most there can be; -1: no bound stated */
    bool is_background;    /* answered later: the answer of this call has no usage */
    char prompt_hash[33];  /* hex of the first 16 bytes of SHA-256(system prompt, tools); empty: neither is there */
    struct llm_edit edits[LLM_EDITS_MAX];
    size_t n_edits;
    /* private to llm/: places for edits */
    struct llm_place {
        size_t at, n;
        bool is_there;
    } place_object, place_stream_options, place_include_usage, place_output_max;
    struct str output_max_name; /* the field's name to write where the client named none */
};

struct llm_problem {
    enum code code;  /* CODE_REQUEST_INVALID, CODE_REQUEST_AMBIGUOUS, CODE_REQUEST_TOO_LARGE */
    uint16_t status; /* 400 413 415 */
    struct str text; /* one sentence that names the field; in the arena */
};

/* 0; LLM_R_PROBLEM: *ret_problem says why. -ERR_TOO_LARGE: the arena's cap. */
int llm_read(const struct llm_request *r, const struct limits *limits, struct arena *a, struct llm_call *ret,
             struct llm_problem *ret_problem);
#define LLM_R_PROBLEM 1

/* Asks for usage in a stream of a client that did not (CONTRACT 7 `additions`: "usage"). True: an edit was made. */
bool llm_ask_usage(struct llm_call *c);
/* Lowers or sets the output maximum of one choice. False: the shape has none. */
bool llm_set_output_max(struct llm_call *c, int64_t tokens, struct arena *a);
/* Another model name in the same dialect (routes). */
bool llm_set_model(struct llm_call *c, struct str model, struct arena *a);
/* Bytes of the edited body, and its parts in order: at most 2 * LLM_EDITS_MAX + 1. */
size_t llm_body_parts(const struct llm_call *c, struct str body, struct str parts[2 * LLM_EDITS_MAX + 1],
                      size_t *ret_bytes);
