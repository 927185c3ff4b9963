/*
 * codec/json_walk.h - goes along JSON text that we wrote ourselves, without a tree: for readers that want a few members
 * of very many texts.
 *
 *   (1) values are parts of the text, as written: nothing is copied, nothing is allocated.
 *   (2) what is passed over is looked at for its brackets and quotes only; whatever the bytes are, a walk stays inside
 *       them and ends. Text that may be anything else but ours goes to json_read.h.
 */
#pragma once

#include "base/arena.h"

struct json_walk {
    const char *p, *from, *end;
    const char *inner; /* the container that was given last, and not passed yet; NULL: none */
    char close;        /* of what is walked along */
    bool is_first;
    bool has_escape; /* the text that was given last */
    const char *block; /* whose marks were looked for last */
    uint64_t marks;
};

/* Along the members of an object or the elements of an array. False: `value` is neither. */
bool json_walk(struct json_walk *w, struct str value);
/* Along what `w` gave last: no walk goes over bytes again that another looked at for marks. False: it is neither. */
bool json_walk_in(struct json_walk *inner, const struct json_walk *w);
/*
 * 1: the next one (ret_key is STR_NONE in arrays, and raw in objects: names with escapes are not undone); 0: the end;
 * -ERR_INVALID. An object or array is given from its bracket to the end of the whole text: where it ends, a walk along
 * it finds out.
 */
int json_walk_next(struct json_walk *w, struct str *ret_key, struct str *ret_value);
/*
 * For arrays of numbers, in one look at each: 1 with the next element where it is an integer (json_i64()), and
 * -ERR_INVALID where it is anything else.
 */
int json_walk_i64(struct json_walk *w, int64_t *ret);
/*
 * For readers that know which name comes next as we write it: the text behind the opening quote of the next member's
 * name, or STR_NONE where no name stands there without spaces; json_walk_next() reads those too. When `name":` is
 * found there, json_walk_take() goes to the value behind it, and gives that as json_walk_next() does.
 */
struct str json_walk_peek(struct json_walk *w);
int json_walk_take(struct json_walk *w, const char *value, struct str *ret_value);
/* `inner` has walked to the end of what was given last: it need not be passed again. */
void json_walk_after(struct json_walk *w, const struct json_walk *inner);
/* The same for who read it without a walk, and knows what stands behind it. */
void json_walk_behind(struct json_walk *w, const char *behind);

/* json_raw_str() of what `w` gave last, which need not be looked through once more. */
bool json_walk_str(struct arena *a, const struct json_walk *w, struct str value, struct str *ret);

/* A container as a walk gave it, up to its closing bracket. False: it is none, or does not end. */
bool json_raw_whole(struct str value, struct str *ret);
/* True when the value is of that type; else *ret is untouched. A text with escapes is undone in `a`. */
bool json_raw_str(struct arena *a, struct str value, struct str *ret);
bool json_raw_i64(struct str value, int64_t *ret);
bool json_raw_bool(struct str value, bool *ret);
/* Of the text from `from` to `end`: how many bytes at its begin are an integer, with all digits that stand there. */
size_t json_raw_i64_ahead(const char *from, const char *end, int64_t *ret);
