/*
 * import/carry.c - what is carried: word for word, under x-<product>, without secrets.
 *
 * What may be a secret is told by its name (api_key, password, ...), or by the look of its value; a reference to the
 * environment is none.
 */
#include "import/import_impl.h"

#include "codec/json_write.h"

static const struct str endings[] = {STR_INIT("key"),
                                     STR_INIT("token"),
                                     STR_INIT("secret"),
                                     STR_INIT("password"),
                                     STR_INIT("passwd"),
                                     STR_INIT("credential"),
                                     STR_INIT("credentials"),
                                     STR_INIT("authorization"),
                                     STR_INIT("cookie"),
                                     STR_INIT("dsn"),
                                     STR_INIT("salt"),
                                     STR_INIT("service_account_json"),
                                     STR_INIT("environment_variables")};
static const struct str beginnings[] = {STR_INIT("sk-"),  STR_INIT("sk_"), STR_INIT("Bearer "), STR_INIT("Basic "),
                                        STR_INIT("AKIA"), STR_INIT("eyJ"), STR_INIT("fb_")};
#define N(table) (sizeof(table) / sizeof((table)[0]))

static bool is_secret_name(struct str name)
{
    if (str_ends(name, STR("_per_token")))
        return false; /* a price */
    for (size_t i = 0; i < N(endings); i++)
        if (name.n >= endings[i].n && str_eq_nocase(str_sub(name, name.n - endings[i].n, endings[i].n), endings[i]))
            return true;
    return false;
}

static bool is_secret_value(struct str s)
{
    size_t at, host;
    for (size_t i = 0; i < N(beginnings); i++)
        if (str_starts(s, beginnings[i]))
            return true;
    return str_find(s, STR("://"), &at) && str_find(str_sub(s, at, s.n), STR("@"), &host);
}

static void put_value(struct json_writer *w, const struct yaml *at, bool is_secret)
{
    bool is_reference = at->type == YAML_STR && str_starts(at->text, STR("os.environ/"));
    is_secret = is_secret || is_secret_name(at->key);
    switch (at->type) {
    case YAML_NULL:
        jw_null(w);
        break;
    case YAML_BOOL:
        jw_bool(w, at->i != 0);
        break;
    case YAML_INT:
    case YAML_NUMBER:
    case YAML_STR:
        if ((is_secret || is_secret_value(at->text)) && !is_reference)
            jw_str(w, STR("(not copied)"));
        else if (at->type == YAML_INT)
            jw_i64(w, at->i);
        else
            jw_str(w, at->text); /* a decimal too: JSON's numbers cannot say all of them exactly */
        break;
    case YAML_SEQ:
        jw_array(w);
        yaml_each(child, at)
            put_value(w, child, is_secret);
        jw_array_end(w);
        break;
    case YAML_MAP:
        jw_object(w);
        yaml_each(child, at) {
            jw_key(w, child->key);
            put_value(w, child, is_secret);
        }
        jw_object_end(w);
        break;
    }
}

void carry(struct import *x, struct str key, const struct yaml *at)
{
    struct json_writer w;
    (void)buf_add_c(&x->carried, "  "); /* too much is found by buf_ok() at the end, here and below */
    (void)json_quote(&x->carried, key);
    (void)buf_add_c(&x->carried, ": ");
    jw_init(&w, &x->carried);
    put_value(&w, at, false);
    (void)buf_add_byte(&x->carried, '\n');
}
