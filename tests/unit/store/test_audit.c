/* store/audit: every change of a stored row is found. */
#include "scratch.h"
#include "story.h"
#include "unit.h"
#include "unpacked.h"

#include "base/err.h"
#include "base/rand.h"
#include "store/audit.h"
#include "store/sqlite/store_sqlite.h"

#define MUTATIONS 1000
#define FRAMES_A_PACK 7

/* An idle store, and a connection that changes its file behind its back and puts it right again. */
struct lab {
    struct scratch scratch;
    struct story story;
    struct store *store;
    struct store_reader *reader;
    sqlite3 *db;
};

static void lab_init(struct lab *l)
{
    scratch_init(&l->scratch, "audit");
    story_init(&l->story);
    story_random(&l->story, 31, 60);
    assert_int_equal(store_sqlite_open(str_c(l->scratch.file), &l->store), 0);
    assert_int_equal(l->store->ops->apply(l->store, l->story.frames, l->story.seq), 0);
    assert_int_equal(l->store->ops->reader_new(l->store, &l->reader), 0);
    assert_int_equal(sqlite3_open(l->scratch.file, &l->db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(l->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
    unpack(l->db);
}

static void lab_deinit(struct lab *l)
{
    sqlite3_close(l->db);
    l->store->ops->reader_free(l->reader);
    l->store->ops->close(l->store);
    story_deinit(&l->story);
    scratch_deinit(&l->scratch);
}

static void sql(struct lab *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void sql(struct lab *l, const char *fmt, ...)
{
    char text[512], *error = NULL;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (sqlite3_exec(l->db, text, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", text, error);
}

/* What the tables say is put into the file first. */
static int verify(struct lab *l, struct audit_report *rep)
{
    repack(l->db, FRAMES_A_PACK);
    return audit_verify(l->store, l->reader, rep);
}

static void flip_byte(struct lab *l, struct rng *r, const char *table, const char *column, uint64_t seq, size_t n)
{
    uint64_t at = 1 + rng_below(r, n);
    sql(l,
        "UPDATE %s SET %s = CAST(CAST(substr(CAST(%s AS BLOB), 1, %d) AS BLOB) || char((unicode(CAST(substr(CAST(%s AS "
        "BLOB), %d, 1) "
        "AS TEXT)) + %d) %% 94 + 33) || CAST(substr(CAST(%s AS BLOB), %d) AS BLOB) AS TEXT) WHERE seq = %d",
        table, column, column, (int)at - 1, column, (int)at, (int)rng_below(r, 92), column, (int)at + 1, (int)seq);
}

/* Changes one row in some way; returns the seq at or before which the damage must be reported. */
static uint64_t mutate(struct lab *l, struct rng *r)
{
    uint64_t seq = 1 + rng_below(r, l->story.seq), other = 1 + (seq + rng_below(r, l->story.seq - 1)) % l->story.seq;
    const struct frame *f = &l->story.frames[seq - 1];
    switch (rng_below(r, 10)) {
    case 0:
        sql(l, "DELETE FROM frames WHERE seq = %d", (int)seq);
        return seq;
    case 1:
        sql(l,
            "UPDATE frames SET seq = -1 WHERE seq = %d; UPDATE frames SET seq = %d WHERE seq = %d; "
            "UPDATE frames SET seq = %d WHERE seq = -1",
            (int)seq, (int)seq, (int)other, (int)other);
        return seq < other ? seq : other;
    case 2:
        sql(l, "INSERT INTO frames SELECT %d, kind, version, node, epoch, at, chain, body FROM frames WHERE seq = %d",
            (int)l->story.seq + 1, (int)seq);
        return l->story.seq + 1;
    case 3:
        sql(l, "UPDATE frames SET at = at + %d WHERE seq = %d", (int)rng_below(r, 3) - 3, (int)seq);
        return seq;
    case 4:
        sql(l, "UPDATE frames SET kind = 1 + kind %% 3, epoch = epoch + %d WHERE seq = %d", (int)rng_below(r, 2),
            (int)seq);
        return seq;
    case 5:
        sql(l, "UPDATE frames SET chain = randomblob(32) WHERE seq = %d", (int)seq);
        return seq;
    case 6: /* all frames from there on move down by one */
        sql(l,
            "DELETE FROM frames WHERE seq = %d; UPDATE frames SET seq = -seq WHERE seq > %d; "
            "UPDATE frames SET seq = -seq - 1 WHERE seq < 0",
            (int)seq, (int)seq);
        return seq;
    case 7:
    case 8:
        if (f->personal.n > 0) {
            flip_byte(l, r, "personal", "body", seq, f->personal.n);
            return seq;
        }
        /* fall through */
    default:
        flip_byte(l, r, "frames", "body", seq, f->body.n);
        return seq;
    }
}

static bool is_changed(struct lab *l)
{
    bool changed = true;
    sqlite3_stmt *st;
    assert_int_equal(
        sqlite3_prepare_v2(l->db,
                           "SELECT (SELECT count(*) FROM (SELECT * FROM frames EXCEPT SELECT * FROM good_frames))"
                           " + (SELECT count(*) FROM (SELECT * FROM good_frames EXCEPT SELECT * FROM frames))"
                           " + (SELECT count(*) FROM (SELECT * FROM personal EXCEPT SELECT * FROM good_personal))",
                           -1, &st, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    changed = sqlite3_column_int(st, 0) != 0;
    sqlite3_finalize(st);
    return changed;
}

static void every_mutation_is_found_with_its_place(void **state)
{
    struct lab l;
    struct rng rng;
    struct audit_report rep;
    int n = 0;
    lab_init(&l);
    rng_seeded_init(&rng, 4);
    sql(&l, "CREATE TEMP TABLE good_frames AS SELECT * FROM frames;"
            "CREATE TEMP TABLE good_personal AS SELECT * FROM personal");
    assert_int_equal(verify(&l, &rep), 0);
    while (n < MUTATIONS) {
        uint64_t seq = mutate(&l, &rng);
        if (is_changed(&l)) {
            n++;
            int r = verify(&l, &rep);
            if (r != AUDIT_R_DAMAGED || rep.damaged_seq > seq)
                fail_msg("mutation %d at seq %d: verify says %d at %d (%s)", n, (int)seq, r, (int)rep.damaged_seq,
                         rep.damage);
        }
        sql(&l, "DELETE FROM frames; INSERT INTO frames SELECT * FROM good_frames; DELETE FROM personal; "
                "INSERT INTO personal SELECT * FROM good_personal");
    }
    assert_int_equal(verify(&l, &rep), 0);
    lab_deinit(&l);
}

static void a_cut_tail_is_found_by_the_position(void **state)
{
    struct lab l;
    struct audit_report rep;
    lab_init(&l);
    sql(&l, "DELETE FROM frames WHERE seq > %d", (int)l.story.seq - 3);
    assert_int_equal(verify(&l, &rep), AUDIT_R_DAMAGED);
    assert_int_equal(rep.damaged_seq, l.story.seq - 2);
    lab_deinit(&l);
}

static void a_value_added_later_is_no_erasure(void **state)
{
    struct lab l;
    struct audit_report rep;
    lab_init(&l);
    sql(&l, "UPDATE personal SET body = json_insert(body, '$.extra', 'x') WHERE seq = (SELECT min(seq) FROM personal)");
    assert_int_equal(verify(&l, &rep), AUDIT_R_DAMAGED);
    lab_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mutation_is_found_with_its_place),
        cmocka_unit_test(a_cut_tail_is_found_by_the_position),
        cmocka_unit_test(a_value_added_later_is_no_erasure),
    };
    return cmocka_run_group_tests_name("store/audit", tests, NULL, NULL);
}
