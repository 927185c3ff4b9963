/*
 * tests/fuzz/fuzz_yaml.c - YAML: a refusal says why and where; the canonical JSON of an accepted document is JSON
 * and its own canon; and what both the JSON and the YAML reader accept means the same to both.
 */
#include "base/err.h"
#include "codec/json_canon.h"
#include "codec/json_read.h"
#include "codec/yaml.h"
#include "fuzz.h"

static const struct yaml_limits limits = {.bytes_max = 65536, .depth_max = 32, .nodes_max = 10000};

static size_t visit(const struct yaml *y, int depth)
{
    size_t n = 0;
    fuzz_check(depth <= 32 && y->line > 0 && y->col > 0);
    yaml_each (child, y) {
        n++;
        if (y->type == YAML_MAP)
            fuzz_check(yaml_get(y, child->key) == child && child->key_line > 0); /* so no key stands twice */
        visit(child, depth + 1);
    }
    fuzz_check(n == y->n);
    return n;
}

static int parse(struct arena *a, struct str text, const struct yaml **ret_root)
{
    struct diag_list diags;
    struct buf out;
    diag_list_init(&diags, a, 20);
    buf_init(&out, 65536);
    int r = yaml_parse(a, STR("f"), text, &limits, &diags, ret_root);
    fuzz_check((r == 0) == (diags.n_errors == 0));
    fuzz_check(diag_list_text(&diags, &out) == 0);
    buf_deinit(&out);
    return r;
}

static void check_json_agrees(struct arena *a, struct str text, struct str canon)
{
    struct json root;
    struct buf out;
    buf_init(&out, 4 << 20);
    if (json_parse(a, text, 32, &root) == 0 && json_canon(a, root, &out) == 0)
        fuzz_check(str_eq(buf_str(&out), canon));
    buf_deinit(&out);
}

static void check_canon(struct arena *a, struct str text, const struct yaml *root)
{
    struct buf first, second;
    struct json json;
    buf_init(&first, 4 << 20);
    buf_init(&second, 4 << 20);
    if (yaml_canon(a, root, &first) == 0) {
        fuzz_check(json_parse(a, buf_str(&first), 32, &json) == 0);
        fuzz_check(json_canon(a, json, &second) == 0);
        fuzz_check(str_eq(buf_str(&first), buf_str(&second)));
        check_json_agrees(a, text, buf_str(&first));
    }
    buf_deinit(&first);
    buf_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    const struct yaml *root = NULL;
    arena_init(&a, 16 << 20);
    if (parse(&a, fuzz_str(data, n), &root) == 0) {
        visit(root, 0);
        check_canon(&a, fuzz_str(data, n), root);
    }
    arena_deinit(&a);
    return 0;
}
