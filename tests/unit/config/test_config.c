/* config/config and settings: precedence, all errors at once, nothing half loaded. */
#include "load.h"

static void an_empty_input_gives_the_defaults(void **state)
{
    struct load l;
    struct config_input in = {.n_cores = 8};
    struct limits defaults;
    limits_default(&defaults);
    load_full(&l, &in);
    assert_int_equal(l.r, 0);
    assert_str(l.config->listen_data, "127.0.0.1:4747");
    assert_str(l.config->listen_admin, "127.0.0.1:4748");
    assert_str(l.config->dir, "/var/lib/flyball");
    assert_str(l.config->connectors, "");
    assert_int_equal(l.config->workers, 4);
    assert_int_equal(l.config->log_level, LOG_INFO);
    assert_int_equal(l.config->n_vendors, 0);
    assert_memory_equal(&l.config->limits, &defaults, sizeof defaults);
    load_end(&l);
    assert_loads("");
    assert_loads("# nothing yet\n");
    assert_loads("{}");
}

static void the_least_form_of_the_contract_loads(void **state)
{
    struct load l;
    load_text(&l, "vendors: {stripe: {base_url: \"http://127.0.0.1:9001\", secret: \"env:STRIPE_SECRET_KEY\"}}");
    assert_int_equal(l.r, 0);
    const struct config_vendor *v = config_vendor(l.config, STR("stripe"));
    assert_non_null(v);
    assert_str(v->connector, "stripe");
    assert_str(v->base_url, "http://127.0.0.1:9001");
    assert_str(v->secret, "env:STRIPE_SECRET_KEY");
    assert_null(config_vendor(l.config, STR("twilio")));
    assert_int_equal(l.config->workers, 2);
    load_end(&l);
}

static void flags_beat_environment_beats_file_beats_default(void **state)
{
    const char *const env[] = {"FLYBALL_WORKERS=7", "FLYBALL_DIR=/env", "FLYBALL_LOG_LEVEL=warn",
                               "FLYBALL_LIMITS_KEYS_MAX=77", "FLYBALL_CONNECTORS=", "HOME=/home/x", NULL};
    struct config_input in = {
        .file = STR("f.yaml"),
        .text = STR("workers: 3\ndir: /file\nconnectors: /own\nlog: {level: error}\n"
                    "limits: {keys_max: 33, policies_max: 44}\nlisten: {data: \"localhost:1\"}\n"),
        .flags = {.dir = STR("/flag"), .workers = STR("9")},
        .env = env,
    };
    struct load l;
    load_full(&l, &in);
    assert_str(buf_str(&l.text), "");
    assert_int_equal(l.r, 0);
    assert_str(l.config->dir, "/flag");
    assert_int_equal(l.config->workers, 9);
    assert_int_equal(l.config->log_level, LOG_WARN);
    assert_str(l.config->connectors, "/own"); /* an empty variable is none */
    assert_str(l.config->listen_data, "127.0.0.1:1");
    assert_str(l.config->listen_admin, "127.0.0.1:4748");
    assert_int_equal(l.config->limits.keys_max, 77);
    assert_int_equal(l.config->limits.policies_max, 44);
    load_end(&l);
}

static void unknown_keys_name_their_place_and_the_nearest_name(void **state)
{
    assert_faults("workers: 2\nvendor: {}\nlisten:\n  date: \"127.0.0.1:1\"\nlimits: {key_max: 5}\nquark: 1\n",
                  "flyball.yaml:2:1: unknown_key: the key `vendor` is not known; did you mean `vendors`?\n"
                  "flyball.yaml:6:1: unknown_key: the key `quark` is not known\n"
                  "flyball.yaml:5:10: unknown_key: the limit `key_max` is not known; did you mean `keys_max`?\n"
                  "flyball.yaml:4:3: unknown_key: the key `date` is not known; did you mean `data`?\n");
}

