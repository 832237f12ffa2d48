// How loud a track is played: ReplayGain 2.0 (reference -18 LUFS) with the true peak kept at or under full scale.

/** `album`: the tracks of a release keep their differences; a track without one has its own gain. */
export type LevelMode = 'off' | 'track' | 'album';
export interface LevelChoice { mode: LevelMode; preamp_db: number }
export const PREAMP_RANGE_DB = { min: -12, max: 12 } as const;

export interface AppliedGain {
  gain_db: number;
  /** Lower than the measured gain, because the true peak would exceed full scale. */
  limited: boolean;
  /** The track has no measured gain; it plays unchanged. */
  unknown: boolean;
  /** Whose gain it is. */
  of: 'track' | 'album';
}
export interface Measured { replaygain_track_gain_db: number | null; true_peak_dbtp: number | null }
/** The level of a release: its gain, and the highest true peak of its tracks. */
export interface AlbumLevel { gain_db: number; peak_dbtp: number }

export function appliedGain(track: Measured, choice: LevelChoice, album: AlbumLevel | null = null): AppliedGain {
  if (choice.mode === 'off') return { gain_db: 0, limited: false, unknown: false, of: 'track' };
  const level = choice.mode === 'album' && album !== null && Number.isFinite(album.gain_db) ? album : null;
  const of = level === null ? 'track' : 'album';
  const measured = level === null ? track.replaygain_track_gain_db : level.gain_db;
  if (measured === null || !Number.isFinite(measured)) return { gain_db: 0, limited: false, unknown: true, of };
  const wanted = measured + choice.preamp_db;
  // The release's peak, so that all its tracks are limited alike. Where the peak is not known, the level is never raised.
  const peak_dbtp = level === null ? track.true_peak_dbtp : level.peak_dbtp;
  const room = peak_dbtp === null ? 0 : -peak_dbtp;
  return wanted > room ? { gain_db: room, limited: true, unknown: false, of } : { gain_db: wanted, limited: false, unknown: false, of };
}

/** A factor of amplitude to dB. */
export const decibels = (factor: number): number => 20 * Math.log10(factor);

/** dB to a linear factor of amplitude. */
export const linear = (gain_db: number): number => 10 ** (gain_db / 20);

/** The slider's position (0..1) to a factor of amplitude; squared, so that the middle sounds like half. */
export const volumeFactor = (position: number): number => Math.min(1, Math.max(0, position)) ** 2;

export interface OutputPlan {
  /** For the audio element's volume, 0..1. */
  element: number;
  /** For a gain node after it; null if none is needed. */
  node: number | null;
}

/**
 * Splits volume and gain between the element and a gain node. The node is used only when the product exceeds 1
 * or the browser ignores the element's volume (iOS): a plain element has fewer ways to fail.
 */
export function outputPlan(volume: number, gain_db: number, has: { node: boolean; elementVolume: boolean }): OutputPlan {
  const factor = volumeFactor(volume) * linear(gain_db);
  if (has.node || factor > 1 || !has.elementVolume) return { element: 1, node: factor };
  return { element: factor, node: null };
}
