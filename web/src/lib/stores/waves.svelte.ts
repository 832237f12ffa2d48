// Waveforms of recently shown tracks.

import * as calls from '../api/calls';
import type { Waveform } from '../api/types';

const KEPT = 24;

class Waves {
  #waves = $state.raw(new Map<string, Waveform | null>());
  #asked = new Set<string>();

  /** The waveform, or null while it loads or if there is none. Requests it once. */
  of(trackId: string): Waveform | null {
    const found = this.#waves.get(trackId);
    if (found === undefined && !this.#asked.has(trackId)) void this.#fetch(trackId);
    return found ?? null;
  }

  /** The track was analyzed: its waveform is requested again. */
  again(trackId: string): void {
    if (this.#waves.get(trackId) === null) void this.#fetch(trackId);
  }

  async #fetch(trackId: string): Promise<void> {
    this.#asked.add(trackId);
    let wave: Waveform | null = null;
    try {
      wave = await calls.waveform(trackId);
    } catch {
      // Not analyzed yet, or the server does not answer: drawn as a flat line.
    }
    const next = new Map(this.#waves);
    next.delete(trackId);
    next.set(trackId, wave);
    for (const oldest of next.keys()) {
      if (next.size <= KEPT) break;
      next.delete(oldest);
      this.#asked.delete(oldest);
    }
    this.#waves = next;
  }
}
export const waves = new Waves();
