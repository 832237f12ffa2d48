// Buttons that send something: at work they say so and send once; what could not be done is said. And where one is, is said too.

import assert from 'node:assert/strict';
import { check, Skip, until } from './check.mjs';

/** Holds requests of one kind back until they are let go; `seen` counts them. */
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
  await check('where one is stands in the title, and is said when one comes there', async () => {
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
    assert.equal(await playing(), (await page.title()) !== `${name} · Fanfare`, 'what plays stands in front of it');
  });
  await check('a key is made once, however often one presses, and the button says that it works', async () => {
    await page.goto(`${server.url}/#/settings`);
    const section = page.locator('section[aria-labelledby=keys]');
    const hold = await held(page, '**/api/v1/keys', 'POST');
    const name = `Twice ${Date.now().toString(36)}`;
    await section.getByLabel('Name of the key').fill(name);
    await section.getByRole('button', { name: 'Make a key' }).dblclick();
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
  await check('a mixtape is copied once, however often one presses', guarded(async () => {
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
  await check('nothing can be changed while a mixtape is saved, and what was refused is still there', guarded(async () => {
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
  await check('a run of small files that failed in part is tried again, from its card', async () => {
    if (!server.mock) throw new Skip('only the mock has files that fail for certain');
    await send(page, 'POST', '/cache/warm', { scope: { all: true }, qualities: ['low'], workers: 4 });
    await page.goto(`${server.url}/#/activity`);
    const card = page.locator('.task', { hasText: 'could not be made' }).filter({ has: page.getByRole('button', { name: 'Try again: Small files made' }) }).first();
    await card.waitFor({ timeout: 60_000 });
    await card.locator('summary').first().click();
    assert.equal(await card.getByRole('button', { name: /^Try again/ }).count(), 1, 'each by itself would only be heard again');
    const hold = await held(page, '**/retry', 'POST');
    await card.getByRole('button', { name: 'Try again: Small files made' }).dblclick();
    await page.getByRole('button', { name: 'Trying: Small files made' }).waitFor();
    hold.letGo();
    await page.getByRole('article', { name: 'Making small files' }).first().waitFor();
    await hold.off();
    assert.equal(hold.seen, 1);
  });
}
