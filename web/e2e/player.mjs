// Real playback: the audio element's own clock shows whether it plays.

import assert from 'node:assert/strict';
import { check, Skip, until } from './check.mjs';

const audio = (page, read) => page.locator('audio').evaluate(read);
/** Waits until the element has reported `steps` later times. */
const advances = (page, steps = 3) => page.locator('audio').evaluate((element, wanted) => new Promise((done, fail) => {
  const seen = [];
  const note = () => {
    if (seen.length === 0 || element.currentTime > seen.at(-1)) seen.push(element.currentTime);
    if (seen.length > wanted) done(seen);
  };
  element.addEventListener('timeupdate', note);
  element.addEventListener('error', () => fail(new Error(`audio error ${element.error?.code}`)));
}), steps);

export async function playerChecks(page, server) {
  await check('Enter plays the row, and time advances', async () => {
    await page.goto(`${server.url}/#/?sort=duration&order=desc`);
    const grid = page.getByRole('grid', { name: 'Tracks' });
    await page.locator('.row .name').first().waitFor();
    await grid.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await page.locator('audio').waitFor({ state: 'attached' });
    const seen = await advances(page);
    console.log(`      currentTime ${seen.map((time) => time.toFixed(2)).join(' → ')}`);
    assert.equal(await audio(page, (element) => element.paused), false);
  });
  await check('Space pauses and plays, m mutes', async () => {
    await page.locator('main').focus();
    await page.keyboard.press(' ');
    await until(page, 'silence', () => audio(page, (element) => element.paused));
    await page.keyboard.press(' ');
    await until(page, 'sound', () => audio(page, (element) => !element.paused));
    await page.keyboard.press('m');
    assert.equal(await audio(page, (element) => element.muted), true);
    await page.keyboard.press('m');
    assert.equal(await audio(page, (element) => element.muted), false);
  });
  await check('the seek bar is at least 240 px wide from 920 px on, and the bar does not overflow', async () => {
    const before = page.viewportSize();
    try {
      for (const width of [920, 1024, 1100, 1359, 1360, 1440]) {
        await page.setViewportSize({ width, height: before.height });
        const [bar, side] = await Promise.all(['.bar .wave', '.bar .side'].map((what) => page.locator(what).boundingBox()));
        assert.ok(bar !== null && bar.width >= 240, `${Math.round(bar?.width ?? 0)} px at ${width}`);
        assert.ok(side !== null && side.x + side.width <= width, `the bar ends at ${Math.round((side?.x ?? 0) + (side?.width ?? 0))} of ${width}`);
      }
    } finally {
      await page.setViewportSize(before);
    }
  });
  await check('ReplayGain sets the level within full scale', async () => {
    const level = await page.evaluate(() => JSON.parse(localStorage.getItem('fanfare.queue')));
    const track = level.entries[level.current].track;
    if (track.replaygain_track_gain_db === null) throw new Skip('the track was not analyzed yet');
    const before = await audio(page, (element) => element.volume);
    const room = track.true_peak_dbtp === null ? 0 : -track.true_peak_dbtp;
    const expected = Math.min(1, 0.9 ** 2 * 10 ** (Math.min(track.replaygain_track_gain_db, room) / 20));
    assert.ok(Math.abs(before - expected) < 0.01, `volume ${before}, expected ${expected}`);
  });
  await check('a click on the waveform seeks', async () => {
    await page.locator('.bar .title').click();
    const slider = page.locator('.page').getByRole('slider', { name: 'Position' });
    await slider.waitFor();
    await until(page, 'the length', () => audio(page, (element) => element.duration > 0));
    // The position is read when the seek starts: further playback on a busy machine does not count.
    await audio(page, (element) => element.addEventListener('seeking', () => {
      window.soughtShare = element.currentTime / element.duration;
    }, { once: true }));
    const box = await slider.boundingBox();
    await page.mouse.click(box.x + box.width * 0.6, box.y + box.height / 2);
    const share = await until(page, 'the new place', () => page.evaluate(() => window.soughtShare));
    assert.ok(Math.abs(share - 0.6) < 0.01, `at ${share}`);
    await advances(page, 2);
  });
  await check('keys on the waveform seek and its value is spoken', async () => {
    const slider = page.locator('.page').getByRole('slider', { name: 'Position' });
    await slider.focus();
    const before = await audio(page, (element) => element.currentTime);
    await page.keyboard.press('PageDown');
    await until(page, 'an earlier place', () => page.locator('audio').evaluate((element, from) => element.currentTime < from, before));
    assert.match(await slider.getAttribute('aria-valuetext'), /(second|minute).* of .*(second|minute)/);
  });
  await check('the waveform shows bass and treble in their colours', async () => {
    if ((await page.locator('.page .bands').count()) === 0) throw new Skip('the track was not analyzed yet');
    const inks = await page.locator('.page [role=slider] canvas').evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const style = getComputedStyle(canvas);
      const near = (ink) => {
        const [r, g, b] = ink.match(/\d+/g).map(Number);
        let count = 0;
        // A pixel's colour is kept apart from how much it covers.
        for (let at = 0; at < data.length; at += 4) {
          if (data[at + 3] > 100 && Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 24) count++;
        }
        return count;
      };
      return [style.borderTopColor, style.borderRightColor, style.borderBottomColor, style.borderLeftColor].map(near);
    });
    assert.ok(inks.filter((count) => count > 50).length >= 2, `pixels of each band: ${inks}`);
  });
  await check('the track page shows the analysis', async () => {
    const text = await until(page, 'loudness', async () => {
      const shown = await page.locator('.page').innerText();
      return /LUFS|Not analyzed yet|Being analyzed|could not analyze|Too short/.test(shown) && shown;
    });
    assert.match(text, /Codec/);
  });
  await check('the queue is reordered by keys and cleared', async () => {
    await page.getByRole('button', { name: 'Queue', exact: true }).last().click();
    const drawer = page.locator('.drawer');
    await drawer.waitFor();
    const titles = () => drawer.locator('li .title').allInnerTexts();
    const before = await titles();
    if (before.length < 2) throw new Skip('too few tracks to move');
    await drawer.locator('li .grip').first().focus();
    await page.keyboard.press('ArrowDown');
    await until(page, 'another order', async () => (await titles())[1] === before[0]);
    const count = (await titles()).length;
    await drawer.getByRole('button', { name: /^Remove / }).first().click();
    await until(page, 'one fewer', async () => (await titles()).length <= count - (count < 120 ? 1 : 0));
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
  });
  await check('next plays the next track', async () => {
    const source = await audio(page, (element) => element.src);
    await page.getByRole('button', { name: 'Next', exact: true }).click();
    await until(page, 'another source', async () => (await audio(page, (element) => element.src)) !== source);
    await advances(page, 2);
  });
  await check('a reload keeps the queue and the position, and stays paused', async () => {
    // Until the page knows the server's default quality it names none, and the server sends its default.
    const track = (source) => source.split('?')[0];
    const source = await audio(page, (element) => element.src);
    await page.reload();
    await page.locator('audio').waitFor({ state: 'attached' });
    assert.equal(track(await audio(page, (element) => element.src)), track(source));
    assert.equal(await audio(page, (element) => element.paused), true);
    await page.getByRole('region', { name: 'Player' }).getByRole('button', { name: 'Play', exact: true }).click();
    await advances(page, 2);
  });
  await check('shuffle covers the whole list, has no track twice, and returns to the order of the list', async () => {
    await page.goto(`${server.url}/#/?sort=title`);
    await page.locator('.row .name').first().waitFor();
    const queue = () => page.evaluate(() => JSON.parse(localStorage.getItem('fanfare.queue')));
    const total = Number(/([\d,.]+) tracks?/.exec(await page.locator('.title p').innerText())?.[1].replace(/[,.]/g, ''));
    const wanted = Math.min(total, 100);
    await page.getByRole('button', { name: 'Shuffle all' }).click();
    const mixed = await until(page, 'the whole list', async () => {
      const now = await queue();
      return now.shuffle && now.entries.length >= wanted && now;
    });
    const ids = mixed.entries.map((entry) => entry.track.id);
    assert.equal(new Set(ids).size, ids.length, 'no track twice');
    await advances(page, 2);
    await page.getByRole('button', { name: 'Shuffle', exact: true }).first().click();
    const kept = mixed.entries.slice(0, mixed.current + 1).map((entry) => entry.track.id);
    const after = await until(page, 'the list in order', async () => {
      const now = await queue();
      return !now.shuffle && now.entries.length >= Math.min(total, 20) && now;
    });
    const all = after.entries.map((entry) => entry.track.id);
    assert.equal(new Set(all).size, all.length, 'no track twice');
    const list = await page.evaluate(async () => (await (await fetch('/api/v1/tracks?sort=title&limit=500')).json()).items.map((track) => track.id));
    const places = all.filter((id) => !kept.includes(id)).map((id) => list.indexOf(id));
    assert.deepEqual(places, places.toSorted((one, other) => one - other), 'in the order of the list');
  });
  await check('the level can be that of the release, and is saved', async () => {
    const before = page.url();
    await page.goto(`${server.url}/#/settings`);
    await page.getByRole('radio', { name: 'Every release equally loud' }).check();
    const output = () => page.evaluate(() => JSON.parse(localStorage.getItem('fanfare.output')));
    await until(page, 'the level by release', async () => (await output()).level.mode === 'album');
    const gain = page.getByRole('button', { name: 'Equal loudness (ReplayGain)' });
    const track = await page.evaluate(() => { const queue = JSON.parse(localStorage.getItem('fanfare.queue')); return queue.entries[queue.current].track; });
    const release = track.release === null ? null : await page.evaluate(async (id) => (await fetch(`/api/v1/releases/${id}/gain`)).json(), track.release.id);
    if (release !== null && release.gain_db !== null) await until(page, 'the gain of the release', async () => /of the release/.test(await gain.getAttribute('title')));
    await page.getByRole('radio', { name: 'Every track equally loud' }).check();
    await until(page, 'the level by track', async () => (await output()).level.mode === 'track');
    await page.goto(before);
  });
  await check('a codec that the browser cannot play is named and skipped', async () => {
    if (!server.mock) throw new Skip('only the mock has such a file for certain');
    await page.goto(`${server.url}/#/?search=Unplayable`);
    await page.locator('.row .name').first().waitFor();
    await until(page, 'the search', async () => (await page.locator('.row .name').first().innerText()) === 'Unplayable Here');
    await page.locator('.row').first().click({ position: { x: 8, y: 8 } });
    await page.getByRole('alert').getByText('cannot play APE').waitFor();
  });
}
