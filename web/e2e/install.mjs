// The pages as an app: the requirements of browsers to install them, and one page for an unreachable server.

import assert from 'node:assert/strict';
import { openBrowser, PHONE } from './browser.mjs';
import { check, until } from './check.mjs';

export async function installChecks(server) {
  const { context, page, close } = await openBrowser({ viewport: PHONE, phone: true, serviceWorkers: 'allow' });
  const troubles = [];
  page.on('console', (message) => {
    if (/content security policy|refused to|permissions-policy/i.test(message.text())) troubles.push(message.text());
  });
  try {
    await check('the browser finds no reason against installing the pages', async () => {
      await page.goto(`${server.url}/`);
      await page.getByRole('button').first().waitFor();
      await page.evaluate(() => navigator.serviceWorker.ready.then((worker) => worker.active !== null));
      const session = await context.newCDPSession(page);
      const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
      // A private window cannot install anything.
      assert.deepEqual(installabilityErrors.map((one) => one.errorId).filter((one) => one !== 'in-incognito'), []);
      const icons = await page.evaluate(async () => {
        const manifest = await (await fetch('/manifest.webmanifest')).json();
        return Promise.all(manifest.icons.map((icon) => new Promise((done, fail) => {
          const image = new Image();
          image.onload = () => done([icon.sizes, `${image.naturalWidth}x${image.naturalHeight}`]);
          image.onerror = () => fail(new Error(icon.src));
          image.src = icon.src;
        })));
      });
      for (const [said, is] of icons) if (said !== 'any') assert.equal(is, said);
    });
    await check('without the server there is one page that says so, and no stale data', async () => {
      await page.reload();
      await page.getByRole('button').first().waitFor();
      await context.setOffline(true);
      await page.reload();
      await page.getByRole('heading', { name: 'The server does not answer' }).waitFor();
      const kept = await page.evaluate(async () => Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname))));
      assert.deepEqual(kept.map((names) => names.sort()), [['/offline.css', '/offline.html']]);
      // Its styles come from the file next to it.
      assert.equal(await page.evaluate(() => getComputedStyle(document.body).display), 'grid');
      await context.setOffline(false);
      await page.getByRole('link', { name: 'Try again' }).click();
      await until(page, 'the pages again', async () => (await page.getByRole('button').count()) > 0);
      assert.deepEqual(troubles, []);
    });
  } finally {
    await close();
  }
}
