/*
 * llm/tools.c - which tools a request offers, who runs them, and how often the model may come back to its input.
 *
 * A tool that the agent runs is text. One that the vendor runs makes the model read all of its input again, with what
 * the tool found, as often as it is used; some are billed by use besides.
 */
#include "llm/read_impl.h"

#define TOOLS_TEXT_TOKENS 1024 /* Anthropic's system text for any tools at all: 530 is the most it documents */

enum runs { RUNS_CLIENT, RUNS_SEARCH, RUNS_SERVER, RUNS_BILLED };
static const struct tool_kind {
    enum llm_dialect dialect;
    struct str name;
    enum runs runs;
    int64_t overhead_tokens;
} kinds[] = {
#define TOOL(dialect, name, runs, overhead_tokens) {dialect, STR_INIT(name), runs, overhead_tokens},
#include "llm/tool.tbl.h"
#undef TOOL
};

static const struct tool_kind *kind_of(enum llm_dialect dialect, struct str type)
{
    static const struct tool_kind plain = {DIALECT_ANTHROPIC, STR_INIT(""), RUNS_CLIENT, 0};
    static const struct tool_kind unknown = {DIALECT_ANTHROPIC, STR_INIT(""), RUNS_BILLED, 0};
    if (!type.n)
        return &plain; /* Anthropic's plain tools have no type */
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct tool_kind *k = &kinds[i];
        bool is_it = str_eq(type, k->name) || (str_starts(type, k->name) && type.p[k->name.n] == '_');
        if (k->dialect == dialect && is_it)
            return k;
    }
    return &unknown;
}

/* A tool that the vendor runs, at most `uses` times; -1: as often as it likes. */
static void add_server_tool(struct reading *rd, enum runs runs, int64_t uses)
{
    struct llm_call *c = rd->call;
    c->has_server_tools = true;
    c->is_input_open = true; /* what it finds is input */
    c->is_unpriced = c->is_unpriced || runs == RUNS_BILLED;
    rd->has_search_tool = rd->has_search_tool || runs == RUNS_SEARCH;
    if (uses < 0)
        rd->is_use_open = true;
    else
        rd->uses_max += uses;
}

int read_tool(struct reading *rd)
{
    enum llm_dialect dialect = llm_shape_dialect(rd->call->shape);
    struct str key, type = STR_NONE;
    int64_t uses = -1;
    bool is_there;
    int r = 0;
    if (!scan_enter(&rd->scan, JSON_OBJECT))
        return 0;
    while (!r && scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("type")))
            r = read_text(rd, STR("tools.type"), &type);
        else if (dialect == DIALECT_ANTHROPIC && str_eq(key, STR("max_uses")))
            r = read_i64(rd, STR("tools.max_uses"), 0, &uses, &is_there);
        else if (str_eq(key, STR("cache_control")))
            r = read_cache_control(rd, key);
        else
            skip(rd);
    }
    if (r || rd->scan.error)
        return r;
    const struct tool_kind *k = kind_of(dialect, type);
    rd->call->overhead_tokens += k->overhead_tokens;
    if (k->runs != RUNS_CLIENT)
        add_server_tool(rd, k->runs, uses);
    return 0;
}

int read_tool_list(struct reading *rd, struct str name, bool *ret_has_tool)
{
    bool is_in;
    int r = enter(rd, name, JSON_ARRAY, &is_in);
    *ret_has_tool = false;
    while (!r && is_in && scan_item(&rd->scan)) {
        *ret_has_tool = true;
        if (scan_peek(&rd->scan) == JSON_OBJECT)
            r = read_tool(rd);
        else
            skip(rd); /* no vendor has such a tool */
    }
    return r;
}

int read_tools(struct reading *rd, struct str name)
{
    bool has_tool;
    size_t from = value_at(rd);
    int r = read_tool_list(rd, name, &has_tool);
    if (!has_tool)
        return r;
    rd->tools = str_sub(rd->r->body, from, scan_at(&rd->scan) - from);
    if (llm_shape_dialect(rd->call->shape) == DIALECT_ANTHROPIC)
        rd->call->overhead_tokens += TOOLS_TEXT_TOKENS;
    return r;
}

/* A chat that searches by itself. */
int read_web_search_options(struct reading *rd, struct str name)
{
    enum json_type type = scan_peek(&rd->scan);
    skip(rd);
    if (type != JSON_NULL)
        add_server_tool(rd, RUNS_SEARCH, -1);
    return 0;
}

int read_mcp_servers(struct reading *rd, struct str name)
{
    bool is_in;
    int r = enter(rd, name, JSON_ARRAY, &is_in);
    while (!r && is_in && scan_item(&rd->scan)) {
        add_server_tool(rd, RUNS_SERVER, -1);
        skip(rd);
    }
    return r;
}

/* Clearing makes the input smaller. Compaction has it read and summarised first. */
int read_context_management(struct reading *rd, struct str name)
{
    struct scan_value v;
    size_t at;
    if (scan_value(&rd->scan, &v) && str_find(v.raw, STR("compact"), &at))
        rd->call->summaries = 1;
    return 0;
}

/* gpt-4o-search-preview, gpt-5-search-api: chats that search whether they are asked to or not. */
static bool is_search_model(const struct llm_call *c)
{
    size_t at;
    return c->shape == SHAPE_CHAT && str_find(c->model, STR("-search-"), &at);
}

void count_uses(struct reading *rd)
{
    struct llm_call *c = rd->call;
    if (is_search_model(c))
        add_server_tool(rd, RUNS_SEARCH, -1);
    bool is_bounded = c->shape == SHAPE_RESPONSES && rd->max_tool_calls >= 0;
    int64_t uses = is_bounded ? rd->max_tool_calls : rd->is_use_open ? -1 : rd->uses_max;
    if (!c->has_server_tools)
        uses = 0;
    c->passes = uses < 0 ? -1 : 1 + uses + c->summaries;
    c->web_searches = rd->has_search_tool ? uses : 0;
}
