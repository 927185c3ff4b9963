/*
 * admin/ui_files.h - the table that tools/ui.py makes at build time, of ui/: the dashboard's files, each a second time
 * as name.gz. Without the packages of ui/package-lock.json it holds one page that says so.
 */
#pragma once

#include "base/str.h"

struct embedded {
    struct str name, text;
};

extern const struct embedded ui_files[]; /* ends with an empty name */
extern const struct str ui_files_names[];
