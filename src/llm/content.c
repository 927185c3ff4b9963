/*
 * llm/content.c - messages, input items and content blocks of all dialects, in one walk.
 *
 * What a member means hangs on the block's type, which may stand behind it: a block is gathered whole and then judged.
 * A member that is there counts, whatever the type says, because what a vendor ignores costs nothing and what it reads
 * is counted. Nothing of a block's own form is refused here; what is neither text nor known to be bounded opens the
 * input.
 */
#include "llm/read_impl.h"

#include "base/err.h"

#include <string.h>

#define DATA_URL_HEAD_MAX 128 /* "data:image/png;base64," */

/* One message, item or block, as far as it was read. Ranges are of the body; empty: not there. */
struct block {
    struct str type, role, source_type;
    struct str content;              /* for system prompts: the value as it stands */
    struct str source_data;          /* of an Anthropic source, with its quotes */
    struct str result;               /* of a generated image that is sent back, with its quotes */
    bool has_image, has_file;        /* a picture; another document or what stands for one */
    bool has_file_id, has_reference; /* something kept at the vendor */
    bool has_source, has_id;
};

static int read_blocks(struct reading *rd);

/* The bytes of a string are no text. */
static void leave_out(struct reading *rd, struct str raw)
{
    if (raw.n > 2)
        rd->binary_bytes += (int64_t)raw.n - 2;
}

static bool is_base64_url(struct str raw)
{
    size_t at;
    return str_starts(raw, STR("\"data:")) && str_find(str_sub(raw, 0, DATA_URL_HEAD_MAX), STR(";base64,"), &at);
}

/* The next value when it is a string, as it stands; else it is skipped. */
static struct str next_string(struct reading *rd)
{
    struct scan_value v;
    if (!scan_value(&rd->scan, &v) || v.type != JSON_STR)
        return STR_NONE;
    return v.raw;
}

/* Short words that decide: type, role. Escapes are undone; anything else than a string is no word. */
static int next_word(struct reading *rd, struct str *ret)
{
    struct scan_value v;
    *ret = STR_NONE;
    if (!scan_value(&rd->scan, &v) || v.type != JSON_STR)
        return 0;
    return scan_str(&v, rd->a, ret);
}

static bool is_object_next(struct reading *rd)
{
    return scan_peek(&rd->scan) == JSON_OBJECT && scan_enter(&rd->scan, JSON_OBJECT);
}

/* ---- members ---- */

static int member_type(struct reading *rd, struct block *b) { return next_word(rd, &b->type); }
static int member_role(struct reading *rd, struct block *b) { return next_word(rd, &b->role); }

static int member_content(struct reading *rd, struct block *b)
{
    size_t from = value_at(rd);
    int r = read_blocks(rd);
    b->content = str_sub(rd->r->body, from, scan_at(&rd->scan) - from);
    return r;
}

static void take_url(struct reading *rd, struct str raw)
{
    if (is_base64_url(raw))
        leave_out(rd, raw);
}

/* "..." or {"url": "...", "detail": ...} */
static int member_image_url(struct reading *rd, struct block *b)
{
    struct str key;
    b->has_image = true;
    if (!is_object_next(rd)) {
        take_url(rd, next_string(rd));
        return 0;
    }
    while (scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("url")))
            take_url(rd, next_string(rd));
        else
            skip(rd);
    }
    return 0;
}

static int member_input_audio(struct reading *rd, struct block *b)
{
    struct str key, data;
    rd->call->has_audio_in = true;
    if (!is_object_next(rd)) {
        skip(rd);
        return 0;
    }
    while (scan_member(&rd->scan, &key)) {
        if (!str_eq(key, STR("data"))) {
            skip(rd);
            continue;
        }
        data = next_string(rd);
        leave_out(rd, data);
        rd->call->audio_bytes += (int64_t)data.n;
    }
    return 0;
}

static int member_file_data(struct reading *rd, struct block *b)
{
    b->has_file = true;
    leave_out(rd, next_string(rd));
    return 0;
}

static int member_file(struct reading *rd, struct block *b)
{
    struct str key;
    b->has_file = true;
    if (!is_object_next(rd)) {
        skip(rd);
        return 0;
    }
    while (scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("file_data")))
            leave_out(rd, next_string(rd));
        else
            skip(rd);
    }
    return 0;
}

static int member_file_url(struct reading *rd, struct block *b)
{
    b->has_file = true;
    skip(rd);
    return 0;
}

static int member_file_id(struct reading *rd, struct block *b)
{
    b->has_file_id = b->has_file_id || scan_peek(&rd->scan) != JSON_NULL;
    skip(rd);
    return 0;
}

