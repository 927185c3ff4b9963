/*
 * tests/unit/admin/fake.h - an admin API with everything around it made of paper: a server that hands requests over
 * when a test says so, and a core that notes what it was asked and answers when a test says so.
 */
#pragma once

#include "../unit.h"

#include "admin/admin.h"
#include "http/exchange.h"
#include "proxy/core_approvals.h"
#include "proxy/core_people.h"
#include "store/audit.h"

#define FAKE_TOKEN "token-0123456789"
/* Of fake_core.person, when there is one. */
#define FAKE_PERSON_TOKEN "fba_abcdefghijklmnopqrstuvwxyz0123453oEbrp"

struct fake_exchange {
    struct http_exchange x;
    int status;
    struct buf body;
    char fields[1024]; /* "name: value\n" */
    bool is_finished, is_released;
    size_t credit;
    size_t queued; /* what http_write says is queued */
};

struct fake_core {
    /* what was called last */
    char called[64], arg[256], by[64];
    struct key_spec spec;
    char spec_agent[64], spec_limit[64], secret[64];
    int64_t overlap_ns;
    /* what it answers */
    int result;
    bool is_durable, is_ready;
    const char *json; /* keys, limits, policies, health */
    const char *diag, *secrets, *problem, *refused;
    size_t n_without_secret;
    const char *approvals; /* rows; NULL: none */
    bool has_over;
    char note[512 + 1];
    bool has_exports, is_export_failing;
    struct erase_job *job;
    int audit; /* of audit_verify */
    struct audit_report report;
    struct ask *ask;
    /* people */
    const struct person *person; /* who has FAKE_PERSON_TOKEN */
    const struct person *other;  /* one more, found by name */
    int person_status;
    unsigned roles;
    char tenant[64], action[256];
    bool is_target_personal; /* of the last action */
    const char *key_tenant;
    int n_actions, action_result;
    char before[256], after[256]; /* of the last action */
    int n_failed_news, failed_news_result;
    uint64_t n_failed;
    char failed[128]; /* reason and address of the last of them */
    uint64_t last_seq;
    mono_t now;
    struct sync_wait *sync;
};
extern struct fake_core fake_core;

struct fake {
    struct admin *admin;
    struct limits limits;
    struct rng rng;
    struct fake_exchange *x; /* of the last request */
    const char *if_none_match, *accept_encoding; /* NULL: not sent */
    const char *ui_dir;                          /* before fake_setup; NULL: the files in the program */
    const struct http_field *more; /* fields that every request carries beside its own */
    size_t n_more;
    char *sent;              /* its body, where the connection was read to */
};

/* The erasure that was asked for ends so. */
struct erased;
void fake_erased(int result, const struct erased *done);

void fake_setup(struct fake *f);
void fake_teardown(struct fake *f);

/* Sends a request as a well-behaved client; the answer is in f->x. NULL body: a GET. */
void fake_get(struct fake *f, const char *target);
void fake_post(struct fake *f, const char *target, const char *body);
/* With every field chosen; NULL leaves it out. */
void fake_send(struct fake *f, const char *method, const char *target, const char *host, const char *auth,
               const char *type, const char *body);
/* The reader answers what was asked. */
void fake_answer(int result, const char *json);
/* The reader does the work that was asked for, on this store. */
void fake_work(struct store *s);
/* The journal is synced. */
void fake_synced(int result);
/* The value of a field of the answer, up to `end`; "" when it has none. In static memory. */
const char *fake_field(struct fake *f, const char *name, char end);
/* Time passes, and timers fire. */
void fake_pass(int64_t ms);
/* The connection takes what was written. */
void fake_writable(struct fake *f);
/* The client leaves. */
void fake_leave(struct fake *f);

#define assert_answer(f, want_status, want_text) fake_assert_answer((f), (want_status), (want_text), __FILE__, __LINE__)
void fake_assert_answer(struct fake *f, int status, const char *text, const char *file, int line);
