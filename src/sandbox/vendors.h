/*
 * sandbox/vendors.h - the simulated vendors there are, each a value for sandbox/host.h.
 */
#pragma once

#include "sandbox/host.h"

/* Made with its starter data. -ERR_NOMEM. */
typedef int sandbox_make_fn(const struct limits *limits, wall_t now, struct sandbox_vendor *ret);

sandbox_make_fn sandbox_anthropic; /* anthropic_vendor.c: messages */
sandbox_make_fn sandbox_openai; /* openai_vendor.c: chat completions, responses, embeddings */
sandbox_make_fn sandbox_resend; /* resend_vendor.c: e-mails */
sandbox_make_fn sandbox_stripe; /* sandbox/stripe_state.h */
sandbox_make_fn sandbox_twilio; /* twilio_vendor.c: messages, calls, look-ups, verifications */
