/*
 * daemon/vendors.c - makes struct vendor from config and connector. Fails at start, with a sentence, rather than at a
 * call.
 */
#include "daemon/vendors.h"

#include "base/err.h"
#include "codec/json_write.h"
#include "io/files.h"
#include "io/whole_file.h"
#include "tls/client.h"

#include <stdlib.h>
#include <string.h>

#define CONNECTOR_BYTES_MAX (1u << 20)

/* The user's own folder first, then what is compiled in. */
static int connector_text(const struct config *c, struct str name, struct buf *text, struct str *ret_file,
                          struct arena *a)
{
    struct str builtin;
    if (c->connectors.n) {
        *ret_file = arena_printf(a, STR_FMT "/" STR_FMT "/connector.yaml", STR_ARG(c->connectors), STR_ARG(name));
        int r = io_read_file(io_system(), *ret_file, CONNECTOR_BYTES_MAX, text);
        if (r != -ERR_NOT_FOUND)
            return r;
    }
    *ret_file = arena_printf(a, "connectors/" STR_FMT "/connector.yaml", STR_ARG(name));
    if (!connector_builtin(name, &builtin))
        return -ERR_NOT_FOUND;
    return buf_add(text, builtin);
}

static int load_connector(const struct config *c, struct str name, struct arena *a, struct buf *error,
                          struct connector **ret)
{
    struct buf text;
    struct diag_list diags;
    struct str file;

    buf_init(&text, CONNECTOR_BYTES_MAX);
    diag_list_init(&diags, a, 20);
    int r = connector_text(c, name, &text, &file, a);
    if (r < 0)
        buf_printf(error, "there is no connector named " STR_FMT " (%s)", STR_ARG(name), err_text(r));
    else if ((r = connector_parse(buf_str(&text), file, &c->limits, &diags, ret)) < 0)
        (void)diag_list_text(&diags, error);
    buf_deinit(&text);
    return err_trace(r);
}

/* The user's own prices, before any call needs one. */
static int load_prices(const struct config_vendor *cv, struct connector *c, struct arena *a, struct buf *error)
{
    struct buf text;
    struct diag_list diags;
    if (!cv->prices.n)
        return 0;
    buf_init(&text, CONNECTOR_BYTES_MAX);
    diag_list_init(&diags, a, 20);
    int r = io_read_file(io_system(), cv->prices, CONNECTOR_BYTES_MAX, &text);
    if (r < 0)
        buf_printf(error, "vendors." STR_FMT ".prices: " STR_FMT " cannot be read (%s)", STR_ARG(cv->name),
                   STR_ARG(cv->prices), err_text(r));
    else if ((r = connector_override_prices(c, buf_str(&text), cv->prices, &diags)) < 0)
        (void)diag_list_text(&diags, error);
    buf_deinit(&text);
    return err_trace(r);
}

/* True when the config names the vendor's own address, as the connector does. */
static bool is_own_address(const struct config_vendor *cv, const struct connector *c)
{
    struct str url = connector_base_url(c);
    return cv->is_tls && str_starts(url, STR("https://")) && str_eq(str_sub(url, 8, url.n), cv->host);
}

static void set_additions(struct vendor *v, const struct config_vendor *cv)
{
    v->additions = (struct saas_additions){.idempotency_key = cv->additions == ADDITIONS_ALL,
                                           .tag = cv->additions == ADDITIONS_ALL,
                                           .usage = cv->additions == ADDITIONS_ALL};
    for (size_t i = 0; i < cv->n_additions_listed; i++) {
        v->additions.idempotency_key |= str_eq(cv->additions_listed[i], STR("idempotency_key"));
        v->additions.tag |= str_eq(cv->additions_listed[i], STR("tag"));
        v->additions.usage |= str_eq(cv->additions_listed[i], STR("usage"));
    }
}

static void set_timeouts(struct vendor *v, const struct config_timeouts *t, const struct limits *l)
{
    v->timeouts = (struct http_timeouts){t->connect_ms, t->first_byte_ms, t->idle_ms};
    v->lookup_timeouts = (struct http_timeouts){t->connect_ms, l->lookup_timeout_ms, l->lookup_timeout_ms};
}

static void set_target(struct vendor *v, struct arena *a, const struct http_target *target)
{
    v->target = *target;
    v->target.host = arena_str(a, target->host);
    v->target_text = arena_printf(a, str_has(target->host, ':') ? "[" STR_FMT "]:%u" : STR_FMT ":%u",
                                  STR_ARG(target->host), target->port);
}

