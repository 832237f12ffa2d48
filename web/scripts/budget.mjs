// Fails when the built pages weigh more than they may: run by `npm run build`.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const CODE_BUDGET_BYTES = 150_000; // scripts, styles and the page itself, compressed
const LADDER_BUDGET_BYTES = 130_000; // hls.js, loaded only by browsers that play a ladder, when they do
const FONT_BUDGET_BYTES = 120_000; // woff2 is compressed already

const dist = new URL('../dist', import.meta.url).pathname;
let code = 0;
let fonts = 0;
let ladder = 0;
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const bytes = readFileSync(join(entry.parentPath, entry.name));
  if (/\.woff2$/.test(entry.name)) fonts += bytes.length;
  else if (/^ladder-.*\.js$/.test(entry.name)) ladder += gzipSync(bytes, { level: 9 }).length;
  else if (/\.(js|css|html|svg)$/.test(entry.name)) code += gzipSync(bytes, { level: 9 }).length;
}
const line = (name, bytes, budget) =>
  console.log(`${name}: ${(bytes / 1000).toFixed(1)} kB of ${budget / 1000} kB compressed`);
line('code', code, CODE_BUDGET_BYTES);
line('ladder', ladder, LADDER_BUDGET_BYTES);
line('fonts', fonts, FONT_BUDGET_BYTES);
if (code > CODE_BUDGET_BYTES || fonts > FONT_BUDGET_BYTES || ladder > LADDER_BUDGET_BYTES) {
  console.error('over budget: find what grew with `npx vite build --sourcemap`, or argue for a new budget');
  process.exit(1);
}
