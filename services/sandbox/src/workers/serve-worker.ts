import { Socket } from 'node:net';
import { jsonPayload, readFrames, writeFrame } from './frames.ts';
import type { Report, WorkerProgram } from './protocol.ts';

export interface OutputPiece {
  /** Where in the stream the bytes begin; more than what came before means that some are missing. */
  readonly position: number;
  readonly bytes: Buffer;
}

/** Output that came since it was last taken. */
export interface OutputSource {
  take(): readonly OutputPiece[];
}

/** A {@link WorkerProgram} with its bytes as bytes. */
export interface GuestProgram {
  readonly language: string;
  readonly code: string;
  readonly stdin: Uint8Array;
  readonly files: readonly GuestFile[];
  readonly memoryBytes: number;
  /** Whether variables and files are kept for the next program. */
  readonly keep: boolean;
}

/** A {@link Report} as a guest makes it. */
export interface GuestReport extends Omit<Report, 'artifacts' | 'cpu_ms'> {
  readonly artifacts: readonly GuestFile[];
}

interface GuestFile {
  readonly path: string;
  readonly data: Uint8Array;
}

/** A warm language runtime inside this process. */
export interface Guest {
  readonly version: string;
  readonly stdout: OutputSource;
  readonly stderr: OutputSource;
  /** Runs one program; the next, where its state is kept, only after that. Rejects only when the runtime is broken. */
  run(program: GuestProgram): Promise<GuestReport>;
  /** Does for nobody, and leaves no trace of, what `run` does for each program: the first time takes much longer. */
  rehearse?(): Promise<GuestReport>;
}

const CHANNEL_FD = 3;
/** How often output is passed on while a program runs. */
const OUTPUT_MS = 20;

/** The inside of a worker process: warms a guest up, runs its program, or those of its session, waits to be killed. */
export async function serveWorker(warmUp: () => Promise<Guest>): Promise<void> {
  const channel = new Socket({ fd: CHANNEL_FD });
  // The service is gone, or has had enough of us.
  channel.on('error', () => process.exit(1));
  channel.on('close', () => process.exit(0));

  const guest = await warmUp();
  const passOn = () => {
    for (const stream of ['stdout', 'stderr'] as const) {
      for (const { position, bytes } of guest[stream].take()) {
        const at = Buffer.alloc(8);
        at.writeDoubleLE(position);
        writeFrame(channel, stream, Buffer.concat([at, bytes]));
      }
    }
  };
  const run = async (program: GuestProgram) => {
    const before = process.cpuUsage();
    const output = setInterval(passOn, OUTPUT_MS);
    const report = await guest.run(program);
    clearInterval(output);
    passOn();
    const { user, system } = process.cpuUsage(before);
    writeFrame(channel, 'report', jsonPayload(toReport(report, (user + system) / 1_000)));
  };
  if (guest.rehearse !== undefined) {
    JSON.parse(jsonPayload(toReport(await guest.rehearse(), 0)).toString());
    passOn();
  }
  readFrames(channel, ({ kind, payload }) => {
    if (kind === 'program') void run(toGuestProgram(JSON.parse(payload.toString())));
    else if (kind === 'flush') {
      passOn();
      writeFrame(channel, 'flushed');
    }
  });
  writeFrame(channel, 'ready', jsonPayload({ version: guest.version }));
}

function toGuestProgram({ language, code, stdin, files, memory_bytes, keep }: WorkerProgram): GuestProgram {
  const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
  return {
    language,
    code,
    stdin: bytesOf(stdin),
    files: files.map(({ path, data }) => ({ path, data: bytesOf(data) })),
    memoryBytes: memory_bytes,
    keep,
  };
}

function toReport({ artifacts, ...report }: GuestReport, cpu_ms: number): Report {
  const encoded = artifacts.map(({ path, data }) => ({ path, data: Buffer.from(data).toString('base64') }));
  return { ...report, artifacts: encoded, cpu_ms };
}
