/*
 * sandbox/twilio_vendor.c - a simulated Twilio: messages and calls that have no price at first, and one a few seconds
 * later; look-ups and verifications.
 *
 *   (1) time is an argument: a message is queued, then sent after a second, and priced after PRICED_AFTER_NS.
 *   (2) state is bounded: beyond RECORDS_MAX the oldest message or call is forgotten.
 *   (3) like the vendor, it knows no idempotency keys: what is sent twice is sent twice.
 *
 * Any account SID and any credential will do, but there must be one. To +15005550001 is not valid, as in Twilio's test
 * mode. The code of every verification is 123456.
 */
#include "base/err.h"
#include "base/money.h"
#include "codec/form.h"
#include "codec/json_write.h"
#include "saas/sms.h"
#include "sandbox/vendors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 10000
#define BODY_BYTES_MAX 4096
#define NUMBER_BYTES_MAX 64
#define SID_BYTES 35
#define SENT_AFTER_NS NS_PER_S
#define PRICED_AFTER_NS (4 * NS_PER_S)
#define SMS_NANO_USD 11300000    /* 0.0083 and what most carriers add */
#define MINUTE_NANO_USD 14000000 /* 0.0140 */
#define FORM_FIELDS_MAX 100
#define LIST_MAX 50

struct record {
    char sid[SID_BYTES], to[NUMBER_BYTES_MAX], from[NUMBER_BYTES_MAX];
    char *body; /* NULL: a call */
    wall_t made_at;
    int64_t segments;
    bool is_scheduled, is_canceled, is_deleted;
};

struct twilio {
    struct record *records; /* a ring: record i stands at i % RECORDS_MAX */
    uint64_t n;             /* made so far */
};

/* One request on its way. */
struct turn {
    struct twilio *s;
    const struct sandbox_request *r;
    struct arena *a;
    struct sandbox_answer *ret;
    struct form form;
    struct str account;
};

/* --- answers ------------------------------------------------------------------------------------------------------ */

static int reply(struct turn *t, uint16_t status, struct buf *b)
{
    int r = buf_ok(b);
    struct str text = STR_NONE;
    if (r == 0)
        r = arena_try_str(t->a, buf_str(b), &text);
    buf_deinit(b);
    if (r == 0)
        sandbox_put_json(t->ret, status, text, t->a);
    return err_trace(r);
}

static int refuse(struct turn *t, uint16_t status, int64_t code, const char *message)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_i64(&w, STR("code"), code);
    jw_put_str(&w, STR("message"), str_c(message));
    jw_put_str(&w, STR("more_info"), arena_printf(t->a, "https://www.twilio.com/docs/errors/%lld", (long long)code));
    jw_put_i64(&w, STR("status"), status);
    jw_object_end(&w);
    jw_end(&w);
    return reply(t, status, &b);
}

static int not_found(struct turn *t) { return refuse(t, 404, 20404, "The requested resource was not found"); }

static struct str field(const struct turn *t, const char *name)
{
    const struct form_field *f = form_get(&t->form, str_c(name));
    return f ? f->value : STR_NONE;
}

static void keep(char *to, size_t n, struct str s) { (void)snprintf(to, n, STR_FMT, STR_ARG(s)); }

/* --- records ------------------------------------------------------------------------------------------------------ */

static struct record *record_new(struct turn *t, const char *prefix)
{
    struct twilio *s = t->s;
    struct record *it = &s->records[s->n++ % RECORDS_MAX];
    free(it->body);
    *it = (struct record){.made_at = t->r->now, .segments = 1};
    (void)snprintf(it->sid, sizeof(it->sid), "%s%032llx", prefix, (unsigned long long)s->n);
    keep(it->to, sizeof(it->to), field(t, "To"));
    keep(it->from, sizeof(it->from), field(t, "From"));
    return it;
}

static struct record *record_find(struct turn *t, struct str sid)
{
    for (size_t i = 0; i < RECORDS_MAX && i < t->s->n; i++) {
        struct record *it = &t->s->records[i];
        if (str_eq(str_c(it->sid), sid) && !it->is_deleted)
            return it;
    }
    return NULL;
}

static const char *status_of(const struct record *it, wall_t now)
{
    if (it->is_canceled)
        return "canceled";
    if (it->is_scheduled)
        return "scheduled";
    if (now - it->made_at < SENT_AFTER_NS)
        return "queued";
    return it->body ? "delivered" : "completed";
}

/* "-0.02260", or null: as Twilio writes what it bills. */
static void put_price(struct json_writer *w, const struct record *it, wall_t now)
{
    bool is_priced = now - it->made_at >= PRICED_AFTER_NS && !it->is_scheduled && !it->is_canceled;
    money_t usd = it->body ? SMS_NANO_USD * it->segments : MINUTE_NANO_USD;
    char text[MONEY_TEXT_BYTES], price[MONEY_TEXT_BYTES + 1] = "-";
    struct str s = money_text(usd, text);
    (void)snprintf(price + 1, MONEY_TEXT_BYTES, STR_FMT, STR_ARG(s));
    jw_put_str_or_null(w, STR("price"), is_priced ? str_c(price) : STR_NONE);
    jw_put_str_or_null(w, STR("price_unit"), is_priced || !it->body ? STR("USD") : STR_NONE);
}

