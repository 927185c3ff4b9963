/*
 * codec/yaml.c - libyaml's events, turned into a tree that JSON could say.
 *
 * libyaml has no allocator hook: its memory is bounded by limits->bytes_max. A fault of meaning (a plain `yes`, a
 * duplicate key) is noted and reading goes on; a fault of syntax, and a passed bound, end it.
 */
#include "codec/yaml.h"

#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "base/err.h"
#include "codec/names_impl.h"
#include "codec/utf8.h"
#include "codec/yaml_impl.h"

const struct yaml_limits yaml_limits_default = {.bytes_max = 1048576, .depth_max = 64, .nodes_max = 100000};

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    struct str file;
    const struct yaml_limits *limits;
    struct diag_list *diags;
    size_t n_nodes;
    struct str text;
    struct name_ref *refs; /* scratch of the widest map so far */
    size_t n_refs;
};

__attribute__((format(printf, 4, 5))) static void fault_at(struct reader *rd, yaml_mark_t mark, const char *code,
                                                           const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_vadd(rd->diags, rd->file, yaml_line_of(mark), yaml_col_of(mark), code, fmt, ap);
    va_end(ap);
}

static int syntax_fault(struct reader *rd)
{
    const yaml_parser_t *p = &rd->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return err_trace(-ERR_NOMEM);
    yaml_say_fault(p, rd->file, rd->text, rd->diags);
    return err_trace(-ERR_INVALID);
}

static int too_large(struct reader *rd, yaml_mark_t mark, const char *what)
{
    fault_at(rd, mark, "too_large", "the document %s", what);
    return err_trace(-ERR_TOO_LARGE);
}

/* On 0 the caller deletes *ret_event. */
static int next_event(struct reader *rd, yaml_event_t *ret_event)
{
    return yaml_parser_parse(&rd->parser, ret_event) ? 0 : syntax_fault(rd);
}

/* What JSON has no words for. The anchor or tag is dropped, reading goes on. */
static void check_decoration(struct reader *rd, const yaml_event_t *ev, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    if (anchor)
        fault_at(rd, ev->start_mark, "yaml_anchor", "anchors (`&name`) are not accepted; write the value out");
    if (tag)
        fault_at(rd, ev->start_mark, "yaml_tag",
                 "tags (`!name`) are not accepted; a text that begins with `!` needs quotes");
}

static struct yaml *node_new(struct reader *rd, enum yaml_type type, yaml_mark_t mark)
{
    struct yaml *y = rd->n_nodes < rd->limits->nodes_max ? arena_try_alloc(rd->arena, sizeof *y) : NULL;
    if (!y)
        return NULL;
    rd->n_nodes++;
    *y = (struct yaml){.type = type, .line = yaml_line_of(mark), .col = yaml_col_of(mark)};
    return y;
}

static struct str scalar_text(const yaml_event_t *ev)
{
    return (struct str){(const char *)ev->data.scalar.value, ev->data.scalar.length};
}

