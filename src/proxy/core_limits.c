/*
 * proxy/core_limits.c - what limits tell and look up beside counting: soft thresholds that were passed, and the trees
 * of runs.
 */
#include "proxy/core_limits.h"

#include "base/counter.h"
#include "codec/json_write.h"
#include "proxy/core_impl.h"

#define TEXT_BYTES_MAX 65536

static void put_news(struct json_writer *w, const struct limit_need *n)
{
    char text[MONEY_TEXT_BYTES], meter[METER_TEXT_BYTES];
    const struct {
        struct str name;
        int64_t n;
    } amounts[] = {{STR_INIT("soft"), n->soft}, {STR_INIT("used"), n->after}, {STR_INIT("max"), n->max}};
    jw_object(w);
    jw_put_str(w, STR("id"), n->id);
    jw_put_str(w, STR("counter"), n->counter);
    jw_put_str(w, STR("meter"), meter_text(n->meter, n->currency, meter));
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        if (meter_is_money(n->meter))
            jw_put_str(w, amounts[i].name, money_text(amounts[i].n, text));
        else
            jw_put_i64(w, amounts[i].name, amounts[i].n);
    }
    jw_object_end(w);
}

static void tell(struct core *c, const struct limit_need *n, struct str call_id)
{
    struct buf limit, bucket, call;
    struct json_writer w;
    uint64_t seq;
    buf_init(&limit, TEXT_BYTES_MAX);
    buf_init(&bucket, TEXT_BYTES_MAX);
    buf_init(&call, TEXT_BYTES_MAX);
    jw_init(&w, &limit);
    put_news(&w, n);
    json_quote(&bucket, n->bucket);
    json_quote(&call, call_id);
    const struct record_member m[] = {{STR("limit"), buf_str(&limit), false},
                                      {STR("call_id"), buf_str(&call), false},
                                      {STR("bucket"), buf_str(&bucket), true}};
    if (buf_ok(&limit) == 0 && buf_ok(&bucket) == 0)
        (void)core_event(c, STR("limit.soft"), STR("daemon"), m, 3, &seq); /* else the call's record says it */
    counter_add(COUNTER_limits_soft_passed, 1);
    buf_deinit(&limit);
    buf_deinit(&bucket);
    buf_deinit(&call);
}

void core_tell_soft(struct core *c, const struct verdict *v, struct str call_id)
{
    for (size_t i = 0; i < v->n_needs; i++)
        if (v->needs[i].soft && ledger_soft_is_news(c->ledger, &v->needs[i]))
            tell(c, &v->needs[i], call_id);
}

struct str core_root_run(struct core *c, struct str tenant, struct str run, struct str parent, struct arena *a)
{
    if (parent.n == 0 && atomic_load_explicit(&c->n_run_links, memory_order_relaxed) == 0)
        return run;
    core_lock(c);
    struct str root = run_tree_root(&c->run_tree, tenant, run, parent, a);
    atomic_store_explicit(&c->n_run_links, c->run_tree.links.n, memory_order_relaxed);
    core_unlock(c);
    return root;
}

void core_run_linked(struct core *c, const struct run_link_row *row, struct arena *scratch)
{
    (void)run_tree_root(&c->run_tree, row->tenant, row->run_id, row->root_run_id, scratch);
    atomic_store_explicit(&c->n_run_links, c->run_tree.links.n, memory_order_relaxed);
}
