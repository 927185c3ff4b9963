/*
 * sandbox/llm_impl.h - what the simulated vendors of models share: their state, one request on its way, and the pieces
 * of its answer. Private to sandbox/.
 */
#pragma once

#include "codec/json_write.h"
#include "llm/catalog.h"
#include "sandbox/brain.h"
#include "sandbox/host.h"
#include "sandbox/prompt_cache.h"

#define LLM_BODY_DEPTH_MAX 64
#define LLM_PIECES_BYTES_MAX (24u << 20) /* of one answer */
#define LLM_TOOLS_MAX 128
#define LLM_PACE_MS 4   /* between two events: 250 tokens a second */
#define LLM_R_REFUSED 1 /* the answer is an error, already written */

struct llm_sim {
    struct str vendor; /* "openai" */
    struct catalog *catalog;
    struct prompt_cache cache;
    uint64_t n_requests;
};

/* One request on its way. */
struct llm_turn {
    struct llm_sim *s;
    const struct sandbox_request *r;
    struct arena *a;
    struct sandbox_answer *ret;
    struct json root;  /* of the body */
    struct str digest; /* 64 hexadecimal digits, of this request alone: ids are made of it */
    struct str served; /* the model's dated name */
    bool is_stream;
    struct buf prompt; /* all that was said to the model, in order */
    int64_t n_images;
    struct brain_ask ask;
    struct brain_said said;
};

/* A vendor of that name, with the models that the catalog has of it. `answer` gets a struct llm_turn's parts. */
int llm_sim_new(struct str vendor, const struct limits *limits, struct llm_sim **ret);
void llm_sim_free(void *s);

/* Fills what every turn has. The caller ends it with llm_turn_end(). */
void llm_turn_begin(struct llm_turn *t, struct llm_sim *s, const struct sandbox_request *r, struct arena *a,
                    struct sandbox_answer *ret);
void llm_turn_end(struct llm_turn *t);
/* prefix and n digits of the digest, other ones for each i. */
struct str llm_id(struct llm_turn *t, const char *prefix, int n, int i);
/* The model of that name, or of a dated form. NULL: there is none. */
const struct model *llm_find(const struct llm_sim *s, struct str name);
/* What the vendor calls it in an answer: its dated form, where it has one. */
struct str llm_served(const struct model *m);

/* Adds to the prompt all text of a message's content: a string, or parts with `text` or `content`; counts images. */
void llm_prompt_add(struct llm_turn *t, struct json content);
/* The same text by itself. */
struct str llm_text(struct llm_turn *t, struct json content);
/* Tools as each dialect has them: `function` inside, or not; the schema is at `schema`. */
int llm_tools(struct llm_turn *t, struct json tools, const char *schema);
/* What the model says to it: t->said. -ERR_TOO_LARGE, where the prompt is. */
int llm_say(struct llm_turn *t);
/* A member that is a count, or `otherwise`. */
int64_t llm_count(struct json object, const char *name, int64_t otherwise);

/* --- answers --- */

/* Takes over *b: a JSON answer. -ERR_TOO_LARGE. */
int llm_reply(struct llm_turn *t, uint16_t status, struct buf *b);

/* A stream under way: events in one buffer, each its own piece. */
struct llm_stream {
    struct buf text;
    size_t *ends;
    size_t n, cap;
    struct json_writer w;
    int64_t sequence;
};
void llm_stream_begin(struct llm_stream *st);
/* "event: name" (none where NULL) and "data: " with what is written to st->w until llm_event_end(). */
void llm_event(struct llm_stream *st, const char *name);
void llm_event_end(struct llm_stream *st);
void llm_event_text(struct llm_stream *st, const char *data);
/* The answer is these events. Takes over *st. -ERR_TOO_LARGE. */
int llm_stream_reply(struct llm_turn *t, struct llm_stream *st);

/* --- OpenAI --- */

/* In OpenAI's form; `param` and `code` may be NULL. LLM_R_REFUSED, or negative. */
int openai_refuse(struct llm_turn *t, uint16_t status, const char *type, const char *param, const char *code,
                  const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* Reads the body, finds its model. 0, LLM_R_REFUSED, negative. */
int openai_begin(struct llm_turn *t);
/* Tokens that the model would think first: none of most models. */
int64_t openai_reasoning(const struct llm_turn *t, struct json effort);
/* Which tool the request allows: `auto`, `none`, `required`, or one. */
void openai_tool_choice(struct llm_turn *t, struct json choice);
/* How many input tokens there are, and how many of them were seen before. */
struct openai_input {
    int64_t tokens, cached;
} openai_input(struct llm_turn *t);

int openai_chat(struct llm_turn *t);       /* openai_chat.c */
int openai_responses(struct llm_turn *t);  /* openai_responses.c */
int openai_embeddings(struct llm_turn *t); /* openai_embeddings.c */

/* --- Anthropic --- */

int anthropic_refuse(struct llm_turn *t, uint16_t status, const char *type, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int anthropic_begin(struct llm_turn *t);

int anthropic_messages(struct llm_turn *t);     /* anthropic_messages.c */
int anthropic_count_tokens(struct llm_turn *t); /* anthropic_messages.c */
