// Which quality of a track is requested, and what the server sends. Pure.

import type { CacheStatus, Quality } from '../api/types';

export const QUALITIES: readonly Quality[] = ['original', 'high', 'medium', 'low'];
/** The transcoded qualities, largest first. */
export const TRANSCODED: readonly Quality[] = ['high', 'medium', 'low'];
/** The defaults; the server's own figures replace them. */
const SHIPPED_BPS: Record<string, number> = { high: 256_000, medium: 192_000, low: 128_000 };

export const isQuality = (value: unknown): value is Quality => QUALITIES.includes(value as Quality);

const NAMES: Record<Quality, string> = { original: 'Original', high: 'High', medium: 'Medium', low: 'Low' };
export const qualityName = (quality: string): string => NAMES[quality as Quality] ?? quality;

export function bitrate(quality: string, status: CacheStatus | null): number | null {
  return status?.qualities.find((one) => one.quality === quality)?.bitrate_bps ?? SHIPPED_BPS[quality] ?? null;
}

/** "Medium, 192 kbit/s", for a list of choices. */
export function qualityLabel(quality: string, status: CacheStatus | null): string {
  const bps = bitrate(quality, status);
  return bps === null ? qualityName(quality) : `${qualityName(quality)}, ${Math.round(bps / 1000)} kbit/s`;
}

/** What the server sends, from its header fields. */
export interface Sent { quality: string; cache: string }

/** The variant of the HLS ladder that plays. */
export interface Variant { codec: string | null; bitrate_bps: number }

/** "FLAC, 912 kbit/s"; "HLS stream" while the variant is not known. */
export function variantWords(variant: Variant | null): string {
  if (variant === null) return 'HLS stream';
  const codec = variant.codec === null ? 'HLS stream' : variant.codec.startsWith('mp4a') ? 'AAC' : variant.codec.toLowerCase() === 'flac' ? 'FLAC' : variant.codec;
  return variant.bitrate_bps > 0 ? `${codec}, ${Math.round(variant.bitrate_bps / 1000)} kbit/s` : codec;
}

/** The requested quality: the choice of this device, else the server's default. */
export const chosenQuality = (own: Quality | null, status: CacheStatus | null): Quality => own ?? status?.default_quality ?? 'medium';

/** Why the server sends another quality than the chosen one; null if it sends the chosen one. */
export function sentReason(chosen: Quality, sent: Sent, transcodable: boolean | undefined, status: CacheStatus | null = null): string | null {
  if (chosen === 'original' || sent.quality === chosen) return sent.cache === 'encoding' ? 'it is transcoded while it plays' : null;
  if (transcodable === false) return 'it is already compressed; a transcode would only sound worse';
  if (status?.enabled === false) return 'transcoding is switched off on this server';
  if (sent.cache === 'miss' && status?.encoder.available === false) return 'this server cannot transcode at the moment';
  if (sent.cache === 'miss') return 'the transcode does not exist yet';
  return sent.quality === 'original' ? 'the server sends no transcode of it' : null;
}

/** How long to wait after the answer "too many at a time", in milliseconds: the server's Retry-After, within limits. */
export function retryDelay(retryAfter_s: number | null, tries: number): number {
  const asked = retryAfter_s !== null && retryAfter_s > 0 ? retryAfter_s : 5;
  return Math.min(60, asked * 2 ** Math.max(0, tries - 1)) * 1000;
}
export const MAX_TRIES = 5;
