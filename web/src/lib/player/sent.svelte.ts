// Which size of a track is asked for on this device, and what the server really sends. A refusal ("too many at once") is no
// trouble: the original plays meanwhile, and the small file is asked for again after the time that the server names.

import * as calls from '../api/calls';
import type { Quality } from '../api/types';
import { obstacle } from '../cache/figures';
import { bitrate, chosenQuality, isQuality, MAX_TRIES, patience, qualityName, type Rung, rungWords, type Sent, sentReason } from '../quality/quality';
import { announcer } from '../stores/announce.svelte';
import { cacheStatus } from '../stores/cache.svelte';
import { recall, remember } from '../stores/remembered';
import type { QueueTrack } from './queue';

export class SentQuality {
  /** What was chosen on this device; null while nothing was: then the server's default counts. */
  #own = $state<Quality | null>(recall<Quality | null>('quality', isQuality, null));
  /** Which rung of a ladder is heard; null where none is, or it is not known. */
  rung = $state.raw<Rung | null>(null);
  /** What the server said of the track in the element; null while that is not known. */
  sent = $state.raw<Sent | null>(null);
  /** A calm sentence while the original stands in. */
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

  /** Whether a choice means something for the track in the bar. */
  get meaningful(): boolean {
    const track = this.#track();
    return track !== null && track.hls !== true && track.transcodable !== false && cacheStatus.now?.enabled !== false;
  }

  /** What to ask the server for, now. */
  get wanted(): Quality {
    return this.meaningful && !this.#standIn ? this.chosen : 'original';
  }

  /** What stands in the address: nothing while neither a choice nor the server's default is known, which the server then takes. */
  get asked(): Quality | undefined {
    return this.#own === null && cacheStatus.now === null && this.meaningful && !this.#standIn ? undefined : this.wanted;
  }

  /** "medium, 192 kbit/s", "original" or the rung of a ladder: what one hears. */
  get words(): string {
    if (this.#track()?.hls === true) return rungWords(this.rung);
    const quality = this.sent?.quality ?? this.wanted;
    const bps = quality === 'original' ? null : bitrate(quality, cacheStatus.now);
    return bps === null ? qualityName(quality).toLowerCase() : `${qualityName(quality).toLowerCase()}, ${Math.round(bps / 1000)} kbit/s`;
  }

  /** Why it is not what was chosen, or is not there yet. */
  get reason(): string | null {
    const track = this.#track();
    if (track?.hls === true) return 'its own file is not to be had: it is sent as a stream that suits the line by itself';
    const status = cacheStatus.now;
    if (track !== null && !this.meaningful) return sentReason(this.chosen, { quality: 'original', cache: 'original' }, track.transcodable, status);
    if (this.#standIn) return 'the small file is not to be had just now';
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

  /** Another track, or another choice: what was known of the last is over. */
  begin(): void {
    clearTimeout(this.#timer);
    this.#tries = 0;
    this.#standIn = false;
    this.sent = null;
    this.rung = null;
    this.waiting = null;
    // What was off may be on by now.
    if (this.#own !== 'original') void (cacheStatus.now !== null && obstacle(cacheStatus.now) !== null ? cacheStatus.load() : cacheStatus.once());
  }

  /** Asks what is sent: an audio element does not tell. */
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

  /** The small file did not play, most likely because the server refused for now: the original stands in. */
  standIn(retryAfter_s: number | null, refused: boolean): void {
    this.#tries += 1;
    const wait_ms = patience(retryAfter_s, this.#tries);
    const again = this.#tries < MAX_TRIES;
    const name = qualityName(this.chosen).toLowerCase();
    this.waiting = `${refused ? 'The server is busy making small files, so the original plays.' : 'The small file did not play, so the original does.'} ${again ? `We ask for ${name} again in ${Math.round(wait_ms / 1000)} s.` : 'The next track tries again.'}`;
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
