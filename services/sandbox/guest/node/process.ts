import { Buffer } from 'buffer/index.js';
import EventEmitter from 'events/events.js';
import { Readable, Writable } from 'readable-stream';
import { host } from '../shared/host.ts';
import { WORK_DIR } from '../shared/work-directories.ts';

/** The version of Node whose interfaces are here. */
export const NODE_VERSION = '24.0.0';
const MIB = 1_024 ** 2;

type Call = (...args: unknown[]) => unknown;

/** An output of the process: a stream to which writing is immediate. */
function createOutput(fd: number): Writable {
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, _encoding: string, done: () => void) => {
      host.print(fd, chunk instanceof Uint8Array ? chunk : String(chunk));
      done();
    },
  });
  return Object.assign(stream, { fd, isTTY: false, columns: 80, hasColors: () => false, getColorDepth: () => 1 });
}

/** Input as a stream, which is made when it is first asked for. */
function createInput(): Readable {
  let isRead = false;
  const stream = new Readable({
    read(this: Readable) {
      if (!isRead && host.stdin().length > 0) this.push(Buffer.from(host.stdin()));
      else this.push(null);
      isRead = true;
    },
  });
  return Object.assign(stream, {
    fd: 0,
    isTTY: false,
    setRawMode: () => stream,
    ref: () => stream,
    unref: () => stream,
  });
}

function hrtime(before?: readonly [number, number]): readonly [number, number] {
  const now = Date.now();
  const [seconds, nanoseconds] = [Math.floor(now / 1_000), (now % 1_000) * 1e6];
  if (before === undefined) return [seconds, nanoseconds];
  const difference = (seconds - before[0]) * 1e9 + nanoseconds - before[1];
  return [Math.floor(difference / 1e9), difference % 1e9];
}

class ExitCodeError extends TypeError {
  readonly code = 'ERR_INVALID_ARG_TYPE';
}

/** Node's `process`, with what a program in an isolate can know. */
class Process extends EventEmitter {
  readonly title = 'node';
  argv = ['node', `${WORK_DIR}/main.js`];
  readonly argv0 = 'node';
  readonly execArgv: readonly string[] = [];
  env: Record<string, string> = {};
  readonly platform = 'linux';
  readonly arch = 'x64';
  readonly version = `v${NODE_VERSION}`;
  readonly versions = { node: NODE_VERSION, v8: '13.6' };
  readonly release = { name: 'node' };
  readonly config = {};
  readonly features = {};
  exitCode: number | undefined = undefined;
  #stdin: Readable | undefined;
  #stdout: Writable | undefined;
  #stderr: Writable | undefined;

  get stdin(): Readable {
    return (this.#stdin ??= createInput());
  }

  get stdout(): Writable {
    return (this.#stdout ??= createOutput(1));
  }

  get stderr(): Writable {
    return (this.#stderr ??= createOutput(2));
  }

  /** Gives the next program of a session input of its own. */
  static renew(self: Process): void {
    self.#stdin = undefined;
    self.exitCode = undefined;
    self.removeAllListeners();
  }

  readonly hrtime = Object.assign(hrtime, { bigint: () => BigInt(Date.now()) * 1_000_000n });

  cwd = (): string => WORK_DIR;
  chdir = (): void => {
    throw Object.assign(new Error(`process.chdir() is not in the isolate: the working directory is ${WORK_DIR}`), {
      code: 'ERR_UNSUPPORTED',
    });
  };
  exit = (code: unknown = this.exitCode ?? 0): void => {
    if (!Number.isInteger(Number(code)))
      throw new ExitCodeError(`The "code" argument must be an integer. Received ${String(code)}`);
    host.exit(Number(code) & 0xff);
  };
  reallyExit = this.exit;
  abort = (): void => host.exit(134);
  nextTick = (callback: Call, ...args: unknown[]): void => host.nextTick(callback, args);
  emitWarning = (warning: unknown): void => {
    host.print(2, `(node) ${warning instanceof Error ? String(warning) : `Warning: ${String(warning)}`}\n`);
  };
  memoryUsage = Object.assign(
    () => ({ rss: 64 * MIB, heapTotal: 16 * MIB, heapUsed: 8 * MIB, external: MIB, arrayBuffers: 0 }),
    { rss: () => 64 * MIB },
  );
  cpuUsage = () => ({ user: Date.now() % 1e6, system: 0 });
  resourceUsage = () => ({ maxRSS: 64 * 1_024 });
  uptime = (): number => (Date.now() - this.#startedAt) / 1_000;
  readonly #startedAt = Date.now();
  umask = (): number => 0o022;
  getuid = (): number => 1_000;
  geteuid = (): number => 1_000;
  getgid = (): number => 1_000;
}

export const process = new Process();
export const renewProcess = (): void => Process.renew(process);
