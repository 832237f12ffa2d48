import { expect, test } from 'vitest';
import type { CacheVerified, CacheStatus } from '../api/types';
import { checkWords, hitWords, obstacle, parts, readyWords, roomWords, stateWords } from './figures';

const status = (change: Partial<CacheStatus>): CacheStatus => ({
  cap_bytes: 1_000, size_bytes: 400, hls_bytes: 100, hits: 0, misses: 0, qualities: [{ quality: 'high', bitrate_bps: 256_000, files: 1, bytes: 200 }, { quality: 'low', bitrate_bps: 128_000, files: 1, bytes: 100 }], ...change,
}) as CacheStatus;

test('the bar', () => expect(parts(status({})).map((part) => [part.name, part.share])).toEqual([['High', 0.2], ['Low', 0.1], ['HLS streams', 0.1]]));
test('an overfull bar never exceeds its end', () => expect(parts(status({ cap_bytes: 200 })).reduce((sum, part) => sum + part.share, 0)).toBeCloseTo(1));
test('an empty cache without a cap', () => expect(parts(status({ cap_bytes: 0, size_bytes: 0, hls_bytes: 0, qualities: [] }))).toMatchObject([{ share: 0 }]));
test.each([[0, 0, null], [3, 1, '75 % of 4 answers'], [1, 0, '100 % of 1 answer'], [999, 1, '99 % of 1,000 answers']])('%i hits, %i misses', (hits, misses, words) => expect(hitWords(status({ hits, misses }))).toBe(words));
test.each([[1_000, '600 B left'], [100, '300 B too much: the least recently used is evicted first'], [400, 'full: the least recently used is evicted first'], [402, 'only 2 B left: the least recently used is evicted first']])('of %i', (cap_bytes, words) => expect(roomWords(status({ cap_bytes }))).toBe(words));
test('without a problem there is no obstacle to transcoding', () => expect(obstacle(status({ enabled: true, encoder: { name: 'LAME', available: true, problem: null, remedy: null } }))).toBeNull());
test.each([
  [{ enabled: false }, 'set `audio_cache.enabled` to true'],
  [{ enabled: true, encoder: { name: 'ffmpeg', available: false, problem: 'ffmpeg is not installed', remedy: 'install ffmpeg, or set `audio_cache.codec` to mp3' } }, 'install ffmpeg, or set `audio_cache.codec` to mp3'],
  [{ enabled: true, encoder: { name: 'ffmpeg', available: false, problem: null, remedy: null } }, 'choose another format: set `audio_cache.codec`'],
])('%j has a remedy', (change, remedy) => expect(obstacle(status(change))).toMatchObject({ remedy }));
test('a check', () => expect(checkWords({ checked: 12, ready: 10, missing: 1, stale: 1, damaged: 0, tracks: [] } as CacheVerified)).toBe('12 files checked: 10 ready, 1 missing, 1 outdated'));
test('a check of nothing', () => expect(checkWords({ checked: 0, ready: 0, missing: 0, stale: 0, damaged: 0, tracks: [] })).toBe('0 files checked'));
test('badges', () => expect([readyWords(['medium', 'low']), stateWords('stale'), stateWords('new')]).toEqual(['Ready as medium, low', 'Older than its source', 'new']));
