/*
 * export/retry.c - OTLP/HTTP's rules for failures, and one more: a wrong credential is repaired by a person, meanwhile
 * nothing may be thrown away.
 */
#include "export/retry.h"

#include "base/err.h"

#define DOUBLINGS_MAX 20

enum retry_verdict retry_verdict_of(uint16_t status)
{
    if (status >= 200 && status < 300)
        return RETRY_SENT;
    return status == 400 || status == 413 || status == 422 ? RETRY_SMALLER : RETRY_LATER;
}

int64_t retry_backoff_ms(int64_t first_ms, int64_t most_ms, unsigned n, struct rng *r)
{
    int64_t ms = first_ms;
    for (unsigned i = 1; i < n && i < DOUBLINGS_MAX && ms < most_ms; i++)
        ms *= 2;
    ms = ms < most_ms ? ms : most_ms;
    int64_t fifth = ms / 5;
    return ms - fifth + (int64_t)rng_below(r, (uint64_t)(2 * fifth + 1));
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that may be sent. */
#define DATE_BYTES 29
static bool parse_date(struct str s, wall_t *ret)
{
    static const struct str MONTHS = STR_INIT("JanFebMarAprMayJunJulAugSepOctNovDec");
    char text[] = "yyyy-mm-ddThh:mm:ssZ";
    size_t at;
    if (s.n != DATE_BYTES || !str_ends(s, STR(" GMT")) || s.p[3] != ',' || !str_find(MONTHS, str_sub(s, 8, 3), &at) ||
        at % 3)
        return false;
    unsigned month = (unsigned)at / 3 + 1;
    for (size_t i = 0; i < 4; i++)
        text[i] = s.p[12 + i];
    text[5] = (char)('0' + month / 10);
    text[6] = (char)('0' + month % 10);
    text[8] = s.p[5];
    text[9] = s.p[6];
    for (size_t i = 0; i < 8; i++)
        text[11 + i] = s.p[17 + i];
    return wall_parse((struct str){text, sizeof text - 1}, ret) == 0;
}

bool retry_after_ms(struct str value, wall_t now, int64_t *ret_ms)
{
    int64_t seconds;
    wall_t at;
    if (str_to_i64(value, &seconds) == 0) {
        *ret_ms = seconds < INT64_MAX / 1000 ? seconds * 1000 : INT64_MAX;
        return true;
    }
    if (!parse_date(value, &at))
        return false;
    *ret_ms = at > now ? (at - now) / NS_PER_MS : 0;
    return true;
}
