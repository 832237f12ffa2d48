// The requests of a page's buttons: none is sent twice while it is under way, and what went wrong stays until the next one.

import { SvelteSet } from 'svelte/reactivity';
import { asProblem, type Problem } from './api/problem';

export class Attempts {
  problem = $state.raw<Problem | null>(null);
  #doing = new SvelteSet<string>();

  /** Whether that one is under way: its button says so, and cannot be pressed. */
  is(name: string): boolean {
    return this.#doing.has(name);
  }

  /** Whether anything is under way. */
  get busy(): boolean {
    return this.#doing.size > 0;
  }

  /** True when it went well; false when it went wrong, and when it was under way already. */
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
