/* daemon/reload: every part of a changed configuration is taken over, or none. TLS: tests/e2e. */
#include "unit.h"

#include "base/err.h"
#include "crypto/jwk.h"
#include "daemon/reload.h"
#include "proxy/rates.h"
#include "proxy/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODEL "model\n  schema 1.1\ntype agent\ntype customer\n  relations\n    define can_act_for: [agent]\n"
#define TUPLE(n) "{user: \"agent:a\", relation: can_act_for, object: \"customer:" n "\"}"
#define TUPLES(...) "[" __VA_ARGS__ "]\n"
#define JWK(kid) \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"" kid "\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define ONE "sk_test_aaaaaaaaaaaaaaaaaaaaaaaa"
#define TWO "sk_test_bbbbbbbbbbbbbbbbbbbbbbbb"
#define LIVE "sk_" /* in pieces, as lint wants */ "live_cccccccccccccccccccccccc"

static char dir[] = "/tmp/flyball-reload-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, 0600), 0);
}

static void put_rates(const char *eur)
{
    char text[256], day[16];
    time_t now = time(NULL);
    struct tm tm;
    strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&now, &tm));
    snprintf(text, sizeof text, "date: \"%s\"\nmargin_percent: \"0.0\"\nmax_age: 7d\nusd:\n  EUR: \"%s\"\n", day, eur);
    put("fx.yaml", text);
}

/* What the file holds: the same at each start, then whatever a test says. */
static char config_text_now[2048];

static void configure(const char *more)
{
    snprintf(config_text_now, sizeof config_text_now,
             "vendors: {stripe: {base_url: 'http://127.0.0.1:1', secret: 'file:%s/secret'}}\n"
             "issuers: {idp: {issuer: i, audience: a, jwks: 'file:%s/jwks'}}\n"
             "fx: {table: %s/fx.yaml}\nrelations: {embedded: {model: %s/m.fga, tuples: %s/t.yaml}}\n%s",
             dir, dir, dir, dir, dir, more);
}

static int make(void *ctx, struct buf *error, const struct config **ret)
{
    struct config_input in = {.file = STR("flyball.yaml"), .text = str_c(config_text_now), .n_cores = 2};
    struct diag_list diags;
    struct arena a;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, CONFIG_ERRORS_MAX);
    int r = config_load(&in, &diags, ret);
    if (r < 0)
        (void)diag_list_text(&diags, error);
    arena_deinit(&a);
    return r;
}

struct world {
    const struct config *config;
    struct listener_tls tls;
    struct issuers *issuers;
    struct remotes remotes;
    struct rates *rates;
    struct vendor_set vendors;
    struct stats *stats;
    struct reload *reload;
    struct buf error;
};

static void world_init(struct world *w)
{
    put("secret", ONE "\n");
    put("jwks", JWK("k1"));
    put("m.fga", MODEL);
    put("t.yaml", TUPLES(TUPLE("1")));
    put_rates("1.10");
    configure("");
    memset(w, 0, sizeof *w);
    buf_init(&w->error, 65536);
    assert_int_equal(make(NULL, &w->error, &w->config), 0);
    pthread_mutex_init(&w->remotes.mutex, NULL);
    w->issuers = issuers_new(w->config, &w->config->limits, 0);
    w->rates = rates_new();
    assert_int_equal(vendor_set_load(w->config, NULL, 0, &w->error, &w->vendors), 0);
    assert_int_equal(stats_new(&w->vendors.vendors, &w->stats), 0);
    struct reload_options o = {.config = w->config, .make = make, .tls = &w->tls, .issuers = w->issuers,
                               .remotes = &w->remotes, .rates = w->rates, .vendors = &w->vendors, .stats = w->stats};
    w->reload = reload_new(&o);
    assert_int_equal(reload_now(w->reload, &w->error), 0);
}

