/*
 * proxy/forward.h - what the files of the stages forward and answer share.
 */
#pragma once

#include "proxy/call.h"

/* call.up is released, hold and record are closed, the agent gets its refusal (or a cut stream). The call is gone
 * afterwards. */
void forward_failed(struct call *c, enum http_reset why);

/* answer_head.c: call.answer_head from the vendor's, with room for our fields. False: no memory left for the call. */
bool answer_keep_head(struct call *c, const struct http_head *head);
/* An informational head (1xx) on to the agent, as a final one would be; left out where there is no memory for it. */
void answer_pass_info(struct call *c, const struct http_head *head);
/* answer_whole.c: adds to call.answer; false: it is larger than its maximum. */
bool answer_collect(struct call *c, struct str bytes);
/* The whole answer to the agent, where there still is one; the call is done. */
void answer_send_whole(struct call *c);
/* What an agent is told about a vendor that did not answer completely. In the call's arena. */
struct str forward_sentence(struct call *c, enum http_reset why, bool may_have_happened);
