/*
 * tests/fuzz/fuzz_scan.c - the scanner accepts what the document reader accepts: walked into every container, equal
 * keys included; skipped as a whole, equal keys aside. What it read is what the document says.
 */
#include "base/err.h"
#include "codec/json_read.h"
#include "codec/scan.h"
#include "fuzz.h"

#define DEPTH_MAX 32

/* Walks text and document side by side; `v` absent: the text only. */
static void walk(struct scan *s, struct json v, struct arena *a)
{
    struct scan_value got;
    struct str key, name, text, want;
    struct json child = JSON_ABSENT;
    enum json_type type = scan_peek(s);
    struct json_iter it = json_each(v);
    fuzz_check(!v.v || json_type(v) == type);
    if (type == JSON_OBJECT || type == JSON_ARRAY) {
        if (!scan_enter(s, type))
            return;
        while (type == JSON_OBJECT ? scan_member(s, &key) : scan_item(s)) {
            if (v.v) {
                fuzz_check(json_next(&it, &name, &child));
                fuzz_check(type == JSON_ARRAY || str_eq(key, name));
            }
            walk(s, child, a);
        }
        fuzz_check(!v.v || !json_next(&it, NULL, &child));
    } else if (scan_value(s, &got) && v.v) {
        if (json_str(v, &want))
            fuzz_check(scan_str(&got, a, &text) == 0 && str_eq(text, want));
        if (json_number_text(v, &want))
            fuzz_check(str_eq(got.raw, want));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct scan s;
    struct scan_value v;
    struct json root = JSON_ABSENT;
    if (n > 65536)
        return 0;
    arena_init(&a, 32 << 20);
    int r = json_parse(&a, fuzz_str(data, n), DEPTH_MAX, &root);
    scan_init(&s, fuzz_str(data, n), DEPTH_MAX, &a);
    walk(&s, root, &a);
    fuzz_check((scan_end(&s, NULL) == 0) == (r == 0));
    scan_init(&s, fuzz_str(data, n), DEPTH_MAX, &a);
    bool is_value = scan_value(&s, &v);
    int r_skipped = scan_end(&s, NULL);
    fuzz_check(is_value || r_skipped < 0);
    if (r != -ERR_AMBIGUOUS) /* such a text may be too deep as well */
        fuzz_check((r_skipped == 0) == (r == 0));
    arena_deinit(&a);
    return 0;
}
