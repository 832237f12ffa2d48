// The only access to the server: adds the CSRF header, turns answers into values or problems, and tells
// the watcher when the server stops to answer, is back, or ended the session.

import { problemFrom, UNREACHABLE } from './problem';

const BASE = '/api/v1';
const TIMEOUT_MS = 20_000;

export interface Watcher {
  reached(): void;
  unreachable(): void;
  signedOut(): void;
  /** A request was refused, possibly because the server cannot store data. */
  unstored?(): void;
}
let watcher: Watcher = { reached() {}, unreachable() {}, signedOut() {} };
export function watch(next: Watcher): void {
  watcher = next;
}

export type Query = Record<string, string | number | undefined>;

export function address(path: string, query: Query = {}): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parts.set(name, String(value));
  }
  const tail = parts.toString();
  return BASE + path + (tail === '' ? '' : `?${tail}`);
}

async function call<T>(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json, application/problem+json' };
  if (method !== 'GET') headers['X-Fanfare'] = '1';
  const file = body instanceof Blob;
  if (body !== undefined) headers['Content-Type'] = file ? body.type || 'application/octet-stream' : 'application/json';
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, {
      method, headers, credentials: 'same-origin',
      ...(body === undefined ? {} : { body: file ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    text = await answer.text();
  } catch (error) {
    if (signal?.aborted && !isLate(signal)) throw error;
    watcher.unreachable();
    throw UNREACHABLE;
  }
  // A proxy in front of a stopped server answers for it.
  if (answer.status === 502 || answer.status === 504) {
    watcher.unreachable();
    throw UNREACHABLE;
  }
  watcher.reached();
  const value: unknown = text === '' ? undefined : parse(text);
  if (answer.ok) return value as T;
  if (answer.status === 401 && !url.endsWith('/login')) watcher.signedOut();
  if (answer.status === 503 || answer.status === 507) watcher.unstored?.();
  throw problemFrom(answer.status, value, answer.headers.get('Retry-After'));
}

/** Not cancelled by the caller: it took too long. */
const isLate = (signal: AbortSignal): boolean => signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
/** For calls that block the user: a server that accepts the call and never answers counts as unreachable, too. */
export const timeout = (): AbortSignal => AbortSignal.timeout(TIMEOUT_MS);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 300) };
  }
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  call<T>('GET', address(path, query), undefined, signal);
export const post = <T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> => call<T>('POST', address(path), body, signal);
export const patch = <T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> => call<T>('PATCH', address(path), body, signal);
/** The body is a file. */
export const put = <T>(path: string, body: Blob): Promise<T> => call<T>('PUT', address(path), body);
export const remove = <T = void>(path: string): Promise<T> => call<T>('DELETE', address(path));
