// The name of the item that a page shows, after the page loaded it.

import { router } from './router.svelte';
import { aboutOf, pageTitle } from '../titles';

class Named {
  #known = $state.raw<{ about: string; name: string } | null>(null);
  /** Null while the name is not known, and on pages without an item. */
  name = $derived(this.#known !== null && this.#known.about === aboutOf(router.route) ? this.#known.name : null);
  title = $derived(pageTitle(router.route, this.name));
  /** Whether the title is final. */
  settled = $derived(aboutOf(router.route) === null || this.name !== null);

  tell(page: 'track' | 'artist' | 'release' | 'mixtape', id: string, name: string | undefined): void {
    if (name !== undefined) this.#known = { about: `${page} ${id}`, name };
  }
}
export const named = new Named();
