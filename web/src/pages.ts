// The pages for people with an account, and the public catalog.

import { mount } from 'svelte';
import App from './App.svelte';
import { watch } from './lib/api/client';
import { account } from './lib/stores/account.svelte';
import { connection } from './lib/stores/connection.svelte';
import { disk } from './lib/stores/disk.svelte';
import { router } from './lib/stores/router.svelte';

export function begin(target: HTMLElement): void {
  router.start();
  watch({ reached: () => connection.found(), unreachable: () => connection.lost(), signedOut: () => account.dropped(), unstored: () => void disk.look() });
  void account.start();
  disk.start();
  mount(App, { target });
  // Makes the pages installable. Without HTTPS the browser refuses it; everything else still works.
  if ('serviceWorker' in navigator) void navigator.serviceWorker.register('/sw.js').catch(() => {});
}
