// A guest with a link, while the server does not answer: the page says so in words for a guest, and offers a retry.

import assert from 'node:assert/strict';
import { openBrowser, PHONE } from './browser.mjs';
import { check, Skip, until } from './check.mjs';

export async function guestChecks(page, server) {
  const made = await page.evaluate(async () => {
    const headers = { 'Content-Type': 'application/json', 'X-Fanfare': '1' };
    const post = async (path, body) => (await fetch(`/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
    const { items } = await (await fetch('/api/v1/tracks?limit=50&sort=artist')).json();
    const tracks = items.filter((one) => one.codec !== 'ape' && one.duration_s > 3).slice(0, 2).map((one) => one.id);
    if (tracks.length < 2) return null;
    const tape = await post('/mixtapes', { title: `Away ${Date.now().toString(36)}`, tracks });
    return { slug: tape.slug, title: tape.title, open: await post(`/mixtapes/${tape.slug}/shares`, {}), locked: await post(`/mixtapes/${tape.slug}/shares`, { password: 'open sesame' }) };
  }).catch(() => null);
  const guarded = (run) => async () => {
    if (made === null) throw new Skip('this server has no mixtape to share');
    const guest = await openBrowser({ viewport: PHONE, phone: true });
    guest.page.setDefaultTimeout(20_000);
    try {
      await run(guest);
    } finally {
      await guest.close();
    }
  };
  const link = (share) => new URL(share.url, server.url).href.replace(/^https?:\/\/[^/]*/, server.url);

  await check('a guest sees that the server does not answer, and can try again', guarded(async ({ context, page: guest }) => {
    await context.route('**/shared/open', (route) => route.abort());
    await guest.goto(link(made.open));
    await guest.getByText('The mixtape does not answer').waitFor();
    assert.doesNotMatch(await guest.getByRole('alert').innerText(), /running|continues/);
    await guest.getByRole('button', { name: 'Try again' }).click();
    await guest.getByText('The mixtape does not answer').waitFor();
    await context.unroute('**/shared/open');
    await guest.getByRole('button', { name: 'Try again' }).click();
    await guest.getByRole('heading', { name: made.title, exact: true }).waitFor();
  }));
  await check('a guest with a password sees it too', guarded(async ({ context, page: guest }) => {
    await guest.goto(link(made.locked));
    await guest.getByLabel('Password', { exact: true }).fill('open sesame');
    await context.route('**/shared/open', (route) => route.abort());
    await guest.getByRole('button', { name: 'Open' }).click();
    await guest.getByText('The mixtape does not answer').waitFor();
    await context.unroute('**/shared/open');
    await guest.getByRole('button', { name: 'Open' }).click();
    await guest.getByRole('heading', { name: made.title, exact: true }).waitFor();
  }));
  await check('a track that failed without the server plays at the next press', guarded(async ({ context, page: guest }) => {
    await guest.goto(link(made.open));
    await guest.getByRole('heading', { name: made.title, exact: true }).waitFor();
    await context.route('**/api/v1/shared/**', (route) => route.abort());
    await guest.getByRole('button', { name: 'Play', exact: true }).click();
    await guest.getByText('The server does not answer. Press play to try again.').waitFor();
    await context.unroute('**/api/v1/shared/**');
    await guest.getByRole('button', { name: 'Play', exact: true }).click();
    await until(guest, 'sound', () => guest.locator('audio').evaluate((audio) => audio.currentTime > 0.2 && !audio.paused));
    assert.equal(await guest.locator('.trouble').count(), 0);
  }));
  await check('pages that could not be loaded show a message and a retry button', guarded(async ({ context, page: guest }) => {
    await context.route('**/assets/Share-*.js', (route) => route.abort());
    await guest.goto(link(made.open));
    await guest.getByRole('alert').getByText('The server does not answer').waitFor();
    await context.unroute('**/assets/Share-*.js');
    await guest.getByRole('button', { name: 'Try again' }).click();
    await guest.getByRole('heading', { name: made.title, exact: true }).waitFor();
  }));
  if (made !== null) await page.evaluate((slug) => fetch(`/api/v1/mixtapes/${slug}`, { method: 'DELETE', headers: { 'X-Fanfare': '1' } }), made.slug);
}
