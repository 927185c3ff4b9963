/*
 * store/erase.h - which frames name what is to be erased: one reading for all stores.
 *
 *   (1) a frame names a value when its personal text has it as a whole word: between quotes, slashes and the like, so
 *       that cus_1 is not found in cus_12, but is in /v1/customers/cus_1. A value that has such bytes itself is found
 *       as it is written in JSON.
 *   (2) a call one frame of which names it loses the personal values of all its frames.
 *   (3) what an event says of a call goes with the call. Else events go one by one: each that names the value, and
 *       those about a question to persons with its run or age.
 *   (4) an event that says how something stands now (whose a key is, who is disabled) keeps its values until that has
 *       changed: the next start needs them.
 */
#pragma once

#include "base/map.h"
#include "call/erasure.h"
#include "store/frame_read.h"

#define ERASE_VALUES_MAX ((size_t)1 << 22)

struct erase_set {
    struct map words;  /* values that are words */
    struct map others; /* the rest, as JSON writes them */
    struct arena arena;
};
void erase_set_init(struct erase_set *s);
void erase_set_deinit(struct erase_set *s);
int erase_set_add(struct erase_set *s, struct str value);
bool erase_set_names(const struct erase_set *s, struct str personal);
/* Whether values of states of that kind are kept by (4); a question and a raise are over with what they were for. */
bool erase_state_keeps(struct str kind);
/* The call_id that an event is about; empty: none. In `a`, which is reset. */
struct str erase_event_call(struct arena *a, const struct frame *f);
/* Whether an event that is about no call to be erased goes by (3), (4) aside; `a` is reset. */
bool erase_event_goes(struct arena *a, const struct erasure *what, const struct erase_set *s, const struct frame *f);
