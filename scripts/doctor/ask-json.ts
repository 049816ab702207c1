import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
const TIMEOUT_MS = 3_000;

/** What an address answers: its status and the fields of its JSON; or why it did not, by the system's code or in a word. */
export type Asked =
  | { readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  | { readonly failure: string };

/** Asks for JSON, for three seconds at most. Never rejects. */
export async function askJson(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Asked> {
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    return { status: answer.status, body: fieldsOf(await answer.text()) };
  } catch (error) {
    return { failure: reasonOf(error) };
  }
}

function fieldsOf(text: string): Record<string, unknown> {
  const parsed = parseJson(text);
  return isRecord(parsed) ? parsed : {};
}

function reasonOf(error: unknown): string {
  if (!Error.isError(error)) return 'unknown';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`;
  const { cause } = error;
  return Error.isError(cause) && 'code' in cause ? String(cause.code) : error.name;
}
