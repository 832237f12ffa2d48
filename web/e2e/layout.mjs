// Every page at the usual widths, while a track plays: nothing scrolls sideways, and the seek bar is wide enough to hit (issue 13).

import assert from 'node:assert/strict';
import { check } from './check.mjs';
import { faults } from './states.mjs';

const WIDTHS = [1440, 1024, 920, 390];
/** From this width the whole player bar is shown. */
const WHOLE_BAR = 920;
const PAGES = [['/', '.row .name'], ['/?search=a', '.row .name, .empty'], ['/artists', '.artist .name, .empty'], ['/releases', 'a.card, .empty'], ['/cache', '.facts, .empty'], ['/activity', '.counts'], ['/settings', '#listening'], ['/upload', '.drop']];

export async function layoutChecks(page, server) {
  await check(`nothing overflows and the seek bar is wide at ${WIDTHS.join(', ')} px`, async () => {
    // A track plays, so that the player bar shows no message of the check before.
    await page.goto(`${server.url}/#/?sort=duration&order=desc`);
    await page.locator('.row .name').first().waitFor();
    await page.locator('.row').first().click({ position: { x: 8, y: 8 } });
    await page.locator('.bar').getByRole('alert').waitFor({ state: 'detached' });
    const before = page.viewportSize();
    const track = await page.evaluate(() => JSON.parse(localStorage.getItem('fanfare.queue'))?.entries[0]?.track);
    assert.ok(track, 'something is in the player');
    const pages = [...PAGES, [`/tracks/${track.id}`, '.block'], ...(track.release ? [[`/releases/${track.release.id}`, 'h1']] : [])];
    const found = [];
    try {
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 844 });
        for (const [hash, ready] of pages) {
          await page.goto(`${server.url}/#${hash}`);
          await page.locator(ready).first().waitFor();
          found.push(...(await faults(page)).map((fault) => `${hash} at ${width}: ${fault}`));
          if (width < WHOLE_BAR) continue;
          const bar = await page.locator('.bar .wave').boundingBox();
          if ((bar?.width ?? 0) < 240) found.push(`${hash} at ${width}: the seek bar has ${Math.round(bar?.width ?? 0)} px`);
        }
      }
    } finally {
      await page.setViewportSize(before);
      await page.goto(`${server.url}/#/`);
      await page.locator('.row .name').first().waitFor();
    }
    assert.deepEqual(found, []);
  });
}
