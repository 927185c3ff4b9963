/*
 * daemon/daemon.c - puts the process together, waits for a signal, takes it apart in the opposite order.
 *
 * Start:  folder locked -> journal -> store -> core (recovery) -> vendors -> background -> workers -> listener
 *         -> exports -> admin, which tells where the listener is -> ready
 * Stop:   listener closed -> workers drained, then admin (both bounded) -> exports -> background -> loops -> store and
 *         journal closed
 *
 * Background threads end before the loops that they answer to: what they still post must find a mailbox.
 */
#include "daemon/daemon.h"

#include "admin/admin.h"
#include "admin/hooks.h"
#include "base/err.h"
#include "codec/json_write.h"
#include "daemon/acceptor.h"
#include "daemon/dev.h"
#include "daemon/exports.h"
#include "daemon/folder.h"
#include "daemon/harden.h"
#include "daemon/heap.h"
#include "daemon/issuers.h"
#include "daemon/listener_tls.h"
#include "daemon/models.h"
#include "daemon/notices.h"
#include "daemon/people.h"
#include "daemon/port_owner.h"
#include "daemon/rates.h"
#include "daemon/reload.h"
#include "daemon/remotes.h"
#include "daemon/secrets_key.h"
#include "daemon/watch.h"
#include "proxy/core_secrets.h"
#include "proxy/lookup_cache.h"
#include "proxy/rates.h"
#include "store/journal/journal.h"
#include "store/sqlite/store_sqlite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS_KEPT 128 /* for journal, store, admin and log */
#define NODE_ID 1
#define ADMIN_DRAIN_MS 1000
#define CUT_OFF_MS 250 /* for agents to take what they are told when their stream is cut off */

struct daemon {
    const struct daemon_options *o;
    struct limits limits; /* of the config, lowered to what the system allows */
    struct arena arena;
    struct buf error;
    struct rng rng, admin_rng; /* of the core, and of the admin's thread */
    sigset_t signals;
    struct folder folder;
    struct journal *journal;
    struct store *store;
    struct core *core;
    struct dev dev;
    struct vendor_set vendors;
    struct export_set exports;
    struct notice_set approvals, notices; /* webhooks */
    struct people_set people;
    struct secrets_key secrets_key;
    struct listener_tls tls;
    struct models models;
    struct issuer_set issuers;
    struct remote_set remotes;
    struct reload *reload;
    struct background background;
    struct worker_shared shared;
    struct stats *stats;
    struct loop_thread *loops;
    struct worker **workers;
    struct rng_buffered *rngs;
    size_t n_workers;
    struct admin *admin;
    struct hooks *hooks; /* NULL: off */
    struct loop_thread admin_loop;
    struct buf vendors_json;
    struct acceptor acceptor;
    struct net_addr data_addr, admin_addr, hooks_addr;
    char sign_in[ADMIN_LINK_CHARS_MAX]; /* path of the link that `dev` prints */
    pthread_t main_thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    size_t n_undrained;
    bool is_admin_drained;
};

/* --- start ------------------------------------------------------------------------------------------------------ */

static void set_limits(struct daemon *d)
{
    d->limits = d->o->config->limits;
    int64_t most = (harden_descriptors() - DESCRIPTORS_KEPT) / 2; /* one towards the agent, one towards the vendor */
    if (most < d->limits.connections_max) {
        d->limits.connections_max = most;
        log_at(LOG_WARN, "connections_max_lowered", "to=%lld reason=\"RLIMIT_NOFILE\"", (long long)most);
    }
}

static int open_records(struct daemon *d)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch = 0;
    int r = store_sqlite_open(d->folder.store, &d->store);
    if (r == -ERR_UNSUPPORTED)
        buf_printf(&d->error,
                   "the store " STR_FMT " was written by another version of flyball, which lays it out in its own way: "
                   "use the version that wrote it, or another folder (--dir)", STR_ARG(d->folder.store));
    else if (r < 0)
        buf_printf(&d->error, "cannot open the store " STR_FMT ": %s; flyball doctor says more",
                   STR_ARG(d->folder.store), err_text(r));
    if (r < 0)
        return r;
    uint64_t seq = d->store->ops->position(d->store, chain, &epoch);
    r = journal_open(io_system(), d->folder.journal, &d->limits, NODE_ID, seq, chain, epoch, &d->journal);
    if (r < 0)
        buf_printf(&d->error, "cannot open the journal " STR_FMT ": %s; flyball doctor says more",
                   STR_ARG(d->folder.journal), err_text(r));
    return r;
}

