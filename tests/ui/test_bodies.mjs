/* What a call said, in its drawer: for who may, when they ask for it, as text and nothing else. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, openPage, startBrowser, startDaemon } from './rig.mjs';

const PAYLOAD = '"><img src=x onerror="window.hit=1"><script>window.hit=1</script>\u202etxt.exe';

let d, browser, id;
before(async () => {
    d = await startDaemon();
    browser = await startBrowser();
    const messages = [{ role: 'user', content: PAYLOAD }];
    await call(d, d.ready.key, 'openai', '/v1/chat/completions', { model: 'gpt-4o-mini', messages });
    id = (await d.api('GET', '/api/v1/calls')).body.calls[0].call_id;
});
after(async () => {
    await browser?.close();
    await d?.stop();
});

describe('bodies of a call', () => {
    it('are shown when they are asked for, as text', async () => {
        const p = await openPage(browser, d);
        await p.signIn();
        await p.goto('#/calls?call=' + id);
        const show = p.page.getByRole('button', { name: 'Show what is kept' });
        await show.waitFor();
        assert.equal(await p.page.getByText('Request, as it was sent').count(), 0);
        await show.press('Enter');
        const request = p.page.getByLabel('Body of the request');
        await request.waitFor();
        const text = await request.textContent();
        assert.ok(text.includes('<script>window.hit=1</script>'), text);
        assert.ok(!text.includes('\u202e'), 'what turns the reading direction is made visible');
        assert.ok((await p.page.getByLabel('Body of the response').textContent()).includes('chat.completion'));
        const marks = await p.page.evaluate(() => [window.hit, document.querySelectorAll('img,body script').length]);
        assert.deepEqual(marks, [undefined, 0]);
        assert.deepEqual(await p.check(), []);
        await p.close();
    });

    it('are not offered to who has not the role, nor given', async () => {
        const made = await d.api('POST', '/api/v1/people', { name: 'vera', roles: ['viewer'] });
        assert.equal(made.status, 201, JSON.stringify(made.body));
        const r = await fetch(`${d.ready.admin}/api/v1/calls/${id}/bodies`, {
            headers: { authorization: 'Bearer ' + made.body.token },
        });
        assert.equal(r.status, 403);
        const p = await openPage(browser, d);
        await p.page.goto((await d.api('POST', '/api/v1/people/vera/link', {})).body.url);
        await p.page.getByRole('navigation', { name: 'Screens' }).waitFor();
        await p.goto('#/calls?call=' + id);
        await p.page.getByText('takes the role bodies').waitFor();
        assert.equal(await p.page.getByRole('button', { name: 'Show what is kept' }).count(), 0);
        assert.deepEqual(await p.check(), []);
        await p.close();
    });
});
