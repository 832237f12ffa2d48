import { expect, test } from 'vitest';
import { bandShares, barCount, bars, draw, layers, placeAt, seekForKey } from './waveform';

test('bars keep the largest peak and the mean RMS', () => {
  const wave = { peaks: [0.1, 0.9, 0.2, 0.4], rms: [0.1, 0.3, 0.2, 0.2] };
  expect(bars(wave, 2).map((bar) => [bar.peak, Math.round(bar.rms * 100) / 100])).toEqual([[0.9, 0.2], [0.4, 0.2]]);
});
test('more bars than columns repeat columns; no columns make no bars', () => {
  expect(bars({ peaks: [0.5], rms: [0.2] }, 3).length).toBe(3);
  expect(bars({ peaks: [], rms: [] }, 3)).toEqual([]);
  expect(bars({ peaks: [7], rms: [7] }, 1)).toEqual([{ peak: 1, rms: 1, shares: null }]);
  expect(barCount(0)).toBe(1);
});
test.each([[150, 0.5], [0, 0], [999, 1]])('a pointer at %d px', (client, place) => expect(placeAt(client, 100, 100)).toBe(place));
test('a bar of no width', () => expect(placeAt(3, 0, 0)).toBe(0));
test.each([
  ['ArrowRight', false, 55], ['ArrowLeft', true, 49], ['PageUp', false, 60], ['Home', false, 0], ['End', false, 99], ['x', false, null],
])('%s (shift: %s)', (key, shift, to) => expect(seekForKey(key, shift, 50, 100)).toBe(to));
test('keys stay inside the track', () => expect([seekForKey('ArrowLeft', false, 2, 100), seekForKey('PageUp', false, 98, 100)]).toEqual([0, 100]));

test('a bar has the mean levels of its columns, and no shares without any', () => {
  const wave = { peaks: [1, 1], rms: [1, 1], bands: [[255, 0, 0, 0], [255, 0, 0, 0]] };
  expect(bars(wave, 1)[0]?.shares).toEqual([1, 0, 0, 0]);
  expect(bars({ ...wave, bands: [] }, 1)[0]?.shares).toBeNull();
});
test('shares follow the levels, the treble raised; silence has none', () => {
  expect(bandShares([0, 0, 0, 0])).toBeNull();
  expect(bandShares([])).toBeNull();
  const [bass = 0, low = 0, high = 0, treble = 0] = bandShares([200, 200, 200, 200]) ?? [];
  expect(bass + low + high + treble).toBeCloseTo(1);
  expect([low / bass, high / bass, treble / bass].map((ratio) => Math.round(20 * Math.log10(ratio)))).toEqual([3, 9, 15]);
  // 6 dB are 25.5 of 255.
  expect((bandShares([225.5, 200, 0, 0]) ?? [])[0]).toBeCloseTo(2 / (2 + 10 ** (3 / 20)), 2);
});
test('layers are stacked from the middle to the tips', () => {
  expect(layers([0.25, 0.25, 0.5, 0])).toEqual([{ from: 0, to: 0.25 }, { from: 0.25, to: 0.5 }, { from: 0.5, to: 1 }, { from: 1, to: 1 }]);
});
test('bars are drawn in the colours of their bands, bass in the middle', () => {
  const drawn: { ink: string; top: number; tall: number }[] = [];
  const context = {
    fillStyle: '', globalAlpha: 1, setTransform: () => undefined, clearRect: () => undefined, beginPath: () => undefined,
    roundRect: () => undefined, fill: () => undefined,
    fillRect(_left: number, top: number, _width: number, tall: number) { drawn.push({ ink: this.fillStyle, top, tall }); },
  };
  const inks = { rest: 'grey', played: 'brass', bands: ['red', 'amber', 'green', 'blue'] };
  const shape = [{ peak: 1, rms: 1, shares: [0.5, 0, 0, 0.5] }];
  draw(context as unknown as CanvasRenderingContext2D, shape, { width_px: 3, height_px: 102, played: 0, hover: null }, inks, 1);
  expect(drawn.filter(({ tall }) => tall > 0)).toEqual([
    { ink: 'red', top: 26, tall: 50 }, { ink: 'blue', top: 1, tall: 25 }, { ink: 'blue', top: 76, tall: 25 },
  ]);
});
