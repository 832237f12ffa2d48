// Whether the server can store anything: on a full or read-only disk it plays on, and says so.

import * as calls from '../api/calls';
import type { Status, StorageTrouble } from '../api/types';

/** Between two looks while all is well, and while something is not: it passes without a word of the server. */
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

  /** Asks now, and from then on now and then. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    clearTimeout(this.#timer);
    try {
      this.trouble = (await this.ask()).storage ?? null;
    } catch {
      // What was known stays; that the server is away is told elsewhere.
    } finally {
      this.#looking = false;
      this.#timer = setTimeout(() => void this.look(), this.trouble === null ? CALM_MS : ALERT_MS);
    }
  }
}
export const disk = new Disk();
