import type { Readable, Writable } from 'node:stream';
import { isDeepJson, MAX_JSON_DEPTH } from '../../kit/json/depth.ts';
import { parseExact } from '../../kit/json/exact-json.ts';
import { splitLines } from '../../kit/text/split-lines.ts';
import { PARSE_ERROR } from '../protocol.ts';
import { createDuplexServer } from './duplex.ts';
import { refusal, responseText } from './messages.ts';
import { readIncoming } from './read-incoming.ts';
import type { ServeDeps } from './serve-request.ts';

export interface StdioStreams {
  readonly input: Readable;
  /** Gets messages alone, each in a line of its own. */
  readonly output: Writable;
  readonly maxLineBytes: number;
  /** Time for requests to be answered that were read before the input ended. */
  readonly graceMs: number;
}

/** A reader that is further behind is taken for gone. */
const MAX_BACKLOG_BYTES = 64 * 1_024 ** 2;

/** Serves one client over two streams, as programs on a desktop do it. Resolves when either of them has ended. */
export async function serveStdio(deps: ServeDeps, streams: StdioStreams): Promise<void> {
  const { input, output, maxLineBytes, graceMs } = streams;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const write = (text: string): void => {
    if (output.destroyed || output.writableEnded) return end();
    if (output.writableLength > MAX_BACKLOG_BYTES) return end();
    // While the client does not read, it is not read either: each request would add to what waits for it.
    if (output.write(`${text}\n`)) return;
    input.pause();
  };
  const refuse = (message: string) => write(responseText(null, refusal({ code: PARSE_ERROR, message })));
  const server = createDuplexServer(deps, { send: write, isModern: true });
  const onLine = (line: string): void => {
    if (line.trim() === '') return;
    const value = parsed(line);
    if (value === undefined) {
      return refuse(`Parse error: the line is not JSON, or nested deeper than ${MAX_JSON_DEPTH} levels`);
    }
    const incoming = readIncoming(value);
    if ('fault' in incoming) write(responseText(incoming.id, incoming.fault));
    else server.receive(incoming);
  };
  const onTooLong = () => refuse(`Parse error: a line may have at most ${maxLineBytes} bytes`);
  input.on('data', splitLines(maxLineBytes, { onLine, onTooLong }));
  output.on('drain', () => input.resume());
  output.once('close', end).once('error', end);
  const onEnd = () => {
    setTimeout(end, graceMs).unref();
    server.settled().then(() => end(), end);
  };
  input.once('end', onEnd).once('close', onEnd).once('error', onEnd);
  await ended;
  server.end();
}

function parsed(line: string): unknown {
  if (isDeepJson(line)) return undefined;
  try {
    return parseExact(line);
  } catch {
    return undefined;
  }
}
