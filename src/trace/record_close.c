/*
 * trace/record_close.c - the CLOSE frame: how a call ended, what it cost and used, and what was learned.
 */
#include "trace/record_impl.h"

static void put_phases(struct json_writer *w, const struct record_phases *p)
{
    jw_key(w, STR("phases"));
    jw_object(w);
    record_put_us(w, STR("admit"), p->admit);
    record_put_us(w, STR("decide"), p->decide);
    record_put_us(w, STR("hold"), p->hold);
    record_put_us(w, STR("sync"), p->sync);
    record_put_us(w, STR("queue"), p->queue);
    record_put_us(w, STR("connect"), p->connect);
    record_put_us(w, STR("first_byte"), p->first_byte);
    record_put_us(w, STR("first_token"), p->first_token);
    record_put_us(w, STR("total"), p->total);
    jw_object_end(w);
}

static void put_amount(struct json_writer *w, const struct amount *m)
{
    if (!m->is_known)
        return;
    jw_key(w, STR("settled_amount"));
    jw_object(w);
    jw_put_i64(w, STR("amount"), m->minor);
    jw_put_str(w, STR("currency"), str_c(m->currency));
    jw_put_i64(w, STR("exponent"), m->exponent);
    jw_object_end(w);
}

static void put_how_it_ended(struct json_writer *w, const struct record_close *c)
{
    jw_put_i64(w, STR("open_seq"), (int64_t)c->open_seq);
    record_put_wall(w, STR("ended_at"), c->ended_at);
    record_put_str(w, STR("code"), code_text(c->code));
    if (c->status)
        jw_put_i64(w, STR("status"), c->status);
    record_put_str(w, STR("error"), c->error ? str_c(c->error) : c->vendor_error);
    record_put_str(w, STR("vendor_request_id"), c->vendor_request_id);
    record_put_str(w, STR("stream_end"), str_c(c->stream_end));
    if (c->is_replay)
        jw_put_bool(w, STR("replay"), true);
    jw_put_i64(w, STR("bytes_in"), (int64_t)c->bytes_in);
    jw_put_i64(w, STR("bytes_out"), (int64_t)c->bytes_out);
    record_put_str(w, STR("resolved_by"), c->resolved_by);
}

/* Tokens of classes [from, to) that are recorded under the name of `as`. */
static int64_t tokens_as(const struct usage *u, enum token_class as, enum token_class from, enum token_class to)
{
    int64_t n = 0;
    for (enum token_class i = from; i < to; i++)
        if (u->tokens[i] && str_eq(token_class_recorded(i), token_class_recorded(as)))
            n += u->tokens[i];
    return n;
}

/* One integer a recorded name, at its first class with tokens; most classes have none. */
static void put_tokens(struct json_writer *w, const struct usage *u)
{
    jw_key(w, STR("tokens"));
    jw_object(w);
    for (enum token_class i = 0; i < TOKEN_CLASS_COUNT; i++) {
        if (u->tokens[i] > 0 && tokens_as(u, i, 0, i) == 0)
            jw_put_i64(w, token_class_recorded(i), tokens_as(u, i, i, TOKEN_CLASS_COUNT));
    }
    jw_object_end(w);
}