/* An assistant's earlier audio, by its id. */
static int member_audio(struct reading *rd, struct block *b)
{
    b->has_reference = b->has_reference || scan_peek(&rd->scan) != JSON_NULL;
    skip(rd);
    return 0;
}

/* Anthropic: {"type": base64 text url file content, ...}; in search results a text. */
static int member_source(struct reading *rd, struct block *b)
{
    struct str key;
    int r = 0;
    if (!is_object_next(rd)) {
        skip(rd);
        return 0;
    }
    b->has_source = true;
    while (!r && scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("type")))
            r = next_word(rd, &b->source_type);
        else if (str_eq(key, STR("data")))
            b->source_data = next_string(rd);
        else if (str_eq(key, STR("content")))
            r = read_blocks(rd);
        else
            skip(rd);
    }
    return r;
}

/* Tools that come with a message, beside those at the top. */
static int member_tools(struct reading *rd, struct block *b)
{
    bool has_tool;
    if (scan_peek(&rd->scan) == JSON_ARRAY)
        return read_tool_list(rd, STR("tools"), &has_tool);
    skip(rd);
    return 0;
}

/* Anthropic's tool_addition: {"type": "tool_definition", "definition": a tool}, or a reference to one. */
static int member_tool(struct reading *rd, struct block *b)
{
    struct str key;
    int r = 0;
    if (!is_object_next(rd)) {
        skip(rd);
        return 0;
    }
    while (!r && scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("definition")) && scan_peek(&rd->scan) == JSON_OBJECT)
            r = read_tool(rd);
        else
            skip(rd);
    }
    return r;
}

static int member_tool_changes(struct reading *rd, struct block *b) { return read_blocks(rd); }

static int member_result(struct reading *rd, struct block *b)
{
    b->result = next_string(rd);
    return 0;
}

static int member_id(struct reading *rd, struct block *b)
{
    b->has_id = true;
    skip(rd);
    return 0;
}

static int member_cache_control(struct reading *rd, struct block *b)
{
    return read_cache_control(rd, STR("cache_control"));
}

static const struct {
    struct str name;
    int (*read)(struct reading *rd, struct block *b);
} members[] = {
    {STR_INIT("type"), member_type},
    {STR_INIT("role"), member_role},
    {STR_INIT("content"), member_content},
    {STR_INIT("output"), member_content}, /* of a tool that the agent ran: text or blocks */
    {STR_INIT("image_url"), member_image_url},
    {STR_INIT("input_audio"), member_input_audio},
    {STR_INIT("audio"), member_audio},
    {STR_INIT("file"), member_file},
    {STR_INIT("file_data"), member_file_data},
    {STR_INIT("file_url"), member_file_url},
    {STR_INIT("file_id"), member_file_id},
    {STR_INIT("source"), member_source},
    {STR_INIT("tools"), member_tools},
    {STR_INIT("tool"), member_tool},
    {STR_INIT("tool_changes"), member_tool_changes},
    {STR_INIT("result"), member_result},
    {STR_INIT("id"), member_id},
    {STR_INIT("cache_control"), member_cache_control},
};

/* ---- what a block is ---- */

static bool is_picture(const struct block *b)
{
    return b->has_image || str_eq(b->type, STR("image")) || str_eq(b->type, STR("input_image")) ||
           str_eq(b->type, STR("computer_screenshot"));
}

static void judge_source(struct reading *rd, const struct block *b)
{
    bool is_base64 = str_eq(b->source_type, STR("base64"));
    if (is_base64)
        leave_out(rd, b->source_data);
    bool is_here = str_eq(b->source_type, STR("text")) || str_eq(b->source_type, STR("content"));
    if (!is_here && !is_picture(b))
        rd->call->is_input_open = true; /* a PDF's pages, or what a URL or id stands for */
}

static void judge(struct reading *rd, const struct block *b)
{
    bool is_generated = b->result.n && str_eq(b->type, STR("image_generation_call"));
    if (is_generated)
        leave_out(rd, b->result);
    if (is_generated || is_picture(b))
        rd->call->n_images++;
    if (b->has_source)
        judge_source(rd, b);
    /* An item with an id and nothing else stands for what it names; its type may be left out. */
    bool is_reference = str_eq(b->type, STR("item_reference")) || (b->has_id && !b->type.n && !b->role.n);
    if (b->has_file || b->has_reference || is_reference || (b->has_file_id && !is_picture(b)))
        rd->call->is_input_open = true;
}

static void add_prompt(struct reading *rd, struct str raw)
{
    if (!rd->prompt)
        rd->prompt = sha256_new();
    sha256_add(rd->prompt, raw);
    sha256_add(rd->prompt, STR("\0")); /* no JSON has it: the parts stay apart */
}

