// The requests of a page's buttons: none is sent twice at the same time, and a problem stays until the next request.

import { SvelteSet } from 'svelte/reactivity';
import { asProblem, type Problem } from './api/problem';

export class Attempts {
  problem = $state.raw<Problem | null>(null);
  #doing = new SvelteSet<string>();

  /** Whether that request is running: its button shows it and is disabled. */
  is(name: string): boolean {
    return this.#doing.has(name);
  }

  /** Whether any request is running. */
  get busy(): boolean {
    return this.#doing.size > 0;
  }

  /** True after success; false after a failure, or if it was already running. */
  async run(name: string, work: () => Promise<unknown>): Promise<boolean> {
    if (this.#doing.has(name)) return false;
    this.#doing.add(name);
    this.problem = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.problem = asProblem(error);
      return false;
    } finally {
      this.#doing.delete(name);
    }
  }
}
