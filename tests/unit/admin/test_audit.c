/* admin/audit.c: a changed, missing or added frame is found, also after values were erased. */
#include "../unit.h"

#include "admin/audit.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/json_write.h"
#include "crypto/chain.h"
#include "crypto/hash.h"

#define N 450 /* more than two batches */

struct row {
    struct frame f;
    char body[256], personal[160];
};
static struct row rows[N];
static size_t n_rows;
static int ask_fails;

static void put_row(struct json_writer *w, const struct row *r)
{
    static const char *const kinds[] = {"", "open", "close", "event"};
    char hex[64];
    jw_object(w);
    jw_put_i64(w, STR("seq"), (int64_t)r->f.seq);
    jw_put_str(w, STR("kind"), str_c(kinds[r->f.kind]));
    jw_put_i64(w, STR("version"), r->f.version);
    jw_put_i64(w, STR("at"), r->f.at);
    jw_put_i64(w, STR("node"), r->f.node);
    jw_put_i64(w, STR("epoch"), r->f.epoch);
    jw_put_str(w, STR("chain"), hex_encode(r->f.chain, CHAIN_BYTES, hex));
    jw_put_str(w, STR("body"), str_c(r->body));
    jw_put_str_or_null(w, STR("personal"), str_c(r->personal));
    jw_object_end(w);
}

static int ask(struct store_reader *reader, const struct query *q, struct buf *out)
{
    struct json_writer w;
    int64_t n = 0;
    if (ask_fails)
        return ask_fails;
    assert_int_equal(q->kind, QUERY_AUDIT);
    jw_init(&w, out);
    jw_array(&w);
    for (size_t i = 0; i < n_rows && n < q->rows_max; i++) {
        if (rows[i].f.seq <= q->after_seq)
            continue;
        put_row(&w, &rows[i]);
        n++;
    }
    jw_array_end(&w);
    return buf_ok(out);
}
static const struct store_ops ops = {.ask = ask};

static void digest_of(const char *salt_hex, const char *name, const char *value, char out[33])
{
    uint8_t salt[16], mac[32];
    char text[128];
    size_t n = strlen(name) + 1 + strlen(value);
    assert_int_equal(hex_decode(str_c(salt_hex), salt, 16), 0);
    memcpy(text, name, strlen(name) + 1);
    memcpy(text + strlen(name) + 1, value, strlen(value));
    hmac_sha256((struct str){(char *)salt, 16}, (struct str){text, n}, mac);
    hex_encode(mac, 16, out);
    out[32] = 0;
}

static void chain_from(size_t i)
{
    uint8_t zero[CHAIN_BYTES] = {0}, header[FRAME_HEADER_BYTES];
    size_t n = frame_header_bytes(&rows[i].f, header);
    chain_next(i ? rows[i - 1].f.chain : zero, (struct str){(char *)header, n}, str_c(rows[i].body), rows[i].f.chain);
}

static int setup(void **state)
{
    static const char salt[] = "000102030405060708090a0b0c0d0e0f";
    ask_fails = 0;
    n_rows = N;
    for (size_t i = 0; i < N; i++) {
        struct row *r = &rows[i];
        char digest[33];
        memset(r, 0, sizeof(*r));
        r->f = (struct frame){.kind = 1 + i % 3, .version = 1, .node = 1, .epoch = 2, .seq = i + 1, .at = 1700000000123456789LL + (wall_t)i};
        digest_of(salt, "customer", "\"cus_\\\"1\"", digest);
        snprintf(r->body, sizeof(r->body), "{\"n\":%zu,\"digests\":{\"customer\":\"%s\"}}", i, digest);
        snprintf(r->personal, sizeof(r->personal), "{\"salt\":\"%s\",\"customer\":\"cus_\\\"1\"}", salt);
        chain_from(i);
    }
    return 0;
}

static struct audit run(uint64_t until)
{
    struct audit t;
    assert_int_equal(audit_run(&ops, NULL, until, &t), 0);
    return t;
}

