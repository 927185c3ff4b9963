/*
 * admin/audit.c - walks the frames in batches, so that memory does not grow with history.
 */
#include "admin/audit.h"

#include "base/err.h"
#include "codec/hex.h"
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "crypto/chain.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <string.h>

#define BATCH_ROWS 200
#define BATCH_BYTES_MAX (512u << 20)
#define BATCH_ARENA_BYTES_MAX (4ull << 30)
#define FRAME_DEPTH_MAX 64
#define SALT_BYTES 16
#define DIGEST_BYTES 16

static void fault(struct audit *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct audit *t, const char *fmt, ...)
{
    va_list ap;
    if (t->has_fault)
        return;
    t->has_fault = true;
    va_start(ap, fmt);
    vsnprintf(t->fault, sizeof(t->fault), fmt, ap);
    va_end(ap);
}

/* The index behind the JSON value that starts at s.p[i]; s.n when it does not end. */
static size_t skip_value(struct str s, size_t i)
{
    int depth = 0;
    bool in_string = false;
    for (; i < s.n; i++) {
        char c = s.p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return i;
            depth--;
        } else if (c == ',' && depth == 0) {
            return i;
        }
    }
    return s.n;
}

bool audit_member_text(struct str object, struct str name, struct str *ret_value)
{
    size_t i = 1;
    while (i < object.n && object.p[i] == '"') {
        size_t from = i + 1, end = from;
        while (end < object.n && object.p[end] != '"')
            end += object.p[end] == '\\' ? 2 : 1;
        if (end + 1 >= object.n || object.p[end + 1] != ':')
            return false;
        struct str key = str_sub(object, from, end - from);
        i = skip_value(object, end + 2);
        if (str_eq(key, name)) {
            *ret_value = str_sub(object, end + 2, i - end - 2);
            return true;
        }
        i++; /* the comma */
    }
    return false;
}

/* Values that are still kept must be the ones whose digests the chain covers. */
static void check_personal(struct audit *t, struct arena *a, uint64_t seq, struct str body, struct str personal)
{
    struct json root, digests, value;
    struct str name, want, salt_hex = STR(""), text;
    uint8_t salt[SALT_BYTES], mac[SHA256_BYTES], digest[DIGEST_BYTES];

    if (json_parse(a, body, FRAME_DEPTH_MAX, &root) < 0) {
        fault(t, "frame %llu: its body is not JSON", (unsigned long long)seq);
        return;
    }
    digests = json_get(root, STR("digests"));
    if (personal.n && audit_member_text(personal, STR("salt"), &salt_hex))
        salt_hex = str_sub(salt_hex, 1, salt_hex.n - 2);
    bool has_salt = hex_decode(salt_hex, salt, SALT_BYTES) == 0;

    for (struct json_iter it = json_each(digests); json_next(&it, &name, &value);) {
        if (!personal.n || !has_salt || !audit_member_text(personal, name, &text) || str_eq(text, STR("null"))) {
            t->n_erased++;
            continue;
        }
        char *joined = arena_alloc(a, name.n + 1 + text.n);
        memcpy(joined, name.p, name.n);
        joined[name.n] = 0;
        memcpy(joined + name.n + 1, text.p, text.n);
        hmac_sha256((struct str){(char *)salt, SALT_BYTES}, (struct str){joined, name.n + 1 + text.n}, mac);
        if (!json_str(value, &want) || hex_decode(want, digest, DIGEST_BYTES) < 0 || !bytes_equal(mac, digest, DIGEST_BYTES))
            fault(t, "frame %llu: `%.*s` is not the value that was written", (unsigned long long)seq, (int)(name.n < 40 ? name.n : 40),
                  name.p);
    }
}

static enum frame_kind kind_of(struct json v)
{
    struct str s;
    int64_t n;
    if (json_i64(v, &n))
        return (enum frame_kind)n;
    if (!json_str(v, &s))
        return 0;
    return str_eq(s, STR("open")) ? FRAME_OPEN : str_eq(s, STR("close")) ? FRAME_CLOSE : str_eq(s, STR("event")) ? FRAME_EVENT : 0;
}

