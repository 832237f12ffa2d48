// The player for the pages: connects the state machine, the queue, the engine and the saved state.

import * as calls from '../api/calls';
import type { Track } from '../api/types';
import { AlbumGain } from './album-gain.svelte';
import { behind, type Continuation, fresh, listInOrder, shuffledList } from './continuation';
import { Engine } from './engine';
import { appliedGain, type LevelChoice } from './gain';
import { type Effect, type PlayerInput, type PlayerState, START, step } from './machine';
import { offerCommands, showState, showTrack } from './media-session';
import * as q from './queue';
import { SentQuality } from './sent.svelte';
import { joinTabs, type Tabs } from './tabs';
import { loadContinuation, loadOutput, loadPosition, loadQueue, saveContinuation, saveOutput, savePosition, saveQueue } from './saved';

/** The order of the tracks, and the list that continues after them. */
export interface PlayOptions { shuffle?: boolean; then?: Continuation | null }
const TOP_UP_BELOW = 20;
const TOP_UP_BY = 100;
/** "Previous" within this time goes to the track before, later to the start of this one. */
const RESTART_AFTER_S = 4;

class Player {
  machine = $state.raw<PlayerState>(START);
  queue = $state.raw<q.Queue>(q.EMPTY);
  output = $state.raw(loadOutput());
  drawer = $state(false);
  /** The requested quality, and what the server sends. */
  readonly size = new SentQuality(() => this.track, () => this.send({ type: 'reload', position_s: this.position_s }));
  /** The last problem, for the player bar; cleared when the next track plays. */
  notice = $state<string | null>(null);
  entry = $derived(q.currentEntry(this.queue));
  track = $derived(this.entry?.track ?? null);
  playing = $derived(this.machine.wanted && this.machine.phase !== 'failed');
  readonly #albums = new AlbumGain();
  gain = $derived(appliedGain(this.track ?? { replaygain_track_gain_db: null, true_peak_dbtp: null }, this.output.level, this.#albums.of(this.track?.release?.id)));
  duration_s = $derived(this.machine.duration_s ?? this.track?.duration_s ?? null);
  #engine: Engine | null = null;
  #tabs: Tabs | null = null;
  #continuation: Continuation | null = loadContinuation();
  /** The list of which a page is being loaded. */
  #toppingUp: Continuation | null = null;
  #saved_s = -1;
  #started = false;

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.queue = loadQueue();
    offerCommands({
      play: () => this.send({ type: 'play' }), pause: () => this.send({ type: 'pause' }), next: () => this.next(),
      previous: () => this.previous(), seek: (to) => this.seek(to), seekBy: (by) => this.seek(this.position_s + by),
    });
    addEventListener('pagehide', () => savePosition(this.position_s));
    this.#tabs = joinTabs(() => this.#taken());
    if (this.entry !== null) this.#load(loadPosition(), false);
  }

  /** The current position, for drawing. The state machine's position is updated only every quarter of a second. */
  get position_s(): number {
    return this.#engine !== null && this.machine.phase === 'playing' ? this.#engine.position_s : this.machine.position_s;
  }

  /** Plays these tracks. Without a continuing list, shuffle mixes them; a list has its own order. */
  playTracks(tracks: readonly Track[], start: number, options: PlayOptions = {}): void {
    this.#play(tracks.map(q.queueTrack), start, options);
  }

  /** Plays these queue entries: for tracks outside the library. */
  playQueued(tracks: readonly q.QueueTrack[], start: number): void {
    this.#play(tracks, start, {});
  }

  #play(tracks: readonly q.QueueTrack[], start: number, { shuffle = this.queue.shuffle, then = null }: PlayOptions): void {
    this.#goOn(then);
    const mixed = then === null ? { ...this.queue, shuffle } : { ...this.queue, shuffle: false };
    this.#set({ ...q.replace(mixed, tracks, start, Math.random), shuffle });
    if (this.entry !== null) this.#load(0, true);
  }

  add(tracks: readonly Track[], where: 'next' | 'end'): void {
    const fresh = tracks.map(q.queueTrack);
    const idle = this.entry === null;
    this.#set(where === 'next' ? q.playNext(this.queue, fresh) : q.append(this.queue, fresh));
    if (idle && fresh.length > 0) this.#go({ ...this.queue, current: 0 });
  }

  toggle(): void {
    if (this.machine.trackId === null && this.entry !== null) this.#load(0, true);
    else this.send({ type: this.playing ? 'pause' : 'play' });
  }

  next(): void {
    const after = q.next(this.queue);
    if (after !== null) this.#go(after);
    else this.send({ type: 'pause' });
  }

  previous(): void {
    const before = this.position_s > RESTART_AFTER_S ? null : q.previous(this.queue);
    if (before === null) this.seek(0);
    else this.#go(before);
  }

  jump(uid: number): void {
    this.#go(q.jump(this.queue, uid));
  }

  seek(position_s: number): void {
    this.send({ type: 'seek', position_s });
    savePosition(this.machine.position_s);
  }

  removeEntry(uid: number): void {
    const current = this.entry?.uid === uid;
    this.#set(q.without(this.queue, uid));
    if (!current) return;
    if (this.entry === null) this.send({ type: 'unload' });
    else this.#load(0, this.machine.wanted);
  }

  moveEntry(from: number, to: number): void {
    this.#set(q.move(this.queue, from, to));
  }

  clearUpcoming(): void {
    this.#goOn(null);
    this.#set(q.clearUpcoming(this.queue));
  }

