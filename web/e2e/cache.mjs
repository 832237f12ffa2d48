// The cache of transcodes: transcoding ahead with a progress window, figures, badges, clearing.

import assert from 'node:assert/strict';
import { check, Skip, until } from './check.mjs';

/** The summary of a run, as the server writes it: cached, skipped and failed files, and their size. */
export const SUMMARY = /\d+ cached, \d+ skipped, \d+ failed, \d+\.\d MB/;

export async function cacheChecks(page, context, server) {
  const dialog = page.getByRole('dialog');
  const cached = await page.evaluate(async () => (await fetch('/api/v1/cache')).ok);
  const guarded = (run) => async () => {
    if (!cached) throw new Skip('this server has no cache of transcodes');
    await run();
  };
  await check('a release is transcoded ahead, and the window shows progress and summary', guarded(async () => {
    const id = await page.evaluate(async () => (await (await fetch('/api/v1/tracks?limit=200&sort=artist')).json()).items.find((one) => one.transcodable && one.release && one.cached.length === 0)?.release.id ?? null);
    if (id === null) throw new Skip('no lossless release here');
    await page.goto(`${server.url}/#/releases/${id}`);
    await page.getByRole('button', { name: /^Transcode ahead:/ }).click();
    await dialog.getByLabel(/^Low/).check();
    await dialog.getByRole('button', { name: 'Start' }).click();
    await dialog.getByRole('progressbar').waitFor();
    // While it runs, the dialog stays open unless the user lets it continue in the background.
    const close = dialog.getByRole('button', { name: 'Close', exact: true }).last();
    if (server.mock) {
      assert.equal(await close.isDisabled(), true);
      await page.keyboard.press('Escape');
      assert.equal(await dialog.count(), 1);
      await dialog.getByRole('button', { name: 'Continue in the background' }).waitFor();
    }
    await until(page, 'the summary', async () => SUMMARY.test(await dialog.locator('.head').innerText()), 120_000);
    assert.match(await dialog.locator('.head').innerText(), /100\s*%/);
    // The whole text, as sent.
    const said = await page.evaluate(async () => (await (await fetch('/api/v1/tasks')).json()).items.filter((one) => one.kind === 'cache').sort((one, other) => other.created.localeCompare(one.created))[0].message);
    assert.ok((await dialog.locator('.head').innerText()).includes(said), said);
    await until(page, 'the log', async () => (await dialog.locator('ol li').allInnerTexts()).some((line) => /^cached .*\(low\b/.test(line)));
    await dialog.getByRole('button', { name: 'Clear the log' }).click();
    await until(page, 'an empty log', async () => !(await dialog.locator('ol').innerText()).includes('cached'));
    assert.equal(await close.isDisabled(), false);
    await close.click();
    await dialog.waitFor({ state: 'detached' });
    await until(page, 'the badges', async () => (await page.locator('.row .cached').count()) > 0);
  }));
  await check('a run continues in the background, after a lost connection, in all windows', guarded(async () => {
    if (!server.mock) throw new Skip('only the mock is slow enough for certain');
    await page.goto(`${server.url}/#/cache`);
    await page.getByRole('button', { name: 'Transcode ahead', exact: true }).click();
    await dialog.getByRole('progressbar').waitFor();
    const other = await context.newPage();
    await other.goto(`${server.url}/#/tasks`);
    await other.getByRole('button', { name: /^Follow/ }).first().click();
    const percent = async (one) => parseInt(await one.getByRole('dialog').locator('strong').innerText(), 10);
    await until(other, 'the other to see it move', async () => (await percent(other)) > 5);
    await context.setOffline(true);
    await context.setOffline(false);
    const before = await percent(page);
    await until(page, 'it to go on', async () => (await percent(page)) > before);
    await dialog.getByRole('button', { name: 'Continue in the background' }).click();
    await dialog.waitFor({ state: 'detached' });
    await until(other, 'the end, there', async () => SUMMARY.test(await other.getByRole('dialog').locator('.head').innerText()), 60_000);
    await other.close();
  }));
  await check('a stopped run shows how far it came', guarded(async () => {
    if (!server.mock) throw new Skip('only the mock is slow enough for certain');
    await page.goto(`${server.url}/#/cache`);
    await page.getByRole('button', { name: 'Transcode ahead', exact: true }).click();
    await until(page, 'it to move', async () => parseInt(await dialog.locator('strong').innerText(), 10) > 0);
    await dialog.getByRole('button', { name: 'Stop' }).click();
    await dialog.getByRole('heading', { name: 'Cancelled' }).waitFor();
    assert.match(await dialog.locator('.head').innerText(), new RegExp(`cancelled: ${SUMMARY.source}`, 'i'));
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  }));
  await check('the cache shows its size and content, and clears by age after a question', guarded(async () => {
    await page.goto(`${server.url}/#/cache`);
    const main = page.locator('main');
    await main.getByText(/ of .* left/).waitFor();
    for (const word of ['Hits', 'Misses', 'Least recently used']) await main.getByText(word, { exact: true }).waitFor();
    await main.getByRole('button', { name: 'Check', exact: true }).click();
    await main.getByText(/files? checked/).waitFor();
    await main.locator('section[aria-labelledby=clear] select').first().selectOption('');
    await main.getByRole('button', { name: /^Clear/ }).click();
    await main.getByRole('button', { name: /^Really clear/ }).click();
    await main.getByText(/files? deleted, .* freed/).waitFor();
    const left = await page.evaluate(async () => (await (await fetch('/api/v1/cache')).json()).files);
    assert.equal(left, 0);
  }));
}
