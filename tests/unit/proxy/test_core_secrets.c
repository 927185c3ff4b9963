/*
 * proxy/core_secrets*.c: what is set is in the vendor's slot, what is on record is sealed, and what a restart, another
 * key or a changed record makes of it.
 */
#include "unit.h"

#include "codec/b64.h"
#include "io/io_memory.h"
#include "proxy/core_impl.h"
#include "proxy/core_secrets.h"
#include "proxy/vendor.h"
#include "store/memory/store_memory.h"

#include <stdlib.h>
#include <string.h>

#define ONE "sk_test_canary_one_0123456789"
#define TWO "sk_test_canary_two_0123456789"
#define LIVE "sk_live_canary"
#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define DAY (24 * 3600 * NS_PER_S)

static wall_t wall_now = 1795440734 * NS_PER_S;
static mono_t test_mono(void *ctx) { return 0; }
static wall_t test_wall(void *ctx) { return wall_now; }

struct world {
    struct limits limits;
    struct clock clock;
    struct rng rng;
    struct io *io;
    struct store *store;
    struct journal *journal;
    struct core *core;
    struct arena arena;
    struct connector *connector;
    struct vendor items[2]; /* stripe and a second one, both of the secret "stripe" */
    struct vendors vendors;
    const char *key; /* of the next start; NULL: none */
    const char *problem;
    int n_made;
    uint64_t seq;
};

static int make_key(void *ctx, struct keyring **ret)
{
    struct world *w = ctx;
    w->n_made++;
    w->key = KEY;
    return keyring_new(STR(KEY), ret);
}

static void start(struct world *w)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch = 0;
    uint64_t seq = w->store->ops->position(w->store, chain, &epoch);
    struct keyring *keyring = NULL;
    assert_int_equal(journal_open(w->io, STR("journal"), &w->limits, 1, seq, chain, epoch, &w->journal), 0);
    if (w->key)
        assert_int_equal(keyring_new(str_c(w->key), &keyring), 0);
    for (size_t i = 0; i < 2; i++) /* a new process knows nothing */
        credential_put(w->items[i].credential, NULL, SECRET_UNSET);
    struct core_options o = {.limits = &w->limits,
                             .clock = &w->clock,
                             .rng = &w->rng,
                             .journal = w->journal,
                             .store = w->store,
                             .secret_users = &w->vendors,
                             .keyring = keyring,
                             .secrets_problem = w->problem ? str_c(w->problem) : STR_NONE,
                             .make_key = keyring ? NULL : make_key,
                             .make_key_ctx = w};
    assert_int_equal(core_new(&o, &w->core), 0);
}

/* `is_drained` false: as kill -9 leaves it, the journal alone has the last frames. */
static void stop(struct world *w, bool is_drained)
{
    while (is_drained && core_drain_turn(w->core))
        ;
    core_free(w->core);
    journal_close(w->journal);
}

