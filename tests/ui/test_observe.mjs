/* A document that observes: said on every screen until it ends; what enforcement would say stands with each call. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { axe, call, openPage, shoot, startBrowser, startDaemon } from './rig.mjs';

const DOCUMENT = {
    apiVersion: 'agentpolicy/v1',
    kind: 'Policy',
    metadata: { name: 'default', version: 7 },
    mode: { observe: { vendors: ['stripe'] } },
    rules: [],
};

describe('observe', () => {
    let d, browser, p, key;
    before(async () => {
        d = await startDaemon();
        browser = await startBrowser();
        await d.api('POST', '/api/v1/policies', { document: JSON.stringify(DOCUMENT) });
        key = (await d.api('POST', '/api/v1/keys', { agent: 'fresh' })).body.key;
        assert.equal((await call(d, key, 'stripe', '/v1/customers', 'email=a%40example.com')).status, 200);
        p = await openPage(browser, d);
        await p.signIn();
    });
    after(async () => {
        await browser?.close();
        await d?.stop();
    });

    it('is said on every screen', async () => {
        for (const screen of ['#/', '#/calls', '#/keys', '#/policy']) {
            await p.goto(screen);
            await p.page.getByText('OBSERVE', { exact: true }).waitFor();
        }
        const banner = await p.page.locator('.banner-observe').textContent();
        assert.match(banner, /Policy default allows every call of stripe/);
        assert.deepEqual(await axe(p.page), []);
        await shoot(p.page, 'observe-light');
    });
    it('a call says what enforcement would say', async () => {
        await p.goto('#/calls');
        await p.page.getByText('stripe.customers.create').first().click();
        await p.page.locator('.drawer .topic-shadow').waitFor();
        const why = await p.page.locator('.drawer .why').textContent();
        assert.match(why, /the vendor is observed and not governed yet/);
        assert.match(why, /In shadow: it would be refused/);
    });
    it('the policy says in which mode it stands, and what is tried beside it', async () => {
        const tried = { ...DOCUMENT, metadata: { name: 'default', version: 8 }, mode: 'shadow' };
        await p.goto('#/');
        await p.page.getByText('Anything else would be refused; as long as this observes').waitFor();
        await p.goto('#/policy');
        await p.page.getByText(/version 7, observes since .*, in force from .* on/).waitFor();
        await d.api('POST', '/api/v1/policies', { document: JSON.stringify(tried) });
        await p.goto('#/');
        await p.goto('#/policy');
        const both = /version 7, observes .*; beside it version 8 \([0-9a-f]{12}\) is in shadow since/;
        await p.page.getByText(both).waitFor();
    });
    it('ends with the document that enforces', async () => {
        await d.api('POST', '/api/v1/policies', { document: JSON.stringify({ ...DOCUMENT, mode: 'enforce' }) });
        await p.goto('#/');
        await p.page.reload();
        await p.page.getByRole('navigation', { name: 'Screens' }).waitFor();
        await p.page.locator('.banner-observe').waitFor({ state: 'detached' });
        assert.equal((await call(d, key, 'stripe', '/v1/customers', 'email=a%40example.com')).status, 403);
    });
    it('nothing of it was objected to', async () => assert.deepEqual(await p.check(), []));
});
