// The bytes that a client receives: a mixtape of the library's densest lossless tracks is created, transcoded ahead, and played at medium.

import assert from 'node:assert/strict';
import { SUMMARY } from './cache.mjs';
import { check, Skip, until } from './check.mjs';

/** Below this bit rate, in kbit/s, a transcode of 192 kbit/s cannot be 80 % smaller. */
const DENSE_KBPS = 192 / 0.2;
const MOST_TRACKS = 12;

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

export async function wireChecks(page, context, server) {
  await check('a mixtape at medium is at least 80 % fewer bytes on the wire', async () => {
    if (server.mock) throw new Skip('the mock makes nothing smaller');
    const { tracks, ready } = await page.evaluate(async () => {
      const json = async (path) => (await fetch(path)).json();
      const [{ items }, cache] = [await json('/api/v1/tracks?limit=500&sort=title'), await json('/api/v1/cache')];
      return { tracks: items, ready: cache.enabled && cache.encoder.available };
    });
    if (!ready) throw new Skip('this server makes nothing smaller');
    const kbps = (track) => (track.size_bytes * 8) / track.duration_s / 1000;
    const dense = tracks.filter((one) => one.transcodable && one.duration_s > 2 && kbps(one) >= DENSE_KBPS).slice(0, MOST_TRACKS);
    if (dense.length < 2) throw new Skip(`no two lossless tracks of ${DENSE_KBPS} kbit/s and more here`);
    const name = `Wire ${Date.now().toString(36)}`;
    const dialog = page.getByRole('dialog');

    const choose = async (quality) => {
      await page.goto(`${server.url}/#/settings`);
      await page.locator('section[aria-labelledby=listening]').getByRole('radio', { name: quality }).check();
    };
    await choose('Medium');
    await page.goto(`${server.url}/#/mixtapes`);
    await page.getByRole('button', { name: 'New mixtape' }).click();
    await dialog.getByLabel('Title').fill(name);
    await dialog.getByRole('button', { name: /^Create/ }).click();
    const found = page.getByRole('region', { name: 'Add tracks' });
    for (const [at, track] of dense.entries()) {
      await found.getByRole('searchbox').fill(track.title);
      await found.getByRole('button', { name: `Add ${track.title}`, exact: true }).first().click();
      await until(page, `${at + 1} tracks`, async () => (await page.locator('ol[aria-label="Tracks in their order"] li').count()) === at + 1);
    }
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    // The window of the run opens by itself where the server transcodes saved mixtapes ahead.
    const asked = dialog.getByRole('progressbar').or(dialog.getByText(SUMMARY)).first();
    if (!(await asked.waitFor({ timeout: 5_000 }).then(() => true, () => false))) {
      await page.getByRole('button', { name: /^Transcode ahead:/ }).click();
      await dialog.getByRole('button', { name: 'Start' }).click();
    }
    await until(page, 'the summary', async () => SUMMARY.test(await dialog.locator('.head').innerText()), 120_000);
    console.log(`      the window: ${(await dialog.locator('.head').innerText()).replaceAll(/\s+/g, ' ')}`);
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await dialog.waitFor({ state: 'detached' });

    // Bytes of the audio responses, headers included, as the browser's network layer counts them.
    const wire = await context.newCDPSession(page);
    await wire.send('Network.enable');
    await wire.send('Network.clearBrowserCache');
    const isOurs = (url) => /\/audio(\?|$)/.test(url) && dense.some((track) => url.includes(track.id));
    const sent = new Map();
    const add = (id, bytes) => { if (sent.has(id)) sent.set(id, sent.get(id) + bytes); };
    wire.on('Network.requestWillBeSent', ({ requestId, request }) => { if (isOurs(request.url)) sent.set(requestId, 0); });
    wire.on('Network.responseReceived', ({ requestId, response }) => add(requestId, response.encodedDataLength));
    wire.on('Network.dataReceived', ({ requestId, encodedDataLength }) => add(requestId, encodedDataLength));
    // A finished request counts in full.
    wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => { if (sent.has(requestId)) sent.set(requestId, encodedDataLength); });
    await page.getByRole('button', { name: 'Play', exact: true }).first().click();
    const audio = (read) => page.locator('audio').evaluate(read);
    for (const track of dense) {
      await until(page, `${track.title} to play`, () => page.locator('audio').evaluate((element, id) => element.src.includes(id) && element.currentTime > 0, track.id));
      await until(page, `all of ${track.title}`, () => page.locator('audio').evaluate((element, id) => {
        element.playbackRate = 8;
        return !element.src.includes(id) || element.ended || element.buffered.length > 0 && element.buffered.end(element.buffered.length - 1) >= element.duration - 0.1;
      }, track.id), 120_000);
      if (track !== dense.at(-1)) await until(page, 'the next', () => page.locator('audio').evaluate((element, id) => !element.src.includes(id) && element.currentTime > 0, track.id), 120_000);
    }
    const source = await audio((element) => element.src);
    await audio((element) => { element.pause(); element.playbackRate = 1; });
    await wire.detach();
    await choose('Original');
    assert.match(source, /quality=medium$/);
    const bytes = [...sent.values()].reduce((sum, one) => sum + one, 0);
    const originals = dense.reduce((sum, track) => sum + track.size_bytes, 0);
    const fewer = 100 * (1 - bytes / originals);
    console.log(`      ${dense.length} tracks of ${Math.round(kbps(dense[0]))} kbit/s and so on: originals ${megabytes(originals)}, on the wire ${megabytes(bytes)}: ${fewer.toFixed(1)} % fewer`);
    const least = dense.reduce((sum, track) => sum + track.duration_s * 24_000, 0);
    assert.ok(bytes > least * 0.9, `all of it was sent: ${bytes} of about ${least} bytes`);
    assert.ok(fewer >= 80, `${fewer} % fewer`);
  });
}