/* What needs a secret that is not there refuses; the rest works. */
static void say_secrets(struct daemon *d)
{
    struct str problem = core_secrets_problem(d->core);
    size_t n = core_vendors_without_secret(d->core);
    if (problem.n)
        log_at(LOG_ERROR, "secrets_key_unusable", "reason=\"" STR_FMT "\"", STR_ARG(problem));
    if (n)
        log_at(LOG_WARN, "vendors_without_secret", "n=%zu next=\"flyball secret list\"", n);
}

static int open_core(struct daemon *d)
{
    if (stats_new(&d->vendors.vendors, &d->stats) < 0)
        return err_trace(-ERR_NOMEM);
    stats_prices(d->stats, models_priced_at(&d->models));
    secrets_key_load(d->folder.dir, &d->arena, &d->secrets_key);
    struct core_options co = {
        .limits = &d->limits,
        .clock = &clock_system,
        .rng = &d->rng,
        .journal = d->journal,
        .store = d->store,
        .checkpoint_key = d->folder.checkpoint_key,
        .known = &d->vendors.known,
        .secret_users = &d->vendors.vendors,
        .stats = d->stats,
        .keyring = d->secrets_key.keyring,
        .secrets_problem = d->secrets_key.problem,
        .make_key = d->secrets_key.may_make ? secrets_key_make : NULL,
        .make_key_ctx = &d->secrets_key,
    };
    int r = core_new(&co, &d->core);
    if (r < 0)
        buf_printf(&d->error, "cannot load the state from " STR_FMT ": %s; flyball doctor says more",
                   STR_ARG(d->folder.dir), err_text(r));
    else
        say_secrets(d);
    return r;
}

static int load_rates(struct daemon *d)
{
    struct fx_table table;
    d->shared.rates = rates_new();
    if (d->o->config->fx_table.n == 0)
        return 0;
    int r = rates_read(d->o->config, &table, &d->error);
    if (r == 0)
        rates_put(d->shared.rates, &table);
    return r;
}

static int open_vendors(struct daemon *d)
{
    struct extra_vendor extra[DEV_VENDORS_MAX];
    size_t n = 0;
    if (d->o->has_sandbox) {
        int r = dev_sandbox_start(&d->dev, &d->limits, &d->rng, extra, &n);
        if (r < 0) {
            buf_printf(&d->error, "cannot start the simulated vendors: %s", err_text(r));
            return r;
        }
    }
    int r = export_set_load(d->o->config, &d->error, &d->exports);
    if (r == 0)
        r = notice_sets_load(d->o->config, &d->error, &d->approvals, &d->notices);
    if (r == 0)
        r = people_set_load(d->o->config, &d->error, &d->people);
    if (r < 0)
        return r;
    r = vendor_set_load(d->o->config, extra, n, &d->error, &d->vendors);
    if (r == 0)
        r = load_rates(d);
    return r < 0 ? r : models_load(d->o->config, &d->limits, &d->error, &d->models);
}

static void on_journal_failed(void *ctx)
{
    struct daemon *d = ctx;
    (void)pthread_kill(d->main_thread, SIGUSR1); /* blocked everywhere, waited for by main */
}

static int start_background(struct daemon *d)
{
    d->background = (struct background){.core = d->core, .on_failed = on_journal_failed, .on_failed_ctx = d};
    return background_start(&d->background);
}

static int start_workers(struct daemon *d)
{
    d->n_workers = (size_t)d->o->config->workers;
    d->loops = calloc(d->n_workers, sizeof(*d->loops));
    d->workers = calloc(d->n_workers, sizeof(*d->workers));
    d->rngs = calloc(d->n_workers, sizeof(*d->rngs));
    check(d->loops && d->workers && d->rngs);
    d->shared.core = d->core;
    d->shared.stats = d->stats;
    d->shared.limits = &d->limits;
    d->shared.vendors = &d->vendors.vendors;
    d->shared.tls = d->tls.data;
    d->shared.llm = &d->models.shared;
    d->shared.issuers = d->issuers.issuers;
    d->shared.remotes = &d->remotes.remotes;
    d->shared.lookups = lookup_cache_new(d->limits.lookup_cache_ms);
    check(d->shared.lookups != NULL);
    (void)heap_keep(); /* where it cannot be, calls only take longer */
    for (size_t i = 0; i < d->n_workers; i++) {
        rng_buffered_init(&d->rngs[i]);
        int r = loop_thread_new(&d->loops[i]);
        if (r == 0)
            r = worker_new(d->loops[i].loop, &d->shared, &d->rngs[i].rng, &d->workers[i]);
        if (r == 0)
            r = loop_thread_start(&d->loops[i], "worker");
        if (r < 0) {
            buf_printf(&d->error, "cannot start a worker: %s", err_text(r));
            return r;
        }
    }
    return 0;
}

