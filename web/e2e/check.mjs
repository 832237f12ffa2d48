// The smallest test runner that prints "N passed, N failed": steps run in order and share one page.

import assert from 'node:assert/strict';

let passed = 0;
let failed = 0;
let skipped = 0;
export class Skip extends Error {}

export async function check(name, run) {
  try {
    await run();
    passed += 1;
    console.log(`ok    ${name}`);
  } catch (error) {
    if (error instanceof Skip) {
      skipped += 1;
      console.log(`skip  ${name}: ${error.message}`);
      return;
    }
    failed += 1;
    console.log(`FAIL  ${name}\n      ${String(error?.stack ?? error).split('\n').slice(0, 8).join('\n      ')}`);
  }
}

export function finish() {
  if (skipped > 0) console.log(`${skipped} skipped`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Checks the page on every frame until the condition holds. */
export async function until(page, what, ask, timeout_ms = 30_000) {
  const end = Date.now() + timeout_ms;
  let last;
  while (Date.now() < end) {
    last = await ask();
    if (last) return last;
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
  assert.fail(`waited ${timeout_ms} ms in vain for: ${what} (last answer: ${JSON.stringify(last)})`);
}
