/*
 * codec/media_type.c - type and parameter apart.
 */
#include "codec/media_type.h"

bool media_type_is(struct str field, struct str media)
{
    struct str type = field, parameter = STR_NONE;
    bool has_parameter = str_cut(field, ';', &type, &parameter);
    parameter = str_trim(parameter);
    if (!str_eq_nocase(str_trim(type), media))
        return false;
    return !has_parameter || str_eq_nocase(parameter, STR("charset=utf-8")) ||
           str_eq_nocase(parameter, STR("charset=\"utf-8\""));
}