/* One row of QUERY_AUDIT as a frame; false: a member is missing or has another type. */
static bool read_frame(struct json row, struct frame *ret)
{
    int64_t seq, at, node, epoch, version = FRAME_VERSION;
    struct str chain;
    *ret = (struct frame){.kind = kind_of(json_get(row, STR("kind")))};
    (void)json_i64(json_get(row, STR("version")), &version);   /* this build's when absent */
    (void)json_str(json_get(row, STR("personal")), &ret->personal); /* null once erased */
    if (!json_i64(json_get(row, STR("seq")), &seq) || !json_i64(json_get(row, STR("at")), &at) ||
        !json_i64(json_get(row, STR("node")), &node) || !json_i64(json_get(row, STR("epoch")), &epoch) ||
        !json_str(json_get(row, STR("chain")), &chain) || !json_str(json_get(row, STR("body")), &ret->body))
        return false;
    ret->version = (uint8_t)version;
    ret->seq = (uint64_t)seq;
    ret->at = at;
    ret->node = (uint32_t)node;
    ret->epoch = (uint32_t)epoch;
    return hex_decode(chain, ret->chain, CHAIN_BYTES) == 0;
}

static void check_frame(struct audit *t, struct arena *a, const struct frame *f)
{
    uint8_t header[FRAME_HEADER_BYTES], want[CHAIN_BYTES];

    if (f->seq != t->last_seq + 1) {
        fault(t, "frames %llu to %llu are missing", (unsigned long long)t->last_seq + 1, (unsigned long long)f->seq - 1);
        return;
    }
    size_t n = frame_header_bytes(f, header);
    chain_next(t->chain, (struct str){(char *)header, n}, f->body, want);
    if (memcmp(want, f->chain, CHAIN_BYTES) != 0)
        fault(t, "frame %llu is not what was written: its chain does not follow from the frame before it", (unsigned long long)f->seq);
    check_personal(t, a, f->seq, f->body, f->personal);
    memcpy(t->chain, f->chain, CHAIN_BYTES);
    t->last_seq = f->seq;
    t->n_frames++;
}

/* One batch. *ret_n: rows in it. */
static int check_batch(struct audit *t, struct arena *a, struct str rows_text, size_t *ret_n)
{
    struct json rows, row;
    struct frame f;
    int r = json_parse(a, rows_text, FRAME_DEPTH_MAX, &rows);
    if (r < 0)
        return err_trace(r);
    for (struct json_iter it = json_each(rows); !t->has_fault && json_next(&it, NULL, &row);) {
        if (read_frame(row, &f))
            check_frame(t, a, &f);
        else
            fault(t, "the frame behind %llu cannot be read", (unsigned long long)t->last_seq);
    }
    *ret_n = json_len(rows);
    return 0;
}

int audit_run(const struct store_ops *ops, struct store_reader *reader, uint64_t until_seq, struct audit *ret)
{
    struct audit t = {.n_frames = 0};
    struct arena a;
    struct buf rows;
    size_t n = 1;
    int r = 0;

    arena_init(&a, BATCH_ARENA_BYTES_MAX);
    buf_init(&rows, BATCH_BYTES_MAX);
    while (r == 0 && n && !t.has_fault && (!until_seq || t.last_seq < until_seq)) {
        struct query q = {.kind = QUERY_AUDIT, .after_seq = t.last_seq, .rows_max = BATCH_ROWS};
        buf_reset(&rows);
        arena_reset(&a);
        r = ops->ask(reader, &q, &rows);
        if (r == 0)
            r = check_batch(&t, &a, buf_str(&rows), &n);
    }
    if (r == 0 && t.last_seq < until_seq)
        fault(&t, "frames %llu to %llu are missing at the end", (unsigned long long)t.last_seq + 1, (unsigned long long)until_seq);
    buf_deinit(&rows);
    arena_deinit(&a);
    if (r < 0)
        return err_trace(r);
    *ret = t;
    return 0;
}

int audit_json(const struct audit *t, struct buf *out)
{
    struct json_writer w;
    char hex[2 * CHAIN_BYTES];
    jw_init(&w, out);
    jw_object(&w);
    jw_put_bool(&w, STR("ok"), !t->has_fault);
    jw_put_i64(&w, STR("frames"), (int64_t)t->n_frames);
    jw_put_i64(&w, STR("last_seq"), (int64_t)t->last_seq);
    jw_put_str(&w, STR("chain"), hex_encode(t->chain, CHAIN_BYTES, hex));
    jw_put_i64(&w, STR("erased"), (int64_t)t->n_erased);
    jw_put_str_or_null(&w, STR("fault"), str_c(t->fault));
    jw_object_end(&w);
    return buf_ok(out);
}
