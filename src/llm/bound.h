/*
 * llm/bound.h - the most a call to a model can use and cost, before it is made (DESIGN 8).
 *
 * Input: bytes of text divided by the model's floor of bytes per token. The floor starts low (many tokens) and is
 * raised by what the vendor reports, with a margin; strict counts every byte as a token, which nothing exceeds. Images
 * count their model's most; what refers to content kept elsewhere counts the model's whole input. The JSON around a
 * text stands for what the vendor writes around it, which is shorter.
 * Output: the client's maximum, else the model's, times the choices.
 */
#pragma once

#include "llm/request.h"

/* Learned floors of all models of a catalog, shared by all workers; lock-free. */
struct llm_floors;
int llm_floors_new(const struct catalog *c, struct llm_floors **ret);
void llm_floors_free(struct llm_floors *f);
/* The vendor reported `tokens` of text input for `bytes` of text. Ignores what is too small to say anything. */
void llm_floors_learn(struct llm_floors *f, const struct model *m, int64_t bytes, int64_t tokens);
/* Thousandths of a byte of text for one token, at least. */
int64_t llm_floor(const struct llm_floors *f, const struct model *m);

/*
 * `m` NULL: only what the request itself says. Where a part has no bound, is_known is false and that part -1. `f` NULL:
 * as at the start.
 */
struct token_bound llm_bound(const struct llm_call *c, const struct model *m, const struct llm_floors *f,
                             bool is_strict);
/* HOW_ESTIMATED with the most it can cost, or HOW_UNKNOWN. */
struct cost llm_predict(const struct llm_call *c, const struct model *m, const struct token_bound *b);
/*
 * The output maximum for one choice with which the call costs at most `usd`, never more than the call may use already;
 * 0: not even its input fits, or no price is known. The output of `b` need not be known.
 */
int64_t llm_output_for(const struct llm_call *c, const struct model *m, const struct token_bound *b, money_t usd);
