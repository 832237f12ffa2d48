import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { watch } from '../api/client';
import type { Me } from '../api/types';
import { account } from './account.svelte';
import { connection } from './connection.svelte';
import { fresh } from '../uploads/entries';

/** Replaces the browser's XMLHttpRequest: the test answers the requests. */
class Request extends EventTarget {
  static all: Request[] = [];
  upload = new EventTarget();
  status = 0;
  responseText = '';
  aborted = false;
  #headers: Record<string, string> = {};
  name = '';
  open(): void {}
  setRequestHeader(): void {}
  getResponseHeader(name: string): string | null { return this.#headers[name] ?? null; }
  send(form: FormData): void {
    this.name = (form.get('file') as File).name;
    Request.all.push(this);
  }
  abort(): void {
    this.aborted = true;
    this.dispatchEvent(new Event('abort'));
  }
  async answer(status: number, body: object = {}, headers: Record<string, string> = {}): Promise<void> {
    Object.assign(this, { status, responseText: JSON.stringify(body) });
    this.#headers = headers;
    this.dispatchEvent(new Event('load'));
    await settled();
  }
  async breakOff(): Promise<void> {
    this.dispatchEvent(new Event('error'));
    await settled();
  }
}
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const me = (id: string, change: Partial<Me> = {}): Me => ({ id, name: id, role: 'owner', may_upload: true, upload_max_bytes: 1_000_000, ...change }) as Me;
/** The server's answer to every other request; null if it does not answer. */
let answers: { status: number; body: object } | null;
let uploads: Awaited<typeof import('./uploads.svelte')>['uploads'];
const add = (...names: string[]): void => uploads.add(names.map((name) => ({ name, file: new File(['music'], name) })));
const steps = (): string => uploads.entries.map(({ step }) => step).join(' ');
const sent = (): string => Request.all.map(({ name }) => name).join(' ');
const request = (at: number): Request => Request.all[at] as Request;
const track = (state: string) => ({ id: 't', title: 'A', state, failure: null, enrichment: 'none', enrichment_error: null, duplicate: false });

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('XMLHttpRequest', Request);
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('fetch', async () => {
    if (answers === null) throw new TypeError('no line');
    return new Response(JSON.stringify(answers.body), { status: answers.status });
  });
  watch({ reached: () => connection.found(), unreachable: () => connection.lost(), signedOut: () => account.dropped() });
  answers = { status: 200, body: me('ann') };
  account.enter(me('ann'));
  uploads = (await import('./uploads.svelte')).uploads;
  uploads.forget();
  connection.found();
  Request.all = [];
});
afterEach(() => {
  uploads.forget();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('cancelling', () => {
  test('cancelling all starts none', async () => {
    add('1', '2', '3', '4', '5');
    uploads.cancelAll();
    await settled();
    expect([sent(), steps()]).toEqual(['1 2', 'cancelled cancelled cancelled cancelled cancelled']);
    expect(Request.all.every(({ aborted }) => aborted)).toBe(true);
  });
  test('an upload that the server already checks continues', async () => {
    add('1', '2', '3');
    request(0).upload.dispatchEvent(new Event('load'));
    uploads.cancelAll();
    expect([steps(), request(0).aborted]).toEqual(['sending cancelled cancelled', false]);
    await request(0).answer(201, track('ready'));
    expect(steps()).toBe('ready cancelled cancelled');
  });
  test('a cancelled one frees a slot for the next', async () => {
    add('1', '2', '3');
    uploads.cancel(uploads.entries[0]?.key ?? 0);
    await settled();
    expect([sent(), steps()]).toEqual(['1 2 3', 'cancelled sending sending']);
  });
});

describe('a problem that the file did not cause', () => {
  test('the server does not answer: all wait, and continue when it is back', async () => {
    add('1', '2', '3', '4');
    answers = null;
    await request(0).breakOff();
    await request(1).breakOff();
    expect([steps(), uploads.paused?.why, sent()]).toEqual(['waiting waiting waiting waiting', 'away', '1 2']);
    answers = { status: 200, body: me('ann') };
    await vi.advanceTimersByTimeAsync(30_000);
    uploads.follow();
    expect([steps(), uploads.paused, sent()]).toEqual(['sending sending waiting waiting', null, '1 2 1 2']);
  });
  test('a proxy in front of a stopped server counts as no server', async () => {
    add('1', '2');
    answers = null;
    await request(0).answer(502);
    expect([steps(), uploads.paused?.why]).toEqual(['waiting sending', 'away']);
  });
  test('a file that is interrupted repeatedly while the server answers is refused in the end', async () => {
    add('1');
    for (let at = 0; at < 3; at++) {
      await request(at).breakOff();
      if (at < 2) expect([steps(), uploads.paused?.why]).toEqual(['waiting', 'busy']);
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect([steps(), Request.all.length, uploads.entries[0]?.trouble?.message]).toEqual(['refused', 3, 'The upload was interrupted 3 times, although the server answers']);
  });
  test.each([429, 503])('after %i the page waits as long as the server asks', async (status) => {
    add('1', '2', '3');
    await request(0).answer(status, { title: 'Busy', detail: 'too many files are being sent at once' }, { 'Retry-After': '7' });
    expect([steps(), uploads.paused?.why, uploads.paused?.said]).toEqual(['waiting sending waiting', 'busy', 'too many files are being sent at once']);
    await vi.advanceTimersByTimeAsync(6_900);
    expect(sent()).toBe('1 2');
    await vi.advanceTimersByTimeAsync(200);
    expect([sent(), steps(), uploads.paused]).toEqual(['1 2 1', 'sending sending waiting', null]);
  });
  test('a full disk stops the queue until the user retries', async () => {
    add('1', '2', '3');
    await request(0).answer(507, { title: 'Insufficient Storage', detail: 'the disk is full' });
    await request(1).answer(415, { title: 'Unsupported Media Type', detail: 'this is text' });
    await vi.advanceTimersByTimeAsync(120_000);
    expect([steps(), uploads.paused?.why, sent()]).toEqual(['refused refused waiting', 'full', '1 2']);
    await uploads.retryAll();
    expect([steps(), uploads.paused, sent()]).toEqual(['sending sending waiting', null, '1 2 1 2']);
  });
});

describe('the session', () => {
  test('401 signs the user out, as after any other call; the same user continues after signing in', async () => {
    add('1', '2', '3');
    answers = { status: 401, body: {} };
    await request(0).answer(401);
    expect([account.standing, account.me, uploads.paused?.why, steps()]).toEqual(['out', null, 'out', 'waiting sending waiting']);
    await request(1).answer(401);
    expect([steps(), sent()]).toEqual(['waiting waiting waiting', '1 2']);
    answers = { status: 200, body: me('ann') };
    account.enter(me('ann'));
    uploads.follow();
    expect([steps(), uploads.paused, sent()]).toEqual(['sending sending waiting', null, '1 2 1 2']);
  });
  test('the session ended elsewhere: nothing more is sent', async () => {
    add('1', '2', '3');
    account.dropped();
    uploads.follow();
    await request(0).answer(201, track('ready'));
    expect([steps(), uploads.paused?.why, sent()]).toEqual(['ready sending waiting', 'out', '1 2']);
  });
  test('another user signs in: the queue of the first user is removed', async () => {
    add('1', '2', '3');
    account.dropped();
    uploads.follow();
    account.enter(me('bob'));
    uploads.follow();
    await settled();
    expect([uploads.entries.length, uploads.paused, request(0).aborted, request(1).aborted, sent()]).toEqual([0, null, true, true, '1 2']);
    add('4');
    expect([sent(), steps()]).toEqual(['1 2 4', 'sending']);
  });
});

test('an entry without its file is refused and frees its slot', async () => {
  add('1');
  uploads.entries = [...uploads.entries, fresh(1_000_001, 'gone', 5, 100), fresh(1_000_002, 'gone too', 5, 100)];
  add('2');
  expect([steps(), sent()]).toEqual(['sending refused refused sending', '1 2']);
  expect(uploads.entries[1]).toMatchObject({ kept: false, trouble: { remedy: 'Choose the file again' } });
  await uploads.retry(1_000_001);
  expect(steps()).toBe('sending refused refused sending');
});

test('clearing keeps the uploads that can be retried', async () => {
  add('1', '2', '3');
  await request(0).answer(415, { title: 'Unsupported Media Type', detail: 'this is text' });
  await request(1).answer(201, track('ready'));
  uploads.cancelAll();
  await settled();
  uploads.clearDone();
  expect(steps()).toBe('refused');
  await uploads.retry(uploads.entries[0]?.key ?? 0);
  expect(steps()).toBe('sending');
});

test('files beyond the limit are reported', () => {
  uploads.add([{ name: 'a', file: new File(['music'], 'a') }], true);
  expect(uploads.cut).toBe(true);
});

test('the limit is requested again', async () => {
  account.enter(me('ann', { upload_max_bytes: 3 }));
  add('1');
  expect(steps()).toBe('refused');
  answers = { status: 200, body: me('ann', { upload_max_bytes: 100 }) };
  await uploads.refresh();
  expect(account.me?.upload_max_bytes).toBe(100);
  account.enter(me('ann', { upload_max_bytes: 3 }));
  await uploads.retry(uploads.entries[0]?.key ?? 0);
  expect(steps()).toBe('sending');
  answers = { status: 200, body: me('bob') };
  await uploads.refresh();
  expect(account.me?.id).toBe('ann');
});
