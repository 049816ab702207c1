import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import {
  createStdioStarter,
  type StdioServerOptions,
  type StdioWorker,
} from '../../../src/upstreams/stdio/stdio-server.ts';

export const forever = new AbortController().signal;

export interface LogLine extends Record<string, unknown> {
  readonly message: string;
}

/** A starter of the misbehaving server, and what it writes to the log. */
export function misbehaving(flags: readonly string[] = [], options: Partial<StdioServerOptions> = {}) {
  const log: LogLine[] = [];
  const destination = { write: (line: string) => void log.push(JSON.parse(line)) };
  const logger = createLogger({ service: 'test', level: 'debug', destination });
  const file = fileURLToPath(new URL('stdio-server.ts', import.meta.url));
  const start = createStdioStarter({
    name: 'The upstream odd',
    command: process.execPath,
    args: [file, ...flags],
    logger,
    hostEnv: process.env,
    graceMs: 300,
    ...options,
  });
  return { start, log, logger };
}

const NO_LIMITS = { idleMs: 60_000, totalMs: 60_000 };

interface ToolCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

/** Calls a tool and returns the text of its answer. */
export const say = (worker: StdioWorker, name: string, args: object = {}): Promise<string> =>
  sayUntil(forever, worker, { name, arguments: { ...args } });

/** Calls a tool like {@link say}, until `signal` aborts. */
export async function sayUntil(signal: AbortSignal, { connection }: StdioWorker, call: ToolCall): Promise<string> {
  const request = { method: 'tools/call', params: { ...call } };
  const { content } = await connection.request(request, { from: { signal, capabilities: {} }, timeouts: NO_LIMITS });
  return String(Object(content)[0]?.text ?? '');
}

/** Returns whether a process is running. A zombie (state Z) is not. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