static void world_deinit(struct world *w)
{
    reload_free(w->reload);
    issuers_free(w->issuers);
    remotes_put_relations(&w->remotes, NULL);
    pthread_mutex_destroy(&w->remotes.mutex);
    rates_free(w->rates);
    stats_free(w->stats);
    vendor_set_free(&w->vendors);
    config_unref(w->config);
    buf_deinit(&w->error);
}

/* --- what is in force --------------------------------------------------------------------------------------------- */

static int64_t usd_of_a_euro(struct world *w)
{
    struct amount euro = {.is_known = true, .minor = 100, .exponent = 2, .currency = "EUR"};
    struct fx_use use;
    struct cost c = rates_to_usd(w->rates, &euro, clock_system.wall(clock_system.ctx), &use);
    return c.how == HOW_UNKNOWN ? 0 : c.usd / 10000000; /* cents */
}

static size_t n_tuples(struct world *w)
{
    const struct relations *r = remotes_relations(&w->remotes);
    size_t n = r ? relations_n_tuples(r) : 0;
    relations_unref(r);
    return n;
}

static bool believes(struct world *w, const char *kid)
{
    bool is_ambiguous;
    struct jwk_set *keys = issuer_keys_take(issuers_at(w->issuers, 0)->keys, 0);
    bool is = jwk_set_find(keys, str_c(kid), &is_ambiguous) != NULL;
    jwk_set_unref(keys);
    return is;
}

static bool speaks_by(struct world *w, const char *secret)
{
    struct credential *c = credential_take(w->vendors.vendors.items[0].credential, 0);
    bool is = secret_equals(c->value, str_c(secret));
    credential_unref(c);
    return is;
}

static bool shows(struct world *w, const char *want)
{
    struct buf b;
    size_t at;
    buf_init(&b, 1 << 20);
    assert_int_equal(reload_config_json(w->reload, &b), 0);
    bool has = str_find(buf_str(&b), str_c(want), &at);
    buf_deinit(&b);
    return has;
}

static void assert_as_at_start(struct world *w)
{
    assert_int_equal(usd_of_a_euro(w), 110);
    assert_int_equal(n_tuples(w), 1);
    assert_true(believes(w, "k1") && !believes(w, "k2"));
    assert_true(speaks_by(w, ONE));
    assert_true(shows(w, "\"log.level\":{\"value\":\"info\""));
}

/* Everything is changed, to something good. */
static void change_all(void)
{
    put("secret", TWO "\n");
    put("jwks", JWK("k2"));
    put("t.yaml", TUPLES(TUPLE("1") ", " TUPLE("2")));
    put_rates("2.00");
    configure("log: {level: warn}\n");
}

static void assert_all_changed(struct world *w)
{
    assert_int_equal(usd_of_a_euro(w), 200);
    assert_int_equal(n_tuples(w), 2);
    assert_true(believes(w, "k2") && !believes(w, "k1"));
    assert_true(speaks_by(w, TWO));
    assert_true(shows(w, "\"log.level\":{\"value\":\"warn\",\"origin\":\"flyball.yaml:5\"}"));
}

static void assert_refused(struct world *w, const char *want)
{
    struct buf why;
    size_t at;
    buf_reset(&w->error);
    buf_init(&why, 65536);
    assert_true(reload_now(w->reload, &w->error) < 0);
    if (!str_find(buf_str(&w->error), str_c(want), &at))
        assert_str(buf_str(&w->error), want);
    assert_true(reload_refused(w->reload, &why) > 0);
    assert_true(str_eq(buf_str(&why), buf_str(&w->error)));
    buf_deinit(&why);
    buf_reset(&w->error);
    assert_as_at_start(w);
}

