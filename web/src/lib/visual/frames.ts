// The one animation loop: runs only while a component listens.

type OnFrame = () => void;
const listeners = new Set<OnFrame>();
let request = 0;

function run(): void {
  request = listeners.size > 0 ? requestAnimationFrame(run) : 0;
  for (const listener of [...listeners]) listener();
}

/** Calls `listener` on every frame until the returned function is called. */
export function onFrame(listener: OnFrame): () => void {
  listeners.add(listener);
  if (request === 0) request = requestAnimationFrame(run);
  return () => listeners.delete(listener);
}
