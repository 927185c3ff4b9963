/*
 * tests/crowd/fate.h - what becomes of each of the crowd's calls. Both sides know it by the call's number, which stands
 * in its prompt ("n=17 fate=c"): the vendor does its part, the agent the other.
 */
#pragma once

/* FATE(letter, is_stream): of 20 calls in a row. */
#define FATES                                                                                                          \
    FATE('w', 0) FATE('s', 1) FATE('w', 0) FATE('s', 1) FATE('w', 0) /* answered whole, or as a stream */              \
    FATE('c', 1)                                                     /* the vendor ends its stream midway */           \
    FATE('e', 0)                                                     /* 500 */                                         \
    FATE('l', 1)                                                     /* the agent leaves the stream that has begun */  \
    FATE('s', 1) FATE('w', 0) FATE('s', 1) FATE('w', 0)                                                                \
    FATE('x', 1)                                                     /* the agent leaves before the answer begins */   \
    FATE('h', 0)                                                     /* half of the body that the length promised */   \
    FATE('q', 1)                                                     /* 429 */                                         \
    FATE('s', 1)                                                                                                       \
    FATE('c', 1)                                                                                                       \
    FATE('r', 0)                                                     /* the vendor resets the connection */            \
    FATE('l', 1)                                                                                                       \
    FATE('x', 0)

struct fate {
    char letter;
    int is_stream;
};

static const struct fate fates[] = {
#define FATE(letter, is_stream) {letter, is_stream},
    FATES
#undef FATE
};
#define N_FATES ((int)(sizeof(fates) / sizeof(fates[0])))
