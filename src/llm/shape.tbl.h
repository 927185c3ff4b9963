/*
 * llm/shape.tbl.h - the shapes of calls to models that we read: SHAPE(NAME, text, dialect). `text` is what a
 * connector's operation says under `shape`.
 */
SHAPE(CHAT, "openai_chat", DIALECT_OPENAI)
SHAPE(RESPONSES, "openai_responses", DIALECT_OPENAI)
SHAPE(EMBEDDINGS, "openai_embeddings", DIALECT_OPENAI)
SHAPE(MESSAGES, "anthropic_messages", DIALECT_ANTHROPIC)
SHAPE(COUNT_TOKENS, "anthropic_count_tokens", DIALECT_ANTHROPIC)
