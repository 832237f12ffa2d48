// The server's events in one tab: through the worker that all tabs share. Without shared workers (browsers on phones), a tab has
// its own stream while it is visible: on a phone only one tab is.

import { Scope } from '../scope';
import { Hub, type FromHub, type Port, type ToHub } from './hub';
import { later, openSource } from './source';

/** Connects this tab. Returns a function that sends messages to the hub. */
export type Connect = (received: (message: FromHub) => void, failed: () => void) => (message: ToHub) => void;

export const connectShared: Connect = (received, failed) => {
  const worker = new SharedWorker(new URL('./shared.ts', import.meta.url), { type: 'module', name: 'fanfare-events' });
  worker.addEventListener('error', failed);
  worker.port.addEventListener('message', (message: MessageEvent<FromHub>) => received(message.data));
  worker.port.start();
  return (message) => worker.port.postMessage(message);
};

export const connectAlone: Connect = (received) => {
  const hub = new Hub(openSource, later);
  const port: Port = { postMessage: received };
  return (message) => hub.take(port, message);
};

/** Follows the server's events as that user. Returns a function that stops it. `received` gets `lost`, too: missed events are not sent again. */
export function follow(as: string, received: (message: FromHub) => void, page: Window = window, shared: Connect | null = 'SharedWorker' in globalThis ? connectShared : null): () => void {
  const scope = new Scope();
  let say: (message: ToHub) => void = () => {};
  let joined = false;
  const join = (): void => {
    joined = true;
    say({ type: 'join', as });
  };
  const leave = (): void => {
    if (!joined) return;
    joined = false;
    say({ type: 'leave' });
    received({ type: 'lost' });
  };
  const receive = (message: FromHub): void => {
    if (joined) received(message);
  };
  const alone = (): void => {
    say = connectAlone(receive, () => {});
    const look = (): void => {
      if (page.document.hidden) leave();
      else if (!joined) join();
    };
    scope.listen(page.document, 'visibilitychange', look);
    joined = false;
    look();
  };
  if (shared === null) {
    alone();
  } else {
    say = shared(receive, alone);
    join();
    // A frozen tab handles no messages; they would only accumulate.
    for (const type of ['freeze', 'pagehide']) scope.listen(type === 'freeze' ? page.document : page, type, leave);
    for (const type of ['resume', 'pageshow']) {
      scope.listen(type === 'resume' ? page.document : page, type, () => {
        if (!joined) join();
      });
    }
  }
  return () => {
    scope.close();
    joined = false;
    say({ type: 'leave' });
  };
}
