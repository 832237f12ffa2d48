// `npm run e2e`: the pages in a real browser, against FANFARE_URL (with FANFARE_SETUP_LINK on a fresh server) or the mock.
// FANFARE_SHOTS names a folder for pictures. Needs no particular music: three playable tracks are enough.

import assert from 'node:assert/strict';
import { enter, findServer, openBrowser, OWNER, watchOthers } from './browser.mjs';
import { cacheChecks } from './cache.mjs';
import { check, finish, Skip, until } from './check.mjs';
import { guestChecks } from './guests.mjs';
import { installChecks } from './install.mjs';
import { ladderChecks } from './ladder.mjs';
import { layoutChecks } from './layout.mjs';
import { libraryChecks } from './library.mjs';
import { mixtapeChecks } from './mixtapes.mjs';
import { analysisChecks, parkedChecks } from './parked.mjs';
import { playerChecks } from './player.mjs';
import { pressedChecks } from './pressed.mjs';
import { qualityChecks } from './quality.mjs';
import { takeShots } from './shots.mjs';
import { stateChecks } from './states.mjs';
import { unsavedChecks } from './unsaved.mjs';
import { tabChecks } from './tabs.mjs';
import { uploadChecks } from './uploads.mjs';
import { wireChecks } from './wire.mjs';

const server = await findServer({ tick_ms: 120 });
const { context, page, close } = await openBrowser();
page.setDefaultTimeout(20_000);
const troubles = [];
page.on('pageerror', (error) => troubles.push(`page error: ${error.message}`));
const note = (message) => {
  if (/content security policy|refused to|permissions-policy/i.test(message.text())) troubles.push(`${message.page()?.url()}: ${message.text()}`);
};
context.on('console', note);
watchOthers(note);
page.on('request', (request) => {
  if (!request.url().startsWith(server.url) && !/^(data|blob|about):/.test(request.url())) troubles.push(`request to elsewhere: ${request.url()}`);
});

