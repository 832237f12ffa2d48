// The figures of the transcode cache, while a page shows them.

import * as calls from '../api/calls';
import { asProblem, type Problem } from '../api/problem';
import type { CacheStatus } from '../api/types';

class CacheFigures {
  now = $state.raw<CacheStatus | null>(null);
  trouble = $state.raw<Problem | null>(null);
  #asked = false;

  async load(): Promise<void> {
    this.#asked = true;
    try {
      this.now = await calls.cache();
      this.trouble = null;
    } catch (error) {
      this.trouble = asProblem(error);
    }
  }

  /** For components that need only the bit rates. */
  async once(): Promise<void> {
    if (!this.#asked) await this.load();
  }
}
export const cacheStatus = new CacheFigures();
