// The list: rows without gaps, search, sort, keyboard.

import assert from 'node:assert/strict';
import { check, Skip, until } from './check.mjs';

const rows = (page) => page.locator('.row .name');

export async function libraryChecks(page, server) {
  await check('the library lists tracks', async () => {
    await page.goto(`${server.url}/#/`);
    await until(page, 'three tracks', async () => (await rows(page).count()) >= 3, 60_000);
  });
  await check('scrolling leaves no empty rows', async () => {
    const scroller = page.locator('.scroller');
    for (const place of [0.5, 0.93, 0.2, 1, 0]) {
      await scroller.evaluate((element, to) => element.scrollTo(0, to * element.scrollHeight), place);
      await until(page, `rows at ${place}`, () => scroller.evaluate((element) => {
        const view = element.getBoundingClientRect();
        const shown = [...element.querySelectorAll('.row')].filter((row) => {
          const box = row.getBoundingClientRect();
          return box.bottom > view.top && box.top < view.bottom;
        });
        return shown.length > 2 && shown.every((row) => row.querySelector('.name') !== null);
      }));
    }
  });
  await check('search as you type keeps the focus and counts', async () => {
    const title = (await rows(page).first().innerText()).replace(/["<>]/g, ' ').trim();
    const word = title.split(/\s+/).sort((a, b) => b.length - a.length)[0];
    await page.keyboard.press('/');
    const field = page.getByRole('searchbox');
    assert.equal(await field.evaluate((element) => element === document.activeElement), true);
    await page.keyboard.type(word, { delay: 15 });
    await until(page, 'a count', async () => /\d.*found/.test(await page.locator('.title p').innerText()));
    await until(page, 'only matching rows', async () => {
      const texts = await page.locator('.row .cells').evaluateAll((cells) => cells.map((one) => one.textContent.toLowerCase()));
      return texts.length > 0 && texts.every((text) => text.includes(word.toLowerCase().slice(0, 3)));
    });
    assert.equal(await field.inputValue(), word);
    assert.equal(await field.evaluate((element) => element === document.activeElement), true);
  });
  await check('an empty result shows a message and can be cleared', async () => {
    await page.getByRole('searchbox').fill('qqzzxxqq');
    await page.getByText('No track found for').waitFor();
    await page.getByRole('button', { name: 'Clear search' }).click();
    await until(page, 'all tracks again', async () => (await rows(page).count()) >= 3);
  });
  await check('headers sort, and announce the order', async () => {
    const header = page.getByRole('columnheader', { name: 'Title' });
    const first = async () => (await rows(page).first().innerText()).trim();
    await header.getByRole('button').click();
    await until(page, 'ascending', async () => (await header.getAttribute('aria-sort')) === 'ascending');
    const low = await until(page, 'the list in order', first);
    await header.getByRole('button').click();
    await until(page, 'descending', async () => (await header.getAttribute('aria-sort')) === 'descending');
    await until(page, 'another first row', async () => (await first()) !== low);
  });
  await check('arrow keys, Home and End move through the list', async () => {
    const grid = page.getByRole('grid', { name: 'Tracks' });
    await grid.focus();
    const active = () => grid.evaluate((element) => {
      const row = document.getElementById(element.getAttribute('aria-activedescendant'));
      return row === null ? null : Number(row.getAttribute('aria-rowindex'));
    });
    const count = Number(await grid.getAttribute('aria-rowcount'));
    await page.keyboard.press('Home');
    assert.equal(await active(), 1);
    await page.keyboard.press('ArrowDown');
    assert.equal(await active(), 2);
    await page.keyboard.press('End');
    await until(page, 'the last row', async () => (await active()) === count);
    await page.keyboard.press('Home');
    await until(page, 'the first row', async () => (await active()) === 1);
  });
  await check('going back restores the scroll position', async () => {
    const scroller = page.locator('.scroller');
    const room = await scroller.evaluate((element) => element.scrollHeight - element.clientHeight);
    if (room < 20_000) throw new Skip('the list is too short to scroll');
    const place = Math.min(room, 40_000);
    await scroller.evaluate((element, to) => element.scrollTo(0, to), place);
    await until(page, 'rows at that place', async () => {
      const row = page.locator('.row:has(a.name)').first();
      return (await row.count()) > 0 && Number(await row.getAttribute('aria-rowindex', { timeout: 1000 }).catch(() => 0)) > 100;
    });
    await page.locator('.row a.name').nth(4).evaluate((link) => link.click());
    await page.locator('.hero').waitFor();
    await page.goBack();
    await until(page, 'the place', async () => Math.abs((await scroller.evaluate((element) => element.scrollTop)) - place) < 2);
  });
  await check('artists and releases open', async () => {
    await page.goto(`${server.url}/#/releases`);
    await page.locator('a.card, .empty').first().waitFor();
    if ((await page.locator('a.card').count()) === 0) throw new Skip('no releases here');
    const title = await page.locator('a.card .title').first().innerText();
    await page.locator('a.card').first().click();
    await until(page, 'its page', async () => (await page.locator('h1').innerText()) === title);
    await page.locator('.level', { hasText: /album gain/i }).waitFor();
    await page.goto(`${server.url}/#/artists`);
    await page.locator('.artist', { hasText: /\d tracks?/ }).locator('.name').first().click();
    await rows(page).first().waitFor();
  });
}
