/*
 * policy/explain.h - a verdict as JSON, and how it came about: every rule with its result, and of a denial by default
 * the permit that is nearest.
 */
#pragma once

#include "codec/json_write.h"
#include "policy/policy.h"

/*
 * {decision, code, rule, reason, policy, asked, limits: [{id, bucket, meter, asks, before, held, max, fits}]}: the one
 * text of a verdict, for tests of documents, the API and `explain`. Amounts of usd are decimal texts.
 */
void verdict_put_json(struct json_writer *w, const struct verdict *v);

/*
 * {verdict, identity: [{n, met}], rules: [{id, effect, result: yes | no | maybe | error, why}], nearest: {rule, why}}.
 * `v` is what policy_decide() and the ledger made of `f`; `p` NULL: there is no document. `nearest` is null but for a
 * denial that no rule made: the permit or approve of which the least is false, and its first false part.
 */
int policy_explain_json(const struct policy *p, const struct facts *f, const struct verdict *v, struct arena *a,
                        struct buf *out);
