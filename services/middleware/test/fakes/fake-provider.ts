import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';

// oxlint-disable-next-line no-explicit-any -- what a client sent, for tests to look at
type Sent = { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: any };
export type Behaviour = (res: ServerResponse, sent: Sent) => void;

/**
 * The far side of a provider: answers each request with the next of `script`, the last one for all that follow.
 * `requests` is what came. What an Ollama is asked of its models, `/api/show`, is answered by `show` and kept apart.
 */
export async function fakeProvider(script: Behaviour[], show: Behaviour = json({ error: 'not found' }, 404)) {
  const requests: Sent[] = [];
  const shown: Sent[] = [];
  const closed: number[] = [];
  const server = await serveRaw((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const sent = { path: req.url ?? '', headers: req.headers, body: text === '' ? undefined : JSON.parse(text) };
      if (sent.path === '/api/show') {
        shown.push(sent);
        return show(res, sent);
      }
      const behaviour = script[Math.min(requests.length, script.length - 1)];
      const index = requests.push(sent);
      res.once('close', () => {
        if (!res.writableFinished) closed.push(index);
      });
      behaviour?.(res, sent);
    });
  });
  return {
    ...server,
    requests,
    shown,
    /** Requests that the client aborted. */
    closed,
    /** Starts a new script and forgets what came. */
    play(...next: Behaviour[]) {
      script.splice(0, script.length, ...next);
      requests.length = 0;
      closed.length = 0;
    },
  };
}

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Behaviour =>
  (res) =>
    void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

export const text =
  (body: string, status = 200): Behaviour =>
  (res) =>
    void res.writeHead(status, { 'content-type': 'text/plain' }).end(body);

/** Ends in the middle of what it had promised. */
export const half =
  (body: string, contentType: string): Behaviour =>
  (res) => {
    res.writeHead(200, { 'content-type': contentType, 'content-length': String(body.length * 2) });
    res.write(body);
    setTimeout(() => res.destroy(), 20);
  };

export const silence: Behaviour = () => {};
export const hangUp: Behaviour = (res) => void res.destroy();
