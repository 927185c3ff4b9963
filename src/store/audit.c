/*
 * store/audit.c - recomputes what the chain and the digests should be. Trusts no row: what does not parse is damage.
 */
#include "store/audit.h"

#include "base/arena.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/json_read.h"
#include "crypto/chain.h"
#include "crypto/checkpoint.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS 500
#define PAGE_BYTES_MAX ((size_t)1 << 30)
#define ARENA_BYTES_MAX ((size_t)4 << 30)
#define DEPTH_MAX 64
#define RECENT 8192 /* frames that may come between a checkpoint's seq and its own */

struct audit {
    struct arena page, row; /* of the answer; of one frame's texts */
    struct audit_report report;
    uint64_t expect_seq;
    uint8_t expect_chain[CHAIN_BYTES];
    uint8_t recent[RECENT][CHAIN_BYTES]; /* of seq, at seq % RECENT */
};

int audit_new(struct audit **ret)
{
    struct audit *a = calloc(1, sizeof *a);
    if (!a)
        return err_trace(-ERR_NOMEM);
    arena_init(&a->page, ARENA_BYTES_MAX);
    arena_init(&a->row, ARENA_BYTES_MAX);
    *ret = a;
    return 0;
}

void audit_free(struct audit *a)
{
    if (!a)
        return;
    arena_deinit(&a->page);
    arena_deinit(&a->row);
    free(a);
}

void audit_expect(struct audit *a, uint64_t seq, const uint8_t chain[CHAIN_BYTES])
{
    a->expect_seq = seq;
    memcpy(a->expect_chain, chain, CHAIN_BYTES);
}

static int damaged(struct audit *a, uint64_t seq, const char *what)
{
    a->report.damaged_seq = seq;
    snprintf(a->report.damage, sizeof a->report.damage, "%s", what);
    return AUDIT_R_DAMAGED;
}

/* --- personal values ------------------------------------------------------------------------------------------------
 */

/* Erased ones are gone with their salt, and their digest tells nothing. */
static int check_personal(struct audit *a, uint64_t seq, struct str personal, struct json digest)
{
    uint8_t sha[SHA256_BYTES], want[PERSONAL_DIGEST_BYTES];
    struct str hex;
    if (!json_str(digest, &hex))
        return personal.n ? damaged(a, seq, "personal values without a digest") : 0;
    if (personal.n == 0) {
        a->report.erased++;
        return 0;
    }
    sha256(personal, sha);
    if (hex_decode(hex, want, sizeof want) < 0 || memcmp(sha, want, sizeof want) != 0)
        return damaged(a, seq, "personal values do not fit their digest");
    a->report.values++;
    return 0;
}

/* --- frames ---------------------------------------------------------------------------------------------------------
 */

static bool int_in(struct json row, struct str name, int64_t most, int64_t *ret)
{
    return json_i64(json_get(row, name), ret) && *ret >= 0 && *ret <= most;
}

static bool kind_read(struct json row, enum frame_kind *ret)
{
    static const struct str NAMES[] = {STR_INIT("open"), STR_INIT("close"), STR_INIT("event")};
    struct str s;
    if (!json_str(json_get(row, STR("kind")), &s))
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (str_eq(s, NAMES[i])) {
            *ret = (enum frame_kind)(FRAME_OPEN + i);
            return true;
        }
    }
    return false;
}

static bool frame_of(struct json row, struct frame *f)
{
    int64_t seq, version, node, epoch;
    struct str chain;
    if (!int_in(row, STR("seq"), INT64_MAX, &seq) || !int_in(row, STR("version"), UINT8_MAX, &version) ||
        !int_in(row, STR("node"), UINT32_MAX, &node) || !int_in(row, STR("epoch"), UINT32_MAX, &epoch) ||
        !kind_read(row, &f->kind) || !json_i64(json_get(row, STR("at")), &f->at) ||
        !json_str(json_get(row, STR("chain")), &chain) || hex_decode(chain, f->chain, CHAIN_BYTES) < 0 ||
        !json_str(json_get(row, STR("body")), &f->body))
        return false;
    f->seq = (uint64_t)seq;
    f->version = (uint8_t)version;
    f->node = (uint32_t)node;
    f->epoch = (uint32_t)epoch;
    return true;
}

