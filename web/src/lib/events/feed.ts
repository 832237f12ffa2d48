// Events of the server, as one tab gets them: through the worker that all tabs share. Where there is none (browsers on phones), a tab has
// a stream of its own while it is seen: of many tabs on a phone one is.

import { Scope } from '../scope';
import { Hub, type FromHub, type Port, type ToHub } from './hub';
import { later, openSource } from './source';

/** Connects this tab; gives how the hub is told something. */
export type Connect = (heard: (message: FromHub) => void, failed: () => void) => (message: ToHub) => void;

export const connectShared: Connect = (heard, failed) => {
  const worker = new SharedWorker(new URL('./shared.ts', import.meta.url), { type: 'module', name: 'fanfare-events' });
  worker.addEventListener('error', failed);
  worker.port.addEventListener('message', (message: MessageEvent<FromHub>) => heard(message.data));
  worker.port.start();
  return (message) => worker.port.postMessage(message);
};

export const connectAlone: Connect = (heard) => {
  const hub = new Hub(openSource, later);
  const port: Port = { postMessage: heard };
  return (message) => hub.take(port, message);
};

/** Follows the events of the server as that person; gives how to stop. `heard` is told of losses, too: what came meanwhile is not sent again. */
export function follow(as: string, heard: (message: FromHub) => void, page: Window = window, shared: Connect | null = 'SharedWorker' in globalThis ? connectShared : null): () => void {
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
    heard({ type: 'lost' });
  };
  const hear = (message: FromHub): void => {
    if (joined) heard(message);
  };
  const alone = (): void => {
    say = connectAlone(hear, () => {});
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
    say = shared(hear, alone);
    join();
    // A tab that the browser puts to sleep takes no messages, which would only pile up.
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