static void put_tool_calls(struct json_writer *w, const struct record_model *m)
{
    if (m->n_tool_calls == 0)
        return;
    jw_key(w, STR("tool_calls"));
    jw_array(w);
    for (size_t i = 0; i < m->n_tool_calls; i++) {
        jw_object(w);
        record_put_name(w, STR("id"), m->tool_calls[i].id);
        record_put_name(w, STR("name"), m->tool_calls[i].name);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void put_model(struct json_writer *w, const struct record_model *m)
{
    if (m->sent.n == 0)
        return;
    record_put_name(w, STR("model_sent"), m->sent);
    record_put_name(w, STR("model_returned"), m->returned);
    record_put_name(w, STR("finish"), m->finish);
    record_put_name(w, STR("tier"), m->tier);
    record_put_name(w, STR("catalog"), m->catalog);
    if (m->usage.how != HOW_UNKNOWN) {
        put_tokens(w, &m->usage);
        jw_put_str(w, STR("tokens_how"), how_text(m->usage.how));
        if (m->usage.web_searches > 0)
            jw_put_i64(w, STR("web_searches"), m->usage.web_searches);
    }
    put_tool_calls(w, m);
}

/* The move of that limit in the hold of `of`, looked for from *at on, and *at behind it; NULL: nothing moved there. */
static const struct record_move *move_at(const struct record_close *c, uint64_t of, size_t i, size_t *at)
{
    for (size_t n = 0; n < c->n_moves; n++) {
        const struct record_move *m = &c->moves[*at];
        *at = *at + 1 < c->n_moves ? *at + 1 : 0;
        if (m->i == i && m->of == of)
            return m;
    }
    return NULL;
}

/* Two numbers a limit of the hold, up to the last that moved. */
static void put_moves_of(struct json_writer *w, const struct record_close *c, uint64_t of)
{
    size_t n = 0, at = 0;
    for (size_t k = 0; k < c->n_moves; k++)
        if (c->moves[k].of == of && c->moves[k].i >= n)
            n = c->moves[k].i + 1;
    for (size_t i = 0; i < n; i++) {
        const struct record_move *m = move_at(c, of, i, &at);
        jw_i64s(w, (const int64_t[]){m ? m->released : 0, m ? m->settled : 0}, 2);
    }
}

/* Of the call's own hold, and of one that it shares. */
static void put_moves(struct json_writer *w, const struct record_close *c)
{
    uint64_t other = 0;
    jw_key(w, STR("moves"));
    jw_array(w);
    put_moves_of(w, c, c->open_seq);
    jw_array_end(w);
    for (size_t k = 0; k < c->n_moves && !other; k++)
        if (c->moves[k].of != c->open_seq)
            other = c->moves[k].of;
    if (!other)
        return;
    jw_key(w, STR("shared_moves"));
    jw_array(w);
    jw_u64(w, other);
    put_moves_of(w, c, other);
    jw_array_end(w);
}

static void put_objects(struct personal *p, const struct record_close *c)
{
    jw_key(&p->w, STR("object_ids"));
    jw_array(&p->w);
    for (size_t i = 0; i < c->n_objects; i++)
        jw_str(&p->w, c->objects[i].id);
    jw_array_end(&p->w);
    jw_key(&p->w, STR("objects"));
    jw_array(&p->w);
    for (size_t i = 0; i < c->n_objects; i++) {
        const struct record_object *o = &c->objects[i];
        jw_object(&p->w);
        jw_put_str(&p->w, STR("id"), o->id);
        jw_put_str(&p->w, STR("type"), o->type);
        record_put_str(&p->w, STR("customer"), o->customer);
        record_put_str(&p->w, STR("parent"), o->parent);
        jw_put_bool(&p->w, STR("created"), o->is_created);
        jw_object_end(&p->w);
    }
    jw_array_end(&p->w);
}

/* What a tool was asked to do has few enough possible values to be guessed from a hash without salt. */
static void put_args_hashes(struct personal *p, const struct record_model *m)
{
    jw_key(&p->w, STR("args_hashes"));
    jw_array(&p->w);
    for (size_t i = 0; i < m->n_tool_calls; i++) {
        const char *hash = m->tool_calls[i].args_hash;
        if (hash[0])
            jw_str(&p->w, (struct str){hash, sizeof(m->tool_calls[i].args_hash)});
        else
            jw_null(&p->w);
    }
    jw_array_end(&p->w);
}

void record_close_begin(struct record_writer *rw, const struct record_close *c, struct buf *body, struct buf *personal)
{
    struct json_writer *w = &rw->w;
    rw->body = body;
    rw->personal = personal;
    jw_init(w, body);
    jw_object(w);
    put_how_it_ended(w, c);
    put_phases(w, &c->phases);
    put_model(w, &c->model);
    record_put_attempts(w, c->attempts, c->n_attempts);
    bool has_args = c->model.sent.n && c->model.n_tool_calls;
    if (c->n_objects || c->customer.n || c->poll.n || has_args) {
        struct personal p;
        personal_begin(&p, c->salt, personal);
        record_put_str(&p.w, STR("customer"), c->customer);
        record_put_str(&p.w, STR("poll"), c->poll);
        if (c->n_objects)
            put_objects(&p, c);
        if (has_args)
            put_args_hashes(&p, &c->model);
        personal_end(&p, w);
    }
}

void record_close_end(struct record_writer *rw, const struct record_close *c)
{
    struct json_writer *w = &rw->w;
    record_put_str(w, STR("outcome"), outcome_text(c->outcome));
    record_put_cost(w, STR("settled"), c->settled);
    put_amount(w, &c->amount);
    if (c->is_overrun)
        jw_put_bool(w, STR("overrun"), true);
    put_moves(w, c);
    jw_object_end(w);
    jw_end(w);
}

void record_close(const struct record_close *c, struct buf *body, struct buf *personal)
{
    struct record_writer rw;
    record_close_begin(&rw, c, body, personal);
    record_close_end(&rw, c);
}