static void wrong_types_say_what_was_wanted(void **state)
{
    assert_fault("- a\n", "flyball.yaml:1:1: wrong_type: the config file wants a map; this is");
    assert_fault("workers: \"4\"\n", "flyball.yaml:1:10: wrong_type: workers wants a whole number; this is a string");
    assert_fault("workers: 1.5\n", "wrong_type: workers wants a whole number");
    assert_fault("dir: 5\n", "wrong_type: dir wants a string");
    assert_fault("listen: \"127.0.0.1:1\"\n", "wrong_type: listen wants a map");
    assert_fault("limits: []\n", "wrong_type: limits wants a map");
    assert_fault("limits: {keys_max: \"5\"}\n", "wrong_type: keys_max wants a whole number");
    assert_fault("vendors: [stripe]\n", "wrong_type: vendors wants a map");
    assert_fault("log: {level: 1}\n", "wrong_type: log.level wants a string");
    assert_fault("dir:\n", "wrong_type: dir wants a string");
}

static void values_are_bounded(void **state)
{
    assert_fault("workers: 0\n", "flyball.yaml:1:10: out_of_range: workers: a whole number from 1 to 256");
    assert_fault("workers: 257\n", "out_of_range");
    assert_fault("workers: -1\n", "out_of_range");
    assert_loads("workers: 256\n");
    assert_loads("limits: {head_bytes_max: 1024}\n");
    assert_fault("limits: {head_bytes_max: 1023}\n",
                 "flyball.yaml:1:26: out_of_range: limits.head_bytes_max: 1023 is not within 1024 to 1048576 (bytes)");
    assert_fault("limits: {head_bytes_max: 1048577}\n", "out_of_range");
    assert_fault("log: {level: warning}\n",
                 "flyball.yaml:1:14: unknown_value: log.level `warning` is not known; did you mean `warn`?");
    assert_fault("llm: {input_bound: strictly}\n",
                 "flyball.yaml:1:20: unknown_value: llm.input_bound `strictly` is not known; did you mean `strict`?");
    assert_fault("dir: \"\"\n", "bad_path");
    assert_fault("dir: \"a\\0b\"\n", "yaml_nul");
}

static void listeners_beyond_loopback_want_tls(void **state)
{
    assert_fault("listen: {data: \"0.0.0.0:4747\"}\n", "flyball.yaml:1:16: not_loopback: listen.data: other machines");
    assert_fault("listen: {admin: \"[::]:4747\"}\n", "not_loopback: listen.admin");
    assert_fault("listen: {admin: \"192.168.1.1:4747\"}\n", "not_loopback");
    assert_fault("listen: {admin: \"192.168.1.1:4747\", data_tls: {cert_file: c, key_file: k}}\n", "not_loopback");
    assert_loads("listen: {data: \"0.0.0.0:4747\", data_tls: {cert_file: c, key_file: k}}\n");
    assert_loads("listen: {admin: \"[::]:4747\", admin_tls: {cert_file: c, key_file: k, client_ca_file: a}}\n");
    assert_loads("listen: {data: \"0.0.0.0:4747\", admin: \"[::]:4748\", insecure: true}\n");
    assert_fault("listen: {data: \"0.0.0.0:4747\", insecure: false}\n", "not_loopback");
    assert_fault("listen: {insecure: 1}\n", "wrong_type: listen.insecure wants true or false");
}

static void certificate_and_key_go_together(void **state)
{
    struct load l;
    load_text(&l, "listen:\n  data_tls:\n    cert_file: /c.pem\n    key_file: /k.pem\n    client_ca_file: /a.pem\n");
    assert_str(buf_str(&l.text), "");
    assert_str(l.config->data_cert_file, "/c.pem");
    assert_str(l.config->data_key_file, "/k.pem");
    assert_str(l.config->data_client_ca_file, "/a.pem");
    assert_str(l.config->admin_cert_file, "");
    load_end(&l);
    assert_fault("listen: {data_tls: {cert_file: c}}\n",
                 "flyball.yaml:1:32: half_tls: listen.data_tls.cert_file: cert_file and key_file go together");
    assert_fault("listen: {admin_tls: {key_file: k}}\n", "half_tls: listen.admin_tls.key_file");
    assert_fault("listen: {admin_tls: {client_ca_file: a}}\n", "half_tls: listen.admin_tls.client_ca_file: clients");
    assert_fault("listen: {data_tls: {cert: c}}\n", "unknown_key");
    assert_fault("listen: {data_tls: c}\n", "wrong_type: listen.data_tls wants a map");
    assert_fault("listen: {dat_tls: {}}\n", "did you mean `data_tls`?");
}

