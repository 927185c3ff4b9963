/*
 * base/log.h - the operator log: logfmt lines on stderr, one event a line, stable field names. Never bodies or secrets.
 *
 * base to store never log above debug; proxy, admin and daemon do, once per event. Values are quoted and control bytes
 * (ESC too) escaped. One of the two mutable globals (the other: counters).
 */
#pragma once

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level level);
/*
 * log_at(LOG_INFO, "listening", "data=%s workers=%d", addr, n): the fmt makes the logfmt pairs, with values of ours or
 * from log_value().
 */
void log_at(enum log_level level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define LOG_VALUE_BYTES 256
/* A value from outside, made safe for a pair: quoted, all but printable ASCII escaped, cut at the end of `out`. */
const char *log_value(struct str s, char out[LOG_VALUE_BYTES]);
