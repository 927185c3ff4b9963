/*
 * saas/affected.h - on whose accounts does a request act? Every id in it is asked about: in the path, in fields on
 * every level, in the query. Values in, values out: which GET would tell, is said; who makes it is proxy/.
 *
 *   (1) what is not understood cannot be told: an operation or an id that the connector does not know, a body that was
 *       not read, an id that the vendor does not find.
 *   (2) an object is asked about where it could have changed hands; what stays with its customer for good may be
 *       remembered (is_kept).
 *   (3) an object that names another one instead of a customer is followed, AFFECTED_STEPS_MAX times.
 */
#pragma once

#include "call/affected.h"
#include "saas/call.h"

#define AFFECTED_STEPS_MAX 4   /* subscription item -> subscription -> customer is 2 */
#define AFFECTED_LOOKUPS_MAX 8 /* of one call */

struct saas_affected;

/* Reads the ids of a request that saas_read() took; all of it lives in `a`. */
struct saas_affected *saas_affected_begin(const struct saas_call *call, const struct limits *limits, struct arena *a);

/* A GET at the vendor that says whose an object is. */
struct saas_owner_get {
    struct str path, path_template;
    struct str id;
    bool is_kept; /* what was learned of it before stays true */
};
/* True: one more object to ask about; then comes exactly one of the next two. False: all is known that can be. */
bool saas_affected_next(struct saas_affected *sa, struct saas_owner_get *ret);
/* The vendor's answer; status 0: there was none. *ret_customer: whose it is, to be remembered; or empty. */
void saas_affected_answer(struct saas_affected *sa, uint16_t status, struct str body, struct str *ret_customer);
void saas_affected_remembered(struct saas_affected *sa, struct str customer);
void saas_affected_result(const struct saas_affected *sa, struct affected *ret);

/* The GET for a customer's own record, and one text of its metadata. False: the connector knows no such thing. */
bool saas_customer_get(const struct connector *c, struct str customer, struct arena *a, struct saas_owner_get *ret);
/* False: the body is no object. An absent field is empty. */
bool saas_customer_metadata(struct str body, struct str field, struct arena *a, struct str *ret);