static void take_up(void *ctx) { worker_take_up(ctx); }

static int listen_failed(struct daemon *d, const char *what, struct str addr, int r)
{
    struct net_addr parsed;
    struct str owner = STR("");
    buf_printf(&d->error, "cannot listen on " STR_FMT " (%s): %s", STR_ARG(addr), what, err_text(r));
    if (r != -ERR_ADDR_IN_USE)
        return r;
    if (net_addr_parse(addr, &parsed) == 0)
        owner = port_owner(&d->arena, parsed.port);
    buf_printf(&d->error,
               "; %s" STR_FMT " has it; end that, or choose another with --listen-%s ADDR:PORT (port 0 picks one)",
               owner.n ? "" : "another program", STR_ARG(owner), what);
    return r;
}

/* Behind the parts that it exchanges, before the listener that it is asked through. */
static void prepare_reload(struct daemon *d)
{
    struct reload_options o = {
        .config = d->o->config,
        .make = d->o->make_config,
        .make_ctx = d->o->make_config_ctx,
        .tls = &d->tls,
        .issuers = d->issuers.issuers,
        .remotes = &d->remotes.remotes,
        .rates = d->shared.rates,
        .vendors = &d->vendors,
        .stats = d->stats,
    };
    d->reload = reload_new(&o);
}

static struct str url_of(struct daemon *d, const struct tls_server *tls, const struct net_addr *a)
{
    char text[64];
    return arena_printf(&d->arena, "%s://" STR_FMT, tls ? "https" : "http", STR_ARG(net_addr_text(a, text)));
}

static int start_hooks(struct daemon *d)
{
    struct str at = d->o->config->listen_hooks;
    struct net_addr addr;
    if (!at.n)
        return 0;
    int r = hooks_new(d->admin, &d->hooks);
    if (r == 0)
        r = net_addr_parse(at, &addr);
    if (r == 0)
        r = hooks_listen(d->hooks, &addr, &d->hooks_addr);
    return r < 0 ? listen_failed(d, "hooks", at, r) : 0;
}

static int start_admin(struct daemon *d)
{
    struct net_addr addr;
    buf_init(&d->vendors_json, 4u << 20);
    int r = vendor_set_json(&d->vendors, url_of(d, d->tls.data, &d->data_addr), &d->vendors_json);
    if (r == 0)
        r = loop_thread_new(&d->admin_loop);
    if (r < 0)
        return r;
    struct admin_options ao = {
        .loop = d->admin_loop.loop,
        .core = d->core,
        .limits = &d->limits,
        .rng = &d->admin_rng,
        .token = str_c(d->folder.token),
        .vendors_json = buf_str(&d->vendors_json),
        .default_mode = d->o->is_dev ? MODE_TEST : MODE_LIVE,
        .version = STR(FLYBALL_VERSION),
        .ui_dir = d->o->config->ui_dir,
        .tls = d->tls.admin,
        .oidc = &d->o->config->oidc,
        .oidc_tls = d->people.tls,
        .oidc_secret = d->people.secret,
        .exports = d->exports.exports,
        .stats = d->stats,
        .config = {.reload = reload_now, .refused = reload_refused, .json = reload_config_json, .ctx = d->reload},
    };
    r = admin_new(&ao, &d->admin);
    if (r < 0)
        return r;
    r = net_addr_parse(d->o->config->listen_admin, &addr);
    if (r == 0)
        r = admin_listen(d->admin, &addr, &d->admin_addr);
    if (r < 0)
        return listen_failed(d, "admin", d->o->config->listen_admin, r);
    r = start_hooks(d);
    if (r < 0)
        return r;
    if (d->o->is_dev)
        (void)admin_link(d->admin, d->sign_in);
    else
        (void)snprintf(d->sign_in, sizeof(d->sign_in), "/ui/");
    return loop_thread_start(&d->admin_loop, "admin");
}

