/*
 * saas/sms.c - parts of a text message, counted the way the network cuts them: from the front, a character at a time.
 */
#include "saas/sms.h"

#include "codec/utf8.h"

#include <string.h>

#define GSM_SINGLE 160
#define GSM_PART 153
#define UCS2_SINGLE 70
#define UCS2_PART 67

/* The default alphabet beyond ASCII, and what of ASCII it has not. */
static const uint16_t gsm_more[] = {0xa1, 0xa3, 0xa4, 0xa5, 0xa7, 0xbf, 0xc4, 0xc5, 0xc6, 0xc7, 0xc9, 0xd1, 0xd6,
                                    0xd8, 0xdc, 0xdf, 0xe0, 0xe4, 0xe5, 0xe6, 0xe8, 0xe9, 0xec, 0xf1, 0xf2, 0xf6,
                                    0xf8, 0xf9, 0xfc, 0x393, 0x394, 0x398, 0x39b, 0x39e, 0x3a0, 0x3a3, 0x3a6, 0x3a8,
                                    0x3a9};
static const char gsm_extension[] = "\f^{}\\[~]|";
#define EURO 0x20ac

static const struct smart {
    uint32_t codes[28];
    const char *text;
} smart[] = {
#define SMART(text, ...) {{__VA_ARGS__}, text},
#include "saas/sms_smart.tbl.h"
#undef SMART
};

static uint32_t code_at(const char *p, size_t n)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (uint8_t)p[0] & first_bits[n];
    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((uint8_t)p[i] & 0x3f);
    return code;
}

/* Septets of one character: 1 or 2; 0: GSM-7 has it not. */
static int septets(uint32_t code)
{
    if (code == EURO || (code && code < 128 && strchr(gsm_extension, (int)code)))
        return 2;
    if (code < 128)
        return (code >= ' ' && code < 127 && code != '`') || code == '\n' || code == '\r';
    for (size_t i = 0; i < sizeof(gsm_more) / sizeof(gsm_more[0]); i++) {
        if (gsm_more[i] == code)
            return 1;
    }
    return 0;
}

/* What smart encoding writes for a character; NULL: itself. */
static const char *smart_text(uint32_t code, char buf[2])
{
    if ((code >= 0xff01 && code <= 0xff3f) || (code >= 0xff5b && code <= 0xff5e)) { /* full width, but small letters */
        buf[0] = (char)(code - 0xff01 + '!');
        buf[1] = 0;
        return buf;
    }
    for (size_t i = 0; code && i < sizeof(smart) / sizeof(smart[0]); i++) {
        for (size_t k = 0; k < sizeof(smart[i].codes) / sizeof(smart[i].codes[0]) && smart[i].codes[k]; k++) {
            if (smart[i].codes[k] == code)
                return smart[i].text;
        }
    }
    return NULL;
}

struct counting {
    bool is_ucs2, is_smart;
    int64_t units, segments, in_part; /* as if the message had several parts */
    int64_t part;
};

static void add(struct counting *c, int width)
{
    if (c->in_part + width > c->part) {
        c->segments++;
        c->in_part = 0;
    }
    c->in_part += width;
    c->units += width;
}

/* False: the character needs UCS-2, and the count began with GSM-7. */
static bool add_code(struct counting *c, uint32_t code)
{
    char buf[2];
    const char *text = c->is_smart ? smart_text(code, buf) : NULL;
    if (text) {
        for (; *text; text++)
            add(c, c->is_ucs2 ? 1 : septets((uint8_t)*text));
        return true;
    }
    int width = c->is_ucs2 ? (code > 0xffff ? 2 : 1) : septets(code);
    if (width)
        add(c, width);
    return width > 0;
}

static bool count(struct str text, struct counting *c)
{
    for (size_t i = 0, n; i < text.n; i += n) {
        n = utf8_next(str_sub(text, i, text.n));
        if (!add_code(c, code_at(text.p + i, n)))
            return false;
    }
    return true;
}

bool sms_measure(struct str text, bool is_smart, struct sms_size *ret)
{
    struct counting c = {.is_smart = is_smart, .segments = 1, .part = GSM_PART};
    if (!utf8_is_valid(text))
        return false;
    if (!count(text, &c)) {
        c = (struct counting){.is_smart = is_smart, .is_ucs2 = true, .segments = 1, .part = UCS2_PART};
        (void)count(text, &c); /* UCS-2 has every character */
    }
    if (c.units <= (c.is_ucs2 ? UCS2_SINGLE : GSM_SINGLE))
        c.segments = 1;
    *ret = (struct sms_size){c.segments, c.units, c.is_ucs2};
    return true;
}
