/*
 * admin/policy_request.h - what requests about policy documents share: how a document is read, and how what is wrong
 * with it is answered.
 */
#pragma once

#include "admin/request.h"
#include "policy/policy.h"

#define POLICY_DIAGS_MAX 200

/* The body's members, or the body itself as YAML; `names` are all that it may have. False: answered. */
bool policy_request_text(struct request *r, const struct str *names, size_t n_names, struct str *ret_text,
                         struct str *ret_file);
/* 400 policy_invalid with the diagnostics. They keep names of files by reference, until the answer is written. */
void policy_request_fail(struct request *r, const struct diag_list *diags);
/* A document that is read and not put in force; false: answered. The caller unrefs *ret. */
bool policy_request_parse(struct request *r, struct str text, struct str file, struct policy **ret);
/* Puts a text in force and answers with name, digest and warnings, or with what is wrong. */
void policy_request_apply(struct request *r, struct str text, struct str file);
