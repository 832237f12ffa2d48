// Debian's chromium through playwright-core, with a fresh profile, and the server to test against.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { makeMock } from '../mock/server.mjs';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--autoplay-policy=no-user-gesture-required',
];
export const DESKTOP = { width: 1440, height: 900 };
export const TABLET = { width: 1024, height: 768 };
/** The narrowest window with the whole player bar. */
export const NARROW = { width: 920, height: 800 };
export const PHONE = { width: 390, height: 844 };

let noted = null;
/** Browsers opened after this call report their console messages to that function, too. */
export const watchOthers = (note) => void (noted = note);

/** A browser with one profile; call `close()` at the end. */
export async function openBrowser({ viewport = DESKTOP, colorScheme = 'dark', phone = false, scale = 1, serviceWorkers = 'block' } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'fanfare-e2e-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS, viewport, colorScheme, hasTouch: phone, isMobile: phone, deviceScaleFactor: scale, serviceWorkers,
  });
  if (noted !== null) context.on('console', noted);
  const page = context.pages()[0] ?? (await context.newPage());
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, page, close };
}

/** The server named by FANFARE_URL and FANFARE_SETUP_LINK, or a new mock. */
export async function findServer(options = {}) {
  if (process.env.FANFARE_URL) {
    const url = process.env.FANFARE_URL.replace(/\/$/, '');
    return { url, link: process.env.FANFARE_SETUP_LINK ?? null, mock: false, close: async () => {} };
  }
  const { server, token } = makeMock(options);
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, link: `${url}/#/welcome/${token}`, mock: true, close: async () => { server.closeAllConnections(); server.close(); } };
}

export const OWNER = { name: process.env.FANFARE_USER ?? 'ada', password: process.env.FANFARE_PASSWORD ?? 'engines and music' };

/** Drops files onto the window, like a user: `{ name, text }`, or `{ name, base64 }`. */
export async function dropFiles(page, files) {
  const transfer = await page.evaluateHandle((list) => {
    const carried = new DataTransfer();
    for (const { name, text, base64 } of list) {
      const bytes = base64 === undefined ? text : Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      carried.items.add(new File([bytes], name));
    }
    return carried;
  }, files);
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('body', type, { dataTransfer: transfer });
  await transfer.dispose();
}

/** Signs in: with the first-run link if there is one, else with name and password. */
export async function enter(page, server) {
  if (server.link !== null) {
    await page.goto(server.link);
    await page.getByLabel('Name', { exact: true }).fill(OWNER.name);
    await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
    await page.getByLabel('Repeat the password', { exact: true }).fill(OWNER.password);
    await page.getByRole('button', { name: 'Create the owner' }).click();
  } else {
    await page.goto(`${server.url}/`);
    await page.getByLabel('Name', { exact: true }).fill(OWNER.name);
    await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}