static void restart(struct world *w, bool is_drained)
{
    stop(w, is_drained);
    start(w);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct diag_list diags;
    struct str text;
    limits_default(&w->limits);
    w->limits.journal_segment_bytes = 1 << 20;
    w->limits.secrets_max = 3;
    w->limits.secret_bytes_max = 64;
    w->clock = (struct clock){test_mono, test_wall, NULL};
    rng_seeded_init(&w->rng, 5);
    arena_init(&w->arena, 8 << 20);
    diag_list_init(&diags, &w->arena, 8);
    assert_true(connector_builtin(STR("stripe"), &text));
    assert_int_equal(connector_parse(text, STR("t.yaml"), &w->limits, &diags, &w->connector), 0);
    for (size_t i = 0; i < 2; i++)
        w->items[i] = (struct vendor){.name = i ? STR("second") : STR("stripe"),
                                      .connector = w->connector,
                                      .secret_name = STR("stripe"),
                                      .credential = credential_slot_new(),
                                      .mode_follows_secret = true};
    w->vendors = (struct vendors){w->items, 2};
    w->io = io_memory_new(64u << 20);
    (void)io_mkdir(w->io, STR("journal"));
    assert_int_equal(store_memory_new(&w->store), 0);
    start(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    stop(w, true);
    w->store->ops->close(w->store);
    io_memory_free(w->io);
    for (size_t i = 0; i < 2; i++)
        credential_slot_free(w->items[i].credential);
    connector_free(w->connector);
    arena_deinit(&w->arena);
    free(w);
    return 0;
}

/* --- short words -------------------------------------------------------------------------------------------------- */

static int set(struct world *w, const char *name, const char *value)
{
    struct secret *s;
    assert_int_equal(secret_new(str_c(value), &s), 0);
    int r = core_secret_set(w->core, str_c(name), s, STR("ann"), &w->seq);
    secret_free(s);
    return r;
}

static int rotate(struct world *w, const char *name, const char *value, int64_t overlap)
{
    struct secret *s;
    assert_int_equal(secret_new(str_c(value), &s), 0);
    int r = core_secret_rotate(w->core, str_c(name), s, overlap, STR("ann"), &w->seq);
    secret_free(s);
    return r;
}

static int back(struct world *w) { return core_secret_back(w->core, STR("stripe"), STR("ann"), &w->seq); }

/* Both vendors present `want`, and conceal `before` too; NULL: nothing. */
static void assert_presented(struct world *w, const char *want, const char *before)
{
    for (size_t i = 0; i < 2; i++) {
        struct credential *c = credential_take(w->items[i].credential, wall_now);
        assert_int_equal(c != NULL, want != NULL);
        if (c) {
            assert_str(secret_reveal(c->value), want);
            assert_int_equal(c->before != NULL, before != NULL);
        }
        if (c && before)
            assert_str(secret_reveal(c->before), before);
        credential_unref(c);
    }
}

static struct json listed(struct world *w)
{
    struct json rows;
    struct buf out;
    buf_init(&out, 65536);
    assert_int_equal(core_secrets_json(w->core, STR_NONE, &out), 0);
    size_t at;
    assert_false(str_find(buf_str(&out), STR("canary"), &at));
    assert_int_equal(json_parse(&w->arena, arena_str(&w->arena, buf_str(&out)), 16, &rows), 0);
    buf_deinit(&out);
    return rows;
}

static void assert_status(struct world *w, const char *status, size_t n_without)
{
    struct str s = STR_NONE;
    (void)json_str(json_get(json_at(listed(w), 0), STR("status")), &s);
    assert_str(s, status);
    assert_int_equal(core_vendors_without_secret(w->core), n_without);
}

static int64_t version(struct world *w)
{
    int64_t n = 0;
    (void)json_i64(json_get(json_at(listed(w), 0), STR("version")), &n);
    return n;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void what_is_set_is_presented_at_once_and_after_a_restart(void **state)
{
    struct world *w = *state;
    assert_status(w, "unset", 2);
    assert_presented(w, NULL, NULL);
    assert_int_equal(set(w, "stripe", ONE), 0);
    assert_status(w, "ok", 0);
    assert_presented(w, ONE, NULL);
    assert_int_equal(vendor_mode(&w->items[0]), MODE_TEST);
    restart(w, false);
    assert_presented(w, ONE, NULL);
    restart(w, true);
    assert_presented(w, ONE, NULL);
    assert_int_equal(set(w, "stripe", LIVE), 0);
    assert_presented(w, LIVE, NULL);
    assert_int_equal(vendor_mode(&w->items[0]), MODE_LIVE);
    assert_int_equal(version(w), 2);
}

static void the_first_secret_makes_the_key_and_no_other_does(void **state)
{
    struct world *w = *state;
    assert_int_equal(w->n_made, 0);
    assert_int_equal(core_secrets_problem(w->core).n, 0);
    assert_int_equal(set(w, "stripe", ONE), 0);
    assert_int_equal(set(w, "twilio", TWO), 0);
    assert_int_equal(w->n_made, 1);
}

static void no_value_is_in_the_journal_or_the_store(void **state)
{
    struct world *w = *state;
    struct query q = {.kind = QUERY_AUDIT, .rows_max = 100}, events = {.kind = QUERY_EVENTS, .rows_max = 100};
    struct store_reader *r;
    struct buf out;
    size_t at;
    assert_int_equal(set(w, "stripe", ONE), 0);
    assert_int_equal(rotate(w, "stripe", TWO, DAY), 0);
    assert_int_equal(back(w), 0);
    while (core_drain_turn(w->core))
        ;
    buf_init(&out, 1 << 20);
    assert_int_equal(w->store->ops->reader_new(w->store, &r), 0);
    assert_int_equal(w->store->ops->ask(r, &q, &out), 0);
    assert_false(str_find(buf_str(&out), STR("canary"), &at));
    assert_true(str_find(buf_str(&out), STR("before_sealed"), &at));
    buf_reset(&out);
    assert_int_equal(w->store->ops->ask(r, &events, &out), 0);
    assert_true(str_find(buf_str(&out), STR("\"event\":\"secret.rotate\""), &at));
    assert_true(str_find(buf_str(&out), STR("\"back_to\":1"), &at));
    assert_false(str_find(buf_str(&out), STR("sealed"), &at));
    w->store->ops->reader_free(r);
    buf_deinit(&out);
}

static void a_rotation_is_in_force_at_once_and_the_old_value_stays_known(void **state)
{
    struct world *w = *state;
    assert_int_equal(rotate(w, "stripe", TWO, DAY), -ERR_NOT_FOUND);
    assert_int_equal(set(w, "stripe", ONE), 0);
    assert_int_equal(rotate(w, "stripe", TWO, DAY), 0);
    assert_presented(w, TWO, ONE);
    restart(w, false);
    assert_presented(w, TWO, ONE);
    wall_now += DAY;
    assert_presented(w, TWO, NULL);
    assert_int_equal(back(w), SECRET_R_NO_BEFORE);
    restart(w, true);
    assert_presented(w, TWO, NULL);
    assert_int_equal(back(w), SECRET_R_NO_BEFORE);
}

static void going_back_is_a_version_of_its_own_within_the_same_overlap(void **state)
{
    struct world *w = *state;
    assert_int_equal(set(w, "stripe", ONE), 0);
    assert_int_equal(back(w), SECRET_R_NO_BEFORE);
    assert_int_equal(rotate(w, "stripe", TWO, DAY), 0);
    wall_now += DAY - 1;
    assert_int_equal(back(w), 0);
    assert_int_equal(version(w), 3);
    assert_presented(w, ONE, TWO);
    restart(w, false);
    assert_presented(w, ONE, TWO);
    assert_int_equal(back(w), 0);
    assert_presented(w, TWO, ONE);
    wall_now += 1;
    assert_int_equal(back(w), SECRET_R_NO_BEFORE);
    assert_presented(w, TWO, NULL);
}

static void setting_anew_forgets_the_value_before(void **state)
{
    struct world *w = *state;
    assert_int_equal(set(w, "stripe", ONE), 0);
    assert_int_equal(rotate(w, "stripe", TWO, DAY), 0);
    assert_int_equal(set(w, "stripe", ONE), 0);
    assert_presented(w, ONE, NULL);
    assert_int_equal(back(w), SECRET_R_NO_BEFORE);
}

static void what_is_removed_is_gone_and_its_versions_go_on(void **state)
{
    struct world *w = *state;
    assert_int_equal(core_secret_remove(w->core, STR("stripe"), STR("ann"), &w->seq), -ERR_NOT_FOUND);
    assert_int_equal(set(w, "stripe", ONE), 0);
    assert_int_equal(core_secret_remove(w->core, STR("stripe"), STR("ann"), &w->seq), 0);
    assert_presented(w, NULL, NULL);
    assert_status(w, "unset", 2);
    assert_int_equal(rotate(w, "stripe", TWO, DAY), -ERR_NOT_FOUND);
    restart(w, true);
    assert_presented(w, NULL, NULL);
    assert_int_equal(set(w, "stripe", TWO), 0);
    assert_int_equal(version(w), 2);
    restart(w, false);
    assert_presented(w, TWO, NULL);
}

static void another_key_closes_the_vendors_and_setting_anew_repairs(void **state)
{
    struct world *w = *state;
    assert_int_equal(set(w, "stripe", ONE), 0);
    w->key = OTHER;
    restart(w, true);
    assert_presented(w, NULL, NULL);
    assert_status(w, "other_key", 2);
    assert_int_equal(rotate(w, "stripe", TWO, DAY), SECRET_R_CLOSED);
    w->key = KEY;
    restart(w, true);
    assert_presented(w, ONE, NULL);
    w->key = OTHER;
    restart(w, true);
    assert_int_equal(set(w, "stripe", TWO), 0);
    assert_presented(w, TWO, NULL);
}

static void a_lost_key_is_not_replaced_while_something_is_sealed_with_it(void **state)
{
    struct world *w = *state;
    size_t at;
    assert_int_equal(set(w, "stripe", ONE), 0);
    w->key = NULL;
    restart(w, true);
    assert_status(w, "no_key", 2);
    assert_true(str_find(core_secrets_problem(w->core), STR("is not there; put it back"), &at));
    assert_int_equal(set(w, "stripe", TWO), SECRET_R_NO_KEY);
    assert_int_equal(w->n_made, 1);
    assert_int_equal(core_secret_remove(w->core, STR("stripe"), STR("ann"), &w->seq), 0);
    assert_int_equal(set(w, "stripe", TWO), 0);
    assert_int_equal(w->n_made, 2);
    assert_presented(w, TWO, NULL);
}

static void a_key_that_cannot_be_used_is_named_and_none_is_made_beside_it(void **state)
{
    struct world *w = *state;
    w->problem = "file secrets.key can be read by everyone";
    restart(w, true);
    assert_int_equal(set(w, "stripe", ONE), SECRET_R_NO_KEY);
    assert_str(core_secrets_problem(w->core), "file secrets.key can be read by everyone");
    assert_int_equal(w->n_made, 0);
}

/* As somebody with the store's file would: the sealed text of `from` under the name and version of another event. */
static void forge(struct world *w, struct str name, int64_t sealed_version, struct str sealed_name, size_t n_cut)
{
    struct seal_place at = {sealed_name, sealed_version};
    struct keyring *k;
    uint8_t sealed[256];
    char text[512], json[600];
    assert_int_equal(keyring_new(STR(KEY), &k), 0);
    keyring_seal(k, &w->rng, &at, STR(ONE), sealed);
    struct str b64 = b64_encode((struct str){(char *)sealed, KEYRING_SEALED_BYTES(strlen(ONE)) - n_cut}, text);
    snprintf(json, sizeof(json), "\"" STR_FMT "\"", STR_ARG(b64));
    char quoted[80];
    snprintf(quoted, sizeof(quoted), "\"" STR_FMT "\"", STR_ARG(name));
    struct record_member m[] = {{STR("name"), str_c(quoted), false},
                                {STR("version"), STR("1"), false},
                                {STR("sealed"), str_c(json), true}};
    core_lock(w->core);
    assert_int_equal(core_event(w->core, STR("secret.set"), STR("eve"), m, 3, &w->seq), 0);
    core_unlock(w->core);
    keyring_free(k);
}

static void sealed_values_that_were_exchanged_or_cut_off_stay_closed(void **state)
{
    struct world *w = *state;
    w->key = KEY;
    forge(w, STR("stripe"), 1, STR("stripe"), 0);
    restart(w, true);
    assert_presented(w, ONE, NULL);
    forge(w, STR("stripe"), 1, STR("twilio"), 0);
    restart(w, true);
    assert_status(w, "damaged", 2);
    assert_presented(w, NULL, NULL);
    forge(w, STR("stripe"), 2, STR("stripe"), 0);
    restart(w, true);
    assert_status(w, "damaged", 2);
    forge(w, STR("stripe"), 1, STR("stripe"), 1);
    restart(w, true);
    assert_status(w, "damaged", 2);
    assert_int_equal(set(w, "stripe", TWO), 0);
    assert_presented(w, TWO, NULL);
}

static void names_and_bytes_are_bounded_at_their_edge(void **state)
{
    struct world *w = *state;
    char value[66] = {0};
    memset(value, 'x', 64);
    assert_int_equal(set(w, "a", value), 0);
    value[64] = 'x';
    assert_int_equal(set(w, "a", value), SECRET_R_TOO_LONG);
    assert_int_equal(rotate(w, "a", value, DAY), SECRET_R_TOO_LONG);
    assert_int_equal(set(w, "b", ONE), 0);
    assert_int_equal(set(w, "c", ONE), 0);
    assert_int_equal(set(w, "d", ONE), SECRET_R_FULL);
    assert_int_equal(set(w, "c", TWO), 0);
    assert_int_equal(core_secret_remove(w->core, STR("c"), STR("ann"), &w->seq), 0);
    assert_int_equal(set(w, "d", ONE), SECRET_R_FULL); /* a removed name still counts its versions */
    assert_int_equal(rotate(w, "a", ONE, w->limits.secret_overlap_ms_max * NS_PER_MS), 0);
    assert_int_equal(rotate(w, "a", ONE, (w->limits.secret_overlap_ms_max + 1) * NS_PER_MS), SECRET_R_OVERLAP);
}

static void a_change_that_cannot_be_written_does_not_happen(void **state)
{
    struct world *w = *state;
    assert_int_equal(set(w, "stripe", ONE), 0);
    int64_t frame_bytes_max = w->limits.frame_bytes_max;
    w->limits.frame_bytes_max = 100;
    assert_int_equal(rotate(w, "stripe", TWO, DAY), -ERR_TOO_LARGE);
    assert_int_equal(set(w, "new", TWO), -ERR_TOO_LARGE);
    w->limits.frame_bytes_max = frame_bytes_max;
    assert_presented(w, ONE, NULL);
    assert_int_equal(version(w), 1);
    assert_int_equal(json_len(listed(w)), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_set_is_presented_at_once_and_after_a_restart),
        TEST(the_first_secret_makes_the_key_and_no_other_does),
        TEST(no_value_is_in_the_journal_or_the_store),
        TEST(a_rotation_is_in_force_at_once_and_the_old_value_stays_known),
        TEST(going_back_is_a_version_of_its_own_within_the_same_overlap),
        TEST(setting_anew_forgets_the_value_before),
        TEST(what_is_removed_is_gone_and_its_versions_go_on),
        TEST(another_key_closes_the_vendors_and_setting_anew_repairs),
        TEST(a_lost_key_is_not_replaced_while_something_is_sealed_with_it),
        TEST(a_key_that_cannot_be_used_is_named_and_none_is_made_beside_it),
        TEST(sealed_values_that_were_exchanged_or_cut_off_stay_closed),
        TEST(names_and_bytes_are_bounded_at_their_edge),
        TEST(a_change_that_cannot_be_written_does_not_happen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
