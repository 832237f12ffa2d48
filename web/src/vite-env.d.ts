/// <reference types="svelte" />
/// <reference types="vite/client" />

// The light build of hls.js has the same interface and no types of its own.
declare module 'hls.js/light' {
  export { default } from 'hls.js';
}
