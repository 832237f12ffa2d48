// The browser's side of the routes: follows the address fragment, and asks first where leaving would lose something.

import { parseRoute, type Route } from '../routes';

/** Whether one may go there without being asked; null stands for leaving the pages altogether, as signing out does. */
type Guard = (to: Route | null) => boolean;

class Router {
  hash = $state(location.hash);
  route = $derived<Route>(parseRoute(this.hash));
  /** Somebody wants to leave what is not saved: what is done if they mean it. */
  asked = $state.raw<(() => void) | null>(null);
  #guard: Guard | null = null;
  /** What will be asked as soon as the address is again the one of this page. */
  #toAsk: (() => void) | null = null;
  /** They meant it: the next change of the address is not asked about. */
  #meant = false;
  /** Which entry of the history this is: how far to go back where one may not go, and forward again. */
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

  /** From now on one is asked before leaving, where the guard says so; what it gives takes it away. */
  guard(guard: Guard): () => void {
    this.#guard = guard;
    return () => {
      if (this.#guard !== guard) return;
      this.#guard = null;
      this.asked = null;
    };
  }

  /** Does what leaves the pages, once nothing is lost by it. */
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
      // An address that was not there before is gone to anew; one that was is gone back to.
      const leave = (): void => {
        this.#meant = true;
        if (known === null || steps === 0) this.go(hash);
        else history.go(steps);
      };
      if (steps === 0) {
        // No step at all would load the page again.
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

  /** How far a list was scrolled when it was left. */
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
