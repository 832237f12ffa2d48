// Plays an HLS ladder in an audio element, with Media Source Extensions. Loaded only when needed.

import Hls from 'hls.js/light';
import type { Variant } from '../quality/quality';
import type { FailureReason } from './machine';

/** Buffer before and after the position, in seconds: a lossless minute is about 6 MB. */
const AHEAD_S = 60;
const BEHIND_S = 30;
/** A ladder that is still being made has its first segments after some seconds. */
const TIMEOUT_MS = 30_000;

export interface Ladder { close(): void }

/** Null if this browser cannot play it. */
export function openLadder(audio: HTMLMediaElement, url: string, failed: (reason: FailureReason) => void, playing: (variant: Variant) => void): Ladder | null {
  if (!Hls.isSupported()) return null;
  const policy = { maxTimeToFirstByteMs: TIMEOUT_MS, maxLoadTimeMs: 2 * TIMEOUT_MS, timeoutRetry: null, errorRetry: { maxNumRetry: 4, retryDelayMs: 500, maxRetryDelayMs: 4000 } };
  const hls = new Hls({
    // A worker for hls.js would be a blob URL, which the content security policy forbids; fMP4 needs none.
    enableWorker: false,
    maxBufferLength: AHEAD_S, backBufferLength: BEHIND_S,
    manifestLoadPolicy: { default: policy }, playlistLoadPolicy: { default: policy }, fragLoadPolicy: { default: policy },
  });
  let mended = false;
  hls.on(Hls.Events.ERROR, (_, error) => {
    if (!error.fatal) return;
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR && !mended) {
      mended = true;
      return hls.recoverMediaError();
    }
    const status = error.response?.code ?? 0;
    failed(error.type === Hls.ErrorTypes.NETWORK_ERROR ? (status === 404 || status === 410 ? 'missing' : 'network') : 'decode');
  });
  // The segment that plays, not the one that is prefetched.
  hls.on(Hls.Events.FRAG_CHANGED, (_, { frag }) => {
    const level = hls.levels[frag.level];
    if (level !== undefined) playing({ codec: level.audioCodec ?? null, bitrate_bps: level.averageBitrate || level.bitrate });
  });
  hls.loadSource(url);
  hls.attachMedia(audio);
  return { close: () => hls.destroy() };
}
