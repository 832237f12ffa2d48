// The figures of the cache in words. Pure.

import type { CacheVerified, CacheStatus } from '../api/types';
import { qualityName } from '../quality/quality';
import { bytes, count, plural } from '../words/format';

export interface Part { name: string; bytes: number; /** Of the cap, 0..1. */ share: number; ink: string }
const INKS: Record<string, string> = { high: '--bass', medium: '--low', low: '--high' };

/** What fills the cache, in the order of the bar. */
export function parts(status: CacheStatus): Part[] {
  const whole = Math.max(status.cap_bytes, status.size_bytes, 1);
  const part = (name: string, size: number, ink: string): Part => ({ name, bytes: size, share: size / whole, ink });
  return [...status.qualities.map((one) => part(qualityName(one.quality), one.bytes, INKS[one.quality] ?? '--low')), part('HLS streams', status.hls_bytes, '--treble')];
}

/** "97 % of 1,321 answers"; null without a request. */
export function hitWords(status: CacheStatus): string | null {
  const asked = status.hits + status.misses;
  return asked === 0 ? null : `${Math.floor((100 * status.hits) / asked)} % of ${plural(asked, 'answer')}`;
}

/** Whether the cache is full: the next transcode evicts another. */
export const isFull = (status: CacheStatus): boolean => status.cap_bytes - status.size_bytes < status.cap_bytes / 100;

/** Why the server cannot transcode, and the remedy; null if it can. */
export function obstacle(status: CacheStatus): { title: string; reason: string; remedy: string } | null {
  if (!status.enabled) return { title: 'The cache is off', reason: 'every track is sent as the original, at every quality', remedy: 'set `audio_cache.enabled` to true' };
  const { encoder } = status;
  if (encoder.available) return null;
  return {
    title: 'Transcoding is not possible', reason: `${encoder.problem ?? `the encoder ${encoder.name} is missing`}; existing transcodes are still sent, and originals always play`,
    remedy: encoder.remedy ?? 'choose another format: set `audio_cache.codec`',
  };
}

/** How many bytes are left, or how many there are too many. */
export function roomWords(status: CacheStatus): string {
  const left = status.cap_bytes - status.size_bytes;
  const goes = 'the least recently used is evicted first';
  if (left < 0) return `${bytes(-left)} too much: ${goes}`;
  return isFull(status) ? `${left === 0 ? 'full' : `only ${bytes(left)} left`}: ${goes}` : `${bytes(left)} left`;
}

export const AGES: readonly [days: number | null, label: string][] = [[7, 'older than a week'], [30, 'older than a month'], [90, 'older than three months'], [365, 'older than a year'], [null, 'everything']];

const STATES: Record<string, string> = {
  ready: 'Ready', missing: 'Not transcoded yet', stale: 'Older than its source', damaged: 'Damaged', encoding: 'Being transcoded', not_needed: 'Not needed',
};
export const stateWords = (state: string): string => STATES[state] ?? state;

export function checkWords(check: CacheVerified): string {
  const found = ([['ready', check.ready], ['missing', check.missing], ['outdated', check.stale], ['damaged', check.damaged]] as const).filter(([, number]) => number > 0);
  return `${plural(check.checked, 'file')} checked${found.length > 0 ? `: ${found.map(([word, number]) => `${count(number)} ${word}`).join(', ')}` : ''}`;
}

export const readyWords = (qualities: readonly string[]): string => `Ready as ${qualities.map((one) => qualityName(one).toLowerCase()).join(', ')}`;
