import {
  deserializeMessage,
  type JSONRPCMessage,
  serializeMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { ProcessEnd } from './process-end.ts';
import { startStdioProcess, type StdioProcess, type StdioProcessOptions } from './stdio-process.ts';

export interface StdioTransportOptions extends Omit<StdioProcessOptions, 'onLine'> {
  /** Most characters within ten seconds that are not messages. Default 4 MiB. */
  readonly maxGarbageBytes?: number;
}

/**
 * The SDK's transport to an MCP server over standard input and output. Unlike the SDK's `StdioClientTransport` it ends
 * the server's children, bounds the time to close, and reports how the server ended.
 */
export class StdioTransport implements Transport {
  /** With `pid`, marks a stdio transport for the client. Standard error goes to the log. */
  readonly stderr = null;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #options: StdioTransportOptions;
  readonly #gone = Promise.withResolvers<ProcessEnd>();
  #process: StdioProcess | undefined;
  /** Characters of lines that are no messages, in the current period. */
  #garbage = 0;
  #garbageSince = 0;
  #hasWarned = false;

  constructor(options: StdioTransportOptions) {
    this.#options = options;
  }

  /** The server's process, once it is started. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Resolves (never rejects) when the server has ended, with how, before `onclose` is called. */
  get gone(): Promise<ProcessEnd> {
    return this.#gone.promise;
  }

  /** @throws MeshError upstream_failed with the next step, when the program cannot be started. */
  async start(): Promise<void> {
    if (this.#process !== undefined) throw new Error('This transport is started already');
    this.#process = await startStdioProcess({ ...this.#options, onLine: (line) => this.#receive(line) });
    void this.#process.gone.then((reason) => {
      this.#gone.resolve(reason);
      this.onclose?.();
    });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#process === undefined) throw new MeshError('upstream_failed', `${this.#options.name} is not started`);
    await this.#process.write(serializeMessage(message).trimEnd());
  }

  async close(): Promise<void> {
    await this.#process?.close();
  }

  #receive(line: string): void {
    const message = parse(line);
    if (message !== undefined) this.onmessage?.(message);
    else if (line !== '') this.#skip(line);
  }

  /** Skips a line that is not a message: a stray print is forgiven, a flood is not. */
  #skip(line: string): void {
    const { name, logger, maxGarbageBytes = 4 * 1_024 ** 2 } = this.#options;
    const { pid } = this;
    if (!this.#hasWarned) logger.warn({ upstream: name, pid }, 'wrote lines to standard output that are not MCP');
    this.#hasWarned = true;
    const now = performance.now();
    if (now - this.#garbageSince > GARBAGE_PERIOD_MS) {
      this.#garbageSince = now;
      this.#garbage = 0;
    }
    this.#garbage += line.length;
    if (this.#garbage > maxGarbageBytes) this.#process?.kill('it wrote too much that is not MCP');
  }
}

const GARBAGE_PERIOD_MS = 10_000;

function parse(line: string): JSONRPCMessage | undefined {
  // Checked without a try: an exception costs a hundred times as much, and a flood should cost little.
  if (!line.startsWith('{')) return undefined;
  try {
    return deserializeMessage(line);
  } catch {
    return undefined;
  }
}
