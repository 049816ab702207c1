/** An answer, as tests assert on it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line no-explicit-any -- tests assert on shapes; that is where a wrong one shows
  readonly body: any;
}

/** Sends one request; the body of the answer is JSON where it says so, else text. */
export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? await response.json() : await response.text(),
  };
}

/** Posts JSON. */
export function post(url: string, body: unknown, init: RequestInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers);
  headers.set('content-type', 'application/json');
  return request(url, { method: 'POST', body: JSON.stringify(body), ...init, headers });
}
