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

/* Instead of bytes [at, at + n) of the body, `text`. Ascending, not overlapping; at most one of a kind. */
enum llm_edit_kind { LLM_EDIT_MODEL, LLM_EDIT_OUTPUT_MAX, LLM_EDIT_USAGE };
struct llm_edit {
    enum llm_edit_kind kind;
    size_t at, n;
    struct str text;
};
#define LLM_EDITS_MAX 3

/* Where a value stands or could: it goes instead of [at, at + n), between the two texts. `before` has no p: nowhere. */
struct llm_place {
    size_t at, n;
    struct str before, after;
};

struct llm_call {
    enum llm_shape shape;
    struct str model;   /* unescaped; may live in the arena; empty: a stored prompt names it (Responses) */
    bool is_stream;
    bool wants_usage;   /* the client itself asked for usage in its stream (or the dialect always sends it) */
    int64_t choices;    /* n; 1 unless said otherwise */
    int64_t output_max; /* the client's own maximum for one choice; -1: it said none */
    int64_t unseen_output; /* of one choice, that may be made and billed without being shown; -1: up to its maximum */
    int64_t output_least; /* the vendor refuses a lower maximum (a thinking budget must fit below it); 0: none known */
    enum price_tier tier;
    bool is_tier_auto; /* the vendor chooses the tier by the account's settings */
    bool is_unpriced;  /* something was asked for that costs beyond tokens or at another rate, unknown to the catalog */
    /* what the input can be */
    int64_t text_bytes;      /* bytes of the body that can become text tokens: all but what is counted below */
    int64_t token_ids;       /* tokens that the input gives as numbers (embeddings) */
    int64_t n_images;        /* images, by data or by URL */
    int64_t audio_bytes;     /* base64 of audio clips */
    int64_t prediction_bytes; /* of predicted output: what is rejected is billed as output, beyond the maximum */
    bool is_input_open;      /* it refers to content kept elsewhere (earlier response, stored prompt, file, URL) */
    int64_t summaries;       /* of the conversation, that the vendor may have written first: each a pass, and output */
    int64_t overhead_tokens; /* what the vendor adds by itself: system text for tools and the like */
    int64_t passes;          /* how often the input can be read: 1, and again after each use of a server tool; -1: no
                                bound stated */
    bool is_us_inference;    /* asked for, which costs more */
    bool may_write_cache, may_write_cache_1h, has_audio_in, has_audio_out, has_image_out;
    bool has_server_tools; /* tools that the vendor runs itself */
    int64_t web_searches;  /* the most there can be; -1: no bound stated */
    bool is_background;    /* answered later: the answer of this call has no usage */
    struct str user;       /* for whom it is, by its own word (OpenAI user, Anthropic metadata.user_id); empty */
    char prompt_hash[33];  /* hex of the first 16 bytes of SHA-256(system prompt, tools); empty: neither is there */
    struct llm_edit edits[LLM_EDITS_MAX];
    size_t n_edits;
    /* private to llm/ */
    struct llm_place place_model, place_output_max, place_usage;
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
bool llm_ask_usage(struct llm_call *c, struct arena *a);
/* Lowers or sets the output maximum of one choice; a maximum that is lower already stays. False: the shape has none, or
 * the vendor would refuse so low a one (output_least): the call cannot be made that small. */
bool llm_set_output_max(struct llm_call *c, int64_t tokens, struct arena *a);
/* Another model name in the same dialect (routes). False: the body names none. Texts of edits live in the arena. */
bool llm_set_model(struct llm_call *c, struct str model, struct arena *a);
/* The edited body's parts in order, none of them empty; *ret_bytes is their sum. Returns how many. */
#define LLM_BODY_PARTS_MAX (2 * LLM_EDITS_MAX + 1)
size_t llm_body_parts(const struct llm_call *c, struct str body, struct str parts[LLM_BODY_PARTS_MAX],
                      size_t *ret_bytes);