  shuffle(on: boolean): void {
    const from = this.#continuation;
    if (from === null || on === this.queue.shuffle) return this.#set(q.setShuffle(this.queue, on, Math.random));
    // The continuing list is shuffled as a whole: entries loaded in the other order are removed.
    this.#goOn(on ? shuffledList(from.query, from.offset - q.remaining(this.queue), Math.random) : listInOrder(from));
    this.#set({ ...q.clearUpcoming(this.queue), shuffle: on });
    void this.#topUp();
  }

  /** Turns shuffle off for a list that starts to play. */
  playInOrder(): void {
    this.#goOn(null);
    this.#set({ ...this.queue, shuffle: false });
  }

  cycleRepeat(): void {
    this.#set({ ...this.queue, repeat: q.nextRepeat(this.queue.repeat) });
  }

  setVolume(volume: number): void {
    this.#setOutput({ volume: Math.min(1, Math.max(0, volume)), muted: false });
  }

  toggleMute(): void {
    this.#setOutput({ muted: !this.output.muted });
  }

  setLevel(level: LevelChoice): void {
    this.#setOutput({ level });
    this.#learnAlbum();
  }

  /** Signing out: nothing of this user stays in the player bar. */
  forget(): void {
    this.#goOn(null);
    this.#set(q.EMPTY);
    this.send({ type: 'unload' });
    this.drawer = false;
  }

  send(input: PlayerInput): void {
    if (input.type === 'load' || input.type === 'unload') this.size.begin();
    const before = this.machine;
    const result = step(before, input);
    this.machine = result.state;
    if (result.state.trouble !== before.trouble && result.state.trouble !== null) {
      this.notice = `${this.track?.title ?? 'This track'}: ${result.state.trouble}`;
    }
    if (input.type === 'playing') this.notice = null;
    if (input.type === 'ready') void this.size.ask();
    for (const effect of result.effects) this.#run(effect);
    if (input.type === 'time' ? Math.abs(this.machine.position_s - this.#saved_s) > 5 : input.type === 'paused') {
      this.#saved_s = this.machine.position_s;
      savePosition(this.#saved_s);
    }
    if (input.type !== 'time') showState(this.machine);
  }

  #run(effect: Effect): void {
    const engine = (this.#engine ??= new Engine({
      input: (input) => this.send(input), codec: () => this.track?.codec ?? null, small: (retryAfter_s, refused) => this.size.standIn(retryAfter_s, refused),
      variant: (variant) => { this.size.variant = variant; },
    }));
    switch (effect.type) {
      case 'source': engine.source(effect.trackId, effect.position_s, { hls: this.track?.hls === true, quality: this.size.asked }); return this.#level();
      case 'play': this.#tabs?.begin(); this.#level(); return engine.play();
      case 'pause': return engine.pause();
      case 'stop': return engine.stop();
      case 'position': return engine.seek(effect.position_s);
      case 'advance': case 'skip': {
        const after = effect.type === 'skip' ? q.next(this.queue) : q.afterEnd(this.queue);
        if (after !== null) this.#go(after);
        else this.machine = { ...this.machine, wanted: false };
      }
    }
  }

  /** Another tab of this browser plays now. */
  #taken(): void {
    if (!this.playing) return;
    this.send({ type: 'pause' });
    this.notice = 'Music now plays in another tab';
  }

  #go(queue: q.Queue): void {
    this.#set(queue);
    this.#load(0, true);
  }

  #load(position_s: number, play: boolean): void {
    const track = this.track;
    if (track === null) return;
    this.send({ type: 'load', trackId: track.id, duration_s: track.duration_s, position_s, play });
    showTrack(track);
    savePosition(position_s);
    void this.#topUp();
    this.#learnAlbum();
    if (track.replaygain_track_gain_db === null && track.hls !== true) void this.#learn(track.id);
  }

  #learnAlbum(): void {
    if (this.output.level.mode === 'album' && this.track?.hls !== true) void this.#albums.learn(this.track?.release?.id, () => this.#level());
  }

  /** The track may have been analyzed since it was queued. */
  async #learn(id: string): Promise<void> {
    try {
      const fresh = q.queueTrack(await calls.track(id));
      const entries = this.queue.entries.map((entry) => (entry.track.id === id ? { ...entry, track: fresh } : entry));
      this.#set({ ...this.queue, entries });
      this.#level();
    } catch {
      // It plays without ReplayGain.
    }
  }

  async #topUp(): Promise<void> {
    const from = this.#continuation;
    if (from === null || from.ended === true || this.#toppingUp === from || q.remaining(this.queue) >= TOP_UP_BELOW) return;
    this.#toppingUp = from;
    try {
      const page = await calls.tracks(from.query, from.offset, TOP_UP_BY);
      if (this.#continuation !== from) return;
      this.#goOn(behind(from, page.items.length, page.total));
      this.#set(q.append(this.queue, fresh(from, this.queue, page.items.map(q.queueTrack))));
    } catch {
      // Tried again with the next track.
      return;
    } finally {
      if (this.#toppingUp === from) this.#toppingUp = null;
    }
    // A page may contain only tracks that were already played.
    await this.#topUp();
  }

  #goOn(continuation: Continuation | null): void {
    this.#continuation = continuation;
    saveContinuation(continuation);
  }

  #set(queue: q.Queue): void {
    this.queue = queue;
    saveQueue(queue);
  }

  #setOutput(change: Partial<typeof this.output>): void {
    this.output = { ...this.output, ...change };
    saveOutput(this.output);
    this.#level();
  }

  #level(): void {
    this.#engine?.output(this.output.volume, this.gain.gain_db, this.output.muted);
  }
}
export const player = new Player();
