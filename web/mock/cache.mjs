// A fake transcode cache: which track is ready in which quality, and runs with their logs.

import { select } from './catalog.mjs';

export const QUALITIES = { high: 256_000, medium: 192_000, low: 128_000 };
const DAY_MS = 86_400_000;

/** @param {{ noEncoder?: boolean, cacheOff?: boolean, cacheEmpty?: boolean, cacheFull?: boolean }} options */
export function makeCache(catalog, tasks, options = {}) {
  /** Track id to quality to the time of last use. */
  const ready = new Map();
  const figures = { hits: 1_284, misses: 37 };
  const size = (track, quality) => Math.round((track.duration_s * QUALITIES[quality]) / 8);
  const put = (track, quality, used = Date.now()) => {
    if (!ready.has(track.id)) ready.set(track.id, new Map());
    ready.get(track.id).set(quality, used);
  };
  if (!options.cacheEmpty) catalog.tracks.slice(0, 400).forEach((track, index) => {
    if (!track.lossless || index % 3 === 1) return;
    put(track, 'medium', Date.now() - (index % 50) * DAY_MS);
    if (index % 5 === 0) put(track, 'low', Date.now() - (index % 90) * DAY_MS);
  });
  const transcodable = (track) => track.lossless === true;
  const shown = (track) => ({ ...track, transcodable: transcodable(track), cached: [...(ready.get(track.id)?.keys() ?? [])] });

  function status(owner) {
    const kinds = Object.entries(QUALITIES).map(([quality, bitrate_bps]) => ({ quality, bitrate_bps, files: 0, bytes: 0 }));
    let oldest = null;
    for (const [id, made] of ready) {
      const track = catalog.byId.get(id);
      for (const [quality, used] of made) {
        const kind = kinds.find((one) => one.quality === quality);
        kind.files += 1;
        kind.bytes += size(track, quality);
        oldest = oldest === null ? used : Math.min(oldest, used);
      }
    }
    const hls_bytes = options.cacheOff || options.cacheEmpty ? 0 : 1_460_000_000;
    const size_bytes = hls_bytes + kinds.reduce((sum, one) => sum + one.bytes, 0);
    return {
      enabled: !options.cacheOff, folder: owner ? '/srv/fanfare/cache/audio' : null, codec: 'mp3', default_quality: 'medium', on_miss: 'encode', precache_on_upload: true,
      cap_bytes: options.cacheFull ? size_bytes : 10 * 2 ** 30, size_bytes, hls_bytes, files: kinds.reduce((sum, one) => sum + one.files, 0),
      hits: options.cacheEmpty ? 0 : figures.hits, misses: options.cacheEmpty ? 0 : figures.misses, encoding: tasks.running('cache').length, oldest_used: oldest === null ? null : new Date(oldest).toISOString(),
      qualities: kinds, max_workers: 4,
      encoder: options.noEncoder
        ? { name: 'LAME', available: false, problem: 'this build has no MP3 encoder', remedy: 'use a build with the feature `mp3-lame`, or set `audio_cache.codec` to opus' }
        : { name: 'LAME 3.100', available: true, problem: null, remedy: null },
    };
  }

  function within(scope, mixtape) {
    if (scope.tracks) return scope.tracks.map((id) => catalog.byId.get(id)).filter(Boolean);
    if (scope.release) return catalog.tracks.filter((one) => one.release.id === scope.release);
    if (scope.artist) return catalog.tracks.filter((one) => one.artist.id === scope.artist);
    if (scope.mixtape) return mixtape(scope.mixtape)?.tracks ?? [];
    if (scope.search !== undefined) return select(catalog, new URLSearchParams({ search: scope.search })).slice(0, 200);
    return catalog.tracks.slice(0, 300);
  }

  /** Null, or the problem with which the server refuses. */
  function refusal(kind, { scope, qualities = [] }) {
    if (Object.values(scope ?? {}).filter((one) => one !== null && one !== undefined).length !== 1) return [400, 'invalid', 'Bad Request', 'the scope is exactly one of tracks, release, artist, mixtape, search, all'];
    if (qualities.some((one) => !(one in QUALITIES))) return [400, 'invalid', 'Bad Request', 'nothing smaller than the original is asked for', 'name one of high, medium, low'];
    return options.cacheOff && kind !== 'verify' ? [409, 'conflict', 'Conflict', 'the cache is switched off', 'set `audio_cache.enabled` to true'] : null;
  }

  const words = (sums) => `${sums.cached} cached, ${sums.skipped} skipped, ${sums.failed} failed, ${(sums.bytes / 1e6).toFixed(1)} MB`;
  function warm(list, { qualities = ['medium'], workers = 4 }) {
    const queue = list.flatMap((track) => (transcodable(track) ? qualities.map((quality) => ({ track, quality })) : [{ track, quality: null }]));
    const sums = { cached: 0, skipped: 0, failed: 0, bytes: 0 };
    let at = 0;
    return tasks.work('cache', 'caching tracks', queue.length, (task, note) => {
      for (let turn = 0; turn < Math.max(workers, Math.ceil(queue.length / 40)) && at < queue.length; turn++, at++) {
        const { track, quality } = queue[at];
        task.current = at + 1;
        task.current_item = track.title;
        if (quality === null) {
          sums.skipped += 1;
          note(`skipped ${track.title}: not lossless, the original is sent`);
        } else if (ready.get(track.id)?.has(quality)) {
          sums.skipped += 1;
          note(`skipped ${track.title} (${quality}): already cached`);
        } else if (track.title === 'Unplayable Here' || (sums.cached + sums.failed) % 17 === 5) {
          sums.failed += 1;
          task.failure_count += 1;
          task.failures.push({ subject: track.title, kind: 'malformed', message: 'the flac frame at byte 81920 is cut off', track: track.id, next_retry: null });
          note(`failed ${track.title}: the flac frame at byte 81920 is cut off`);
        } else {
          put(track, quality);
          sums.cached += 1;
          sums.bytes += size(track, quality);
          note(`cached ${track.title} (${quality}, ${QUALITIES[quality] / 1000}k, ${size(track, quality)} bytes)`);
        }
      }
      return at >= queue.length ? words(sums) : null;
    }, () => `cancelled: ${words(sums)}`);
  }

  function verify(list, { qualities = ['medium'] }) {
    const counts = { checked: 0, ready: 0, missing: 0, stale: 0, damaged: 0 };
    const rows = list.map((track, index) => {
      const found = Object.fromEntries(qualities.map((quality) => {
        const state = !transcodable(track) ? 'not_needed' : !ready.get(track.id)?.has(quality) ? 'missing' : index % 23 === 7 ? 'stale' : 'ready';
        counts.checked += 1;
        if (state in counts) counts[state] += 1;
        return [quality, state];
      }));
      return { track: track.id, title: track.title, qualities: found };
    });
    return { ...counts, tracks: rows.slice(0, 500) };
  }

  /** By the time at which a file was made, which is also its last use here. */
  function clear({ older_than_days, quality }) {
    let [removed, bytes] = [0, 0];
    for (const [id, made] of ready) {
      for (const [kind, used] of made) {
        if ((quality && kind !== quality) || (older_than_days !== undefined && older_than_days !== null && Date.now() - used < older_than_days * DAY_MS)) continue;
        made.delete(kind);
        removed += 1;
        bytes += size(catalog.byId.get(id), kind);
      }
    }
    return { removed, bytes };
  }

  function explain(track) {
    return {
      track: track.id, title: track.title, source: { codec: track.codec, lossless: track.lossless, hash: track.id.repeat(2), size_bytes: track.size_bytes },
      qualities: Object.keys(QUALITIES).map((quality) => {
        const base = { quality, expected_file: `${track.id.slice(-12)}_${quality}_${QUALITIES[quality] / 1000}k.mp3`, found: false, state: 'missing', size_bytes: null, reason: 'it was not made, or was evicted', remedy: 'transcode it ahead on its page, or play it: it is transcoded while it plays' };
        if (options.cacheOff) return { ...base, expected_file: null, state: 'not_needed', reason: 'the cache is switched off', remedy: 'set `audio_cache.enabled` to true' };
        if (!transcodable(track)) return { ...base, expected_file: null, state: 'not_needed', reason: `${track.codec} is small already: the original is sent`, remedy: null };
        if (ready.get(track.id)?.has(quality)) return { ...base, found: true, state: 'ready', size_bytes: size(track, quality), reason: 'it is there and made of what the source is now', remedy: null };
        return base;
      }),
    };
  }

  /** The answer to a request for a quality: headers, or a refusal. "Busy Song" is refused for some seconds after its first request. */
  let busySince = null;
  function serve(track, asked) {
    let quality = asked;
    quality ??= 'medium'; // the default of the settings
    if (quality === 'original' || !transcodable(track) || options.cacheOff) return { 'X-Fanfare-Quality': 'original', 'X-Fanfare-Cache': 'original' };
    if (track.title === 'Busy Song') {
      busySince ??= Date.now();
      if (Date.now() - busySince < 2_500) return null;
    }
    const hit = ready.get(track.id)?.has(quality);
    figures[hit ? 'hits' : 'misses'] += 1;
    if (!hit && options.noEncoder) return { 'X-Fanfare-Quality': 'original', 'X-Fanfare-Cache': 'miss' };
    put(track, quality);
    return { 'X-Fanfare-Quality': quality, 'X-Fanfare-Cache': hit ? 'hit' : 'encoding' };
  }
  return { shown, status, within, refusal, warm, verify, clear, explain, serve };
}
