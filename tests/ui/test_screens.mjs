/*
 * Every screen, dark and light, after `flyball demo`: nothing that axe, the console or the policy objects to. Pictures
 * of all of them are left in build/ui-shots.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { account, ask, askingKey, axe, openPage, shoot, startBrowser, startDaemon } from './rig.mjs';

let d, browser, run, call, key, customer;

before(async () => {
    d = await startDaemon();
    assert.equal((await d.cli('demo')).status, 0);
    assert.equal((await d.cli('demo')).status, 0);
    run = (await d.api('GET', '/api/v1/runs')).body.runs[0];
    call = (await d.api('GET', '/api/v1/calls?verdict=deny&limit=1')).body.calls[0];
    key = (await d.api('GET', '/api/v1/keys')).body.keys.find((k) => k.status === 'active');
    customer = await account(d, 'refunder');
    const asks = await askingKey(d);
    await ask(d, asks, 250000, customer);
    await ask(d, asks, 990000, customer);
    browser = await startBrowser();
});
after(async () => {
    await browser?.close();
    await d?.stop();
});

/* [name, address, what is there when it is loaded] */
const screens = () => [
    ['overview', '#/', 'Limits closest to full'],
    ['runs', '#/runs', run.run_id],
    ['run', `#/runs/${run.run_id}?agent=${run.agent}`, 'stripe.payouts.create'],
    ['run-call', `#/runs/${run.run_id}?agent=${run.agent}&call=${call.call_id}`, 'Limits, before and after'],
    ['calls', '#/calls', 'stripe.refunds.create'],
    ['calls-denied', '#/calls?verdict=deny', 'denied'],
    ['calls-none', '#/calls?agent=nobody', 'No call matches'],
    ['call', `#/calls?call=${call.call_id}`, 'Limits, before and after'],
    ['customers', '#/customers', customer],
    ['customer', `#/customers/${customer}`, 'concluded from what other answers named'],
    ['customer-none', '#/customers/cus_nobody', 'No agent is known to have touched'],
    ['approvals', '#/approvals', 'for 2500.00 USD'],
    ['policy', '#/policy', 'Every agent may'],
    ['policy-edit', '#/policy?tab=edit', 'Nothing is wrong with it'],
    ['policy-plan', '#/policy?tab=plan', 'nothing is sent'],
    ['policy-diff', '#/policy?tab=diff', 'Nothing is written yet'],
    ['policy-history', '#/policy?tab=history', 'Roll back'],
    ['keys', '#/keys?all=1', 'revoked'],
    ['key', `#/keys/${key.id}`, 'Every limit that applies'],
    ['agents', '#/keys?view=agents', 'only its keys are known'],
    ['key-new', '#/keys?new=1', 'Limits of its own'],
    ['spend', '#/spend', 'of it for'],
    ['spend-model', '#/spend?by=model', 'gpt-4o-mini'],
    ['vendors', '#/vendors', 'has its secret'],
    ['vendor', '#/vendors?vendor=resend', 'resend.emails.send'],
    ['settings', '#/settings', 'key.create'],
    ['nowhere', '#/nowhere', 'no such screen'],
];

for (const theme of ['light', 'dark']) {
    describe(`screens, ${theme}`, () => {
        it('sign-in', async () => {
            const p = await openPage(browser, d, { theme });
            await p.page.goto(d.ui);
            await p.page.getByLabel('Admin token').waitFor();
            await shoot(p.page, `signin-${theme}`);
            assert.deepEqual(await axe(p.page), []);
            assert.deepEqual(await p.check(), []);
            await p.close();
        });
        it('all of them are free of what axe, the console and the policy find', async (t) => {
            const p = await openPage(browser, d, { theme });
            await p.signIn();
            for (const [name, where, text] of screens()) {
                await t.test(name, async () => {
                    await p.goto(where);
                    await p.page.getByText(text).first().waitFor();
                    await p.page.waitForTimeout(150);
                    await shoot(p.page, `${name}-${theme}`);
                    assert.deepEqual(await axe(p.page), []);
                });
            }
            assert.deepEqual(await p.check(), []);
            await p.close();
        });
        it('dialogs are, too', async () => {
            const p = await openPage(browser, d, { theme });
            await p.signIn();
            for (const [pressed, name] of [
                ['?', 'Keyboard'],
                ['x', 'Stop everything'],
            ]) {
                await p.page.keyboard.press(pressed);
                await p.page.getByRole('dialog', { name }).waitFor();
                await shoot(p.page, `dialog-${name.split(' ')[0].toLowerCase()}-${theme}`);
                assert.deepEqual(await axe(p.page), []);
                await p.page.keyboard.press('Escape');
                await p.page.getByRole('dialog').waitFor({ state: 'detached' });
            }
            assert.deepEqual(await p.check(), []);
            await p.close();
        });
    });
}

