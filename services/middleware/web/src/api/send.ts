import { signal } from '@preact/signals';
import { ApiError, errorOf } from './failures.ts';

const KEY = 'toolmesh-api-key';

/** True when the server has asked for a key, or refused the one it was given. */
export const isKeyNeeded = signal(false);

/** Requests that wait for the user's key. */
const waiting = new Set<() => void>();

/** Keeps the key until the tab is closed, and repeats the requests that waited for it. */
export function giveKey(key: string): void {
  sessionStorage.setItem(KEY, key);
  isKeyNeeded.value = false;
  for (const wake of waiting) wake();
  waiting.clear();
}

function untilKeyGiven(stop: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.add(resolve);
    stop?.addEventListener('abort', () => reject(new ApiError(401, 'unauthorized', 'No key was given')), {
      once: true,
    });
  });
}

interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * Sends a request to the server that this page is from; after a 401 it waits for the user's key and repeats it.
 * @throws ApiError for every answer but a success; what `fetch` throws when `signal` aborts.
 */
export async function send(path: string, { method = 'GET', body, signal: stop }: Call = {}): Promise<Response> {
  const headers = new Headers();
  const key = sessionStorage.getItem(KEY);
  if (key !== null) headers.set('x-api-key', key);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await fetch(path, { ...init, ...(stop === undefined ? {} : { signal: stop }) }).catch(
    (error: unknown) => {
      if (stop?.aborted === true) throw error;
      throw new ApiError(0, '', 'The server cannot be reached');
    },
  );
  if (response.ok) return response;
  if (response.status !== 401) throw await errorOf(response);
  isKeyNeeded.value = true;
  await untilKeyGiven(stop);
  return send(path, { method, body, ...(stop === undefined ? {} : { signal: stop }) });
}
