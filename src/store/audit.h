/*
 * store/audit.h - proves that the record is what was written: chain, seqs, and digests of personal values.
 *
 *   (1) a changed, missing, added or reordered frame, and a changed, added or missing personal value, is damage:
 * the first one is reported with its seq. (2) where all values of a frame are missing they were erased: that is
 * counted, and no damage. (3) the end is compared with the position that the store keeps. Whoever can rewrite
 * that too is found by the signed checkpoints, unless they have the signing key as well; then only by a
 * checkpoint kept elsewhere. (4) a checkpoint (an event of the record itself) must be signed by the key of the
 * one before it, and name a chain value that the record really had.
 */
#pragma once

#include "call/store.h"
#include "crypto/sign.h"

struct audit_report {
    uint64_t last_seq; /* verified up to here */
    uint8_t chain[CHAIN_BYTES];
    uint64_t opens, closes, events;
    uint64_t values, erased; /* frames whose personal values fit their digest; that have a digest and none any more */
    uint64_t checkpoints, checkpoint_seq; /* how many; up to where the last one vouches */
    uint8_t signer[SIGN_PUBLIC_BYTES];    /* of all checkpoints; zeros: there is none */
    uint64_t damaged_seq;    /* 0: none */
    char damage[128];        /* one sentence */
};

/* Reads all of the store through `r`, page by page. 0: all is well; AUDIT_R_DAMAGED; errors of ask. */
int audit_verify(struct store *s, struct store_reader *r, struct audit_report *ret);
#define AUDIT_R_DAMAGED 1

/* The same on exported pages (arrays as QUERY_AUDIT gives them), in order. */
struct audit;
int audit_new(struct audit **ret);
/* 0; AUDIT_R_DAMAGED: the report says where, and nothing more need be given. *ret_n: rows in the page. */
int audit_page(struct audit *a, struct str json, size_t *ret_n);
/* The record should reach at least `seq`, with that chain there. 0 or AUDIT_R_DAMAGED. Call it before the first page.
 */
void audit_expect(struct audit *a, uint64_t seq, const uint8_t chain[CHAIN_BYTES]);
int audit_end(struct audit *a, struct audit_report *ret);
void audit_free(struct audit *a);
