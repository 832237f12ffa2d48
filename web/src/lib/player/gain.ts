// How loud a track is played: ReplayGain 2.0 (reference -18 LUFS) with the true peak kept at or under full scale.

export type LevelMode = 'off' | 'track';
export interface LevelChoice { mode: LevelMode; preamp_db: number }
export const PREAMP_RANGE_DB = { min: -12, max: 12 } as const;

export interface AppliedGain {
  gain_db: number;
  /** Less than asked for, because the true peak would pass full scale. */
  limited: boolean;
  /** The track has no measured gain; it plays as it is. */
  unknown: boolean;
}
export interface Measured { replaygain_track_gain_db: number | null; true_peak_dbtp: number | null }

export function appliedGain(track: Measured, choice: LevelChoice): AppliedGain {
  if (choice.mode === 'off') return { gain_db: 0, limited: false, unknown: false };
  const measured = track.replaygain_track_gain_db;
  if (measured === null || !Number.isFinite(measured)) return { gain_db: 0, limited: false, unknown: true };
  const wanted = measured + choice.preamp_db;
  // Where the peak is not known, never raise the level.
  const room = track.true_peak_dbtp === null ? 0 : -track.true_peak_dbtp;
  return wanted > room ? { gain_db: room, limited: true, unknown: false } : { gain_db: wanted, limited: false, unknown: false };
}

/** dB to a linear factor of amplitude. */
export const linear = (gain_db: number): number => 10 ** (gain_db / 20);

/** The slider's position (0..1) to a factor of amplitude; squared, so that the middle sounds like half. */
export const volumeFactor = (position: number): number => Math.min(1, Math.max(0, position)) ** 2;

export interface OutputPlan {
  /** For the audio element's volume, 0..1. */
  element: number;
  /** For a gain node behind it; null while none is needed. */
  node: number | null;
}

/**
 * Splits volume and gain between the element and a gain node. The node is only asked for when the product passes 1
 * or the browser ignores the element's volume (iOS): a plain element has fewer ways to fail.
 */
export function outputPlan(volume: number, gain_db: number, has: { node: boolean; elementVolume: boolean }): OutputPlan {
  const factor = volumeFactor(volume) * linear(gain_db);
  if (has.node || factor > 1 || !has.elementVolume) return { element: 1, node: factor };
  return { element: factor, node: null };
}
