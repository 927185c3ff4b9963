/*
 * redact/piece.tbl.h - which strings of a model's stream go on in its next events: PIECE(name). They stand below a
 * member `delta`, or are it.
 */
PIECE("delta")             /* OpenAI's Responses */
PIECE("content")           /* OpenAI's chat */
PIECE("refusal")
PIECE("arguments")         /* of tool calls */
PIECE("reasoning")
PIECE("reasoning_content") /* of servers with OpenAI's shape */
PIECE("text")              /* Anthropic */
PIECE("partial_json")
PIECE("thinking")
