import { mount } from 'svelte';
import './app.css';
import { isShared } from './lib/share/link';
import { theme } from './lib/stores/theme.svelte';

theme.start();
const target = document.getElementById('app');
// A guest with a link gets the shared page alone: nothing of the rest is loaded or asked for.
if (target !== null && isShared(location.pathname, location.hash)) {
  void import('./routes/Share.svelte').then(({ default: Share }) => mount(Share, { target }));
} else if (target !== null) {
  // Somebody with an account may open a shared link in the same window.
  addEventListener('hashchange', () => {
    if (isShared(location.pathname, location.hash)) location.reload();
  });
  void import('./pages').then(({ begin }) => begin(target));
}
