/* A run of 10,000 calls opens within a second, scrolls, and keeps a few dozen rows in the page. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fill, openPage, shoot, startBrowser, startDaemon } from './rig.mjs';

const RUNS = 450 /* more than two pages */,
    CALLS = 10000,
    OPEN_MS = 1000,
    READ = '/stripe/v1/balance';

describe('a run of 10,000 calls', () => {
    let d, browser, p;
    const ofRun = (run) => ({ authorization: 'Bearer ' + d.ready.key, 'x-agent-run-id': run });
    before(async () => {
        d = await startDaemon();
        await fill(d, RUNS, READ, (i) => ofRun(`short-${i}`));
        await fill(d, CALLS, READ, () => ofRun('long-run'));
        browser = await startBrowser();
        p = await openPage(browser, d);
        await p.signIn();
    });
    after(async () => {
        await browser?.close();
        await d?.stop();
    });

    it('opens within a second', async () => {
        const took = [];
        for (let i = 0; i < 3; i++) {
            await p.goto('#/settings');
            await p.page.getByText('Running configuration').waitFor();
            took.push(
                await p.page.evaluate(
                    () =>
                        new Promise((done) => {
                            const t0 = performance.now();
                            const look = () =>
                                document.querySelectorAll('.run-rows .row').length > 10
                                    ? requestAnimationFrame(() => done(performance.now() - t0))
                                    : requestAnimationFrame(look);
                            location.hash = '#/runs/long-run';
                            look();
                        }),
                ),
            );
            await p.page.waitForFunction(
                (n) => Number(document.querySelector('.run-rows').ariaRowCount) === n + 1,
                CALLS,
            );
        }
        const best = Math.min(...took);
        console.log(`a run of ${CALLS} calls opened in ${took.map((ms) => ms.toFixed(0)).join(', ')} ms`);
        assert.ok(best <= OPEN_MS, `${best.toFixed(0)} ms`);
    });
    it('scrolls to the end, with a few dozen rows in the page', async () => {
        await p.page.locator('.run-rows').focus();
        const t0 = Date.now();
        await p.page.keyboard.press('End');
        await p.page.locator(`.row[aria-rowindex="${CALLS + 1}"]`).waitFor();
        console.log(`the last of ${CALLS} rows came in ${Date.now() - t0} ms`);
        assert.ok((await p.page.locator('.run-rows .row').count()) < 80);
        await shoot(p.page, 'run-long-light');
        await p.page.keyboard.press('Home');
        await p.page.locator('.row[aria-rowindex="2"]').waitFor();
    });
    it('every run is reached by scrolling on, each once', async () => {
        await p.goto('#/runs');
        const grid = p.page.getByRole('grid'),
            seen = new Set();
        await grid.waitFor();
        await grid.focus();
        for (let i = 0; i < 40 && seen.size < RUNS + 1; i++) {
            for (const id of await p.page.locator('.row-space .row').evaluateAll((rows) => rows.map((r) => r.id)))
                seen.add(id);
            await p.page.keyboard.press('PageDown');
            await p.page.waitForTimeout(100);
        }
        assert.equal(seen.size, RUNS + 1);
        assert.equal(Number(await grid.getAttribute('aria-rowcount')), RUNS + 2);
    });
    it('every list of calls pages on as it is scrolled', async () => {
        await p.goto('#/calls?run=long-run');
        const grid = p.page.getByRole('grid');
        await grid.waitFor();
        const rows = async () => Number(await grid.getAttribute('aria-rowcount'));
        const first = await rows();
        await grid.focus();
        await p.page.keyboard.press('End');
        await p.page.waitForFunction((n) => Number(document.querySelector('[role=grid]').ariaRowCount) > n, first);
        assert.deepEqual(await p.check(), []);
    });
});
