/*
 * call/token.tbl.h - the classes of tokens: TOKEN(NAME, text, direction, recorded). Each token of a call is in exactly
 * one. `recorded` is the name in the record's `tokens` (CONTRACT 10): classes with the same one are added up there.
 */
TOKEN(INPUT, "input", TOKENS_IN, "input")
TOKEN(CACHE_READ, "cache_read", TOKENS_IN, "cache_read")
TOKEN(CACHE_WRITE_5M, "cache_write_5m", TOKENS_IN, "cache_write_5m")
TOKEN(CACHE_WRITE_1H, "cache_write_1h", TOKENS_IN, "cache_write_1h")
TOKEN(AUDIO_IN, "audio_in", TOKENS_IN, "audio")
TOKEN(IMAGE_IN, "image_in", TOKENS_IN, "image")
TOKEN(OUTPUT, "output", TOKENS_OUT, "output")
TOKEN(REASONING, "reasoning", TOKENS_OUT, "reasoning")
TOKEN(AUDIO_OUT, "audio_out", TOKENS_OUT, "audio")
TOKEN(IMAGE_OUT, "image_out", TOKENS_OUT, "image")
