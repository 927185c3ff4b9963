/* config/show_impl.h - what the files that show a config share. */
#pragma once

#include "codec/json_write.h"
#include "config/config_impl.h"

/* "  NAME:" of an entry of the file, and where it stands. */
void text_entry(const struct config *c, struct str name, int line, bool with_origin, struct buf *out);
void text_str_if(const char *key, struct str value, struct buf *out); /* nothing, where it is empty */
void text_remotes(const struct config *c, bool with_origin, struct buf *out);

/* An entry as flat values, each "prefix NAME suffix": {value, origin}. */
struct shown {
    struct json_writer *w;
    const char *prefix;
    struct str name, origin;
    char text[512];
};
void shown_begin(struct shown *s, struct json_writer *w, const struct config *c, const char *prefix, struct str name,
                 int line);
void shown_str(struct shown *s, const char *suffix, struct str value); /* empty: null */
void shown_bool(struct shown *s, const char *suffix, bool value);
void shown_i64(struct shown *s, const char *suffix, int64_t value);
void json_remotes(struct json_writer *w, const struct config *c);
