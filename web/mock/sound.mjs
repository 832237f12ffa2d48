// Audio, waveform and cover of a made-up track, computed from its number: any byte range without the rest.

import { random } from './catalog.mjs';

const RATE_HZ = 22_050;
const HEADER_BYTES = 44;
const numberOf = (track) => parseInt(track.id.slice(-8), 16);

/** The level of the track at a position (0..1): sections, then beats. */
function envelope(track) {
  const roll = random(numberOf(track) + 1);
  const sections = Array.from({ length: 9 }, (_, index) => (index === 0 || index === 8 ? 0.25 : 0.35 + roll() * 0.6));
  const beats = ((track.tempo_bpm ?? 96) / 60) * track.duration_s;
  return (place) => {
    const at = place * 8;
    const low = Math.min(7, Math.floor(at));
    const blend = (1 - Math.cos((at - low) * Math.PI)) / 2;
    const section = sections[low] * (1 - blend) + sections[low + 1] * blend;
    const fade = Math.min(1, place * 40, (1 - place) * 18);
    return section * fade * (0.55 + 0.45 * Math.exp(-4 * ((place * beats) % 1)));
  };
}

export function waveform(track) {
  const level = envelope(track);
  const roll = random(numberOf(track) + 2);
  const peaks = Array.from({ length: 800 }, (_, column) => Math.min(1, level((column + 0.5) / 800) * (0.75 + roll() * 0.5)));
  const rms = peaks.map((peak) => peak * (0.42 + roll() * 0.12));
  // Bass drops out in the middle, treble rises slowly: levels of -60 to 0 dBFS in 0 to 255.
  const bands = rms.map((value, column) => {
    const place = column / 800;
    const tilt_db = [place > 0.45 && place < 0.55 ? -40 : -4 - roll() * 3, -9 - roll() * 4, -20 + 8 * place - roll() * 4, -34 + 16 * place - roll() * 5];
    return tilt_db.map((db) => Math.round(Math.min(1, Math.max(0, 1 + (20 * Math.log10(value + 1e-6) + db) / 60)) * 255));
  });
  return { columns: 800, peaks, rms, bands, duration_s: track.duration_s };
}

export function wavBytes(track) {
  return HEADER_BYTES + Math.floor(track.duration_s * RATE_HZ) * 2;
}

/** Bytes [from, to) of the WAV file. */
export function wavSlice(track, from, to) {
  const size = wavBytes(track);
  const out = Buffer.alloc(to - from);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0);
  header.writeUInt32LE(size - 8, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE_HZ, 24);
  header.writeUInt32LE(RATE_HZ * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(size - HEADER_BYTES, 40);
  if (from < HEADER_BYTES) header.copy(out, 0, from, Math.min(to, HEADER_BYTES));
  const level = envelope(track);
  const base = 110 * 2 ** ((numberOf(track) % 12) / 12);
  for (let at = Math.max(from, HEADER_BYTES); at < to; at++) {
    const frame = (at - HEADER_BYTES) >> 1;
    const t = frame / RATE_HZ;
    const chord = Math.sin(6.2832 * base * t) + 0.6 * Math.sin(6.2832 * base * 1.5 * t) + 0.4 * Math.sin(6.2832 * base * 2.5 * t);
    const value = Math.max(-32768, Math.min(32767, Math.round(chord * 0.45 * level(t / track.duration_s) * 20_000)));
    out[at - from] = (at - HEADER_BYTES) & 1 ? (value >> 8) & 255 : value & 255;
  }
  return out;
}

/** A drawn cover (an SVG: the real server sends only JPEG). */
export function coverSvg(number) {
  const roll = random(number * 31 + 5);
  const hue = Math.floor(roll() * 360);
  const other = (hue + 30 + Math.floor(roll() * 150)) % 360;
  const shapes = Array.from({ length: 5 }, (_, index) => {
    const fill = `hsl(${index % 2 ? hue : other} ${35 + roll() * 35}% ${25 + roll() * 50}%)`;
    return roll() < 0.5
      ? `<circle cx="${roll() * 600}" cy="${roll() * 600}" r="${60 + roll() * 240}" fill="${fill}" opacity=".85"/>`
      : `<rect x="${roll() * 400 - 100}" y="${roll() * 400}" width="${150 + roll() * 500}" height="${40 + roll() * 300}" fill="${fill}" opacity=".85" transform="rotate(${roll() * 60 - 30} 300 300)"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="600"><rect width="600" height="600" fill="hsl(${hue} 30% 22%)"/>${shapes.join('')}</svg>`;
}
