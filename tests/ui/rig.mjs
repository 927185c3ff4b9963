/*
 * rig.mjs - a real `flyball dev` on a folder of its own, and Debian's Chromium, watched: a page that says something on
 * its console, breaks its policy, or asks another host for anything has failed.
 *
 * Processes are ended by the pid of the child that was started, never otherwise.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const TOP = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BINARY = process.env.FLYBALL_BIN ?? path.join(TOP, 'build/flyball');
export const SHOTS = path.join(TOP, 'build/ui-shots');
const need = createRequire(path.join(TOP, 'ui/package.json'));
const { chromium } = need('playwright-core');
const AXE = need.resolve('axe-core/axe.min.js');
const FILL_AT_ONCE = 16;
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];

function runChild(argv, env, input = '') {
    return new Promise((done, fail) => {
        const p = spawn(BINARY, argv, { env, stdio: ['pipe', 'pipe', 'pipe'] });
        let out = '',
            err = '';
        p.stdout.on('data', (b) => {
            out += b;
        });
        p.stderr.on('data', (b) => {
            err += b;
        });
        p.on('error', fail);
        const timer = setTimeout(() => p.kill('SIGKILL'), 60000);
        p.on('close', (status) => {
            clearTimeout(timer);
            done({ status, out, err });
        });
        p.stdin.end(input);
    });
}

/* `flyball dev`, ready; `args` beside the usual ones. */
export async function startDaemon(args = []) {
    const root = mkdtempSync(path.join(os.tmpdir(), 'flyball-ui-')),
        dir = path.join(root, 'data');
    const env = { PATH: process.env.PATH, HOME: root, LC_ALL: 'C.UTF-8', FLYBALL_DIR: dir };
    const argv = [
        'dev',
        '--json',
        '--dir',
        dir,
        '--listen-data',
        '127.0.0.1:0',
        '--listen-admin',
        '127.0.0.1:0',
        ...args,
    ];
    const p = spawn(BINARY, argv, { env, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    p.stderr.on('data', (b) => {
        log += b;
    });
    const ended = new Promise((done) => p.on('close', done));
    const line = await new Promise((done, fail) => {
        let text = '';
        const timer = setTimeout(() => fail(new Error('not ready in 20 s\n' + log)), 20000);
        p.on('close', (status) => fail(new Error(`ended with ${status}\n${log}`)));
        p.stdout.on('data', (b) => {
            text += b;
            if (text.includes('\n')) {
                clearTimeout(timer);
                done(text);
            }
        });
    });
    const ready = JSON.parse(line);
    const token = readFileSync(path.join(dir, 'admin.token'), 'utf8').trim();
    const api = async (method, where, body) => {
        const r = await fetch(ready.admin + where, {
            method,
            headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await r.text();
        return { status: r.status, headers: r.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
    };
    return {
        ready,
        ui: ready.admin + '/ui/' /* without a code to sign in with */,
        token,
        api,
        dir,
        log: () => log,
        cli: (...argv) => runChild(argv, env),
        stop: async () => {
            p.kill('SIGTERM');
            const timer = setTimeout(() => p.kill('SIGKILL'), 15000);
            await ended;
            clearTimeout(timer);
            rmSync(root, { recursive: true, force: true });
        },
    };
}

/* A call to a simulated vendor, as an agent makes it. */
export async function call(daemon, key, vendor, where, fields, headers = {}) {
    const isForm = typeof fields === 'string';
    const r = await fetch(`${daemon.ready.data}/${vendor}${where}`, {
        method: 'POST',
        headers: {
            authorization: 'Bearer ' + key,
            'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
            ...headers,
        },
        body: isForm ? fields : JSON.stringify(fields),
    });
    return { status: r.status, body: await r.text() };
}

/* A key whose charges a person must say yes to. */
export async function askingKey(daemon, agent = 'asker') {
    const match = { operation: ['stripe.charges.create'] },
        rules = [{ id: 'big', effect: 'approve', match, approval: 'finance' }],
        head = { apiVersion: 'agentpolicy/v1', kind: 'Policy', metadata: { name: 'asks' } };
    const document = { ...head, rules, approvals: { finance: { ttl: '30m' } } };
    await daemon.api('POST', '/api/v1/policies', { document: JSON.stringify(document) });
    return (await daemon.api('POST', '/api/v1/keys', { agent, owner: 'olga', policy: 'asks' })).body.key;
}

/* A charge of an agent that leaves as soon as the person is asked; the question, or undefined after some seconds. */
export async function ask(daemon, key, amount, customer = 'cus_9', more = {}) {
    const leave = new AbortController(),
        body = `amount=${amount}&currency=usd&customer=${encodeURIComponent(customer)}`;
    const headers = {
        authorization: 'Bearer ' + key,
        'content-type': 'application/x-www-form-urlencoded',
        'x-agent-run-id': 'run-asks',
        ...more,
    };
    const where = daemon.ready.data + '/stripe/v1/charges';
    void fetch(where, { method: 'POST', headers, body, signal: leave.signal }).catch(() => null);
    let found;
    for (let i = 0; !found && i < 100; i++) {
        await new Promise((go) => setTimeout(go, 50));
        const { approvals } = (await daemon.api('GET', '/api/v1/approvals')).body;
        found = approvals.find((a) => a.action.amount === amount);
    }
    leave.abort();
    return found;
}

/* Many reads that the policy permits, as many at once as the daemon's limits bear. */
export async function fill(daemon, n, where, headersOf) {
    const { hostname: host, port } = new URL(daemon.ready.data),
        agent = new http.Agent({ keepAlive: true, maxSockets: FILL_AT_ONCE });
    const one = (i) =>
        new Promise((done, fail) =>
            http
                .get({ agent, host, port, path: where, headers: headersOf(i) }, (r) =>
                    r.resume().on('end', () => (r.statusCode === 200 ? done() : fail(new Error(`${r.statusCode}`)))),
                )
                .on('error', fail),
        );
    let left = n;
    const some = async () => {
        while (left-- > 0) await one(left);
    };
    await Promise.all(Array.from({ length: FILL_AT_ONCE }, some));
    agent.destroy();
}

/*
 * A customer of the simulated Stripe with an account that agents have touched: the dev agent makes it and charges it;
 * another one refunds, and is refused a refund and a transfer.
 */
export async function account(daemon, other) {
    const key = daemon.ready.key,
        made = JSON.parse((await call(daemon, key, 'stripe', '/v1/customers', 'email=ann%40example.com')).body);
    const charge = `amount=900&currency=usd&customer=${made.id}&source=tok_visa`,
        { id } = JSON.parse((await call(daemon, key, 'stripe', '/v1/charges', charge)).body);
    const { body } = await daemon.api('POST', '/api/v1/keys', { agent: other });
    await call(daemon, body.key, 'stripe', '/v1/refunds', `charge=${id}&amount=300`);
    await call(daemon, body.key, 'stripe', '/v1/refunds', `charge=${id}&amount=9000`);
    const out = `amount=1&currency=usd&destination=acct_1&source_transaction=${id}`; /* names no customer */
    await call(daemon, body.key, 'stripe', '/v1/transfers', out);
    await call(daemon, body.key, 'stripe', '/v1/products', 'name=thing');
    return made.id;
}

export async function startBrowser() {
    const executablePath = process.env.CHROMIUM ?? BROWSERS.find(existsSync);
    if (!executablePath) throw new Error('no Chromium here; script/bootstrap --test installs it');
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'];
    return chromium.launch({ executablePath, args });
}

/* A page that is watched; `faults` fills with what it must not do. */
export async function openPage(browser, daemon, { theme = 'light', width = 1360, height = 860 } = {}) {
    const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: theme,
        reducedMotion: 'reduce',
        serviceWorkers: 'block',
        permissions: ['clipboard-read', 'clipboard-write'],
        locale: 'en-GB',
        timezoneId: 'UTC',
    });
    const page = await context.newPage(),
        faults = [],
        origin = new URL(daemon.ready.admin).origin;
    page.setDefaultTimeout(10000);
    const expected = []; /* statuses that the page is right to run into */
    page.on('console', (m) => {
        if (['error', 'warning'].includes(m.type()) && !expected.some((e) => m.text().includes(e)))
            faults.push(`console: ${m.text()}`);
    });
    page.on('pageerror', (e) => faults.push(`error: ${e.stack}`));
    page.on('dialog', (d) => {
        faults.push(`dialog: ${d.message()}`);
        void d.dismiss();
    });
    page.on('request', (r) => {
        if (new URL(r.url()).origin !== origin) faults.push(`external request: ${r.url()}`);
    });
    await page.addInitScript(() => {
        window.violations = [];
        document.addEventListener('securitypolicyviolation', (e) =>
            window.violations.push(`${e.violatedDirective} ${e.blockedURI}`),
        );
    });
    return {
        page,
        faults,
        expected,
        goto: (hash) =>
            page.evaluate((h) => {
                location.hash = h;
            }, hash),
        signIn: async () => {
            await page.goto((await daemon.api('POST', '/api/v1/session/link', {})).body.url);
            await page.getByRole('navigation', { name: 'Screens' }).waitFor();
        },
        check: async () => {
            const violations = await page.evaluate(() => window.violations);
            return [...faults, ...violations.map((v) => 'policy: ' + v)];
        },
        close: () => context.close(),
    };
}

/* What axe finds against WCAG 2.2 A and AA, one line each. Its script is put in from outside: the page's own policy
 * would not let it load. */
export async function axe(page) {
    const source = readFileSync(AXE, 'utf8');
    await page.evaluate(source);
    const found = await page.evaluate(() =>
        window.axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
            resultTypes: ['violations'],
        }),
    );
    const line = (v, n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary.split('\n')[1]}`;
    return found.violations.flatMap((v) => v.nodes.map((n) => line(v, n)));
}

export async function shoot(page, name) {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: path.join(SHOTS, name + '.png') });
}

/* A module of ui/src as Node runs it. */
export async function load(name) {
    const esbuild = need('esbuild');
    const { outputFiles } = await esbuild.build({
        entryPoints: [path.join(TOP, 'ui/src', name)],
        bundle: true,
        format: 'esm',
        write: false,
        platform: 'browser',
        banner: { js: 'globalThis.location ??= { hash: "" }; globalThis.addEventListener ??= () => {};' },
    });
    return import('data:text/javascript;base64,' + Buffer.from(outputFiles[0].contents).toString('base64'));
}
