import type { IncomingHttpHeaders } from 'node:http';
import { request as requestHttp } from '@toolmesh/shared/kit/http/node-http';

const TIMEOUT_MS = 3_000;

/** The answer of an address: its status and the fields of its JSON; or the system's code of what failed. */
export type Asked =
  | { readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  | { readonly failure: string };

/** Requests JSON, for three seconds at most, and follows no redirect. Never rejects. */
export async function askJson(url: string, headers: IncomingHttpHeaders = {}): Promise<Asked> {
  try {
    const { status, text } = await get(new URL(url), headers, AbortSignal.timeout(TIMEOUT_MS));
    return { status, body: fieldsOf(text) };
  } catch (error) {
    return { failure: reasonOf(error) };
  }
}

function get(url: URL, headers: IncomingHttpHeaders, signal: AbortSignal): Promise<{ status: number; text: string }> {
  const isSecure = url.protocol === 'https:';
  const request = isSecure ? process.getBuiltinModule('node:https').request : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, signal, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.once('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.once('error', reject);
    sent.end();
  });
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function reasonOf(error: unknown): string {
  if (!Error.isError(error)) return 'unknown';
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`;
  return 'code' in error ? String(error.code) : error.name;
}
