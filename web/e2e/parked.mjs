// Parked jobs: listed with the reason, retried, discarded. On a real server with a real broken upload.

import assert from 'node:assert/strict';
import { dropFiles } from './browser.mjs';
import { check, until } from './check.mjs';

/** A WAV header for one second of audio without the audio; another sample rate in each run, so that the bytes are new. */
function broken(rate) {
  const bytes = Buffer.alloc(44);
  bytes.write('RIFF', 0); bytes.writeUInt32LE(36 + rate * 2, 4); bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16); bytes.writeUInt16LE(1, 20); bytes.writeUInt16LE(1, 22); bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28); bytes.writeUInt16LE(2, 32); bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36); bytes.writeUInt32LE(rate * 2, 40);
  return bytes.toString('base64');
}

export async function parkedChecks(page, server) {
  const section = page.locator('section.parked');
  const rows = section.locator('ul > li:has(.file)');
  const row = (name) => section.locator('ul > li', { hasText: name });
  const visit = async () => {
    await page.goto(`${server.url}/#/activity`);
    await section.getByRole('heading', { name: /^Parked jobs/ }).waitFor();
  };

  if (server.mock) {
    await check('a parked job is listed with its reason, the remedy, and every attempt', async () => {
      await visit();
      await until(page, 'four parked jobs', async () => (await rows.count()) === 4);
      const first = await rows.first().innerText();
      for (const part of [/is cut off/, /Replace the file with an intact copy/, /Process an upload/, /tried once/]) assert.match(first, part);
      // A name with a direction mark and markup.
      assert.match(await rows.nth(1).locator('.file').innerText(), /a \ufffdgnos <b>\.flac/);
      assert.equal(await section.locator('.file b').count(), 0);
      await rows.nth(1).getByText('3 attempts').click();
      await until(page, 'the attempts', async () => (await rows.nth(1).locator('ol li:visible').count()) === 3);
    });
    await check('a parked job is retried, another is discarded after a question, and the rest is retried together', async () => {
      await rows.first().getByRole('button', { name: /^Try again/ }).click();
      await until(page, 'three to be left', async () => (await rows.count()) === 3);
      await rows.first().getByRole('button', { name: /^Discard/ }).click();
      await rows.first().getByRole('button', { name: /^Really discard\?/ }).click();
      await until(page, 'two to be left', async () => (await rows.count()) === 2);
      await section.getByRole('button', { name: 'Try all again' }).click();
      await section.getByText('No job is parked').waitFor();
    });
    return;
  }
  const name = `Broken ${Date.now().toString(36)}.wav`;
  await check('a broken upload is parked with its reason, without reloading', async () => {
    await page.goto(`${server.url}/#/upload`);
    await page.locator('h1').waitFor();
    await dropFiles(page, [{ name, base64: broken(20_000 + (Date.now() % 20_000)) }]);
    await page.evaluate(() => { location.hash = '#/activity'; });
    await row(name).waitFor({ timeout: 60_000 });
    assert.match(await row(name).innerText(), /tried once/);
    assert.match(await row(name).innerText(), /Process an upload/);
  });
  await check('it is retried in its queue, and shows the number of attempts', async () => {
    await row(name).getByRole('button', { name: /^Try again/ }).click();
    await until(page, 'the second attempt', async () => (await row(name).count()) === 1 && /tried twice/.test(await row(name).innerText()), 60_000);
    await row(name).getByText('2 attempts').click();
    assert.equal(await row(name).locator('ol li').count(), 2);
  });
  await check('it is discarded after a question, and its track stays until it is deleted', async () => {
    await row(name).getByRole('link').first().click();
    await page.locator('#own').waitFor();
    const address = page.url();
    await visit();
    await row(name).getByRole('button', { name: /^Discard/ }).click();
    await row(name).getByRole('button', { name: /^Really discard\?/ }).click();
    await row(name).waitFor({ state: 'detached' });
    await page.goto(address);
    await page.getByText('could not analyze this file').waitFor();
    await page.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('button', { name: /^Really delete/ }).click();
    await until(page, 'the list', async () => !page.url().includes('/tracks/'));
  });
}

/** When each analyzer measured the first track of the list. */
export async function analysisChecks(page, server) {
  await check('a track shows when it was analyzed, and each analyzer with its version', async () => {
    await page.goto(`${server.url}/#/`);
    await page.locator('.row a.name').first().waitFor();
    await page.locator('.row a.name').first().click();
    const block = page.locator('section[aria-labelledby=analysis]');
    await block.getByText(/^Analyzed on/).waitFor();
    await block.getByText('Analyzers and versions').click();
    const rows = block.locator('tbody tr');
    assert.ok((await rows.count()) >= 8, `${await rows.count()} analyzers`);
    assert.match(await block.innerText(), /Loudness\s+\d+\s+\S/);
  });
}