describe('on a telephone', () => {
    it('no screen is wider than the page, and the stop button and the name of the screen are in sight', async (t) => {
        const p = await openPage(browser, d, { width: 390, height: 844 });
        await p.signIn();
        for (const [name, where, text] of screens()) {
            await t.test(name, async () => {
                await p.goto(where);
                await p.page.getByText(text).first().waitFor({ state: 'attached' });
                await shoot(p.page, `${name}-narrow`);
                const seen = await p.page.evaluate(() => ({
                    over: document.documentElement.scrollWidth - innerWidth,
                    here: document.querySelector('nav [aria-current]')?.getBoundingClientRect().right ?? 0,
                    stop: document.querySelector('.bar .stop').getBoundingClientRect().right,
                }));
                assert.ok(seen.over <= 0 && seen.here <= 390 && seen.stop <= 390, JSON.stringify(seen));
            });
        }
        assert.deepEqual(await p.check(), []);
        await p.close();
    });
});

describe('what is to be read', () => {
    const widthOf = (p, where) => p.page.locator(where).first().evaluate((e) => e.getBoundingClientRect().width);
    for (const [width, least] of [
        [1280, 300],
        [390, 180],
    ])
        it(`sentences of a policy have the room that there is, ${width} wide`, async () => {
            const p = await openPage(browser, d, { width, height: 844 });
            await p.signIn();
            await p.page.locator('.says-permit').first().waitFor();
            assert.ok((await widthOf(p, '.says-permit > span:last-child')) >= least);
            await p.goto('#/policy');
            await p.page.locator('.sentence-permit').first().waitFor();
            const item = await widthOf(p, '.sentence-permit');
            assert.ok((await widthOf(p, '.sentence-permit > :last-child')) >= Math.min(item, 250));
            await p.close();
        });
    it('figures of one day lead to the calls of that day', async () => {
        const p = await openPage(browser, d);
        await p.signIn();
        await p.page.locator('.figure.bad', { hasText: 'denied today' }).click();
        await p.page.waitForURL(/since=\d{4}-\d\d-\d\dT00%3A00%3A00Z&verdict=deny/);
        await p.page.getByText('denied').first().waitFor();
        await p.goto('#/overview');
        await p.page.getByRole('link', { name: 'wait for a person' }).click();
        await p.page.waitForURL(/#\/approvals/);
        await p.close();
    });
    it('what became of a call stands within a page of 1280', async () => {
        const p = await openPage(browser, d, { width: 1280, height: 844 });
        await p.signIn();
        await p.goto('#/calls');
        await p.page.locator('.row-space .row').first().waitFor();
        const { x, width } = await p.page.locator('.row-head .c-status').boundingBox();
        assert.ok(x + width <= 1280, `${x + width}`);
        await p.close();
    });
    it('names of events stay whole, and every line of a document has its number', async () => {
        const p = await openPage(browser, d, { width: 1280, height: 844 });
        await p.signIn();
        await p.goto('#/settings');
        const event = p.page.locator('.whole', { hasText: 'admin.action' }).first();
        assert.ok((await event.evaluate((e) => e.getClientRects().length)) === 1);
        await p.goto('#/policy?tab=edit');
        const text = await p.page.locator('.editor textarea').boundingBox(),
            gutter = await p.page.locator('.gutter').boundingBox();
        assert.ok(Math.abs(text.height - gutter.height) <= 1 && gutter.width >= 30, JSON.stringify([text, gutter]));
        await p.close();
    });
});

describe('what a viewer chose', () => {
    let p;
    before(async () => {
        p = await openPage(browser, d);
        await p.signIn();
    });
    after(() => p.close());

    it('filters stand in the address, and the daemon applies them', async () => {
        await p.goto('#/calls');
        await p.page.getByLabel('Filter by').selectOption('agent');
        await p.page.getByRole('textbox', { name: 'agent' }).fill('demo');
        await p.page.keyboard.press('Enter');
        await p.page.getByLabel('Filter by').selectOption('verdict');
        await p.page.getByLabel('verdict', { exact: true }).selectOption('deny');
        await p.page.waitForURL(/agent=demo&verdict=deny/);
        await p.page.getByText('denied').first().waitFor();
        assert.equal(await p.page.locator('.row-space .chip-permit').count(), 0);
        const denied = (await d.api('GET', '/api/v1/calls?agent=demo&verdict=deny')).body.calls.length;
        assert.equal(Number(await p.page.getByRole('grid').getAttribute('aria-rowcount')), denied + 1);
        await p.page.getByLabel('Remove the filter verdict').click();
        await p.page.locator('.row-space .chip-permit').first().waitFor();
    });
    it('two choices at once both stand in the address', async () => {
        await p.goto('#/calls?agent=demo');
        await p.page.getByLabel('verdict', { exact: true }).waitFor();
        await p.page.getByLabel('Remove the filter agent').waitFor();
        await p.page.evaluate(() => {
            const select = document.querySelector('select[name=value]');
            select.value = 'deny';
            select.dispatchEvent(new Event('change', { bubbles: true }));
            document.querySelector('[aria-label="Remove the filter agent"]').click();
        });
        await p.page.waitForURL((url) => url.hash === '#/calls?verdict=deny');
    });
    it('the search field of calls asks the daemon for a piece of text, and stands in the address', async () => {
        await p.goto('#/calls');
        await p.page.getByLabel('Search calls').fill('REFUNDS.cre');
        await p.page.waitForURL(/q=REFUNDS.cre/);
        const found = (await d.api('GET', '/api/v1/calls?q=REFUNDS.cre')).body.calls;
        await p.page.waitForFunction(
            (n) => Number(document.querySelector('[role=grid]')?.ariaRowCount) === n,
            found.length + 1,
        );
        assert.ok(found.length > 1 && found.every((c) => c.operation === 'stripe.refunds.create'));
        await p.page.getByLabel('Search calls').fill('nothing is called this');
        await p.page.getByText('No call matches').waitFor();
        await p.page.getByLabel('Search calls').fill('');
        await p.page.locator('.row-space .row').first().waitFor();
    });
    it('next and previous in an open call follow the filtered list', async () => {
        await p.goto('#/calls?verdict=deny');
        const ids = (await d.api('GET', '/api/v1/calls?verdict=deny')).body.calls.map((c) => c.call_id);
        await p.goto(`#/calls?verdict=deny&call=${ids[0]}`);
        await p.page.getByText('Limits, before and after').or(p.page.getByText('Why')).first().waitFor();
        await p.page.getByLabel('Next call').click();
        await p.page.waitForURL(new RegExp(ids[1]));
        await p.page.getByLabel('Previous call').click();
        await p.page.waitForURL(new RegExp(ids[0]));
    });
    it('the search box leads from any id to what it names', async () => {
        const object = (
            await d.api('GET', '/api/v1/calls?operation=stripe.refunds.create&verdict=permit')
        ).body.calls.flatMap((c) => c.object_ids ?? [])[0];
        for (const [id, where] of [
            [run.run_id, /#\/runs\//],
            [key.id, /#\/keys\//],
            [call.call_id, /call=/],
            [object, /call=/],
        ]) {
            await p.goto('#/');
            await p.page.keyboard.press('/');
            await p.page.keyboard.type(id);
            await p.page.locator('.found [role=option]').first().waitFor();
            await p.page.keyboard.press('Enter');
            await p.page.waitForURL(where);
        }
    });
    it('an id is a link, and is copied', async () => {
        await p.goto(`#/calls?call=${call.call_id}`);
        await p.page.locator('.drawer > p').getByRole('button', { name: 'Copy call id' }).click();
        assert.equal(await p.page.evaluate(() => navigator.clipboard.readText()), call.call_id);
    });
    it('money has its currency, and how it is known', async () => {
        await p.goto('#/calls?outcome=settled');
        await p.page.locator('.c-cost .money').first().waitFor();
        for (const text of await p.page.locator('.row-space .c-cost .money').allTextContents())
            assert.match(text, /^[\d.]+ USD (parsed|priced|estimated|unknown)$/);
    });
    it('edges of a run say how they are known', async () => {
        await p.goto(`#/runs/${run.run_id}?agent=${run.agent}`);
        await p.page.locator('.edges .edge-explicit').first().waitFor({ state: 'attached' });
        assert.equal(await p.page.locator('.edges .edge-inferred').count(), 1);
        await p.page.getByText('(explicit)').first().waitFor();
    });
    it('a theme that was chosen is there after a reload', async () => {
        await p.page.getByRole('button', { name: 'Dark theme' }).click();
        await p.page.reload();
        assert.equal(await p.page.evaluate(() => document.documentElement.dataset.theme), 'dark');
    });
});

describe('live', () => {
    it('new calls come to the list by themselves, and wait while it is paused', async () => {
        const p = await openPage(browser, d);
        await p.signIn();
        await p.goto('#/calls');
        const grid = p.page.getByRole('grid');
        await grid.waitFor();
        const count = async () => (await d.api('GET', '/api/v1/calls?limit=10000')).body.calls.length;
        const before = Number(await grid.getAttribute('aria-rowcount')),
            n = -(await count());
        assert.equal((await d.cli('demo')).status, 0);
        const made = n + (await count());
        await p.page.waitForFunction(
            (n) => Number(document.querySelector('[role=grid]').ariaRowCount) === n,
            before + made,
        );
        await p.page.keyboard.press('p');
        assert.equal((await d.cli('demo')).status, 0);
        await p.page.getByRole('button', { name: `${made} new calls` }).click();
        await p.page.waitForFunction(
            (n) => Number(document.querySelector('[role=grid]').ariaRowCount) === n,
            before + 2 * made,
        );
        assert.deepEqual(await p.check(), []);
        await p.close();
    });
});
