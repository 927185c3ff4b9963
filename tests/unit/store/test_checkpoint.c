/*
 * tests/unit/store/test_checkpoint.c - a record that was rewritten, chain and all, is found by what was signed before.
 */
#include "unit.h"

#include "codec/hex.h"
#include "codec/json_write.h"
#include "crypto/chain.h"
#include "crypto/checkpoint.h"
#include "store/audit.h"

#include <string.h>

struct record {
    struct buf page;
    struct json_writer w;
    uint64_t seq;
    uint8_t chain[CHAIN_BYTES];
    uint8_t chains[16][CHAIN_BYTES];
};

static void record_begin(struct record *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->page, 1 << 20);
    jw_init(&r->w, &r->page);
    jw_array(&r->w);
}

/* One frame whose chain value is right, as somebody who rewrites everything would make it. */
static void add(struct record *r, const char *body)
{
    char hex[2 * CHAIN_BYTES];
    uint8_t header[FRAME_HEADER_BYTES];
    struct frame f = {.kind = FRAME_EVENT, .version = 1, .node = 1, .epoch = 1, .seq = ++r->seq, .at = 5};
    frame_header_bytes(&f, header);
    chain_next(r->chain, (struct str){(char *)header, sizeof header}, str_c(body), r->chain);
    memcpy(r->chains[r->seq], r->chain, CHAIN_BYTES);
    jw_object(&r->w);
    jw_put_i64(&r->w, STR("seq"), (int64_t)f.seq);
    jw_put_str(&r->w, STR("kind"), STR("event"));
    jw_put_i64(&r->w, STR("version"), 1);
    jw_put_i64(&r->w, STR("node"), 1);
    jw_put_i64(&r->w, STR("epoch"), 1);
    jw_put_i64(&r->w, STR("at"), 5);
    jw_put_str(&r->w, STR("chain"), hex_encode(r->chain, CHAIN_BYTES, hex));
    jw_put_str(&r->w, STR("body"), str_c(body));
    jw_object_end(&r->w);
}

/* A checkpoint over `seq` with that chain value, signed by the key of that seed; `spoil` flips a bit of the signature.
 */
static void add_checkpoint(struct record *r, uint64_t seq, const uint8_t chain[CHAIN_BYTES], uint8_t seed_byte,
                           bool spoil)
{
    uint8_t seed[SIGN_SEED_BYTES] = {seed_byte}, key[SIGN_PUBLIC_BYTES], signature[SIGN_BYTES];
    char text[CHECKPOINT_TEXT_BYTES], a[2 * CHAIN_BYTES + 1] = "", b[2 * SIGN_PUBLIC_BYTES + 1] = "",
                                                          c[2 * SIGN_BYTES + 1] = "";
    char body[1024];
    struct sign_key *k = sign_key_new(seed);
    sign_key_public(k, key);
    sign(k, checkpoint_text(seq, chain, text), signature);
    signature[5] ^= spoil;
    (void)hex_encode(chain, CHAIN_BYTES, a);
    (void)hex_encode(key, sizeof key, b);
    (void)hex_encode(signature, sizeof signature, c);
    snprintf(body, sizeof body,
             "{\"event\":\"checkpoint\",\"seq\":%llu,\"chain\":\"%s\",\"key\":\"%s\",\"signature\":\"%s\"}",
             (unsigned long long)seq, a, b, c);
    add(r, body);
    sign_key_free(k);
}

static int verdict(struct record *r, struct audit_report *rep)
{
    struct audit *a;
    size_t n;
    jw_array_end(&r->w);
    assert_int_equal(audit_new(&a), 0);
    int page = audit_page(a, buf_str(&r->page), &n);
    int end = audit_end(a, rep);
    assert_int_equal(page != 0, end != 0);
    audit_free(a);
    buf_deinit(&r->page);
    return end;
}

static void true_checkpoints_of_one_key_are_counted(void **state)
{
    struct record r;
    struct audit_report rep;
    record_begin(&r);
    add(&r, "{\"event\":\"x\"}");
    add_checkpoint(&r, 1, r.chains[1], 7, false);
    add(&r, "{\"event\":\"y\"}");
    add_checkpoint(&r, 2, r.chains[2], 7, false); /* frames may come between */
    assert_int_equal(verdict(&r, &rep), 0);
    assert_int_equal(rep.checkpoints, 2);
    assert_int_equal(rep.checkpoint_seq, 2);
}

static void a_rewritten_record_does_not_fit_what_was_signed(void **state)
{
    struct record was, now;
    struct audit_report rep;
    record_begin(&was);
    add(&was, "{\"event\":\"paid 100\"}");
    record_begin(&now);
    add(&now, "{\"event\":\"paid 1\"}"); /* with a chain value of its own */
    add_checkpoint(&now, 1, was.chains[1], 7, false);
    assert_int_equal(verdict(&now, &rep), AUDIT_R_DAMAGED);
    assert_int_equal(rep.damaged_seq, 2);
    buf_deinit(&was.page);
}

static void a_checkpoint_made_without_the_key_is_found(void **state)
{
    struct record r;
    struct audit_report rep;
    record_begin(&r);
    add(&r, "{\"event\":\"x\"}");
    add_checkpoint(&r, 1, r.chains[1], 7, true);
    assert_int_equal(verdict(&r, &rep), AUDIT_R_DAMAGED);
    record_begin(&r);
    add(&r, "{\"event\":\"x\"}");
    add_checkpoint(&r, 1, r.chains[1], 7, false);
    add_checkpoint(&r, 2, r.chains[2], 8, false); /* another key */
    assert_int_equal(verdict(&r, &rep), AUDIT_R_DAMAGED);
    assert_int_equal(rep.damaged_seq, 3);
}

static void a_checkpoint_over_itself_or_the_future_is_damage(void **state)
{
    struct record r;
    struct audit_report rep;
    record_begin(&r);
    add(&r, "{\"event\":\"x\"}");
    add_checkpoint(&r, 2, r.chains[1], 7, false);
    assert_int_equal(verdict(&r, &rep), AUDIT_R_DAMAGED);
    record_begin(&r);
    add(&r, "{\"event\":\"checkpoint\",\"seq\":0}");
    assert_int_equal(verdict(&r, &rep), AUDIT_R_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(true_checkpoints_of_one_key_are_counted),
        cmocka_unit_test(a_rewritten_record_does_not_fit_what_was_signed),
        cmocka_unit_test(a_checkpoint_made_without_the_key_is_found),
        cmocka_unit_test(a_checkpoint_over_itself_or_the_future_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
