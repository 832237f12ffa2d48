// The worker that all tabs share: it has the stream of events. It lives as long as one of them does.

import { Hub, type ToHub } from './hub';
import { later, openSource } from './source';

const hub = new Hub(openSource, later);
addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0];
  if (port === undefined) return;
  port.addEventListener('message', (message: MessageEvent<ToHub>) => hub.take(port, message.data));
  // A tab that ends without a word (newer browsers say it).
  port.addEventListener('close', () => hub.take(port, { type: 'leave' }));
  port.start();
});