/* What TLS needs where base_url is https: whom we believe. Sessions are kept for all vendors together. */
static int set_tls(struct vendor *v, const struct config_vendor *cv, struct vendor_set *set, struct buf *error)
{
    int r;
    if (!cv->is_tls)
        return 0;
    if (!set->sessions && (r = tls_sessions_new(&set->sessions)) < 0)
        return r;
    r = tls_client_new(cv->ca_file, set->sessions, error, &v->target.tls);
    if (r < 0 && cv->ca_file.n)
        buf_printf(error, " (vendors." STR_FMT ".ca_file)", STR_ARG(cv->name));
    return r;
}

/* CONTRACT 3: what the secret does not tell is live. */
int vendor_secret_mode(const struct vendor *v, struct str configured, const struct secret *secret, enum mode *ret)
{
    enum mode mode = MODE_LIVE;
    int r = configured.n ? mode_parse(configured, &mode) : 0;
    if (!configured.n && secret)
        (void)connector_secret_mode(v->connector, secret_reveal(secret), &mode);
    if (r == 0)
        *ret = mode;
    return r;
}

/* From the environment or a file, which a reload may put another one in place of. Takes `secret` over. */
static int put_credential(struct vendor *v, struct secret *secret)
{
    struct credential *c;
    int r = credential_new(secret, NULL, 0, v->mode, &c);
    if (r < 0)
        return r;
    v->credential = credential_slot_new();
    credential_put(v->credential, c, SECRET_OK);
    return 0;
}

/* Of the store: the core fills the slot, when it knows its secrets. */
static int expect_credential(struct vendor *v, const struct config_vendor *cv, struct arena *a)
{
    v->secret_name = arena_str(a, str_sub(cv->secret, CONFIG_SECRET_STORE.n, cv->secret.n));
    v->credential = credential_slot_new();
    v->mode_follows_secret = cv->mode.n == 0;
    return vendor_secret_mode(v, cv->mode, NULL, &v->mode);
}

static int set_credential(struct vendor *v, const struct config_vendor *cv, struct buf *error)
{
    struct secret *secret = NULL;
    int r = cv->secret.n ? secret_load(cv->secret, error, &secret) : 0;
    if (r < 0)
        return r;
    r = vendor_secret_mode(v, cv->mode, secret, &v->mode);
    if (r < 0 || !secret) {
        secret_free(secret);
        return r;
    }
    return put_credential(v, secret);
}

static int load_one(const struct config *c, const struct config_vendor *cv, size_t i, struct buf *error,
                    struct vendor_set *set)
{
    struct vendor *v = &set->vendors.items[i];
    int r = load_connector(c, cv->connector, &set->arena, error, &set->connectors[i]);
    if (r < 0)
        return r;
    v->name = set->names[i] = arena_str(&set->arena, cv->name);
    v->connector = set->connectors[i];
    if ((r = load_prices(cv, set->connectors[i], &set->arena, error)) < 0)
        return r;
    check(cv->base_url.n > 0); /* required, and checked by the config */
    struct config_timeouts timeouts = config_vendor_timeouts(c, cv);
    set_target(v, &set->arena,
               &(struct http_target){.host = cv->host, .port = cv->port, .allows_private = cv->is_private});
    if ((r = set_tls(v, cv, set, error)) < 0)
        return r;
    set_additions(v, cv);
    set_timeouts(v, &timeouts, &c->limits);
    v->forwards_run_id = cv->forwards_run_id;
    v->polls = cv->polls;
    v->has_hosts = is_own_address(cv, v->connector);
    return str_starts(cv->secret, CONFIG_SECRET_STORE) ? expect_credential(v, cv, &set->arena)
                                                       : set_credential(v, cv, error);
}

static int load_extra(const struct config *c, const struct extra_vendor *x, size_t i, struct buf *error,
                      struct vendor_set *set)
{
    struct vendor *v = &set->vendors.items[i];
    struct config_timeouts timeouts = config_vendor_timeouts(c, &(struct config_vendor){.port = 0});
    int r = load_connector(c, x->name, &set->arena, error, &set->connectors[i]);
    if (r < 0) {
        secret_free(x->secret);
        return r;
    }
    v->name = set->names[i] = x->name;
    v->connector = set->connectors[i];
    v->mode = MODE_TEST;
    v->is_simulated = v->polls = true;
    v->additions = (struct saas_additions){.idempotency_key = true, .tag = true, .usage = true};
    struct http_target target = http_target_at(&x->addr);
    set_target(v, &set->arena, &target);
    set_timeouts(v, &timeouts, &c->limits);
    return put_credential(v, x->secret);
}

