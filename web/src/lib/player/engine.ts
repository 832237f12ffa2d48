// The one <audio> element: executes the effects of the state machine and reports events.

import { audioAddress, hlsAddress } from '../api/calls';
import { outputPlan } from './gain';
import type { Ladder } from './ladder';
import type { Quality } from '../api/types';
import type { Variant } from '../quality/quality';
import type { FailureReason, PlayerInput } from './machine';

export interface EngineReports {
  input(input: PlayerInput): void;
  /** Codec of the track in the element, for a clear message. */
  codec(): string | null;
  /** A transcode did not play: the server is at its limit and asks to wait, or the transcode is gone, or this browser cannot play it. */
  small(retryAfter_s: number | null, refused: boolean): void;
  /** The variant of the HLS ladder that plays now. */
  variant(variant: Variant): void;
}

export class Engine {
  #audio = document.createElement('audio');
  #reports: EngineReports;
  /** The position to seek to when the element has its metadata. */
  #pending_s: number | null = null;
  #context: AudioContext | null = null;
  #node: GainNode | null = null;
  #elementVolume: boolean;
  /** Plays an HLS ladder in browsers without native HLS; null while the element plays a file. */
  #ladder: Ladder | null = null;
  /** Grows with every source: a ladder that opens too late belongs to an earlier source. */
  #turn = 0;
  #wanted = false;
  #quality: Quality | undefined = 'original';

  constructor(reports: EngineReports) {
    this.#reports = reports;
    const audio = this.#audio;
    audio.preload = 'metadata';
    audio.volume = 0.5;
    this.#elementVolume = audio.volume === 0.5;
    audio.hidden = true;
    document.body.append(audio);
    const on = (type: string, run: () => void): void => audio.addEventListener(type, run);
    const report = (input: PlayerInput): void => this.#reports.input(input);
    on('playing', () => report({ type: 'playing' }));
    on('pause', () => {
      if (!audio.ended) report({ type: 'paused' });
    });
    on('waiting', () => report({ type: 'waiting' }));
    on('timeupdate', () => {
      if (this.#pending_s === null) report({ type: 'time', position_s: audio.currentTime });
    });
    on('durationchange', () => report({ type: 'ready', duration_s: this.#duration() }));
    on('loadedmetadata', () => {
      if (this.#pending_s !== null && this.#pending_s > 0) audio.currentTime = this.#pending_s;
      this.#pending_s = null;
      report({ type: 'ready', duration_s: this.#duration() });
    });
    on('ended', () => report({ type: 'ended' }));
    on('error', () => {
      if (audio.getAttribute('src') !== null) void this.#failed();
    });
  }

  source(trackId: string, position_s: number, how: { hls: boolean; quality: Quality | undefined }): void {
    this.#pending_s = position_s;
    this.#turn += 1;
    this.#wanted = false;
    this.#quality = how.quality;
    this.#ladder?.close();
    this.#ladder = null;
    if (!how.hls) this.#audio.src = audioAddress(trackId, how.quality);
    // Without Media Source Extensions (iPhones), the element plays HLS natively.
    else if (!('MediaSource' in window)) this.#audio.src = hlsAddress(trackId);
    else void this.#openLadder(hlsAddress(trackId), this.#turn);
  }

  /** Loads the HLS player when needed, and attaches it to the element. */
  async #openLadder(url: string, turn: number): Promise<void> {
    this.#audio.removeAttribute('src');
    const failed = (reason: FailureReason): void => {
      if (this.#turn === turn) this.#reports.input({ type: 'error', reason, codec: null });
    };
    try {
      const { openLadder } = await import('./ladder');
      if (this.#turn !== turn) return;
      this.#ladder = openLadder(this.#audio, url, failed, (variant) => {
        if (this.#turn === turn) this.#reports.variant(variant);
      });
      if (this.#ladder === null) failed('unsupported');
      else if (this.#wanted) this.play();
    } catch {
      failed('network');
    }
  }

  play(): void {
    this.#wanted = true;
    void this.#context?.resume();
    // A ladder that is still opening plays when it is open.
    if (this.#audio.getAttribute('src') === null) return;
    this.#audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#reports.input({ type: 'refused' });
    });
  }

  pause(): void {
    this.#wanted = false;
    this.#audio.pause();
  }

  stop(): void {
    this.#turn += 1;
    this.#ladder?.close();
    this.#ladder = null;
    this.#audio.pause();
    this.#audio.removeAttribute('src');
    this.#audio.load();
  }

  seek(position_s: number): void {
    if (this.#audio.readyState >= HTMLMediaElement.HAVE_METADATA) this.#audio.currentTime = position_s;
    else this.#pending_s = position_s;
  }

  get position_s(): number {
    return this.#pending_s ?? this.#audio.currentTime;
  }

  output(volume: number, gain_db: number, muted: boolean): void {
    this.#audio.muted = muted;
    const has = { node: this.#node !== null, elementVolume: this.#elementVolume };
    let plan = outputPlan(volume, gain_db, has);
    if (plan.node !== null && this.#node === null && !this.#makeNode()) {
      plan = { element: Math.min(1, plan.node), node: null };
    }
    this.#audio.volume = plan.element;
    if (this.#node !== null && this.#context !== null && plan.node !== null) {
      // A short ramp: a step in gain is audible as a click.
      this.#node.gain.setTargetAtTime(muted ? 0 : plan.node, this.#context.currentTime, 0.015);
    }
  }

  #makeNode(): boolean {
    // A context made before the first click would stay suspended and silent.
    if (typeof AudioContext === 'undefined' || !navigator.userActivation?.hasBeenActive) return false;
    try {
      this.#context = new AudioContext();
      this.#node = this.#context.createGain();
      this.#context.createMediaElementSource(this.#audio).connect(this.#node).connect(this.#context.destination);
      void this.#context.resume();
      return true;
    } catch {
      this.#context = null;
      this.#node = null;
      return false;
    }
  }

  #duration(): number | null {
    return Number.isFinite(this.#audio.duration) ? this.#audio.duration : null;
  }

  async #failed(): Promise<void> {
    // The HLS player reports its own errors.
    if (this.#ladder !== null) return;
    const { error, src } = this.#audio;
    const report = (reason: FailureReason): void =>
      this.#reports.input({ type: 'error', reason, codec: this.#reports.codec() });
    if (error?.code === MediaError.MEDIA_ERR_NETWORK) return report('network');
    if (error?.code === MediaError.MEDIA_ERR_DECODE) return report('decode');
    // The element also reports "not supported" if the server refused or does not answer: ask which.
    try {
      // One byte: a request for the header fields alone starts no transcode and is never refused.
      const answer = await fetch(src, { headers: { range: 'bytes=0-0' }, credentials: 'same-origin' });
      if (this.#audio.src !== src) return;
      const refused = answer.status === 429;
      if (refused || (this.#quality !== 'original' && answer.status < 500)) return this.#reports.small(Number(answer.headers.get('Retry-After')) || null, refused);
      report(answer.ok ? 'unsupported' : answer.status === 404 || answer.status === 410 ? 'missing' : 'network');
    } catch {
      report('network');
    }
  }
}
