/*
 * admin/h_audit.c - proofs on demand: the chain, the counters, the frames themselves. Long work, done by reader
 * threads.
 */
#include "admin/exports_view.h"
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/err.h"
#include "codec/hex.h"
#include "proxy/core_secrets.h"
#include "proxy/stats.h"
#include "store/audit.h"

static void answer_as_it_is(struct request *r)
{
    (void)buf_add(&r->out, buf_str(&r->ask.json)); /* noted in the buf, here and below */
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

static int verify(void *ctx, struct store *s, struct store_reader *reader, struct buf *out)
{
    struct audit_report t;
    struct json_writer w;
    char hex[2 * CHAIN_BYTES];
    int e = audit_verify(s, reader, &t);
    if (e < 0)
        return err_trace(e);
    stats_chain(ctx, e == 0);
    jw_init(&w, out);
    jw_object(&w);
    jw_put_bool(&w, STR("ok"), e == 0);
    jw_put_i64(&w, STR("frames"), (int64_t)(t.opens + t.closes + t.events));
    jw_put_i64(&w, STR("last_seq"), (int64_t)t.last_seq);
    jw_put_str(&w, STR("chain"), hex_encode(t.chain, CHAIN_BYTES, hex));
    jw_put_i64(&w, STR("values"), (int64_t)t.values);
    jw_put_i64(&w, STR("erased"), (int64_t)t.erased);
    jw_put_i64(&w, STR("checkpoints"), (int64_t)t.checkpoints);
    jw_put_i64(&w, STR("checkpoint_seq"), (int64_t)t.checkpoint_seq);
    char signer[2 * SIGN_PUBLIC_BYTES];
    jw_put_str_or_null(&w, STR("signer"),
                       t.checkpoints ? hex_encode(t.signer, SIGN_PUBLIC_BYTES, signer) : STR_NONE);
    jw_key(&w, STR("damaged_seq"));
    if (e == 0)
        jw_null(&w);
    else
        jw_u64(&w, t.damaged_seq);
    jw_put_str_or_null(&w, STR("fault"), e == 0 ? STR_NONE : str_c(t.damage));
    jw_object_end(&w);
    return buf_ok(out);
}

void admin_on_audit_verify(struct request *r)
{
    r->ask.work = verify;
    r->ask.work_ctx = r->admin->stats;
    request_ask(r, answer_as_it_is);
}

static void then_export(struct request *r)
{
    struct json rows, last;
    struct json_writer w;
    int64_t seq = 0;
    size_t n;

    if (json_parse(&r->arena, buf_str(&r->ask.json), 64, &rows) < 0) {
        request_fail_err(r, -ERR_CORRUPT);
        return;
    }
    n = json_len(rows);
    last = json_at(rows, n ? n - 1 : 0);
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_raw(&w, STR("frames"), buf_str(&r->ask.json));
    if (n == (size_t)r->ask.q.rows_max && json_i64(json_get(last, STR("seq")), &seq))
        jw_put_i64(&w, STR("next_after"), seq);
    else
        jw_put_null(&w, STR("next_after"));
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

void admin_on_audit_export(struct request *r)
{
    r->ask.q = (struct query){.kind = QUERY_AUDIT};
    if (request_limit(r, &r->ask.q.rows_max) && request_seq(r, STR("after"), &r->ask.q.after_seq))
        request_ask(r, then_export);
}

/* --- doctor ------------------------------------------------------------------------------------------------------- */

static void put_check(struct json_writer *w, const char *name, const char *status, struct str text, const char *fix)
{
    jw_object(w);
    jw_put_str(w, STR("name"), str_c(name));
    jw_put_str(w, STR("status"), str_c(status));
    jw_put_str(w, STR("text"), text);
    jw_put_str_or_null(w, STR("fix"), str_c(fix));
    jw_object_end(w);
}

/* One a document that observes: nothing is refused there yet. */
static void check_observed(struct json_writer *w, struct arena *a, struct json documents)
{
    struct json one;
    for (struct json_iter it = json_each(documents); json_next(&it, NULL, &one);)
        put_check(w, "observe", "warn",
                  arena_printf(a, "OBSERVE: policy " STR_FMT " allows every call of " STR_FMT " until " STR_FMT,
                               STR_ARG(json_text_of(json_get(one, STR("policy")))),
                               STR_ARG(json_text_of(json_get(one, STR("vendors")))),
                               STR_ARG(json_text_of(json_get(one, STR("until"))))),
                  "when its verdicts in shadow are right (flyball calls), apply it with mode: enforce");
}

static void check_positions(struct json_writer *w, struct arena *a, struct str health, bool *ok)
{
    struct json root;
    int64_t lag = 0, unknown = 0;
    bool balances = false, killed = false;

    if (json_parse(a, health, 16, &root) < 0)
        return;
    (void)json_i64(json_get(root, STR("store_lag_frames")), &lag); /* absent is 0, or false */
    (void)json_i64(json_get(root, STR("unknown_outcomes")), &unknown);
    (void)json_bool(json_get(root, STR("ledger_balances")), &balances);
    (void)json_bool(json_get(root, STR("killed")), &killed);
    put_check(w, "ledger", balances ? "ok" : "fail",
              balances ? STR("held money equals the holds of calls in memory")
                       : STR("held money differs from the holds of calls"),
              balances
                  ? NULL
                  : "restart the daemon: it rebuilds the ledger from the store; keep the data folder for a report");
    *ok &= balances;
    put_check(w, "store", lag > 10000 ? "warn" : "ok",
              arena_printf(a, "%lld frames are on their way from the journal to the store", (long long)lag),
              lag > 10000 ? "look at the disk: the store cannot keep up" : NULL);
    put_check(w, "unknown", unknown ? "warn" : "ok",
              arena_printf(a, "%lld calls have an unknown outcome; their holds stand", (long long)unknown),
              unknown ? "flyball calls --unknown" : NULL);
    put_check(w, "stop", killed ? "warn" : "ok",
              killed ? STR("the stop button is pressed") : STR("the stop button is not pressed"),
              killed ? "flyball unkill" : NULL);
    check_observed(w, a, json_get(root, STR("observe")));
}

static void check_counters(struct json_writer *w, struct arena *a, struct store *s, bool *ok)
{
    struct buf differs;
    buf_init(&differs, 1u << 20);
    int e = s->ops->rebuild(s, &differs);
    if (e < 0)
        put_check(w, "counters", "fail", arena_printf(a, "the counters could not be rebuilt: %s", err_text(e)),
                  "flyball audit verify");
    else if (e == STORE_R_DIFFERS)
        put_check(w, "counters", "fail",
                  arena_printf(a, "counters differ from the ledger's frames: " STR_FMT,
                               STR_ARG(str_sub(buf_str(&differs), 0, 2000))),
                  "keep the data folder for a report");
    else
        put_check(w, "counters", "ok", STR("every counter, rebuilt from the ledger's frames, equals the one in use"),
                  NULL);
    *ok &= e == 0;
    buf_deinit(&differs);
}

static void check_chain(struct json_writer *w, struct arena *a, struct store *s, struct store_reader *reader,
                        struct stats *stats, bool *ok)
{
    struct audit_report t;
    int e = audit_verify(s, reader, &t);
    if (e >= 0)
        stats_chain(stats, e == 0);
    if (e < 0)
        put_check(w, "chain", "fail", arena_printf(a, "the frames could not be read: %s", err_text(e)),
                  "look at the disk");
    else if (e == AUDIT_R_DAMAGED)
        put_check(w, "chain", "fail", arena_printf(a, "frame %llu: %s", (unsigned long long)t.damaged_seq, t.damage),
                  "somebody changed the store, or the disk did: keep the data folder");
    else
        put_check(w, "chain", "ok",
                  arena_printf(a, "all %llu frames are what was written", (unsigned long long)t.last_seq), NULL);
    *ok &= e == 0;
}

/* What a reader's thread needs; lives in the request's arena. */
struct examination {
    struct exports *exports;
    struct stats *stats;
    struct buf health, secrets;
    struct str secrets_problem;
    bool is_ready;
};

/* What `secret list` calls it. */
static enum secret_status status_named(struct str text)
{
    enum secret_status s = SECRET_OK;
    while (s < SECRET_DAMAGED && !str_eq(secret_status_text(s), text))
        s++;
    return s;
}

static struct str secret_fix(struct arena *a, enum secret_status status, struct str name)
{
    struct str fix = secret_status_fix(status);
    size_t at;
    if (!str_find(fix, STR("NAME"), &at))
        return fix;
    return arena_join(a, (struct str[]){str_sub(fix, 0, at), name, str_sub(fix, at + 4, fix.n)}, 3);
}

static void check_secrets(struct json_writer *w, struct arena *a, const struct examination *x, bool *ok)
{
    struct json all, one;
    struct str name, text;
    bool is_well = true;
    if (json_parse(a, buf_str(&x->secrets), 16, &all) < 0)
        return;
    if (x->secrets_problem.n)
        put_check(w, "secrets", "fail", x->secrets_problem, "put the key back, and restart the daemon");
    for (struct json_iter it = json_each(all); json_next(&it, NULL, &one);) {
        if (!json_str(json_get(one, STR("name")), &name) || !json_str(json_get(one, STR("status")), &text) ||
            status_named(text) == SECRET_OK)
            continue;
        is_well = false;
        put_check(w, "secrets", "fail",
                  arena_printf(a, "the vendors of secret " STR_FMT " refuse: " STR_FMT, STR_ARG(name),
                               STR_ARG(secret_status_means(status_named(text)))),
                  secret_fix(a, status_named(text), name).p);
    }
    is_well = is_well && !x->secrets_problem.n;
    if (is_well)
        put_check(w, "secrets", "ok", arena_printf(a, "%zu secrets of the store can be used", json_len(all)), NULL);
    *ok &= is_well;
}

/* A warning: nothing is lost as long as the store keeps the record. */
static void check_exports(struct json_writer *w, struct arena *a, struct exports *exports)
{
    struct str names;
    if (exports_n(exports) == 0)
        return;
    size_t n = exports_failing(exports, a, &names);
    put_check(w, "exports", n ? "warn" : "ok",
              n ? arena_printf(a, "these targets take no spans now: " STR_FMT, STR_ARG(names))
                : arena_printf(a, "all %zu targets take spans", exports_n(exports)),
              n ? "GET /api/v1/exports says why; the record keeps what they lack" : NULL);
}

static int examine(void *ctx, struct store *s, struct store_reader *reader, struct buf *out)
{
    const struct examination *x = ctx;
    struct json_writer w;
    struct arena a;
    bool ok = x->is_ready;

    arena_init(&a, 4u << 20);
    jw_init(&w, out);
    jw_object(&w);
    jw_key(&w, STR("checks"));
    jw_array(&w);
    put_check(&w, "ready", ok ? "ok" : "fail",
              ok ? STR("calls can be governed") : STR("money is stopped: the journal cannot be written"),
              ok ? NULL : "free disk space, then restart the daemon");
    check_positions(&w, &a, buf_str(&x->health), &ok);
    check_secrets(&w, &a, x, &ok);
    check_exports(&w, &a, x->exports);
    check_counters(&w, &a, s, &ok);
    check_chain(&w, &a, s, reader, x->stats, &ok);
    jw_array_end(&w);
    jw_put_bool(&w, STR("ok"), ok);
    jw_object_end(&w);
    arena_deinit(&a);
    return buf_ok(out);
}

static void free_buf(void *p) { buf_deinit(p); }

void admin_on_doctor(struct request *r)
{
    struct examination *x = arena_alloc(&r->arena, sizeof(*x));
    buf_init(&x->health, 1u << 20);
    arena_cleanup(&r->arena, free_buf, &x->health);
    buf_init(&x->secrets, ADMIN_ANSWER_BYTES_MAX);
    arena_cleanup(&r->arena, free_buf, &x->secrets);
    x->exports = r->admin->exports;
    x->stats = r->admin->stats;
    x->secrets_problem = core_secrets_problem(r->admin->core);
    int e = core_health_json(r->admin->core, &x->health, &x->is_ready);
    if (e == 0)
        e = core_secrets_json(r->admin->core, STR_NONE, &x->secrets);
    if (e < 0) {
        request_fail_err(r, e);
        return;
    }
    r->ask.work = examine;
    r->ask.work_ctx = x;
    request_ask(r, answer_as_it_is);
}
