/*
 * admin/h_state.c - how the daemon is: alive, ready, limits, positions, configuration, vendors, the API's own
 * description.
 */
#include "admin/exports_view.h"
#include "admin/handlers.h"
#include "admin/limits_view.h"
#include "admin/request.h"
#include "proxy/core_follow.h"
#include "proxy/core_secrets.h"

#define REFUSED_BYTES_MAX 65536

void admin_on_healthz(struct request *r)
{
    (void)buf_add(&r->out, STR("{\"status\":\"ok\"}\n")); /* noted in the buf, here and below */
    request_answer(r, 200);
}

/* No member while the configuration in force is the one of the file. Why names files: for those with a token. */
static void put_refused(struct request *r, struct json_writer *w, bool with_why)
{
    struct buf why;
    buf_init(&why, REFUSED_BYTES_MAX);
    wall_t at = r->admin->config.refused(r->admin->config.ctx, &why);
    if (at)
        jw_put_wall_or_null(w, STR("reload_refused_at"), at);
    if (at && with_why)
        jw_put_str(w, STR("reload_refused"), buf_str(&why));
    buf_deinit(&why);
}

/* A target that fails makes nothing unready: what it lacks is on record. Nor does a reload: what was is in force. */
void admin_on_readyz(struct request *r)
{
    struct json_writer w;
    bool is_ready = false;
    int e = core_health_json(r->admin->core, &r->ask.json, &is_ready);
    is_ready = is_ready && e == 0;
    size_t n = core_vendors_without_secret(r->admin->core);
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_bool(&w, STR("ready"), is_ready);
    if (n) /* they refuse, the rest works; which they are is for those with a token */
        jw_put_i64(&w, STR("vendors_without_secret"), (int64_t)n);
    (void)core_observed_json(r->admin->core, &w); /* none is no member */
    put_refused(r, &w, false);
    if (str_eq(request_param(r, STR("verbose")), STR("1"))) {
        jw_key(&w, STR("exports"));
        exports_view(r->admin->exports, core_store_seq(r->admin->core), false, &w);
    }
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    request_answer(r, is_ready ? 200 : 503);
}

void admin_on_health(struct request *r)
{
    bool is_ready;
    struct str key;
    struct json health, value;
    struct json_writer w;
    int e = core_health_json(r->admin->core, &r->ask.json, &is_ready);
    if (e == 0)
        e = json_parse_own(&r->arena, buf_str(&r->ask.json), &health);
    if (e < 0) {
        request_fail_err(r, e);
        return;
    }
    jw_init(&w, &r->out);
    jw_object(&w);
    for (struct json_iter it = json_each(health); json_next(&it, &key, &value);) {
        jw_key_any(&w, key);
        jw_json(&w, value);
    }
    put_refused(r, &w, true);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

void admin_on_limits(struct request *r)
{
    struct json core, keys;
    struct json_writer w;
    struct buf text;

    buf_init(&text, ADMIN_ANSWER_BYTES_MAX);
    int e = core_limits_json(r->admin->core, &text);
    if (e == 0)
        e = json_parse(&r->arena, buf_str(&text), 64, &core);
    buf_reset(&text);
    if (e == 0)
        e = core_keys_json(r->admin->core, STR_NONE, r->who.tenant, &text);
    if (e == 0)
        e = json_parse(&r->arena, buf_str(&text), 64, &keys);
    buf_deinit(&text);
    if (e < 0) {
        request_fail_err(r, e);
        return;
    }
    jw_init(&w, &r->ask.json);
    struct str key = request_param(r, STR("key"));
    if (limits_view(&r->arena, core, keys, r->who.tenant, key, &w))
        request_answer_list(r, STR("limits"));
    else
        request_fail(r, 404, "not_found", "there is no key `" STR_FMT "`", STR_ARG(str_sub(key, 0, 64)));
}

void admin_on_exports(struct request *r)
{
    struct json_writer w;
    jw_init(&w, &r->ask.json);
    exports_view(r->admin->exports, core_store_seq(r->admin->core), true, &w);
    request_answer_list(r, STR("exports"));
}

void admin_on_config(struct request *r)
{
    int e = r->admin->config.json(r->admin->config.ctx, &r->out);
    if (e < 0) {
        request_fail_err(r, e);
        return;
    }
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

void admin_on_vendors(struct request *r)
{
    (void)buf_add(&r->ask.json, r->admin->vendors_json);
    request_answer_list(r, STR("vendors"));
}

void admin_on_reload(struct request *r)
{
    struct buf error;
    buf_init(&error, 65536);
    int e = r->admin->config.reload(r->admin->config.ctx, &error);
    if (e < 0) {
        request_fail(r, 400, "reload_failed", STR_FMT, STR_ARG(buf_str(&error)));
    } else {
        (void)buf_add(&r->out, STR("{\"reloaded\":true}\n"));
        request_answer(r, 200);
    }
    buf_deinit(&error);
}

void admin_on_openapi(struct request *r)
{
    (void)buf_add(&r->out, buf_str(&r->admin->openapi));
    request_answer(r, 200);
}
