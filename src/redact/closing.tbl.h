/*
 * redact/closing.tbl.h - what ends texts of a model's stream: CLOSING(type of event, whole). Whole: all that are open;
 * else those of the event's own index. A `finish_reason` ends the texts of its choice, `[DONE]` all.
 */
CLOSING("content_block_stop", false)
CLOSING("message_delta", true)
CLOSING("message_stop", true)
CLOSING("error", true)
CLOSING("response.output_text.done", false)
CLOSING("response.refusal.done", false)
CLOSING("response.function_call_arguments.done", false)
CLOSING("response.custom_tool_call_input.done", false)
CLOSING("response.reasoning_text.done", false)
CLOSING("response.reasoning_summary_text.done", false)
CLOSING("response.content_part.done", false)
CLOSING("response.output_item.done", false)
CLOSING("response.completed", true)
CLOSING("response.incomplete", true)
CLOSING("response.failed", true)
