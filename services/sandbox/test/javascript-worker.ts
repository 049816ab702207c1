import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileSink } from '../src/workers/file-frames.ts';
import { prepareWorkerScripts, scriptPath } from '../src/runtimes/worker-scripts.ts';
import type { WorkerStart } from '../src/workers/conversation.ts';
import { ARTIFACT_LIMITS } from '../src/workers/protocol.ts';
import { type Ending, startWorker, type WorkerProcess } from '../src/workers/worker-process.ts';

const WORKER = fileURLToPath(new URL('../src/runtimes/javascript/worker.ts', import.meta.url));
/** Kept from one run of the tests to the next: named after what is in it. */
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/toolmesh-workers', import.meta.url));
const MIB = 1_024 ** 2;

export interface Program {
  readonly language?: 'javascript' | 'typescript';
  readonly stdin?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly memoryBytes?: number;
}

const opened: WorkerProcess[] = [];

/** A JavaScript worker, with the packages in a directory if any, that keeps what its programs leave. */
export async function openWorker(packages?: string) {
  const script = join(await prepareWorkerScripts(CACHE), scriptPath(WORKER));
  const args = ['--no-warnings', script, ...(packages === undefined ? [] : [packages])];
  return openStarted({ file: process.execPath, args });
}

/** The same for a worker that is started in another way. */
export async function openStarted(start: WorkerStart) {
  const worker = await startWorker(start);
  opened.push(worker);
  return async (code: string, program: Program = {}) => {
    const { language = 'javascript', stdin = '', files = {}, timeoutMs = 5_000, memoryBytes = 512 * MIB } = program;
    const artifacts: Record<string, string> = {};
    const { ending, stdout, stderr } = await worker.run(
      {
        language,
        code,
        stdin: Buffer.from(stdin).toString('base64'),
        memory_bytes: memoryBytes,
        keep: true,
        artifact_limits: ARTIFACT_LIMITS,
      },
      {
        timeoutMs,
        outputBytes: 65_536,
        signal: new AbortController().signal,
        files: Object.entries(files).map(([path, text]) => toSend(path, Buffer.from(text))),
        sink: sinkInto(artifacts),
      },
    );
    return { ...describeEnding(ending), artifacts, stdout: stdout.text, stderr: stderr.text };
  };
}

export const toSend = (path: string, content: Buffer) => ({
  path,
  sizeBytes: content.length,
  isGiven: true,
  read: () => [content],
});

export function sinkInto(artifacts: Record<string, string>): FileSink {
  let path = '';
  return {
    begin: async (header) => {
      path = header.path;
      artifacts[path] = '';
    },
    write: async (piece) => void (artifacts[path] += piece.toString()),
    end: async () => {},
  };
}

function describeEnding(ending: Ending) {
  const report = ending.kind === 'report' ? ending.report : undefined;
  return {
    kind: ending.kind,
    result: report?.result,
    error: report?.error,
    exit_code: report?.exit_code,
  };
}

export async function killWorkers(): Promise<void> {
  const workers = opened.splice(0);
  for (const worker of workers) worker.kill();
  await Promise.all(workers.map(({ gone }) => gone));
}
