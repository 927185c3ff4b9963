/* admin/ui.c: the dashboard's files come without a credential, guarded, tagged, compressed; nothing else does. */
#include "fake.h"

#include "admin/ui_files.h"
#include "io/whole_file.h"

#include <unistd.h>

static const char script[] = "alert(1)";

static void put(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(io_replace_file(io_system(), str_c(path), str_c(text)), 0);
}

struct ui_test {
    struct fake f;
    char dir[64], assets[80];
};

static int setup_dir(void **state)
{
    struct ui_test *t = calloc(1, sizeof(*t));
    strcpy(t->dir, "/tmp/flyball-ui-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    snprintf(t->assets, sizeof(t->assets), "%s/assets", t->dir);
    assert_int_equal(io_mkdir_all(io_system(), str_c(t->assets)), 0);
    put(t->dir, "index.html", "<!doctype html>page");
    put(t->dir, "secret", "not for the world");
    put(t->assets, "app-1.js", script);
    put(t->assets, "app-1.js.gz", "packed");
    put(t->assets, "plain.css", "a{}");
    put(t->assets, ".hidden", "x");
    t->f.ui_dir = t->dir;
    fake_setup(&t->f);
    *state = t;
    return 0;
}
static int setup_builtin(void **state)
{
    struct ui_test *t = calloc(1, sizeof(*t));
    fake_setup(&t->f);
    *state = t;
    return 0;
}
static int teardown(void **state)
{
    static const char *const names[] = {"assets/app-1.js", "assets/app-1.js.gz", "assets/plain.css", "assets/.hidden",
                                        "index.html", "secret"};
    struct ui_test *t = *state;
    char path[256];
    fake_teardown(&t->f);
    for (size_t i = 0; t->dir[0] && i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", t->dir, names[i]);
        unlink(path);
    }
    if (t->dir[0])
        assert_int_equal(rmdir(t->assets) | rmdir(t->dir), 0);
    free(t);
    return 0;
}

static void get(struct fake *f, const char *target)
{
    fake_send(f, "GET", target, "127.0.0.1:4748", NULL, NULL, NULL);
}

static bool has_field(struct fake *f, const char *line) { return strstr(f->x->fields, line) != NULL; }

static void the_page_of_the_program_needs_no_credential(void **state)
{
    struct fake *f = *state;
    get(f, "/ui/");
    assert_answer(f, 200, "<!doctype html>");
    assert_true(has_field(f, "content-type: text/html; charset=utf-8\n"));
    get(f, "/ui/?t=code-of-a-link");
    assert_answer(f, 200, "<!doctype html>");
}

static void every_file_of_the_program_is_served(void **state)
{
    struct fake *f = *state;
    size_t n = 0;
    for (const struct embedded *e = ui_files; e->name.n; e++, n++) {
        char target[160];
        if (!str_starts(e->name, STR("assets/")))
            continue;
        snprintf(target, sizeof(target), "/ui/" STR_FMT, STR_ARG(e->name));
        get(f, target);
        assert_int_equal(f->x->status, 200);
        assert_true(has_field(f, "cache-control: public, max-age=31536000, immutable\n"));
        assert_true(str_eq(buf_str(&f->x->body), e->text));
    }
    assert_true(n >= 2);
}

static void the_policy_lets_nothing_of_others_run(void **state)
{
    struct fake *f = *state;
    get(f, "/ui/");
    assert_true(has_field(f, "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; "));
    assert_true(has_field(f, "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                             "require-trusted-types-for 'script'; trusted-types 'none'\n"));
    assert_false(has_field(f, "unsafe"));
    assert_true(has_field(f, "x-content-type-options: nosniff\n"));
    assert_true(has_field(f, "referrer-policy: no-referrer\n"));
    assert_true(has_field(f, "cross-origin-opener-policy: same-origin\n"));
}

static void a_browser_is_led_to_the_page(void **state)
{
    struct fake *f = *state;
    static const char *const from[] = {"/", "/ui"};
    for (size_t i = 0; i < 2; i++) {
        get(f, from[i]);
        assert_int_equal(f->x->status, 308);
        assert_true(has_field(f, "location: /ui/\n"));
    }
}

static void a_rebound_name_gets_no_page(void **state)
{
    struct fake *f = *state;
    fake_send(f, "GET", "/ui/", "evil.example", NULL, NULL, NULL);
    assert_answer(f, 421, "host_unknown");
}

static void the_page_is_asked_for_anew_and_not_sent_twice(void **state)
{
    struct ui_test *t = *state;
    struct fake *f = &t->f;
    char tag[64];
    get(f, "/ui/");
    assert_answer(f, 200, "page");
    assert_true(has_field(f, "cache-control: no-cache\n"));
    assert_int_equal(sscanf(strstr(f->x->fields, "etag: "), "etag: %63s", tag), 1);
    assert_int_equal(strlen(tag), 34);

    f->if_none_match = tag;
    get(f, "/ui/");
    assert_int_equal(f->x->status, 304);
    assert_int_equal(f->x->body.n, 0);
    assert_true(has_field(f, "etag: "));
    put(t->dir, "index.html", "<!doctype html>another page");
    get(f, "/ui/");
    assert_answer(f, 200, "another page");
}

static void who_takes_gzip_gets_it(void **state)
{
    struct fake *f = *state;
    f->accept_encoding = "br, GZIP , deflate";
    get(f, "/ui/assets/app-1.js");
    assert_answer(f, 200, "packed");
    assert_true(has_field(f, "content-encoding: gzip\n"));
    assert_true(has_field(f, "content-type: text/javascript; charset=utf-8\n"));
    assert_true(has_field(f, "vary: accept-encoding\n"));
    get(f, "/ui/assets/plain.css");
    assert_answer(f, 200, "a{}");
    assert_false(has_field(f, "content-encoding"));

    static const char *const refused[] = {"gzip;q=0", "br", "xgzip", "*"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        f->accept_encoding = refused[i];
        get(f, "/ui/assets/app-1.js");
        assert_answer(f, 200, script);
        assert_false(has_field(f, "content-encoding"));
    }
}

static void no_name_leads_out_of_the_folder(void **state)
{
    struct fake *f = *state;
    static const char *const names[] = {"..%2fsecret", "..", ".hidden", "%2fetc%2fpasswd", "a%2fb", "", "..%5csecret",
                                        "secret", "app-1.js/", "app-1.js%20"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char target[128];
        snprintf(target, sizeof(target), "/ui/assets/%s", names[i]);
        get(f, target);
        assert_answer(f, 404, "not_found");
    }
}

static void a_name_of_128_bytes_is_looked_for_and_one_more_is_not(void **state)
{
    struct fake *f = *state;
    char target[160] = "/ui/assets/";
    memset(target + 11, 'a', 129);
    target[11 + 128] = '\0';
    get(f, target);
    assert_answer(f, 404, "load the page again");
    strcat(target, "a");
    get(f, target);
    assert_answer(f, 404, "has no such file\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_page_of_the_program_needs_no_credential, setup_builtin, teardown),
        cmocka_unit_test_setup_teardown(every_file_of_the_program_is_served, setup_builtin, teardown),
        cmocka_unit_test_setup_teardown(the_policy_lets_nothing_of_others_run, setup_builtin, teardown),
        cmocka_unit_test_setup_teardown(a_browser_is_led_to_the_page, setup_builtin, teardown),
        cmocka_unit_test_setup_teardown(a_rebound_name_gets_no_page, setup_builtin, teardown),
        cmocka_unit_test_setup_teardown(the_page_is_asked_for_anew_and_not_sent_twice, setup_dir, teardown),
        cmocka_unit_test_setup_teardown(who_takes_gzip_gets_it, setup_dir, teardown),
        cmocka_unit_test_setup_teardown(no_name_leads_out_of_the_folder, setup_dir, teardown),
        cmocka_unit_test_setup_teardown(a_name_of_128_bytes_is_looked_for_and_one_more_is_not, setup_dir, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
