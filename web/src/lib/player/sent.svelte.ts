// Which quality of a track this device requests, and what the server sends. A refusal ("too many at a time") is not
// an error: the original plays meanwhile, and the transcode is requested again after the server's Retry-After.

import * as calls from '../api/calls';
import type { Quality } from '../api/types';
import { obstacle } from '../cache/figures';
import { bitrate, chosenQuality, isQuality, MAX_TRIES, retryDelay, qualityName, type Variant, variantWords, type Sent, sentReason } from '../quality/quality';
import { announcer } from '../stores/announce.svelte';
import { cacheStatus } from '../stores/cache.svelte';
import { recall, remember } from '../stores/remembered';
import type { QueueTrack } from './queue';

export class SentQuality {
  /** The choice of this device; null without one: then the server's default applies. */
  #own = $state<Quality | null>(recall<Quality | null>('quality', isQuality, null));
  /** The HLS variant that plays; null without HLS, or while it is not known. */
  variant = $state.raw<Variant | null>(null);
  /** What the server sends for the track in the element; null while it is not known. */
  sent = $state.raw<Sent | null>(null);
  /** A message while the original plays instead. */
  waiting = $state<string | null>(null);
  #standIn = $state(false);
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #track: () => QueueTrack | null;
  #reload: () => void;

  constructor(track: () => QueueTrack | null, reload: () => void) {
    this.#track = track;
    this.#reload = reload;
  }

  get chosen(): Quality {
    return chosenQuality(this.#own, cacheStatus.now);
  }

  /** Whether the quality can be chosen for the track in the player bar. */
  get meaningful(): boolean {
    const track = this.#track();
    return track !== null && track.hls !== true && track.transcodable !== false && cacheStatus.now?.enabled !== false;
  }

  /** The quality to request now. */
  get wanted(): Quality {
    return this.meaningful && !this.#standIn ? this.chosen : 'original';
  }

  /** The quality in the address; none while neither a choice nor the default is known: then the server uses its default. */
  get asked(): Quality | undefined {
    return this.#own === null && cacheStatus.now === null && this.meaningful && !this.#standIn ? undefined : this.wanted;
  }

  /** "medium, 192 kbit/s", "original" or the HLS variant: what plays. */
  get words(): string {
    if (this.#track()?.hls === true) return variantWords(this.variant);
    const quality = this.sent?.quality ?? this.wanted;
    const bps = quality === 'original' ? null : bitrate(quality, cacheStatus.now);
    return bps === null ? qualityName(quality).toLowerCase() : `${qualityName(quality).toLowerCase()}, ${Math.round(bps / 1000)} kbit/s`;
  }

  /** Why it is not the chosen quality, or why it is not ready. */
  get reason(): string | null {
    const track = this.#track();
    if (track?.hls === true) return 'its original file is not available: it is sent as an HLS stream that adapts to your connection';
    const status = cacheStatus.now;
    if (track !== null && !this.meaningful) return sentReason(this.chosen, { quality: 'original', cache: 'original' }, track.transcodable, status);
    if (this.#standIn) return 'the transcode is not available at the moment';
    return this.sent === null ? null : sentReason(this.chosen, this.sent, track?.transcodable, status);
  }

  choose(quality: Quality): void {
    if (quality === this.#own) return;
    const before = this.wanted;
    this.#own = quality;
    remember('quality', quality);
    this.begin();
    if (this.wanted === before) return void this.ask();
    announcer.say(`Quality: ${qualityName(quality).toLowerCase()}`);
    if (this.#track() !== null) this.#reload();
  }

  /** Another track or another choice: resets what is known. */
  begin(): void {
    clearTimeout(this.#timer);
    this.#tries = 0;
    this.#standIn = false;
    this.sent = null;
    this.variant = null;
    this.waiting = null;
    // The cache may have been switched on since.
    if (this.#own !== 'original') void (cacheStatus.now !== null && obstacle(cacheStatus.now) !== null ? cacheStatus.load() : cacheStatus.once());
  }

  /** Asks the server what it sends: an audio element does not report it. */
  async ask(): Promise<void> {
    const track = this.#track();
    const quality = this.wanted;
    if (track === null || this.sent !== null) return;
    if (quality === 'original') {
      this.sent = { quality, cache: 'original' };
      return;
    }
    const answer = await ask(track.id, quality, { method: 'HEAD' });
    if (answer?.ok && this.#track()?.id === track.id && this.wanted === quality) {
      this.sent = { quality: answer.headers.get('X-Fanfare-Quality') ?? quality, cache: answer.headers.get('X-Fanfare-Cache') ?? 'hit' };
    }
  }

  /** The transcode did not play, most likely because the server refused for now: the original plays instead. */
  standIn(retryAfter_s: number | null, refused: boolean): void {
    this.#tries += 1;
    const wait_ms = retryDelay(retryAfter_s, this.#tries);
    const again = this.#tries < MAX_TRIES;
    const name = qualityName(this.chosen).toLowerCase();
    this.waiting = `${refused ? 'The server is busy transcoding, so the original plays.' : 'The transcode did not play, so the original plays.'} ${again ? `Fanfare tries ${name} again in ${Math.round(wait_ms / 1000)} s.` : 'The next track tries again.'}`;
    announcer.say(this.waiting);
    if (again) this.#timer = setTimeout(() => void this.#again(), wait_ms);
    if (this.#standIn) return;
    this.#standIn = true;
    this.sent = null;
    this.#reload();
  }

  async #again(): Promise<void> {
    const track = this.#track();
    if (track === null || !this.#standIn) return;
    const answer = await ask(track.id, this.chosen, { headers: { range: 'bytes=0-0' } });
    if (this.#track()?.id !== track.id || !this.#standIn) return;
    if (answer === null || answer.status === 429) return this.standIn(Number(answer?.headers.get('Retry-After')) || null, true);
    this.#standIn = false;
    this.sent = null;
    this.waiting = null;
    if (answer.ok) this.#reload();
  }
}

async function ask(trackId: string, quality: Quality, how: RequestInit): Promise<Response | null> {
  try {
    return await fetch(calls.audioAddress(trackId, quality), { ...how, credentials: 'same-origin' });
  } catch {
    return null;
  }
}
