/* Without a mouse: make a key, see its first call, a denial and why, take the key away; and the stop button. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { axe, call, openPage, shoot, startBrowser, startDaemon } from './rig.mjs';

const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] };

describe('by keyboard alone', () => {
    let d, browser, p, key;
    before(async () => {
        d = await startDaemon();
        browser = await startBrowser();
        p = await openPage(browser, d);
        await p.signIn();
    });
    after(async () => {
        await browser?.close();
        await d?.stop();
    });

    const press = async (...keys) => {
        for (const k of keys) await p.page.keyboard.press(k);
    };
    const focused = () =>
        p.page.evaluate(() =>
            document.activeElement.matches('a,button,summary') ? document.activeElement.textContent : '',
        );

    /* Tab until that text has the focus, which must then be seen. */
    async function tabTo(text) {
        for (let i = 0; i < 80; i++) {
            if ((await focused()).includes(text)) {
                const width = await p.page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
                assert.notEqual(width, '0px', `no focus is seen on ${text}`);
                return;
            }
            await press('Tab');
        }
        assert.fail(`Tab never came to ${text}`);
    }

    it('a key is made, and the first call is waited for', async () => {
        await press('g', 'k');
        await p.page.getByRole('heading', { name: 'Keys' }).waitFor();
        await press('n');
        await p.page.getByRole('dialog', { name: 'Make a key' }).waitFor();
        await p.page.keyboard.type('kb-bot');
        await tabTo('More');
        await press('Shift+Tab');
        await p.page.keyboard.type('usd=20/day');
        await press('Enter');
        await p.page.getByRole('dialog', { name: 'The key of kb-bot' }).waitFor();
        key = await p.page.locator('.secret code').textContent();
        assert.match(key, /^fb_test_/);
        await p.page.getByText('Waiting for the first call').waitFor();
        assert.match(await p.page.locator('.snippet pre').textContent(), new RegExp(key));
        assert.deepEqual(await axe(p.page), []);
        await shoot(p.page, 'key-made-light');
        assert.equal((await call(d, key, 'openai', '/v1/chat/completions', CHAT)).status, 200);
        await p.page.locator('.waiting').getByText('The first call has come').waitFor();
        await press('Escape');
        await p.page.getByRole('dialog').waitFor({ state: 'detached' });
    });
    it('a denial is found and explained', async () => {
        assert.equal((await call(d, key, 'stripe', '/v1/payouts', 'amount=500&currency=usd')).status, 403);
        await press('g', 'c');
        await p.page.getByText('stripe.payouts.create').first().waitFor();
        await press('j');
        await press('Home', 'Enter');
        await p.page.locator('.drawer .topic-verdict').waitFor();
        assert.match(await p.page.locator('.drawer .why').textContent(), /agents never move the company's own cash/);
        await shoot(p.page, 'denial-light');
        await press('Escape');
        await p.page.locator('.drawer').waitFor({ state: 'detached' });
        assert.equal(await p.page.evaluate(() => document.activeElement.getAttribute('role')), 'grid');
    });
    it('the key is taken away, and the next call is refused', async () => {
        await press('g', 'k');
        await p.page.getByRole('grid', { name: 'Keys' }).getByText('kb-bot').waitFor();
        await press('j', 'Home', 'Enter');
        await p.page.getByText('Every limit that applies').waitFor();
        assert.match(await p.page.locator('.drawer').textContent(), /20\.00 USD a day.*this key/);
        await tabTo('Revoke …');
        await press('Enter');
        await p.page.getByRole('dialog', { name: 'Revoke a key of kb-bot' }).waitFor();
        await press('Enter');
        await p.page.getByRole('dialog').waitFor({ state: 'detached' });
        assert.equal((await call(d, key, 'openai', '/v1/chat/completions', CHAT)).status, 401);
        await p.page.locator('.drawer').getByText('revoked').first().waitFor();
        await press('Escape');
    });
    it('everything is stopped, and goes on again only with the word', async () => {
        await press('x');
        await p.page.getByRole('dialog', { name: 'Stop everything' }).waitFor();
        await p.page.keyboard.type('a drill');
        await press('Enter');
        await p.page.getByText('Everything is stopped.').waitFor();
        assert.ok((await call(d, d.ready.key, 'openai', '/v1/chat/completions', CHAT)).status >= 400);
        assert.deepEqual(await axe(p.page), []);
        await shoot(p.page, 'stopped-light');
        await press('x');
        await p.page.getByRole('dialog', { name: 'Let calls through' }).waitFor();
        await p.page.keyboard.type('go');
        await press('Enter');
        assert.equal(await p.page.getByRole('dialog').count(), 1);
        await p.page.keyboard.type(' on');
        await press('Enter');
        await p.page.getByText('Everything is stopped.').waitFor({ state: 'detached' });
        assert.equal((await call(d, d.ready.key, 'openai', '/v1/chat/completions', CHAT)).status, 200);
    });
    it('nothing of it was objected to', async () => assert.deepEqual(await p.check(), []));
});
