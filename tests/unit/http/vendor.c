/* tests/unit/http/vendor.c - see vendor.h. */
#include "http/vendor.h"

static void on_info(void *ctx, const struct http_head *h)
{
    struct call *c = ctx;

    rig_log(c->rig, "%s info %u\n", c->name, h->status);
}

static void done(struct call *c)
{
    c->bytes_out = c->x->bytes_out;
    c->is_reused = c->x->is_reused;
    c->got_first_byte = c->x->got_first_byte;
    c->got_surplus = c->x->got_surplus;
    http_release(c->x);
    c->x = NULL;
}

static void on_head(void *ctx, const struct http_head *h)
{
    struct call *c = ctx;

    rig_log(c->rig, "%s head %u '" STR_FMT "' %lld", c->name, h->status, STR_ARG(h->reason), (long long)h->body_bytes);
    for (size_t i = 0; i < h->n_fields; i++)
        rig_log(c->rig, "|" STR_FMT "=" STR_FMT, STR_ARG(h->fields[i].name), STR_ARG(h->fields[i].value));
    rig_log(c->rig, "\n");
    if (c->releases_on_head)
        done(c);
    else
        http_credit(c->x, c->credit);
}

static void on_body(void *ctx, struct str b)
{
    struct call *c = ctx;

    c->body_bytes += b.n;
    rig_log(c->rig, "%s body " STR_FMT "\n", c->name, b.n > 64 ? 64 : (int)b.n, b.p);
}

static void on_end(void *ctx, const struct http_field *t, size_t n)
{
    struct call *c = ctx;

    for (size_t i = 0; i < n; i++)
        rig_log(c->rig, "%s trailer " STR_FMT "=" STR_FMT "\n", c->name, STR_ARG(t[i].name), STR_ARG(t[i].value));
    done(c);
    if (c->opens_next)
        call_open(c->next);
    rig_log(c->rig, "%s end after %zu, kept %zu\n", c->name, c->body_bytes, http_pool_connections(c->rig->pool));
}

static void on_writable(void *ctx)
{
    struct call *c = ctx;

    rig_log(c->rig, "%s writable\n", c->name);
}

static void on_reset(void *ctx, enum http_reset why)
{
    static const char *const names[] = {
#define HTTP_RESET(name, text) #name,
#include "http/reset.tbl.h"
#undef HTTP_RESET
    };
    struct call *c = ctx;

    done(c);
    rig_log(c->rig, "%s reset %s\n", c->name, names[why]);
}

static const struct http_events events = {.on_info = on_info, .on_head = on_head, .on_body = on_body, .on_end = on_end,
                                          .on_writable = on_writable, .on_reset = on_reset};

void call_open(void *ctx)
{
    struct call *c = ctx;
    struct http_field field = {STR("X-A"), STR("1")};
    struct http_head h = {.method = str_c(c->method), .target = STR("/v1/x?y=z"), .fields = &field, .n_fields = 1,
                          .body_bytes = c->length};

    c->x = http_pool_open(c->rig->pool, &c->target, &c->times, c->fresh, &events, c);
    http_send_head(c->x, &h);
    http_write(c->x, str_c(c->body));
    if (!c->keeps_open)
        http_finish(c->x, NULL, 0);
}

void call_finish(void *ctx) { http_finish(((struct call *)ctx)->x, NULL, 0); }
void call_release(void *ctx) { done(ctx); }
void call_credit(void *ctx) { http_credit(((struct call *)ctx)->x, ((struct call *)ctx)->credit); }
void close_idle(void *ctx) { http_pool_close_idle(((struct rig *)ctx)->pool); }

/* -------- the test's side -------- */

void vendor_begin(struct vendor *v)
{
    rig_init(&v->rig);
    buf_init(&v->seen, 1 << 24);
    v->listener = wire_listen(&v->addr);
}

void vendor_end(struct vendor *v)
{
    rig_stop(&v->rig);
    close(v->listener);
    buf_deinit(&v->seen);
}

struct call call_of(struct vendor *v, const char *name)
{
    return (struct call){.rig = &v->rig, .name = name, .target = http_target_at(&v->addr),
                         .times = {2000, 2000, 2000}, .method = "GET", .body = "", .credit = SIZE_MAX};
}

void call_start(struct call *c) { rig_do(c->rig, call_open, c); }

void vendor_read_head(struct vendor *v, int fd)
{
    buf_reset(&v->seen);
    assert_true(wire_read_until(fd, &v->seen, "\r\n\r\n"));
}

void vendor_respond(struct vendor *v, int fd, struct str answer)
{
    vendor_read_head(v, fd);
    wire_try_send(fd, answer);
}

