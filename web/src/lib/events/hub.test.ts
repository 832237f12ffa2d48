// Issue 12: the seventh tab never loaded, because every tab had a stream of its own.

import { describe, expect, test } from 'vitest';
import { follow, type Connect } from './feed';
import { Hub, type FromHub, type Listener, type Port, type ToHub } from './hub';

/** A hub with fake streams, and a clock that the test moves. */
function setup() {
  const opened: { after: string | null; listener: Listener; closed: boolean }[] = [];
  const waiting: (() => void)[] = [];
  const hub = new Hub(
    (after, listener) => {
      const stream = { after, listener, closed: false };
      opened.push(stream);
      return () => (stream.closed = true);
    },
    (run) => {
      waiting.push(run);
      return () => void waiting.splice(waiting.indexOf(run), 1);
    },
  );
  const tab = (as: string | null = 'ada') => {
    const received: string[] = [];
    const port: Port = { postMessage: (message) => received.push(message.type === 'task' ? message.data : message.type) };
    if (as !== null) hub.take(port, { type: 'join', as });
    return { received, port };
  };
  const wait = () => waiting.splice(0).forEach((run) => run());
  return { hub, opened, tab, wait, waiting };
}

describe('the shared stream', () => {
  test('eight tabs have one stream and all see every event', () => {
    const { hub, opened, tab } = setup();
    const tabs = Array.from({ length: 8 }, () => tab());
    expect(opened.length).toBe(1);
    opened[0]!.listener.open();
    opened[0]!.listener.task('first', '7');
    const late = tab();
    opened[0]!.listener.task('second', '8');
    for (const { received } of tabs) expect(received).toEqual(['open', 'first', 'second']);
    expect(late.received).toEqual(['open', 'second']);
    expect(hub.streams).toBe(1);
  });

  test('it stays open when the tab that opened it leaves, and ends with the last tab', () => {
    const { hub, opened, tab } = setup();
    const [first, second] = [tab(), tab()];
    hub.take(first.port, { type: 'leave' });
    opened[0]!.listener.task('after', '1');
    expect(first.received).toEqual([]);
    expect(second.received).toEqual(['after']);
    expect(opened[0]!.closed).toBe(false);
    hub.take(second.port, { type: 'leave' });
    expect(opened[0]!.closed).toBe(true);
    expect(hub.streams).toBe(0);
    opened[0]!.listener.task('too late', '2');
    expect(second.received).toEqual(['after']);
  });

  test('a stream that was refused is opened again after the last event, once', () => {
    const { opened, tab, wait } = setup();
    const { received } = tab();
    opened[0]!.listener.open();
    opened[0]!.listener.task('one', '41');
    opened[0]!.listener.task('without a number', '');
    // A loss that the browser repairs itself is only reported.
    opened[0]!.listener.lost(false);
    wait();
    expect(opened.length).toBe(1);
    opened[0]!.listener.open();
    opened[0]!.listener.lost(true);
    wait();
    expect(opened.map((stream) => stream.after)).toEqual([null, '41']);
    opened[0]!.listener.task('from the old one', '42');
    opened[1]!.listener.open();
    expect(received).toEqual(['open', 'one', 'without a number', 'lost', 'open', 'lost', 'open']);
  });

  test('no user gets the events of another user', () => {
    const { hub, opened, tab } = setup();
    const [ada, eve] = [tab('ada'), tab('eve')];
    expect(opened.length).toBe(2);
    opened[0]!.listener.task('for ada', '1');
    expect([ada.received, eve.received]).toEqual([['for ada'], []]);
    // The same tab signs in as another user.
    hub.take(ada.port, { type: 'join', as: 'eve' });
    expect(opened[0]!.closed).toBe(true);
    opened[1]!.listener.task('for eve', '2');
    expect([ada.received, eve.received]).toEqual([['for ada', 'for eve'], ['for eve']]);
  });

  test('there is no retry when all tabs are closed', () => {
    const { hub, opened, tab, waiting } = setup();
    const { port } = tab();
    opened[0]!.listener.lost(true);
    expect(waiting.length).toBe(1);
    hub.take(port, { type: 'leave' });
    expect(waiting.length).toBe(0);
  });
});

describe('a tab', () => {
  /** A fake page; the test fires its events. */
  function page() {
    const document = Object.assign(new EventTarget(), { hidden: false });
    const window = Object.assign(new EventTarget(), { document });
    return { window: window as unknown as Window, document, fire: (target: EventTarget, type: string) => target.dispatchEvent(new Event(type)), raw: window };
  }

  test('leaves while it is frozen, and gets `lost` afterwards', () => {
    const said: ToHub[] = [];
    let tell: (message: FromHub) => void = () => {};
    const connect: Connect = (received) => {
      tell = received;
      return (message) => said.push(message);
    };
    const received: string[] = [];
    const { window, document, raw, fire } = page();
    const stop = follow('ada', (message) => received.push(message.type), window, connect);
    tell({ type: 'open' });
    fire(document, 'freeze');
    tell({ type: 'task', data: '{}' });
    fire(document, 'resume');
    tell({ type: 'open' });
    fire(raw, 'pagehide');
    fire(raw, 'pageshow');
    fire(raw, 'pageshow');
    stop();
    expect(received).toEqual(['open', 'lost', 'open', 'lost']);
    expect(said.map((message) => message.type)).toEqual(['join', 'leave', 'join', 'leave', 'join', 'leave']);
    fire(document, 'resume');
    expect(said.length).toBe(6);
  });
});
