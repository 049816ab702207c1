import { Socket } from 'node:net';
import { type Frame, jsonPayload, readFrames, writeFrame } from './frames.ts';
import type { ArtifactLimits, Report, WorkerProgram } from './protocol.ts';

export interface OutputPiece {
  /** Offset of the bytes in the stream; a gap to the piece before means that some are missing. */
  readonly position: number;
  readonly bytes: Buffer;
}

/** Output that came since it was last taken. */
export interface OutputSource {
  take(): readonly OutputPiece[];
}

/** A {@link WorkerProgram} with its bytes as bytes. */
export interface InterpreterProgram {
  readonly language: string;
  readonly code: string;
  readonly stdin: Uint8Array;
  readonly files: readonly ProgramFile[];
  readonly memoryBytes: number;
  /** True to keep variables and files for the next program. */
  readonly keep: boolean;
  readonly artifactLimits: ArtifactLimits;
}

/** A {@link Report} with the files of the program. */
export interface InterpreterReport extends Omit<Report, 'cpu_ms'> {
  readonly artifacts: readonly ProgramFile[];
}

interface ProgramFile {
  readonly path: string;
  readonly data: Uint8Array;
}

/** A warm language runtime inside this process. */
export interface Interpreter {
  readonly version: string;
  readonly stdout: OutputSource;
  readonly stderr: OutputSource;
  /** Runs one program; the next, where its state is kept, only after that. Rejects only when the runtime is broken. */
  run(program: InterpreterProgram): Promise<InterpreterReport>;
  /** Has `listener` be called for each display, with its JSON, before the program goes on. */
  onDisplay?(listener: (json: string) => void): void;
  /** Runs a program of ours, without a trace: the first run takes much longer. */
  rehearse?(): Promise<InterpreterReport>;
}

const CHANNEL_FD = 3;
/** Interval at which output is passed on while a program runs. */
const OUTPUT_MS = 20;

/** Serves in a worker process: warms an interpreter up, runs its program or those of its session, waits to be killed. */
export async function serveWorker(warmUp: () => Promise<Interpreter>): Promise<void> {
  const channel = new Socket({ fd: CHANNEL_FD });
  // The service is gone, or has closed the connection.
  channel.on('error', endAtOnce);
  channel.on('close', endAtOnce);

  const interpreter = await warmUp();
  const passOn = () => {
    for (const stream of ['stdout', 'stderr'] as const) {
      for (const { position, bytes } of interpreter[stream].take()) {
        const at = Buffer.alloc(8);
        at.writeDoubleLE(position);
        writeFrame(channel, stream, Buffer.concat([at, bytes]));
      }
    }
  };
  interpreter.onDisplay?.((json) => {
    // In order: what was printed before it goes out before it.
    passOn();
    writeFrame(channel, 'display', Buffer.from(json));
  });
  const run = async (program: InterpreterProgram) => {
    const before = process.cpuUsage();
    const output = setInterval(passOn, OUTPUT_MS);
    const report = await interpreter.run(program);
    clearInterval(output);
    passOn();
    const { user, system } = process.cpuUsage(before);
    sendArtifacts(channel, report.artifacts);
    writeFrame(channel, 'report', jsonPayload(toReport(report, (user + system) / 1_000)));
  };
  if (interpreter.rehearse !== undefined) {
    JSON.parse(jsonPayload(toReport(await interpreter.rehearse(), 0)).toString());
    passOn();
  }
  const given = createGivenFiles();
  readFrames(channel, (frame) => {
    const { kind, payload } = frame;
    if (kind === 'program') void run(toInterpreterProgram(JSON.parse(payload.toString()), given.take()));
    else if (kind === 'file' || kind === 'data') given.add(frame);
    else if (kind === 'flush') {
      passOn();
      writeFrame(channel, 'flushed');
    }
  });
  writeFrame(channel, 'ready', jsonPayload({ version: interpreter.version }));
}

/** Ends this process: an orderly exit waits for the isolate's threads, and has been seen to wait for ever. */
const endAtOnce = () => void process.kill(process.pid, 'SIGKILL');

/** Collects the files that come before a program. */
function createGivenFiles() {
  let files: { path: string; pieces: Buffer[] }[] = [];
  return {
    add({ kind, payload }: Frame): void {
      if (kind === 'file') {
        const { path }: { readonly path: unknown } = JSON.parse(payload.toString());
        files.push({ path: String(path), pieces: [] });
      } else files.at(-1)?.pieces.push(payload);
    },
    take(): readonly ProgramFile[] {
      const taken = files.map(({ path, pieces }) => ({ path, data: new Uint8Array(Buffer.concat(pieces)) }));
      files = [];
      return taken;
    },
  };
}

/** Size of a piece of a file. */
const PIECE_BYTES = 256 * 1_024;

function sendArtifacts(channel: Socket, artifacts: readonly ProgramFile[]): void {
  for (const { path, data } of artifacts) {
    const bytes = Buffer.from(data);
    writeFrame(channel, 'file', jsonPayload({ path, size_bytes: bytes.length }));
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      writeFrame(channel, 'data', bytes.subarray(at, at + PIECE_BYTES));
    }
  }
}

function toInterpreterProgram(
  { language, code, stdin, memory_bytes, keep, artifact_limits }: WorkerProgram,
  files: readonly ProgramFile[],
): InterpreterProgram {
  return {
    language,
    code,
    stdin: new Uint8Array(Buffer.from(stdin, 'base64')),
    files,
    memoryBytes: memory_bytes,
    keep,
    artifactLimits: artifact_limits,
  };
}

const toReport = ({ artifacts: _sent, ...report }: InterpreterReport, cpu_ms: number): Report => ({
  ...report,
  cpu_ms,
});