static int start_listener(struct daemon *d)
{
    struct net_addr addr;
    d->acceptor.loops = d->loops;
    d->acceptor.workers = d->workers;
    d->acceptor.n_workers = d->n_workers;
    int r = net_addr_parse(d->o->config->listen_data, &addr);
    if (r == 0)
        r = acceptor_start(&d->acceptor, &addr, (int)d->limits.accept_backlog, &d->data_addr);
    return r < 0 ? listen_failed(d, "data", d->o->config->listen_data, r) : 0;
}

static int start(struct daemon *d)
{
    int r = folder_open(d->o->config->dir, &d->rng, &d->arena, &d->error, &d->folder);
    if (r == 0)
        r = open_records(d);
    if (r == 0)
        r = listener_tls_load(d->o->config, &d->error, &d->tls);
    if (r == 0)
        r = open_vendors(d);
    if (r == 0)
        r = open_core(d);
    if (r == 0)
        r = start_background(d);
    if (r == 0 && d->o->is_dev)
        r = dev_prepare(&d->dev, d->core, &d->vendors.vendors);
    if (r == 0)
        r = issuer_set_start(d->o->config, &d->limits, &d->error, &d->issuers);
    if (r == 0)
        r = remote_set_load(d->o->config, &d->error, &d->remotes);
    if (r == 0)
        r = start_workers(d);
    if (r == 0)
        prepare_reload(d);
    if (r == 0)
        loop_thread_call(&d->loops[0], take_up, d->workers[0]); /* one for all: it is asked for once */
    if (r == 0)
        r = start_listener(d);
    if (r == 0)
        r = export_set_start(&d->exports, d->core, &d->limits, STR(FLYBALL_VERSION));
    if (r == 0)
        r = start_admin(d);
    if (r == 0) {
        struct str admin = url_of(d, d->tls.admin, &d->admin_addr);
        struct str hooks = d->hooks ? url_of(d, d->tls.admin, &d->hooks_addr) : STR("");
        struct str page = arena_join(&d->arena, (const struct str[]){admin, STR("/ui/")}, 2);
        r = notice_set_start(&d->approvals, d->core, &d->limits, page, hooks);
        if (r == 0)
            r = notice_set_start(&d->notices, d->core, &d->limits, page, STR(""));
    }
    return r;
}

/* --- ready ------------------------------------------------------------------------------------------------------ */

static struct str ui_url(struct daemon *d, struct str admin)
{
    return arena_printf(&d->arena, STR_FMT "%s", STR_ARG(admin), d->sign_in);
}

static void print_json(struct daemon *d, struct str data, struct str admin)
{
    struct json_writer w;
    struct buf out;
    buf_init(&out, 65536);
    jw_init(&w, &out);
    jw_object(&w);
    jw_put_str(&w, STR("data"), data);
    jw_put_str(&w, STR("admin"), admin);
    if (d->hooks)
        jw_put_str(&w, STR("hooks"), url_of(d, d->tls.admin, &d->hooks_addr));
    jw_put_str(&w, STR("ui"), ui_url(d, admin));
    jw_put_str(&w, STR("dir"), d->folder.dir);
    if (d->dev.has_key)
        jw_put_str(&w, STR("key"), str_c(d->dev.key.text));
    if (d->dev.has_live_key)
        jw_put_str(&w, STR("live_key"), str_c(d->dev.live_key.text));
    jw_put_i64(&w, STR("pid"), getpid());
    jw_object_end(&w);
    jw_end(&w);
    printf(STR_FMT "\n", STR_ARG(buf_str(&out)));
    fflush(stdout);
    buf_deinit(&out);
}

static void say_ready(struct daemon *d)
{
    struct str data_url = url_of(d, d->tls.data, &d->data_addr), admin_url = url_of(d, d->tls.admin, &d->admin_addr);
    if (folder_write_url(&d->folder, admin_url) < 0)
        log_at(LOG_WARN, "admin_url_not_written", "next=\"give commands --admin " STR_FMT "\"", STR_ARG(admin_url));
    if (d->o->wants_json)
        print_json(d, data_url, admin_url);
    else if (d->o->is_dev)
        dev_banner(&d->dev, &d->vendors.vendors, data_url, ui_url(d, admin_url), d->folder.dir);
    log_at(LOG_INFO, "ready", "data=" STR_FMT " admin=" STR_FMT " workers=%zu", STR_ARG(data_url), STR_ARG(admin_url),
           d->n_workers);
}

