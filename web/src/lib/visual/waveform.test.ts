import { expect, test } from 'vitest';
import { barCount, bars, placeAt, seekForKey } from './waveform';

test('bars keep the largest peak and the mean RMS', () => {
  const wave = { peaks: [0.1, 0.9, 0.2, 0.4], rms: [0.1, 0.3, 0.2, 0.2] };
  expect(bars(wave, 2).map((bar) => [bar.peak, Math.round(bar.rms * 100) / 100])).toEqual([[0.9, 0.2], [0.4, 0.2]]);
});
test('more bars than columns repeat columns; none give none', () => {
  expect(bars({ peaks: [0.5], rms: [0.2] }, 3).length).toBe(3);
  expect(bars({ peaks: [], rms: [] }, 3)).toEqual([]);
  expect(bars({ peaks: [7], rms: [7] }, 1)).toEqual([{ peak: 1, rms: 1 }]);
  expect(barCount(0)).toBe(1);
});
test.each([[150, 0.5], [0, 0], [999, 1]])('a pointer at %d px', (client, place) => expect(placeAt(client, 100, 100)).toBe(place));
test('a bar of no width', () => expect(placeAt(3, 0, 0)).toBe(0));
test.each([
  ['ArrowRight', false, 55], ['ArrowLeft', true, 49], ['PageUp', false, 60], ['Home', false, 0], ['End', false, 99], ['x', false, null],
])('%s (shift: %s)', (key, shift, to) => expect(seekForKey(key, shift, 50, 100)).toBe(to));
test('keys stay inside the track', () => expect([seekForKey('ArrowLeft', false, 2, 100), seekForKey('PageUp', false, 98, 100)]).toEqual([0, 100]));
