/* What waits for a person: shown in plain words, decided by keyboard alone, and live in every open page. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ask, askingKey, axe, openPage, shoot, startBrowser, startDaemon } from './rig.mjs';

describe('approvals', () => {
    let d, browser, key;
    before(async () => {
        d = await startDaemon();
        browser = await startBrowser();
        key = await askingKey(d);
    });
    after(async () => {
        await browser?.close();
        await d?.stop();
    });

    async function signedIn(name, roles) {
        await d.api('POST', '/api/v1/people', { name, roles });
        const p = await openPage(browser, d);
        await p.page.goto((await d.api('POST', `/api/v1/people/${name}/link`, {})).body.url);
        await p.page.getByRole('navigation', { name: 'Screens' }).waitFor();
        return p;
    }
    const card = (p, text) => p.page.getByRole('article', { name: new RegExp(text) });
    const state = async (id) => (await d.api('GET', `/api/v1/approvals/${id}`)).body.state;

    it('one is approved by keyboard alone, and the badge counts it', async () => {
        const p = await signedIn('ann', ['approver']);
        const { id } = await ask(d, key, 2500);
        await p.page.locator('.badge').filter({ hasText: '1' }).waitFor();
        await p.page.keyboard.press('g');
        await p.page.keyboard.press('a');
        await card(p, 'for 25.00 USD, in test mode, customer cus_9').waitFor();
        for (const text of ['rule big', 'run-asks', 'olga', id]) await p.page.getByText(text).first().waitFor();
        await p.page.keyboard.press('j');
        await p.page.keyboard.press('a');
        await p.page.getByRole('dialog', { name: 'Approve this once' }).waitFor();
        await shoot(p.page, 'dialog-approve-light');
        assert.deepEqual(await axe(p.page), []);
        await p.page.keyboard.insertText('ticket 4711');
        await p.page.keyboard.press('Enter');
        await p.page.getByText('Nothing waits for a person').waitFor();
        await p.page.getByText('ticket 4711').waitFor();
        await p.page.locator('.badge').waitFor({ state: 'detached' });
        assert.equal(await state(id), 'approved');
        assert.deepEqual(await p.check(), []);
        await p.close();
    });

    it('one is denied with a reason, and another page sees it at once', async () => {
        const p = await signedIn('bob', ['approver']),
            other = await signedIn('vera', ['viewer']);
        const { id } = await ask(d, key, 7700);
        for (const page of [p, other]) await page.goto('#/approvals/' + id);
        await card(other, 'for 77.00 USD').waitFor();
        assert.ok(await other.page.getByRole('button', { name: 'Approve …' }).isDisabled());
        await card(p, 'for 77.00 USD').getByRole('button', { name: 'Deny …' }).click();
        await p.page.getByRole('textbox', { name: 'Why not' }).fill('refunded yesterday');
        await p.page.keyboard.press('Enter');
        await other.page.getByText('refunded yesterday').waitFor();
        assert.equal(await card(other, 'for 77.00 USD').count(), 0);
        assert.equal(await state(id), 'denied');
        for (const page of [p, other]) assert.deepEqual(await page.check(), []);
        await p.close();
        await other.close();
    });

    it('one that waits is shown however many were decided since', async () => {
        const p = await signedIn('dora', ['viewer']);
        const { id } = await ask(d, key, 4400);
        const decided = (await d.api('GET', `/api/v1/approvals/${id}`)).body;
        const newest = Array.from({ length: 100 }, (_, i) => ({ ...decided, id: 'apr_' + i, state: 'denied' }));
        await p.page.route('**/api/v1/approvals?all=1', (r) => r.fulfill({ json: { approvals: newest } }));
        await p.goto('#/approvals');
        await card(p, 'for 44.00 USD').waitFor();
        assert.equal(await p.page.getByRole('table').getByText('denied').count(), 100);
        assert.deepEqual(await p.check(), []);
        await p.close();
    });

    it('who stands behind the call is told so, and it goes on waiting', async () => {
        const p = await signedIn('olga', ['owner']);
        const { id } = await ask(d, key, 1100);
        p.expected.push('403');
        await p.goto('#/approvals');
        await card(p, 'for 11.00 USD').getByRole('button', { name: 'Approve …' }).click();
        await p.page.getByRole('button', { name: 'Approve once' }).click();
        await p.page.getByText('nobody decides an own one').waitFor();
        assert.equal(await state(id), 'pending');
        assert.deepEqual(await p.check(), []);
        await p.close();
    });
});
