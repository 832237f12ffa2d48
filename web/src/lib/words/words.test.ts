import { expect, test } from 'vitest';
import { field, neighbours, parseCamelot } from './camelot';
import { formatLine, keyName, loudnessWords, truePeakWords } from './explain';
import { ago, ahead, bytes, clock, count, decimal, kilohertz, signed, span, spokenClock } from './format';
import { hash, initials } from './hash';
import type { Track } from '../api/types';

test.each([[0, '0:00'], [61.9, '1:01'], [3723, '1:02:03'], [-3, '0:00'], [null, '–:––'], [Infinity, '–:––']])('clock(%s)', (seconds, text) => expect(clock(seconds)).toBe(text));
test.each([[decimal(-9.26), '−9.3'], [decimal(-0.01), '0.0'], [signed(2.44), '+2.4'], [signed(-3), '−3.0'], [signed(0), '0.0'], [kilohertz(44_100), '44.1 kHz'], [kilohertz(48_000), '48 kHz'],
  [bytes(900), '900 B'], [bytes(35_000_000), '35 MB'], [bytes(1_500), '1.5 kB'], [span(600), '10 min'], [span(3600 * 5 + 600), '5 h 10 min'], [span(86_400 * 260), '260 days'], [count(100_000), '100,000'],
  [spokenClock(61), '1 minute 1 second'], [spokenClock(5), '5 seconds']])('%s', (made, text) => expect(made).toBe(text));
test.each([['2026-01-01T00:00:00Z', 'just now'], ['2025-12-31T23:15:00Z', '45 min ago'], ['2025-12-31T20:00:00Z', '4 h ago'], ['2025-12-30T20:00:00Z', 'yesterday'], ['nonsense', '']])('ago(%s)', (when, text) =>
  expect(ago(when, Date.parse('2026-01-01T00:00:20Z'))).toBe(text));
test.each([['2026-01-01T00:00:10Z', 'now'], ['2026-01-01T00:30:00Z', 'in 30 min'], ['2026-01-01T07:40:00Z', 'in 8 h'], ['nonsense', '']])('ahead(%s)', (when, text) =>
  expect(ahead(when, Date.parse('2026-01-01T00:00:00Z'))).toBe(text));
test.each([['8A', ['7A', '9A', '8B']], ['1B', ['12B', '2B', '1A']], ['12A', ['11A', '1A', '12B']], ['x', []]])('%s mixes with its neighbours', (code, near) => expect(neighbours(code)).toEqual(near));
test('only the 24 codes are codes', () => expect(['0A', '13B', '8C', '8'].map(parseCamelot)).toEqual([null, null, null, null]));
test('a field of the wheel is a closed path', () => expect(field({ hour: 12, letter: 'B' })).toMatch(/^M.*A97 97.*A71 71.*Z$/));
test('signs of keys', () => expect([keyName('F# minor'), keyName('Bb major'), keyName('A minor')]).toEqual(['F♯ minor', 'B♭ major', 'A minor']));
test('words for numbers cover every number', () => {
  for (const lufs of [-70, -23, -18, -14, -10, -5, 0]) expect(loudnessWords(lufs)).toMatch(/\.$/);
  expect(truePeakWords(0.5)).toContain('Above full scale');
});
test.each([['The Blue Train', 'BT'], ['Śpiew', 'Ś'], ['', ''], ['藤本 陽子', '藤陽'], ['of', '']])('initials of %s', (title, letters) => expect(initials(title)).toBe(letters));
test('a colour is the same for the same words', () => expect([hash('a'), hash('')]).toEqual([0xe40c292c, 0x811c9dc5]));
test('one line about a file', () => {
  const base = { codec: 'flac', sample_rate_hz: 96_000, bit_depth: 24, lossless: true, channels: 2, bitrate_bps: 1 } as Track;
  expect(formatLine(base)).toBe('FLAC · 96 kHz · 24 bit · stereo');
  expect(formatLine({ ...base, codec: 'mp3', lossless: false, bitrate_bps: 256_000 })).toBe('MP3 · 96 kHz · 256 kbit/s · stereo');
});
