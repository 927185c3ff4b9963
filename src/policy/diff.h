/*
 * policy/diff.h - two documents compared, in sentences: what becomes permitted, forbidden or asked, which limits are
 * raised, lowered, new or gone. Rules and limits are told apart by id: one that was renamed is gone, and new.
 */
#pragma once

#include "policy/policy.h"

enum diff {
#define DIFF(name, text, opens, heading) DIFF_##name,
#include "policy/diff.tbl.h"
#undef DIFF
    DIFF_COUNT
};
struct str diff_text(enum diff d);
struct str diff_heading(enum diff d); /* for people, above what is so */

/*
 * {old: {name, version, digest} | null, new: {...}, changes: [{change, kind, id, opens, before, after, keeps_count}]},
 * in the order of diff.tbl.h. before and after are sentences, null where there is none; keeps_count, of limits:
 * whether what it has counted so far still counts. `old` NULL: nothing was in force. Metadata, `tests` and sets that
 * change no rule are no difference.
 */
int policy_diff_json(const struct policy *old, const struct policy *new, struct buf *out);
