/*
 * proxy/core_members.h - the members of an EVENT while it is put together. For the core_*.c files.
 */
#pragma once

#include "codec/json_write.h"
#include "trace/record.h"

#define MEMBERS_MAX 20

struct member_text {
    struct buf bufs[MEMBERS_MAX];
    struct record_member m[MEMBERS_MAX];
    size_t n;
};

/* One member whose value the caller writes, and ends. */
struct json_writer member_begin(struct member_text *t, struct str name, bool is_personal);
void member_end(struct member_text *t);
void member_str(struct member_text *t, struct str name, struct str value, bool is_personal);
void member_i64(struct member_text *t, struct str name, int64_t value);
void members_free(struct member_text *t);
