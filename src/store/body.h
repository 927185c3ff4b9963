/*
 * store/body.h - kept bodies as the JSON that the admin API shows, and words in them: one reading for all stores.
 */
#pragma once

#include "call/kept_body.h"
#include "codec/json_write.h"

/* A row of QUERY_BODIES. */
void render_body(struct json_writer *w, const struct kept_body *b);

/* What is looked for; made once for many texts. */
#define BODY_WORDS_BYTES_MAX 1024
struct body_words {
    struct str plain, quoted; /* as it was given, and as JSON writes it */
    uint16_t plain_back[BODY_WORDS_BYTES_MAX], quoted_back[2 * BODY_WORDS_BYTES_MAX];
    char quoted_text[2 * BODY_WORDS_BYTES_MAX];
};
/* -ERR_TOO_LARGE: it is longer than that, once JSON has written it. `text` stays the caller's. */
int body_words_init(struct body_words *bw, struct str text);
/* In any case of ASCII letters, in time linear in the text. True: *ret_at is where, *ret_n how many bytes. */
bool body_words_find(const struct body_words *bw, struct str text, size_t *ret_at, size_t *ret_n);

/* A row of QUERY_BODY_TEXT; false and nothing written: the words are not in it. Only what is text has words. */
bool render_body_hit(struct json_writer *w, const struct kept_body *b, const struct body_words *bw);

/* What was looked at, newest first. */
struct body_searched {
    int64_t bodies, bytes;
    wall_t since;  /* of the oldest of them; 0: there was none */
    uint64_t next; /* 0: there is no more to look at */
};
void render_body_searched(struct json_writer *w, const struct body_searched *s);
