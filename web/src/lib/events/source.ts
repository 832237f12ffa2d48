// The server's event stream, in a page or in a worker.

import * as calls from '../api/calls';
import type { Later, Open } from './hub';

/** The browser reconnects by itself, with the last event's number, unless the server refused the stream; then `lost` reports `closed`. */
export const openSource: Open = (after, listener) => {
  const source = new EventSource(calls.eventsAddress(after));
  source.addEventListener('open', () => listener.open());
  source.addEventListener('task', (message: MessageEvent<string>) => listener.task(message.data, message.lastEventId));
  source.addEventListener('error', () => listener.lost(source.readyState === EventSource.CLOSED));
  return () => source.close();
};

export const later: Later = (run, after_ms) => {
  const timer = setTimeout(run, after_ms);
  return () => clearTimeout(timer);
};
