// The library folders for a page, reloaded after each change in the library.

import * as calls from '../api/calls';
import { asProblem, type Problem } from '../api/problem';
import type { Folder } from '../api/types';
import { activity } from '../stores/activity.svelte';

export class FolderList {
  /** `null` until they are loaded. */
  folders = $state.raw<Folder[] | null>(null);
  problem = $state<Problem | null>(null);

  /** Call this while a component is set up. */
  constructor() {
    $effect(() => {
      void activity.pulse;
      void this.load();
    });
  }

  readonly load = (): Promise<void> => this.after(async () => {});

  /** Makes a change and loads the folders again; an error becomes `problem`. */
  async after(change: () => Promise<unknown>): Promise<void> {
    try {
      await change();
      this.folders = await calls.folders();
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
}