static int read_block(struct reading *rd)
{
    struct block b = {0};
    struct str key;
    int r = 0;
    if (!scan_enter(&rd->scan, JSON_OBJECT))
        return 0;
    while (!r && scan_member(&rd->scan, &key)) {
        size_t i = 0, n = sizeof(members) / sizeof(members[0]);
        while (i < n && !str_eq(members[i].name, key))
            i++;
        if (i < n)
            r = members[i].read(rd, &b);
        else
            skip(rd);
    }
    judge(rd, &b);
    if (b.content.n && (str_eq(b.role, STR("system")) || str_eq(b.role, STR("developer"))))
        add_prompt(rd, b.content);
    return r;
}

/* A text, a block, or a list of blocks. Recursion is bounded by the depth of the text. */
static int read_blocks(struct reading *rd)
{
    int r = 0;
    enum json_type type = scan_peek(&rd->scan);
    if (type == JSON_OBJECT)
        return read_block(rd);
    if (type != JSON_ARRAY || !scan_enter(&rd->scan, JSON_ARRAY)) {
        skip(rd);
        return 0;
    }
    while (!r && scan_item(&rd->scan)) {
        if (scan_peek(&rd->scan) == JSON_OBJECT)
            r = read_block(rd);
        else
            skip(rd);
    }
    return r;
}

/* ---- fields ---- */

int read_messages(struct reading *rd, struct str name)
{
    enum json_type type = scan_peek(&rd->scan);
    int r = read_blocks(rd);
    if (r || type == JSON_ARRAY || type == JSON_NONE)
        return r;
    return llm_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` must be an array, not %s.", STR_ARG(name),
                     json_type_name(type));
}

int read_input(struct reading *rd, struct str name)
{
    enum json_type type = scan_peek(&rd->scan);
    if (type == JSON_STR || type == JSON_NULL) {
        skip(rd);
        return 0;
    }
    return read_messages(rd, name);
}

/* `instructions`, `system`: a text or blocks. */
int read_system(struct reading *rd, struct str name)
{
    struct block b = {0};
    enum json_type type = scan_peek(&rd->scan);
    int r = member_content(rd, &b);
    if (type != JSON_NULL && !rd->scan.error)
        add_prompt(rd, b.content);
    return r;
}

/* The prediction: what the model need not write. As many of its tokens as turn out wrong are billed as output. */
int read_prediction(struct reading *rd, struct str name)
{
    struct scan_value v;
    if (scan_value(&rd->scan, &v) && v.type != JSON_NULL)
        rd->call->prediction_bytes = (int64_t)v.raw.n;
    rd->binary_bytes += rd->call->prediction_bytes; /* it is not billed as input */
    return 0;
}

int read_cache_control(struct reading *rd, struct str name)
{
    struct str key, ttl = STR_NONE;
    int r = 0;
    if (!is_object_next(rd)) {
        skip(rd);
        return 0;
    }
    rd->call->may_write_cache = true;
    while (!r && scan_member(&rd->scan, &key)) {
        if (str_eq(key, STR("ttl")))
            r = next_word(rd, &ttl);
        else
            skip(rd);
    }
    if (ttl.n && !str_eq(ttl, STR("5m")))
        rd->call->may_write_cache_1h = true; /* the dearer one, also for what is new */
    return r;
}

/* Token ids: a list of numbers, or a list of such lists. Their digits are no text. */
static void count_ids(struct reading *rd)
{
    struct scan_value v;
    size_t from = value_at(rd);
    int64_t n = 0;
    bool is_text = false;
    if (!scan_enter(&rd->scan, JSON_ARRAY))
        return;
    while (scan_item(&rd->scan)) {
        if (scan_peek(&rd->scan) == JSON_ARRAY) {
            count_ids(rd);
            is_text = true; /* the inner lists have taken theirs */
        } else if (scan_value(&rd->scan, &v)) {
            n += v.type == JSON_NUMBER;
            is_text = is_text || v.type != JSON_NUMBER;
        }
    }
    rd->call->token_ids += n;
    if (n && !is_text)
        rd->binary_bytes += (int64_t)(scan_at(&rd->scan) - from);
}

int read_embedding_input(struct reading *rd, struct str name)
{
    enum json_type type = scan_peek(&rd->scan);
    if (type == JSON_ARRAY)
        count_ids(rd);
    else
        skip(rd);
    if (type == JSON_ARRAY || type == JSON_STR || type == JSON_NONE)
        return 0;
    return llm_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` must be a string or an array, not %s.",
                     STR_ARG(name), json_type_name(type));
}