/* The type of a scalar; faults are noted and give YAML_STR. */
static enum yaml_type scalar_type(struct reader *rd, const yaml_event_t *ev, int64_t *ret_i)
{
    struct str text = scalar_text(ev);
    check_decoration(rd, ev, ev->data.scalar.anchor, ev->data.scalar.tag);
    if (str_has(text, 0))
        fault_at(rd, ev->start_mark, "yaml_nul", "a text with a NUL character is not accepted");
    if (ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return YAML_STR;

    enum yaml_type type;
    const char *trap = NULL;
    if (yaml_plain_type(text, &type, ret_i, &trap))
        return type;
    if (rd->limits->is_foreign)
        return YAML_STR;
    struct str shown = utf8_cut(text, 40);
    fault_at(rd, ev->start_mark, "yaml_plain", "`" STR_FMT "` without quotes %s; write \"" STR_FMT "\"", STR_ARG(shown),
             trap, STR_ARG(shown));
    return YAML_STR;
}

static int read_scalar(struct reader *rd, const yaml_event_t *ev, struct yaml **ret_node)
{
    int64_t i = 0;
    struct yaml *y = node_new(rd, scalar_type(rd, ev, &i), ev->start_mark);
    if (!y || arena_try_str(rd->arena, scalar_text(ev), &y->text) < 0)
        return too_large(rd, ev->start_mark, "has too many nodes or needs too much memory");
    y->i = i;
    *ret_node = y;
    return 0;
}

static int read_node(struct reader *rd, const yaml_event_t *ev, int depth, struct yaml **ret_node);

/* One child of a sequence. *ret_node is NULL at its end. */
static int read_item(struct reader *rd, int depth, struct yaml **ret_node)
{
    yaml_event_t ev;
    int r = next_event(rd, &ev);
    if (r < 0)
        return r;
    *ret_node = NULL;
    if (ev.type != YAML_SEQUENCE_END_EVENT)
        r = read_node(rd, &ev, depth, ret_node);
    yaml_event_delete(&ev);
    return r;
}

static int read_key(struct reader *rd, const yaml_event_t *ev, struct yaml *key)
{
    if (ev->type != YAML_SCALAR_EVENT) {
        fault_at(rd, ev->start_mark, "yaml_key", "a key must be one word or a quoted text");
        return err_trace(-ERR_INVALID);
    }
    struct str text = scalar_text(ev);
    int64_t i;
    if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && str_eq(text, STR("<<")))
        fault_at(rd, ev->start_mark, "yaml_merge", "merge keys (`<<`) are not accepted; write the keys out");
    else if (scalar_type(rd, ev, &i) != YAML_STR && !rd->limits->is_foreign)
        fault_at(rd, ev->start_mark, "yaml_key", "the key `" STR_FMT "` is no string; quote it",
                 STR_ARG(utf8_cut(text, 40)));
    if (arena_try_str(rd->arena, text, &key->key) < 0)
        return too_large(rd, ev->start_mark, "needs too much memory");
    key->key_line = yaml_line_of(ev->start_mark);
    key->key_col = yaml_col_of(ev->start_mark);
    return 0;
}

/* One key and value of a map. *ret_node is NULL at its end. */
static int read_member(struct reader *rd, int depth, struct yaml **ret_node)
{
    yaml_event_t ev;
    struct yaml key = {0};
    int r = next_event(rd, &ev);
    if (r < 0)
        return r;
    *ret_node = NULL;
    bool is_end = ev.type == YAML_MAPPING_END_EVENT;
    if (!is_end)
        r = read_key(rd, &ev, &key);
    yaml_event_delete(&ev);
    if (is_end || r < 0)
        return r;

    r = next_event(rd, &ev);
    if (r < 0)
        return r;
    r = read_node(rd, &ev, depth, ret_node);
    yaml_event_delete(&ev);
    if (r < 0)
        return r;
    (*ret_node)->key = key.key;
    (*ret_node)->key_line = key.key_line;
    (*ret_node)->key_col = key.key_col;
    return 0;
}

static int check_twins(struct reader *rd, const struct yaml *map, yaml_mark_t mark)
{
    if (map->n > rd->n_refs) {
        rd->refs = arena_try_alloc(rd->arena, map->n * sizeof *rd->refs);
        rd->n_refs = rd->refs ? map->n : 0;
        if (!rd->refs)
            return too_large(rd, mark, "needs too much memory");
    }
    size_t n = 0, i_twin;
    yaml_each (y, map) {
        rd->refs[n] = (struct name_ref){y->key, n};
        n++;
    }
    if (!names_find_twin(rd->refs, n, &i_twin))
        return 0;
    const struct yaml *twin = yaml_at(map, i_twin), *first = yaml_get(map, twin->key);
    diag_add(rd->diags, rd->file, twin->key_line, twin->key_col, "duplicate_key",
             "the key `" STR_FMT "` stands twice, first in line %d", STR_ARG(utf8_cut(twin->key, 100)),
             first->key_line);
    return 0;
}

static int read_container(struct reader *rd, enum yaml_type type, yaml_mark_t mark, int depth, struct yaml **ret_node)
{
    if (depth >= rd->limits->depth_max)
        return too_large(rd, mark, "is nested too deep");
    struct yaml *y = node_new(rd, type, mark), *child, *last = NULL;
    if (!y)
        return too_large(rd, mark, "has too many nodes or needs too much memory");
    for (;; y->n++) {
        int r = type == YAML_MAP ? read_member(rd, depth + 1, &child) : read_item(rd, depth + 1, &child);
        if (r < 0)
            return r;
        if (!child)
            break;
        if (last)
            last->next = child;
        else
            y->first = child;
        last = child;
    }
    *ret_node = y;
    return type == YAML_MAP ? check_twins(rd, y, mark) : 0;
}

