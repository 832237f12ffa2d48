import { describe, expect, test } from 'vitest';
import type { CacheStatus } from '../api/types';
import { chosenQuality, isQuality, retryDelay, qualityLabel, variantWords, sentReason } from './quality';

const status = { qualities: [{ quality: 'medium', bitrate_bps: 160_000, files: 0, bytes: 0 }] } as unknown as CacheStatus;

test.each([['original', true], ['low', true], ['lossless', false], [null, false], [3, false]])('%j is a quality: %s', (value, is) => expect(isQuality(value)).toBe(is));
test.each([
  ['original', null, 'Original'], ['medium', null, 'Medium, 192 kbit/s'], ['medium', status, 'Medium, 160 kbit/s'], ['low', status, 'Low, 128 kbit/s'], ['tiny', null, 'tiny'],
] as const)('%s is called %s %s', (quality, told, label) => expect(qualityLabel(quality, told)).toBe(label));

// issue 13: a fresh browser started at "original" whatever the server's default was.
test.each([
  [null, null, 'medium'], [null, { default_quality: 'low' }, 'low'], ['high', { default_quality: 'low' }, 'high'], ['original', { default_quality: 'low' }, 'original'],
] as const)('chosen here %j, of a server as %j: %s', (own, told, chosen) => expect(chosenQuality(own, told as CacheStatus | null)).toBe(chosen));

// issue 13: with originals not kept the page said "original" and played AAC.
test.each([
  [null, 'HLS stream'], [{ codec: 'mp4a.40.2', bitrate_bps: 256_400 }, 'AAC, 256 kbit/s'], [{ codec: 'fLaC', bitrate_bps: 912_000 }, 'FLAC, 912 kbit/s'], [{ codec: null, bitrate_bps: 0 }, 'HLS stream'],
] as const)('the variant %j is called %s', (variant, words) => expect(variantWords(variant)).toBe(words));

describe('what is sent', () => {
  const cases = [
    ['medium', { quality: 'medium', cache: 'hit' }, true, null],
    ['medium', { quality: 'medium', cache: 'encoding' }, true, 'it is transcoded while it plays'],
    ['medium', { quality: 'original', cache: 'original' }, false, 'it is already compressed; a transcode would only sound worse'],
    ['medium', { quality: 'original', cache: 'miss' }, true, 'the transcode does not exist yet'],
    ['low', { quality: 'original', cache: 'original' }, undefined, 'the server sends no transcode of it'],
    ['original', { quality: 'original', cache: 'original' }, true, null],
  ] as const;
  const off = { enabled: false } as CacheStatus;
  const bare = { enabled: true, encoder: { available: false } } as CacheStatus;
  test.each([
    ['medium', { quality: 'original', cache: 'original' }, true, off, 'transcoding is switched off on this server'],
    ['medium', { quality: 'original', cache: 'original' }, false, off, 'it is already compressed; a transcode would only sound worse'],
    ['medium', { quality: 'original', cache: 'miss' }, true, bare, 'this server cannot transcode at the moment'],
    ['medium', { quality: 'medium', cache: 'hit' }, true, bare, null],
    ['original', { quality: 'original', cache: 'original' }, true, off, null],
  ] as const)('%s, sent %j, transcodable %s, by a server as %j: %s', (chosen, sent, transcodable, status, reason) => expect(sentReason(chosen, sent, transcodable, status)).toBe(reason));
  test.each(cases)('%s, sent %j, transcodable %s: %s', (chosen, sent, transcodable, reason) => expect(sentReason(chosen, sent, transcodable)).toBe(reason));
});

test.each([[2, 1, 2000], [2, 3, 8000], [null, 1, 5000], [0, 1, 5000], [30, 4, 60_000]])('after %s s and %i tries: %i ms', (asked, tries, wait) => expect(retryDelay(asked, tries)).toBe(wait));
