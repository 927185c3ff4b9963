/*
 * store/find.h - which values of a frame are ids that a call is found by, and the rows of the answer: one reading for
 * all stores.
 *
 *   (1) a value that was erased is in no frame any more, and so is not found.
 *   (2) values are compared byte for byte. Of a request's parameters only those that look like ids are values: a
 *       currency is in every call and leads nowhere.
 */
#pragma once

#include "codec/json_write.h"
#include "store/call_row.h"

enum find_kind {
#define FIND(name, text) FIND_##name,
#include "store/find.tbl.h"
#undef FIND
    FIND_COUNT
};
enum find_how {
#define FIND_HOW(name, text) FIND_HOW_##name,
#include "store/find.tbl.h"
#undef FIND_HOW
    FIND_HOW_COUNT
};

/* So much of a key's id is enough to find it. */
#define FIND_PREFIX_MIN 4
/* Longer values are no ids. */
#define FIND_BYTES_MAX 255

struct find_value {
    enum find_kind kind;
    enum find_how how;
    struct str id;
};

/* Calls `on` for each value, in a fixed order; what it returns, if not 0, ends that and is passed up. */
typedef int (*find_cb)(void *ctx, const struct find_value *v);
int find_in_open(const struct call_open *o, find_cb on, void *ctx);
int find_in_close(const struct call_close *c, find_cb on, void *ctx);

/* The first value of the frame that is `id`, and the call's open seq; FIND_R_NONE. The frame is read into `a`. */
int find_in_frame(struct arena *a, const struct frame *f, struct str id, uint64_t *ret_open_seq,
                  struct find_value *ret);
#define FIND_R_NONE 1

/* One row of the answer. `call` NULL: there is none (a key that nobody used yet); then the other members count. */
struct find_row {
    struct find_value value;
    const struct call_row *call;
    struct str agent, tenant;
    wall_t at;
};
/* agent, tenant and at of a key, from the event that made it. */
int find_key_row(struct arena *a, const struct frame *f, struct find_row *ret);
void render_find(struct json_writer *w, const struct find_row *r);

/* Calls that one answer tells apart: more than any answer has rows. */
#define FIND_CALLS_MAX ((size_t)1 << 20)
