import { FileInfo } from '@toolmesh/shared/contracts/files';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { createConnections, type HttpRequest } from '@toolmesh/shared/kit/http/connections';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';

/** Keeps files in the sandbox, by way of the hub. */
export interface FileClient {
  /** Keeps a file. @throws MeshError when it could not be kept */
  keep(file: { readonly name: string; readonly mimeType: string; readonly content: Buffer }): Promise<FileInfo>;
  /** Describes a kept file. @throws MeshError not_found */
  describe(id: string): Promise<FileInfo>;
  /** Ends a session of the sandbox. Never rejects: it ends by itself, later. */
  endSession(id: string): Promise<void>;
  close(): Promise<void>;
}

export interface FileClientOptions {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
}

const TIMEOUT_MS = 60_000;

export function createFileClient({ baseUrl, apiKey }: FileClientOptions): FileClient {
  const connections = createConnections({ name: 'The hub', connectMs: 5_000, idleMs: 30_000, perServer: 32 });
  const base = baseUrl.replace(/(?<!\/)\/+$/, '');
  const key = apiKey === undefined ? {} : { 'x-api-key': apiKey };

  const ask = (request: Pick<HttpRequest, 'method' | 'headers' | 'body'>, path: string): Promise<FileInfo> => {
    const late = () => new MeshError('upstream_timeout', `The hub did not take the file within ${TIMEOUT_MS} ms`);
    return withDeadline({ ms: TIMEOUT_MS, late }, (signal) => {
      const sent = { ...request, url: new URL(base + path), headers: { ...request.headers, ...key }, signal };
      return connections.exchange(sent, async ({ statusCode, body }) => {
        const answer = parseJson(await body.text());
        const info = FileInfo.safeParse(answer);
        if (statusCode === 200 && info.success) return info.data;
        throw MeshError.fromBody(answer) ?? new MeshError('upstream_failed', `The hub answered with ${statusCode}`);
      });
    });
  };
  return {
    keep: ({ name, mimeType, content }) =>
      ask(
        { method: 'POST', headers: { 'content-type': mimeType }, body: content },
        `/files?name=${encodeURIComponent(name)}`,
      ),
    describe: (id) => ask({ method: 'GET', headers: {} }, `/files/${id}`),
    async endSession(id) {
      await ask({ method: 'DELETE', headers: {} }, `/sessions/${id}`).catch(() => {});
    },
    close: connections.close,
  };
}
