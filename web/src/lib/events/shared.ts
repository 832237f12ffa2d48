// The worker that all tabs share: it has the event stream. It runs as long as one tab is open.

import { Hub, type ToHub } from './hub';
import { later, openSource } from './source';

const hub = new Hub(openSource, later);
addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0];
  if (port === undefined) return;
  port.addEventListener('message', (message: MessageEvent<ToHub>) => hub.take(port, message.data));
  // A tab that closes without a message (newer browsers report it).
  port.addEventListener('close', () => hub.take(port, { type: 'leave' }));
  port.start();
});
