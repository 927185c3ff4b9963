/*
 * call/rate.tbl.h - fields that tell an SDK how near a limit is: RATE(dialect, meters it speaks for, limit, remaining,
 * reset). The names are the vendors' own.
 */
RATE(OPENAI, BIT(REQUESTS), "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
     "x-ratelimit-reset-requests")
RATE(OPENAI, BIT(TOKENS) | BIT(INPUT_TOKENS) | BIT(OUTPUT_TOKENS), "x-ratelimit-limit-tokens",
     "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens")
RATE(ANTHROPIC, BIT(REQUESTS), "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining",
     "anthropic-ratelimit-requests-reset")
RATE(ANTHROPIC, BIT(TOKENS), "anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining",
     "anthropic-ratelimit-tokens-reset")
RATE(ANTHROPIC, BIT(INPUT_TOKENS), "anthropic-ratelimit-input-tokens-limit",
     "anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset")
RATE(ANTHROPIC, BIT(OUTPUT_TOKENS), "anthropic-ratelimit-output-tokens-limit",
     "anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset")
