/*
 * Active content in every field of every screen: nothing runs, nothing loads, nothing becomes markup.
 *
 * Twice: with names that an agent or a colleague can really write, end to end; and with answers in which every text has
 * the payload before it, whatever the daemon would let in.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ask, askingKey, call, openPage, startBrowser, startDaemon } from './rig.mjs';

/* The first has no byte that names and models may not have. */
const PAYLOADS = [
    '<img/src=x/onerror=window.hit=1>',
    '<img src=x onerror="window.hit=1">',
    '"><script>window.hit=1</script>',
    "'><svg onload=window.hit=1>",
    'javascript:window.hit=1',
    '<iframe srcdoc="<script>parent.hit=1</script>">',
    '</title><base href=//evil.example/>',
    '<a href="javascript:window.hit=1" autofocus onfocus="window.hit=1">x</a>',
    '{{constructor.constructor("hit=1")()}}',
];
const SCREENS = [
    '#/',
    '#/runs',
    '#/calls',
    '#/calls?call=ID',
    '#/runs/RUN',
    '#/runs/RUN?call=ID',
    '#/customers',
    '#/customers/CUSTOMER',
    '#/approvals',
    '#/keys?all=1',
    '#/keys/KEY',
    '#/spend?by=agent',
    '#/spend?by=model',
    '#/vendors?vendor=stripe',
    '#/settings',
    '#/policy',
    '#/policy?name=held',
    '#/policy?tab=edit',
    '#/policy?tab=plan',
    '#/policy?tab=history',
];

let d, browser;
before(async () => {
    d = await startDaemon();
    browser = await startBrowser();
});
after(async () => {
    await browser?.close();
    await d?.stop();
});

/* A document whose reasons are active content: they come to sentences and refusals. */
async function applyPolicy(reason) {
    const rules = [
        {
            id: 'no-payouts',
            effect: 'forbid',
            match: { operation: ['stripe.payouts.*'], class: ['money_out'] },
            reason,
        },
    ];
    const document = { apiVersion: 'agentpolicy/v1', kind: 'Policy', metadata: { name: 'held', version: 1 }, rules };
    const r = await d.api('POST', '/api/v1/policies', { document: JSON.stringify(document) });
    assert.equal(r.status, 200, JSON.stringify(r.body));
}

/* What the names in SCREENS stand for. */
async function ids() {
    const calls = (await d.api('GET', '/api/v1/calls')).body.calls,
        KEY = (await d.api('GET', '/api/v1/keys')).body.keys[0].id;
    return { ID: calls[0].call_id, RUN: 'run-bot', KEY, CUSTOMER: 'cus_9' };
}
const named = (of) => (where) => where.replace(/ID|RUN|KEY|CUSTOMER/g, (w) => of[w]);

/* What the page must not have, whatever it was given. */
const marks = () => ({
    hit: window.hit,
    foreign: document.querySelectorAll(
        'img,iframe,base,object,embed,body script,[onerror],[onload],[onfocus],[style*=url]',
    ).length,
    links: [...document.links].filter((a) => !a.getAttribute('href').startsWith('#/') && !a.classList.contains('skip'))
        .length,
});

async function look(p, screens) {
    for (const where of screens) {
        await p.goto(where);
        await p.page.waitForTimeout(250);
        await p.page.waitForFunction(() => document.querySelector('main').textContent.length > 20);
        assert.deepEqual(await p.page.evaluate(marks), { hit: undefined, foreign: 0, links: 0 }, where);
        assert.equal(await p.page.getByText('This could not be shown').count(), 0, where);
    }
}

