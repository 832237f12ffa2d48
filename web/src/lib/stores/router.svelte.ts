// The browser's side of the routes: follows the address fragment.

import { parseRoute, type Route } from '../routes';

class Router {
  hash = $state(location.hash);
  route = $derived<Route>(parseRoute(this.hash));
  #places = new Map<string, number>();

  start(): void {
    addEventListener('hashchange', () => {
      this.hash = location.hash;
    });
  }

  go(href: string): void {
    location.hash = href;
  }

  /** Changes the address without a step in the history (search as you type). */
  replace(href: string): void {
    history.replaceState(history.state, '', href);
    this.hash = location.hash;
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