/* --- stop ------------------------------------------------------------------------------------------------------- */

static void on_drained(void *ctx)
{
    struct daemon *d = ctx;
    pthread_mutex_lock(&d->mutex);
    d->n_undrained--;
    pthread_cond_signal(&d->cond);
    pthread_mutex_unlock(&d->mutex);
}

struct drain_call {
    struct daemon *d;
    struct worker *w;
};
static void drain_worker(void *ctx)
{
    struct drain_call *dc = ctx;
    worker_drain(dc->w, on_drained, dc->d);
}
static void cut_off_worker(void *ctx) { worker_cut_off(ctx); }
static void free_worker(void *ctx) { worker_free(ctx); }

static void deadline(struct timespec *until, int64_t ms)
{
    clock_gettime(CLOCK_MONOTONIC, until);
    until->tv_sec += ms / 1000;
    until->tv_nsec += ms % 1000 * NS_PER_MS;
    until->tv_sec += until->tv_nsec / NS_PER_S;
    until->tv_nsec %= NS_PER_S;
}

/* How many workers still have connections after that time. */
static size_t wait_until_drained(struct daemon *d, int64_t ms)
{
    struct timespec until;
    deadline(&until, ms);
    pthread_mutex_lock(&d->mutex);
    while (d->n_undrained > 0 && pthread_cond_timedwait(&d->cond, &d->mutex, &until) == 0)
        ;
    size_t n = d->n_undrained;
    pthread_mutex_unlock(&d->mutex);
    return n;
}

static void drain_workers(struct daemon *d)
{
    d->n_undrained = d->n_workers;
    for (size_t i = 0; i < d->n_workers; i++) {
        if (d->workers[i])
            loop_thread_call(&d->loops[i], drain_worker, &(struct drain_call){d, d->workers[i]});
        else
            on_drained(d);
    }
    if (wait_until_drained(d, d->limits.drain_timeout_ms) == 0)
        return;
    for (size_t i = 0; i < d->n_workers; i++)
        if (d->workers[i])
            loop_thread_call(&d->loops[i], cut_off_worker, d->workers[i]);
    size_t n = wait_until_drained(d, CUT_OFF_MS);
    if (n)
        log_at(LOG_WARN, "drain_timeout", "workers_left=%zu next=\"open calls are unknown after the next start\"", n);
}

static void stop_workers(struct daemon *d)
{
    for (size_t i = 0; i < d->n_workers; i++) {
        if (d->workers[i])
            loop_thread_call(&d->loops[i], free_worker, d->workers[i]);
        loop_thread_stop(&d->loops[i]);
    }
    free(d->loops);
    free(d->workers);
    free(d->rngs);
}

static void on_admin_drained(void *ctx)
{
    struct daemon *d = ctx;
    pthread_mutex_lock(&d->mutex);
    d->is_admin_drained = true;
    pthread_cond_signal(&d->cond);
    pthread_mutex_unlock(&d->mutex);
}

static void drain_admin_now(void *ctx)
{
    struct daemon *d = ctx;
    admin_drain(d->admin, on_admin_drained, d);
}

/* Questions under way get their answers, and changes their confirmation; long ones (doctor) are not waited for. */
static void drain_admin(struct daemon *d)
{
    struct timespec until;
    loop_thread_call(&d->admin_loop, drain_admin_now, d);
    deadline(&until, ADMIN_DRAIN_MS);
    pthread_mutex_lock(&d->mutex);
    while (!d->is_admin_drained && pthread_cond_timedwait(&d->cond, &d->mutex, &until) == 0)
        ;
    pthread_mutex_unlock(&d->mutex);
}

static void free_admin(void *ctx)
{
    struct daemon *d = ctx;
    hooks_free(d->hooks);
    admin_free(d->admin);
}

