/*
 * policy/starter.h - the document that `flyball init` and `flyball dev` begin with, where there is none: `default`.
 */
#pragma once

#include "base/str.h"

struct str policy_starter(void); /* YAML, with comments for the one who will change it */
struct str policy_starter_of_dev(void); /* the same, and the bodies of calls are kept */
