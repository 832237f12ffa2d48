// `npm run shots`: pictures of every page, desktop, tablet, narrow window and phone, light and dark, into FANFARE_SHOTS (default /tmp/fanfare-shots).

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DESKTOP, dropFiles, enter, findServer, NARROW, openBrowser, OWNER, PHONE, TABLET } from './browser.mjs';

/** Few enough to review, and different enough to show every state. */
const UPLOADS = ['Morning Birds.flac', 'Old Tape, Side B.flac', 'broken.flac', 'shopping list.mp3', 'Late Signal.wav'].map((name, index) => ({
  name, text: `${name.startsWith('shopping') ? 'milk and bread' : `RIFF${index}${name.startsWith('broken') ? 'broken' : ''}`}${'.'.repeat(4000)}`,
}));
const only = process.argv[2] ?? '';
const LOOKS = [
  { name: 'desktop-dark', viewport: DESKTOP, colorScheme: 'dark' },
  { name: 'desktop-light', viewport: DESKTOP, colorScheme: 'light' },
  { name: 'tablet-dark', viewport: TABLET, colorScheme: 'dark' },
  { name: 'tablet-light', viewport: TABLET, colorScheme: 'light' },
  { name: 'narrow-dark', viewport: NARROW, colorScheme: 'dark' },
  { name: 'narrow-light', viewport: NARROW, colorScheme: 'light' },
  { name: 'phone-dark', viewport: PHONE, colorScheme: 'dark', phone: true, scale: 2 },
  { name: 'phone-light', viewport: PHONE, colorScheme: 'light', phone: true, scale: 2 },
].filter((look) => look.name.includes(only));

