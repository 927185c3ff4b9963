/*
 * tests/fuzz/fuzz_form.c - forms: what is accepted is written canonically, is read back the same, and is its own canon.
 */
#include <string.h>

#include "codec/form.h"
#include "codec/utf8.h"
#include "fuzz.h"

static void check_fields(const struct form *f)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct form_field *field = &f->fields[i];
        fuzz_check(field->name.n > 0 && field->n_keys > 0 && field->n_keys <= 7);
        fuzz_check(utf8_is_valid(field->name) && utf8_is_valid(field->value));
        fuzz_check(!str_has(field->name, 0) && !str_has(field->value, 0));
        /* Only a list may give the same name twice. */
        if (form_get(f, field->name) != field)
            fuzz_check(str_ends(field->name, STR("[]")));
    }
}

static void check_same(const struct form *a, const struct form *b)
{
    fuzz_check(a->n == b->n);
    for (size_t i = 0; i < a->n; i++)
        fuzz_check(str_eq(a->fields[i].name, b->fields[i].name) && str_eq(a->fields[i].value, b->fields[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct buf first, second;
    struct form f, back;
    struct input_fault fault = {0};
    arena_init(&a, 1 << 20);
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);

    int r = form_parse(&a, fuzz_str(data, n), 100, 6, &f, &fault);
    fuzz_check((r < 0) == (fault.text != NULL) && fault.at <= n);
    if (r == 0) {
        check_fields(&f);
        fuzz_check(form_write(&f, &first) == 0);
        fuzz_check(form_parse(&a, buf_str(&first), 100, 6, &back, NULL) == 0);
        check_same(&f, &back);
        fuzz_check(form_write(&back, &second) == 0);
        fuzz_check(str_eq(buf_str(&first), buf_str(&second)));
    }
    buf_deinit(&first);
    buf_deinit(&second);
    arena_deinit(&a);
    return 0;
}
