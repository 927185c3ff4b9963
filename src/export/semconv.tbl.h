/*
 * export/semconv.tbl.h - names of attributes by version of the OpenTelemetry conventions for generative AI:
 * SEMCONV(NAME, in 1.42, in 1.36). "": that version has none, and the value is left out.
 *
 * https://github.com/open-telemetry/semantic-conventions-genai ; all of it is "development", hence the switch.
 */
SEMCONV(OPERATION, "gen_ai.operation.name", "gen_ai.operation.name")
SEMCONV(PROVIDER, "gen_ai.provider.name", "gen_ai.system")
SEMCONV(AGENT, "gen_ai.agent.name", "gen_ai.agent.name")
SEMCONV(REQUEST_MODEL, "gen_ai.request.model", "gen_ai.request.model")
SEMCONV(STREAM, "gen_ai.request.stream", "")
SEMCONV(RESPONSE_MODEL, "gen_ai.response.model", "gen_ai.response.model")
SEMCONV(RESPONSE_ID, "gen_ai.response.id", "gen_ai.response.id")
SEMCONV(FINISH, "gen_ai.response.finish_reasons", "gen_ai.response.finish_reasons")
SEMCONV(FIRST_CHUNK, "gen_ai.response.time_to_first_chunk", "")
SEMCONV(INPUT_TOKENS, "gen_ai.usage.input_tokens", "gen_ai.usage.input_tokens")
SEMCONV(OUTPUT_TOKENS, "gen_ai.usage.output_tokens", "gen_ai.usage.output_tokens")
SEMCONV(CACHE_READ, "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
SEMCONV(CACHE_WRITE, "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens")
SEMCONV(REASONING, "gen_ai.usage.reasoning.output_tokens", "")
SEMCONV(PROMPT_NAME, "gen_ai.prompt.name", "")
SEMCONV(PROMPT_VERSION, "gen_ai.prompt.version", "")
SEMCONV(TOOL_CALL_ID, "gen_ai.tool.call.id", "gen_ai.tool.call.id")
