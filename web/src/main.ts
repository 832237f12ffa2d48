import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { watch } from './lib/api/client';
import { account } from './lib/stores/account.svelte';
import { connection } from './lib/stores/connection.svelte';
import { router } from './lib/stores/router.svelte';
import { theme } from './lib/stores/theme.svelte';

theme.start();
router.start();
watch({ reached: () => connection.found(), unreachable: () => connection.lost(), signedOut: () => account.dropped() });
void account.start();

const target = document.getElementById('app');
if (target !== null) mount(App, { target });
