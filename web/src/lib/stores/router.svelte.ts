// The browser's side of the routes: follows the address fragment, and asks before unsaved changes are lost.

import { parseRoute, type Route } from '../routes';

/** Whether the user may go there without a question; null means leaving all pages, as signing out does. */
type Guard = (to: Route | null) => boolean;

class Router {
  hash = $state(location.hash);
  route = $derived<Route>(parseRoute(this.hash));
  /** The user wants to leave unsaved changes: what to do after they confirm. */
  asked = $state.raw<(() => void) | null>(null);
  #guard: Guard | null = null;
  /** The question to ask when the address is again the one of this page. */
  #toAsk: (() => void) | null = null;
  /** The user confirmed: the next change of the address needs no question. */
  #meant = false;
  /** The index of this history entry: how far to go back when a step is not allowed, and forward again. */
  #at = 0;
  #places = new Map<string, number>();

  start(): void {
    this.#at = placeOf(history.state) ?? 0;
    this.#number(this.#at);
    addEventListener('hashchange', () => this.#changed());
    // Entries that share an address change without "hashchange".
    addEventListener('popstate', () => {
      if (location.hash === this.hash) this.#number(placeOf(history.state) ?? this.#at);
    });
  }

  go(href: string): void {
    location.hash = href;
  }

  /** Changes the address without a step in the history (search as you type), and without a question. */
  replace(href: string): void {
    history.replaceState(history.state, '', href);
    this.hash = location.hash;
  }

  /** From now on the guard decides whether to ask before leaving. Returns a function that removes the guard. */
  guard(guard: Guard): () => void {
    this.#guard = guard;
    return () => {
      if (this.#guard !== guard) return;
      this.#guard = null;
      this.asked = null;
    };
  }

  /** Runs an action that leaves the pages, after the user confirmed the loss of unsaved changes. */
  leave(run: () => void): void {
    if (this.#guard === null || this.#guard(null)) run();
    else this.asked = run;
  }

  answer(leave: boolean): void {
    const { asked } = this;
    this.asked = null;
    if (leave) asked?.();
  }

  #changed(): void {
    const { hash } = location;
    if (hash === this.hash) {
      this.asked = this.#toAsk ?? this.asked;
      this.#toAsk = null;
      return;
    }
    const known = placeOf(history.state);
    if (!this.#meant && this.#guard !== null && !this.#guard(parseRoute(hash))) {
      const steps = known === null ? 1 : known - this.#at;
      // A new address is opened as a new entry; an earlier one by a step in the history.
      const leave = (): void => {
        this.#meant = true;
        if (known === null || steps === 0) this.go(hash);
        else history.go(steps);
      };
      if (steps === 0) {
        // A step of zero would reload the page.
        history.replaceState(history.state, '', this.hash);
        this.asked = leave;
      } else {
        this.#toAsk = leave;
        history.go(-steps);
      }
      return;
    }
    this.#meant = false;
    this.#number(known ?? this.#at + 1);
    this.hash = hash;
  }

  #number(at: number): void {
    this.#at = at;
    if (placeOf(history.state) !== at) history.replaceState({ at }, '');
  }

  /** The scroll position of a list when the user left it. */
  place(key: string): number {
    return this.#places.get(key) ?? 0;
  }

  keepPlace(key: string, scrolled_px: number): void {
    this.#places.set(key, scrolled_px);
  }
}
export const router = new Router();

function placeOf(state: unknown): number | null {
  const at = typeof state === 'object' && state !== null ? (state as { at?: unknown }).at : undefined;
  return typeof at === 'number' ? at : null;
}
