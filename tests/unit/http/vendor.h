/*
 * tests/unit/http/vendor.h - calls made through a pool, against a vendor played by the test.
 *
 * A call's events go to the rig's log, each as one line that starts with the call's name.
 */
#pragma once

#include "http/rig.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct call {
    struct rig *rig;
    const char *name;
    struct http_exchange *x; /* NULL: over */
    struct http_target target;
    struct http_timeouts times;
    const char *method, *body;
    int64_t length; /* of the request: known, or HTTP_BODY_UNKNOWN */
    size_t credit;  /* given with the head */
    bool fresh, keeps_open, releases_on_head, opens_next;
    struct call *next;
    size_t body_bytes; /* of the answer */
    /* when it is over, what the exchange said of itself */
    uint64_t bytes_out;
    bool is_reused, got_first_byte, got_surplus;
};

struct vendor {
    struct rig rig;
    struct net_addr addr;
    int listener;
    struct buf seen; /* what was read from a connection */
};

void vendor_begin(struct vendor *v); /* limits of v->rig may be changed before rig_start_pool() */
void vendor_end(struct vendor *v);
void vendor_read_head(struct vendor *v, int fd);
void vendor_respond(struct vendor *v, int fd, struct str answer); /* reads a head first */

struct call call_of(struct vendor *v, const char *name);
void call_start(struct call *c); /* on the loop's thread; returns when it is done */

/* For rig_do(), with a call, and with the rig. */
void call_open(void *call);
void call_finish(void *call);
void call_release(void *call);
void call_credit(void *call);
void close_idle(void *rig);
