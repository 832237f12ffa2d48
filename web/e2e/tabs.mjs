// Many tabs of one browser: each loads, and each gets the events (issue 12: the seventh never loaded).

import assert from 'node:assert/strict';
import { check, until } from './check.mjs';

const TABS = 8;

export async function tabChecks(context, server) {
  await check(`${TABS} tabs all load, and all see a scan that one of them starts`, async () => {
    const tabs = [];
    try {
      for (let number = 0; number < TABS; number += 1) {
        const tab = await context.newPage();
        tab.setDefaultTimeout(20_000);
        tabs.push(tab);
        await tab.goto(`${server.url}/#/activity`);
        await tab.locator('h1').first().waitFor();
        await tab.locator('.task').first().waitFor();
      }
      const before = await Promise.all(tabs.map((tab) => tab.locator('.task').count()));
      const task = await tabs[0].evaluate(async () => (await (await fetch('/api/v1/scan', { method: 'POST', headers: { 'X-Fanfare': '1' } })).json()).id);
      assert.ok(task);
      for (const [number, tab] of tabs.entries()) {
        await until(tab, `tab ${number + 1} to see the scan (${before[number]} tasks before)`, async () => (await tab.locator('.task').count()) > before[number]);
      }
      // The first tab opened the stream; the others continue without it.
      await tabs.shift().close();
      const shown = await tabs.at(-1).locator('.task').count();
      const status = await tabs[0].evaluate(async () => (await fetch('/api/v1/scan', { method: 'POST', headers: { 'X-Fanfare': '1' } })).status);
      assert.equal(status, 202);
      await until(tabs.at(-1), 'the last tab to see another scan', async () => (await tabs.at(-1).locator('.task').count()) > shown);
      await until(tabs.at(-1), 'the last tab to load a page of its own', async () => {
        await tabs.at(-1).goto(`${server.url}/#/settings`);
        return (await tabs.at(-1).locator('h1').count()) > 0;
      });
    } finally {
      for (const tab of tabs) await tab.close();
    }
  });
  await check('a tab that starts to play pauses the others, and they show it', async () => {
    const [first, second] = [await context.newPage(), await context.newPage()];
    const plays = (tab) => tab.locator('audio').first().evaluate((audio) => !audio.paused && audio.currentTime > 0).catch(() => false);
    try {
      for (const tab of [first, second]) {
        await tab.goto(`${server.url}/#/`);
        await tab.locator('.row .name').first().waitFor();
        await tab.getByRole('button', { name: 'Play all' }).click();
        await until(tab, 'sound', () => plays(tab));
      }
      await until(first, 'the first tab to pause', () => first.locator('audio').first().evaluate((audio) => audio.paused));
      await first.getByText('Music now plays in another tab').waitFor();
      assert.equal(await plays(second), true);
    } finally {
      await first.close();
      await second.close();
    }
  });
}
