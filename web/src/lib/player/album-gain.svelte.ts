// The gain of the release whose track plays. Requested once per release, in the mode "by release".

import * as calls from '../api/calls';
import { type AlbumLevel, decibels } from './gain';

/** Cached releases at most; the oldest is evicted and may be requested again. */
const MAX_RELEASES = 200;

export class AlbumGain {
  /** The release and its level, where there is one. */
  #known = $state.raw<ReadonlyMap<string, AlbumLevel>>(new Map());
  /** The releases that are not requested again: no track of them is missing or waits for analysis. */
  #whole = new Set<string>();
  #asked = new Set<string>();

  /** The level of that release, as far as it is known. */
  of(releaseId: string | null | undefined): AlbumLevel | null {
    return releaseId == null ? null : this.#known.get(releaseId) ?? null;
  }

  /** Requests the level of that release, unless it is known or being loaded. `then` runs afterwards. */
  async learn(releaseId: string | null | undefined, then: () => void): Promise<void> {
    if (!releaseId || (this.#whole.has(releaseId) && this.#known.has(releaseId)) || this.#asked.has(releaseId)) return;
    this.#asked.add(releaseId);
    try {
      const { gain_db, peak, missing } = await calls.releaseGain(releaseId);
      if (gain_db == null || peak == null) return;
      if (missing.length === 0) this.#whole.add(releaseId);
      const level = { gain_db, peak_dbtp: decibels(peak) };
      this.#known = new Map([...this.#known, [releaseId, level] as const].slice(-MAX_RELEASES));
      then();
    } catch {
      // The track's own level is used; requested again with the next track.
    } finally {
      this.#asked.delete(releaseId);
    }
  }
}
