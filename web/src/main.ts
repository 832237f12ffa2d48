import { mount } from 'svelte';
import './app.css';
import { showAway } from './lib/away';
import { isShared } from './lib/share/link';
import { theme } from './lib/stores/theme.svelte';

theme.start();
const target = document.getElementById('app');
// The server stopped between the first file and the next ones.
const failed = (): void => {
  if (target !== null) showAway(target, () => location.reload());
};
// A guest with a link gets only the shared page: no other code is loaded.
if (target !== null && isShared(location.pathname, location.hash)) {
  void import('./routes/Share.svelte').then(({ default: Share }) => mount(Share, { target }), failed);
} else if (target !== null) {
  // A user with an account may open a shared link in the same window.
  addEventListener('hashchange', () => {
    if (isShared(location.pathname, location.hash)) location.reload();
  });
  void import('./pages').then(({ begin }) => begin(target), failed);
}