export async function takeShots(server, folder, looks = LOOKS) {
  mkdirSync(folder, { recursive: true });
  for (const look of looks) {
    const { page, close } = await openBrowser(look);
    const shot = (name) => page.screenshot({ path: join(folder, `${name}-${look.name}.png`) });
    const go = async (hash, ready) => {
      await page.goto(`${server.url}/#${hash}`);
      await page.locator(ready).first().waitFor();
      await page.evaluate(() => {
        const inView = (image) => image.getBoundingClientRect().top < innerHeight && image.getBoundingClientRect().left < innerWidth;
        return Promise.all([document.fonts.ready, ...[...document.images].filter(inView).map((image) => image.decode().catch(() => {}))]);
      });
    };
    const see = async (what, name) => {
      if ((await page.locator(what).count()) === 0) return;
      await page.locator(what).evaluate((heading) => heading.scrollIntoView({ block: 'start' }));
      await shot(name);
    };
    const open = async (what, name) => {
      if ((await page.locator(what).count()) === 0) return; // this library has none
      await page.locator(what).first().click();
      await page.locator('.row .name').first().waitFor();
      await shot(name);
    };
    try {
      await page.goto(server.link ?? server.url);
      await page.getByRole('button').first().waitFor();
      await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));
      await shot('welcome');
      await enter(page, server);
      server.link = null; // used
      await page.locator('.row .name').first().waitFor();
      await shot('library');
      await page.locator('.row .name').nth(2).waitFor();
      const name = page.locator('.row:has(.name)').nth(2);
      await name.click({ position: { x: 8, y: 8 } });
      await page.locator('audio').evaluate((audio) => new Promise((done) => audio.addEventListener('timeupdate', () => audio.currentTime > 0.3 && done())));
      await shot('library-playing');
      const id = await page.evaluate(() => JSON.parse(localStorage.getItem('fanfare.queue')).entries[0].track.id);
      await page.locator('audio').evaluate((audio) => { audio.currentTime = audio.duration * 0.4; });
      await go(`/tracks/${id}`, '.block');
      await page.locator('#key').waitFor();
      await shot('track');
      await page.locator('.page').evaluate((element) => element.scrollTo(0, element.scrollHeight));
      await shot('track-below');
      await page.getByRole('button', { name: 'Queue', exact: true }).last().click();
      await page.locator('.drawer').waitFor();
      await page.locator('.drawer').evaluate((element) => Promise.all(element.getAnimations().map((one) => one.finished)));
      await shot('player-queue');
      await page.keyboard.press('Escape');
      await go('/artists', '.artist .name, .empty');
      await shot('artists');
      await open('.artist:has-text("track") .name', 'artist');
      await go('/releases', 'a.card, .empty');
      await shot('releases');
      await open('a.card', 'release');
      if (server.mock) {
        await page.getByRole('button', { name: /^Transcode ahead:/ }).click();
        await page.getByRole('dialog').waitFor();
        await page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations === 1).map((one) => one.finished.catch(() => {}))));
        await shot('make-ready');
        await page.getByRole('button', { name: 'Not now' }).click();
      }
      if (server.mock) {
        await go('/mixtapes', '.card');
        await shot('mixtapes');
        await go('/mixtapes/night-train', 'ol .title');
        await shot('mixtape');
        await go('/mixtapes/night-train?edit', '.grip');
        await page.getByRole('region', { name: 'Add tracks' }).getByRole('searchbox').fill('almeida');
        await page.getByRole('button', { name: /^Add / }).first().waitFor();
        await shot('mixtape-edit');
        await page.locator('.page').evaluate((element) => element.scrollTo(0, element.scrollHeight));
        await shot('mixtape-edit-below');
        await go('/mixtapes/night-train', 'ol .title');
        await page.getByRole('button', { name: 'Share', exact: true }).click();
        await page.getByRole('button', { name: 'Make a link' }).click();
        const link = await page.getByLabel('Link', { exact: true }).inputValue();
        await page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations === 1).map((one) => one.finished.catch(() => {}))));
        await shot('mixtape-share');
        await page.getByRole('button', { name: 'Close' }).click();
        const guest = await page.context().newPage();
        await guest.goto(link);
        await guest.getByRole('button', { name: 'Play', exact: true }).click();
        await guest.locator('audio').evaluate((audio) => new Promise((done) => audio.addEventListener('timeupdate', () => audio.currentTime > 0.3 && done())));
        await guest.locator('audio').evaluate((audio) => { audio.currentTime = audio.duration * 0.3; });
        await guest.waitForFunction(() => document.querySelector('.seek span').textContent !== '0:00');
        await guest.screenshot({ path: join(folder, `share-${look.name}.png`) });
        await guest.goto(`${server.url}/s/#not-a-link-at-all`);
        await guest.getByRole('heading', { name: 'This link does not work' }).waitFor();
        await guest.screenshot({ path: join(folder, `share-gone-${look.name}.png`) });
        await guest.close();
      }
      await go('/cache', '.facts, .empty');
      await shot('cache');
      if (server.mock) {
        await page.locator('.page').evaluate((element) => element.scrollTo(0, element.scrollHeight));
        await shot('cache-below');
        await page.getByRole('button', { name: 'Transcode ahead', exact: true }).click();
        await page.getByRole('dialog').locator('li.cached, li.skipped').nth(4).waitFor();
        await shot('cache-run');
        await page.getByRole('button', { name: 'Continue in the background' }).click();
      }
      await go('/activity', '.counts');
      await page.locator('.task').first().waitFor();
      await shot('activity');
      await see('#parked', 'activity-parked');
      await page.locator('.task summary').first().click();
      await shot('tasks-open');
      await go('/settings', '#listening');
      await shot('settings');
      await see('#folders', 'settings-folders');
      await see('#quarantine', 'settings-quarantine');
      for (const part of ['background', 'uploads', 'identify']) await see(`#group-${part}`, `settings-${part}`);
      await go('/upload', '.drop');
      await shot('upload-empty');
      if (server.mock) {
        await dropFiles(page, UPLOADS.map((one) => ({ ...one, text: one.text + look.name })));
        await page.locator('.upload[data-step=ready]').first().waitFor();
        await shot('upload');
        await page.locator('.upload[data-step=ready] a.name').first().click();
        await page.locator('#own').waitFor();
        await page.getByRole('switch', { name: 'Public' }).click();
        await page.locator('#feel').waitFor();
        await shot('track-upload');
        await page.locator('#own').evaluate((heading) => heading.scrollIntoView({ block: 'end' }));
        await shot('track-upload-below');
        await go('/?search=Not%20enriched', '.row .warn');
        await shot('warned-list');
        await page.locator('.row a[aria-label^="Open"], .row a.name').first().click();
        await page.locator('.note').first().waitFor();
        await shot('warned-track');
      }
      await go('/catalog', '.track .name, .empty');
      await shot('catalog');
      await go('/?search=zzzz', '.empty');
      await shot('empty');
      await go('/nowhere', '.empty');
      await shot('missing');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await go('/catalog', '.track .name, .empty');
      await shot('catalog-outside');
      await go('/', 'form');
      await shot('sign-in');
    } finally {
      await close();
    }
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const since = new Date(Date.now() - 2 * 86_400_000).toISOString();
  const missing = {
    missing: 214, missing_since: since, removed_from: new Date(Date.now() + 28 * 86_400_000).toISOString(), away: [{ path: 'Archive', since, reason: 'other_file_system' }],
  };
  const server = await findServer({ tick_ms: 700, missing });
  try {
    await takeShots(server, process.env.FANFARE_SHOTS ?? '/tmp/fanfare-shots');
    console.log(`pictures of ${LOOKS.length} looks taken, signed in as ${OWNER.name}`);
  } finally {
    await server.close();
  }
}
