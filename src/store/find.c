/*
 * store/find.c - the ids that frames name.
 */
#include "store/find.h"

#include "base/err.h"
#include "store/render.h"

#define PARAM_BYTES_MIN 6

static struct str kind_text(enum find_kind k)
{
    static const struct str TEXTS[] = {
#define FIND(name, text) STR_INIT(text),
#include "store/find.tbl.h"
#undef FIND
    };
    return TEXTS[k];
}

static struct str how_found_text(enum find_how h)
{
    static const struct str TEXTS[] = {
#define FIND_HOW(name, text) STR_INIT(text),
#include "store/find.tbl.h"
#undef FIND_HOW
    };
    return TEXTS[h];
}

static int give(find_cb on, void *ctx, enum find_kind kind, enum find_how how, struct str id)
{
    struct find_value v = {kind, how, id};
    return id.n == 0 || id.n > FIND_BYTES_MAX ? 0 : on(ctx, &v);
}

/* Ids, addresses and telephone numbers; no words, no sentences. */
static bool looks_like_id(struct str s)
{
    bool has_mark = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if (ch <= ' ')
            return false;
        has_mark |= (ch >= '0' && ch <= '9') || ch == '@';
    }
    return has_mark && s.n >= PARAM_BYTES_MIN;
}

/* A list of addresses is one value with commas between them. */
static int give_params(const struct call_open *o, find_cb on, void *ctx)
{
    int r = 0;
    for (size_t i = 0; i < o->n_params && r == 0; i++) {
        struct str rest = o->params[i], one;
        for (bool has_more = true; has_more && r == 0;) {
            one = rest;
            has_more = str_cut(rest, ',', &one, &rest);
            if (looks_like_id(one))
                r = give(on, ctx, FIND_PARAM, FIND_HOW_NAMED, one);
        }
    }
    return r;
}

int find_in_open(const struct call_open *o, find_cb on, void *ctx)
{
    int r = give(on, ctx, FIND_CALL, FIND_HOW_EXACT, o->call_id);
    if (r == 0)
        r = give(on, ctx, FIND_IDEMPOTENCY, FIND_HOW_EXACT, o->idempotency_key);
    if (r == 0)
        r = give(on, ctx, FIND_TRACE, FIND_HOW_EXACT, o->trace_id);
    if (r == 0)
        r = give(on, ctx, FIND_TOOL_CALL, FIND_HOW_CARRIED_OUT, o->tool_call_id);
    if (r == 0)
        r = give(on, ctx, FIND_CUSTOMER, FIND_HOW_NAMED, o->customer);
    if (r == 0)
        r = give(on, ctx, FIND_USER, FIND_HOW_NAMED, o->user);
    if (r == 0)
        r = give(on, ctx, FIND_RUN, FIND_HOW_PARENT, o->parent_run_id);
    for (size_t i = 0; i < o->n_affected && r == 0; i++)
        r = give(on, ctx, FIND_CUSTOMER, FIND_HOW_NAMED, o->affected[i]);
    return r == 0 ? give_params(o, on, ctx) : r;
}

static int give_objects(const struct call_close *c, find_cb on, void *ctx)
{
    int r = 0;
    for (size_t i = 0; i < c->n_objects && r == 0; i++)
        r = give(on, ctx, FIND_OBJECT, c->objects[i].is_created ? FIND_HOW_CREATED : FIND_HOW_SEEN, c->objects[i].id);
    for (size_t i = 0; i < c->n_objects && r == 0; i++) {
        r = give(on, ctx, FIND_OBJECT, FIND_HOW_PARENT, c->objects[i].parent);
        if (r == 0)
            r = give(on, ctx, FIND_CUSTOMER, FIND_HOW_SEEN, c->objects[i].customer);
    }
    return r;
}

int find_in_close(const struct call_close *c, find_cb on, void *ctx)
{
    int r = give_objects(c, on, ctx);
    if (r == 0)
        r = give(on, ctx, FIND_CUSTOMER, FIND_HOW_SEEN, c->customer);
    if (r == 0)
        r = give(on, ctx, FIND_VENDOR_REQUEST, FIND_HOW_EXACT, c->vendor_request_id);
    for (size_t i = 0; i < c->n_tool_calls && r == 0; i++)
        r = give(on, ctx, FIND_TOOL_CALL, FIND_HOW_ASKED, c->tool_calls[i]);
    return r;
}

struct wanted {
    struct str id;
    struct find_value *ret;
};

static int is_wanted(void *ctx, const struct find_value *v)
{
    const struct wanted *w = ctx;
    if (!str_eq(v->id, w->id))
        return 0;
    *w->ret = *v;
    return 1;
}

int find_in_frame(struct arena *a, const struct frame *f, struct str id, uint64_t *ret_open_seq,
                  struct find_value *ret)
{
    struct wanted want = {id, ret};
    struct call_open open;
    struct call_close close;
    int r = 0;
    if (f->kind == FRAME_OPEN && (r = frame_read_open(a, f, &open)) == 0) {
        r = find_in_open(&open, is_wanted, &want);
        *ret_open_seq = f->seq;
    } else if (f->kind == FRAME_CLOSE && (r = frame_read_close(a, f, &close)) == 0) {
        r = find_in_close(&close, is_wanted, &want);
        *ret_open_seq = close.open_seq;
    }
    return r < 0 ? r : r == 0 ? FIND_R_NONE : 0;
}

int find_key_row(struct arena *a, const struct frame *f, struct find_row *ret)
{
    struct json body, personal;
    int r = frame_parse_both(a, f->body, f->personal, &body, &personal);
    if (r < 0)
        return r;
    (void)json_str(json_get(body, STR("agent")), &ret->agent); /* absent: stays empty */
    if (!json_str(json_get(personal, STR("tenant")), &ret->tenant))
        (void)json_str(json_get(body, STR("tenant")), &ret->tenant);
    ret->at = f->at;
    return 0;
}

void render_find(struct json_writer *w, const struct find_row *r)
{
    const struct call_row *c = r->call;
    jw_object(w);
    jw_put_str(w, STR("kind"), kind_text(r->value.kind));
    jw_put_str(w, STR("id"), r->value.id);
    jw_put_str_or_null(w, STR("call_id"), c ? c->call_id : STR_NONE);
    jw_put_str_or_null(w, STR("run_id"), c ? c->run_id : STR_NONE);
    jw_put_str_or_null(w, STR("agent"), c ? c->agent : r->agent);
    jw_put_str_or_null(w, STR("tenant"), c ? c->tenant : r->tenant);
    render_wall(w, STR("at"), c ? c->started_at : r->at);
    jw_put_str(w, STR("how"), how_found_text(r->value.how));
    jw_object_end(w);
}
