// Uploads from the drop to the public catalog and back. Needs a server whose worker analyzes (or the mock).

import assert from 'node:assert/strict';
import { check, Skip, until } from './check.mjs';
import { dropFiles, openBrowser } from './browser.mjs';

/** A sine as a WAV file; another pitch in each run, so that a server that has the last run's file accepts it. */
function tone(hz, seconds = 2) {
  const rate = 22_050;
  const frames = rate * seconds;
  const bytes = Buffer.alloc(44 + frames * 2);
  bytes.write('RIFF', 0); bytes.writeUInt32LE(36 + frames * 2, 4); bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16); bytes.writeUInt16LE(1, 20); bytes.writeUInt16LE(1, 22); bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28); bytes.writeUInt16LE(2, 32); bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36); bytes.writeUInt32LE(frames * 2, 40);
  for (let frame = 0; frame < frames; frame++) bytes.writeInt16LE(Math.round(9_000 * Math.sin((2 * Math.PI * hz * frame) / rate)), 44 + frame * 2);
  return bytes.toString('base64');
}

export async function uploadChecks(page, server) {
  const run = Date.now().toString(36);
  const pitch = 200 + (Date.now() % 10_000) / 10;
  const files = [{ name: `First ${run}.wav`, base64: tone(pitch) }, { name: `Second ${run}.wav`, base64: tone(pitch * 1.5) }];
  const row = (name) => page.locator('.upload', { hasText: name.replace('.wav', '') });
  const step = (name) => row(name).getAttribute('data-step');
  let address = '';

  await check('files dropped anywhere become tracks that are ready', async () => {
    await page.goto(`${server.url}/#/artists`);
    await page.locator('h1').waitFor();
    await dropFiles(page, files);
    await page.getByRole('heading', { name: 'Upload', exact: true }).waitFor();
    await page.evaluate(() => {
      window.steps = [];
      const note = () => {
        for (const one of document.querySelectorAll('.upload')) if (!window.steps.includes(one.dataset.step)) window.steps.push(one.dataset.step);
      };
      new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
      note();
    });
    for (const { name } of files) await until(page, `${name} to be ready`, async () => (await step(name)) === 'ready', 120_000);
    console.log(`      ${(await page.evaluate(() => window.steps)).join(' → ')}`);
  });
  await check('the same bytes are shown as here already, text is refused with a reason', async () => {
    await dropFiles(page, [{ ...files[0], name: `Again ${run}.wav` }]);
    await until(page, 'the duplicate', async () => (await page.locator('.upload[data-step=known]').count()) === 1);
    await dropFiles(page, [{ name: `Letter ${run}.mp3`, text: 'Dear diary, this is no song.\n'.repeat(40) }]);
    const refused = page.locator('.upload[data-step=refused]');
    await refused.waitFor();
    assert.match(await refused.innerText(), /Refused: .{10,}/);
    await refused.getByRole('button', { name: /Try again/ }).waitFor();
  });
  await check('uploads continue on other pages', async () => {
    await page.goto(`${server.url}/#/settings`);
    await page.locator('h1').waitFor();
    await page.goto(`${server.url}/#/upload`);
    assert.equal(await page.locator('.upload').count(), 4);
  });
  await check('the switch publishes a track', async () => {
    await row(files[0].name).first().getByRole('link', { name: /^Open/ }).click();
    await page.locator('#own').waitFor();
    address = page.url();
    await page.getByRole('switch', { name: 'Public' }).click();
    await until(page, 'the badge', async () => (await page.locator('.badge.published').count()) === 1);
  });
  await check('the public catalog has it for a guest, and plays it', async () => {
    const stranger = await openBrowser();
    try {
      await stranger.page.goto(`${server.url}/#/catalog`);
      const name = stranger.page.locator('.track .name', { hasText: `First ${run}` });
      await name.waitFor();
      assert.equal(await stranger.page.locator('.track .name', { hasText: `Second ${run}` }).count(), 0);
      if (server.mock) throw new Skip('the mock has no HLS to play');
      await stranger.page.locator('.track', { hasText: `First ${run}` }).click();
      const end = await stranger.page.locator('audio').evaluate((audio) => new Promise((done, fail) => {
        audio.addEventListener('ended', () => done(audio.currentTime));
        audio.addEventListener('error', () => fail(new Error(`audio error ${audio.error?.code}`)));
      }));
      assert.ok(Math.abs(end - 2) < 0.1, `ended at ${end} s`);
    } finally {
      await stranger.close();
    }
  });
  await check('an upload is deleted after a question', async () => {
    await page.goto(address);
    await page.locator('#own').waitFor();
    await page.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('button', { name: /^Really delete/ }).click();
    await until(page, 'the list', async () => !page.url().includes('/tracks/'));
    await page.goto(address);
    await page.getByRole('alert').getByText('There is no such track').waitFor();
  });
  await check('a track that is too short to be enriched has a warning, in the list and on its page, and plays', async () => {
    if (server.mock) throw new Skip('the mock enriches nothing');
    const short = `Short ${run}.wav`;
    await dropFiles(page, [{ name: short, base64: tone(pitch * 1.2, 1) }]);
    await page.getByRole('heading', { name: 'Upload', exact: true }).waitFor();
    await until(page, `${short} to be ready`, async () => (await step(short)) === 'ready', 120_000);
    await page.goto(`${server.url}/#/`);
    await page.getByRole('searchbox').fill(`Short ${run}`);
    const found = page.locator('.row', { hasText: `Short ${run}` });
    await until(page, 'the search', async () => (await page.locator('.row .name').count()) === 1 && (await found.count()) === 1);
    await found.locator('.warn', { hasText: 'Plays, but was not enriched' }).waitFor();
    await page.locator('audio').evaluate((audio) => {
      // Before the player's own listener, which rewinds at the end of the queue.
      window.ended = new Promise((done) => audio.addEventListener('ended', () => done(audio.currentTime), { once: true, capture: true }));
    });
    await page.getByRole('grid', { name: 'Tracks' }).focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    const end = await page.evaluate(() => window.ended);
    assert.ok(Math.abs(end - 1) < 0.1, `ended at ${end} s`);
    await found.first().locator('a.name').click();
    await page.getByText('It plays, but was not enriched').waitFor();
    await page.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('button', { name: /^Really delete/ }).click();
    await until(page, 'the list', async () => !page.url().includes('/tracks/'));
  });
  await check('a setting is changed, saved, and reset', async () => {
    await page.goto(`${server.url}/#/settings`);
    const pacing = page.getByLabel('Pacing', { exact: true });
    await pacing.fill('0.75');
    await pacing.press('Tab');
    const field = page.locator('.setting', { has: page.getByLabel('Pacing', { exact: true }) });
    await field.getByText('Saved').waitFor();
    await page.reload();
    await page.getByLabel('Pacing', { exact: true }).waitFor();
    assert.equal(await page.getByLabel('Pacing', { exact: true }).inputValue(), '0.75');
    await field.getByText('changed here').waitFor();
    await page.getByLabel('Pacing', { exact: true }).fill('quickly');
    await page.keyboard.press('Tab');
    await field.getByRole('alert').waitFor();
    await field.getByRole('button', { name: /^Reset to the default/ }).click();
    await until(page, 'the default', async () => (await page.getByLabel('Pacing', { exact: true }).inputValue()) === '0.25');
  });
  await check('the nightly run starts at once, and can be cancelled', async () => {
    await page.goto(`${server.url}/#/tasks`);
    const block = page.getByRole('region', { name: 'Nightly run' });
    await block.getByText('Next').waitFor();
    await block.getByRole('button', { name: /^Run now/ }).click();
    const card = page.getByRole('article', { name: 'Nightly run' }).first();
    await card.waitFor();
    // A library that is already analyzed is done at once.
    await card.getByRole('button', { name: /^Cancel/ }).click({ timeout: 2_000 }).catch(() => {});
    await until(page, 'its end', async () => /Cancelled|Done|Failed/.test(await card.innerText()));
    await until(page, 'the last run', async () => !/Not yet|Running/.test(await block.innerText()));
  });
  await check('a task shows its log', async () => {
    await page.goto(`${server.url}/#/tasks`);
    await page.locator('.task summary', { hasText: 'Log' }).first().click();
    await page.locator('.task ol li').first().waitFor();
  });
}
