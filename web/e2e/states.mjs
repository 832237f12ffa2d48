// Pictures of rare states, on a narrow phone and a desktop, light and dark: `node e2e/states.mjs [look]`,
// into FANFARE_SHOTS (default /tmp/fanfare-states). The browser test uses `visit`, too.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeMock } from '../mock/server.mjs';
import { check } from './check.mjs';
import { DESKTOP, enter, openBrowser, OWNER } from './browser.mjs';

export const NARROW = { width: 360, height: 740 };
const LOOKS = [
  { name: 'desktop-dark', viewport: DESKTOP, colorScheme: 'dark' },
  { name: 'desktop-light', viewport: DESKTOP, colorScheme: 'light' },
  { name: 'narrow-dark', viewport: NARROW, colorScheme: 'dark', phone: true, scale: 2 },
  { name: 'narrow-light', viewport: NARROW, colorScheme: 'light', phone: true, scale: 2 },
];

const settled = (page) => page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations === 1).map((one) => one.finished.catch(() => {}))));
const firstLossless = (page) => page.evaluate(async () => (await (await fetch('/api/v1/tracks?limit=200&sort=title')).json()).items.find((one) => one.transcodable && one.title !== 'Busy Song'));
const post = (page, path, body, method = 'POST') => page.evaluate(async ([to, what, how]) => (await fetch(`/api/v1${to}`, { method: how, headers: { 'Content-Type': 'application/json', 'X-Fanfare': '1' }, body: JSON.stringify(what) })).json(), [path, body, method]);

/** Plays a lossless track at medium, and shows its page. */
async function playMedium(page, url) {
  const track = await firstLossless(page);
  await page.evaluate(() => localStorage.setItem('fanfare.quality', '"medium"'));
  await page.goto(`${url}/#/tracks/${track.id}`);
  await page.reload();
  await page.locator('.hero').getByRole('button', { name: 'Play', exact: true }).click();
  await page.locator('audio').evaluate((audio) => new Promise((done) => audio.addEventListener('timeupdate', () => audio.currentTime > 0.3 && done())));
}

