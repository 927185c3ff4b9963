/* The policy screen: read, write with the daemon's diagnostics, simulate, put in force, and back; by role. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { axe, call, openPage, shoot, startBrowser, startDaemon } from './rig.mjs';

const DOCUMENT = {
    apiVersion: 'agentpolicy/v1',
    kind: 'Policy',
    metadata: { name: 'default', version: 7 },
    rules: [{ id: 'refunds', effect: 'permit', match: { operation: ['stripe.refunds.create'] } }],
    limits: [
        {
            id: 'day',
            meter: 'usd',
            max: '5.00',
            window: { calendar: 'day' },
            match: { class: ['money_out'] },
            by: ['agent'],
        },
    ],
};

describe('policy', () => {
    let d, browser;
    before(async () => {
        d = await startDaemon();
        browser = await startBrowser();
        await d.api('POST', '/api/v1/policies', { document: JSON.stringify(DOCUMENT) });
        const { key } = (await d.api('POST', '/api/v1/keys', { agent: 'refunder' })).body;
        const paid = await call(d, key, 'stripe', '/v1/charges', 'amount=100&currency=usd');
        assert.equal(paid.status, 403);
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
    const text = (p) => p.page.getByRole('textbox', { name: /The document/ });
    const written = (change) => JSON.stringify(change(structuredClone(DOCUMENT)), null, 2);

    it('is read in sentences, by keyboard alone', async () => {
        const p = await signedIn('vera', ['viewer']);
        await p.page.keyboard.press('g');
        await p.page.keyboard.press('p');
        await p.page.getByText('Every agent may call stripe.refunds.create.').waitFor();
        await p.page.getByText('At most 5.00 USD a day for each agent').waitFor();
        assert.deepEqual(await axe(p.page), []);
        assert.deepEqual(await p.check(), []);
        await p.close();
    });

    it('what is wrong has the daemon’s code and place; what may stand there is offered', async () => {
        const p = await signedIn('paul', ['policy']);
        await p.goto('#/policy?tab=edit');
        await text(p).fill(written((x) => ({ ...x, rules: [{ ...x.rules[0], effect: 'permitt' }] })));
        await p.page.getByText('bad_value').waitFor();
        assert.ok(await p.page.getByRole('button', { name: 'Put in force …' }).isDisabled());
        await p.page.getByRole('button', { name: /^\d+:\d+$/ }).click();
        assert.equal(await text(p).evaluate((t) => t.value.slice(t.selectionStart).startsWith('"permitt"')), true);
        await text(p).fill('apiVersion: agentpolicy/v1\nrules:\n  - id: a\n    eff');
        await p.page.keyboard.press('Control+Space');
        await p.page.getByRole('option', { name: 'effect:' }).waitFor();
        await shoot(p.page, 'policy-edit-offers');
        await p.page.keyboard.press('Enter');
        assert.match(await text(p).inputValue(), /    effect: $/);
        assert.deepEqual(await axe(p.page), []);
        assert.deepEqual(await p.check(), []);
        await p.close();
    });

    it('a change is simulated, put in force, and rolled back', async () => {
        const p = await signedIn('pia', ['policy']);
        await p.goto('#/policy?tab=edit');
        await text(p).fill(
            written((x) => ({
                ...x,
                rules: [
                    ...x.rules,
                    { id: 'charges', effect: 'permit', match: { operation: ['stripe.charges.create'] } },
                ],
            })),
        );
        await p.page.getByText('Nothing is wrong with it').waitFor();
        await p.page.getByRole('button', { name: 'Simulate' }).first().click();
        await p.page.getByRole('form', { name: 'Simulate' }).getByRole('button', { name: 'Simulate' }).click();
        await p.page.getByText('Newly permitted').first().waitFor();
        await p.page.getByText('stripe.charges.create').first().waitFor();
        await shoot(p.page, 'policy-simulated');
        assert.deepEqual(await axe(p.page), []);
        await p.goto('#/policy?tab=edit');
        await p.page.getByRole('button', { name: 'Put in force …' }).click();
        await p.page.getByRole('dialog').getByText('Becomes permitted').waitFor();
        await p.page.getByRole('button', { name: 'Put in force', exact: true }).click();
        await p.page.getByRole('dialog').waitFor({ state: 'detached' });
        const now = (await d.api('GET', '/api/v1/policies')).body.policies.find((x) => x.name === 'default');
        assert.ok(now.document.rules.some((r) => r.id === 'charges'));
        await p.goto('#/policy?tab=history');
        await p.page.getByRole('button', { name: 'Roll back …' }).and(p.page.locator(':enabled')).first().click();
        await p.page.getByRole('button', { name: 'Put in force again' }).click();
        await p.page.getByRole('dialog').waitFor({ state: 'detached' });
        const back = (await d.api('GET', '/api/v1/policies')).body.policies.find((x) => x.name === 'default');
        assert.ok(!back.document.rules.some((r) => r.id === 'charges'));
        assert.equal(back.version, 8);
        assert.deepEqual(await p.check(), []);
        await p.close();
    });

    it('of versions of one number, the one whose differences were shown is put in force', async () => {
        const named = (max) => ({
            ...DOCUMENT,
            metadata: { name: 'numbers', version: 1 },
            limits: [{ ...DOCUMENT.limits[0], max }],
        });
        for (const max of ['1.00', '2.00', '3.00'])
            await d.api('POST', '/api/v1/policies', { document: JSON.stringify(named(max)) });
        const p = await signedIn('rita', ['policy']);
        await p.goto('#/policy?tab=history&name=numbers');
        await p.page.getByRole('button', { name: 'Roll back …' }).last().click();
        await p.page.getByRole('dialog').getByText('At most 1.00 USD').waitFor();
        await p.page.getByRole('button', { name: 'Put in force again' }).click();
        await p.page.getByRole('dialog').waitFor({ state: 'detached' });
        const now = (await d.api('GET', '/api/v1/policies')).body.policies.find((x) => x.name === 'numbers');
        assert.equal(now.document.limits[0].max, '1.00');
        assert.deepEqual(await p.check(), []);
        await p.close();
    });

    it('a viewer may look and simulate, and change nothing', async () => {
        const p = await signedIn('vic', ['viewer']);
        await p.goto('#/policy?tab=edit');
        await p.page.getByText('Nothing is wrong with it').waitFor();
        assert.ok(await p.page.getByRole('button', { name: 'Put in force …' }).isDisabled());
        await p.goto('#/policy?tab=history');
        assert.ok(await p.page.getByRole('button', { name: 'Roll back …' }).first().isDisabled());
        await p.goto('#/policy?tab=plan');
        await p.page.getByRole('form', { name: 'Simulate' }).getByRole('button', { name: 'Simulate' }).click();
        await p.page.getByText('No call would have been decided otherwise').waitFor();
        assert.deepEqual(await p.check(), []);
        await p.close();
    });
});
