/*
 * call/meter.tbl.h - what a limit counts: METER(NAME, text, is_cost, unit).
 *
 * is_cost: a call holds the most it can use and settles with what it used; a retry that shares its hold adds nothing.
 * Else it counts calls: each one is one more, retries too. `unit` is how sentences name it. CURRENCY is one of many: its
 * text and unit have the currency (meter_text() of call/limit.h).
 */
METER(USD, "usd", true, "USD")
METER(CURRENCY, "currency", true, "")
METER(TOKENS, "tokens", true, "tokens")
METER(INPUT_TOKENS, "input_tokens", true, "input tokens")
METER(OUTPUT_TOKENS, "output_tokens", true, "output tokens")
METER(REQUESTS, "requests", false, "requests")
METER(CONCURRENT, "concurrent", false, "calls")