/* An event "checkpoint" {seq, chain, key, signature}: true of this record, and signed by the key of those before it. */
static int check_checkpoint(struct audit *a, const struct frame *f, struct json body)
{
    struct audit_report *rep = &a->report;
    static const uint8_t nobody[SIGN_PUBLIC_BYTES];
    uint8_t chain[CHAIN_BYTES], key[SIGN_PUBLIC_BYTES], signature[SIGN_BYTES];
    char text[CHECKPOINT_TEXT_BYTES];
    struct str event, hex[3];
    int64_t seq;
    if (f->kind != FRAME_EVENT || !json_str(json_get(body, STR("event")), &event) || !str_eq(event, STR("checkpoint")))
        return 0;
    if (!int_in(body, STR("seq"), INT64_MAX, &seq) || !json_str(json_get(body, STR("chain")), &hex[0]) ||
        !json_str(json_get(body, STR("key")), &hex[1]) || !json_str(json_get(body, STR("signature")), &hex[2]) ||
        hex_decode(hex[0], chain, sizeof chain) < 0 || hex_decode(hex[1], key, sizeof key) < 0 ||
        hex_decode(hex[2], signature, sizeof signature) < 0)
        return damaged(a, f->seq, "a checkpoint that cannot be read");
    if ((uint64_t)seq >= f->seq || f->seq - (uint64_t)seq >= RECENT ||
        memcmp(a->recent[(uint64_t)seq % RECENT], chain, CHAIN_BYTES) != 0)
        return damaged(a, f->seq, "a checkpoint names a chain value that the record does not have");
    if (!sign_verify(key, checkpoint_text((uint64_t)seq, chain, text), signature))
        return damaged(a, f->seq, "a checkpoint's signature does not fit");
    if (memcmp(rep->signer, nobody, sizeof nobody) != 0 && memcmp(rep->signer, key, sizeof key) != 0)
        return damaged(a, f->seq, "a checkpoint is signed by another key than those before it");
    memcpy(rep->signer, key, sizeof key);
    rep->checkpoint_seq = (uint64_t)seq;
    rep->checkpoints++;
    return 0;
}

static int check_body(struct audit *a, const struct frame *f, struct str personal)
{
    struct json body;
    arena_reset(&a->row);
    if (json_parse(&a->row, f->body, DEPTH_MAX, &body) < 0 || json_type(body) != JSON_OBJECT)
        return damaged(a, f->seq, "a body that is not an object");
    int r = check_checkpoint(a, f, body);
    return r != 0 ? r : check_personal(a, f->seq, personal, json_get(body, STR("personal")));
}

static void count_kind(struct audit_report *r, enum frame_kind k)
{
    r->opens += k == FRAME_OPEN;
    r->closes += k == FRAME_CLOSE;
    r->events += k == FRAME_EVENT;
}

static int check_row(struct audit *a, struct json row)
{
    struct audit_report *rep = &a->report;
    struct frame f = {0};
    uint8_t header[FRAME_HEADER_BYTES], chain[CHAIN_BYTES];
    uint64_t next = rep->last_seq + 1;
    if (!frame_of(row, &f))
        return damaged(a, next, "a row that is not a frame");
    if (f.seq != next)
        return damaged(a, next, f.seq > next ? "a frame is missing" : "a frame is there twice, or out of order");

    frame_header_bytes(&f, header);
    chain_next(rep->chain, (struct str){(char *)header, sizeof header}, f.body, chain);
    if (memcmp(chain, f.chain, CHAIN_BYTES) != 0)
        return damaged(a, f.seq, "the chain does not fit: this frame, or its chain value, was changed");
    if (f.seq == a->expect_seq && memcmp(chain, a->expect_chain, CHAIN_BYTES) != 0)
        return damaged(a, f.seq, "the chain is not the one that the store's position holds");

    int r = check_body(a, &f, json_text_of(json_get(row, STR("personal"))));
    if (r != 0)
        return r;
    memcpy(rep->chain, chain, CHAIN_BYTES);
    memcpy(a->recent[f.seq % RECENT], chain, CHAIN_BYTES);
    rep->last_seq = f.seq;
    count_kind(rep, f.kind);
    return 0;
}

int audit_page(struct audit *a, struct str json, size_t *ret_n)
{
    struct json rows, row;
    *ret_n = 0;
    arena_reset(&a->page);
    if (json_parse(&a->page, json, DEPTH_MAX, &rows) < 0 || json_type(rows) != JSON_ARRAY)
        return damaged(a, a->report.last_seq + 1, "a page that is not an array");
    *ret_n = json_len(rows);
    int r = 0;
    for (struct json_iter it = json_each(rows); r == 0 && json_next(&it, NULL, &row);)
        r = check_row(a, row);
    return r;
}

int audit_end(struct audit *a, struct audit_report *ret)
{
    int r = a->report.damaged_seq ? AUDIT_R_DAMAGED : 0;
    if (r == 0 && a->report.last_seq < a->expect_seq)
        r = damaged(a, a->report.last_seq + 1, "the newest frames are missing");
    *ret = a->report;
    return r;
}

static int verify_all(struct audit *a, struct store *s, struct store_reader *reader)
{
    struct buf page;
    size_t n = 0;
    int r;
    buf_init(&page, PAGE_BYTES_MAX);
    do {
        struct query q = {.kind = QUERY_AUDIT, .after_seq = a->report.last_seq, .rows_max = PAGE_ROWS};
        buf_reset(&page);
        r = s->ops->ask(reader, &q, &page);
        if (r == 0)
            r = audit_page(a, buf_str(&page), &n);
    } while (r == 0 && n > 0);
    buf_deinit(&page);
    return r;
}

int audit_verify(struct store *s, struct store_reader *reader, struct audit_report *ret)
{
    struct audit *a;
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    int r = audit_new(&a);
    if (r < 0)
        return r;
    uint64_t seq = s->ops->position(s, chain, &epoch);
    audit_expect(a, seq, chain);
    r = verify_all(a, s, reader);
    if (r == 0 && a->report.last_seq > s->ops->position(s, chain, &epoch))
        r = damaged(a, a->report.last_seq, "a frame behind the last one that was applied");
    if (r >= 0)
        r = audit_end(a, ret);
    audit_free(a);
    return r;
}
