/*
 * cli/settings.c - reads the configuration file and hands it to config/.
 */
#include "cli/settings.h"

#include "base/err.h"
#include "cli/live.h"
#include "cli/print.h"
#include "cli/where.h"
#include "codec/json_write.h"
#include "io/files.h"
#include "io/whole_file.h"

#include <unistd.h>

#define CONFIG_BYTES_MAX (1u << 20)

void settings_print_diags(struct cli *c, FILE *f, const struct diag_list *diags)
{
    struct buf text;
    for (size_t i = 0; i < diags->n; i++) {
        buf_init(&text, 65536);
        (void)diag_text(&diags->items[i], &text); /* cut short at worst */
        print_safe(f, buf_str(&text));
        fputc('\n', f);
        buf_deinit(&text);
    }
    if (diags->n_dropped)
        fprintf(f, "%zu more\n", diags->n_dropped);
}

void settings_print_diags_json(struct cli *c, const struct diag_list *diags, bool is_ok)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 4u << 20);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_bool(&w, STR("ok"), is_ok);
    jw_key(&w, STR("diags"));
    jw_array(&w);
    for (size_t i = 0; i < diags->n; i++) {
        const struct diag *d = &diags->items[i];
        jw_object(&w);
        jw_put_str(&w, STR("file"), d->file);
        jw_put_i64(&w, STR("line"), d->line);
        jw_put_i64(&w, STR("col"), d->col);
        jw_put_str(&w, STR("code"), str_c(d->code));
        jw_put_str(&w, STR("message"), d->message);
        jw_put_bool(&w, STR("is_warning"), d->is_warning);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&b)));
    buf_deinit(&b);
}

static int find_file(struct cli *c, bool is_dev, struct config_input *in)
{
    struct str live = cli_option(c, "live");
    in->file = cli_option(c, "config");
    if (!in->file.n)
        in->file = cli_env(c, "FLYBALL_CONFIG");
    if (live.p && in->file.n)
        return cli_usage(c, "--live and a configuration file do not go together: every vendor that " STR_FMT
                            " names is real",
                         STR_ARG(in->file));
    if (live.p) {
        in->file = STR("--live");
        return live_config(c, live, &in->text);
    }
    if (!in->file.n && !is_dev && access("flyball.yaml", F_OK) == 0)
        in->file = STR("flyball.yaml");
    return in->file.n ? cli_read_file(c, in->file, CONFIG_BYTES_MAX, &in->text) : 0;
}

static int load(struct cli *c, const struct config_input *in, struct diag_list *diags, const struct config **ret)
{
    diag_list_init(diags, &c->arena, CONFIG_ERRORS_MAX);
    int r = config_load(in, diags, ret);
    if (r < 0 && !diags->n)
        return cli_fail(c, "the configuration cannot be read: %s", err_text(r));
    return r < 0 ? CLI_FAILED : 0;
}

/* A switch has no value of its own: it is there, or not. */
static struct str flag_value(struct cli *c, const char *name)
{
    struct str value = cli_option(c, name);
    return value.n || !cli_has(c, name) ? value : STR("true");
}

static int make(struct cli *c, bool is_dev, struct diag_list *diags, struct config_input *ret_in,
                const struct config **ret)
{
    struct config_input in = {.env = c->env, .n_cores = config_cores()}; /* of the start, for all reloads */
    diag_list_init(diags, &c->arena, CONFIG_ERRORS_MAX);
    int r = find_file(c, is_dev, &in);
    if (r)
        return r;
    in.flags = (struct config_flags){
#define SETTING(field, path, env, flag, type, def, help) .field = flag_value(c, &(flag)[2]),
#include "config/setting.tbl.h"
#undef SETTING
    };
    *ret_in = in;
    r = load(c, &in, diags, ret);
    if (r || !is_dev || !str_eq((*ret)->dir, config_default_dir(c->env, &c->arena)) || in.flags.dir.n)
        return r;

    /* Nothing names a data folder: dev has one of its own, so that it never touches real records. */
    config_unref(*ret);
    ret_in->flags.dir = in.flags.dir = where_dir(c, true);
    return load(c, &in, diags, ret);
}

int settings_read(struct cli *c, bool is_dev, struct diag_list *diags, const struct config **ret)
{
    struct config_input in;
    return make(c, is_dev, diags, &in, ret);
}

int settings_load(struct cli *c, bool is_dev, struct settings *ret_of, const struct config **ret)
{
    struct settings of;
    struct diag_list diags;
    int r = make(c, is_dev, &diags, &of.in, ret);
    settings_print_diags(c, c->err, &diags);
    if (r == 0 && ret_of) {
        of.is_file = of.in.file.n && !str_eq(of.in.file, STR("-")) && !cli_has(c, "live");
        *ret_of = of;
    }
    return r;
}

int settings_again(void *settings, struct buf *error, const struct config **ret)
{
    const struct settings *of = settings;
    struct config_input in = of->in;
    struct diag_list diags;
    struct arena a;
    struct buf text;
    int r = 0;
    arena_init(&a, 1u << 20);
    buf_init(&text, CONFIG_BYTES_MAX);
    diag_list_init(&diags, &a, CONFIG_ERRORS_MAX);
    if (of->is_file) {
        r = io_read_file(io_system(), in.file, CONFIG_BYTES_MAX, &text);
        in.text = buf_str(&text);
    }
    if (r < 0)
        (void)buf_printf(error, "cannot read " STR_FMT ": %s", STR_ARG(in.file), err_text(r));
    else if ((r = config_load(&in, &diags, ret)) < 0)
        (void)diag_list_text(&diags, error);
    buf_deinit(&text);
    arena_deinit(&a);
    return r;
}
