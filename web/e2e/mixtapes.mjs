// Mixtapes: create, fill from lists and by search, reorder by drag and by keys, cover, duplicate, import and export as M3U8, share.

import assert from 'node:assert/strict';
import { check, Skip, until } from './check.mjs';
import { openBrowser, PHONE } from './browser.mjs';
import { SUMMARY } from './cache.mjs';

/** A picture of one pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

export async function mixtapeChecks(page, server) {
  const able = await page.evaluate(async () => (await fetch('/api/v1/mixtapes')).ok);
  const guarded = (run) => async () => {
    if (!able) throw new Skip('this server has no mixtapes');
    await run();
  };
  const name = `Tape ${Date.now().toString(36)}`;
  const order = () => page.locator('ol[aria-label="Tracks in their order"] .title, ol[aria-label="Tracks"] .title').allInnerTexts();
  const dialog = page.getByRole('dialog');
  let address = '';
  let link = '';

  await check('a mixtape is created and filled by search', guarded(async () => {
    await page.goto(`${server.url}/#/mixtapes`);
    await page.getByRole('button', { name: 'New mixtape' }).click();
    await dialog.getByLabel('Title').fill(name);
    await dialog.getByRole('button', { name: /^Create/ }).click();
    const found = page.getByRole('region', { name: 'Add tracks' });
    const title = await page.evaluate(async () => (await (await fetch('/api/v1/tracks?limit=1&sort=artist')).json()).items[0].artist.name);
    await found.getByRole('searchbox').fill(title);
    for (let count = 1; count <= 3; count++) {
      await found.getByRole('button', { name: /^Add / }).nth((count - 1) % 2).click();
      await until(page, `${count} tracks`, async () => (await order()).length === count);
    }
    await page.getByLabel('Notes').fill('For the night train.');
  }));
  await check('tracks are reordered by arrow keys and by drag, and it is announced', guarded(async () => {
    const list = page.locator('ol[aria-label="Tracks in their order"]');
    const before = await order();
    await list.locator('.grip').first().focus();
    await page.keyboard.press('ArrowDown');
    await until(page, 'the first to be second', async () => (await order())[1] === before[0]);
    await page.getByText(`${before[0]} moved to place 2 of 3`).waitFor({ state: 'attached' });
    await page.keyboard.press('End');
    await until(page, 'it to be last', async () => (await order())[2] === before[0]);
    // The focus moved with it.
    assert.equal(await list.locator('.grip').nth(2).evaluate((one) => one === document.activeElement), true);
    const [grip, first] = [await list.locator('.grip').nth(2).boundingBox(), await list.locator('li').first().boundingBox()];
    await page.mouse.move(grip.x + 8, grip.y + 8);
    await page.mouse.down();
    await page.mouse.move(first.x + 20, first.y + 40, { steps: 5 });
    await page.mouse.move(first.x + 20, first.y + 8, { steps: 3 });
    await page.mouse.up();
    await until(page, 'it to be first again', async () => (await order())[0] === before[0]);
    await page.getByRole('button', { name: /^Remove / }).last().click();
    await until(page, 'two tracks', async () => (await order()).length === 2);
    const kept = await order();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('heading', { name, exact: true }).waitFor();
    address = page.url().replace('?edit', '');
    // A server that transcodes at once shows the progress.
    const run = dialog.getByRole('button', { name: 'Continue in the background' }).or(dialog.getByRole('button', { name: 'Close', exact: true }).last());
    await run.click({ timeout: 3_000 }).catch(() => {});
    await page.reload();
    await until(page, 'the tracks', async () => (await order()).length === 2);
    assert.deepEqual(await order(), kept);
    await page.getByText('For the night train.').waitFor();
  }));
  await check('a track of a list is added without leaving the list', guarded(async () => {
    await page.goto(`${server.url}/#/`);
    const grid = page.getByRole('grid', { name: 'Tracks' });
    await page.locator('.row .name').first().waitFor();
    await grid.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('a');
    await dialog.getByRole('button', { name: new RegExp(name) }).click();
    await dialog.getByText('1 track added to').waitFor();
    await dialog.getByRole('link', { name: 'Open it' }).click();
    await until(page, 'three tracks', async () => (await order()).length === 3);
  }));
  await check('a cover is accepted, and an SVG is refused', guarded(async () => {
    await page.goto(`${address}?edit`);
    const field = page.getByLabel('Choose a cover');
    const source = () => page.locator('.cover-field img').getAttribute('src').catch(() => null);
    await page.locator('.cover-field').waitFor();
    const before = await source();
    await field.setInputFiles({ name: 'cover.png', mimeType: 'image/png', buffer: PIXEL });
    await until(page, 'the new cover', async () => (await source()) !== before);
    await field.setInputFiles({ name: 'cover.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>') });
    await page.getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'Back', exact: true }).click();
  }));
  await check('it is exported and imported as M3U8, and can be duplicated', guarded(async () => {
    await page.goto(address);
    await until(page, 'the tracks', async () => (await order()).length === 3);
    const tracks = await order();
    const coming = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export as an M3U8 playlist' }).click();
    const text = await (await coming).createReadStream().then(async (stream) => Buffer.concat(await stream.toArray()).toString());
    assert.match(text, /^#EXTM3U/);
    await page.goto(`${server.url}/#/mixtapes`);
    await page.getByLabel('Import a playlist: M3U, M3U8, PLS or XSPF').setInputFiles({ name: 'list.m3u8', mimeType: 'audio/x-mpegurl', buffer: Buffer.from(`${text.replace(/#PLAYLIST:.*/, `#PLAYLIST:${name} in`)}\n/no/such/file.flac\n`) });
    await page.getByText('1 line matched no track here').waitFor();
    await page.locator('.note a').click();
    await until(page, 'the same tracks', async () => JSON.stringify(await order()) === JSON.stringify(tracks));
    await page.getByRole('button', { name: 'Duplicate' }).click();
    await until(page, 'the copy', async () => !page.url().endsWith(address.split('/').pop()) && (await order()).length === 3);
    for (let gone = 0; gone < 1; gone++) {
      await page.getByRole('button', { name: /^Delete/ }).click();
      await page.getByRole('button', { name: /^Really delete/ }).click();
      await page.waitForURL(/#\/mixtapes$/);
    }
  }));
  await check('it is transcoded in the chosen quality, and the player requests that quality', guarded(async () => {
    await page.goto(address);
    await page.getByRole('button', { name: /^Transcode ahead:/ }).click();
    await dialog.getByLabel(/^Low/).check();
    await dialog.getByLabel(/^Medium/).uncheck();
    const asking = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/v1/cache/warm'));
    await dialog.getByRole('button', { name: 'Start' }).click();
    const { scope, qualities } = (await asking).postDataJSON();
    assert.deepEqual([scope, qualities], [{ mixtape: address.split('/').pop() }, ['low']]);
    await until(page, 'the summary', async () => SUMMARY.test(await dialog.locator('.head').innerText()), 60_000);
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await dialog.waitFor({ state: 'detached' });
  }));
  await check('a mixtape plays from any of its tracks', guarded(async () => {
    await page.goto(address);
    await page.getByRole('button', { name: /^Play / }).nth(1).click();
    await until(page, 'sound', () => page.locator('audio').evaluate((element) => element.currentTime > 0 && !element.paused));
    assert.equal((await page.locator('.bar .title').innerText()).trim(), (await order())[1].trim());
  }));
  await check('a link is created with a password and a QR code, shown once', guarded(async () => {
    await page.goto(address);
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await dialog.getByLabel('Password (optional)').fill('open sesame');
    await dialog.getByRole('switch', { name: 'Tracks may be downloaded' }).check();
    await dialog.getByRole('button', { name: 'Make a link' }).click();
    link = await dialog.getByLabel('Link', { exact: true }).inputValue();
    assert.match(link, /(\/s\/#|#\/s\/)\S{8,}$/);
    await until(page, 'the code to be drawn', () => dialog.getByRole('img', { name: /^The link as a code/ }).evaluate((image) => image.complete && image.naturalWidth > 0));
    await dialog.getByText('expires in 30 days', { exact: false }).first().waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  }));
  await check('a guest on a phone opens it with the password, and it plays, without any other request', guarded(async () => {
    const guest = await openBrowser({ viewport: PHONE, phone: true });
    const asked = [];
    const wrong = [];
    guest.page.on('request', (request) => { if (request.url().includes('/api/')) asked.push(new URL(request.url()).pathname); });
    guest.page.on('request', (request) => { if (request.url().includes(link.split(/[#/]/).at(-1))) wrong.push(request.url()); });
    try {
      await guest.page.goto(link);
      await guest.page.getByLabel('Password', { exact: true }).fill('close sesame');
      await guest.page.getByRole('button', { name: 'Open' }).click();
      await guest.page.getByRole('alert').waitFor();
      await guest.page.getByLabel('Password', { exact: true }).fill('open sesame');
      await guest.page.getByRole('button', { name: 'Open' }).click();
      await guest.page.getByRole('heading', { name, exact: true }).waitFor({ timeout: 30_000 });
      await guest.page.getByRole('button', { name: 'Play', exact: true }).click();
      const moving = () => guest.page.locator('audio').evaluate((element) => element.currentTime > 0.2 && !element.paused);
      await until(guest.page, 'sound', moving);
      const source = await guest.page.locator('audio').evaluate((element) => element.src);
      await guest.page.getByRole('button', { name: 'Next', exact: true }).click();
      await until(guest.page, 'the next one', async () => (await guest.page.locator('audio').evaluate((element) => element.src)) !== source && (await moving()));
      assert.equal(await guest.page.evaluate(() => navigator.mediaSession.metadata?.title), (await order())[1]);
      assert.equal(await guest.page.getByRole('link', { name: /^Download / }).count(), 3);
      assert.deepEqual(asked.filter((path) => !path.startsWith('/api/v1/shared/')), []);
      assert.deepEqual(wrong, [], 'the token stays out of every address that is asked for');
      const wide = await guest.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${wide} px wider than the phone`);
    } finally {
      await guest.close();
    }
  }));
  await check('a revoked link shows a message', guarded(async () => {
    await page.goto(address);
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await dialog.getByRole('button', { name: /^Revoke/ }).click();
    await dialog.getByRole('button', { name: /^Really revoke/ }).click();
    await dialog.getByRole('button', { name: /^Revoke/ }).waitFor({ state: 'detached' });
    const guest = await openBrowser({ viewport: PHONE, phone: true });
    try {
      await guest.page.goto(link);
      await guest.page.getByRole('heading', { name: 'This link does not work' }).waitFor();
    } finally {
      await guest.close();
    }
  }));
}
