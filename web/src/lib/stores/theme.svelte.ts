// Light, dark, or as the system says. app.css does the rest through color-scheme.

import { recall, remember } from './remembered';

export type Theme = 'system' | 'light' | 'dark';
const isTheme = (value: unknown): value is Theme => value === 'system' || value === 'light' || value === 'dark';

class ThemeChoice {
  choice = $state<Theme>(recall('theme', isTheme, 'system'));
  #systemDark = $state(matchMedia('(prefers-color-scheme: dark)').matches);
  /** What is shown now. */
  shown = $derived(this.choice === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.choice);

  start(): void {
    this.#show();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => {
      this.#systemDark = event.matches;
    });
  }

  choose(choice: Theme): void {
    this.choice = choice;
    remember('theme', choice);
    this.#show();
  }

  toggle(): void {
    this.choose(this.shown === 'dark' ? 'light' : 'dark');
  }

  #show(): void {
    if (this.choice === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.choice;
    // The frame of an installed app on a phone follows the theme chosen here, not only the system's.
    for (const tag of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
      const light = this.choice === 'system' ? tag.media.includes('light') : this.choice === 'light';
      tag.content = light ? '#f8f5ef' : '#14110e';
    }
  }
}
export const theme = new ThemeChoice();