static void put_record(struct turn *t, struct json_writer *w, const struct record *it)
{
    char n[24];
    (void)snprintf(n, sizeof(n), "%lld", (long long)it->segments);
    jw_object(w);
    jw_put_str(w, STR("sid"), str_c(it->sid));
    jw_put_str(w, STR("account_sid"), t->account);
    jw_put_str(w, STR("to"), str_c(it->to));
    jw_put_str_or_null(w, STR("from"), str_c(it->from));
    jw_put_str(w, STR("status"), str_c(status_of(it, t->r->now)));
    put_price(w, it, t->r->now);
    if (it->body) {
        jw_put_str(w, STR("body"), str_c(it->body));
        jw_put_str(w, STR("num_segments"), str_c(n));
        jw_put_str(w, STR("num_media"), STR("0"));
        jw_put_str(w, STR("direction"), STR("outbound-api"));
        jw_put_null(w, STR("error_code"));
        jw_put_null(w, STR("error_message"));
    }
    jw_object_end(w);
}

static int reply_record(struct turn *t, uint16_t status, const struct record *it)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 1 << 16);
    jw_init(&w, &b);
    put_record(t, &w, it);
    jw_end(&w);
    return reply(t, status, &b);
}

/* Newest first. */
static int reply_list(struct turn *t, bool is_messages)
{
    struct buf b;
    struct json_writer w;
    uint64_t n = 0;
    buf_init(&b, 4 << 20);
    jw_init(&w, &b);
    jw_object(&w);
    jw_key(&w, is_messages ? STR("messages") : STR("calls"));
    jw_array(&w);
    for (uint64_t i = t->s->n; i > 0 && t->s->n - i < RECORDS_MAX && n < LIST_MAX; i--) {
        const struct record *it = &t->s->records[(i - 1) % RECORDS_MAX];
        if (it->is_deleted || (it->body != NULL) != is_messages)
            continue;
        put_record(t, &w, it);
        n++;
    }
    jw_array_end(&w);
    jw_put_i64(&w, STR("page"), 0);
    jw_put_i64(&w, STR("page_size"), LIST_MAX);
    jw_put_null(&w, STR("next_page_uri"));
    jw_object_end(&w);
    jw_end(&w);
    return reply(t, 200, &b);
}

/* --- messages and calls ------------------------------------------------------------------------------------------- */

static const char *check_numbers(struct turn *t, int64_t *ret_code)
{
    *ret_code = 21211;
    if (str_eq(field(t, "To"), STR("+15005550001")))
        return "The 'To' number +15005550001 is not a valid phone number.";
    *ret_code = 21604;
    if (!field(t, "To").n)
        return "A 'To' phone number is required.";
    *ret_code = 21603;
    return field(t, "From").n || field(t, "MessagingServiceSid").n ? NULL : "A 'From' phone number is required.";
}

static int create_message(struct turn *t)
{
    int64_t code;
    const char *why = check_numbers(t, &code);
    struct str body = field(t, "Body");
    struct sms_size size = {.segments = 1};
    if (why)
        return refuse(t, 400, code, why);
    if (!body.n && !field(t, "MediaUrl").n && !field(t, "ContentSid").n)
        return refuse(t, 400, 21602, "Message body is required.");
    if (body.n > BODY_BYTES_MAX)
        return refuse(t, 400, 21617, "The concatenated message body exceeds the 1600 character limit.");
    (void)sms_measure(body, str_eq(field(t, "SmartEncoded"), STR("true")), &size); /* a form is UTF-8 */
    struct record *it = record_new(t, "SM");
    it->body = calloc(1, body.n + 1);
    if (!it->body)
        return err_trace(-ERR_NOMEM);
    if (body.n)
        memcpy(it->body, body.p, body.n);
    it->segments = size.segments;
    it->is_scheduled = field(t, "SendAt").n > 0;
    return reply_record(t, 201, it);
}

static int create_call(struct turn *t)
{
    int64_t code;
    const char *why = check_numbers(t, &code);
    if (why)
        return refuse(t, 400, code, why);
    if (!field(t, "Url").n && !field(t, "Twiml").n && !field(t, "ApplicationSid").n)
        return refuse(t, 400, 21205, "Url parameter is required.");
    return reply_record(t, 201, record_new(t, "CA"));
}