try {
  await check('a wrong first-run link says what to do', async () => {
    if (server.link === null) throw new Skip('the owner exists already');
    await page.goto(`${server.url}/#/welcome/not-the-token`);
    await page.getByLabel('Name', { exact: true }).fill(OWNER.name);
    await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
    await page.getByLabel('Repeat the password', { exact: true }).fill(OWNER.password);
    await page.getByRole('button', { name: 'Create the owner' }).click();
    await page.getByText('fanfare doctor').waitFor();
    assert.match(await page.locator('main').innerText(), /restart/i);
  });
  await check('the first-run form refuses passwords that differ', async () => {
    if (server.link === null) throw new Skip('the owner exists already');
    await page.getByLabel('Repeat the password', { exact: true }).fill(`${OWNER.password}?`);
    await page.getByRole('button', { name: 'Create the owner' }).click();
    await page.getByText('not the same').waitFor();
  });
  await check('signs in', async () => {
    await enter(page, server);
    server.link = null;
  });
  await check('a scan shows progress', async () => {
    await page.goto(`${server.url}/#/activity`);
    // Records the text of the list at every change.
    await page.evaluate(() => {
      window.seen = [];
      const note = () => {
        for (const card of document.querySelectorAll('.task')) {
          const bar = card.querySelector('[role=progressbar]');
          const line = `${card.getAttribute('aria-label')} ${bar ? `at ${bar.getAttribute('aria-valuenow')}` : 'over'}`;
          if (!window.seen.includes(line)) window.seen.push(line);
        }
      };
      new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      note();
    });
    const button = page.getByRole('button', { name: 'Scan now' });
    if (await button.isEnabled().catch(() => false)) await button.click();
    await until(page, 'two states of progress', () => page.evaluate(() => window.seen.filter((line) => / at \d|over/.test(line)).length >= 2), 60_000);
    console.log(`      ${(await page.evaluate(() => window.seen)).slice(0, 4).join('; ')}`);
  });
  await libraryChecks(page, server);
  await playerChecks(page, server);
  await layoutChecks(page, server);
  await qualityChecks(page, server);
  await cacheChecks(page, context, server);
  await mixtapeChecks(page, server);
  await wireChecks(page, context, server);
  await unsavedChecks(page, server);
  await pressedChecks(page, server);
  await guestChecks(page, server);
  await tabChecks(context, server);
  // They start their own servers, each in another state than this one.
  if (server.mock) await stateChecks();
  await uploadChecks(page, server);
  await parkedChecks(page, server);
  await analysisChecks(page, server);
  await ladderChecks(context, server);
  await check('text from tags is text', async () => {
    const words = process.env.FANFARE_MARKUP ?? 'onerror';
    await page.goto(`${server.url}/#/?search=${encodeURIComponent(words)}`);
    await until(page, 'the search to answer', async () => /found/.test(await page.locator('.title p').first().innerText()));
    if ((await page.locator('.row .name').count()) === 0) throw new Skip(`no track is called "${words}" here`);
    const name = await page.locator('.row .name').first().innerText();
    assert.match(name, /</);
    await page.locator('.row a.name').first().click();
    await page.locator('.hero h1').waitFor();
    assert.equal(await page.locator('.hero h1').innerText(), name);
    assert.equal(await page.evaluate(() => document.querySelectorAll('.hero h1 *, img[onerror], script:not([src])').length), 0);
    assert.equal(await page.evaluate(() => window.pwned), undefined);
  });
  await check('a failed track shows the reason, is analyzed again, and its page updates by itself', async () => {
    if (!server.mock) throw new Skip('only the mock has such a track for certain');
    await page.goto(`${server.url}/#/?search=${encodeURIComponent('Broken Song')}`);
    await until(page, 'the search', async () => (await page.locator('.row .name').first().innerText()) === 'Broken Song');
    await page.locator('.row a.name').first().click();
    await page.getByText('could not analyze this file').waitFor();
    await page.getByText('is cut off').waitFor();
    await page.getByRole('button', { name: 'Analyze again' }).click();
    await page.getByText('Not analyzed yet').waitFor();
    await page.evaluate(() => fetch('/api/v1/scan', { method: 'POST', headers: { 'X-Fanfare': '1' } }));
    await page.getByText('LUFS').waitFor();
  });
  await check('a failed enrichment is repeated without analyzing the track, and its reason disappears', async () => {
    if (!server.mock) throw new Skip('only the mock has such a track for certain');
    await page.goto(`${server.url}/#/?search=Not%20enriched`);
    await until(page, 'the search', async () => (await page.locator('.row .name').first().innerText()) === 'Not enriched');
    await page.locator('.row a.name').first().click();
    await page.getByText('was not enriched').waitFor();
    await page.getByText('was not used as a cover').waitFor();
    await page.getByRole('button', { name: 'Enrich again' }).click();
    await page.getByText('It is being enriched').waitFor();
    await page.getByText('It is being enriched').waitFor({ state: 'detached' });
    assert.equal(await page.getByText('was not enriched').count(), 0);
    assert.equal(await page.getByText('Not analyzed yet').count(), 0);
  });
  await check('every control has a name', async () => {
    for (const place of ['/', '/releases', '/upload', '/catalog', '/mixtapes', '/cache', '/activity', '/settings']) {
      await page.goto(`${server.url}/#${place}`);
      await page.locator('h1').first().waitFor();
      const nameless = await page.evaluate(() => [...document.querySelectorAll('button, a[href], input, select')]
        .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.closest('label') || one.labels?.length))
        .map((one) => one.outerHTML.slice(0, 120)));
      assert.deepEqual(nameless, [], place);
    }
  });
  await check('the page shows when the server stops and when it is back', async () => {
    await context.route('**/api/**', (route) => route.abort());
    await page.goto(`${server.url}/#/artists`);
    await page.getByText('The server does not answer').first().waitFor();
    await context.unroute('**/api/**');
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('The server does not answer').first().waitFor({ state: 'detached' });
    await until(page, 'the artists', async () => /\d artist/.test(await page.locator('.title p').innerText()));
  });
  await check('no user is signed out while the server does not answer', async () => {
    await context.route('**/api/v1/logout', (route) => route.abort());
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are still signed in: the server did not answer').waitFor();
    await context.unroute('**/api/v1/logout');
    await page.getByRole('button', { name: 'OK' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
  });
  await check('an unknown address has a page', async () => {
    await page.goto(`${server.url}/#/no/such/page`);
    await page.getByRole('heading', { name: 'Page not found' }).waitFor();
  });
  await check('the theme is remembered', async () => {
    await page.getByRole('button', { name: 'Light theme' }).click();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.reload();
    await page.getByRole('button', { name: 'Dark theme' }).waitFor();
    assert.equal(await ground(), light);
    await page.getByRole('button', { name: 'Dark theme' }).click();
    assert.notEqual(await ground(), light);
  });
  await check('signs out and in again', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.equal(await page.locator('.bar').count(), 0);
    await page.getByLabel('Name', { exact: true }).fill(OWNER.name);
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await enter(page, server);
  });
  await installChecks(server);
  await check('no violation of the content security policy, no request to another host', async () => assert.deepEqual(troubles, []));
  if (process.env.FANFARE_SHOTS) await check('pictures', () => takeShots(server, process.env.FANFARE_SHOTS));
} finally {
  await close();
  await server.close();
}
process.exitCode = finish();