/* Recursion is bounded by depth_max. */
static int read_node(struct reader *rd, const yaml_event_t *ev, int depth, struct yaml **ret_node)
{
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(rd, ev, ret_node);
    case YAML_SEQUENCE_START_EVENT:
        check_decoration(rd, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag);
        return read_container(rd, YAML_SEQ, ev->start_mark, depth, ret_node);
    case YAML_MAPPING_START_EVENT:
        check_decoration(rd, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
        return read_container(rd, YAML_MAP, ev->start_mark, depth, ret_node);
    case YAML_ALIAS_EVENT:
        fault_at(rd, ev->start_mark, "yaml_alias", "aliases (`*name`) are not accepted; write the value out");
        return err_trace(-ERR_INVALID);
    default:
        fault_at(rd, ev->start_mark, "syntax", "a value is missing");
        return err_trace(-ERR_INVALID);
    }
}

static int read_document(struct reader *rd, const yaml_event_t *start, struct yaml **ret_root)
{
    if (start->data.document_start.version_directive ||
        start->data.document_start.tag_directives.start != start->data.document_start.tag_directives.end)
        fault_at(rd, start->start_mark, "yaml_directive", "directives (`%%YAML`, `%%TAG`) are not accepted");
    yaml_event_t ev;
    int r = next_event(rd, &ev);
    if (r < 0)
        return r;
    r = read_node(rd, &ev, 0, ret_root);
    yaml_event_delete(&ev);
    if (r < 0)
        return r;
    r = next_event(rd, &ev); /* the end of the document: libyaml gives nothing else here */
    if (r == 0)
        yaml_event_delete(&ev);
    return r;
}

/* STREAM-START (DOCUMENT-START node DOCUMENT-END)* STREAM-END, of which we take one document or none. */
static int read_stream(struct reader *rd, struct yaml **ret_root)
{
    struct yaml *root = NULL;
    for (bool is_end = false; !is_end;) {
        yaml_event_t ev;
        int r = next_event(rd, &ev);
        if (r < 0)
            return r;
        is_end = ev.type == YAML_STREAM_END_EVENT;
        if (ev.type == YAML_DOCUMENT_START_EVENT && root) {
            fault_at(rd, ev.start_mark, "yaml_documents", "a second document starts here; only one is accepted");
            r = err_trace(-ERR_INVALID);
        } else if (ev.type == YAML_DOCUMENT_START_EVENT) {
            r = read_document(rd, &ev, &root);
        }
        yaml_event_delete(&ev);
        if (r < 0)
            return r;
    }
    if (!root)
        root = node_new(rd, YAML_NULL, (yaml_mark_t){0});
    *ret_root = root;
    return root ? 0 : too_large(rd, (yaml_mark_t){0}, "needs too much memory");
}

static int parse_text(struct reader *rd, struct str text, struct yaml **ret_root)
{
    if (!yaml_parser_initialize(&rd->parser))
        return err_trace(-ERR_NOMEM);
    rd->text = text;
    yaml_parser_set_encoding(&rd->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&rd->parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    int r = read_stream(rd, ret_root);
    yaml_parser_delete(&rd->parser);
    return r;
}

int yaml_parse(struct arena *a, struct str file, struct str text, const struct yaml_limits *limits,
               struct diag_list *diags, const struct yaml **ret_root)
{
    struct reader rd = {.arena = a, .file = file, .limits = limits, .diags = diags};
    size_t n_errors = diags->n_errors;
    struct buf rewritten;
    struct yaml *root = NULL;

    if (text.n > limits->bytes_max) {
        diag_add(diags, file, 0, 0, "too_large", "the document has %zu bytes; at most %zu are read", text.n,
                 limits->bytes_max);
        return err_trace(-ERR_TOO_LARGE);
    }
    int r = yaml_check_bytes(file, text, diags);
    if (r < 0)
        return r;
    buf_init(&rewritten, text.n);
    r = yaml_join_surrogates(&text, limits, &rewritten);
    if (r == 0)
        r = parse_text(&rd, text, &root);
    buf_deinit(&rewritten);
    if (r < 0)
        return r;
    if (diags->n_errors > n_errors)
        return err_trace(-ERR_INVALID);
    *ret_root = root;
    return 0;
}
