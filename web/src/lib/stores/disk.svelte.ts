// Problems of the server's data folder: it cannot be written, uploads are missing, the database is damaged. Readable music still plays, and the pages show the problem.

import * as calls from '../api/calls';
import type { Status, StorageTrouble } from '../api/types';

/** Pauses between two requests: while the disk can be written, and while it cannot. The server sends no event when that changes. */
const CALM_MS = 60_000;
const ALERT_MS = 5_000;

export class Disk {
  trouble = $state.raw<StorageTrouble | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking = false;

  constructor(private readonly ask: () => Promise<Pick<Status, 'storage'>> = calls.status) {}

  start(): void {
    void this.look();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Asks now, and then again after each pause. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    clearTimeout(this.#timer);
    try {
      this.trouble = (await this.ask()).storage ?? null;
    } catch {
      // The last answer stays. The connection's own note says that the server cannot be reached.
    } finally {
      this.#looking = false;
      this.#timer = setTimeout(() => void this.look(), this.trouble === null ? CALM_MS : ALERT_MS);
    }
  }
}
export const disk = new Disk();
