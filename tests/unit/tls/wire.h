/*
 * tests/unit/tls/wire.h - two ends of a connection in memory, whose bytes move when the test says so, and a loop with
 * a clock of the test's.
 *
 *     write -> out --wire_send()--> in of the other end --wire_deliver()--> on_bytes
 *              (accepted)            (in the kernel)
 */
#pragma once

#include "base/buf.h"
#include "net/stream.h"
#include "net/timer.h"

struct wire_end {
    struct stream s; /* first */
    struct wire *wire;
    struct wire_end *peer;
    struct buf out, in;
    bool is_open, is_reading, is_closed, is_reset, was_closed_now, wants_drained;
    bool ends;      /* closed softly: the end follows the bytes */
    bool has_ended; /* the peer's end can be read */
    bool told_end;
    int err; /* to be told */
};

struct wire {
    struct loop loop;
    mono_t now, wake_at;
    struct wire_end ends[2]; /* the client's, the server's */
};

void wire_init(struct wire *w);
void wire_deinit(struct wire *w);
void wire_open(struct wire *w);                   /* the client's end hears on_connect */
bool wire_send(struct wire_end *from, size_t n);  /* at most n of what it wrote, to the other side's kernel */
bool wire_deliver(struct wire_end *to, size_t n); /* at most n of what is in the kernel, if it reads; then the end */
bool wire_timers(struct wire *w, int64_t ms);     /* time passes */
void wire_break(struct wire_end *to, int err);    /* on_error */
/* All that can move moves, until nothing does. */
void wire_run(struct wire *w);
