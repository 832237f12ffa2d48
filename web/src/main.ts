import { mount } from 'svelte';
import './app.css';
import { isSharePath } from './lib/share/link';
import { theme } from './lib/stores/theme.svelte';

theme.start();
const target = document.getElementById('app');
// A guest with a link gets the shared page alone: nothing of the rest is loaded or asked for.
if (target !== null && isSharePath(location.pathname)) {
  void import('./routes/Share.svelte').then(({ default: Share }) => mount(Share, { target }));
} else if (target !== null) {
  void import('./pages').then(({ begin }) => begin(target));
}