static int on_record(struct turn *t, struct record *it)
{
    if (!it)
        return not_found(t);
    if (str_eq(t->r->method, STR("DELETE"))) {
        it->is_deleted = true;
        t->ret->status = 204;
        return 0;
    }
    if (str_eq(t->r->method, STR("POST"))) {
        bool cancels = str_eq(field(t, "Status"), STR("canceled"));
        if (cancels && !it->is_scheduled && it->body)
            return refuse(t, 400, 30409, "Message cannot be canceled: it is not scheduled.");
        it->is_canceled |= cancels;
        if (form_get(&t->form, STR("Body")) && it->body)
            it->body[0] = 0;
    }
    return reply_record(t, 200, it);
}

/* /2010-04-01/Accounts/{sid}/{Messages|Calls}[/{sid}].json */
static int on_api(struct turn *t, struct str rest)
{
    struct str kind = rest, sid = STR_NONE;
    bool is_post = str_eq(t->r->method, STR("POST"));
    if (!str_ends(rest, STR(".json")))
        return not_found(t);
    rest.n -= 5;
    kind = rest;
    (void)str_cut(rest, '/', &kind, &sid); /* a collection has no SID */
    bool is_messages = str_eq(kind, STR("Messages"));
    if (!is_messages && !str_eq(kind, STR("Calls")))
        return not_found(t);
    if (sid.n)
        return on_record(t, record_find(t, sid));
    if (!is_post)
        return reply_list(t, is_messages);
    return is_messages ? create_message(t) : create_call(t);
}

/* --- other products ----------------------------------------------------------------------------------------------- */

static int look_up(struct turn *t, struct str number)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("phone_number"), number);
    jw_put_str(&w, STR("country_code"), str_starts(number, STR("+1")) ? STR("US") : STR("ZZ"));
    jw_put_bool(&w, STR("valid"), number.n > 7);
    jw_put_null(&w, STR("caller_name"));
    jw_put_null(&w, STR("line_type_intelligence"));
    jw_object_end(&w);
    jw_end(&w);
    return reply(t, 200, &b);
}

/* /v2/Services/{sid}/{Verifications|VerificationCheck} */
static int verify(struct turn *t, struct str rest)
{
    struct str service, what;
    struct buf b;
    struct json_writer w;
    bool is_check = str_cut(rest, '/', &service, &what) && str_eq(what, STR("VerificationCheck"));
    if (!is_check && !str_eq(what, STR("Verifications")))
        return not_found(t);
    bool is_right = is_check && str_eq(field(t, "Code"), STR("123456"));
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("sid"), STR("VE00000000000000000000000000000001"));
    jw_put_str(&w, STR("service_sid"), service);
    jw_put_str(&w, STR("to"), field(t, "To"));
    jw_put_str(&w, STR("status"), is_right ? STR("approved") : STR("pending"));
    jw_put_bool(&w, STR("valid"), is_right);
    jw_object_end(&w);
    jw_end(&w);
    return reply(t, is_check ? 200 : 201, &b);
}

/* What follows `prefix` in the path. */
static bool under(struct str path, struct str prefix, struct str *ret_rest)
{
    if (!str_starts(path, prefix))
        return false;
    *ret_rest = str_sub(path, prefix.n, path.n);
    return true;
}

static int answer(void *state, const struct sandbox_request *r, struct arena *a, struct sandbox_answer *ret)
{
    static const struct str lists[] = {STR_INIT("MediaUrl"), STR_INIT("StatusCallbackEvent"),
                                       STR_INIT("PersistentAction")};
    struct turn t = {.s = state, .r = r, .a = a, .ret = ret};
    struct str rest, text = str_eq(r->method, STR("POST")) ? r->body : r->query;
    if (!str_starts(sandbox_field(r, STR("authorization")), STR("Basic ")))
        return refuse(&t, 401, 20003, "Authenticate");
    if (form_parse_lists(a, text, FORM_FIELDS_MAX, 1, lists, 3, &t.form, NULL) < 0)
        return refuse(&t, 400, 20001, "The form cannot be read.");
    if (under(r->path, STR("/2010-04-01/Accounts/"), &rest) && str_cut(rest, '/', &t.account, &rest))
        return on_api(&t, rest);
    if (under(r->path, STR("/v2/PhoneNumbers/"), &rest))
        return look_up(&t, rest);
    if (under(r->path, STR("/v2/Services/"), &rest))
        return verify(&t, rest);
    return not_found(&t);
}

static void free_state(void *state)
{
    struct twilio *s = state;
    for (size_t i = 0; i < RECORDS_MAX; i++)
        free(s->records[i].body);
    free(s->records);
    free(s);
}

int sandbox_twilio(const struct limits *limits, wall_t now, struct sandbox_vendor *ret)
{
    struct twilio *s = calloc(1, sizeof(*s));
    if (s)
        s->records = calloc(RECORDS_MAX, sizeof(*s->records));
    if (!s || !s->records) {
        free(s);
        return err_trace(-ERR_NOMEM);
    }
    *ret = (struct sandbox_vendor){.state = s, .answer = answer, .free = free_state};
    return 0;
}
