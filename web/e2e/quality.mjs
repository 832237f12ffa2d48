// The quality that is sent: chosen per device, shown truthfully, changed without losing the position, and what happens after a refusal.

import assert from 'node:assert/strict';
import { check, Skip, until } from './check.mjs';

const audio = (page, read) => page.locator('audio').evaluate(read);

/** Plays the first track that can be transcoded; null if there is none. */
async function playLossless(page, server) {
  const found = await page.evaluate(async () => {
    const { items } = await (await fetch('/api/v1/tracks?limit=200&sort=title')).json();
    return items.find((one) => one.transcodable === true && one.duration_s > 8 && one.title !== 'Busy Song') ?? null;
  });
  if (found === null) return null;
  await page.goto(`${server.url}/#/tracks/${found.id}`);
  const hero = page.locator('.hero');
  await hero.waitFor();
  if (await hero.getByRole('button', { name: 'Play', exact: true }).count()) await hero.getByRole('button', { name: 'Play', exact: true }).click();
  await until(page, 'sound', () => audio(page, (element) => element.currentTime > 0 && !element.paused));
  return found;
}

export async function qualityChecks(page, server) {
  const bar = page.getByRole('region', { name: 'Player' });
  const pick = bar.getByLabel('Quality', { exact: true });
  await check('another quality continues at the same position, and is saved', async () => {
    if ((await playLossless(page, server)) === null) throw new Skip('no track here can be sent smaller');
    // A fresh browser starts with the server's default (issue 13).
    const standard = await page.evaluate(async () => (await (await fetch('/api/v1/cache')).json()).default_quality);
    assert.equal(await pick.inputValue(), standard);
    assert.equal(await page.evaluate(() => localStorage.getItem('fanfare.quality')), null, 'nothing was chosen here');
    await pick.selectOption('original');
    await until(page, 'the original', () => audio(page, (element) => element.src.endsWith('quality=original') && element.readyState > 2));
    await audio(page, (element) => { element.currentTime = element.duration * 0.5; });
    await until(page, 'the middle', () => audio(page, (element) => !element.seeking && element.currentTime > element.duration * 0.49));
    const before = await audio(page, (element) => element.currentTime);
    await pick.selectOption('medium');
    await until(page, 'another source', () => audio(page, (element) => element.src.endsWith('quality=medium')));
    await until(page, 'sound from there', () => audio(page, (element) => element.currentTime > 0 && !element.paused && element.readyState > 2));
    const after = await audio(page, (element) => element.currentTime);
    assert.ok(after >= before - 0.3 && after < before + 8, `from ${before} s to ${after} s`);
    await bar.getByText('medium, 192 kbit/s', { exact: true }).waitFor();
    await page.reload();
    await page.locator('audio').waitFor({ state: 'attached' });
    assert.equal(await pick.inputValue(), 'medium');
    assert.ok(await audio(page, (element) => element.src.endsWith('quality=medium')));
  });
  await check('a track that is already compressed offers no other quality', async () => {
    const lossy = await page.evaluate(async () => (await (await fetch('/api/v1/tracks?limit=200&sort=title')).json()).items.find((one) => one.transcodable === false && one.codec !== 'ape') ?? null);
    if (lossy === null) throw new Skip('every track here is lossless');
    await page.goto(`${server.url}/#/tracks/${lossy.id}`);
    await page.locator('.hero').getByRole('button', { name: 'Play', exact: true }).click();
    await until(page, 'sound', () => audio(page, (element) => element.currentTime > 0 && !element.paused));
    assert.equal(await pick.isDisabled(), true);
    assert.ok(!(await audio(page, (element) => !element.src.endsWith('quality=original'))));
  });
  await check('the original plays while the server is busy, and the transcode after it', async () => {
    if (!server.mock) throw new Skip('only the mock is busy on demand');
    await page.goto(`${server.url}/#/?search=${encodeURIComponent('Busy Song')}`);
    await until(page, 'the search', async () => (await page.locator('.row .name').first().innerText()) === 'Busy Song');
    await audio(page, (element) => {
      window.played = [];
      element.addEventListener('playing', () => window.played.push(element.src.endsWith('quality=original') ? 'original' : 'small'));
    });
    await page.locator('.row').first().click({ position: { x: 8, y: 8 } });
    await bar.getByText('server is busy transcoding').waitFor();
    assert.equal(await bar.getByRole('alert').count(), 0, 'it is no alarm');
    await until(page, 'the transcode', () => audio(page, (element) => element.src.endsWith('quality=medium') && element.currentTime > 0.5 && !element.paused));
    await bar.getByText('server is busy').waitFor({ state: 'detached' });
    assert.deepEqual(await page.evaluate(() => window.played.filter((one, at, all) => one !== all[at - 1])), ['original', 'small']);
  });
  await check('the original is chosen again in the settings', async () => {
    await page.goto(`${server.url}/#/settings`);
    await page.locator('section[aria-labelledby=listening]').getByRole('radio', { name: 'Original' }).check();
    assert.equal(await page.evaluate(() => localStorage.getItem('fanfare.quality')), '"original"');
  });
}
