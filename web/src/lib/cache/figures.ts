// What the figures of the cache mean. Pure.

import type { CacheVerified, CacheStatus } from '../api/types';
import { qualityName } from '../quality/quality';
import { bytes, count, plural } from '../words/format';

export interface Part { name: string; bytes: number; /** Of the cap, 0..1. */ share: number; ink: string }
const INKS: Record<string, string> = { high: '--bass', medium: '--low', low: '--high' };

/** What fills the cache, in the order of the bar. */
export function parts(status: CacheStatus): Part[] {
  const whole = Math.max(status.cap_bytes, status.size_bytes, 1);
  const part = (name: string, size: number, ink: string): Part => ({ name, bytes: size, share: size / whole, ink });
  return [...status.qualities.map((one) => part(qualityName(one.quality), one.bytes, INKS[one.quality] ?? '--low')), part('Streams', status.hls_bytes, '--treble')];
}

/** "97 % of 1,321 answers"; null while nobody asked. */
export function hitWords(status: CacheStatus): string | null {
  const asked = status.hits + status.misses;
  return asked === 0 ? null : `${Math.floor((100 * status.hits) / asked)} % of ${plural(asked, 'answer')}`;
}

/** How many bytes are left, or how many there are too many. */
export function roomWords(status: CacheStatus): string {
  const left = status.cap_bytes - status.size_bytes;
  return left >= 0 ? `${bytes(left)} left` : `${bytes(-left)} too much: the least used goes first`;
}

export const AGES: readonly [days: number | null, label: string][] = [[7, 'made more than a week ago'], [30, 'made more than a month ago'], [90, 'made more than three months ago'], [365, 'made more than a year ago'], [null, 'everything']];

const STATES: Record<string, string> = {
  ready: 'Ready', missing: 'Not made yet', stale: 'Older than its source', damaged: 'Damaged', encoding: 'Being made', not_needed: 'Not needed',
};
export const stateWords = (state: string): string => STATES[state] ?? state;

export function checkWords(check: CacheVerified): string {
  const found = ([['ready', check.ready], ['missing', check.missing], ['outdated', check.stale], ['damaged', check.damaged]] as const).filter(([, number]) => number > 0);
  return `${plural(check.checked, 'file')} looked at${found.length > 0 ? `: ${found.map(([word, number]) => `${count(number)} ${word}`).join(', ')}` : ''}`;
}

export const readyWords = (qualities: readonly string[]): string => `Ready as ${qualities.map((one) => qualityName(one).toLowerCase()).join(', ')}`;
