/*
 * tests/fuzz/fuzz_regex.c - patterns: the first line is one, the rest a text. A pattern that compiles stays within its
 * states; what it finds in a text it finds in a longer one unless the pattern asks where it is.
 */
#include <string.h>

#include "base/err.h"
#include "expr/regex.h"
#include "fuzz.h"

static bool asks_where(struct str pattern)
{
    return memchr(pattern.p, '^', pattern.n) || memchr(pattern.p, '$', pattern.n) || memchr(pattern.p, '\\', pattern.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str all = fuzz_str(data, n), pattern = all, text = STR("");
    struct arena a;
    const struct regex *r;
    const char *why;
    size_t at;
    (void)str_cut(all, '\n', &pattern, &text);
    text = str_sub(text, 0, 2000);
    arena_init(&a, 16 << 20);
    if (regex_compile(&a, pattern, &r, &why, &at) < 0) {
        fuzz_check(why && at <= pattern.n);
    } else {
        fuzz_check(regex_states(r) <= REGEX_STATES_MAX);
        bool is_in = regex_match(r, text), is_in_half = regex_match(r, str_sub(text, 0, text.n / 2));
        bool is_ascii = true;
        for (size_t i = 0; i < text.n; i++)
            is_ascii &= (unsigned char)text.p[i] < 0x80;
        fuzz_check(!is_in_half || is_in || asks_where(pattern) || !is_ascii);
    }
    arena_deinit(&a);
    return 0;
}
