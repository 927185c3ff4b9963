/*
 * tests/fuzz/fuzz_json.c - JSON: every value of an accepted document can be read; its canonical text is JSON, means the
 * same, and is its own canon; and the writer's quotes hold any bytes.
 */
#include "codec/json_canon.h"
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "codec/utf8.h"
#include "fuzz.h"

static size_t visit(struct json v, int depth)
{
    size_t n = 1;
    struct str s, key;
    struct json child;
    int64_t i;
    bool b;
    fuzz_check(depth <= 32 && json_type(v) != JSON_NONE);
    if (json_str(v, &s))
        fuzz_check(utf8_is_valid(s));
    if (json_i64(v, &i))
        fuzz_check(json_number_text(v, &s) && s.n > 0);
    fuzz_check(json_bool(v, &b) == (json_type(v) == JSON_BOOL));
    for (struct json_iter it = json_each(v); json_next(&it, &key, &child);) {
        if (json_type(v) == JSON_OBJECT)
            fuzz_check(json_get(v, key).v == child.v); /* so no key stands twice */
        n += visit(child, depth + 1);
    }
    return n;
}

static void check_canon(struct arena *a, struct json root)
{
    struct buf first, second;
    struct json back;
    buf_init(&first, 4 << 20);
    buf_init(&second, 4 << 20);
    if (json_canon(a, root, &first) == 0) {
        fuzz_check(json_parse(a, buf_str(&first), 32, &back) == 0);
        fuzz_check(visit(root, 0) == visit(back, 0));
        fuzz_check(json_canon(a, back, &second) == 0);
        fuzz_check(str_eq(buf_str(&first), buf_str(&second)));
    }
    buf_deinit(&first);
    buf_deinit(&second);
}

static void check_quote(struct arena *a, struct str in)
{
    struct buf out;
    struct json v;
    struct str back;
    buf_init(&out, 1 << 20);
    fuzz_check(json_quote(&out, in) == 0);
    fuzz_check(json_parse(a, buf_str(&out), 1, &v) == 0 && json_str(v, &back));
    if (utf8_is_valid(in))
        fuzz_check(str_eq(in, back));
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct json root = JSON_ABSENT;
    if (n > 65536)
        return 0;
    arena_init(&a, 16 << 20);
    int r = json_parse(&a, fuzz_str(data, n), 32, &root);
    fuzz_check((r == 0) == (root.v != NULL));
    if (r == 0)
        check_canon(&a, root);
    json_path(root, fuzz_str(data, n));
    check_quote(&a, fuzz_str(data, n));
    arena_deinit(&a);
    return 0;
}