static void switches_are_flags_and_variables_too(void **state)
{
    const char *const env[] = {"FLYBALL_LISTEN_INSECURE=true", NULL};
    const char *const bad[] = {"FLYBALL_LISTEN_INSECURE=1", NULL};
    struct config_input in = {.env = env, .flags = {.listen_data = STR("10.0.0.1:1")}, .n_cores = 1};
    struct load l;
    load_full(&l, &in);
    assert_str(buf_str(&l.text), "");
    assert_true(l.config->insecure);
    load_end(&l);
    in.env = bad;
    in.flags.insecure = STR("true");
    load_full(&l, &in);
    assert_str(buf_str(&l.text), "FLYBALL_LISTEN_INSECURE: unknown_value: listen.insecure: true or false is wanted\n");
    load_end(&l);
    in.env = NULL;
    in.flags.insecure = STR_NONE;
    load_full(&l, &in);
    assert_int_equal(l.r, -ERR_INVALID);
    assert_true(str_starts(buf_str(&l.text), STR("--listen-data: not_loopback: listen.data")));
    load_end(&l);
}

static void addresses_are_read_strictly(void **state)
{
    assert_fault("listen: {admin: \"example.com:4747\"}\n", "bad_address: listen.admin: an address is numeric");
    assert_fault("listen: {admin: \"127.0.0.1\"}\n", "bad_address: listen.admin: an address needs a port");
    assert_fault("listen: {admin: \"127.0.0.1:70000\"}\n", "bad_address: listen.admin: a port is a number");
    assert_fault("listen: {data: \"[::1]:5\", admin: \"[0::1]:5\"}\n",
                 "flyball.yaml:1:1: same_address: listen.data and listen.admin are both [::1]:5");
    assert_loads("listen: {data: \"127.0.0.1:0\", admin: \"127.0.0.1:0\"}\n");
    assert_loads("listen: {data: \"[::1]:4747\", admin: \"127.1.2.3:4747\"}\n");
}

static void faults_of_flags_and_variables_are_named(void **state)
{
    const char *const env[] = {"FLYBALL_WORKERS=many", "FLYBALL_LIMITS_KEY_MAX=1", "FLYBALL_LIMITS_KEYS_MAX=1x",
                               "FLYBALL_LIMITS_POLICIES_MAX=0", NULL};
    struct config_input in = {.flags = {.listen_data = STR("*:1")}, .env = env};
    struct load l;
    load_full(&l, &in);
    assert_int_equal(l.r, -ERR_INVALID);
    assert_str(buf_str(&l.text),
               "FLYBALL_LIMITS_KEY_MAX: unknown_limit: the limit `key_max` is not known; did you mean `keys_max`?\n"
               "FLYBALL_LIMITS_KEYS_MAX: wrong_type: keys_max: a whole number is wanted\n"
               "FLYBALL_LIMITS_POLICIES_MAX: out_of_range: limits.policies_max: 0 is not within 1 to 100000 "
               "(documents)\n"
               "--listen-data: bad_address: listen.data: this is no address; 127.0.0.1:4747 and [::1]:4747 are\n"
               "FLYBALL_WORKERS: out_of_range: workers: a whole number from 1 to 256 is wanted\n");
    load_end(&l);
}

static void a_wrong_value_is_an_error_even_when_overridden(void **state)
{
    struct config_input in = {.file = STR("f"), .text = STR("workers: 0\n"), .flags = {.workers = STR("2")}};
    struct load l;
    load_full(&l, &in);
    assert_int_equal(l.r, -ERR_INVALID);
    load_end(&l);
}

