import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Where `npm run dev` sends API requests: a real server, or the mock (`npm run mock`).
const server = process.env.FANFARE_URL ?? 'http://127.0.0.1:4049';

export default defineConfig({
  plugins: [svelte()],
  build: {
    // Oldest browsers with light-dark() and the other CSS that app.css uses.
    target: ['chrome123', 'firefox125', 'safari17.5'],
    cssTarget: ['chrome123', 'firefox125', 'safari17.5'],
    // The server's content security policy is default-src 'self': no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': server, '/health': server } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
