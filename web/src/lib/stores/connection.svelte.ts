// Whether the server answers. While it does not, the page asks again, with longer pauses each time.

import * as calls from '../api/calls';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 20_000;

class Connection {
  gone = $state(false);
  trying = $state(false);
  /** Grows each time the server comes back: pages then reload. */
  returns = $state(0);
  #wait_ms = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  lost(): void {
    if (this.gone) return;
    this.gone = true;
    this.#wait_ms = FIRST_WAIT_MS;
    this.#later();
  }

  found(): void {
    clearTimeout(this.#timer);
    if (!this.gone) return;
    this.gone = false;
    this.returns += 1;
  }

  async retry(): Promise<void> {
    clearTimeout(this.#timer);
    this.trying = true;
    try {
      await calls.status(); // found() comes through the client's watcher
    } catch {
      if (this.gone) this.#later();
    } finally {
      this.trying = false;
    }
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.retry(), this.#wait_ms);
    this.#wait_ms = Math.min(LONGEST_WAIT_MS, this.#wait_ms * 2);
  }
}
export const connection = new Connection();
