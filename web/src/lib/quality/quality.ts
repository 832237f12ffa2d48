// Which size of a track is asked for, and what is really sent. Pure.

import type { CacheStatus, Quality } from '../api/types';

export const QUALITIES: readonly Quality[] = ['original', 'high', 'medium', 'low'];
/** The small files, largest first. */
export const SMALL: readonly Quality[] = ['high', 'medium', 'low'];
/** As shipped; a server that says otherwise is believed. */
const SHIPPED_BPS: Record<string, number> = { high: 256_000, medium: 192_000, low: 128_000 };

export const isQuality = (value: unknown): value is Quality => QUALITIES.includes(value as Quality);

const NAMES: Record<Quality, string> = { original: 'Original', high: 'High', medium: 'Medium', low: 'Low' };
export const qualityName = (quality: string): string => NAMES[quality as Quality] ?? quality;

export function bitrate(quality: string, status: CacheStatus | null): number | null {
  return status?.qualities.find((one) => one.quality === quality)?.bitrate_bps ?? SHIPPED_BPS[quality] ?? null;
}

/** "Medium, 192 kbit/s"; what it is, for a list of choices. */
export function qualityLabel(quality: string, status: CacheStatus | null): string {
  const bps = bitrate(quality, status);
  return bps === null ? qualityName(quality) : `${qualityName(quality)}, ${Math.round(bps / 1000)} kbit/s`;
}

/** What the server said it sends. */
export interface Sent { quality: string; cache: string }

/** A rung of a ladder that plays. */
export interface Rung { codec: string | null; bitrate_bps: number }

/** "FLAC, 912 kbit/s"; "stream" while it is not known which rung plays. */
export function rungWords(rung: Rung | null): string {
  if (rung === null) return 'stream';
  const codec = rung.codec === null ? 'stream' : rung.codec.startsWith('mp4a') ? 'AAC' : rung.codec.toLowerCase() === 'flac' ? 'FLAC' : rung.codec;
  return rung.bitrate_bps > 0 ? `${codec}, ${Math.round(rung.bitrate_bps / 1000)} kbit/s` : codec;
}

/** What is asked for: what was chosen on this device, else what the server sends to everybody who names none. */
export const chosenQuality = (own: Quality | null, status: CacheStatus | null): Quality => own ?? status?.default_quality ?? 'medium';

/** Why another quality is sent than the one that was chosen; null where nothing needs saying. */
export function sentReason(chosen: Quality, sent: Sent, transcodable: boolean | undefined, status: CacheStatus | null = null): string | null {
  if (chosen === 'original' || sent.quality === chosen) return sent.cache === 'encoding' ? 'it is being made while it plays' : null;
  if (transcodable === false) return 'it is compressed already, smaller would only be worse';
  if (status?.enabled === false) return 'small files are switched off on this server';
  if (sent.cache === 'miss' && status?.encoder.available === false) return 'this server cannot make small files just now';
  if (sent.cache === 'miss') return 'the small file is not there yet';
  return sent.quality === 'original' ? 'the server sends no small file of it' : null;
}

/** How long to wait after "too many at once", in milliseconds: what the server asked for, within reason. */
export function patience(retryAfter_s: number | null, tries: number): number {
  const asked = retryAfter_s !== null && retryAfter_s > 0 ? retryAfter_s : 5;
  return Math.min(60, asked * 2 ** Math.max(0, tries - 1)) * 1000;
}
export const MAX_TRIES = 5;
