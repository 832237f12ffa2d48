// Unsaved changes in the editor of a mixtape are not lost without a question.

import assert from 'node:assert/strict';
import { check, Skip, until } from './check.mjs';

export async function unsavedChecks(page, server) {
  const tape = await page.evaluate(async () => {
    const answer = await fetch('/api/v1/mixtapes');
    return answer.ok ? ((await answer.json()).items.find((one) => one.may_change) ?? null) : null;
  });
  const guarded = (run) => async () => {
    if (tape === null) throw new Skip('this server has no mixtape to edit');
    await run();
  };
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
  const notes = page.getByLabel('Notes');
  const place = () => page.evaluate(() => location.hash);
  const editor = `#/mixtapes/${tape?.slug}?edit`;
  const words = `Unsaved ${Date.now().toString(36)}`;
  const nav = page.getByRole('navigation', { name: 'Main' });
  const still = async () => {
    await dialog.waitFor({ state: 'detached' });
    await until(page, 'the address of the editor', async () => (await place()) === editor);
    assert.equal(await notes.inputValue(), words);
  };

  await check('an editor without changes is left without a question', guarded(async () => {
    await page.goto(`${server.url}/#/mixtapes`);
    await page.goto(`${server.url}/${editor}`);
    await notes.waitFor();
    await nav.getByRole('link', { name: 'Mixtapes' }).click();
    await page.getByRole('heading', { name: 'Mixtapes', exact: true }).waitFor();
    assert.equal(await dialog.count(), 0);
  }));
  await check('a link asks before changes are lost, and a user who stays keeps them', guarded(async () => {
    await page.goto(`${server.url}/${editor}`);
    await notes.fill(words);
    await nav.getByRole('link', { name: 'Mixtapes' }).click();
    await dialog.waitFor();
    // The safe answer has the focus, and Escape is the safe answer too.
    await until(page, 'the focus', () => dialog.getByRole('button', { name: 'Keep editing' }).evaluate((button) => button === document.activeElement));
    await page.keyboard.press('Escape');
    await still();
    await nav.getByRole('link', { name: 'Mixtapes' }).click();
    await dialog.getByRole('button', { name: 'Keep editing' }).click();
    await still();
  }));
  await check('the back button asks too, and then goes back', guarded(async () => {
    await page.evaluate(() => history.back());
    await dialog.getByRole('button', { name: 'Keep editing' }).click();
    await still();
    await page.evaluate(() => history.back());
    await dialog.getByRole('button', { name: 'Leave', exact: true }).click();
    await until(page, 'the page before', async () => (await place()) === '#/mixtapes');
    await page.evaluate(() => history.forward());
    await notes.waitFor();
    assert.notEqual(await notes.inputValue(), words);
  }));
  await check('signing out asks too', guarded(async () => {
    await notes.fill(words);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await dialog.getByRole('button', { name: 'Keep editing' }).click();
    await still();
  }));
  await check('closing or reloading the page asks, by the browser itself', guarded(async () => {
    const asked = new Promise((done) => page.once('dialog', (box) => void box.dismiss().then(() => done(box.type()))));
    await page.evaluate(() => setTimeout(() => location.reload(), 0));
    assert.equal(await asked, 'beforeunload');
    await still();
  }));
  await check('a user who confirms leaves, and saved changes cause no question', guarded(async () => {
    await nav.getByRole('link', { name: 'Cache' }).click();
    await dialog.getByRole('button', { name: 'Leave', exact: true }).click();
    await page.getByRole('heading', { name: 'Cache', exact: true }).waitFor();
    await page.goto(`${server.url}/${editor}`);
    await notes.waitFor();
    const before = await notes.inputValue();
    assert.notEqual(before, words);
    await notes.fill(words);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText(words).waitFor();
    await nav.getByRole('link', { name: 'Mixtapes' }).click();
    await page.getByRole('heading', { name: 'Mixtapes', exact: true }).waitFor();
    assert.equal(await dialog.count(), 0);
    await page.evaluate(async ([slug, text]) => fetch(`/api/v1/mixtapes/${slug}`, { method: 'PATCH', headers: { 'Content-Type': 'application/json', 'X-Fanfare': '1' }, body: JSON.stringify({ notes: text }) }), [tape.slug, before]);
  }));
  const elsewhere = (change) => page.evaluate(async ([slug, body]) => (await fetch(`/api/v1/mixtapes/${slug}`, body === null ? {} : { method: 'PATCH', headers: { 'Content-Type': 'application/json', 'X-Fanfare': '1' }, body: JSON.stringify(body) })).json(), [tape.slug, change]);
  await check('"Discard" asks, and discards when it is meant', guarded(async () => {
    await page.goto(`${server.url}/${editor}`);
    await notes.fill(words);
    await page.getByRole('button', { name: 'Discard' }).click();
    await dialog.getByRole('button', { name: 'Keep editing' }).click();
    await still();
    await page.getByRole('button', { name: 'Discard' }).click();
    await dialog.getByRole('button', { name: 'Leave', exact: true }).click();
    await until(page, 'the mixtape', async () => (await place()) === `#/mixtapes/${tape.slug}`);
    assert.notEqual((await elsewhere(null)).notes, words);
  }));
  await check('a change of another user is not overwritten without a question', guarded(async () => {
    const before = await elsewhere(null);
    const list = before.tracks.map((one) => one.id);
    // Changed before editing starts: the draft starts from that version.
    await elsewhere({ notes: `${words} seen` });
    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await until(page, 'the notes of now', async () => (await notes.inputValue()) === `${words} seen`);
    await notes.fill(words);
    await elsewhere({ tracks: [...list, list[0]] });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Another user changed this mixtape').waitFor();
    assert.deepEqual([await notes.inputValue(), (await elsewhere(null)).notes], [words, `${words} seen`]);
    await page.getByRole('button', { name: 'Load theirs' }).click();
    await until(page, 'what is there', async () => (await notes.inputValue()) === `${words} seen`);
    assert.equal(await page.getByText('Nothing changed yet').count(), 1);
    await notes.fill(words);
    await elsewhere({ title: `${before.title} too` });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('button', { name: 'Save over it' }).click();
    await until(page, 'it to be saved', async () => (await elsewhere(null)).notes === words);
    assert.equal((await elsewhere(null)).tracks.length, list.length + 1);
    await elsewhere({ title: before.title, notes: before.notes, tracks: list });
  }));
}
