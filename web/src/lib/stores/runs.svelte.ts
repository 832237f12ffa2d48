// The cache run in the dialog: first the question, then the progress.

import type { CacheScope } from '../api/types';

export interface Run {
  /** The title of its scope: "Night Train". */
  title: string;
  scope: CacheScope;
  /** Null until the run started. */
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
