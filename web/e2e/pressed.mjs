// Buttons that send requests: they show progress, send once, and show failures. And the title names the page.

import assert from 'node:assert/strict';
import { check, Skip, until } from './check.mjs';

/** Delays requests of one kind until they are released; `seen` counts them. */
async function held(page, path, method) {
  let open;
  const gate = new Promise((done) => { open = done; });
  const hold = { seen: 0, letGo: () => open(), off: () => page.unroute(path) };
  await page.route(path, async (route) => {
    if (route.request().method() !== method) return route.fallback();
    hold.seen += 1;
    await gate;
    await (hold.instead ? route.fulfill(hold.instead) : route.continue());
  });
  return hold;
}
const send = (page, method, path, body) => page.evaluate(async ([how, to, what]) => {
  const answer = await fetch(`/api/v1${to}`, { method: how, headers: { 'Content-Type': 'application/json', 'X-Fanfare': '1' }, ...(what === undefined ? {} : { body: JSON.stringify(what) }) });
  const text = await answer.text();
  return text === '' ? null : JSON.parse(text);
}, [method, path, body]);

export async function pressedChecks(page, server) {
  const tape = await page.evaluate(async () => {
    const answer = await fetch('/api/v1/mixtapes');
    return answer.ok ? ((await answer.json()).items.find((one) => one.may_change) ?? null) : null;
  });
  const guarded = (run) => async () => {
    if (tape === null) throw new Skip('this server has no mixtape to press about');
    await run();
  };
  await check('the title names the page, and a screen reader is told on arrival', async () => {
    const said = () => page.locator('.arrived').innerText();
    const playing = () => page.locator('audio').evaluate((audio) => !audio.paused).catch(() => false);
    const nav = page.getByRole('navigation', { name: 'Main' });
    await page.goto(`${server.url}/#/`);
    await nav.getByRole('link', { name: 'Artists' }).click();
    await until(page, 'it to be said', async () => (await said()) === 'Artists');
    assert.match(await page.title(), /^(.* · )?Artists · Fanfare$/);
    assert.equal(await page.locator('main').evaluate((main) => main === document.activeElement), true);
    await nav.getByRole('link', { name: 'Tracks' }).click();
    await page.locator('.row a.name').first().waitFor();
    const name = await page.locator('.row a.name').first().innerText();
    await page.locator('.row a.name').first().click();
    await until(page, 'its name to be said', async () => (await said()) === name);
    await until(page, 'its name in the title', async () => (await page.title()).endsWith(`${name} · Fanfare`));
    assert.equal(await playing(), (await page.title()) !== `${name} · Fanfare`, 'the playing track comes first');
  });
  await check('several presses create one key, and the button shows progress', async () => {
    await page.goto(`${server.url}/#/settings`);
    const section = page.locator('section[aria-labelledby=keys]');
    const hold = await held(page, '**/api/v1/keys', 'POST');
    const name = `Twice ${Date.now().toString(36)}`;
    await section.getByLabel('Name of the key').fill(name);
    await section.getByRole('button', { name: 'Create a key' }).dblclick();
    const working = section.getByRole('button', { name: 'One moment…' });
    await working.waitFor();
    assert.equal(await working.isDisabled(), true);
    await page.keyboard.press('Enter');
    hold.letGo();
    await section.getByText('It is not shown again').waitFor();
    await hold.off();
    assert.equal(hold.seen, 1);
    await section.getByRole('button', { name: `Remove: ${name}` }).click();
    await section.getByRole('button', { name: `Really remove?: ${name}` }).click();
    await section.getByRole('button', { name: `Remove: ${name}` }).waitFor({ state: 'detached' });
  });
  await check('several presses copy a mixtape once', guarded(async () => {
    await page.goto(`${server.url}/#/mixtapes/${tape.slug}`);
    const hold = await held(page, '**/duplicate', 'POST');
    await page.getByRole('button', { name: 'Duplicate' }).dblclick();
    await page.getByRole('button', { name: 'Copying…' }).waitFor();
    hold.letGo();
    await until(page, 'the copy', async () => !(await page.evaluate(() => location.hash)).endsWith(`/${tape.slug}`));
    await hold.off();
    assert.equal(hold.seen, 1);
    await send(page, 'DELETE', `/mixtapes/${(await page.evaluate(() => location.hash)).split('/').pop()}`);
  }));
  await check('the editor is locked while a mixtape is saved, and a refused change stays in it', guarded(async () => {
    await page.goto(`${server.url}/#/mixtapes/${tape.slug}?edit`);
    const notes = page.getByLabel('Notes');
    await notes.fill('Held back');
    const hold = await held(page, `**/api/v1/mixtapes/${tape.slug}`, 'PATCH');
    hold.instead = { status: 507, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Insufficient Storage', status: 507, detail: 'the disk is full', kind: 'no-space' }) };
    const save = page.locator('.editor button[type=submit]');
    await save.focus();
    await page.keyboard.press('Enter');
    await until(page, 'it to be sent', () => hold.seen > 0);
    assert.equal(await save.innerText(), 'Saving…');
    assert.equal(await page.locator('.editor').getByRole('button', { name: 'Discard' }).isDisabled(), true);
    assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('textarea, .grip, input[type=file], input[type=search]')].filter((one) => one.closest('[inert]') === null).length), 0);
    hold.letGo();
    await page.getByRole('alert').getByText('The disk is full').waitFor();
    await hold.off();
    assert.deepEqual([hold.seen, await notes.inputValue()], [1, 'Held back']);
    await until(page, 'the focus to be back', () => save.evaluate((button) => button === document.activeElement));
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
  }));
  await check('a transcoding run that failed in part is retried from its card', async () => {
    if (!server.mock) throw new Skip('only the mock has files that fail for certain');
    await send(page, 'POST', '/cache/warm', { scope: { all: true }, qualities: ['low'], workers: 4 });
    await page.goto(`${server.url}/#/activity`);
    const card = page.locator('.task', { hasText: 'could not be transcoded' }).filter({ has: page.getByRole('button', { name: 'Try again: Tracks transcoded' }) }).first();
    await card.waitFor({ timeout: 60_000 });
    await card.locator('summary').first().click();
    assert.equal(await card.getByRole('button', { name: /^Try again/ }).count(), 1, 'a retry of one track would only analyze it again');
    const hold = await held(page, '**/retry', 'POST');
    await card.getByRole('button', { name: 'Try again: Tracks transcoded' }).dblclick();
    await page.getByRole('button', { name: 'Trying: Tracks transcoded' }).waitFor();
    hold.letGo();
    await page.getByRole('article', { name: 'Transcoding tracks' }).first().waitFor();
    await hold.off();
    assert.equal(hold.seen, 1);
  });
}