/** Name, options of the mock, and the steps to the state; `look(name)` is called at each state to check. */
const STATES = [
  ['found', {}, async ({ page, url, look }) => {
    await page.goto(`${url}/#/?search=a`);
    await page.locator('.row .name').first().waitFor();
    await look('tracks');
  }],
  ['cache-off', { cacheOff: true }, async ({ page, url, look }) => {
    await page.goto(`${url}/#/cache`);
    await page.getByRole('heading', { name: 'The cache is off' }).waitFor();
    await look('cache');
    await playMedium(page, url);
    await page.locator('#transcodes').waitFor();
    await look('playing');
    await page.locator('#transcodes').evaluate((heading) => heading.scrollIntoView({ block: 'center' }));
    await look('transcodes');
    const wide = (page.viewportSize()?.width ?? 0) > 1000;
    if (!wide) {
      await page.getByRole('button', { name: 'Queue', exact: true }).last().click();
      await page.locator('.drawer').waitFor();
      await look('drawer');
      await page.keyboard.press('Escape');
    }
    await page.goto(`${url}/#/settings`);
    await page.locator('#quality').evaluate((heading) => heading.scrollIntoView({ block: 'start' }));
    await look('settings');
    await page.goto(`${url}/#/cache`);
    await page.getByRole('link', { name: 'Open the setting' }).click();
    await page.waitForFunction(() => document.activeElement?.id === 'setting-audio_cache-enabled' || document.activeElement?.id === 'setting-audio_cache.enabled');
    await look('setting');
    const release = (await firstLossless(page)).release.id;
    await page.goto(`${url}/#/releases/${release}`);
    await page.getByRole('button', { name: /^Transcode ahead:/ }).click();
    await page.getByRole('dialog').getByRole('note').waitFor();
    await look('dialog');
  }],
  ['no-encoder', { noEncoder: true }, async ({ page, url, look }) => {
    await page.goto(`${url}/#/cache`);
    await page.locator('.facts').waitFor();
    await look('cache');
    await page.locator('#make').evaluate((heading) => heading.scrollIntoView({ block: 'start' }));
    await look('make');
    await page.goto(`${url}/#/releases/${(await firstLossless(page)).release.id}`);
    await page.getByRole('button', { name: /^Transcode ahead:/ }).click();
    await page.getByRole('dialog').getByRole('note').waitFor();
    await look('dialog');
    await page.keyboard.press('Escape');
    await playMedium(page, url);
    await look('playing');
  }],
  ['cache-empty', { cacheEmpty: true }, async ({ page, url, look }) => {
    await page.goto(`${url}/#/cache`);
    await page.locator('#make').waitFor();
    await look('cache');
  }],
  ['cache-full', { cacheFull: true }, async ({ page, url, look }) => {
    await page.goto(`${url}/#/cache`);
    await page.locator('#make').waitFor();
    await look('cache');
  }],
  ['run', { cacheEmpty: true, tick_ms: 150 }, async ({ page, url, look }) => {
    await page.goto(`${url}/#/cache`);
    await page.getByRole('button', { name: 'Transcode ahead', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/failed so far/).waitFor();
    await look('failing');
    await dialog.getByText(/\d+ cached, \d+ skipped, \d+ failed/).first().waitFor({ timeout: 60_000 });
    await look('failures');
    await page.keyboard.press('Escape');
    await page.goto(`${url}/#/activity`);
    await page.locator('.task', { hasText: 'could not be transcoded' }).first().locator('summary').first().click();
    await page.locator('.task', { hasText: 'could not be transcoded' }).first().evaluate((card) => card.scrollIntoView({ block: 'start' }));
    await look('card');
    const task = await post(page, '/cache/refresh', { scope: { all: true }, qualities: ['high'], workers: 1 });
    await page.goto(`${url}/#/cache`);
    await page.getByRole('button', { name: /Show/ }).first().click();
    await dialog.getByRole('button', { name: 'Stop' }).click();
    await dialog.getByText('cancelled:', { exact: false }).first().waitFor().catch(() => {});
    await look(`stopped`);
    void task;
  }],
  ['no-tapes', { noTapes: true }, async ({ page, url, look }) => {
    await page.goto(`${url}/#/mixtapes`);
    await page.getByRole('heading', { name: 'No mixtape yet' }).waitFor();
    await look('list');
    const made = await post(page, '/mixtapes', { title: 'A title that a listener thought about for a rather long time, until late' });
    await page.goto(`${url}/#/mixtapes/${made.slug}`);
    await page.getByRole('heading', { name: 'No tracks yet' }).waitFor();
    await look('empty-tape');
    await page.goto(`${url}/#/mixtapes/${made.slug}?edit`);
    await page.getByLabel('Notes').fill('x');
    await look('empty-editor');
    await page.evaluate(() => { location.hash = '#/cache'; });
    await page.getByRole('dialog').waitFor();
    await look('leave');
    await page.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
  }],
  ['refused', {}, async ({ page, url, look }) => {
    await page.goto(`${url}/#/mixtapes`);
    await page.locator('.card').first().waitFor();
    await page.goto(`${url}/#/mixtapes/night-train?edit`);
    await page.getByLabel('Notes').fill('Mine.');
    await post(page, '/mixtapes/night-train', { title: 'Night Train, by another user', notes: 'Theirs.' }, 'PATCH');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('button', { name: 'Save over it' }).waitFor();
    await look('conflict');
    await page.route('**/api/v1/mixtapes/night-train', (route) => void route);
    await page.getByRole('button', { name: 'Save over it' }).click();
    await page.getByRole('button', { name: 'Saving…' }).waitFor();
    await look('saving');
    await page.unroute('**/api/v1/mixtapes/night-train');
    await page.goto('about:blank');
    await page.goto(`${url}/#/`);
    await page.locator('.row .name').first().waitFor();
    await page.route('**/api/v1/logout', (route) => route.abort());
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'OK' }).waitFor();
    await look('not-signed-out');
    await page.unroute('**/api/v1/logout');
    await page.getByRole('button', { name: 'OK' }).click();
    await page.route('**/retry', (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Conflict', status: 409, detail: 'the task is not over yet', kind: 'conflict', remedy: 'wait until it is' }) }));
    await post(page, '/cache/warm', { scope: { all: true }, qualities: ['low'], workers: 4 });
    await page.goto(`${url}/#/activity`);
    const again = page.getByRole('button', { name: 'Try again: Tracks transcoded' }).first();
    await again.waitFor();
    await page.locator('.task', { hasText: 'could not be transcoded' }).first().locator('summary').first().click();
    await again.click();
    await page.locator('.task [role=alert]').waitFor();
    await page.locator('.task [role=alert]').evaluate((note) => note.scrollIntoView({ block: 'center' }));
    await look('card');
    await page.unroute('**/retry');
  }],
  ['quarantine', {}, async ({ page, url, look }) => {
    await page.goto(`${url}/#/settings`);
    const section = page.getByRole('region', { name: 'Files without a track' });
    await section.getByText('4 files in the data folder').waitFor();
    await section.evaluate((part) => part.scrollIntoView({ block: 'start' }));
    await look('list');
    await section.getByRole('button', { name: 'Restore as track' }).first().click();
    await section.getByText('is a track again').waitFor();
    await section.getByRole('button', { name: /^Delete all now/ }).click();
    await look('asking');
    await section.getByRole('button', { name: /^Really delete all/ }).click();
    await section.getByText('Every file in the data folder belongs to a track').waitFor();
    await look('none');
    await page.route('**/api/v1/quarantine*', (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Internal', status: 500, detail: 'reading the quarantine: the disk failed', kind: 'io', remedy: 'check the disk' }) }));
    await page.reload();
    await section.getByRole('alert').waitFor();
    await look('failed');
    await page.unroute('**/api/v1/quarantine*');
  }],
  ['disk-full', { storage: { state: 'full', detail: 'the disk of the data folder is full: what is stored still plays, and nothing new is stored', remedy: 'make room on that disk; nothing needs to be restarted' } }, async ({ page, url, look }) => {
    await page.goto(`${url}/#/`);
    await page.getByText('The disk of the data folder is full').waitFor();
    await look('tracks');
    await page.goto(`${url}/#/settings`);
    await page.getByText('Make room on that disk').waitFor();
    await look('settings');
  }],
  ['disk-read-only', { storage: { state: 'read-only', detail: 'the disk of the data folder is read-only: what is stored still plays, and nothing new is stored', remedy: 'look at the system’s log for errors of that disk, and make it writable (`mount -o remount,rw`); nothing needs to be restarted' } }, async ({ page, url, look }) => {
    await page.goto(`${url}/#/`);
    await page.getByText('The disk of the data folder is read-only').waitFor();
    await look('tracks');
  }],
  ['share', {}, async ({ page, url, look, open }) => {
    await page.goto(`${url}/#/mixtapes`);
    await page.locator('.card').first().waitFor();
    const ended = await post(page, '/mixtapes/night-train/shares', { expires: '2026-01-01T00:00:00Z' });
    const locked = await post(page, '/mixtapes/night-train/shares', { password: 'open sesame', download: true, expires_in_days: 1 });
    await page.goto(`${url}/#/mixtapes/night-train`);
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await page.getByRole('dialog').getByRole('region', { name: 'Links' }).waitFor();
    await page.getByRole('dialog').evaluate((dialog) => dialog.scrollTo(0, dialog.scrollHeight));
    await look('links');
    const guest = await open();
    await guest.goto(ended.url);
    await guest.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await look('ended', guest);
    await guest.goto('about:blank');
    await guest.goto(locked.url);
    await guest.getByLabel('Password', { exact: true }).fill('close sesame');
    await guest.getByRole('button', { name: 'Open' }).click();
    await guest.getByRole('alert').waitFor();
    await look('wrong-password', guest);
    await guest.getByLabel('Password', { exact: true }).fill('open sesame');
    await guest.getByRole('button', { name: 'Open' }).click();
    await guest.getByRole('heading', { name: 'Night Train' }).waitFor();
    await guest.getByRole('button', { name: 'Play', exact: true }).click();
    await guest.locator('audio').evaluate((audio) => new Promise((done) => audio.addEventListener('timeupdate', () => audio.currentTime > 0.3 && done())));
    await page.evaluate(async (share) => { await fetch(`/api/v1/mixtapes/night-train/shares/${share}`, { method: 'DELETE', headers: { 'X-Fanfare': '1' } }); }, locked.id);
    await guest.context().route('**/shared/**', (route) => (route.request().url().includes('/audio') ? route.fulfill({ status: 404, body: '' }) : route.continue()));
    await guest.getByRole('button', { name: 'Next', exact: true }).click();
    await guest.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await look('revoked-while-playing', guest);
    await guest.context().unroute('**/shared/**');
    await guest.context().route('**/shared/**', (route) => route.abort());
    await guest.goto('about:blank');
    await guest.goto(ended.url);
    await guest.getByRole('alert').waitFor();
    await look('server-gone', guest);
    await guest.context().unroute('**/shared/**');
    await guest.context().route('**/assets/Share-*.js', (route) => route.abort());
    await guest.goto('about:blank');
    await guest.goto(ended.url);
    await guest.getByRole('button', { name: 'Try again' }).waitFor();
    await look('no-pages', guest);
    await guest.context().unroute('**/assets/Share-*.js');
  }],
];

/** Visits all states in one look; `seen(page, name)` is called at each state to check. */
export async function visit(look, seen, only = '') {
  for (const [state, options, walk] of STATES.filter(([name]) => name.includes(only))) {
    const { server, token } = makeMock({ tick_ms: 60, tracks: 2_000, ...options });
    await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    const url = `http://127.0.0.1:${server.address().port}`;
    const { context, page, close } = await openBrowser(look);
    page.setDefaultTimeout(15_000);
    try {
      await enter(page, { url, link: `${url}/#/welcome/${token}` });
      const open = async () => context.newPage();
      await walk({ page, url, open, look: async (name, where = page) => { await settled(where); await seen(where, `${state}-${name}`); } });
    } catch (error) {
      const shown = await page.evaluate(() => `${location.hash}: ${document.body.innerText.replace(/\s+/g, ' ').slice(0, 400)}`).catch(() => 'nothing');
      throw new Error(`${error.message}\n      what is shown: ${shown}`, { cause: error });
    } finally {
      await close();
      server.closeAllConnections();
      server.close();
    }
  }
}

/** What overflows a narrow page or its dialog, and which texts are faulty. */
export const faults = (page) => page.evaluate(() => {
  const found = [];
  const name = (one) => `${one.tagName.toLowerCase()}.${one.className} "${one.textContent.trim().slice(0, 40)}"`;
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`${wide} px wider than the window`);
  for (const box of document.querySelectorAll('dialog[open], main, .page, .share')) {
    if (box.scrollWidth > box.clientWidth + 1) found.push(`${name(box)} scrolls sideways by ${box.scrollWidth - box.clientWidth} px`);
  }
  for (const one of document.querySelectorAll('button, a, p, h1, h2, h3, select, input:not([type=checkbox], [type=radio], [type=range]), [role=note], [role=alert]')) {
    const box = one.getBoundingClientRect();
    if (box.width > 1 && box.height > 1 && (box.right > innerWidth + 1 || box.left < -1) && one.closest('.unseen, .skip, .drawer') === null) found.push(`${name(one)} ends at ${Math.round(box.right)} px`);
  }
  for (const one of document.querySelectorAll('[role=note], [role=alert], .empty')) {
    if (one.textContent.includes('`')) found.push(`${name(one)} shows its marks`);
    // A sentence with the problem, and another or a link with the remedy.
    if (one.querySelectorAll('p, a, button').length === 0) found.push(`${name(one)} has no remedy`);
  }
  if (/undefined|\[object|NaN/.test(document.body.innerText)) found.push('words that mean nothing here');
  return found;
});

export async function stateChecks() {
  for (const [state] of STATES) {
    await check(`nothing overflows, and a remedy is shown, on a narrow phone: ${state}`, async () => {
      const found = [];
      await visit({ viewport: NARROW, phone: true }, async (page, name) => found.push(...(await faults(page)).map((fault) => `${name}: ${fault}`)), state);
      assert.deepEqual(found, []);
    });
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const folder = process.env.FANFARE_SHOTS ?? '/tmp/fanfare-states';
  mkdirSync(folder, { recursive: true });
  for (const look of LOOKS.filter(({ name }) => name.includes(process.argv[2] ?? ''))) {
    await visit(look, (page, name) => page.screenshot({ path: join(folder, `${name}-${look.name}.png`) }), process.argv[3] ?? '');
  }
  console.log(`pictures in ${folder}, signed in as ${OWNER.name}`);
}
