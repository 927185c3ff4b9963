/*
 * policy/starter.h - the document that `flyball dev` begins with, when its data folder has none: named `default`.
 */
#pragma once

#include "base/str.h"

struct str policy_starter(void); /* YAML, with comments for the one who will change it */