static void stop(struct daemon *d, bool may_drain)
{
    acceptor_stop(&d->acceptor);
    if (d->n_workers && may_drain)
        drain_workers(d);
    if (d->admin && may_drain)
        drain_admin(d);
    export_set_stop(&d->exports);
    notice_set_stop(&d->approvals);
    notice_set_stop(&d->notices);
    background_stop(&d->background);
    if (d->admin)
        loop_thread_call(&d->admin_loop, free_admin, d);
    loop_thread_stop(&d->admin_loop);
    export_set_free(&d->exports);
    people_set_free(&d->people);
    remote_set_stop(&d->remotes);
    stop_workers(d);
    remote_set_free(&d->remotes);
    issuer_set_stop(&d->issuers);
    if (d->core) {
        dev_stop(&d->dev, d->core);
        core_say_stop(d->core);
        while (core_drain_turn(d->core))
            ;
    }
    core_free(d->core);
    if (d->store)
        d->store->ops->close(d->store);
    journal_close(d->journal);
    stats_free(d->stats);
    lookup_cache_free(d->shared.lookups);
    reload_free(d->reload);
    rates_free(d->shared.rates);
    models_free(&d->models);
    vendor_set_free(&d->vendors);
    listener_tls_free(&d->tls);
    folder_close(&d->folder);
    buf_deinit(&d->vendors_json);
}

/* --- run -------------------------------------------------------------------------------------------------------- */

static void block_signals(struct daemon *d)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    sigemptyset(&d->signals);
    sigaddset(&d->signals, SIGTERM);
    sigaddset(&d->signals, SIGINT);
    sigaddset(&d->signals, SIGHUP);
    sigaddset(&d->signals, SIGUSR1);
    (void)pthread_sigmask(SIG_BLOCK, &d->signals, NULL);
}

/* A second signal ends the process at once; open calls are then unknown after the next start. */
static void *exit_on_second_signal(void *ctx)
{
    struct daemon *d = ctx;
    int sig;
    sigset_t set = d->signals;
    sigdelset(&set, SIGHUP);
    (void)sigwait(&set, &sig);
    _exit(1);
}

static void reload(struct daemon *d)
{
    struct buf error;
    buf_init(&error, 65536);
    (void)reload_now(d->reload, &error); /* logged */
    buf_deinit(&error);
}

static int wait_for_end(struct daemon *d)
{
    static const struct timespec interval = {WATCH_INTERVAL_MS / 1000, WATCH_INTERVAL_MS % 1000 * NS_PER_MS};
    bool is_watching = d->o->watched.n > 0;
    struct watch watch;
    if (is_watching) {
        watch_init(&watch, d->o->watched.p);
        reload(d); /* what changed since the start read it would be seen by nobody */
    }
    for (;;) {
        int sig = is_watching ? sigtimedwait(&d->signals, NULL, &interval) : sigwaitinfo(&d->signals, NULL);
        if (sig == SIGHUP || (is_watching && watch_look(&watch)))
            reload(d);
        if (sig > 0 && sig != SIGHUP)
            return sig;
    }
}

int daemon_run(const struct daemon_options *o)
{
    struct daemon *d = calloc(1, sizeof(*d));
    pthread_t killer;
    int status = 0;
    check(d != NULL);
    d->o = o;
    d->main_thread = pthread_self();
    arena_init(&d->arena, 1u << 20);
    buf_init(&d->error, 65536);
    rng_system_init(&d->rng);
    rng_system_init(&d->admin_rng);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&d->mutex, NULL);
    pthread_cond_init(&d->cond, &attr);
    log_set_level(o->config->log_level);
    harden_memory();
    set_limits(d);
    block_signals(d);

    int r = start(d);
    if (r < 0) {
        fprintf(stderr, "flyball: " STR_FMT "\n", STR_ARG(d->error.n ? buf_str(&d->error) : str_c(err_text(r))));
        status = 1;
        stop(d, false);
    } else {
        say_ready(d);
        int sig = wait_for_end(d);
        bool has_failed = sig == SIGUSR1;
        status = has_failed ? 1 : 0;
        log_at(has_failed ? LOG_ERROR : LOG_INFO, "stopping", "reason=%s", has_failed ? "journal_failed" : "signal");
        if (pthread_create(&killer, NULL, exit_on_second_signal, d) == 0)
            (void)pthread_detach(killer);
        if (has_failed)
            _exit(1); /* what is in memory and not on disk must not be relied on: recovery decides */
        stop(d, true);
        log_at(LOG_INFO, "stopped", "status=%d", status);
    }
    arena_deinit(&d->arena);
    buf_deinit(&d->error);
    pthread_condattr_destroy(&attr);
    pthread_cond_destroy(&d->cond);
    pthread_mutex_destroy(&d->mutex);
    if (status == 0)
        _exit(0); /* the thread that waits for a second signal reads *d */
    free(d);
    return status;
}
