import {
  deserializeMessage,
  type JSONRPCMessage,
  serializeMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/errors';
import { startStdioProcess, type StdioProcess, type StdioProcessOptions } from './stdio-process.ts';

export type StdioTransportOptions = Omit<StdioProcessOptions, 'onLine'>;

/**
 * An MCP server over standard input and output, as the SDK's client wants it. Its own `StdioClientTransport` leaves
 * what the server has started behind, bounds no closing, and does not say how the server ended.
 */
export class StdioTransport implements Transport {
  /** By this and by `pid` the client knows what kind of transport it has; standard error goes to the log. */
  readonly stderr = null;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #options: StdioTransportOptions;
  readonly #gone = Promise.withResolvers<Error>();
  readonly #maxGarbageBytes: number;
  #process: StdioProcess | undefined;
  /** Characters of lines that are no messages, since the last that was one. */
  #garbage = 0;
  #hasWarned = false;

  constructor(options: StdioTransportOptions) {
    this.#options = options;
    this.#maxGarbageBytes = options.maxLineBytes ?? MAX_GARBAGE_BYTES;
  }

  /** The server's process, once it is started. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Resolves (never rejects) when the server has ended, with how, before `onclose` is called. */
  get gone(): Promise<Error> {
    return this.#gone.promise;
  }

  /** @throws MeshError upstream_failed with the next step, when the program cannot be started. */
  async start(): Promise<void> {
    if (this.#process !== undefined) throw new Error('This transport is started already');
    this.#process = await startStdioProcess({ ...this.#options, onLine: (line) => this.#hear(line) });
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

  #hear(line: string): void {
    if (line === '') return;
    let message: JSONRPCMessage;
    try {
      message = deserializeMessage(line);
    } catch {
      return this.#skip(line);
    }
    this.#garbage = 0;
    this.onmessage?.(message);
  }

  /** A line that is no message: a server that prints something by mistake is forgiven, a flood is not. */
  #skip(line: string): void {
    const { name, logger } = this.#options;
    if (!this.#hasWarned) {
      logger.warn(
        { upstream: name, pid: this.pid, chars: line.length },
        'wrote lines to standard output that are not MCP',
      );
      this.#hasWarned = true;
    }
    this.#garbage += line.length;
    if (this.#garbage > this.#maxGarbageBytes) this.#process?.kill('it wrote too much that is not MCP');
  }
}

const MAX_GARBAGE_BYTES = 32 * 1_024 ** 2;
