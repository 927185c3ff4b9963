/*
 * llm/read_impl.h - what the readers of a request share: the scanner, the call that they fill, and how they refuse.
 *
 * A reader takes the one value that comes next and returns 0, LLM_R_PROBLEM or a negative error. Text that is not JSON
 * is no reader's concern: it stops at the scanner's first failure with 0, and llm_read() asks the scanner at the end.
 */
#pragma once

#include "codec/scan.h"
#include "crypto/hash.h"
#include "llm/request.h"

struct reading {
    const struct llm_request *r;
    struct arena *a;
    struct llm_call *call;
    struct llm_problem *problem;
    int64_t binary_bytes; /* of the body, that are no text */
    int64_t max_tool_calls; /* -1: not said */
    bool has_search_tool, is_use_open; /* a server tool whose uses have no bound */
    bool is_fast;                      /* a tier of its own, whatever the tier of service */
    int64_t uses_max;                  /* of server tools that have one */
    struct str output_max_name;        /* of the field that set it */
    struct sha256 *prompt;             /* of all system prompts; NULL: there was none */
    struct str tools;                  /* as they stand in the body; empty: there are none */
    struct scan scan;                  /* last: it is large, and nothing of it is cleared before scan_init() */
};

int llm_fault(struct reading *rd, enum code code, uint16_t status, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The next value at `name`. A null counts as absent: *ret_is_there false. */
int read_i64(struct reading *rd, struct str name, int64_t least, int64_t *ret, bool *ret_is_there);
int read_bool(struct reading *rd, struct str name, bool *ret);
/* Unescaped; STR_NONE for null. */
int read_text(struct reading *rd, struct str name, struct str *ret);
/* True: a container of that type came next and was entered. False, read: null. Else a problem. */
int enter(struct reading *rd, struct str name, enum json_type type, bool *ret_is_in);
void skip(struct reading *rd);
size_t value_at(struct reading *rd); /* where the next value begins in the body */

/* True when the object that was just entered has a member: what is inserted in front needs a comma behind it. */
bool has_member(struct reading *rd);

/* fields.c: the member at the top whose key was read. */
int read_member(struct reading *rd, struct str key);

/* content.c: messages, items and blocks. */
int read_messages(struct reading *rd, struct str name);
int read_input(struct reading *rd, struct str name);
int read_system(struct reading *rd, struct str name);
int read_embedding_input(struct reading *rd, struct str name);
int read_prediction(struct reading *rd, struct str name);
int read_cache_control(struct reading *rd, struct str name);

/* tools.c: what the vendor may run, and how often. */
int read_tool(struct reading *rd); /* the object that comes next */
int read_tool_list(struct reading *rd, struct str name, bool *ret_has_tool);
int read_tools(struct reading *rd, struct str name);
int read_web_search_options(struct reading *rd, struct str name);
int read_mcp_servers(struct reading *rd, struct str name);
int read_context_management(struct reading *rd, struct str name);
/* Once all was read: how often the model reads, and searches. */
void count_uses(struct reading *rd);
