import { describe, expect, test } from 'vitest';
import { appliedGain, linear, outputPlan, volumeFactor } from './gain';

const on = { mode: 'track', preamp_db: 0 } as const;
describe('the gain of a track', () => {
  test.each([
    ['loud: turned down', -7, -0.3, on, { gain_db: -7, limited: false, unknown: false, of: 'track' }],
    ['quiet with room: turned up', 4, -9, on, { gain_db: 4, limited: false, unknown: false, of: 'track' }],
    ['quiet with high peaks: only up to full scale', 8, -2, on, { gain_db: 2, limited: true, unknown: false, of: 'track' }],
    ['peaks over full scale: lowered', -0.5, 1.5, on, { gain_db: -1.5, limited: true, unknown: false, of: 'track' }],
    ['peak unknown: never raised', 6, null, on, { gain_db: 0, limited: true, unknown: false, of: 'track' }],
    ['peak unknown: still lowered', -6, null, on, { gain_db: -6, limited: false, unknown: false, of: 'track' }],
    ['pre-amp counts before the limit', -7, -0.3, { mode: 'track', preamp_db: 12 } as const, { gain_db: 0.3, limited: true, unknown: false, of: 'track' }],
    ['not measured', null, null, on, { gain_db: 0, limited: false, unknown: true, of: 'track' }],
    ['not a number', NaN, 0, on, { gain_db: 0, limited: false, unknown: true, of: 'track' }],
    ['off', -7, -0.3, { mode: 'off', preamp_db: 6 } as const, { gain_db: 0, limited: false, unknown: false, of: 'track' }],
  ])('%s', (_, replaygain_track_gain_db, true_peak_dbtp, choice, expected) => {
    const applied = appliedGain({ replaygain_track_gain_db, true_peak_dbtp }, choice);
    expect({ ...applied, gain_db: Math.round(applied.gain_db * 1e6) / 1e6 }).toEqual(expected);
  });
  const album = { gain_db: -3, peak_dbtp: -1 };
  test.each([
    ['the release decides', 5, -20, 0, album, { gain_db: -3, limited: false, unknown: false, of: 'album' }],
    ['its peak limits all its tracks alike', 5, -20, 6, album, { gain_db: 1, limited: true, unknown: false, of: 'album' }],
    ['without a release: the track by itself', 5, -20, 0, null, { gain_db: 5, limited: false, unknown: false, of: 'track' }],
    ['a release of which no gain is known', 5, -20, 0, { gain_db: NaN, peak_dbtp: 0 }, { gain_db: 5, limited: false, unknown: false, of: 'track' }],
  ] as const)('by release: %s', (_, replaygain_track_gain_db, true_peak_dbtp, preamp_db, of, expected) =>
    expect(appliedGain({ replaygain_track_gain_db, true_peak_dbtp }, { mode: 'album', preamp_db }, of)).toEqual(expected));
  test('by track, the release does not count', () =>
    expect(appliedGain({ replaygain_track_gain_db: 5, true_peak_dbtp: -20 }, on, album).gain_db).toBe(5));
  test('no true peak ever exceeds full scale', () => {
    for (let gain = -24; gain <= 24; gain += 1.5) {
      for (let peak = -20; peak <= 4; peak += 0.7) {
        const { gain_db } = appliedGain({ replaygain_track_gain_db: gain, true_peak_dbtp: peak }, { mode: 'track', preamp_db: 6 });
        expect(peak + gain_db).toBeLessThanOrEqual(1e-9);
      }
    }
  });
});

describe('element and gain node', () => {
  test.each([
    ['a cut needs no node', 1, -6, { node: false, elementVolume: true }, { element: linear(-6), node: null }],
    ['a boost needs one', 1, 6, { node: false, elementVolume: true }, { element: 1, node: linear(6) }],
    ['a boost under a low volume does not', 0.5, 6, { node: false, elementVolume: true }, { element: 0.25 * linear(6), node: null }],
    ['once there, the node does everything', 1, -6, { node: true, elementVolume: true }, { element: 1, node: linear(-6) }],
    ['an element without volume needs one', 0.5, 0, { node: false, elementVolume: false }, { element: 1, node: 0.25 }],
  ])('%s', (_, volume, gain_db, has, expected) => expect(outputPlan(volume, gain_db, has)).toEqual(expected));
  test('the volume slider is clamped', () => expect([volumeFactor(-1), volumeFactor(0), volumeFactor(1), volumeFactor(7)]).toEqual([0, 0, 1, 1]));
});