static void what_was_written_verifies(void **state)
{
    struct audit t = run(N);
    assert_string_equal(t.fault, "");
    assert_false(t.has_fault);
    assert_int_equal(t.n_frames, N);
    assert_int_equal(t.last_seq, N);
    assert_int_equal(t.n_erased, 0);
    assert_memory_equal(t.chain, rows[N - 1].f.chain, CHAIN_BYTES);
    t = run(0);
    assert_false(t.has_fault);
}

static void an_empty_store_verifies(void **state)
{
    n_rows = 0;
    struct audit t = run(0);
    assert_false(t.has_fault);
    assert_int_equal(t.n_frames, 0);
}

static void a_changed_body_is_found(void **state)
{
    rows[300].body[5] ^= 1;
    struct audit t = run(N);
    assert_true(t.has_fault);
    assert_non_null(strstr(t.fault, "frame 301 is not what was written"));
}

static void a_changed_header_is_found(void **state)
{
    rows[10].f.at++;
    assert_non_null(strstr(run(N).fault, "frame 11 "));
}

static void a_missing_frame_is_found(void **state)
{
    memmove(&rows[100], &rows[101], (N - 101) * sizeof(rows[0]));
    n_rows--;
    assert_non_null(strstr(run(N).fault, "frames 101 to 101 are missing"));
}

static void a_missing_end_is_found(void **state)
{
    n_rows -= 2;
    assert_non_null(strstr(run(N).fault, "missing at the end"));
    assert_false(run(0).has_fault);
}

static void a_frame_put_in_with_a_chain_of_its_own_is_found(void **state)
{
    rows[200].body[5] ^= 1;
    chain_from(200);
    assert_non_null(strstr(run(N).fault, "frame 202 "));
}

static void erased_values_leave_the_chain_valid(void **state)
{
    rows[3].personal[0] = 0;
    strcpy(rows[4].personal, "{\"salt\":\"000102030405060708090a0b0c0d0e0f\"}");
    strcpy(rows[5].personal, "{\"salt\":\"000102030405060708090a0b0c0d0e0f\",\"customer\":null}");
    struct audit t = run(N);
    assert_false(t.has_fault);
    assert_int_equal(t.n_erased, 3);
}

static void a_changed_value_is_found(void **state)
{
    strcpy(rows[7].personal, "{\"salt\":\"000102030405060708090a0b0c0d0e0f\",\"customer\":\"cus_2\"}");
    assert_non_null(strstr(run(N).fault, "frame 8: `customer` is not the value"));
}

static void a_store_that_fails_is_an_error_and_no_verdict(void **state)
{
    struct audit t;
    ask_fails = -ERR_IO;
    assert_int_equal(audit_run(&ops, NULL, N, &t), -ERR_IO);
}

static void member_texts_are_cut_out_as_written(void **state)
{
    struct str o = STR("{\"a\":{\"b\":\"}\\\"\"},\"c\":[1,{\"a\":2}],\"d\":\"x,y\",\"e\":12}"), v;
    assert_true(audit_member_text(o, STR("a"), &v));
    assert_str(v, "{\"b\":\"}\\\"\"}");
    assert_true(audit_member_text(o, STR("c"), &v));
    assert_str(v, "[1,{\"a\":2}]");
    assert_true(audit_member_text(o, STR("d"), &v));
    assert_str(v, "\"x,y\"");
    assert_true(audit_member_text(o, STR("e"), &v));
    assert_str(v, "12");
    assert_false(audit_member_text(o, STR("b"), &v));
    assert_false(audit_member_text(STR(""), STR("b"), &v));
    assert_false(audit_member_text(STR("{\"a"), STR("a"), &v));
    assert_false(audit_member_text(STR("{}"), STR("a"), &v));
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_written_verifies), T(an_empty_store_verifies), T(a_changed_body_is_found), T(a_changed_header_is_found),
        T(a_missing_frame_is_found), T(a_missing_end_is_found), T(a_frame_put_in_with_a_chain_of_its_own_is_found),
        T(erased_values_leave_the_chain_valid), T(a_changed_value_is_found), T(a_store_that_fails_is_an_error_and_no_verdict),
        T(member_texts_are_cut_out_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
