/*
 * llm/tool.tbl.h - tools that are more than a schema in the body: TOOL(dialect, name, runs, overhead_tokens). A tool's
 * `type` is the name, or the name and '_' and more (a version, most often). The first row that fits.
 *
 * runs: CLIENT - the agent runs it, the model only asks; SEARCH - the vendor searches the web and bills each search;
 * SERVER - the vendor runs it, and the tokens of its results are the only price; BILLED - the vendor runs it and bills
 * something else beside (time of a container, calls, images, another model). A type that is not here is BILLED: what
 * is new is unknown, not free.
 *
 * overhead_tokens: the system text that the vendor writes for it, at most. Anthropic's documentation says 245 for bash,
 * 700 for the text editor, 735 and up to 499 more for computer use; the newer toolsets say nothing and get the double
 * of the largest. OpenAI says nothing of its own.
 */
TOOL(DIALECT_OPENAI, "function", RUNS_CLIENT, 0)
TOOL(DIALECT_OPENAI, "custom", RUNS_CLIENT, 0)
TOOL(DIALECT_OPENAI, "namespace", RUNS_CLIENT, 0)
TOOL(DIALECT_OPENAI, "tool_search", RUNS_CLIENT, 1000)
TOOL(DIALECT_OPENAI, "local_shell", RUNS_CLIENT, 1000)
TOOL(DIALECT_OPENAI, "apply_patch", RUNS_CLIENT, 1000)
TOOL(DIALECT_OPENAI, "computer", RUNS_CLIENT, 2500)
TOOL(DIALECT_OPENAI, "web_search", RUNS_SEARCH, 1000)
TOOL(DIALECT_OPENAI, "mcp", RUNS_SERVER, 1000)
TOOL(DIALECT_ANTHROPIC, "custom", RUNS_CLIENT, 0)
TOOL(DIALECT_ANTHROPIC, "bash", RUNS_CLIENT, 500)
TOOL(DIALECT_ANTHROPIC, "text_editor", RUNS_CLIENT, 1400)
TOOL(DIALECT_ANTHROPIC, "computer", RUNS_CLIENT, 2500)
TOOL(DIALECT_ANTHROPIC, "browser", RUNS_CLIENT, 2500)
TOOL(DIALECT_ANTHROPIC, "memory", RUNS_CLIENT, 1400)
TOOL(DIALECT_ANTHROPIC, "web_search", RUNS_SEARCH, 2500)
TOOL(DIALECT_ANTHROPIC, "web_fetch", RUNS_SERVER, 2500)
TOOL(DIALECT_ANTHROPIC, "tool_search_tool", RUNS_SERVER, 1400)
TOOL(DIALECT_ANTHROPIC, "mcp_toolset", RUNS_SERVER, 1400)