static void the_number_of_reported_errors_is_bounded(void **state)
{
    char text[2000] = "";
    for (int i = 0; i < CONFIG_ERRORS_MAX + 5; i++)
        snprintf(text + strlen(text), 40, "zzzzzz%d: 1\n", i);
    struct load l;
    load_text(&l, text);
    assert_int_equal(l.r, -ERR_INVALID);
    assert_int_equal(l.diags.n, CONFIG_ERRORS_MAX);
    assert_int_equal(l.diags.n_errors, CONFIG_ERRORS_MAX + 5);
    load_end(&l);
}

static void many_unknown_limits_cost_little_memory(void **state)
{
    size_t n_max = 900000, n = 0;
    char *text = malloc(n_max + 64);
    n += (size_t)sprintf(text, "limits:\n");
    for (int i = 0; n < n_max; i++)
        n += (size_t)sprintf(text + n, "  zz%d: 1\n", i);
    struct load l;
    load_text(&l, text);
    assert_int_equal(l.r, -ERR_INVALID);
    load_end(&l);
    free(text);
}

static void broken_yaml_is_refused_with_its_line(void **state)
{
    assert_fault("workers: 1\nworkers: 2\n", "flyball.yaml:2:");
    assert_fault("a: [\n", "flyball.yaml:");
    assert_fault("dir: &x /a\n", "flyball.yaml:1:");
}

static void a_second_document_keeps_older_faults_apart(void **state)
{
    struct load l;
    load_text(&l, "quark: 1\n");
    const struct config *c = NULL;
    struct config_input in = {.file = STR("good.yaml"), .text = STR("workers: 1\n")};
    assert_int_equal(config_load(&in, &l.diags, &c), 0); /* the list had an error of another file already */
    config_unref(c);
    load_end(&l);
}

static void the_last_reference_frees(void **state)
{
    struct load l;
    load_text(&l, "workers: 1\n");
    const struct config *other = config_ref(l.config);
    load_end(&l);
    assert_int_equal(other->workers, 1); /* the text it came from is gone */
    assert_str(other->listen_data, "127.0.0.1:4747");
    config_unref(other);
    config_unref(NULL);
}

static void the_data_folder_follows_xdg(void **state)
{
    struct arena a;
    const char *const xdg[] = {"HOME=/home/x", "XDG_DATA_HOME=/data", NULL};
    const char *const relative[] = {"XDG_DATA_HOME=data", "HOME=/home/x", NULL};
    const char *const none[] = {"HOMER=/home/x", "HOME", NULL};
    arena_init(&a, 1000);
    assert_str(config_default_dir(xdg, &a), "/data/flyball");
    assert_str(config_default_dir(relative, &a), "/home/x/.local/share/flyball");
    assert_str(config_default_dir(none, &a), "/var/lib/flyball");
    assert_str(config_default_dir(NULL, &a), "/var/lib/flyball");
    assert_str(config_env(xdg, STR("HOME")), "/home/x");
    assert_null(config_env(xdg, STR("HOM")).p);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_input_gives_the_defaults),
        cmocka_unit_test(the_least_form_of_the_contract_loads),
        cmocka_unit_test(flags_beat_environment_beats_file_beats_default),
        cmocka_unit_test(unknown_keys_name_their_place_and_the_nearest_name),
        cmocka_unit_test(wrong_types_say_what_was_wanted),
        cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(listeners_beyond_loopback_want_tls),
        cmocka_unit_test(certificate_and_key_go_together),
        cmocka_unit_test(switches_are_flags_and_variables_too),
        cmocka_unit_test(addresses_are_read_strictly),
        cmocka_unit_test(faults_of_flags_and_variables_are_named),
        cmocka_unit_test(a_wrong_value_is_an_error_even_when_overridden),
        cmocka_unit_test(the_number_of_reported_errors_is_bounded),
        cmocka_unit_test(many_unknown_limits_cost_little_memory),
        cmocka_unit_test(broken_yaml_is_refused_with_its_line),
        cmocka_unit_test(a_second_document_keeps_older_faults_apart),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(the_data_folder_follows_xdg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
