// The one run of the cache that the window over the pages is about: asked for, then followed.

import type { CacheScope } from '../api/types';

export interface Run {
  /** What it is for: "Night Train". */
  title: string;
  scope: CacheScope;
  /** Once it was begun. */
  taskId: string | null;
}

class Runs {
  open = $state<Run | null>(null);

  ask(scope: CacheScope, title: string): void {
    this.open = { scope, title, taskId: null };
  }

  follow(taskId: string, scope: CacheScope, title: string): void {
    this.open = { scope, title, taskId };
  }

  begun(taskId: string): void {
    if (this.open !== null) this.open = { ...this.open, taskId };
  }

  close(): void {
    this.open = null;
  }
}
export const runs = new Runs();
