/*
 * call/known.h - what the daemon knows of its vendors' operations, for whoever checks a document that names them.
 * Plain values; who makes them says how long they live.
 */
#pragma once

#include "call/facts.h"

struct zones;

struct known_param {
    struct str name;
    enum param_kind kind;
};

struct known_operation {
    struct str vendor, layer; /* as the config names the vendor */
    struct str name;          /* stripe.refunds.create */
    uint32_t classes;         /* bits of enum op_class: those that it can have, whatever its values */
    const struct known_param *params; /* those that become facts */
    size_t n_params;
};

struct policy;
/* Documents that another may extend, by name and digest: who has them. */
struct documents {
    /* A reference; NULL: it is not there. */
    const struct policy *(*find)(const struct documents *d, struct str name, struct str digest);
};

struct known {
    const struct str *vendors;
    size_t n_vendors;
    const struct known_operation *operations;
    size_t n_operations;
    const struct zones *zones; /* time zones; NULL: UTC alone */
    const struct documents *documents; /* NULL: there is none to extend */
};
