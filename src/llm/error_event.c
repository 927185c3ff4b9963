/*
 * llm/error_event.c - an error in an open stream, as each dialect's own SDK takes it for one.
 *
 * OpenAI's SDK raises on a member `error` of any event's data, whatever the event is called; Anthropic's on the event's
 * name. A stream of responses gets both forms that OpenAI sends: the documented members and the object.
 */
#include "codec/json_write.h"
#include "llm/meter.h"

static void put_error(struct json_writer *w, struct str type, struct str message)
{
    jw_put_str(w, STR("message"), message);
    jw_put_str(w, STR("type"), type);
    jw_put_null(w, STR("param"));
    jw_put_str(w, STR("code"), type);
}

static void openai(struct json_writer *w, struct str type, struct str message)
{
    jw_key(w, STR("error"));
    jw_object(w);
    put_error(w, type, message);
    jw_object_end(w);
}

static void responses(struct json_writer *w, struct str type, struct str message)
{
    jw_put_str(w, STR("type"), STR("error"));
    jw_put_str(w, STR("code"), type);
    jw_put_str(w, STR("message"), message);
    jw_put_null(w, STR("param"));
    openai(w, type, message);
}

static void anthropic(struct json_writer *w, struct str type, struct str message, struct str call_id)
{
    jw_put_str(w, STR("type"), STR("error"));
    jw_key(w, STR("error"));
    jw_object(w);
    jw_put_str(w, STR("type"), type);
    jw_put_str(w, STR("message"), message);
    jw_object_end(w);
    jw_put_str(w, STR("request_id"), call_id);
}

void llm_error_event(enum llm_shape s, struct str type, struct str message, struct str call_id, struct buf *out)
{
    struct json_writer w;
    bool is_named = s == SHAPE_RESPONSES || llm_shape_dialect(s) == DIALECT_ANTHROPIC;
    (void)buf_add(out, is_named ? STR("event: error\ndata: ") : STR("data: ")); /* a full buf is the caller's to see */
    jw_init(&w, out);
    jw_object(&w);
    if (llm_shape_dialect(s) == DIALECT_ANTHROPIC)
        anthropic(&w, type, message, call_id);
    else if (s == SHAPE_RESPONSES)
        responses(&w, type, message);
    else
        openai(&w, type, message);
    jw_object_end(&w);
    (void)buf_add(out, STR("\n\n"));
}
