/*
 * codec/yaml_tree.c - reading a finished tree, and its RFC 8785 text.
 */
#include "codec/yaml.h"

#include <stdlib.h>

#include "base/err.h"
#include "codec/json_canon.h"
#include "codec/json_write.h"

const struct yaml *yaml_get(const struct yaml *map, struct str key)
{
    if (yaml_is(map, YAML_MAP))
        yaml_each (y, map)
            if (str_eq(y->key, key))
                return y;
    return NULL;
}

const struct yaml *yaml_at(const struct yaml *seq, size_t i)
{
    yaml_each (y, seq)
        if (i-- == 0)
            return y;
    return NULL;
}

bool yaml_is(const struct yaml *y, enum yaml_type t)
{
    return y && y->type == t;
}

bool yaml_str(const struct yaml *y, struct str *ret_s)
{
    if (!yaml_is(y, YAML_STR))
        return false;
    *ret_s = y->text;
    return true;
}

bool yaml_i64(const struct yaml *y, int64_t *ret_n)
{
    if (!yaml_is(y, YAML_INT))
        return false;
    *ret_n = y->i;
    return true;
}

bool yaml_bool(const struct yaml *y, bool *ret_b)
{
    if (!yaml_is(y, YAML_BOOL))
        return false;
    *ret_b = y->i != 0;
    return true;
}

bool yaml_number_text(const struct yaml *y, struct str *ret_text)
{
    if (!yaml_is(y, YAML_INT) && !yaml_is(y, YAML_NUMBER) && !yaml_is(y, YAML_STR))
        return false;
    *ret_text = y->text;
    return true;
}

const char *yaml_type_name(enum yaml_type t)
{
    static const char *const names[] = {
        [YAML_NULL] = "nothing",    [YAML_BOOL] = "a boolean", [YAML_INT] = "an integer", [YAML_NUMBER] = "a decimal",
        [YAML_STR] = "a string", [YAML_SEQ] = "a list",     [YAML_MAP] = "a map",
    };
    return names[t];
}

void yaml_check_keys(const struct yaml *map, struct str file, const struct str *names, size_t n_names,
                     struct diag_list *diags)
{
    if (!yaml_is(map, YAML_MAP))
        return;
    yaml_each (y, map) {
        bool is_known = false;
        for (size_t i = 0; i < n_names && !is_known; i++)
            is_known = str_eq(y->key, names[i]);
        if (!is_known)
            diag_add_unknown(diags, file, y->key_line, y->key_col, "unknown_key", "the key", y->key, names, n_names);
    }
}

static int by_key(const void *pa, const void *pb)
{
    const struct yaml *a = *(const struct yaml *const *)pa, *b = *(const struct yaml *const *)pb;
    return json_canon_cmp(a->key, b->key);
}

static int canon_map(struct arena *a, const struct yaml *map, struct buf *out)
{
    const struct yaml **sorted = arena_try_alloc(a, map->n * sizeof *sorted);
    size_t n = 0;
    if (!sorted)
        return err_trace(-ERR_TOO_LARGE);
    yaml_each (y, map)
        sorted[n++] = y;
    qsort(sorted, n, sizeof *sorted, by_key);

    buf_add_byte(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add_byte(out, ',');
        json_quote(out, sorted[i]->key);
        buf_add_byte(out, ':');
        int r = yaml_canon(a, sorted[i], out);
        if (r < 0)
            return r;
    }
    return buf_add_byte(out, '}');
}

static int canon_seq(struct arena *a, const struct yaml *seq, struct buf *out)
{
    buf_add_byte(out, '[');
    yaml_each (y, seq) {
        if (y != seq->first)
            buf_add_byte(out, ',');
        int r = yaml_canon(a, y, out);
        if (r < 0)
            return r;
    }
    return buf_add_byte(out, ']');
}

/* Recursion is bounded by the depth_max of the parse. */
int yaml_canon(struct arena *a, const struct yaml *y, struct buf *out)
{
    switch (y->type) {
    case YAML_NULL:
        return buf_add(out, STR("null"));
    case YAML_BOOL:
        return buf_add(out, y->i ? STR("true") : STR("false"));
    case YAML_INT:
    case YAML_NUMBER:
        return json_canon_number(y->text, out);
    case YAML_STR:
        return json_quote(out, y->text);
    case YAML_SEQ:
        return canon_seq(a, y, out);
    case YAML_MAP:
        return canon_map(a, y, out);
    }
    return err_trace(-ERR_INVALID);
}
