/* saas/known: what a connector tells of its operations is what its calls bring as facts. */
#include "saas/connector.h"
#include "unit.h"

struct fixture {
    struct arena a;
    struct connector *c;
    struct known_operation *operations;
    size_t n;
};

static void load(struct fixture *f, struct str name)
{
    struct diag_list diags;
    struct limits limits;
    struct str text;
    arena_init(&f->a, 4 << 20);
    diag_list_init(&diags, &f->a, 5);
    limits_default(&limits);
    assert_true(connector_builtin(name, &text));
    assert_int_equal(connector_parse(text, name, &limits, &diags, &f->c), 0);
    f->n = connector_known(f->c, STR("mine"), NULL, NULL);
    f->operations = arena_alloc(&f->a, f->n * sizeof *f->operations);
    assert_int_equal(connector_known(f->c, STR("mine"), &f->a, f->operations), f->n);
}

static void unload(struct fixture *f)
{
    connector_free(f->c);
    arena_deinit(&f->a);
}

static const struct known_operation *operation(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->operations[i].name, str_c(name)))
            return &f->operations[i];
    fail_msg("%s is not known", name);
    return NULL;
}

/* -1: not declared. */
static int kind_of(const struct known_operation *op, const char *param)
{
    for (size_t i = 0; i < op->n_params; i++)
        if (str_eq(op->params[i].name, str_c(param)))
            return (int)op->params[i].kind;
    return -1;
}

static void operations_are_named_with_their_classes_and_parameters(void **state)
{
    struct fixture f;
    load(&f, STR("stripe"));
    const struct known_operation *refund = operation(&f, "stripe.refunds.create");
    assert_str(refund->vendor, "mine");
    assert_str(refund->layer, "saas");
    assert_int_equal(refund->classes, 1u << CLASS_MONEY_OUT);
    assert_int_equal(kind_of(refund, "amount"), KIND_INT);
    assert_int_equal(kind_of(refund, "charge"), KIND_TEXT);
    assert_int_equal(kind_of(refund, "nothing"), -1);
    const struct known_operation *update = operation(&f, "stripe.customers.update");
    assert_int_equal(update->classes, 1u << CLASS_WRITE | 1u << CLASS_LIABILITY); /* a balance is a credit */
    assert_int_equal(kind_of(update, "balance"), KIND_INT);
    assert_int_equal(kind_of(update, "customer"), KIND_TEXT); /* of its path */
    assert_int_equal(kind_of(operation(&f, "stripe.payment_intents.capture"), "final_capture"), KIND_BOOL);
    unload(&f);
}

static void lists_are_lists_derived_numbers_are_known_and_content_is_no_fact(void **state)
{
    struct fixture f;
    load(&f, STR("resend"));
    assert_int_equal(kind_of(operation(&f, "resend.emails.send"), "to"), KIND_LIST);
    unload(&f);
    load(&f, STR("twilio"));
    const struct known_operation *send = operation(&f, "twilio.messages.create");
    assert_int_equal(kind_of(send, "Body"), -1);
    assert_int_equal(kind_of(send, "segments"), KIND_INT);
    unload(&f);
}

static void models_have_operations_without_parameters(void **state)
{
    struct fixture f;
    load(&f, STR("openai"));
    const struct known_operation *chat = operation(&f, "openai.chat.completions.create");
    assert_str(chat->layer, "llm");
    assert_int_equal(chat->n_params, 0);
    unload(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_are_named_with_their_classes_and_parameters),
        cmocka_unit_test(lists_are_lists_derived_numbers_are_known_and_content_is_no_fact),
        cmocka_unit_test(models_have_operations_without_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
