/*
 * cli/documents.h - documents that others extend, from files: what `--extends FILE` gives to commands that read a
 * policy without a daemon.
 */
#pragma once

#include "base/limits.h"
#include "call/known.h"
#include "cli/cli.h"

#define DOCUMENTS_MAX 32

struct document_files {
    struct documents documents;
    const struct policy *items[DOCUMENTS_MAX];
    size_t n;
};

#define OPTION_EXTENDS \
    {"extends", "FILE", "a document that the one read extends; first those that extend none", true, NULL}

/* Reads the files of all --extends, and sets known->documents. CLI_FAILED, CLI_USAGE: said. In any case deinit. */
int documents_init(struct document_files *d, struct cli *c, const struct limits *limits, struct known *known);
void documents_deinit(struct document_files *d);
