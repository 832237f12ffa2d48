// Draws the icons of the installed app from our own mark: `npm run icons` writes public/icon.svg and public/icons/*.png.
// The mark is four bars with round ends, so each pixel's share is the distance to a segment; PNG is written by hand (RFC 2083).

import { mkdirSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';

/** On a square of 32: bars as x, top, bottom. */
const BARS = [[8, 14, 18], [12.5, 11.5, 20.5], [17.5, 8.5, 23.5], [23, 5.5, 26.5]];
const WIDTH = 2.6;
const GROUND = [0x1d, 0x19, 0x15];
const BRASS = [0xe8, 0xb0, 0x4a];
const CORNER = 8;
const hex = (rgb) => `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="${CORNER}" fill="${hex(GROUND)}"/><g fill="none" stroke="${hex(BRASS)}" stroke-width="${WIDTH}" stroke-linecap="round">${
  BARS.map(([x, top, bottom]) => `<path d="M${x} ${top}v${bottom - top}"/>`).join('')}</g></svg>`;

/** The share of a pixel inside a shape whose edge is `distance` away, in pixels. */
const cover = (distance) => Math.min(1, Math.max(0, 0.5 - distance));

/** `round`: with rounded corners on nothing; else the ground fills the square and the mark keeps to the middle (maskable, Apple). */
function draw(size, round) {
  const scale = (size / 32) * (round ? 1 : 0.8);
  const shift = (size - 32 * scale) / 2;
  const rows = Buffer.alloc(size * (size * 4 + 1));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [px, py] = [x + 0.5, y + 0.5];
      const bar = Math.max(...BARS.map(([at, top, bottom]) => {
        const [cx, low, high] = [shift + at * scale, shift + top * scale, shift + bottom * scale];
        return cover(Math.hypot(px - cx, py - Math.min(high, Math.max(low, py))) - (WIDTH / 2) * scale);
      }));
      const radius = (CORNER / 32) * size;
      const [dx, dy] = [Math.max(radius - px, px - (size - radius), 0), Math.max(radius - py, py - (size - radius), 0)];
      const ground = round ? cover(Math.hypot(dx, dy) - radius) : 1;
      const at = y * (size * 4 + 1) + 1 + x * 4;
      for (let part = 0; part < 3; part++) rows[at + part] = Math.round(GROUND[part] * (1 - bar) + BRASS[part] * bar);
      rows[at + 3] = Math.round(255 * ground);
    }
  }
  const chunk = (name, bytes) => {
    const body = Buffer.concat([Buffer.from(name, 'latin1'), bytes]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(bytes.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body) >>> 0, body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8); // 8 bits, red green blue alpha
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

const place = new URL('../public/', import.meta.url);
mkdirSync(new URL('icons/', place), { recursive: true });
writeFileSync(new URL('icon.svg', place), `${svg}\n`);
for (const [name, size, round] of [['icon-192', 192, true], ['icon-512', 512, true], ['maskable-512', 512, false], ['apple-180', 180, false]]) {
  writeFileSync(new URL(`icons/${name}.png`, place), draw(size, round));
}
