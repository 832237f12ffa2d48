// Uploads a file. With XMLHttpRequest, because fetch reports no upload progress.

import { address } from './client';
import { problemFrom, UNREACHABLE } from './problem';
import type { UploadedTrack } from './types';

export interface Sending { abort(): void; done: Promise<UploadedTrack> }

export function sendFile(file: Blob, name: string, progress: (sent_bytes: number) => void): Sending {
  const request = new XMLHttpRequest();
  const done = new Promise<UploadedTrack>((found, fail) => {
    request.open('POST', address('/tracks'));
    request.setRequestHeader('X-Fanfare', '1');
    request.setRequestHeader('Accept', 'application/json, application/problem+json');
    // The counted bytes include the form around the file: only `load` says that all of it is sent.
    request.upload.addEventListener('progress', (event) => progress(Math.min(event.loaded, file.size - 1)));
    request.upload.addEventListener('load', () => progress(file.size));
    request.addEventListener('load', () => {
      // A proxy in front of a stopped server answers for it.
      if (request.status === 502 || request.status === 504) return fail(UNREACHABLE);
      const value = parse(request.responseText);
      if (request.status >= 200 && request.status < 300) found(value as UploadedTrack);
      else fail(problemFrom(request.status, value, request.getResponseHeader('Retry-After')));
    });
    request.addEventListener('error', () => fail(UNREACHABLE));
    request.addEventListener('abort', () => fail(new DOMException('cancelled', 'AbortError')));
  });
  const form = new FormData();
  form.append('file', file, name);
  request.send(form);
  return { abort: () => request.abort(), done };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