static void know_operations(struct vendor_set *v)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < v->vendors.n; i++)
        n += connector_known(v->connectors[i], v->names[i], NULL, NULL);
    struct known_operation *operations = arena_alloc(&v->arena, (n + 1) * sizeof(*operations));
    for (size_t i = 0; i < v->vendors.n; i++)
        at += connector_known(v->connectors[i], v->names[i], &v->arena, &operations[at]);
    check(at == n);
    v->known = (struct known){v->names, v->vendors.n, operations, n, zoneinfo_zones(v->zoneinfo)};
}

int vendor_set_load(const struct config *c, const struct extra_vendor *extra, size_t n_extra, struct buf *error,
                    struct vendor_set *ret)
{
    size_t n = c->n_vendors, n_max = c->n_vendors + n_extra + 1;
    int r = 0;
    memset(ret, 0, sizeof(*ret));
    arena_init(&ret->arena, 16u << 20);
    ret->vendors.items = calloc(n_max, sizeof(*ret->vendors.items));
    ret->connectors = calloc(n_max, sizeof(*ret->connectors));
    ret->names = calloc(n_max, sizeof(*ret->names));
    ret->zoneinfo = zoneinfo_new(io_system(), STR(ZONEINFO_FOLDER));
    check(ret->vendors.items && ret->connectors && ret->names && ret->zoneinfo);
    for (size_t i = 0; i < n && r == 0; i++) {
        ret->vendors.n = i + 1;
        r = load_one(c, &c->vendors[i], i, error, ret);
    }
    for (size_t i = 0; i < n_extra && r == 0; i++) {
        if (config_vendor(c, extra[i].name)) {
            secret_free(extra[i].secret);
            continue;
        }
        ret->vendors.n++;
        r = load_extra(c, &extra[i], ret->vendors.n - 1, error, ret);
    }
    if (r == 0)
        know_operations(ret);
    for (size_t i = 0; i < n && r == 0; i++)
        secret_env_wipe(c->vendors[i].secret);
    return err_trace(r);
}

void vendor_set_free(struct vendor_set *v)
{
    for (size_t i = 0; i < v->vendors.n; i++) {
        credential_slot_free(v->vendors.items[i].credential);
        tls_client_free(v->vendors.items[i].target.tls);
        connector_free(v->connectors[i]);
    }
    free(v->vendors.items);
    free(v->connectors);
    free(v->names);
    tls_sessions_free(v->sessions);
    zoneinfo_free(v->zoneinfo);
    arena_deinit(&v->arena);
}

int vendor_set_json(const struct vendor_set *v, struct str data_url, struct buf *out)
{
    struct buf url;
    struct json_writer w;
    struct buf ops;
    jw_init(&w, out);
    jw_array(&w);
    for (size_t i = 0; i < v->vendors.n; i++) {
        const struct vendor *it = &v->vendors.items[i];
        buf_init(&ops, 4u << 20);
        buf_init(&url, 4096);
        (void)buf_printf(&url, STR_FMT "/" STR_FMT, STR_ARG(data_url), STR_ARG(it->name)); /* both are short */
        jw_object(&w);
        jw_put_str(&w, STR("name"), it->name);
        jw_put_str(&w, STR("connector"), connector_name(it->connector));
        jw_put_str(&w, STR("target"), it->target_text);
        jw_put_str(&w, STR("mode"), it->mode_follows_secret ? STR("as the secret") : mode_text(it->mode));
        jw_put_str(&w, STR("url"), buf_str(&url));
        jw_put_bool(&w, STR("is_simulated"), it->is_simulated);
        jw_put_bool(&w, STR("has_secret"), it->credential != NULL);
        if (connector_operations_json(it->connector, &ops) == 0)
            jw_put_raw(&w, STR("operations"), buf_str(&ops));
        jw_object_end(&w);
        buf_deinit(&ops);
        buf_deinit(&url);
    }
    jw_array_end(&w);
    jw_end(&w);
    return buf_ok(out);
}
