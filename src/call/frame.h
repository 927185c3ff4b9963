/*
 * call/frame.h - one journal frame as a value: what happened, in the words of the record (CONTRACT 10), in two JSON
 * texts.
 *
 * `body` is what the chain covers. `personal` holds what may be erased: an object with "salt" (32 hex) and the values;
 * body's "personal" is hex of the first 16 bytes of SHA-256 over that text as written. It is erased as a whole, which
 * leaves the chain valid, and the digest telling nothing.
 *
 * Layouts (trace/record.h writes them, the stores read them):
 *
 * OPEN body: all fields of CONTRACT 10 known at hold, "facts":{...} (of calls to models with the most tokens that can
 *   be used; "now" is left out where it is started_at), "idempotency":{scope,digest,body},
 *   "limits":[[counter,window_start,n,max,before,held, shadow,raised,soft,lasts]]: the counter's name tells id, meter,
 *   window and by (call/counter.h); of the last four as many as are needed stand there. lasts, in nanoseconds (0: for
 *   ever), stands where it does not follow from the name: of sliding windows, and of days in a zone. trace_id is left
 *   out where it is the digits of run_id; verdict, rule and policy of "shadow" where they are the call's; what is
 *   false, empty or nothing too, here and in CLOSE.
 *   With "ended_at" the call is over (refused, or ended without being sent): no CLOSE follows, nothing was taken.
 *   Else each limit with n > 0 adds n to "held" of its counter, unless its window is "call". A counter's rows are told
 *   apart by window_start; of a window that slides ("sliding:1m") that is the start of the call's slot.
 * OPEN personal: tenant, user, customer, customer_source, owner, path, idempotency_key, params,
 *   buckets:[one a limit, same order; a number: as at that place before it],
 *   duplicate:{digest,window_ms,key} (what makes another request the same),
 *   affected:{accounts:[{id,customer}]}, or with "untold": why it could not be told, and
 *   answers:[{question,source,name, subject,about,from,value or unknown,age_ms}], where a rule's scope hung on them.
 *
 * CLOSE body: "open_seq","ended_at","code","status","error","vendor_request_id","stream_end","bytes_in",
 *   "bytes_out","resolved_by","phases","attempts":[...],"outcome","settled","settled_amount","overrun",
 *   of calls to models "model_sent","model_returned","finish","tier","catalog","tokens":{class:n},"tokens_how",
 *   "web_searches","tool_calls":[{id,name}],
 *   "moves":[released,settled, ...], two numbers a limit of the call's hold, in their order, up to the last that moved;
 *   "shared_moves":[open_seq,released,settled, ...], the same of the hold of another call that this one shares.
 *   A move says what leaves "held" of that limit's counter (released) and what is added to its "settled", in the
 *   window of the hold: two independent numbers.
 *   "settled" of the body is what this call is booked with: null where another call that shares the hold was.
 *   A call that ended unknown may get a second CLOSE later. Outcome, settled, overrun and resolved_by of the last one
 *   count; when the call ended, and what its agent got, the first one says.
 * CLOSE personal: object_ids:[..], customer (when learned late), objects:[{id,type,customer,parent,created}],
 *   args_hashes:[one a tool call, same order], poll (path of the GET that will know the price).
 *
 * What is personal of a call to a model: the hash of a tool call's arguments, because an amount and a customer are
 * guessed from a hash without salt in no time; and the response id, which leads to the conversation at the vendor (it
 * is among object_ids). What is not: names of models, prompts and tools, ids of tool calls, tokens and their price.
 * They say what the software did, and costs are compared by them for years. prompt_hash is over the whole system prompt
 * and all tools, which are the operator's text; a person's words stand in messages, which are not in it.
 *
 * EVENT body: "event" (key.create, key.revoke, policy.apply, kill, unkill, run.stop, start, stop, ...), "by", and what
 *   it names: key.create and key.revoke "id", policy.apply "name","version","digest","document" (a JSON text),
 *   run.stop "run_id", secret.set, secret.rotate and secret.remove "name","version" (the second also "before_version",
 *   "overlap_until", "back_to"). Events that a store does not know are kept and shown.
 * EVENT personal: values that may be erased; of secret.set "sealed", of secret.rotate also "before_sealed" (base64 of
 *   crypto/keyring.h). Their digests are salted like all others.
 */
#pragma once

#include "base/str.h"
#include "base/time.h"

#define FRAME_VERSION 3
#define PERSONAL_DIGEST_BYTES 16
#define CHAIN_BYTES 32

enum frame_kind { FRAME_OPEN = 1, FRAME_CLOSE = 2, FRAME_EVENT = 3 };

struct frame {
    enum frame_kind kind;
    uint8_t version; /* FRAME_VERSION */
    uint32_t node;   /* which node wrote it; 1 until there is a cluster */
    uint32_t epoch;  /* counts the node's starts */
    uint64_t seq;    /* 1, 2, 3, ... without gaps; also the journal position */
    wall_t at;       /* when it was appended */
    uint8_t chain[CHAIN_BYTES]; /* chain_next() over the previous value, frame_header_bytes and body */
    struct str body;
    struct str personal; /* may be empty */
};

/*
 * Fixed little-endian layout without chain: kind 1, version 1, node 4, epoch 4, seq 8, at 8 bytes. Returns
 * FRAME_HEADER_BYTES. Never changes for a given FRAME_VERSION: chains of old journals are recomputed from it.
 */
#define FRAME_HEADER_BYTES 26
size_t frame_header_bytes(const struct frame *f, uint8_t out[FRAME_HEADER_BYTES]);
