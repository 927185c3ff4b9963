/* Signing in by link, what a role offers, letting somebody in, and calls as a file. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { axe, call, openPage, shoot, startBrowser, startDaemon } from './rig.mjs';

const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] };

describe('people', () => {
    let d, browser;
    before(async () => {
        d = await startDaemon();
        browser = await startBrowser();
        await call(d, d.ready.key, 'openai', '/v1/chat/completions', CHAT);
        await call(d, d.ready.key, 'stripe', '/v1/payouts', 'amount=5&currency=usd');
    });
    after(async () => {
        await browser?.close();
        await d?.stop();
    });

    const who = (p) => p.page.locator('.who').textContent();
    async function signedInBy(link) {
        const p = await openPage(browser, d);
        await p.page.goto(link);
        await p.page.getByRole('navigation', { name: 'Screens' }).waitFor();
        return p;
    }
    async function person(name, roles) {
        assert.equal((await d.api('POST', '/api/v1/people', { name, roles })).status, 201);
        return signedInBy((await d.api('POST', `/api/v1/people/${name}/link`, {})).body.url);
    }

    it('the link of the ready line signs in once, and its code leaves the address', async () => {
        const p = await signedInBy(d.ready.ui);
        assert.equal(p.page.url(), d.ui);
        await p.page.reload();
        assert.equal(await who(p), 'admin');
        assert.deepEqual(await p.check(), []);
        await p.close();
        const again = await openPage(browser, d);
        again.expected.push('401', '403', '404');
        await again.page.goto(d.ready.ui);
        await again.page.getByText('This sign-in link does not work').waitFor();
        assert.equal(again.page.url(), d.ui);
        await again.close();
    });
    for (const theme of ['light', 'dark'])
        it(`a provider has a button, and says why nobody came in, ${theme}`, async () => {
            const p = await openPage(browser, d, { theme }),
                faults = (await d.api('GET', '/api/v1/sign-in')).body.faults;
            const label = '<b>Example</b>';
            await p.page.route('**/api/v1/sign-in', (r) =>
                r.fulfill({ contentType: 'application/json', body: JSON.stringify({ label, faults }) }),
            );
            await p.page.goto(d.ui + '?sign_in=person_unknown');
            const button = p.page.getByRole('link', { name: `Sign in with ${label}` });
            assert.equal(await button.getAttribute('href'), '/api/v1/sign-in/oidc');
            await p.page.getByRole('alert').getByText(faults.person_unknown).waitFor();
            assert.equal(p.page.url(), d.ui, 'the reason leaves the address');
            await shoot(p.page, `signin-provider-${theme}`);
            assert.deepEqual(await axe(p.page), []);
            for (const made of ['<img src=x>', 'toString', '__proto__']) {
                await p.page.goto(d.ui + '?sign_in=' + encodeURIComponent(made));
                await p.page.getByRole('alert').getByText('The sign-in did not work.').waitFor();
            }
            assert.deepEqual(await p.check(), []);
            await p.close();
        });
    it('signing out ends the session, here and in every other page', async () => {
        const p = await person('leaver', ['viewer']),
            other = await p.page.context().newPage();
        await other.goto(d.ui + '#/settings');
        await other.getByRole('heading', { name: 'Health', exact: true }).waitFor();
        await p.page.getByRole('button', { name: 'Sign out' }).click();
        await p.page.getByLabel('Admin token').waitFor();
        /* The feed may have said so before anybody asks. */
        await other
            .getByRole('button', { name: 'Again' })
            .click({ timeout: 2000 })
            .catch(() => null);
        await other.getByLabel('Admin token').waitFor();
        await p.close();
    });
    it('nothing of a session can be read by a script', async () => {
        const p = await person('reader', ['viewer']);
        assert.equal(await p.page.evaluate(() => document.cookie), '');
        const kept = await p.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
        assert.doesNotMatch(kept, /[A-Za-z0-9]{20}/);
        await p.close();
    });
    it('who may only look is offered nothing else', async () => {
        const p = await person('looker', ['viewer']);
        assert.ok(await p.page.locator('.bar .stop').isDisabled());
        await p.goto('#/keys');
        assert.ok(await p.page.getByRole('button', { name: 'Make a key' }).isDisabled());
        await p.page.keyboard.press('n');
        await p.page.keyboard.press('x');
        assert.equal(await p.page.getByRole('dialog').count(), 0);
        await p.goto('#/settings');
        await p.page.getByText('Running configuration').waitFor();
        assert.equal(await p.page.getByText('People and services').count(), 0);
        assert.deepEqual(await p.check(), []);
        await p.close();
    });
    it('an operator makes a key, in their own name', async () => {
        const p = await person('olga', ['viewer', 'operator']);
        await p.goto('#/keys?new=1');
        await p.page.getByLabel('Agent').fill('by-olga');
        await p.page.keyboard.press('Enter');
        await p.page.getByRole('dialog', { name: 'The key of by-olga' }).waitFor();
        const made = (await d.api('GET', '/api/v1/events')).body.events.find(
            (e) => e.event === 'key.create' && e.agent === 'by-olga',
        );
        assert.equal(made.by, 'olga');
        assert.deepEqual(await p.check(), []);
        await p.close();
    });
    it('an owner lets somebody in, hands them a link, and takes it all away', async () => {
        const p = await openPage(browser, d);
        await p.signIn();
        await p.goto('#/settings');
        await p.page.getByRole('button', { name: 'Let somebody in' }).click();
        assert.deepEqual(await axe(p.page), []);
        await shoot(p.page, 'people-new-light');
        await p.page.getByLabel('Name').fill('ann@example.com');
        await p.page.getByLabel(/operator/).check();
        await p.page.keyboard.press('Enter');
        await p.page.getByRole('dialog', { name: 'The credential of ann@example.com' }).waitFor();
        await p.page.keyboard.press('Escape');
        const row = p.page.getByRole('row', { name: /ann@example.com/ });
        await row.getByRole('button', { name: 'Link' }).click();
        await p.page.getByRole('dialog', { name: 'The sign-in link of ann@example.com' }).waitFor();
        const ann = await signedInBy(await p.page.locator('.secret code').textContent());
        assert.equal(await who(ann), 'ann@example.com');
        await p.page.keyboard.press('Escape');
        await row.getByRole('button', { name: 'Take away' }).click();
        await p.page.getByRole('row', { name: /ann@example.com.*revoked/ }).waitFor();
        assert.deepEqual(await axe(p.page), []);
        await shoot(p.page, 'people-light');
        await ann.goto('#/keys');
        await ann.page.getByLabel('Admin token').waitFor();
        assert.deepEqual(await p.check(), []);
        await p.close();
        await ann.close();
    });
    it('an agent is registered, disabled and enabled', async () => {
        const p = await person('otto', ['viewer', 'operator']),
            chat = () => call(d, d.ready.key, 'openai', '/v1/chat/completions', CHAT);
        await p.goto('#/keys?view=agents');
        await p.page.getByRole('button', { name: 'Register an agent' }).click();
        await p.page.getByLabel('Agent', { exact: true }).fill('dev');
        await p.page.getByLabel('Person', { exact: true }).fill('otto');
        await p.page.keyboard.press('Enter');
        const row = p.page.getByRole('row', { name: /dev otto yes/ });
        await row.getByRole('button', { name: 'Disable' }).click();
        await row.getByText('disabled').waitFor();
        assert.deepEqual(await axe(p.page), []);
        assert.ok((await chat()).status >= 400);
        await row.getByRole('button', { name: 'Enable' }).click();
        await row.getByText('active').waitFor();
        assert.equal((await chat()).status, 200);
        assert.deepEqual(await p.check(), []);
        await p.close();
    });
    it('calls that the filters match are saved as a file', async () => {
        const p = await openPage(browser, d);
        await p.signIn();
        await p.goto('#/calls?layer=saas');
        for (const [name, file] of [
            [/^CSV/, 'calls.csv'],
            [/^NDJSON/, 'calls.ndjson'],
        ]) {
            await p.page.getByRole('button', { name: 'Export' }).click();
            const [saved] = await Promise.all([
                p.page.waitForEvent('download'),
                p.page.getByRole('button', { name }).click(),
            ]);
            assert.equal(saved.suggestedFilename(), file);
            const text = Buffer.concat(await (await saved.createReadStream()).toArray()).toString();
            assert.match(text, /stripe\.payouts\.create/);
            assert.doesNotMatch(text, /openai\.chat/);
        }
        assert.deepEqual(await p.check(), []);
        await p.close();
    });
});
