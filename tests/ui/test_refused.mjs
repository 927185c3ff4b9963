/* A changed configuration that was refused: said on every screen, with why, until a good one is taken over. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { axe, openPage, shoot, startBrowser, startDaemon } from './rig.mjs';

describe('a refused reload', () => {
    const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'flyball-ui-')), 'flyball.yaml');
    let d, browser, p;
    before(async () => {
        writeFileSync(file, '# nothing\n');
        d = await startDaemon(['--config', file]);
        browser = await startBrowser();
        p = await openPage(browser, d);
        await p.signIn();
    });
    after(async () => {
        await browser?.close();
        await d?.stop();
    });

    it('is on every screen, with file and line', async () => {
        writeFileSync(file, '\nworkerz: 3\n');
        assert.equal((await d.api('POST', '/api/v1/reload')).status, 400);
        for (const screen of ['#/', '#/calls', '#/policy']) {
            await p.goto(screen);
            await p.page.locator('.banner-refused').waitFor();
        }
        const banner = await p.page.locator('.banner-refused').textContent();
        assert.match(banner, /A changed configuration was refused/);
        assert.match(banner, /flyball\.yaml:2:1: unknown_key: the key `workerz` is not known/);
        assert.deepEqual(await axe(p.page), []);
        await shoot(p.page, 'refused-light');
    });
    it('is looked for without the session, which would never be idle', async () => {
        const asked = [];
        const note = (r) => asked.push(new URL(r.url()).pathname);
        p.page.on('request', note);
        await p.page.waitForTimeout(6000);
        p.page.off('request', note);
        assert.deepEqual([...new Set(asked)], ['/readyz']);
    });
    it('goes with a good one, on a page that stays open and hears of nothing else', async () => {
        writeFileSync(file, 'log: {level: warn}\n');
        process.kill(d.ready.pid, 'SIGHUP');
        await p.page.locator('.banner-refused').waitFor({ state: 'detached' });
    });
    it('nothing of it was objected to', async () => assert.deepEqual(await p.check(), []));
});