static void assert_taken(struct world *w)
{
    struct buf why;
    buf_init(&why, 65536);
    int r = reload_now(w->reload, &w->error);
    assert_str(buf_str(&w->error), "");
    assert_int_equal(r, 0);
    assert_int_equal(reload_refused(w->reload, &why), 0);
    assert_int_equal(why.n, 0);
    buf_deinit(&why);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void a_good_change_is_taken_over_whole(void **state)
{
    struct world w;
    world_init(&w);
    assert_as_at_start(&w);
    change_all();
    assert_as_at_start(&w); /* files are read when asked to */
    assert_taken(&w);
    assert_all_changed(&w);
    world_deinit(&w);
}

static void each_part_that_fails_leaves_all_others_as_they_were(void **state)
{
    static const struct {
        const char *file, *text, *want;
    } faults[] = {
        {"jwks", "{", "issuers.idp.jwks: "},
        {"fx.yaml", "usd: {EUR: nothing}\n", "fx.yaml:1:"},
        {"m.fga", "nonsense", "m.fga:1:"},
        {"t.yaml", "{", "t.yaml:2:1: syntax"},
        /* the last that is looked at */
        {"secret", "two words\nand a line", "vendors.stripe.secret: file /tmp/flyball-reload-"},
        {"secret", LIVE "\n", "vendors.stripe.secret: file:/tmp/flyball-reload-"},
    };
    struct world w;
    world_init(&w);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        change_all();
        put("m.fga", MODEL);
        put(faults[i].file, faults[i].text);
        assert_refused(&w, faults[i].want);
    }
    change_all();
    assert_taken(&w);
    assert_all_changed(&w);
    world_deinit(&w);
}

static void a_bad_file_or_a_key_that_needs_a_restart_refuses_all(void **state)
{
    struct world w;
    world_init(&w);
    change_all();
    configure("log: {level: warn}\nworkerz: 3\n");
    assert_refused(&w, "flyball.yaml:6:1: unknown_key: ");
    configure("log: {level: warn}\nworkers: 3\nlimits: {keys_max: 7}\n");
    assert_refused(&w, "flyball.yaml:6: restart: `workers` changes at a restart only\n"
                       "flyball.yaml:7: restart: `limits.keys_max` changes at a restart only");
    configure("log: {level: warn}\n");
    assert_taken(&w);
    assert_all_changed(&w);
    world_deinit(&w);
}

/* What counts is what is in force, not what was at the start. */
static void a_key_may_come_go_and_come_again(void **state)
{
    struct world w;
    world_init(&w);
    snprintf(config_text_now, sizeof config_text_now,
             "vendors: {stripe: {base_url: 'http://127.0.0.1:1', secret: 'file:%s/secret'}}\n"
             "issuers: {idp: {issuer: i, audience: a, jwks: 'file:%s/jwks'}}\n",
             dir, dir);
    assert_taken(&w);
    assert_int_equal(usd_of_a_euro(&w), 0);
    assert_int_equal(n_tuples(&w), 0);
    configure("");
    assert_taken(&w);
    assert_as_at_start(&w);
    put("other", TWO "\n");
    put("keys", JWK("k2"));
    snprintf(config_text_now, sizeof config_text_now,
             "vendors: {stripe: {base_url: 'http://127.0.0.1:1', secret: 'file:%s/other'}}\n"
             "issuers: {idp: {issuer: i, audience: a, jwks: 'file:%s/keys'}}\n",
             dir, dir);
    assert_taken(&w);
    assert_true(speaks_by(&w, TWO) && believes(&w, "k2"));
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_change_is_taken_over_whole),
        cmocka_unit_test(each_part_that_fails_leaves_all_others_as_they_were),
        cmocka_unit_test(a_bad_file_or_a_key_that_needs_a_restart_refuses_all),
        cmocka_unit_test(a_key_may_come_go_and_come_again),
    };
    static const char *const files[] = {"jwks", "fx.yaml", "m.fga", "t.yaml", "secret", "other", "keys"};
    char path[128];
    assert_non_null(mkdtemp(dir));
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        unlink(path);
    }
    rmdir(dir);
    return r;
}
