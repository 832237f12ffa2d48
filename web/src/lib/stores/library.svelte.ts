// The counts of the library, kept fresh while tasks run.

import * as calls from '../api/calls';
import type { LibraryCounts } from '../api/types';

class Library {
  counts = $state.raw<LibraryCounts | null>(null);
  async load(): Promise<void> {
    try {
      this.counts = await calls.library();
    } catch {
      // The list next to it shows the problem.
    }
  }
}
export const library = new Library();
