import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { SkippedLine } from '@toolmesh/shared/kit/text/split-lines';
import type { Duplex, OnText } from '@toolmesh/shared/mcp/client/duplex';
import { ConnectionClosed } from '@toolmesh/shared/mcp/client/failures';
import { INTERNAL_ERROR, ProtocolError } from '@toolmesh/shared/mcp/protocol';
import { createMessageLines } from './message-lines.ts';
import type { ProcessEnd } from './process-end.ts';
import { startStdioProcess, type StdioProcess, type StdioProcessOptions } from './stdio-process.ts';

export interface StdioChannelOptions extends Omit<StdioProcessOptions, 'onLine' | 'onSkipped'> {
  /** Most characters within ten seconds that are not messages. Default 4 MiB. */
  readonly maxGarbageBytes?: number;
}

/** The channel to an MCP server over its standard input and output. Standard error goes to the log. */
export interface StdioChannel extends Duplex {
  readonly pid: number;
  /** Resolves (never rejects) when the server has ended, with how. */
  readonly gone: Promise<ProcessEnd>;
}

const GARBAGE_PERIOD_MS = 10_000;
const MAX_MESSAGE_BYTES = 64 * 1_024 ** 2;
/** The id of an answer, at its beginning or its end. */
const FIRST_ID = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*"?(\d{1,15})\b/;
const LAST_ID = /"id"\s*:\s*"?(\d{1,15})"?\s*\}\s*$/;

/** Starts a server. @throws MeshError upstream_failed with the next step, when the program cannot be started. */
export async function openStdioChannel(options: StdioChannelOptions, onText: OnText): Promise<StdioChannel> {
  const { maxLineBytes = MAX_MESSAGE_BYTES } = options;
  let process: StdioProcess | undefined;
  const onGarbage = createGarbageLimit(options, () => process);
  const onLine = createMessageLines({ onText, onGarbage, maxLength: maxLineBytes });
  /** Fails the request whose answer is too long, and no other. */
  const onSkipped = ({ beginning, end }: SkippedLine): boolean => {
    const id = (FIRST_ID.exec(beginning) ?? LAST_ID.exec(end))?.[1];
    if (id === undefined) return false;
    const error = { code: INTERNAL_ERROR, message: `the answer has more than ${maxLineBytes} bytes` };
    return onText(JSON.stringify({ jsonrpc: '2.0', id: Number(id), error }));
  };
  const started = await startStdioProcess({ ...options, maxLineBytes, onLine, onSkipped });
  process = started;
  const { pid, gone } = started;
  return {
    pid,
    gone,
    closed: gone.then((end) => new ConnectionClosed(`ended before it had answered: ${end.message}`, { cause: end })),
    write: (text) => started.write(text),
    close: () => started.close(),
  };
}

/** Forgives a stray print, and ends a server that floods. */
function createGarbageLimit(
  { name, logger, maxGarbageBytes = 4 * 1_024 ** 2 }: StdioChannelOptions,
  process: () => StdioProcess | undefined,
): (length: number) => void {
  let hasWarned = false;
  let since = 0;
  let garbage = 0;
  return (length) => {
    const pid = process()?.pid;
    if (!hasWarned) logger.warn({ upstream: name, pid }, 'wrote lines to standard output that are not MCP');
    hasWarned = true;
    const now = performance.now();
    if (now - since > GARBAGE_PERIOD_MS) {
      since = now;
      garbage = 0;
    }
    garbage += length;
    if (garbage > maxGarbageBytes) process()?.kill('it wrote too much that is not MCP');
  };
}

/** Returns the failure of a server that could not be connected to, with how its process ended and what it said last. */
export function startFailure(name: string, error: unknown, end: ProcessEnd | undefined): MeshError {
  if (end === undefined) {
    if (error instanceof MeshError) return error;
    const why = Error.isError(error) ? error.message : String(error);
    const what = error instanceof ProtocolError ? `refused to connect: ${why}` : why;
    return new MeshError('upstream_failed', `${name} was started, and ${what}`, { cause: error });
  }
  const last = end.lastLines.at(-1);
  const said = last === undefined ? 'it said nothing on standard error' : `its last words on standard error: ${last}`;
  return new MeshError('upstream_failed', `${name} cannot be started: ${end.message}; ${said}`, { cause: end });
}
