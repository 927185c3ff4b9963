/*
 * cli/doctor.h - what `flyball doctor` looks at, one file a place: this machine and the data folder (cmd_doctor.c), the
 * environment of agents (doctor_env.c), vendors and their secrets (doctor_vendors.c), what grows old (doctor_age.c).
 *
 *   (1) a check says one line, and what to do where that is not "ok"; no line holds a secret.
 *   (2) nothing but --vendors opens a connection to another machine.
 */
#pragma once

#include "cli/cli.h"
#include "codec/json_write.h"
#include "config/config.h"

struct doctor {
    struct cli *c;
    struct json_writer w; /* with --json */
    struct buf json;
    bool has_failed;
};

/* status: ok, warn or fail. `fix` empty: there is nothing to do. */
void doctor_report(struct doctor *d, const char *status, const char *name, struct str text, struct str fix);
#define DOCTOR_TEXT(d, ...) arena_printf(&(d)->c->arena, __VA_ARGS__)

/* A vendor's own credential, and addresses that lead around us or not quite to us. data_url: http://127.0.0.1:4747. */
void doctor_env(struct doctor *d, struct str data_url);
/* Secrets by reference: can they be read, by whom, and what can they do. */
void doctor_secrets(struct doctor *d, const struct config *config);
/* Name, connection, TLS and an answer of every vendor and target of exports; whether our clock agrees with theirs. */
void doctor_reach(struct doctor *d, const struct config *config);
/* Prices, as this configuration has them. */
void doctor_prices(struct doctor *d, const struct config *config);
/* The daemon's keys. 0, or what client_call said. */
int doctor_keys(struct doctor *d);
