/*
 * admin/verbs.h - which handler answers which method and path; verbs.tbl.h is the table.
 */
#pragma once

#include "base/str.h"
#include "identity/person.h"

struct request;

enum admin_method { METHOD_GET, METHOD_POST, METHOD_DELETE, METHOD_COUNT };

#define VERB_ARGS_MAX 2

struct verb {
    enum admin_method method;
    struct str path; /* with {name} for one segment */
    const char *id;
    enum role role; /* of identity/role.tbl.h, or ROLE_PUBLIC */
    const char *params;           /* names, separated by spaces */
    const char *request, *answer; /* schemas; "" none */
    const char *what;
    void (*handle)(struct request *r);
};

const struct verb *verbs_table(size_t *ret_n);
const char *method_text(enum admin_method m);

/*
 * The verb for a method and path. `ret_args` gets the path's variable segments, as they stand there (still encoded).
 * -ERR_NOT_FOUND: no such path; VERB_R_METHOD: the path exists, *ret_allow is a mask of 1 << enum admin_method.
 */
int verb_find(struct str method, struct str path, const struct verb **ret_verb, struct str ret_args[VERB_ARGS_MAX],
              unsigned *ret_allow);
#define VERB_R_METHOD 1

/* Whether it keeps to one tenant when who asks is of one (tenant.tbl.h). */
bool verb_keeps_tenant(const struct verb *v);
/* Whether it changes something, and so is on record with who did it. */
bool verb_is_action(const struct verb *v);

/* Whether a verb knows that query parameter. */
bool verb_has_param(const struct verb *v, struct str name);

struct param_info {
    struct str name;
    const char *type, *help;
};
const struct param_info *params_table(size_t *ret_n);