describe('active content', () => {
    it('that agents and colleagues can write is text', async () => {
        const chat = '/v1/chat/completions',
            forms = (text) => `charge=${encodeURIComponent(text)}&amount=1`,
            onAccount = (text) => `amount=100&currency=usd&customer=${encodeURIComponent(text)}`;
        const [first] = PAYLOADS;
        await applyPolicy(first);
        for (const agent of ['bot', 'held']) {
            const spec = { agent, policy: agent === 'held' ? 'held' : 'default' };
            const { key } = (await d.api('POST', '/api/v1/keys', spec)).body;
            for (const text of [...PAYLOADS, 'cus_9']) {
                const messages = [{ role: 'user', content: text }],
                    run = { 'x-agent-run-id': 'run-' + agent };
                const tools = [{ type: 'function', function: { name: text, description: text } }];
                await call(d, key, 'openai', chat, { model: text, user: text, metadata: { text }, messages }, run);
                await call(d, key, 'openai', chat, { model: 'gpt-4o-mini', user: text, tools, messages }, run);
                await call(d, key, 'openai', '/v1/' + encodeURIComponent(text), { text }, run);
                await call(d, key, 'stripe', '/v1/payouts', forms(text), run);
                await call(d, key, 'stripe', '/v1/charges', onAccount(text), run);
                await call(d, key, 'stripe', '/v1/refunds', forms(text), { ...run, 'idempotency-key': text });
            }
        }
        const asks = await askingKey(d, 'asker');
        for (const [i, text] of PAYLOADS.entries())
            assert.ok(await ask(d, asks, 100 + i, 'cus_9', { 'x-flyball-user': text }), `nobody was asked: ${text}`);
        await d.api('POST', '/api/v1/kill', { reason: first });
        const calls = (await d.api('GET', '/api/v1/calls')).body.calls;
        const where = new Set(
            calls.flatMap((c) => Object.keys(c).filter((k) => JSON.stringify(c[k])?.includes('onerror'))),
        );
        console.log('came to the record in:', [...where].join(', '));
        for (const field of ['model_asked', 'reason', 'idempotency_key', 'path'])
            assert.ok(where.has(field), `no payload came to ${field}: the test shows less than it says`);
        const p = await openPage(browser, d);
        await p.signIn();
        const of = await ids();
        await look(p, SCREENS.map(named(of)));
        await look(p, PAYLOADS.map((text) => '#/customers/' + encodeURIComponent(text)));
        for (const c of calls.filter((_, i) => i % 5 === 0).slice(0, 16)) await look(p, [`#/calls?call=${c.call_id}`]);
        assert.deepEqual(await p.check(), []);
        await p.close();
        await d.api('POST', '/api/v1/unkill');
    });

    it('in the page of one account that is handed over is text', async () => {
        for (const text of PAYLOADS) {
            const { status, body } = await d.api('GET', `/api/v1/customers/${encodeURIComponent(text)}?format=html`);
            assert.equal(status, 200);
            assert.ok(body.split('<tr>').length > 2, `no action on the account ${text}`);
            const page = await browser.newPage();
            await page.setContent(body);
            assert.equal(await page.locator('h1 code').textContent(), text);
            assert.deepEqual(await page.evaluate(marks), { hit: undefined, foreign: 0, links: 0 }, text);
            await page.close();
        }
    });

    it('in the address and the search box is text', async () => {
        const p = await openPage(browser, d);
        await p.signIn();
        p.expected.push('400', '404'); /* ids and filters that nothing has */
        for (const text of PAYLOADS) {
            const e = encodeURIComponent(text);
            for (const where of [
                `#/calls?agent=${e}`,
                `#/calls?call=${e}`,
                `#/runs/${e}`,
                `#/customers/${e}`,
                `#/keys/${e}`,
                `#/${e}`,
                `#/spend?since=${e}`,
            ]) {
                await p.goto(where);
                await p.page.waitForTimeout(60);
                assert.deepEqual(await p.page.evaluate(marks), { hit: undefined, foreign: 0, links: 0 }, where);
            }
            await p.page.keyboard.press('/');
            await p.page.keyboard.insertText(text);
            await p.page.waitForTimeout(250);
            assert.deepEqual(await p.page.evaluate(marks), { hit: undefined, foreign: 0, links: 0 }, text);
            await p.page.keyboard.press('Escape');
        }
        assert.deepEqual(await p.check(), []);
        await p.close();
    });

    for (const payload of PAYLOADS) {
        it(`in every text of every answer is text: ${payload}`, async () => {
            const p = await openPage(browser, d);
            await p.signIn();
            const hostile = (v) =>
                typeof v === 'string'
                    ? payload + v
                    : Array.isArray(v)
                      ? v.map(hostile)
                      : v && typeof v === 'object'
                        ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, hostile(x)]))
                        : v;
            await p.page.route('**/api/v1/**', async (route) => {
                const url = decodeURIComponent(route.request().url()).replaceAll(payload, '');
                if (url.includes('/feed')) return route.fulfill({ contentType: 'text/event-stream', body: ': quiet' });
                const r = await route.fetch({ url: encodeURI(url), timeout: 5000 });
                const text = await r.text();
                await route.fulfill({
                    response: r,
                    body: text.startsWith('{') ? JSON.stringify(hostile(JSON.parse(text))) : text,
                });
            });
            const of = await ids();
            await look(p, SCREENS.map(named(of)));
            assert.deepEqual(await p.check(), []);
            await p.page.unrouteAll({ behavior: 'ignoreErrors' });
            await p.close();
        });
    }
});
