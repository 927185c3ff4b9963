/*
 * base/log.c - one line, one write(2), so that lines of several threads never mix.
 *
 *   (1) a line holds printable ASCII only, whatever the arguments were: no value can forge a second line or drive a
 *       terminal.
 *   (2) a line is at most LOG_LINE_BYTES; longer ones are cut.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"

#define LOG_LINE_BYTES 4096

static _Atomic int the_level = LOG_INFO;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&the_level, (int)level, memory_order_relaxed);
}

/* Writes `c` at out, escaped where needed; the bytes it took (1, 2 or 4). */
static size_t put_escaped(char *out, char c, bool is_quoted)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char u = (unsigned char)c;
    if (is_quoted && (c == '"' || c == '\\')) {
        out[0] = '\\';
        out[1] = c;
        return 2;
    }
    if (u >= 0x20 && u < 0x7f) {
        out[0] = c;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex[u >> 4];
    out[3] = hex[u & 15];
    return 4;
}

const char *log_value(struct str s, char out[LOG_VALUE_BYTES])
{
    size_t n = 0;
    out[n++] = '"';
    for (size_t i = 0; i < s.n && n + 4 + 2 <= LOG_VALUE_BYTES; i++)
        n += put_escaped(out + n, s.p[i], true);
    out[n++] = '"';
    out[n] = 0;
    return out;
}

void log_at(enum log_level level, const char *event, const char *fmt, ...)
{
    if ((int)level < atomic_load_explicit(&the_level, memory_order_relaxed))
        return;

    char when[WALL_TEXT_BYTES];
    struct str t = wall_text(clock_system.wall(clock_system.ctx), when);
    char raw[LOG_LINE_BYTES / 2];
    int n_head = snprintf(raw, sizeof raw, "ts=%.*s level=%s event=%s ", (int)t.n, t.p, level_names[level], event);
    size_t n_raw = n_head < 0 ? 0 : (size_t)n_head < sizeof raw ? (size_t)n_head : sizeof raw - 1;

    va_list ap;
    va_start(ap, fmt);
    int n_rest = vsnprintf(raw + n_raw, sizeof raw - n_raw, fmt, ap);
    va_end(ap);
    if (n_rest > 0)
        n_raw = (size_t)n_rest < sizeof raw - n_raw ? n_raw + (size_t)n_rest : sizeof raw - 1;
    if (n_rest <= 0 && n_raw > 0)
        n_raw--; /* the space behind the event */

    char line[LOG_LINE_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < n_raw && n + 5 <= sizeof line; i++)
        n += put_escaped(line + n, raw[i], false);
    line[n++] = '\n';
    /* A full or closed stderr is no reason to stop, and there is nowhere else to say so. */
    if (write(STDERR_FILENO, line, n) < 0)
        return;
}
