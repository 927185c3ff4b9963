/*
 * base/post.h - "call this with that, over there": how an answer returns to the thread that asked.
 */
#pragma once

struct post {
    void (*fn)(void *ctx);
    void *ctx;
};

/* Where posts go: a loop's mailbox in the daemon, a queue in the simulation. send() may be called from any thread. */
struct post_box {
    void (*send)(struct post_box *box, struct post p);
};

static inline void post_send(struct post_box *box, struct post p) { box->send(box, p); }
