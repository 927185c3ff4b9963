/* The page before anybody signed in: small, guarded, without data; and its sources: typed, without what CSP forbids. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { openPage, startBrowser, startDaemon, TOP } from './rig.mjs';

const KIB = 1024;
const PLAIN = { 'accept-encoding': 'identity' };
const SOURCES = path.join(TOP, 'ui/src');

describe('the shell', () => {
    let d, page;
    before(async () => {
        d = await startDaemon(['--no-sandbox']);
        page = await (await fetch(d.ui, { headers: PLAIN })).text();
    });
    after(() => d.stop());

    const asset = (name) => fetch(`${d.ready.admin}/ui/assets/${name}`, { headers: PLAIN });
    const named = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);

    /* Names of the files that are loaded before anything is chosen: the page's, and what these import at once. */
    async function first() {
        const todo = named(page, /assets\/([\w.-]+\.js)/g),
            seen = new Map();
        while (todo.length) {
            const name = todo.pop();
            if (seen.has(name)) continue;
            const text = await (await asset(name)).text();
            seen.set(name, text);
            todo.push(...named(text, /(?:from|^import|;import)\s*"\.\/([\w.-]+\.js)"/g));
        }
        return seen;
    }

    it('answers without a session, and guards itself', async () => {
        const r = await fetch(d.ui);
        assert.equal(r.status, 200);
        const csp = r.headers.get('content-security-policy');
        assert.match(
            csp,
            /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'/,
        );
        assert.match(csp, /require-trusted-types-for 'script'; trusted-types 'none'$/);
        assert.doesNotMatch(csp, /unsafe|\*|data:|https?:/);
        assert.equal(r.headers.get('x-content-type-options'), 'nosniff');
        assert.equal(r.headers.get('referrer-policy'), 'no-referrer');
        assert.equal(r.headers.get('set-cookie'), null);
    });
    it('holds nothing of the daemon', () => {
        for (const secret of [d.token, d.ready.key, d.dir]) assert.ok(!page.includes(secret));
        assert.doesNotMatch(page, /<script(?![^>]*src=)|\sstyle=|\son\w+=|https?:/);
    });
    it('scripts of the first screen take 45 KiB at most, styles 12, all files 400', async () => {
        const size = (text) => gzipSync(text, { level: 9 }).length;
        const js = [...(await first()).values()].reduce((n, text) => n + size(text), 0);
        const css = size(await (await asset(named(page, /assets\/([\w.-]+\.css)/g)[0])).text());
        const folder = path.join(TOP, 'build/ui/assets');
        const all = readdirSync(folder)
            .filter((n) => n.endsWith('.gz'))
            .reduce((n, name) => n + readFileSync(path.join(folder, name)).length, 0);
        console.log(
            `scripts ${(js / KIB).toFixed(1)} KiB, styles ${(css / KIB).toFixed(1)}, all ${(all / KIB).toFixed(1)}`,
        );
        assert.ok(js > 10 * KIB && js <= 45 * KIB, `${js} bytes of script`);
        assert.ok(css <= 12 * KIB, `${css} bytes of style`);
        assert.ok(all <= 400 * KIB, `${all} bytes in all`);
    });
    it('the chart waits until it is wanted', async () => {
        assert.ok(![...(await first()).keys()].some((name) => name.startsWith('chart')));
    });
    it('files are kept for good, the page is not, and neither is sent twice', async () => {
        const name = named(page, /assets\/(main-[\w-]+\.js)/g)[0];
        const r = await asset(name);
        assert.match(r.headers.get('cache-control'), /max-age=31536000, immutable/);
        assert.equal((await fetch(d.ui)).headers.get('cache-control'), 'no-cache');
        for (const url of [r.url, d.ui]) {
            const tag = (await fetch(url)).headers.get('etag');
            const again = await fetch(url, { headers: { 'if-none-match': tag } });
            assert.equal(again.status, 304);
            assert.equal((await again.text()).length, 0);
        }
    });
    it('the compressed form is the plain one', async () => {
        const folder = path.join(TOP, 'build/ui/assets');
        for (const name of readdirSync(folder).filter((n) => n.endsWith('.gz'))) {
            const plain = await (await asset(name.slice(0, -3))).text();
            assert.equal(gunzipSync(readFileSync(path.join(folder, name))).toString(), plain, name);
            const packed = await fetch(`${d.ready.admin}/ui/assets/${name.slice(0, -3)}`, {
                headers: { 'accept-encoding': 'gzip' },
            });
            assert.equal(packed.headers.get('content-encoding'), 'gzip');
            assert.equal(await packed.text(), plain);
        }
    });
    it('a wrong token is refused with a sentence, and the page shows nothing else', async () => {
        const browser = await startBrowser();
        try {
            const p = await openPage(browser, d);
            p.expected.push('401');
            await p.page.goto(d.ui);
            await p.page.getByLabel('Admin token').fill('wrong');
            await p.page.keyboard.press('Enter');
            await p.page.getByRole('alert').waitFor();
            assert.equal(await p.page.getByRole('navigation').count(), 0);
            assert.deepEqual(await p.check(), []);
        } finally {
            await browser.close();
        }
    });
});

describe('the sources', () => {
    it('have types that fit', () => {
        execFileSync(process.execPath, [path.join(TOP, 'ui/node_modules/typescript/bin/tsc'), '--noEmit'], {
            cwd: path.join(TOP, 'ui'),
            stdio: 'inherit',
            timeout: 60000,
        });
    });
    it('never make markup or code of text', () => {
        for (const name of readdirSync(SOURCES).filter((n) => /\.tsx?$/.test(n))) {
            const text = readFileSync(path.join(SOURCES, name), 'utf8');
            assert.doesNotMatch(
                text,
                /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc/,
                name,
            );
            assert.doesNotMatch(text, /style="|https?:\/\/(?!www\.w3\.org)/, name);
        }
    });
});
