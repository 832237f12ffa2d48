// Issue 12: the seventh tab never loaded, because every tab had a stream of its own.

import { describe, expect, test } from 'vitest';
import { follow, type Connect } from './feed';
import { Hub, type FromHub, type Listener, type Port, type ToHub } from './hub';

/** A hub over streams that the test plays, and a clock that it moves. */
function bench() {
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
    const heard: string[] = [];
    const port: Port = { postMessage: (message) => heard.push(message.type === 'task' ? message.data : message.type) };
    if (as !== null) hub.take(port, { type: 'join', as });
    return { heard, port };
  };
  const wait = () => waiting.splice(0).forEach((run) => run());
  return { hub, opened, tab, wait, waiting };
}

describe('the shared stream', () => {
  test('eight tabs have one stream and all see every event', () => {
    const { hub, opened, tab } = bench();
    const tabs = Array.from({ length: 8 }, () => tab());
    expect(opened.length).toBe(1);
    opened[0]!.listener.open();
    opened[0]!.listener.task('first', '7');
    const late = tab();
    opened[0]!.listener.task('second', '8');
    for (const { heard } of tabs) expect(heard).toEqual(['open', 'first', 'second']);
    expect(late.heard).toEqual(['open', 'second']);
    expect(hub.streams).toBe(1);
  });

  test('it goes on when the tab that opened it leaves, and ends with the last one', () => {
    const { hub, opened, tab } = bench();
    const [first, second] = [tab(), tab()];
    hub.take(first.port, { type: 'leave' });
    opened[0]!.listener.task('after', '1');
    expect(first.heard).toEqual([]);
    expect(second.heard).toEqual(['after']);
    expect(opened[0]!.closed).toBe(false);
    hub.take(second.port, { type: 'leave' });
    expect(opened[0]!.closed).toBe(true);
    expect(hub.streams).toBe(0);
    opened[0]!.listener.task('too late', '2');
    expect(second.heard).toEqual(['after']);
  });

  test('a stream that was refused is opened again after the last event, once', () => {
    const { opened, tab, wait } = bench();
    const { heard } = tab();
    opened[0]!.listener.open();
    opened[0]!.listener.task('one', '41');
    opened[0]!.listener.task('without a number', '');
    // What the browser mends by itself is only said.
    opened[0]!.listener.lost(false);
    wait();
    expect(opened.length).toBe(1);
    opened[0]!.listener.open();
    opened[0]!.listener.lost(true);
    wait();
    expect(opened.map((stream) => stream.after)).toEqual([null, '41']);
    opened[0]!.listener.task('from the old one', '42');
    opened[1]!.listener.open();
    expect(heard).toEqual(['open', 'one', 'without a number', 'lost', 'open', 'lost', 'open']);
  });

  test('nobody gets what somebody else may see', () => {
    const { hub, opened, tab } = bench();
    const [ada, eve] = [tab('ada'), tab('eve')];
    expect(opened.length).toBe(2);
    opened[0]!.listener.task('for ada', '1');
    expect([ada.heard, eve.heard]).toEqual([['for ada'], []]);
    // The same tab signs in as somebody else.
    hub.take(ada.port, { type: 'join', as: 'eve' });
    expect(opened[0]!.closed).toBe(true);
    opened[1]!.listener.task('for eve', '2');
    expect([ada.heard, eve.heard]).toEqual([['for ada', 'for eve'], ['for eve']]);
  });

  test('nothing is tried again when all tabs are gone', () => {
    const { hub, opened, tab, waiting } = bench();
    const { port } = tab();
    opened[0]!.listener.lost(true);
    expect(waiting.length).toBe(1);
    hub.take(port, { type: 'leave' });
    expect(waiting.length).toBe(0);
  });
});

describe('a tab', () => {
  /** A page whose events the test plays. */
  function page() {
    const document = Object.assign(new EventTarget(), { hidden: false });
    const window = Object.assign(new EventTarget(), { document });
    return { window: window as unknown as Window, document, fire: (target: EventTarget, type: string) => target.dispatchEvent(new Event(type)), raw: window };
  }

  test('leaves while it sleeps, and is told that it missed something', () => {
    const said: ToHub[] = [];
    let tell: (message: FromHub) => void = () => {};
    const connect: Connect = (heard) => {
      tell = heard;
      return (message) => said.push(message);
    };
    const heard: string[] = [];
    const { window, document, raw, fire } = page();
    const stop = follow('ada', (message) => heard.push(message.type), window, connect);
    tell({ type: 'open' });
    fire(document, 'freeze');
    tell({ type: 'task', data: '{}' });
    fire(document, 'resume');
    tell({ type: 'open' });
    fire(raw, 'pagehide');
    fire(raw, 'pageshow');
    fire(raw, 'pageshow');
    stop();
    expect(heard).toEqual(['open', 'lost', 'open', 'lost']);
    expect(said.map((message) => message.type)).toEqual(['join', 'leave', 'join', 'leave', 'join', 'leave']);
    fire(document, 'resume');
    expect(said.length).toBe(6);
  });
});
